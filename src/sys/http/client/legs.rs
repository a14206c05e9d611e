//! The legs that a request takes until it is let in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use http::StatusCode;
use http::header;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::Response;
use reqwest::header::HeaderValue;
use reqwest::tls::TlsInfo;
use tokio::sync::Mutex;
use tokio::sync::OwnedMutexGuard;

use super::Connection;
use super::Outgoing;
use super::gate::Gate;
use crate::sys::http::TransportError;
use crate::sys::http::auth::Offers;
use crate::sys::http::auth::command::HeaderCommand;
use crate::sys::http::auth::denied;
use crate::sys::http::auth::negotiate::Negotiate;
use crate::sys::http::auth::ntlm::Ntlm;
use crate::sys::secrets;

/// How much of a refusal is read, and for how long.
const REFUSAL_MAX: usize = 256 * 1024;
const REFUSAL_TIME: Duration = Duration::from_secs(10);

/// How much of what a refusal says is told, in characters.
const SAID_MAX: usize = 300;

/// How often the legs of NTLM begin anew when the connection went between them.
const ROUNDS: usize = 4;

/// How a connection proves who it is.
pub(super) enum Way {
    /// Not at all.
    Nobody,
    /// With a token in each request.
    Token(HeaderValue),
    /// With what a program prints.
    Command(HeaderCommand),
    /// With a ticket in each request.
    Negotiate(Box<Negotiate>),
    /// By logging on its one connection.
    Ntlm(Box<Ntlm>, Lane, Gate),
}

/// The one connection of NTLM: a request at a time.
pub(super) type Lane = Arc<Mutex<LoggedOn>>;

/// What is known of that connection.
#[derive(Debug, Default)]
pub(super) struct LoggedOn {
    /// Our end of it; `None` where none is logged on.
    local: Option<SocketAddr>,
    /// The server wants a log-on for each request.
    each: bool,
}

/// The connection, until the answer's body is read.
pub(super) type Held = Option<OwnedMutexGuard<LoggedOn>>;

/// Why a leg got no answer.
pub(super) enum LegError {
    /// The connection that it was meant for is gone; nothing was sent.
    Gone,
    /// Another reason.
    Transport(TransportError),
}

impl From<LegError> for TransportError {
    fn from(error: LegError) -> Self {
        match error {
            LegError::Gone => Ntlm::unbound(),
            LegError::Transport(error) => error,
        }
    }
}

/// Sends a request as often as it takes to be let in, which is bounded.
///
/// # Errors
/// [`TransportError::Denied`] when it is not; and when no answer comes.
pub(super) async fn take(connection: &Connection, outgoing: &Outgoing) -> Result<(Response, Held), TransportError> {
    match &connection.way {
        Way::Nobody => token(connection, outgoing, None, "nothing").await,
        Way::Token(value) => token(connection, outgoing, Some(value), "a token").await,
        Way::Command(command) => Ok((by_command(connection, outgoing, command).await?, None)),
        Way::Negotiate(negotiate) => Ok((by_ticket(connection, outgoing, negotiate).await?, None)),
        Way::Ntlm(ntlm, lane, gate) => {
            let lane = tokio::time::timeout(connection.timeout, Arc::clone(lane).lock_owned());
            let mut lane = lane.await.map_err(|_| TransportError::TimedOut)?;
            let response = by_ntlm(connection, outgoing, ntlm, &mut lane, gate).await;
            gate.open();
            Ok((response?, Some(lane)))
        }
    }
}

fn is_refusal(response: &Response) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
}

async fn token(
    connection: &Connection,
    outgoing: &Outgoing,
    value: Option<&HeaderValue>,
    sent: &str,
) -> Result<(Response, Held), TransportError> {
    let response = connection.leg(outgoing, value, true).await?;
    if is_refusal(&response)
        && let Some(error) = Offers::of(response.headers()).wants_windows(sent)
    {
        return Err(error);
    }
    Ok((response, None))
}

async fn by_command(
    connection: &Connection,
    outgoing: &Outgoing,
    command: &HeaderCommand,
) -> Result<Response, TransportError> {
    let first = command.header(None).await?;
    let response = connection.leg(outgoing, Some(&first), true).await?;
    if !is_refusal(&response) {
        return Ok(response);
    }
    let (_, _) = refusal(response).await;
    let second = command.header(Some(&first)).await?;
    let response = connection.leg(outgoing, Some(&second), true).await?;
    if !is_refusal(&response) {
        return Ok(response);
    }
    let (offers, said) = refusal(response).await;
    let said = said.map_or(String::new(), |said| format!("; it says: {said}"));
    let why = format!("the server refuses what the credential command `{}` prints{said}", command.program());
    Err(denied(why, format!("it was asked twice; the server offers {}", offers.names())))
}

async fn by_ticket(
    connection: &Connection,
    outgoing: &Outgoing,
    negotiate: &Negotiate,
) -> Result<Response, TransportError> {
    let (value, sent) = negotiate.header().await?;
    let response = connection.leg(outgoing, Some(&value), true).await?;
    if let Some(error) = Negotiate::is_too_large(&sent, response.status().as_u16()) {
        return Err(error);
    }
    if is_refusal(&response) {
        let (offers, said) = refusal(response).await;
        return Err(negotiate.refused(&sent, &offers, said).await);
    }
    negotiate.check(&sent, &Offers::of(response.headers())).await?;
    Ok(response)
}

async fn by_ntlm(
    connection: &Connection,
    outgoing: &Outgoing,
    ntlm: &Ntlm,
    lane: &mut LoggedOn,
    gate: &Gate,
) -> Result<Response, TransportError> {
    // A connection that there is already is the one to log on: opening another beside it would leave two to mix up.
    let mut is_there = lane.local.take().is_some();
    if is_there && !lane.each {
        gate.shut();
        match connection.leg(outgoing, None, true).await {
            Ok(response) if !is_refusal(&response) => {
                lane.local = local(&response);
                return Ok(response);
            }
            // Let in no more: another connection, or a server that wants each request logged on. It did nothing.
            Ok(response) => {
                lane.each = local(&response).is_some();
                let _ = refusal(response).await;
            }
            Err(LegError::Gone) => is_there = false,
            Err(LegError::Transport(error)) => return Err(error),
        }
    }
    for _ in 0..ROUNDS {
        if is_there {
            gate.shut();
        } else {
            gate.open();
        }
        let first = match connection.leg(outgoing, Some(&Ntlm::first()), false).await {
            Err(LegError::Gone) => {
                is_there = false;
                continue;
            }
            first => first?,
        };
        gate.shut();
        if !is_refusal(&first) {
            let status = first.status();
            // Without a body it was the request itself.
            if outgoing.body.is_empty() || status.is_client_error() || status.is_server_error() {
                return Ok(first);
            }
            return Err(Ntlm::unasked(status.as_u16()));
        }
        let (here, certificate) = (local(&first), certificate(&first));
        let (offers, _) = refusal(first).await;
        let Some(challenge) = offers.token("ntlm") else {
            return Err(if offers.has("ntlm") { Ntlm::unchallenged() } else { offers.lack("NTLM") });
        };
        let answer = ntlm.third(challenge, certificate.as_deref())?;
        match connection.leg(outgoing, Some(&answer), true).await {
            Ok(response) if !is_refusal(&response) => {
                lane.local = local(&response);
                return Ok(response);
            }
            // Another connection than the one that was challenged: the account was not looked at.
            Ok(response) if local(&response) != here => {
                let _ = refusal(response).await;
                is_there = true;
            }
            Ok(response) => {
                let (_, said) = refusal(response).await;
                return Err(ntlm.refused(said));
            }
            Err(LegError::Gone) => is_there = false,
            Err(LegError::Transport(error)) => return Err(error),
        }
    }
    Err(Ntlm::unbound())
}

fn local(response: &Response) -> Option<SocketAddr> {
    response.extensions().get::<HttpInfo>().map(HttpInfo::local_addr)
}

fn certificate(response: &Response) -> Option<Vec<u8>> {
    response.extensions().get::<TlsInfo>()?.peer_certificate().map(<[u8]>::to_vec)
}

/// Reads a refusal to its end, so that its connection can be used again: what it offers, and what it says.
async fn refusal(response: Response) -> (Offers, Option<String>) {
    let offers = Offers::of(response.headers());
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = media.starts_with("application/json");
    let mut stream = response.bytes_stream();
    let read = async {
        let mut body = Vec::new();
        while let Some(Ok(chunk)) = stream.next().await {
            body.extend_from_slice(&chunk);
            if body.len() > REFUSAL_MAX {
                break;
            }
        }
        body
    };
    let body = tokio::time::timeout(REFUSAL_TIME, read).await.unwrap_or_default();
    let said = is_json.then(|| serde_json::from_slice::<serde_json::Value>(&body).ok()).flatten();
    let said = said.and_then(|said| said.pointer("/error/message")?.as_str().map(secrets::without));
    (offers, said.map(|said| said.chars().filter(|c| !c.is_control()).take(SAID_MAX).collect()))
}
