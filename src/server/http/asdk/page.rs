//! Pages of HTML: errors of the web server, and the pages on which a service describes and tries itself.

use std::fmt::Write as _;

use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header;

use crate::server::asdk::AsdkOptions;
use crate::server::http::asdk::render;
use crate::server::http::asdk::table::Message;
use crate::server::http::asdk::table::Service;
use crate::server::http::asdk::xml;

const HTML: &str = "text/html; charset=utf-8";
const INTO_STRING: &str = "a string takes every write";

/// A page.
pub(super) fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let title = xml::text(title);
    let body = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{content}</body></html>\n");
    (status, [(header::CONTENT_TYPE, HTML)], body).into_response()
}

/// An error of the web server.
pub(super) fn error(status: StatusCode, why: &str) -> Response {
    page(status, why, &format!("<h1>Server Error</h1><h2>{}</h2>", xml::text(why)))
}

/// The page that a proxy shows to whom it does not know; a fault on purpose.
pub(super) fn login() -> Response {
    page(StatusCode::OK, "Sign in", "<h1>Sign in</h1><form><input name=\"user\"><input name=\"password\"></form>")
}

/// What a service offers.
pub(super) fn service(service: &'static Service, options: &AsdkOptions) -> Response {
    let mut content = format!("<h1>{}</h1><p><a href=\"?WSDL\">Service Description</a></p><ul>", service.name);
    for message in service.messages(options) {
        write!(content, "<li><a href=\"?op={0}\">{0}</a></li>", message.name).expect(INTO_STRING);
    }
    content.push_str("</ul>");
    page(StatusCode::OK, &format!("{} Web Service", service.name), &content)
}

/// One method of a service, with a form to try it where a form can hold its parameters.
pub(super) fn operation(service: &'static Service, name: &str, options: &AsdkOptions) -> Response {
    let Some(message) = service.message(options, name) else {
        let content = format!("<h1>{}</h1><p>Method '{}' was not found in service.</p>", service.name, xml::text(name));
        return page(StatusCode::OK, &format!("{} Web Service", service.name), &content);
    };
    let mut content = format!("<h1>{}</h1><h2>{}</h2>", service.name, message.name);
    if service.area.has_http(options) && message.fits_a_form() {
        content.push_str(&form(service, message));
    } else {
        content.push_str("<p>No test form is available for this method: call it over SOAP.</p>");
    }
    let action = xml::text(&format!("{}/{}", service.namespace(options), message.name));
    write!(content, "<h3>SOAP 1.1</h3><pre>SOAPAction: \"{action}\"</pre>").expect(INTO_STRING);
    page(StatusCode::OK, &format!("{} Web Service", service.name), &content)
}

fn form(service: &Service, message: Message) -> String {
    let mut out = format!("<form method=\"post\" action=\"{}.asmx/{}\">", service.name, message.name);
    for param in message.method.params {
        let ty = render::root_name(message.ty(param));
        write!(out, "<p><label>{0} ({ty}) <input name=\"{0}\"></label></p>", param.name).expect(INTO_STRING);
    }
    out.push_str("<button>Invoke</button></form>");
    out
}
