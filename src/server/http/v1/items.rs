//! Items and references.

use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;

use crate::model::guid::Guid;
use crate::server::app::Kept;
use crate::server::app::item::etag;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Fence;
use crate::server::app::writer::Writer;
use crate::server::http::Server;
use crate::server::http::call::Call;
use crate::server::http::call::REPLAYED;
use crate::server::http::json;
use crate::server::http::v1::wire;
use crate::server::http::v1::wire::Operation;
use crate::server::store::refs::Filter;

/// How many rows an answer lists unless asked for another number.
const PAGE_ROWS: u64 = 1000;

pub(super) fn one(server: &Server, call: &Call) -> Result<Response, Refused> {
    let item = server.app.item(call.guid("guid")?)?;
    let tag = item.etag();
    if call.has(&tag)? {
        return Ok(not_modified(&tag));
    }
    Ok(tagged(json(StatusCode::OK, item.to_json()), &tag))
}

pub(super) fn find(server: &Server, call: &Call) -> Result<Response, Refused> {
    let kind = call.query("kind").map(|name| {
        Kind::from_name(name)
            .ok_or_else(|| Refused::new(Code::Malformed, "there is no such kind").with("field", "kind"))
    });
    let (kind, name) = (kind.transpose()?, call.query("name"));
    if kind.is_none() && name.is_none() {
        return Err(Refused::new(Code::Malformed, "send `kind`, `name` or both; `/v1/state` gives everything"));
    }
    let found = server.app.items(kind, name)?;
    Ok(json(StatusCode::OK, format!(r#"{{"items":[{}]}}"#, found.join(","))))
}

pub(super) fn create(server: &Server, call: &Call) -> Result<Response, Refused> {
    call.if_none_there()?;
    let draft = call.body::<wire::CreateBody>()?.draft();
    written(server, call, Fence::Needed, |writer| Ok(Kept::item(201, &writer.create(draft)?)))
}

pub(super) fn update(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (guid, revision) = (call.guid("guid")?, call.if_match()?);
    let body = call.body::<wire::UpdateBody>()?.body();
    written(server, call, Fence::Needed, |writer| Ok(Kept::item(200, &writer.update(guid, revision, body)?.item)))
}

pub(super) fn delete(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (guid, revision) = (call.guid("guid")?, call.if_match()?);
    written(server, call, Fence::Needed, |writer| {
        writer.delete(guid, revision)?;
        Ok(Kept::nothing())
    })
}

pub(super) fn batch(server: &Server, call: &Call) -> Result<Response, Refused> {
    let batch: wire::Batch = call.body()?;
    let most = server.limits.batch_operations;
    if batch.operations.len() > most {
        let why = format!("a batch has at most {most} operations");
        return Err(Refused::new(Code::TooLarge, why).with("operationsMax", most));
    }
    written(server, call, Fence::Needed, |writer| {
        let mut results = Vec::with_capacity(batch.operations.len());
        for (index, operation) in batch.operations.into_iter().enumerate() {
            let done = serde_json::from_value(operation)
                .map_err(|error| Refused::invalid("operations", error.to_string()))
                .and_then(|operation| perform(writer, operation));
            results.push(done.map_err(|refused| wire::at_index(refused, index))?);
        }
        Ok(Kept::value(200, &wire::BatchResults { results }))
    })
}

fn perform(writer: &mut Writer<'_>, operation: Operation) -> Result<wire::BatchResult, Refused> {
    let expected = |tag: Option<wire::Tag>| {
        let refused = || Refused::new(Code::PreconditionRequired, "the operation needs `ifMatch`");
        tag.map(|tag| tag.0).ok_or_else(refused)
    };
    Ok(match operation {
        Operation::Create { body } => wire::BatchResult { status: 201, item: Some(writer.create(body.draft())?) },
        Operation::Update { guid, if_match, body } => {
            let written = writer.update(guid, expected(if_match)?, body.body())?;
            wire::BatchResult { status: 200, item: Some(written.item) }
        }
        Operation::Delete { guid, if_match } => {
            writer.delete(guid, expected(if_match)?)?;
            wire::BatchResult { status: 204, item: None }
        }
    })
}

pub(super) fn references_of(server: &Server, call: &Call) -> Result<Response, Refused> {
    shown(&server.app.ties(call.guid("guid")?)?)
}

pub(super) fn rights_of(server: &Server, call: &Call) -> Result<Response, Refused> {
    shown(&server.app.rights(call.guid("guid")?)?)
}

pub(super) fn references(server: &Server, call: &Call) -> Result<Response, Refused> {
    let (after, limit) = page(server, call)?;
    let filter = Filter {
        parent: call.query_as::<Guid>("parent")?,
        child: call.query_as::<Guid>("child")?,
        hint: call.query("hint"),
        after,
        limit: limit + 1,
    };
    let mut references = server.app.references(filter)?;
    let next = cut(&mut references, limit, |row| row.id);
    shown(&wire::References { references, next })
}

/// Where a page begins, and how many rows it has.
pub(super) fn page(server: &Server, call: &Call) -> Result<(u64, u64), Refused> {
    let after = call.query_as::<u64>("after")?.unwrap_or(0);
    let limit = call.query_as::<u64>("limit")?.unwrap_or(PAGE_ROWS);
    if limit == 0 || limit > server.limits.page_rows {
        let why = format!("`limit` is 1 to {}", server.limits.page_rows);
        return Err(Refused::new(Code::Malformed, why).with("field", "limit"));
    }
    Ok((after.min(i64::MAX.unsigned_abs()), limit))
}

/// Cuts a list that was read one row too long, and says where the next page begins, if there is one.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: u64, id: impl Fn(&T) -> u64) -> Option<u64> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(id)
}

/// Does a write once, and answers it.
pub(super) fn written(
    server: &Server,
    call: &Call,
    fence: Fence,
    act: impl FnOnce(&mut Writer<'_>) -> Result<Kept, Refused>,
) -> Result<Response, Refused> {
    let (kept, replayed) = server.app.write(&call.caller()?, &call.digest(), fence, act)?;
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = if kept.body.is_empty() { status.into_response() } else { json(status, kept.body) };
    if let Some(tag) = &kept.etag {
        response = tagged(response, tag);
    }
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// An answer of JSON.
pub(super) fn shown(value: &impl serde::Serialize) -> Result<Response, Refused> {
    let body = serde_json::to_string(value).map_err(|error| Refused::new(Code::Internal, error.to_string()))?;
    Ok(json(StatusCode::OK, body))
}

pub(super) fn tagged(mut response: Response, tag: &str) -> Response {
    let value = HeaderValue::from_str(tag).expect("a tag is digits between quotes");
    response.headers_mut().insert(header::ETAG, value);
    response
}

pub(super) fn not_modified(tag: &str) -> Response {
    tagged(StatusCode::NOT_MODIFIED.into_response(), tag)
}

/// The tag of a number.
pub(super) fn tag_of(number: u64) -> String {
    etag(number)
}
