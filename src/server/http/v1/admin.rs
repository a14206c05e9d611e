//! The server itself: facts, leases, tokens, the purge, the audit log.

use axum::response::Response;
use http::StatusCode;

use crate::server::app::Kept;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Caller;
use crate::server::app::writer::Fence;
use crate::server::http::Server;
use crate::server::http::call::Call;
use crate::server::http::json;
use crate::server::http::v1::items::cut;
use crate::server::http::v1::items::page;
use crate::server::http::v1::items::shown;
use crate::server::http::v1::items::written;
use crate::server::http::v1::wire;

pub(super) fn health(_: &Server, _: &Call) -> Result<Response, Refused> {
    shown(&wire::Health { status: "ok" })
}

pub(super) fn server(server: &Server, _: &Call) -> Result<Response, Refused> {
    shown(&wire::ServerFacts {
        instance: server.app.instance(),
        name: server.app.name()?,
        api_version: "1",
        version: env!("CARGO_PKG_VERSION"),
        time: server.app.now().to_string(),
        state: server.app.state()?.to_string(),
    })
}

pub(super) fn lease(server: &Server, _: &Call) -> Result<Response, Refused> {
    shown(&wire::Leases { lease: server.app.lease()? })
}

pub(super) fn take_lease(server: &Server, call: &Call) -> Result<Response, Refused> {
    let wire::TakeLease { holder, ttl_seconds } = call.body()?;
    server.app.forget_old_answers()?;
    written(server, call, Fence::Free, |writer| writer.take_lease(&holder, ttl_seconds))
}

pub(super) fn renew_lease(server: &Server, call: &Call) -> Result<Response, Refused> {
    let guid = call.guid("lease")?;
    let wire::RenewLease { ttl_seconds } = call.body()?;
    written(server, call, Fence::Free, |writer| writer.renew_lease(guid, ttl_seconds))
}

pub(super) fn release_lease(server: &Server, call: &Call) -> Result<Response, Refused> {
    let guid = call.guid("lease")?;
    written(server, call, Fence::Free, |writer| writer.release_lease(guid))
}

pub(super) fn tokens(server: &Server, _: &Call) -> Result<Response, Refused> {
    shown(&wire::Tokens { tokens: server.app.tokens()? })
}

pub(super) fn make_token(server: &Server, call: &Call) -> Result<Response, Refused> {
    let wire::NewToken { name, role } = call.body()?;
    let caller = call.caller()?;
    if caller.key.is_some() {
        let why =
            "a token is shown once and kept nowhere, so its answer cannot be given again; names are unique instead";
        return Err(Refused::invalid("Idempotency-Key", why));
    }
    // Not `written`: that could keep the answer.
    let mut made = None;
    server.app.write(&Caller { key: None, ..caller }, &[], Fence::Needed, |writer| {
        let (id, token) = writer.make_token(&name, role)?;
        made = Some(wire::MadeToken { id, name: name.clone(), role, token });
        Ok(Kept::nothing())
    })?;
    let made = made.ok_or_else(|| Refused::new(Code::Internal, "the token was not made"))?;
    let body = serde_json::to_string(&made).map_err(|error| Refused::new(Code::Internal, error.to_string()))?;
    Ok(json(StatusCode::CREATED, body))
}

pub(super) fn delete_token(server: &Server, call: &Call) -> Result<Response, Refused> {
    written(server, call, Fence::Needed, |writer| writer.delete_token(call.param("id")))
}

pub(super) fn purge(server: &Server, call: &Call) -> Result<Response, Refused> {
    written(server, call, Fence::Needed, |writer| writer.purge())
}

pub(super) fn audit(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (after, limit) = page(server, call)?;
    let mut entries = match call.query("about") {
        Some(about) => server.app.audit_about(after, limit + 1, about)?,
        None => server.app.audit(after, limit + 1)?,
    };
    let next = cut(&mut entries, limit, |row| row.entry.seq);
    shown(&wire::Audit { entries, next })
}
