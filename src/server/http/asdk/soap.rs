//! SOAP 1.1, document/literal wrapped, as ASP.NET reads and writes it (altiris-asdk §2).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use http::header;

use crate::model::guid::Guid;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::asdk::call::Arg;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::render;
use crate::server::http::asdk::table::Message;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::value::Ty;
use crate::server::http::asdk::value::Value;
use crate::server::http::asdk::xml;
use crate::server::http::asdk::xml::Element;

/// The namespace of the envelope.
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const XML: &str = "text/xml; charset=utf-8";
const INTO_STRING: &str = "a string takes every write";

/// What SOAP itself refuses: whose mistake it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misread {
    code: &'static str,
    why: String,
}

impl Misread {
    fn client(why: impl Into<String>) -> Self {
        Self { code: "soap:Client", why: why.into() }
    }
}

/// The message that a request calls: the `SOAPAction` decides, with or without quotes.
pub(super) fn message(
    service: &'static Service,
    options: &AsdkOptions,
    headers: &HeaderMap,
) -> Result<Message, Misread> {
    let sent = headers.get("soapaction").and_then(|value| value.to_str().ok());
    let Some(action) = sent.map(str::trim) else {
        let why = "Unable to handle request without a valid action parameter. Please supply a valid soap action.";
        return Err(Misread::client(why));
    };
    let bare = action.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(action);
    let name = bare.strip_prefix(service.namespace(options)).and_then(|rest| rest.strip_prefix('/'));
    name.and_then(|name| service.message(options, name)).ok_or_else(|| {
        Misread::client(format!("Server did not recognize the value of HTTP Header SOAPAction: {bare}."))
    })
}

/// The arguments of a request. Elements that no parameter has are passed over, and what is not there is null or, of a
/// value type, what .NET starts it with.
pub(super) fn arguments(
    message: Message,
    namespace: &str,
    body: &[u8],
) -> Result<BTreeMap<&'static str, Arg>, Misread> {
    let text = std::str::from_utf8(body).map_err(|_| unreadable(1, 1, "Invalid character in the given encoding."))?;
    let root = xml::parse(text).map_err(|error| unreadable(error.line, error.column, &error.why))?;
    if root.name != "Envelope" {
        return Err(unreadable(1, 2, &format!("<{}> was not expected: a SOAP envelope is.", root.name)));
    }
    if root.namespace != ENVELOPE {
        let why = format!(
            "Possible SOAP version mismatch: Envelope namespace {} was unexpected. Expecting {ENVELOPE}.",
            root.namespace
        );
        return Err(Misread { code: "soap:VersionMismatch", why });
    }
    if let Some(not_understood) = demanding_header(&root) {
        let why = format!("SOAP header {not_understood} was not understood.");
        return Err(Misread { code: "soap:MustUnderstand", why });
    }
    let Some(body) = root.child(ENVELOPE, "Body") else {
        return Err(unreadable(1, 2, "The envelope has no body."));
    };
    let call = body.child(namespace, message.name);
    let mut args = BTreeMap::new();
    for param in message.method.params {
        let sent = call.and_then(|call| call.child(namespace, param.name));
        args.insert(param.name, argument(message.ty(param), sent, namespace)?);
    }
    Ok(args)
}

fn demanding_header(root: &Element) -> Option<&str> {
    let header = root.child(ENVELOPE, "Header")?;
    let demands = |one: &&Element| one.attribute(ENVELOPE, "mustUnderstand").is_some_and(|must| must.trim() == "1");
    header.children.iter().find(demands).map(|one| one.name.as_str())
}

fn unreadable(line: u32, column: u32, why: &str) -> Misread {
    Misread::client(format!(
        "Server was unable to read request. ---> There is an error in XML document ({line}, {column}). ---> {why}"
    ))
}

fn argument(ty: Ty, sent: Option<&Element>, namespace: &str) -> Result<Arg, Misread> {
    let sent = sent.filter(|element| !element.nil);
    let list = |name: &str| sent.map(|list| list.children.iter().filter(|one| is(one, namespace, name)).collect());
    let list = |name: &str| -> Option<Vec<&Element>> { list(name) };
    Ok(match ty {
        Ty::Guids => match list("guid") {
            Some(all) => Arg::Guids(all.into_iter().map(|one| guid(scalar(one)?)).collect::<Result<_, _>>()?),
            None => Arg::Null,
        },
        Ty::Texts => match list("string") {
            Some(all) => Arg::Texts(all.into_iter().map(|one| Ok(scalar(one)?.to_owned())).collect::<Result<_, _>>()?),
            None => Arg::Null,
        },
        Ty::Guid => Arg::Guid(sent.map_or(Ok(Guid::of(0)), |one| guid(scalar(one)?))?),
        Ty::Bool => Arg::Bool(sent.map_or(Ok(false), |one| truth(scalar(one)?))?),
        Ty::Int => Arg::Int(sent.map_or(Ok(0), |one| number(scalar(one)?))?),
        _ => match sent {
            Some(one) => Arg::Text(scalar(one)?.to_owned()),
            None => Arg::Null,
        },
    })
}

fn is(element: &Element, namespace: &str, name: &str) -> bool {
    element.namespace == namespace && element.name == name
}

/// The text of an element that holds nothing else.
fn scalar(element: &Element) -> Result<&str, Misread> {
    match element.children.first() {
        None => Ok(&element.text),
        Some(child) => Err(unreadable(1, 1, &format!("Unexpected node type Element: <{}>.", child.name))),
    }
}

fn guid(text: &str) -> Result<Guid, Misread> {
    let wrong = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).";
    text.trim().parse().map_err(|_| unreadable(1, 1, wrong))
}

fn truth(text: &str) -> Result<bool, Misread> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(unreadable(1, 1, &format!("The string '{other}' is not a valid Boolean value."))),
    }
}

fn number(text: &str) -> Result<i32, Misread> {
    text.trim().parse().map_err(|_| unreadable(1, 1, "Input string was not in a correct format."))
}

/// The answer to a call.
pub(super) fn told(
    service: &Service,
    options: &AsdkOptions,
    message: Message,
    given: Result<Value, Fault>,
) -> Response {
    let fault = match given {
        Ok(value) => match result(service, options, message, &value) {
            Ok(body) => return envelope(StatusCode::OK, &body),
            Err(error) => Fault::new(Exception::Internal, error.to_string()),
        },
        Err(fault) => fault,
    };
    envelope(StatusCode::INTERNAL_SERVER_ERROR, &fault_body(service, &fault, options))
}

/// The answer to a request that calls nothing.
pub(super) fn misread(misread: &Misread) -> Response {
    let body = format!(
        "<soap:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring><detail /></soap:Fault>",
        misread.code,
        xml::text(&misread.why)
    );
    envelope(StatusCode::INTERNAL_SERVER_ERROR, &body)
}

fn result(
    service: &Service,
    options: &AsdkOptions,
    message: Message,
    value: &Value,
) -> Result<String, render::OfAnotherType> {
    let (name, namespace) = (message.name, xml::attribute(service.namespace(options)));
    if matches!(message.method.result, Ty::Void) {
        return Ok(format!("<{name}Response xmlns=\"{namespace}\" />"));
    }
    let mut out = format!("<{name}Response xmlns=\"{namespace}\">");
    render::write_element(&mut out, &format!("{name}Result"), message.method.result, value, options)?;
    write!(out, "</{name}Response>").expect(INTO_STRING);
    Ok(out)
}

/// A fault. The names around the details are not known (altiris-asdk §2); a client looks for the three at any depth.
fn fault_body(service: &Service, fault: &Fault, options: &AsdkOptions) -> String {
    let message = xml::text(&fault.message);
    if options.has(Quirk::PlainFaults) {
        return format!(
            "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>Server was unable to process request. ---&gt; \
             {message}</faultstring><detail /></soap:Fault>"
        );
    }
    let kind = type_name(fault.exception, options);
    let told =
        format!("<exceptionType>{kind}</exceptionType><stackTrace>   at Altiris.ASDK</stackTrace><innerException />");
    let detail = if options.has(Quirk::FaultDetailFlat) {
        format!("<detail xmlns=\"{}\">{told}</detail>", xml::attribute(service.namespace(options)))
    } else {
        format!("<detail><exceptionDetails xmlns=\"\">{told}</exceptionDetails></detail>")
    };
    format!("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{message}</faultstring>{detail}</soap:Fault>")
}

/// The name of an exception's type, as this server tells it.
pub(super) fn type_name(exception: Exception, options: &AsdkOptions) -> String {
    let name = exception.name();
    if options.has(Quirk::ExceptionLongNames) && !name.contains('.') {
        return format!("Altiris.ASDK.Common.{name}");
    }
    name.to_owned()
}

fn envelope(status: StatusCode, body: &str) -> Response {
    let text = format!(
        "{}<soap:Envelope xmlns:soap=\"{ENVELOPE}\" {}><soap:Body>{body}</soap:Body></soap:Envelope>",
        render::DECLARATION,
        render::NAMESPACES
    );
    (status, [(header::CONTENT_TYPE, XML)], text).into_response()
}
