//! Failures of a command: what to say, and which exit code. Here, and nowhere else, is decided whose fault an error is.

use crate::adapter::AdapterError;
use crate::apply::Refusal;
use crate::cli::exit;
use crate::cli::exit::Exit;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::visible;
use crate::plan::Plan;

/// A command that came to nothing.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong, with its causes; empty when all is said already.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// The findings that are why, where all is said already: reports tell them.
    pub found: Option<Box<(Diagnostics, Sources)>>,
    /// The plan that is why: reports tell what blocks it.
    pub plan: Option<Box<Plan>>,
}

impl Failure {
    /// A failure with a message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None, found: None, plan: None }
    }

    /// A failure of which everything was said.
    pub const fn silent(exit: Exit) -> Self {
        Self { exit, message: String::new(), help: None, found: None, plan: None }
    }

    /// A failure of which everything was said, for the sake of findings.
    pub fn found(exit: Exit, found: &Diagnostics, sources: &Sources) -> Self {
        Self { found: Some(Box::new((found.clone(), sources.clone()))), ..Self::silent(exit) }
    }

    /// Says which plan is why.
    #[must_use]
    pub fn of(mut self, plan: &Plan) -> Self {
        self.plan = Some(Box::new(plan.clone()));
        self
    }

    /// A failure with an error and its causes.
    pub fn from_error(exit: Exit, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::new(exit, chain(error))
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The lines for a person.
    pub fn lines(&self) -> String {
        let mut text = format!("error: {}\n", visible(&self.message));
        if let Some(help) = &self.help {
            text.push_str(&format!("  help: {}\n", visible(help)));
        }
        text
    }
}

/// An error and its causes in one line. A cause that its effect repeats is not said twice.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

impl From<AdapterError> for Failure {
    fn from(error: AdapterError) -> Self {
        use crate::sys::http::TransportError as T;
        let exit = match &error {
            AdapterError::LeaseHeld { .. } => exit::LOCKED,
            AdapterError::Stale { .. } => exit::STALE,
            AdapterError::Denied { .. } => exit::CONFIG,
            AdapterError::NoAnswer { source: T::Unsendable(_) | T::Denied { .. }, .. } => exit::CONFIG,
            _ => exit::ERROR,
        };
        let help = match &error {
            AdapterError::NoAnswer { source: T::Connect(_), .. } => {
                "is it running, and is `url` in `consign.yaml` right?"
            }
            AdapterError::NoAnswer { source: T::Certificate(_), .. } => {
                "for a company's own authority set `caFile` in `consign.yaml`; verification cannot be switched off"
            }
            AdapterError::NoAnswer { source: T::TimedOut, .. } => {
                "the server is slow or something swallows packets; try again"
            }
            AdapterError::NoAnswer { source: T::Denied { help, .. }, .. } => help.as_str(),
            AdapterError::NoAnswer { .. } => {
                "try again; if it stays so, something between here and the server cuts answers"
            }
            AdapterError::Denied { .. } => "look at `tokenFrom` or `auth` in `consign.yaml` and at what it names",
            AdapterError::Forbidden { .. } => {
                "the token's role allows less than this needs; an apply needs `applier`, or an account that may write"
            }
            AdapterError::OtherVersion { .. } => "use a consign of the server's version, or the other way round",
            AdapterError::NotInstalled { .. } => {
                "is `url` in `consign.yaml` right (it ends in `/Altiris`), and is the solution installed there?"
            }
            AdapterError::Unlicensed { .. } => {
                "ask who looks after the server's licences; an account that may not read the product item sees none"
            }
            AdapterError::Malformed { .. } => "is this a delivery server, and not a proxy or a login page?",
            _ => "",
        };
        let help = help.to_owned();
        let failure = Self::from_error(exit, &error);
        if help.is_empty() { failure } else { failure.help(help) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (exit, help) = match refusal {
            Refusal::Server(error) => return error.into(),
            Refusal::OtherServer { .. } => {
                (exit::CONFIG, "plan again for this server, or apply to the one it was made for")
            }
            Refusal::Expired(_) | Refusal::Stale(_) => {
                (exit::STALE, "nothing was written; plan again and look at the difference")
            }
            Refusal::Blocked => (exit::BLOCKED, "`consign show PLAN` says what blocks it"),
            Refusal::Incomplete | Refusal::Unreadable(_) => {
                (exit::INCOMPLETE, "nothing was written; mend the connection or the rights, and plan again")
            }
            Refusal::Locked { .. } => (exit::LOCKED, "wait, or give --lock-timeout; nothing was written"),
            Refusal::Interrupted => (exit::ERROR, "nothing was written; apply it again"),
            Refusal::Journal(_) => (exit::ERROR, "make room, or make `.consign` in the project writable"),
        };
        Self::from_error(exit, &refusal).help(help)
    }
}
