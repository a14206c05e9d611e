//! `consign completions SHELL`, and `consign complete`, which the scripts that it prints ask.
//!
//! What may stand where comes from the command line's own definition; names come from the manifests of the project, never
//! from a server. Nothing is said on standard error: a shell that completes shows a half-typed line.

mod names;
mod words;

use std::ffi::OsString;

use camino::Utf8PathBuf;
use clap::Args;
use clap::CommandFactory;
use clap::ValueEnum;
use clap_complete::engine::CompletionCandidate;

use crate::cli::args::Cli;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::diag::is_hidden;

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash 3.2 or later.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish 3.0 or later.
    Fish,
    /// PowerShell, on any system.
    Powershell,
}

/// `consign completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Bash, in ~/.bashrc:            source <(consign completions bash)
Zsh, in ~/.zshrc:              source <(consign completions zsh)
Fish:                          consign completions fish > ~/.config/fish/completions/consign.fish
PowerShell, in its $PROFILE:   consign completions powershell | Out-String | Invoke-Expression

The script asks `consign` itself what fits, so it stays right when the program is updated. Names of items, servers, folders
and principals come from the manifests of the project that the command would work in.")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `consign complete`
#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
    /// The word that is being typed; for Bash the whole line stands in its place
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub current: String,
    /// For Bash: what it breaks words at
    #[arg(long, value_name = "CHARACTERS", default_value = "", allow_hyphen_values = true)]
    pub breaks: String,
    /// The words before it, the command first
    #[arg(value_name = "WORD", last = true)]
    pub words: Vec<String>,
}

/// Runs `consign completions`.
pub fn script(context: &Context, args: &CompletionsArgs) -> Outcome {
    context.out(match args.shell {
        Shell::Bash => include_str!("complete/consign.bash"),
        Shell::Zsh => include_str!("complete/consign.zsh"),
        Shell::Fish => include_str!("complete/consign.fish"),
        Shell::Powershell => include_str!("complete/consign.ps1"),
    })?;
    Ok(exit::OK)
}

/// Runs `consign complete`.
pub fn run(context: &Context, args: &CompleteArgs) -> Outcome {
    let mut out = String::new();
    if args.shell == Shell::Bash {
        let line = words::split(&args.current);
        for one in fitting(context, line.before.clone(), &line.current) {
            if let Some(text) = line.inserted(&one.value, &args.breaks) {
                out.push_str(&format!("{text}\n"));
            }
        }
    } else {
        for one in fitting(context, args.words.clone(), &args.current) {
            out.push_str(&format!("{}\t{}\n", one.value, one.about));
        }
    }
    context.out(&out)?;
    Ok(exit::OK)
}

/// What fits, and what it is.
struct Fitting {
    value: String,
    about: String,
}

/// What fits at the end of a line of words, the command first.
fn fitting(context: &Context, before: Vec<String>, current: &str) -> Vec<Fitting> {
    let directory = directory(&before).map_or_else(|| context.directory.clone(), |named| context.directory.join(named));
    let mut command = names::completed(Cli::command(), &directory);
    let at = before.len();
    let takes_file = current.is_empty() && takes_positional(&command, &before);
    let words: Vec<OsString> = before.into_iter().chain([current.to_owned()]).map(OsString::from).collect();
    let found = clap_complete::engine::complete(&mut command, words, at, Some(directory.as_std_path()));
    // A line that cannot be understood has no end that fits.
    let found: Vec<Fitting> = found.unwrap_or_default().iter().filter_map(shown).collect();
    // Flags are shown where they are asked for, or where nothing else may stand: else they would hide names and files.
    let is_flag = |one: &Fitting| one.value.starts_with('-');
    let has_others = takes_file || found.iter().any(|one| !is_flag(one));
    let is_asked = current.starts_with('-');
    found.into_iter().filter(|one| is_asked || !is_flag(one) || !has_others).collect()
}

/// Whether the command of a line takes something besides flags.
fn takes_positional(command: &clap::Command, words: &[String]) -> bool {
    let sub = words.iter().skip(1).find_map(|word| command.find_subcommand(word));
    sub.is_some_and(|sub| sub.get_positionals().next().is_some())
}

/// What a candidate is, where it can be shown: a name with hidden characters would act on a terminal.
fn shown(candidate: &CompletionCandidate) -> Option<Fitting> {
    let value = candidate.get_value().to_str()?.to_owned();
    let about = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let about = about.lines().next().unwrap_or_default().to_owned();
    let is_plain = |text: &str| !text.chars().any(is_hidden);
    is_plain(&value).then(|| Fitting { value, about: if is_plain(&about) { about } else { String::new() } })
}

/// The directory that the line works in: `-C DIR`, in any of its forms.
fn directory(words: &[String]) -> Option<Utf8PathBuf> {
    let mut found = None;
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if word == "-C" || word == "--directory" {
            found = words.next().map(Utf8PathBuf::from);
        } else if let Some(path) = word.strip_prefix("--directory=") {
            found = Some(path.into());
        } else if let Some(path) = word.strip_prefix("-C").filter(|_| !word.starts_with("--")) {
            found = Some(path.strip_prefix('=').unwrap_or(path).into());
        }
    }
    found
}

#[cfg(test)]
mod tests;
