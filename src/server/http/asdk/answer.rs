//! One request to this API, from its address to its answer: what IIS filters, who calls, which service, which binding.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::Version;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use url::form_urlencoded;

use crate::server::app::role::Principal;
use crate::server::app::role::Role;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::Asdk;
use crate::server::http::Server;
use crate::server::http::asdk::authenticate::authenticate;
use crate::server::http::asdk::authenticate::challenge;
use crate::server::http::asdk::call::Arg;
use crate::server::http::asdk::call::Call;
use crate::server::http::asdk::fault::Exception;
use crate::server::http::asdk::fault::Fault;
use crate::server::http::asdk::form;
use crate::server::http::asdk::inject::Injected;
use crate::server::http::asdk::inject::What;
use crate::server::http::asdk::page;
use crate::server::http::asdk::services;
use crate::server::http::asdk::soap;
use crate::server::http::asdk::table::Message;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::value::Value;
use crate::server::http::asdk::wsdl;
use crate::server::http::blocking;

/// The longest query string that IIS lets through.
const QUERY_MAX: usize = 2048;

/// What the paths of this API begin with, in lower case.
const ROOT: &str = "altiris";

/// Whether a path is one of this API.
pub(in crate::server::http) fn is_here(path: &str) -> bool {
    path.trim_start_matches('/').split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(ROOT))
}

/// Answers a request.
pub(in crate::server::http) async fn answer(server: &Server, asdk: &Asdk, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let injected = parts.extensions.get::<Injected>().cloned();
    let mut response = match respond(server, asdk, &parts, body, injected.as_ref()).await {
        Ok(response) | Err(response) => response,
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=0"));
    tracing::debug!(method = %parts.method, path = parts.uri.path(), status = response.status().as_u16(), "answered");
    response
}

/// Where a path leads.
enum Place {
    /// A service, and the name of a method below it.
    Service(&'static Service, Option<String>),
    /// The page that shows an item as XML.
    ItemAsXml,
}

async fn respond(
    server: &Server,
    asdk: &Asdk,
    parts: &Parts,
    body: Body,
    injected: Option<&Injected>,
) -> Result<Response, Response> {
    let options = &asdk.options;
    filter(parts).map_err(|refused| *refused)?;
    if injected.is_some_and(|fault| fault.what == What::SessionLost) {
        return Err(challenge(options));
    }
    let admitted = authenticate(server, options, parts).await?;
    let nothing = || page::error(StatusCode::NOT_FOUND, "The resource cannot be found.");
    let place = place(parts.uri.path()).ok_or_else(nothing)?;
    let mut response = match place {
        Place::ItemAsXml => services::item::as_xml_page(server, &query(parts)),
        Place::Service(service, method) => {
            let missing = service.area.missing().is_some_and(|quirk| options.has(quirk));
            if missing && !options.has(Quirk::MissingAsFault) {
                return Err(nothing());
            }
            let asked = Asked { server, asdk, parts, principal: &admitted.principal, service, missing, injected };
            match (method, &parts.method) {
                (Some(method), _) => asked.form(&method, body).await?,
                (None, &Method::POST) => asked.soap(body).await?,
                (None, _) => asked.describe(),
            }
        }
    };
    if let Some(farewell) = admitted.farewell {
        response.headers_mut().append(header::WWW_AUTHENTICATE, farewell);
    }
    Ok(response)
}

/// What IIS refuses before anybody looks: other verbs, long query strings, a POST that does not say how long it is.
fn filter(parts: &Parts) -> Result<(), Box<Response>> {
    if ![Method::GET, Method::POST, Method::HEAD].contains(&parts.method) {
        return Err(Box::new(page::error(StatusCode::NOT_FOUND, "HTTP Error 404.6 - Not Found: the verb is denied.")));
    }
    if parts.uri.query().is_some_and(|query| query.len() > QUERY_MAX) {
        return Err(Box::new(page::error(
            StatusCode::NOT_FOUND,
            "HTTP Error 404.15 - Not Found: the query string is too long.",
        )));
    }
    let is_old = [Version::HTTP_10, Version::HTTP_11].contains(&parts.version);
    let says_length =
        parts.headers.contains_key(header::CONTENT_LENGTH) || parts.headers.contains_key(header::TRANSFER_ENCODING);
    if parts.method == Method::POST && is_old && !says_length {
        return Err(Box::new(page::error(
            StatusCode::LENGTH_REQUIRED,
            "HTTP Error 411. The request must have a content length.",
        )));
    }
    Ok(())
}

/// Where a path leads; directories and files without regard to case.
fn place(path: &str) -> Option<Place> {
    let decoded = percent_decoded(path)?;
    let mut parts = decoded.split('/').filter(|part| !part.is_empty()).skip(1);
    let (directory, file) = (parts.next()?, parts.next()?);
    if directory.eq_ignore_ascii_case("NS") && file.eq_ignore_ascii_case("ItemAsXml.aspx") {
        return Some(Place::ItemAsXml);
    }
    let cut = file.len().checked_sub(5).filter(|at| file.is_char_boundary(*at))?;
    let (name, extension) = file.split_at(cut);
    let service = services::find(directory, name).filter(|_| extension.eq_ignore_ascii_case(".asmx"))?;
    let rest: Vec<&str> = parts.collect();
    Some(Place::Service(service, (!rest.is_empty()).then(|| rest.join("/"))))
}

/// A path with its percent signs read; a plus stays one.
fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The parameters of a query, names in lower case; the last of a name counts.
fn query(parts: &Parts) -> BTreeMap<String, String> {
    let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    pairs.map(|(name, value)| (name.to_lowercase(), value.into_owned())).collect()
}

/// A request to a service by somebody who was let in.
struct Asked<'a> {
    server: &'a Server,
    asdk: &'a Asdk,
    parts: &'a Parts,
    principal: &'a Principal,
    service: &'static Service,
    missing: bool,
    injected: Option<&'a Injected>,
}

impl Asked<'_> {
    fn options(&self) -> &AsdkOptions {
        &self.asdk.options
    }

    /// The pages of a service: its description, the test page of a method, the list.
    fn describe(&self) -> Response {
        let query = query(self.parts);
        let bare = self.parts.uri.query().unwrap_or_default();
        if bare.eq_ignore_ascii_case("wsdl") || query.contains_key("wsdl") {
            let text = wsdl::describe(self.service, self.options(), &self.address());
            return ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], text).into_response();
        }
        match query.get("op") {
            Some(name) => page::operation(self.service, name, self.options()),
            None => page::service(self.service, self.options()),
        }
    }

    /// Where the client found the service.
    fn address(&self) -> String {
        let scheme = if self.asdk.https { "https" } else { "http" };
        let named = self.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host =
            named.or_else(|| self.parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or("localhost");
        let directory = self.service.area.directory();
        format!("{scheme}://{host}/Altiris/{directory}/{}.asmx", self.service.name)
    }

    fn content_type(&self) -> &str {
        self.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A call over SOAP.
    async fn soap(&self, body: Body) -> Result<Response, Response> {
        let options = self.options();
        if !form::base_of(self.content_type()).eq_ignore_ascii_case("text/xml") {
            return Err(page::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Request format is unrecognized."));
        }
        let bytes = self.body(body).await?;
        let message = match soap::message(self.service, options, &self.parts.headers) {
            Ok(message) => message,
            Err(misread) => return Ok(soap::misread(&misread)),
        };
        match soap::arguments(message, self.service.namespace(options), &bytes) {
            Ok(args) => {
                let given = self.invoke(message, args).map_err(|refused| *refused)?;
                Ok(soap::told(self.service, options, message, given))
            }
            Err(misread) => Ok(soap::misread(&misread)),
        }
    }

    /// A call over HTTP POST or GET.
    async fn form(&self, method: &str, body: Body) -> Result<Response, Response> {
        let options = self.options();
        if !self.service.area.has_http(options) {
            let why = format!("Request format is unrecognized for URL unexpectedly ending in '/{method}'.");
            return Err(page::error(StatusCode::INTERNAL_SERVER_ERROR, &why));
        }
        let refused = |why: String| form::refused(options, Exception::Soap, &why);
        let message = form::message(self.service, options, method).map_err(refused)?;
        let sent = if self.parts.method == Method::POST {
            let bytes = self.body(body).await?; // Read to its end, also where nobody looks at it.
            if message.method.params.is_empty() {
                Bytes::new()
            } else if form::is_form(self.content_type()) {
                bytes
            } else {
                return Err(refused(form::invalid_format(self.content_type())));
            }
        } else {
            Bytes::copy_from_slice(self.parts.uri.query().unwrap_or_default().as_bytes())
        };
        if options.has(Quirk::FormsValidated)
            && let Some(name) = form::dangerous(&sent)
        {
            let why = format!("A potentially dangerous Request.Form value was detected from the client ({name}).");
            return Err(page::error(StatusCode::INTERNAL_SERVER_ERROR, &why));
        }
        let args = form::arguments(message, options, &sent).map_err(refused)?;
        let given = self.invoke(message, args).map_err(|refused| *refused)?;
        Ok(form::told(self.service, options, message, given))
    }

    /// Carries out a call, unless the version, the role or a fault on purpose is against it.
    fn invoke(
        &self,
        message: Message,
        args: BTreeMap<&'static str, Arg>,
    ) -> Result<Result<Value, Fault>, Box<Response>> {
        match self.injected {
            Some(fault) if !fault.after => {
                self.instead_of_an_answer(fault)?;
                if let Some(instead) = fault.instead(message.method.result) {
                    return Ok(instead);
                }
            }
            _ => {}
        }
        let given = self.carry_out(message, args);
        let Some(fault) = self.injected else { return Ok(given) };
        self.instead_of_an_answer(fault)?;
        Ok(fault.spoil(given))
    }

    fn instead_of_an_answer(&self, fault: &Injected) -> Result<(), Box<Response>> {
        match fault.what {
            What::PlainText => Err(Box::new(form::plain("Object reference not set to an instance of an object."))),
            What::LoginPage => Err(Box::new(page::login())),
            _ => Ok(()),
        }
    }

    fn carry_out(&self, message: Message, args: BTreeMap<&'static str, Arg>) -> Result<Value, Fault> {
        if self.missing {
            let why = format!("The product of {} is not installed.", self.service.name);
            return Err(Fault::new(Exception::NoProductExists, why));
        }
        if self.principal.role < message.method.needs {
            let needs = match message.method.needs {
                Role::Reader => "read",
                Role::Applier => "write",
                Role::Administrator => "administer",
            };
            let why = format!("The current user does not have required permission '{needs}'.");
            return Err(Fault::new(Exception::InsufficientPermission, why));
        }
        let (app, limits) = (&self.server.app, self.server.limits.as_ref());
        let call = Call::new(app, limits, self.options(), self.principal, message, args);
        // The store is never left half-written by a panic, see `Store::write`.
        blocking(|| catch_unwind(AssertUnwindSafe(|| (message.method.handler)(&call)))).unwrap_or_else(|_| {
            tracing::error!(method = message.name, "a handler panicked");
            Err(Fault::new(Exception::Internal, "The server failed; its log says why."))
        })
    }

    /// The body, bounded in size and time.
    async fn body(&self, body: Body) -> Result<Bytes, Response> {
        let (most, time): (usize, Duration) = (self.server.limits.body_bytes, self.server.limits.body_time);
        let closing = |status, why| {
            let mut response = page::error(status, why);
            // What was not read is still on its way, so nothing else can be read after it.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        };
        match tokio::time::timeout(time, Limited::new(body, most).collect()).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Err(closing(StatusCode::PAYLOAD_TOO_LARGE, "Maximum request length exceeded."))
            }
            Ok(Err(_)) => Err(closing(StatusCode::BAD_REQUEST, "The request was cut off.")),
            Err(_) => Err(closing(StatusCode::REQUEST_TIMEOUT, "The request took too long to come.")),
        }
    }
}
