//! How the program proves who it is, over real sockets and against what others wrote: a key server of MIT Kerberos, NTLM
//! of pyspnego, curl.

mod command;
mod kdc;
mod kerberos;
#[cfg(feature = "ntlm")]
mod ntlm;
mod proxy;
mod tls;

use std::path::PathBuf;

/// A program, wherever programs are found, also where administrators' are.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(more).map(|place| place.join(name)).find(|file| file.is_file())
}

/// Says that a test could not be made; fails where `variable` says that it can.
#[track_caller]
fn skipped(variable: &str, why: &str) {
    let is_needed = std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    assert!(!is_needed, "{variable} is set, and {why}");
    println!("SKIPPED: {why} (.ci/run has what is needed)");
}

/// One package: enough to plan and to apply.
const MANIFEST: (&str, &str) = (
    "p.yaml",
    "apiVersion: consign/v1\nkind: Package\nmetadata: {name: p, folder: Software Delivery}\nspec:\n  source: \
     {unc: '\\\\files\\p'}\n  programs:\n    - {name: Install, commandLine: setup.exe /S}\n",
);
