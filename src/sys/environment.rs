//! Environment and process: the only place that asks for them.

use camino::Utf8PathBuf;

/// An environment variable; `None` when it is not set or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The current directory.
///
/// # Errors
/// A message when there is none or its path is not UTF-8.
pub fn current_directory() -> Result<Utf8PathBuf, String> {
    let path = std::env::current_dir().map_err(|error| format!("cannot tell the current directory: {error}"))?;
    Utf8PathBuf::from_path_buf(path).map_err(|path| format!("the current directory `{}` is not UTF-8", path.display()))
}

/// How many columns the terminal of standard output has; `None` where it is no terminal, or says nothing of it.
pub fn columns() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns))
}

/// Who and where this run is, for the one who finds its lock: user, host, pipeline run if there is one, process.
pub fn whoami() -> String {
    let user = variable("USER").or_else(|| variable("USERNAME")).unwrap_or_else(|| "unknown".to_owned());
    let host = variable("HOSTNAME").or_else(host_name).unwrap_or_else(|| "unknown host".to_owned());
    let run = ["GITHUB_RUN_ID", "CI_PIPELINE_URL", "BUILD_BUILDURI"].into_iter().find_map(variable);
    let run = run.map_or(String::new(), |run| format!(", run {run}"));
    let text = format!("{user} on {host}{run}, process {}", std::process::id());
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

#[expect(clippy::disallowed_methods, reason = "the host's name has no other source without a C library")]
fn host_name() -> Option<String> {
    let text = std::fs::read_to_string("/etc/hostname").ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// A number that no other run has: for seeds and for names of runs, not for secrets.
pub fn unique() -> u128 {
    uuid::Uuid::new_v4().as_u128()
}
