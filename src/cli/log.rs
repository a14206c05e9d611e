//! The log, on standard error: what the server has to say besides its answers.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::visible;
use crate::sys::environment;

/// What is logged where `CONSIGN_LOG` does not say.
const DEFAULT: &str = "warn";

/// Starts the log: `CONSIGN_LOG` says what (`warn` where it is not set), `CONSIGN_LOG_FORMAT=json` how.
///
/// # Errors
/// When `CONSIGN_LOG` is no filter, or `CONSIGN_LOG_FORMAT` no format.
pub fn start() -> Result<(), Failure> {
    let filter = environment::variable("CONSIGN_LOG").filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(filter.as_deref().unwrap_or(DEFAULT)).map_err(|error| {
        Failure::new(exit::CONFIG, format!("`CONSIGN_LOG` is no filter: {error}"))
            .help("write a level, such as `debug`, or levels by module, such as `warn,consign::server=debug`")
    })?;
    let format = environment::variable("CONSIGN_LOG_FORMAT");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Lines);
    let started = match format.as_deref() {
        None | Some("" | "text") => log.try_init(),
        Some("json") => log.json().try_init(),
        Some(other) => {
            return Err(
                Failure::new(exit::CONFIG, format!("`CONSIGN_LOG_FORMAT` is `{other}`")).help("write `text` or `json`")
            );
        }
    };
    // It fails only where a log was started before: the demo runs commands within a command.
    drop(started);
    Ok(())
}

/// Writes an event as one line of standard error in which nothing acts, whoever's text is in it.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = format!("{}\n", visible(text.trim_end_matches('\n')));
        // The formatter hands over whole events.
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
