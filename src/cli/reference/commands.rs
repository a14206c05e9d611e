//! The chapter of commands, from the command line's own definition.

use clap::Arg;
use clap::Command;
use clap::CommandFactory;

use super::linked;
use crate::cli::args::Cli;
use crate::cli::exit;
use crate::cli::man::VARIABLES;

pub(super) fn chapter() -> String {
    let mut root = Cli::command();
    root.build();
    let mut out = "# Commands\n\nEvery command with its options, as `consign COMMAND --help` tells them. \
                   `consign man` prints the same as manual pages.\n\n"
        .to_owned();
    let subs: Vec<&Command> = root.get_subcommands().filter(|sub| !sub.is_hide_set()).collect();
    out.push_str("| command | does |\n| --- | --- |\n");
    for sub in &subs {
        let name = sub.get_name();
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        out.push_str(&format!("| [`{name}`](#consign-{name}) | {} |\n", plain(&about)));
    }
    out.push_str("\n## Options of every command\n\n");
    for arg in root.get_arguments().filter(|arg| arg.is_global_set() && !arg.is_hide_set()) {
        out.push_str(&item(arg));
    }
    for sub in subs {
        command(sub, &mut out);
    }
    out.push_str("\n## Variables\n\n");
    for (names, about) in VARIABLES {
        let names: Vec<String> = names.split(", ").map(|name| format!("`{name}`")).collect();
        out.push_str(&format!("- {}: {}\n", names.join(", "), plain(about)));
    }
    out.push_str(&format!("\n## Exit codes\n\n```text\n{}\n```\n", exit::HELP));
    out
}

fn command(sub: &Command, out: &mut String) {
    let mut sub = sub.clone();
    let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = sub.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    out.push_str(&format!(
        "\n## consign {}\n\n{}.\n\n```text\n{usage}\n```\n\n",
        sub.get_name(),
        linked(&plain(&about), "")
    ));
    let own = |arg: &&Arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help";
    for arg in sub.get_arguments().filter(own) {
        out.push_str(&item(arg));
    }
    if let Some(more) = sub.get_after_help() {
        out.push_str(&format!("\n```text\n{}\n```\n", more.to_string().trim_end()));
    }
}

/// An argument in an entry of a list.
fn item(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    let takes_value = arg.get_action().takes_values();
    let name = match (arg.get_long(), arg.get_short(), value.filter(|_| takes_value)) {
        (Some(long), Some(short), Some(value)) => format!("`-{short}`, `--{long} {value}`"),
        (Some(long), None, Some(value)) => format!("`--{long} {value}`"),
        (Some(long), Some(short), None) => format!("`-{short}`, `--{long}`"),
        (Some(long), None, None) => format!("`--{long}`"),
        _ => format!("`{}`", value.unwrap_or_default()),
    };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut out = format!("- {name}: {}", linked(&plain(&help), ""));
    let mut more = Vec::new();
    let choices: Vec<String> = arg
        .get_possible_values()
        .into_iter()
        .filter(|one| takes_value && !one.is_hide_set())
        .map(|one| format!("`{}`", one.get_name()))
        .collect();
    if !choices.is_empty() {
        more.push(format!("one of {}", choices.join(", ")));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if takes_value && !defaults.is_empty() {
        more.push(format!("default {}", defaults.join(", ")));
    }
    if let Some(variable) = arg.get_env() {
        more.push(format!("variable `{}`", variable.to_string_lossy()));
    }
    if !more.is_empty() {
        out.push_str(&format!(" ({})", more.join("; ")));
    }
    out.push('\n');
    out
}

/// A help text as Markdown: angle brackets, stars and bars are themselves.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            out.push('`');
        }
        match at % 2 {
            0 => out.push_str(&part.replace('<', "&lt;").replace('*', "\\*").replace('|', "\\|").replace('_', "\\_")),
            _ => out.push_str(part),
        }
    }
    out
}
