//! The program and its server, as processes that are measured.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// A server that ends with its value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// Its administrator's.
    pub token: String,
}

impl Server {
    /// Starts one over a directory of data, with what it begins with.
    #[allow(dead_code, reason = "not every benchmark begins with something")]
    pub fn start(data: &Path, seed: Option<&Path>) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.args(seed.map(|_| "--seed")).args(seed).stderr(Stdio::inherit());
        Self::spawn(command, data)
    }

    /// Starts an empty one with these arguments; each request that it answers becomes a line of the log.
    #[allow(dead_code, reason = "not every benchmark counts requests")]
    pub fn logging(data: &Path, arguments: &[&str], log: &Path) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(arguments);
        command.env("CONSIGN_LOG", "debug").stderr(fs::File::create(log).expect("it can be made"));
        Self::spawn(command, data)
    }

    fn spawn(mut command: Command, data: &Path) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("`cargo build --release` comes first");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let url = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
        let token = fs::read_to_string(data.join("admin.token")).expect("it writes its token").trim().to_owned();
        Self { child, url, token }
    }

    /// A command of the program in a project, which finds the server's token.
    pub fn consign(&self, project: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).current_dir(project).env("CONSIGN_TOKEN", &self.token).env("CONSIGN_HTTP_TIMEOUT", "10m");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, built for release.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a program knows itself");
    own.ancestors().nth(2).expect("target/release/deps/NAME").join("consign")
}

/// Runs a command that must succeed; how long it took.
pub fn run(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let output =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).output().expect("`cargo build --release` comes first");
    let took = begun.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

/// The peak of a command's memory, read while it runs.
pub fn peak_kib(command: &mut Command) -> Option<u64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().ok()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}
