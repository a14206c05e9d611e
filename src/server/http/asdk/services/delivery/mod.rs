//! The services of software delivery: packages, programs, tasks, policies, the portal, jobs, patch, reports.

use crate::model::guid::Guid;
use crate::server::app::asdk::details::Fields;
use crate::server::app::asdk::details::Shown;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::value::Class;
use crate::server::http::asdk::value::Record;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

pub mod advertisement;
pub mod catalogue;
pub mod package;
pub mod patch;
pub mod policy;
pub mod portal;
pub mod program;
pub mod report;
pub mod software_tasks;
pub mod task;

#[cfg(test)]
mod tests;

/// Every one of them.
pub(super) const SERVICES: &[&Service] = &[
    &package::SERVICE,
    &program::SERVICE,
    &advertisement::SERVICE,
    &report::SERVICE,
    &policy::SERVICE,
    &portal::SERVICE,
    &software_tasks::SERVICE,
    &catalogue::COMPONENT,
    &catalogue::PACKAGE,
    &catalogue::COMMAND_LINE,
    &task::SERVICE,
    &patch::SERVICE,
];

/// A record of fields. A field that the class has not is passed over: tables of reports have more.
fn record(class: &'static Class, fields: Fields) -> Record {
    let mut record = Record::new(class);
    for (name, shown) in fields {
        let Some(field) = class.fields.iter().find(|field| field.name == name) else { continue };
        let value = match (shown, field.ty) {
            (Shown::Text(text), _) => Value::Text(text),
            (Shown::Guid(Some(guid)), Ty::Guid) => Value::Guid(guid),
            (Shown::Guid(Some(guid)), _) => Value::Text(guid.to_string()),
            (Shown::Guid(None), _) => Value::Null,
            (Shown::List(list), _) => Value::Text(list.join(",")),
            (Shown::Int(number), _) => Value::Int(i32::try_from(number).unwrap_or(i32::MAX)),
            (Shown::Bool(truth), _) => Value::Bool(truth),
        };
        record = record.with(name, value);
    }
    record
}

/// What a setter gives: `true`, or `false` with the reason in the log alone where the server would not do it (altiris-asdk
/// §0.5). What cannot be read or found is a fault.
fn done(call: &Call<'_>, result: Result<(), Fault>) -> Result<Value, Fault> {
    match result {
        Ok(()) => Ok(Value::Bool(true)),
        Err(fault) if fault.exception == Exception::Asdk => {
            tracing::warn!(message = call.message.name, why = %fault.message, "not done");
            Ok(Value::Bool(false))
        }
        Err(fault) => Err(fault),
    }
}

/// A text that may be left out.
fn optional<'a>(call: &'a Call<'_>, name: &str) -> &'a str {
    call.text_or_null(name).unwrap_or_default()
}

/// A text that is neither null nor empty (altiris-asdk §4.11: an empty name is an invalid parameter).
fn some_text<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a str, Fault> {
    let text = call.text(name)?;
    if text.trim().is_empty() { Err(wrong(name, text, "a name")) } else { Ok(text) }
}

/// A GUID that is not the empty one (altiris-asdk §4.11).
fn some_guid(call: &Call<'_>, name: &str) -> Result<Guid, Fault> {
    let guid = call.guid(name)?;
    if guid.bits() == 0 { Err(wrong(name, &guid.to_string(), "the GUID of an item")) } else { Ok(guid) }
}

/// A truth value that comes as a text.
fn truth_text(call: &Call<'_>, name: &str) -> Result<bool, Fault> {
    match call.text(name)?.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(wrong(name, other, "`true` or `false`")),
    }
}

/// A whole number that comes as a text; 0 for an empty one.
fn number_text(call: &Call<'_>, name: &str) -> Result<u64, Fault> {
    match optional(call, name).trim() {
        "" => Ok(0),
        text => text.parse().map_err(|_| wrong(name, text, "a whole number")),
    }
}

/// A whole number that is not negative.
fn count(call: &Call<'_>, name: &str) -> Result<u64, Fault> {
    let number = call.number(name);
    u64::try_from(number).map_err(|_| wrong(name, &number.to_string(), "a number that is not negative"))
}

/// One of a few texts, by the place that it has among them.
fn one_of(call: &Call<'_>, name: &str, texts: &[&str]) -> Result<usize, Fault> {
    let text = call.text(name)?;
    texts.iter().position(|one| *one == text).ok_or_else(|| wrong(name, text, &format!("one of {}", texts.join(", "))))
}

/// `add` or `remove`, in any case; true for the first.
fn adds(call: &Call<'_>, name: &str) -> Result<bool, Fault> {
    match call.text(name)?.to_ascii_lowercase().as_str() {
        "add" => Ok(true),
        "remove" => Ok(false),
        other => Err(wrong(name, other, "`add` or `remove`")),
    }
}

fn wrong(name: &str, text: &str, wanted: &str) -> Fault {
    Fault::invalid_parameter(format!("The value of the parameter {name} is not valid: '{text}' is not {wanted}."))
}
