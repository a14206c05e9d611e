//! The `consign` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    consign::cli::main()
}
