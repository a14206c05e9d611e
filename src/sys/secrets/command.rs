//! A secret that a program prints. It is run without a shell; what it says beside the secret is thrown away, for nobody
//! can tell whether the secret is in it.

use std::io;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use camino::Utf8Path;
use secrecy::SecretString;

use super::BYTES_MAX;
use super::SecretError;
use super::of_bytes;
use crate::sys::disk::TemporaryDirectory;

/// How long a program may take, and how often it is looked at.
const LIMIT: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// Runs a program, given with its arguments. It begins in an empty directory: no file of a repository is in its way, be it
/// an argument or its configuration. A path that is relative is the project's.
pub(super) fn run(words: &[String], root: &Utf8Path) -> Result<SecretString, SecretError> {
    within(words, root, LIMIT)
}

fn within(words: &[String], root: &Utf8Path, limit: Duration) -> Result<SecretString, SecretError> {
    let not_run = |program: &str, source| SecretError::NotRun { program: program.to_owned(), source };
    let Some((program, arguments)) = words.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err(not_run("", io::Error::other("no program is named")));
    };
    let empty = TemporaryDirectory::new("consign-secret").map_err(|error| not_run(program, io::Error::other(error)))?;
    let is_path = program.contains(['/', '\\']);
    let found = if is_path { root.join(program) } else { program.into() };
    let mut child = Command::new(found)
        .args(arguments)
        .current_dir(empty.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| not_run(program, source))?;
    let (sender, printed) = mpsc::channel();
    if let Some(pipe) = child.stdout.take() {
        // It ends with the pipe: when the program does, or has printed too much.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = pipe.take(BYTES_MAX + 1).read_to_end(&mut bytes);
            // Nobody listens any more where it took too long.
            let _ = sender.send(read.map(|_| bytes));
        });
    }
    let bytes = match printed.recv_timeout(limit) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(source)) => {
            end(&mut child);
            return Err(not_run(program, source));
        }
        Err(_) => {
            end(&mut child);
            return Err(SecretError::TooSlow(program.clone()));
        }
    };
    if bytes.len() as u64 > BYTES_MAX {
        end(&mut child);
        return Err(SecretError::TooLong(program.clone()));
    }
    let Some(status) = ended(&mut child, limit) else {
        end(&mut child);
        return Err(SecretError::TooSlow(program.clone()));
    };
    if !status.success() {
        // What it printed may be the secret all the same.
        if let Ok(secret) = of_bytes(bytes, program) {
            super::remember(&secret);
        }
        return Err(SecretError::Failed { program: program.clone(), status: status.to_string() });
    }
    of_bytes(bytes, program)
}

/// Waits for the end of a program that has closed its output.
fn ended(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    // Nobody sends: it is the wait between two looks.
    let (_keep, nothing) = mpsc::channel::<()>();
    let looks = limit.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let _ = nothing.recv_timeout(LOOK);
    }
    None
}

/// Ends a program by force.
fn end(child: &mut Child) {
    // One that is gone already is fine.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn of(script: &str, limit: Duration) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        within(&words, Utf8Path::new("."), limit)
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| format!("{error} {error:?}"))
    }

    #[test]
    fn what_a_program_prints_is_the_secret_less_a_line_end() {
        assert_eq!(of("printf 'hunter2\\n'", LIMIT).as_deref(), Ok("hunter2"));
        assert_eq!(of("echo noise >&2; printf ' a b '", LIMIT).as_deref(), Ok(" a b "));
    }

    #[test]
    fn no_shell_reads_the_words() {
        let words = ["printf", "%s", "$HOME; `id`"].map(str::to_owned);
        let secret = within(&words, Utf8Path::new("."), LIMIT).unwrap();
        assert_eq!(secret.expose_secret(), "$HOME; `id`");
    }

    #[test]
    fn a_program_that_fails_hangs_or_prints_too_much_shows_nothing() {
        for (script, says) in [
            ("echo canary-cmd; echo canary-cmd >&2; exit 3", "exit status: 3"),
            ("echo canary-cmd; sleep 60", "within 30 seconds"),
            ("exec >&-; sleep 60", "within 30 seconds"),
            ("yes canary-cmd", "more than 65536 bytes"),
            ("printf 'canary-cmd\\377'", "not UTF-8"),
            ("true", "empty"),
        ] {
            let error = of(script, Duration::from_millis(300)).unwrap_err();
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
        let missing = ["no-such-program-here".to_owned()];
        assert!(within(&missing, Utf8Path::new("."), LIMIT).is_err());
        assert!(within(&[], Utf8Path::new("."), LIMIT).is_err());
    }
}
