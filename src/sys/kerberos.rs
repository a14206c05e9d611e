//! Kerberos, in a process of its own.
//!
//! The system's Kerberos library takes its keytab from the environment of its process, and may wait for a network long
//! after anybody has stopped waiting for it. So this program starts itself once more, with the environment that is wanted,
//! and talks with that process over its pipes, a line of JSON each way; a process that does not answer in time is ended.

#[cfg(all(unix, feature = "negotiate"))]
mod gss;
#[cfg(all(windows, feature = "negotiate"))]
mod sspi;
mod words;

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use camino::Utf8PathBuf;
use serde::Deserialize;
use serde::Serialize;

#[cfg(all(unix, feature = "negotiate"))]
use gss::Library;
#[cfg(all(windows, feature = "negotiate"))]
use sspi::Library;

/// The word that makes this program the library's process.
pub const COMMAND: &str = "kerberos-library";

/// The variable that names the keytab of who asks.
const CLIENT_KEYTAB: &str = "KRB5_CLIENT_KTNAME";

/// Whether this build has Kerberos.
pub const IS_BUILT_IN: bool = cfg!(feature = "negotiate");

/// How long the library may take, key servers on the network included.
const LIMIT: Duration = Duration::from_secs(30);

/// The longest line, in bytes; the largest ticket that Windows makes is 64 KiB.
const LINE_MAX: u64 = 512 * 1024;

/// Contexts that wait for the server's proof; the oldest goes when there are more.
#[cfg(feature = "negotiate")]
const CONTEXTS_MAX: usize = 256;

/// Whom a ticket is for, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The server's host.
    pub host: String,
    /// The name that it is known by, such as `HTTP/host`; absent: made of the host, as the library makes it.
    pub service: Option<String>,
    /// The account; absent: whoever there is.
    pub principal: Option<String>,
}

impl Target {
    /// The service's name, for messages.
    pub fn name(&self) -> String {
        self.service.clone().unwrap_or_else(|| format!("HTTP/{}", self.host))
    }
}

/// Why something did not go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{why}")]
pub struct Trouble {
    /// What is wrong.
    pub why: String,
    /// What cures it.
    pub help: String,
}

impl Trouble {
    fn new(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { why: why.into(), help: help.into() }
    }
}

/// Somebody whose ticket was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Who, with the realm: `svc-consign@CORP.EXAMPLE`.
    pub principal: String,
    /// What proves to them who this server is.
    pub proof: Option<Vec<u8>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Request {
    Start(Target),
    Finish(u64, String),
    Forget(u64),
    Accept(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Reply {
    Started(u64, String),
    Done,
    Accepted(String, Option<String>),
    Trouble(Trouble),
}

/// A way to the library. Its process starts with the first question and ends with this.
#[derive(Clone, Debug)]
pub struct Kerberos(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    environment: Vec<(&'static str, String)>,
    process: Mutex<Option<Process>>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    to: ChildStdin,
    from: mpsc::Receiver<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kerberos {
    /// For who asks: with the account of a keytab, or the ticket that is there.
    pub fn client(keytab: Option<Utf8PathBuf>) -> Self {
        let environment = match keytab {
            // Its tickets are in the memory of that process, and nobody else's.
            Some(keytab) => {
                vec![(CLIENT_KEYTAB, format!("FILE:{keytab}")), ("KRB5CCNAME", "MEMORY:consign".to_owned())]
            }
            None => Vec::new(),
        };
        Self::with(environment)
    }

    /// For who is asked: with the keys of a keytab.
    pub fn acceptor(keytab: &camino::Utf8Path) -> Self {
        Self::with(vec![("KRB5_KTNAME", format!("FILE:{keytab}"))])
    }

    fn with(environment: Vec<(&'static str, String)>) -> Self {
        Self(Arc::new(Inner { environment, process: Mutex::default() }))
    }

    /// A ticket for a server: a token to send, and the number under which its answer is looked at.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn start(&self, target: &Target) -> Result<(u64, Vec<u8>), Trouble> {
        match self.ask(Request::Start(target.clone())).await? {
            Reply::Started(context, token) => Ok((context, decoded(&token)?)),
            other => Err(unexpected(&other)),
        }
    }

    /// Looks at what the server sent back; the number is used up.
    ///
    /// # Errors
    /// When it proves nothing.
    pub async fn finish(&self, context: u64, token: Vec<u8>) -> Result<(), Trouble> {
        match self.ask(Request::Finish(context, STANDARD.encode(token))).await? {
            Reply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Lets go of a number.
    pub async fn forget(&self, context: u64) {
        // Where that fails the number is gone as well.
        let _ = self.ask(Request::Forget(context)).await;
    }

    /// Takes somebody's ticket.
    ///
    /// # Errors
    /// When it is none, or none for this server.
    pub async fn accept(&self, token: Vec<u8>) -> Result<Accepted, Trouble> {
        match self.ask(Request::Accept(STANDARD.encode(token))).await? {
            Reply::Accepted(principal, proof) => {
                Ok(Accepted { principal, proof: proof.as_deref().map(decoded).transpose()? })
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn ask(&self, request: Request) -> Result<Reply, Trouble> {
        let inner = Arc::clone(&self.0);
        let asked = tokio::task::spawn_blocking(move || inner.ask(&request)).await;
        match asked.map_err(|_| broken())?? {
            Reply::Trouble(trouble) => Err(trouble),
            other => Ok(other),
        }
    }
}

/// What cures what the other side said, where that is known.
pub fn cure(said: &str) -> Option<&'static str> {
    words::cure(said, false)
}

fn decoded(token: &str) -> Result<Vec<u8>, Trouble> {
    STANDARD.decode(token).map_err(|_| broken())
}

fn unexpected(reply: &Reply) -> Trouble {
    tracing::error!(?reply, "the Kerberos process answered something else");
    broken()
}

fn broken() -> Trouble {
    Trouble::new(
        "the process of the Kerberos library does not answer as it should",
        "try again; else `KRB5_TRACE` shows why",
    )
}

impl Inner {
    fn ask(&self, request: &Request) -> Result<Reply, Trouble> {
        let line = serde_json::to_string(request).expect("a request prints as JSON") + "\n";
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if process.is_none() {
            *process = Some(self.begin()?);
        }
        let Some(running) = process.as_mut() else { return Err(broken()) };
        if running.to.write_all(line.as_bytes()).and_then(|()| running.to.flush()).is_err() {
            *process = None;
            return Err(broken());
        }
        match running.from.recv_timeout(LIMIT) {
            Ok(line) => serde_json::from_str(&line).map_err(|_| broken()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                *process = None;
                let why = format!("no answer from the Kerberos library within {} seconds", LIMIT.as_secs());
                Err(Trouble::new(why, "are the key servers (KDC) of `krb5.conf` or DNS reachable from here?"))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                *process = None;
                Err(broken())
            }
        }
    }

    fn begin(&self) -> Result<Process, Trouble> {
        let failed = |error: std::io::Error| {
            Trouble::new(format!("cannot start the process of the Kerberos library: {error}"), "try again")
        };
        let mut command = Command::new(own_program().map_err(failed)?);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let mut child = command.spawn().map_err(failed)?;
        let (Some(to), Some(out)) = (child.stdin.take(), child.stdout.take()) else { return Err(broken()) };
        let (sender, from) = mpsc::channel();
        // It ends with the process.
        std::thread::spawn(move || {
            let mut lines = BufReader::new(out);
            while let Some(line) = next_line(&mut lines) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Process { child, to, from })
    }
}

/// This program, also where an update has put another one in its place meanwhile.
fn own_program() -> std::io::Result<std::path::PathBuf> {
    let running = std::path::Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// The next line, whole; `None` at the end, and where one is longer than any that is expected.
fn next_line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    lines.take(LINE_MAX).read_line(&mut line).ok()?;
    line.ends_with('\n').then_some(line)
}

/// Is the library's process, until nobody asks any more.
#[cfg(feature = "negotiate")]
pub fn serve() {
    let mut library = Library::new();
    let mut lines = std::io::stdin().lock();
    while let Some(line) = next_line(&mut lines) {
        let reply = match serde_json::from_str(&line) {
            Ok(request) => answer(&mut library, request).unwrap_or_else(Reply::Trouble),
            Err(_) => Reply::Trouble(broken()),
        };
        let line = serde_json::to_string(&reply).expect("a reply prints as JSON") + "\n";
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

#[cfg(feature = "negotiate")]
fn answer(library: &mut Library, request: Request) -> Result<Reply, Trouble> {
    Ok(match request {
        Request::Start(target) => {
            let (context, token) = library.start(&target)?;
            Reply::Started(context, STANDARD.encode(token))
        }
        Request::Finish(context, token) => {
            library.finish(context, &decoded(&token)?)?;
            Reply::Done
        }
        Request::Forget(context) => {
            library.forget(context);
            Reply::Done
        }
        Request::Accept(token) => {
            let (principal, proof) = library.accept(&decoded(&token)?)?;
            Reply::Accepted(principal, proof.map(|proof| STANDARD.encode(proof)))
        }
    })
}
