//! Arguments, settings, a file a command, exit codes, the terminal. No rule of the domain lives here.

mod agents;
mod apply;
mod args;
mod capabilities;
mod comment;
mod complete;
mod computer;
mod context;
mod demo;
mod diff;
mod drift;
mod exit;
mod explain;
mod failure;
mod fleet;
mod fmt;
mod forecast;
mod hosting;
mod import;
mod init;
mod knowledge;
mod log;
mod lsp;
mod man;
mod new;
mod passwords;
mod plan;
mod portal;
mod probe;
mod reference;
mod refs;
mod report;
mod revision;
mod schema;
mod serve;
mod validate;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::args::Cli;
use crate::cli::args::Command;
use crate::cli::context::Context;
use crate::cli::context::Outcome;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    crate::sys::http::install_crypto();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Where neither stream takes it there is nobody to tell.
            let _ = error.print();
            // clap's own 2 would read as "there are changes".
            return ExitCode::from(if is_answer { exit::OK.code } else { exit::USAGE.code });
        }
    };
    ExitCode::from(run(cli).code)
}

fn run(cli: Cli) -> exit::Exit {
    let context = match log::start().and_then(|()| Context::new(&cli.common)) {
        Ok(context) => context,
        Err(failure) => {
            // No context, no colour: the text is the same.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), failure.lines().as_bytes());
            return failure.exit;
        }
    };
    match dispatch(&context, cli.command) {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.message.is_empty() {
                context.talk(&failure.lines());
            }
            failure.exit
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Demo(args) => demo::run(context, &args),
        Command::Init(args) => init::run(context, &args),
        Command::New(args) => new::run(context, &args),
        Command::Validate(args) => validate::run(context, &args),
        Command::Fmt(args) => fmt::run(context, &args),
        Command::Diff(args) => diff::run(context, &args),
        Command::Plan(args) => plan::run(context, &args),
        Command::Show(args) => plan::show(context, &args),
        Command::Apply(args) => apply::run(context, &args),
        Command::Comment(args) => comment::run(context, &args),
        Command::Drift(args) => drift::run(context, &args),
        Command::Forecast(args) => forecast::run(context, &args),
        Command::Computer(args) => computer::run(context, &args),
        Command::Import(args) => import::run(context, &args),
        Command::Portal(args) => portal::run(context, &args),
        Command::Refs(args) => refs::run(context, &args),
        Command::Probe(args) => probe::run(context, &args),
        Command::Agents(args) => agents::run(context, &args),
        Command::Fleet(args) => fleet::run(context, args),
        Command::Serve(args) => serve::run(context, args),
        Command::Completions(args) => complete::script(context, &args),
        Command::Complete(args) => complete::run(context, &args),
        Command::Man(args) => man::run(context, &args),
        Command::Reference(args) => reference::run(context, &args),
        Command::Schema(args) => schema::run(context, &args),
        Command::Explain(args) => explain::run(context, &args),
        Command::Lsp(args) => lsp::run(&args),
        #[cfg(feature = "negotiate")]
        Command::KerberosLibrary => {
            crate::sys::kerberos::serve();
            Ok(exit::OK)
        }
    }
}
