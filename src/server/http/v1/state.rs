//! The whole state, streamed.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::header;
use tokio::runtime::Handle;
use tokio::runtime::RuntimeFlavor;
use tokio::sync::mpsc;

use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::state::Snapshot;
use crate::server::http::Server;
use crate::server::http::call::Call;
use crate::server::http::v1::items::not_modified;
use crate::server::http::v1::items::tag_of;
use crate::server::http::v1::items::tagged;
use crate::server::store::StoreError;

/// Pieces that may wait for a reader.
const PIECES_AHEAD: usize = 8;

pub(super) fn state(server: &Server, call: &Call) -> Result<Response, Refused> {
    let internal = call.query_as::<bool>("internal")?.unwrap_or(false);
    lines(server, call, internal)
}

pub(super) fn export(server: &Server, call: &Call) -> Result<Response, Refused> {
    lines(server, call, true)
}

fn lines(server: &Server, call: &Call, internal: bool) -> Result<Response, Refused> {
    let tag = tag_of(server.app.state()?);
    if call.has(&tag)? {
        return Ok(not_modified(&tag));
    }
    let several_threads =
        Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    match if several_threads { server.app.snapshot()? } else { None } {
        Some(snapshot) => from_thread(server, snapshot, internal),
        None => {
            let (state, chunks) = server.app.state_chunks(internal)?;
            let pieces = chunks.into_iter().map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk)));
            Ok(answer(Body::from_stream(stream::iter(pieces)), state))
        }
    }
}

fn answer(body: Body, state: u64) -> Response {
    tagged(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response(), &tag_of(state))
}

/// Streams a snapshot from a thread of its own. Nobody waits for it, and it waits for nobody for longer than a while;
/// when it ends early, the body ends in an error, and so never looks complete.
fn from_thread(server: &Server, snapshot: Snapshot, internal: bool) -> Result<Response, Refused> {
    let permit = server
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| Refused::new(Code::Unavailable, "too many read the whole state at the same time"))?;
    let state = snapshot.state;
    let (app, stall) = (server.app.clone(), server.limits.stall_time);
    let (sender, receiver) = mpsc::channel::<Result<Bytes, Cut>>(PIECES_AHEAD);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut send = |piece: Vec<u8>| {
            let sent = handle.block_on(sender.send_timeout(Ok(Bytes::from(piece)), stall));
            sent.map_err(|_| Cut::Reader)
        };
        if let Err(cut) = app.stream(&snapshot, internal, &mut send) {
            tracing::warn!(error = %cut, "the state was not streamed to its end");
            // Where the reader is gone there is nobody to tell.
            let _ = sender.try_send(Err(cut));
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    // Compression asks once more after the end, which the stream itself would not bear.
    Ok(answer(Body::from_stream(pieces.fuse()), state))
}

/// Why a stream ended early.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the reader went away or was too slow")]
    Reader,
    #[error("the store failed")]
    Store(#[from] StoreError),
}
