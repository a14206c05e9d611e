//! Who calls (altiris-asdk §3, authentication). A server of the platform takes Windows credentials alone. For tests this
//! one also takes its own tokens, as a bearer token or as the password of Basic, whatever the user's name; the quirk
//! `windows-login-only` ends that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http::request::Parts;

use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::asdk::AsdkOptions;
use crate::server::asdk::Quirk;
use crate::server::http::Server;
use crate::server::http::asdk::page;
use crate::server::http::blocking;

use axum::response::Response;

/// Who was let in.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    /// Who.
    pub(super) principal: Principal,
    /// What the answer says in `WWW-Authenticate`, where the scheme ends with a word of the server.
    pub(super) farewell: Option<HeaderValue>,
}

/// Lets a request in by its credentials. Nothing else of it was read before.
///
/// # Errors
/// The whole answer: 401 with the schemes that are taken, or 503 where the store does not answer.
pub(super) async fn authenticate(server: &Server, options: &AsdkOptions, parts: &Parts) -> Result<Admitted, Response> {
    if let Some(principal) = parts.extensions.get::<Principal>() {
        return Ok(Admitted { principal: principal.clone(), farewell: None }); // With a ticket, which was taken before.
    }
    let token = (!options.has(Quirk::WindowsLoginOnly)).then(|| token(parts)).flatten();
    let Some(token) = token else { return Err(challenge(options)) };
    match blocking(|| server.app.authenticate(&token)) {
        Ok(principal) => Ok(Admitted { principal, farewell: None }),
        Err(Refused { code: Code::Unauthenticated, .. }) => Err(challenge(options)),
        Err(_) => Err(page::error(StatusCode::SERVICE_UNAVAILABLE, "The service is unavailable.")),
    }
}

/// The token in the one `Authorization` line of a request.
fn token(parts: &Parts) -> Option<String> {
    let mut sent = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (sent.next()?, sent.next());
    let (scheme, rest) = Some(first).filter(|_| more.is_none())?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let both = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    both.split_once(':').map(|(_, password)| password.to_owned())
}

/// That credentials are needed, and which.
pub(super) fn challenge(options: &AsdkOptions) -> Response {
    let why = "You do not have permission to view this directory or page using the credentials that you supplied.";
    let mut response = page::error(StatusCode::UNAUTHORIZED, why);
    let headers = response.headers_mut();
    for scheme in ["Negotiate", "NTLM"] {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    if !options.has(Quirk::WindowsLoginOnly) {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"consign\""));
    }
    response
}
