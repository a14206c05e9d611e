//! A program that prints the `Authorization` header.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use camino::Utf8PathBuf;
use http::HeaderValue;
use jiff::SignedDuration;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;

use super::super::TransportError;
use super::denied;
use crate::model::project::SecretSource;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::secrets;

/// How long before its end a header is not used any more.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

const HELP: &str = "it prints the value of the `Authorization` header in one line, such as `Bearer …`, or JSON \
                    `{\"authorization\": \"…\", \"expires\": \"2026-11-21T08:00:00Z\"}`; `auth.command` in `consign.yaml` \
                    names it";

/// A program, and what it printed last.
#[derive(Clone)]
pub(in crate::sys::http) struct HeaderCommand {
    words: Vec<String>,
    root: Utf8PathBuf,
    /// One at a time: who comes meanwhile takes what the first one got.
    last: Arc<tokio::sync::Mutex<()>>,
    kept: Arc<Mutex<Option<Printed>>>,
}

#[derive(Clone)]
struct Printed {
    value: HeaderValue,
    expires: Option<Timestamp>,
}

impl HeaderCommand {
    pub(in crate::sys::http) fn new(words: &[String], root: &camino::Utf8Path) -> Self {
        Self { words: words.to_vec(), root: root.to_owned(), last: Arc::default(), kept: Arc::default() }
    }

    /// The header: the one that is there, unless it has ended or is `refused`.
    ///
    /// # Errors
    /// When the program gives none.
    pub(in crate::sys::http) async fn header(
        &self,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, TransportError> {
        let _one = self.last.lock().await;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = SystemClock.now();
        let is_fresh = |printed: &Printed| {
            Some(&printed.value) != refused
                && printed.expires.is_none_or(|end| now.checked_add(MARGIN).is_ok_and(|then| then < end))
        };
        if let Some(printed) = kept.filter(is_fresh) {
            return Ok(printed.value);
        }
        let (source, root) = (SecretSource::Command(self.words.clone()), self.root.clone());
        let asked = tokio::task::spawn_blocking(move || secrets::resolve(&source, &root)).await;
        let asked = asked.map_err(|_| self.failed("it was not waited for"))?;
        let printed = asked
            .map_err(|error| self.failed(&chain(&error)))
            .and_then(|text| read(&text).map_err(|why| self.failed(why)))?;
        if printed.expires.is_some_and(|end| end <= now) {
            return Err(self.failed("what it printed has ended already"));
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(printed.clone());
        Ok(printed.value)
    }

    /// The program, for messages.
    pub(in crate::sys::http) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn failed(&self, why: &str) -> TransportError {
        denied(format!("the credential command `{}` is of no use: {why}", self.program()), HELP)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map_or(String::new(), |cause| format!(": {cause}"));
    format!("{error}{cause}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    authorization: String,
    #[serde(default)]
    expires: Option<Timestamp>,
}

/// What was printed; no message repeats any of it.
fn read(text: &SecretString) -> Result<Printed, &'static str> {
    let text = text.expose_secret().trim_end();
    let (value, expires) = if text.starts_with('{') {
        let json: Json = serde_json::from_str(text).map_err(|_| "its JSON is not what is expected")?;
        (json.authorization, json.expires)
    } else {
        (text.to_owned(), None)
    };
    if value.contains(['\n', '\r']) {
        return Err("it printed more than one line");
    }
    let Some((scheme, rest)) = value.split_once(' ').filter(|(scheme, _)| !scheme.is_empty()) else {
        return Err("what it printed has no scheme, such as `Bearer`, before the credentials");
    };
    if rest.trim().is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("what it printed is no scheme with credentials");
    }
    // Whoever repeats the header repeats the secret.
    secrets::remember(&value.clone().into());
    secrets::remember(&rest.to_owned().into());
    let mut value = HeaderValue::from_str(&value).map_err(|_| "what it printed cannot stand in a header")?;
    value.set_sensitive(true);
    Ok(Printed { value, expires })
}

#[cfg(all(test, unix))]
mod tests {
    use super::HeaderCommand;

    async fn of(script: &str) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        let header = HeaderCommand::new(&words, camino::Utf8Path::new(".")).header(None).await;
        header.map(|value| value.to_str().unwrap().to_owned()).map_err(|error| format!("{error} {error:?}"))
    }

    #[tokio::test]
    async fn a_line_or_json_is_the_header() {
        assert_eq!(of("echo Bearer abc").await.as_deref(), Ok("Bearer abc"));
        let json = r#"echo '{"authorization": "Negotiate YII=", "expires": "2999-01-01T00:00:00Z"}'"#;
        assert_eq!(of(json).await.as_deref(), Ok("Negotiate YII="));
    }

    #[tokio::test]
    async fn what_is_no_header_is_said_without_showing_it() {
        for (script, says) in [
            ("true", "empty"),
            ("echo canary; echo canary", "more than one line"),
            ("printf 'Bearer canary\\nBearer canary\\n'", "more than one line"),
            ("echo canary", "no scheme"),
            ("printf 'Bearer  '", "no scheme"),
            ("echo '{\"authorization\": 1, \"canary\": 2}'", "its JSON"),
            (r#"echo '{"authorization": "Bearer canary", "expires": "2001-01-01T00:00:00Z"}'"#, "ended already"),
            (r#"printf '%s' '{"authorization": "Bearer canary\nX: y"}'"#, "more than one line"),
            (r#"printf '%s' '{"authorization": "Bearer can\u0001ary"}'"#, "cannot stand in a header"),
            ("echo canary; exit 4", "exit status: 4"),
        ] {
            let error = of(script).await.unwrap_err();
            assert!(error.contains(says) && !error.contains("canary"), "{script}: {error}");
        }
        let missing = HeaderCommand::new(&["no-such-program".to_owned()], camino::Utf8Path::new("."));
        assert!(missing.header(None).await.is_err());
    }

    #[tokio::test]
    async fn it_is_asked_again_when_it_was_refused_or_has_ended_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let script = format!("echo x >> {0}; printf 'Bearer '; wc -l < {0}", count.display());
        let words = ["sh", "-c", &script].map(str::to_owned);
        let command = HeaderCommand::new(&words, camino::Utf8Path::new("."));
        let first = command.header(None).await.unwrap();
        assert_eq!(command.header(None).await.unwrap(), first);
        let second = command.header(Some(&first)).await.unwrap();
        assert_ne!(second, first);
        assert_eq!(command.header(Some(&first)).await.unwrap(), second, "the other one was got meanwhile");
    }
}
