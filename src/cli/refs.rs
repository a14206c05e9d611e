//! `consign refs`

use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::ReadAdapter;
use crate::adapter::Reference;
use crate::cli::args::Format;
use crate::cli::args::RefsArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::plan::observe;
use crate::diag::visible;
use crate::diff::base_name;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;

/// Runs it.
pub fn run(context: &Context, args: &RefsArgs) -> Outcome {
    let opened = context.open()?;
    let (_, config) = opened.server(args.server.server.as_deref())?;
    let reader = connect_to_read(&opened.root, &config)?;
    let (name, guid, references) = block_on(async {
        let observed = observe(&reader).await?;
        let (name, guid) = find(&observed, &args.item)?;
        let references = with_sequences(&reader, reader.references(guid).await?).await?;
        Ok((name, guid, references))
    })?;
    match args.format {
        Format::Json => {
            let value = json!({ "format_version": "1.0", "item": name, "guid": guid, "references": references });
            context.out_json(&format!("{value:#}\n"))?;
        }
        Format::Text => context.out(&text(&name, guid, &references))?,
    }
    Ok(exit::OK)
}

/// A sequential task uses packages through its hidden step tasks (SEQ-4): those who look for users mean the sequence.
async fn with_sequences(
    reader: &dyn ReadAdapter,
    mut references: Vec<Reference>,
) -> Result<Vec<Reference>, AdapterError> {
    let hidden: Vec<Guid> =
        references.iter().filter(|one| !one.outgoing && one.kind == "StepTask").map(|one| one.guid).collect();
    for guid in hidden {
        for user in reader.references(guid).await? {
            let is_new = !references.iter().any(|one| one.guid == user.guid && !one.outgoing);
            if !user.outgoing && user.kind == Kind::SequentialTask.name() && is_new {
                references.push(user);
            }
        }
    }
    Ok(references)
}

fn text(name: &str, guid: Guid, references: &[Reference]) -> String {
    let mut out = format!("{}  {guid}\n", visible(name));
    for (outgoing, title) in [(true, "refers to"), (false, "referred to by")] {
        let list: Vec<&Reference> = references.iter().filter(|reference| reference.outgoing == outgoing).collect();
        let none = if list.is_empty() { "  nothing" } else { "" };
        out.push_str(&format!("\n{title}:{none}\n"));
        for reference in list {
            let (kind, name, hint) = (visible(&reference.kind), visible(&reference.name), visible(&reference.hint));
            out.push_str(&format!("  {kind} `{name}`  {}  ({hint})\n", reference.guid));
        }
    }
    out
}

/// The live item that an address or a GUID means.
fn find(observed: &Observed, text: &str) -> Result<(String, Guid), Failure> {
    if let Ok(guid) = text.parse::<Guid>() {
        let found = observed.items.iter().find(|item| item.guid == guid);
        return Ok((found.map_or_else(|| text.to_owned(), |item| item.item.key.to_string()), guid));
    }
    let Some(key) = ItemKey::parse(text) else {
        return Err(Failure::new(exit::USAGE, format!("`{}` is no address and no GUID", visible(text)))
            .help("an address is a kind and a name, such as package/7-Zip or program/7-Zip/Install"));
    };
    let found: Vec<_> = observed
        .items
        .iter()
        .filter(|item| item.item.key.kind == key.kind && item.item.key.package == key.package)
        .filter(|item| base_name(item) == key.name || item.item.key.name == key.name)
        .collect();
    match found[..] {
        [one] => Ok((one.item.key.to_string(), one.guid)),
        [] => {
            let names: Vec<String> = observed.items.iter().map(|item| item.item.key.to_string()).collect();
            let failure = Failure::new(exit::ERROR, format!("the server has no `{}`", visible(text)));
            Err(match crate::diag::nearest(text, names.iter().map(String::as_str)) {
                Some(near) => failure.help(format!("did you mean `{}`?", visible(near))),
                None => failure,
            })
        }
        _ => {
            let list = found.iter().map(|item| item.guid.to_string()).collect::<Vec<_>>().join(", ");
            Err(Failure::new(exit::ERROR, format!("the server has {} of that name: {list}", found.len()))
                .help("give the GUID"))
        }
    }
}
