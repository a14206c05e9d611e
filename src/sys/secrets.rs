//! Secrets: read where a manifest says they are, right before they are sent, and never shown.

mod command;

use std::io::Read;
use std::sync::Mutex;
use std::sync::PoisonError;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::model::project::SecretSource;

/// The largest secret that is read.
const BYTES_MAX: u64 = 64 * 1024;

/// Shorter ones are no secrets, and cutting them out would garble what is said.
const CONCEALED_MIN: usize = 4;

/// Every secret that this process has read, so that nothing that others say repeats one.
static KNOWN: Mutex<Vec<SecretString>> = Mutex::new(Vec::new());

/// Keeps a secret out of what [`without`] is asked about.
pub fn remember(secret: &SecretString) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.iter().all(|one| one.expose_secret() != secret.expose_secret()) {
        known.push(secret.clone());
    }
}

/// A text from outside without any secret that was read: a server may repeat in an error what it was sent.
pub fn without(text: &str) -> String {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = text.to_owned();
    let mut secrets: Vec<&str> = known.iter().map(ExposeSecret::expose_secret).collect();
    // The longest first: where one begins with another, the rest of it would stay.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets.into_iter().filter(|secret| secret.len() >= CONCEALED_MIN) {
        // As it is, and as a JSON text that is repeated has it.
        let quoted = serde_json::Value::from(secret).to_string();
        out = out.replace(secret, "").replace(&quoted[1..quoted.len() - 1], "");
    }
    out
}

/// Why a secret cannot be had. Never holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment has no such variable.
    #[error("environment variable `{0}` is not set")]
    NotSet(String),
    /// It is empty, which is never meant.
    #[error("the secret `{0}` is empty")]
    Empty(String),
    /// It is not text.
    #[error("the secret `{0}` is not UTF-8 text")]
    NotText(String),
    /// The file is no plain file, or larger than any secret.
    #[error("`{0}` is not a file of at most 65536 bytes")]
    NotAFile(Utf8PathBuf),
    /// The program cannot be started.
    #[error("cannot run `{program}` for a secret")]
    NotRun {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The program did not end in time.
    #[error("`{0}` did not give a secret within 30 seconds, and was ended")]
    TooSlow(String),
    /// The program failed. What it said is not told: it may hold the secret.
    #[error("`{program}` gave no secret: it ended with {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// The program printed more than any secret.
    #[error("`{0}` printed more than 65536 bytes")]
    TooLong(String),
    /// The file cannot be read.
    #[error("cannot read secret file `{path}`")]
    Unreadable {
        /// Which file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Reads a secret. A file's path is taken from the project's `root` unless it is absolute; its final line end is not
/// part of the secret.
///
/// # Errors
/// When it is not there, empty, not text, or no plain small file.
pub fn resolve(source: &SecretSource, root: &Utf8Path) -> Result<SecretString, SecretError> {
    let secret = match source {
        SecretSource::Env(name) => from_env(name),
        SecretSource::File(path) => from_file(&root.join(path)),
        SecretSource::Command(words) => command::run(words, root),
    }?;
    remember(&secret);
    Ok(secret)
}

fn from_env(name: &str) -> Result<SecretString, SecretError> {
    // `var` panics on a name that no variable can have.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(SecretError::NotSet(name.to_owned()));
    }
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Err(SecretError::Empty(name.to_owned())),
        Ok(text) => Ok(text.into()),
        Err(std::env::VarError::NotPresent) => Err(SecretError::NotSet(name.to_owned())),
        Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::NotText(name.to_owned())),
    }
}

fn from_file(path: &Utf8Path) -> Result<SecretString, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    // Asked before opening: opening a FIFO waits for somebody to write.
    let there = std::fs::metadata(path).map_err(unreadable)?;
    if !there.is_file() || there.len() > BYTES_MAX {
        return Err(SecretError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes)).map_err(unreadable)?;
    of_bytes(bytes, path.as_str())
}

/// A secret as it was read: text, less a final line end. `what` names where it came from.
fn of_bytes(bytes: Vec<u8>, what: &str) -> Result<SecretString, SecretError> {
    let mut text = String::from_utf8(bytes).map_err(|_| SecretError::NotText(what.to_owned()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err(SecretError::Empty(what.to_owned())) } else { Ok(text.into()) }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use secrecy::ExposeSecret;

    use super::resolve;
    use crate::model::project::SecretSource;

    fn of_file(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        std::fs::write(root.join("secret"), content).unwrap();
        resolve(&SecretSource::File("secret".to_owned()), root)
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| format!("{error} {error:?}"))
    }

    #[test]
    fn one_final_line_end_is_no_part_of_a_secret() {
        for (content, secret) in [
            ("hunter2", "hunter2"),
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            ("hunter2\n\n", "hunter2\n"),
            (" spaced \n", " spaced "),
        ] {
            assert_eq!(of_file(content.as_bytes()).as_deref(), Ok(secret));
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_without_showing_it() {
        for content in [&b""[..], b"\n", b"\r\n", b"hunter2\xff", &[b'x'; 65 * 1024]] {
            let error = of_file(content).unwrap_err();
            assert!(!error.contains("hunter2") && !error.contains("xxx"), "{error}");
        }
        let root = Utf8Path::new(".");
        assert!(resolve(&SecretSource::File("no such file".to_owned()), root).is_err());
        assert!(resolve(&SecretSource::File(".".to_owned()), root).is_err());
        for name in ["", "A=B", "A\0B", "CONSIGN_TEST_NO_SUCH_VARIABLE"] {
            assert!(resolve(&SecretSource::Env(name.to_owned()), root).is_err(), "{name}");
        }
    }

    #[test]
    fn what_others_say_is_told_without_secrets() {
        super::remember(&"hunter2".into());
        super::remember(&"hunter2\"quoted".into());
        super::remember(&"x y".into());
        let said = super::without("no: hunter2\"quoted, {\"password\":\"hunter2\\\"quoted\"}, x y z");
        assert_eq!(said, "no: , {\"password\":\"\"}, x y z");
    }

    #[test]
    fn a_variable_is_taken_as_it_stands() {
        // Set by the test runner itself; no test may change the environment of the others.
        let expected = std::env::var("CARGO_PKG_NAME").unwrap();
        let secret = resolve(&SecretSource::Env("CARGO_PKG_NAME".to_owned()), Utf8Path::new(".")).unwrap();
        assert_eq!(secret.expose_secret(), expected);
    }
}
