//! What no method changes: by export, an edit of the one place where the old value stands, and import; only where a probe
//! has shown that this changes the same item and nothing else of it (altiris-asdk §7).

use crate::adapter::AdapterError;
use crate::adapter::altiris::edit::replace_one;
use crate::adapter::altiris::wire::xml;
use crate::model::guid::Guid;
use crate::sys::http::asdk::Reading;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::work::Work;

/// Changes a field from one text to another.
pub async fn change(work: &Work<'_>, guid: Guid, field: &str, (from, to): (&str, &str)) -> Result<(), AdapterError> {
    let refused =
        |why: &str| work.refused("import", &format!("`{field}` cannot be changed by export and import: {why}"));
    if from.trim().is_empty() {
        return Err(refused("its old value is empty, which stands nowhere in an export"));
    }
    let before = export(work, guid).await?;
    let Some(edited) = replace_one(&before, from.trim(), to) else {
        return Err(refused("its old value does not stand in the export exactly once"));
    };
    work.send(Service::Item, "ImportItemXmlString", &[("xml", Value::from(edited.as_str()))]).await?;
    // A void answer says nothing: what became of it is what an export shows.
    let after = export(work, guid).await?;
    match (xml::text(&after), xml::text(&edited)) {
        (Ok(after), Ok(edited)) if after == edited => Ok(()),
        _ => Err(refused("what the server has after the import is not what was imported")),
    }
}

async fn export(work: &Work<'_>, guid: Guid) -> Result<String, AdapterError> {
    let params = [("itemGuid", guid.into())];
    let reply = work.session.reading().ask(Reading::ExportItemXmlString, &params).await?;
    Ok(reply.text().unwrap_or_default().to_owned())
}
