//! How the server is asked over HTTP. Only what every API shares stands here: the order in which a request is looked
//! at, and how a refusal is told.
//!
//! First the token, before anything else of the request is read; then the role, against the table of routes; then the
//! body, bounded in size and time; then the operation, which is synchronous. A panic in it is an answer, 500.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::RawPathParams;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;
use bytes::Bytes;
use http::Extensions;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use tokio::runtime::Handle;
use tokio::runtime::RuntimeFlavor;
use tokio::sync::Semaphore;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::server::app::App;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::role::Principal;
use crate::server::asdk::AsdkOptions;
use crate::server::limits::Limits;

pub mod asdk;
pub mod call;
pub mod negotiate;
pub mod strict;
pub mod v1;

use crate::server::http::call::Call;
use crate::server::http::v1::Needs;
use crate::server::http::v1::Route;
use crate::server::http::v1::Takes;

/// What every handler gets.
#[derive(Clone, Debug)]
pub struct Server {
    /// The operations.
    pub app: App,
    /// The bounds.
    pub limits: Arc<Limits>,
    /// How the ASDK is spoken, where it is.
    pub(super) asdk: Option<Arc<Asdk>>,
    /// One permit for each reader that may stream the whole state.
    pub(super) streams: Arc<Semaphore>,
}

/// Which APIs a server speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apis {
    /// Its own.
    pub native: bool,
    /// The Altiris ASDK.
    pub asdk: Option<AsdkOptions>,
}

impl Default for Apis {
    fn default() -> Self {
        Self { native: true, asdk: None }
    }
}

/// How the ASDK is spoken, and where.
#[derive(Clone, Debug)]
pub(super) struct Asdk {
    pub(super) options: AsdkOptions,
    /// Whether clients come over TLS.
    pub(super) https: bool,
}

/// The router of the native API, over `app`. It needs no socket: a test calls it in process.
pub fn router(app: App, limits: Limits) -> Router {
    router_of(app, limits, Apis::default(), false)
}

/// The router of these APIs, over `app`; with `https` for clients that come over TLS.
pub fn router_of(app: App, limits: Limits, apis: Apis, https: bool) -> Router {
    let streams = Arc::new(Semaphore::new(limits.state_streams));
    let asdk = apis.asdk.map(|options| Arc::new(Asdk { options, https }));
    let server = Server { app, limits: Arc::new(limits), asdk, streams };
    let mut router = Router::new();
    let routes = if apis.native { v1::ROUTES } else { &[] };
    for route in routes {
        let mut handler: MethodRouter<Server> =
            axum::routing::on(route.method.filter(), move |State(server), request| answer(route, server, request));
        if route.streams {
            let level = CompressionLevel::Fastest; // Over a local network gzip must not be what takes the time.
            handler = handler.layer(CompressionLayer::new().gzip(true).quality(level));
        }
        router = router.route(route.path, handler);
    }
    router.fallback(no_such_address).method_not_allowed_fallback(no_such_method).with_state(server)
}

/// Whatever is no address of the native API. That of the ASDK is among it: its paths differ in case alone.
async fn no_such_address(State(server): State<Server>, request: Request) -> Response {
    if let Some(asdk) = server.asdk.clone().filter(|_| asdk::is_here(request.uri().path())) {
        return asdk::answer(&server, &asdk, request).await;
    }
    let who = blocking(|| authenticate(&server.app, request.headers(), request.extensions()));
    let refused = who.err().unwrap_or_else(|| Refused::new(Code::NotFound, "there is nothing at this address"));
    told(&refused)
}

async fn no_such_method(State(server): State<Server>, request: Request) -> Response {
    let who = blocking(|| authenticate(&server.app, request.headers(), request.extensions()));
    let why = "the address does not take this method";
    let refused = who.err().unwrap_or_else(|| Refused::new(Code::MethodNotAllowed, why));
    told(&refused)
}

/// Answers one request of a route of the table.
async fn answer(route: &'static Route, server: Server, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let params = path_parts(&mut parts).await;
    let answered = respond(route, &server, &parts, params, body).await;
    let mut response = answered.unwrap_or_else(|refused| told(&refused));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    tracing::debug!(method = %parts.method, path = parts.uri.path(), status = response.status().as_u16(), "answered");
    response
}

async fn respond(
    route: &'static Route,
    server: &Server,
    parts: &Parts,
    params: Vec<(String, String)>,
    body: Body,
) -> Result<Response, Refused> {
    let principal = match route.needs {
        Needs::Nothing => None,
        Needs::Role(role) => {
            let who = blocking(|| authenticate(&server.app, &parts.headers, &parts.extensions))?;
            if who.role < role {
                let why = format!("this needs the role {}", role.name());
                return Err(Refused::new(Code::Forbidden, why).with("needs", role.name()));
            }
            Some(who)
        }
    };
    let body = read_body(route, &server.limits, &parts.headers, body).await?;
    let call = Call::new(route, principal, parts, params, body)?;
    // The store is never left half-written by a panic, see `Store::write`.
    blocking(|| catch_unwind(AssertUnwindSafe(|| (route.handler)(server, &call)))).unwrap_or_else(|_| {
        tracing::error!(path = parts.uri.path(), "a handler panicked");
        Err(Refused::new(Code::Internal, "the server failed; its log says why"))
    })
}

/// Who asks: by a ticket that was taken before (see [`negotiate`]), else by a token.
fn authenticate(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Result<Principal, Refused> {
    if let Some(principal) = extensions.get::<Principal>() {
        return Ok(principal.clone());
    }
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (sent.next(), sent.next());
    let token = first
        .filter(|_| more.is_none())
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token {
        Some(token) => app.authenticate(token),
        None => Err(Refused::new(Code::Unauthenticated, "a bearer token is needed")),
    }
}

/// Reads a body, bounded in size and time. A route without one takes none.
async fn read_body(route: &Route, limits: &Limits, headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let (most, time) = match route.takes {
        Takes::Nothing => (0, limits.body_time),
        Takes::Json(_) => (limits.body_bytes, limits.body_time),
        Takes::Lines => (limits.fleet_bytes, limits.fleet_time),
    };
    let too_large = || {
        let why = if most == 0 { "this takes no body".to_owned() } else { format!("a body has at most {most} bytes") };
        Refused::new(Code::TooLarge, why).with("bytesMax", most)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > most as u64) {
        return Err(too_large());
    }
    if route.takes_body() {
        check_media_type(route, headers)?;
    }
    match tokio::time::timeout(time, Limited::new(body, most).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Refused::new(Code::Malformed, "the body was cut off")),
        Err(_) => Err(Refused::new(Code::Timeout, "the body took too long to come")),
    }
}

fn check_media_type(route: &Route, headers: &HeaderMap) -> Result<(), Refused> {
    let wanted = if matches!(route.takes, Takes::Lines) { "application/x-ndjson" } else { "application/json" };
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if sent.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    Err(Refused::new(Code::UnsupportedMediaType, format!("a body is `{wanted}`")))
}

/// Runs what blocks. On a runtime of several threads the others take over meanwhile; on one of a single thread, such as
/// a simulation's, it is simply called, so that nothing depends on how threads are scheduled.
pub(super) fn blocking<T>(act: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(act),
        _ => act(),
    }
}

/// The status of a refusal.
pub const fn status_of(code: Code) -> StatusCode {
    match code {
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::Timeout => StatusCode::REQUEST_TIMEOUT,
        Code::InUse | Code::Cycle | Code::UnknownReference | Code::Fenced | Code::LeaseHeld | Code::Protected => {
            StatusCode::CONFLICT
        }
        Code::RevisionMoved => StatusCode::PRECONDITION_FAILED,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::Invalid | Code::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::PreconditionRequired | Code::FenceRequired => StatusCode::PRECONDITION_REQUIRED,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::TooSlow => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// A refusal, as it is told.
pub(super) fn told(refused: &Refused) -> Response {
    if let Some(source) = &refused.source {
        tracing::error!(error = %Chain(source.as_ref()), "the store failed");
    }
    let mut response = error(status_of(refused.code), refused.code.name(), &refused.message, &refused.details);
    let headers = response.headers_mut();
    match refused.code {
        Code::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Code::Unavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        // What was not read of the body is still on its way, so nothing else can be read after it.
        Code::TooLarge | Code::Timeout => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

/// The body of every error.
pub(super) fn error(
    status: StatusCode,
    code: &str,
    message: &str,
    details: &BTreeMap<String, serde_json::Value>,
) -> Response {
    let mut error = serde_json::json!({ "code": code, "message": message });
    if !details.is_empty() {
        error["details"] = serde_json::json!(details);
    }
    json(status, serde_json::json!({ "error": error }).to_string())
}

/// An answer of JSON.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// An error with what caused it, for the log.
pub(super) struct Chain<'a>(pub(super) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut at = self.0.source();
        while let Some(cause) = at {
            write!(f, ": {cause}")?;
            at = cause.source();
        }
        Ok(())
    }
}

/// The parts of a path that a route names. It has none only where they are not UTF-8; then they are missing, which is
/// told.
async fn path_parts(parts: &mut Parts) -> Vec<(String, String)> {
    let found = RawPathParams::from_request_parts(parts, &()).await;
    let owned = |found: RawPathParams| found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    found.map(owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ids::SeededIds;
    use crate::server::store::Store;
    use crate::sys::clock::SystemClock;

    static PANICS: Route = Route {
        method: v1::Method::Get,
        path: "/",
        needs: Needs::Nothing,
        summary: "Panics",
        query: &[],
        condition: v1::Condition::Free,
        takes: v1::Takes::Nothing,
        status: 200,
        gives: v1::Gives::Nothing,
        repeats: false,
        streams: false,
        handler: |server, _| {
            let failed: Result<(), Refused> = server.app.store().write(|_| panic!("in the middle of a write"));
            failed.map(|()| Response::default())
        },
    };

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_server_goes_on() {
        let store = Store::in_memory().unwrap();
        let app = App::new(store, Arc::new(SystemClock), Arc::new(SeededIds::new(1))).unwrap();
        let streams = Arc::new(Semaphore::new(1));
        let server = Server { app: app.clone(), limits: Arc::new(Limits::default()), asdk: None, streams };
        for _ in 0..2 {
            let response = answer(&PANICS, server.clone(), Request::new(Body::empty())).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(!String::from_utf8_lossy(&body).contains("middle"), "what failed inside is for the log");
        }
        assert!(app.create_token("x", crate::server::app::role::Role::Reader).is_ok());
    }
}
