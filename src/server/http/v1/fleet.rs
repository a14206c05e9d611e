//! What is known of computers, and what simulated computers ask and say.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::stream;
use http::header;

use crate::model::guid::Guid;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Fence;
use crate::server::http::Server;
use crate::server::http::call::Call;
use crate::server::http::json;
use crate::server::http::v1::items::cut;
use crate::server::http::v1::items::page;
use crate::server::http::v1::items::shown;
use crate::server::http::v1::items::written;
use crate::server::http::v1::wire;
use crate::server::store::fleet::LogFilter;

pub(super) fn fleet(server: &Server, _: &Call) -> Result<Response, Refused> {
    let _permit = server
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| Refused::new(Code::Unavailable, "too many read everything at the same time"))?;
    let chunks = server.app.fleet_chunks(&server.limits)?;
    let body = Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, Infallible>)));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

pub(super) fn load(server: &Server, call: &Call) -> Result<Response, Refused> {
    written(server, call, Fence::Needed, |writer| writer.load_fleet(call.bytes(), &server.limits))
}

pub(super) fn evaluate(server: &Server, call: &Call) -> Result<Response, Refused> {
    let wire::Evaluate { query } = call.body()?;
    shown(&server.app.evaluate(&query, &server.limits)?)
}

pub(super) fn policy(server: &Server, call: &Call) -> Result<Response, Refused> {
    let guid = call.guid("computer")?;
    let wire::AskPolicy { at } = call.body()?;
    let (kept, _) = server.app.policy(&call.caller()?, &call.digest(), guid, at, &server.limits)?;
    Ok(json(http::StatusCode::OK, kept.body))
}

pub(super) fn policy_document(server: &Server, call: &Call) -> Result<Response, Refused> {
    let document = server.app.policy_document(call.guid("computer")?, &server.limits)?;
    Ok(([(header::CONTENT_TYPE, "application/xml")], document).into_response())
}

pub(super) fn report(server: &Server, call: &Call) -> Result<Response, Refused> {
    let guid = call.guid("computer")?;
    let wire::Report { happenings } = call.body()?;
    let most = server.limits.report_happenings;
    if happenings.len() > most {
        let why = format!("a report has at most {most} happenings");
        return Err(Refused::new(Code::TooLarge, why).with("happeningsMax", most));
    }
    written(server, call, Fence::Free, |writer| writer.report(guid, &happenings))
}

pub(super) fn files(server: &Server, call: &Call) -> Result<Response, Refused> {
    shown(&server.app.files(call.guid("computer")?, call.guid("package")?)?)
}

pub(super) fn refresh_licences(server: &Server, call: &Call) -> Result<Response, Refused> {
    written(server, call, Fence::Needed, |writer| writer.refresh_licences())
}

pub(super) fn delete_computer(server: &Server, call: &Call) -> Result<Response, Refused> {
    let guid = call.guid("computer")?;
    written(server, call, Fence::Needed, |writer| writer.delete_computer(guid))
}

fn filter(server: &Server, call: &Call) -> Result<(LogFilter, u64), Refused> {
    let (after, limit) = page(server, call)?;
    let (computer, task) = (call.query_as::<Guid>("computer")?, call.query_as::<Guid>("task")?);
    Ok((LogFilter { computer, task, after, limit: limit + 1 }, limit))
}

pub(super) fn executions(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (filter, limit) = filter(server, call)?;
    let mut executions = server.app.executions(filter)?;
    let next = cut(&mut executions, limit, |row| row.id);
    shown(&wire::Executions { executions, next })
}

pub(super) fn events(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (filter, limit) = filter(server, call)?;
    let mut events = server.app.events(filter)?;
    let next = cut(&mut events, limit, |row| row.id);
    shown(&wire::Events { events, next })
}
