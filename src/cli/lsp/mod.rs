//! `consign lsp`: the language server protocol over standard input and output. Talks; what is told is decided in `editor`
//! and by the same run through a project that `validate` makes.

mod analysis;
mod answers;
mod convert;
mod documents;
mod frames;
mod session;

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;

use self::frames::Incoming;
use self::session::Session;

/// How long nothing comes before the projects that changed are looked at again.
const QUIET: Duration = Duration::from_millis(80);

/// Arguments of `lsp`.
#[derive(Clone, Debug, Args)]
pub struct LspArgs {
    /// Over standard input and output, which is the only way; taken because editors say it
    #[arg(long)]
    pub stdio: bool,
}

/// Runs it until the client says good-bye or hangs up.
pub fn run(_: &LspArgs) -> Outcome {
    let (sender, incoming) = mpsc::channel();
    std::thread::Builder::new()
        .name("lsp-input".to_owned())
        .spawn(move || {
            let mut stdin = std::io::stdin().lock();
            loop {
                let message = frames::read(&mut stdin);
                let is_end = matches!(message, Incoming::End);
                if sender.send(message).is_err() || is_end {
                    return;
                }
            }
        })
        .map_err(|error| Failure::new(exit::ERROR, format!("cannot start a thread: {error}")))?;
    let mut session = Session::new();
    let mut queue = VecDeque::new();
    loop {
        let Some(message) = next(&incoming, &mut queue, &mut session) else { return Ok(exit::ERROR) };
        match message {
            Incoming::End => return Ok(if session.is_shut_down() { exit::OK } else { exit::ERROR }),
            Incoming::Broken(problem) => session.broken(&problem),
            Incoming::Message(message) => {
                if message["method"] == "exit" {
                    // The protocol wants 1 of a server that was not asked to shut down before.
                    return Ok(if session.is_shut_down() { exit::OK } else { exit::ERROR });
                }
                session.take(message);
            }
        }
        if !send(&mut session) {
            return Ok(exit::ERROR);
        }
    }
}

/// The next message; while none comes, what changed is looked at. `None` once nobody listens any more.
fn next(
    incoming: &mpsc::Receiver<Incoming>,
    queue: &mut VecDeque<Incoming>,
    session: &mut Session,
) -> Option<Incoming> {
    if queue.is_empty() {
        let first = if session.is_behind() {
            match incoming.recv_timeout(QUIET) {
                Ok(message) => message,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    session.catch_up();
                    if !send(session) {
                        return None;
                    }
                    incoming.recv().unwrap_or(Incoming::End)
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => Incoming::End,
            }
        } else {
            incoming.recv().unwrap_or(Incoming::End)
        };
        queue.push_back(first);
    }
    queue.extend(incoming.try_iter());
    let cancelled: Vec<Value> = queue.iter().filter_map(cancelled).collect();
    for id in cancelled {
        let is_asked = |message: &Incoming| matches!(message, Incoming::Message(message) if message.get("method").is_some() && message.get("id") == Some(&id));
        if let Some(at) = queue.iter().position(is_asked) {
            queue.remove(at);
            session.cancelled(&id);
        }
    }
    queue.pop_front()
}

/// The request that a message takes back.
fn cancelled(message: &Incoming) -> Option<Value> {
    match message {
        Incoming::Message(message) if message["method"] == "$/cancelRequest" => message["params"].get("id").cloned(),
        _ => None,
    }
}

/// Writes what there is to say; false once nobody takes it.
fn send(session: &mut Session) -> bool {
    let mut stdout = std::io::stdout().lock();
    session.take_outgoing().into_iter().all(|message| frames::write(&mut stdout, &message).is_ok())
        && stdout.flush().is_ok()
}
