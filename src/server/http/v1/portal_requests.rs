//! Requests of the software portal (PTL-4), and the incidents that gather those that wait (PTL-5).

use axum::response::Response;

use crate::model::guid::Guid;
use crate::server::app::portal::Ask;
use crate::server::app::portal::Status;
use crate::server::app::portal::incidents::Decision;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Fence;
use crate::server::http::Server;
use crate::server::http::call::Call;
use crate::server::http::v1::items::cut;
use crate::server::http::v1::items::page;
use crate::server::http::v1::items::shown;
use crate::server::http::v1::items::written;
use crate::server::http::v1::wire;
use crate::server::store::portal::Filter;

// Users ask whenever they like, also while somebody applies: what they get needs no fence, as an agent's report needs none.

pub(super) fn ask(server: &Server, call: &Call) -> Result<Response, Refused> {
    let ask: Ask = call.body()?;
    written(server, call, Fence::Free, |writer| writer.ask_portal(&ask))
}

pub(super) fn list(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (after, limit) = page(server, call)?;
    let status = call.query("status").map(|name| {
        Status::from_name(name)
            .ok_or_else(|| Refused::new(Code::Malformed, "there is no such status").with("field", "status"))
    });
    let filter = Filter {
        computer: call.query_as::<Guid>("computer")?,
        status: status.transpose()?.map(Status::name),
        after,
        limit: limit + 1,
    };
    let mut requests = server.app.portal_requests(filter)?;
    let next = cut(&mut requests, limit, |row| row.id);
    shown(&wire::PortalRequests { requests, next })
}

pub(super) fn one(server: &Server, call: &Call) -> Result<Response, Refused> {
    shown(&server.app.portal_request(number(call, "request")?)?)
}

pub(super) fn approve(server: &Server, call: &Call) -> Result<Response, Refused> {
    let id = number(call, "request")?;
    written(server, call, Fence::Free, |writer| writer.approve_request(id))
}

pub(super) fn reject(server: &Server, call: &Call) -> Result<Response, Refused> {
    let id = number(call, "request")?;
    written(server, call, Fence::Free, |writer| writer.reject_request(id))
}

pub(super) fn incidents(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (after, limit) = page(server, call)?;
    let mut incidents = server.app.portal_incidents(after, limit + 1)?;
    let next = cut(&mut incidents, limit, |row| row.id);
    shown(&wire::PortalIncidents { incidents, next })
}

pub(super) fn incident(server: &Server, call: &Call) -> Result<Response, Refused> {
    shown(&server.app.portal_incident(number(call, "incident")?)?)
}

pub(super) fn open(server: &Server, call: &Call) -> Result<Response, Refused> {
    let id = number(call, "incident")?;
    written(server, call, Fence::Free, |writer| writer.open_incident(id))
}

pub(super) fn decide(server: &Server, call: &Call) -> Result<Response, Refused> {
    let id = number(call, "incident")?;
    let decision: Decision = call.body()?;
    written(server, call, Fence::Free, |writer| writer.decide_incident(id, &decision))
}

/// The number in the path. What is no number that the store can hold names nothing.
fn number(call: &Call, of: &'static str) -> Result<u64, Refused> {
    let number = call.param(of).parse::<u32>().ok().map(u64::from);
    number.ok_or_else(|| {
        Refused::new(Code::NotFound, format!("the address has no number where that of the {of} belongs"))
    })
}
