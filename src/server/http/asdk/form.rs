//! HTTP POST of a form and HTTP GET, as ASP.NET binds and answers them (altiris-asdk §3).

use std::collections::BTreeMap;

use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header;

use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Arg;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::render;
use crate::server::http::asdk::soap::type_name;
use crate::server::http::asdk::table::Message;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;

/// The content type of a form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The message of a name, among those whose parameters a form can hold.
pub(super) fn message(service: &'static Service, options: &AsdkOptions, name: &str) -> Result<Message, String> {
    let offered = || service.messages(options).filter(Message::fits_a_form);
    if let Some(message) = offered().find(|message| message.name == name) {
        return Ok(message);
    }
    Err(match offered().find(|message| message.name.eq_ignore_ascii_case(name)) {
        Some(other) => format!(
            "Invalid method name '{name}',  method names are case sensitive.   The method name '{}' with the same name \
             but different casing was found.",
            other.name
        ),
        None => format!("{name} Web Service method name is not valid."),
    })
}

/// The arguments in a form: names without regard to case; what stands twice is joined with a comma, but for a list.
pub(super) fn arguments(
    message: Message,
    options: &AsdkOptions,
    form: &[u8],
) -> Result<BTreeMap<&'static str, Arg>, String> {
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(form) {
        sent.entry(name.to_lowercase()).or_default().push(value.into_owned());
    }
    let mut args = BTreeMap::new();
    for param in message.method.params {
        let Some(values) = sent.get(&param.name.to_lowercase()) else {
            return Err(format!("Missing parameter: {}.", param.name));
        };
        args.insert(param.name, argument(message.ty(param), values, options)?);
    }
    Ok(args)
}

fn argument(ty: Ty, values: &[String], options: &AsdkOptions) -> Result<Arg, String> {
    let value = values.join(",");
    Ok(match ty {
        Ty::Texts => Arg::Texts(values.to_vec()),
        Ty::Bool => Arg::Bool(truth(&value)?),
        Ty::Int => Arg::Int(number(&value)?),
        _ if value.is_empty() && options.has(Quirk::EmptyIsNull) => Arg::Null,
        _ => Arg::Text(value),
    })
}

fn truth(text: &str) -> Result<bool, String> {
    match text.trim() {
        word if word.eq_ignore_ascii_case("true") => Ok(true),
        word if word.eq_ignore_ascii_case("false") => Ok(false),
        _ => {
            Err(format!("Cannot convert {text} to System.Boolean. ---> String was not recognized as a valid Boolean."))
        }
    }
}

fn number(text: &str) -> Result<i32, String> {
    let wrong = |_| format!("Cannot convert {text} to System.Int32. ---> Input string was not in a correct format.");
    text.trim().parse().map_err(wrong)
}

/// The name of a value with markup, which ASP.NET refuses where it validates requests: a `<` before a letter, `!`, `/` or
/// `?`, and `&#`.
pub(super) fn dangerous(form: &[u8]) -> Option<String> {
    let is = |value: &str| {
        let opens = |(at, _): (usize, &str)| {
            value[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || "!/?".contains(next))
        };
        value.contains("&#") || value.match_indices('<').any(opens)
    };
    url::form_urlencoded::parse(form).find(|(_, value)| is(value)).map(|(name, _)| name.into_owned())
}

/// The answer to a call.
pub(super) fn told(
    service: &Service,
    options: &AsdkOptions,
    message: Message,
    given: Result<Value, Fault>,
) -> Response {
    let value = match given {
        Ok(value) => value,
        Err(fault) => return refused(options, fault.exception, &fault.message),
    };
    if matches!(message.method.result, Ty::Void) {
        return StatusCode::OK.into_response();
    }
    match render::document(message.method.result, &value, service.namespace(options), options) {
        Ok(text) => (StatusCode::OK, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], text).into_response(),
        Err(error) => refused(options, Exception::Internal, &error.to_string()),
    }
}

/// An error: its message in plain text, escaped as if it were HTML, its type lost unless `customErrors` is off.
pub(super) fn refused(options: &AsdkOptions, exception: Exception, why: &str) -> Response {
    let text = if options.has(Quirk::CustomErrorsOff) {
        let kind = match exception {
            Exception::Soap => "System.InvalidOperationException".to_owned(),
            other => type_name(other, options),
        };
        format!("{kind}: {why}\r\n   at System.Web.Services.Protocols.HttpServerProtocol.Invoke()")
    } else {
        why.to_owned()
    };
    plain(&text)
}

/// 500 with a plain text.
pub(super) fn plain(text: &str) -> Response {
    let body = format!("{}\r\n", html_escaped(text));
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

/// As `HttpUtility.HtmlEncode` has it.
fn html_escaped(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Whether a content type is that of a form.
pub(super) fn is_form(content_type: &str) -> bool {
    base_of(content_type).eq_ignore_ascii_case(FORM)
}

/// A content type without its parameters.
pub(super) fn base_of(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// A content type that is no form's, as ASP.NET refuses it.
pub(super) fn invalid_format(content_type: &str) -> String {
    format!("Request format is invalid: {content_type}.")
}
