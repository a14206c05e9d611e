//! `consign man`

use camino::Utf8PathBuf;
use clap::Args;
use clap::Command;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::args::Cli;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::nearest;
use crate::diag::visible;
use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::disk;
use crate::sys::environment;

/// The variables that every command heeds, and what each says.
pub const VARIABLES: [(&str, &str); 9] = [
    ("CONSIGN_TOKEN", "The token for the server, where consign.yaml does not say where it comes from."),
    ("CONSIGN_SERVER", "As --server, where a command has it."),
    ("CONSIGN_DIRECTORY", "As --directory."),
    ("CONSIGN_COLOR, CONSIGN_NO_COLOR", "As --color, and as --color never."),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM", "When to use colour, where nothing above says so."),
    ("CONSIGN_LOG", "What is logged on standard error: warn, info or debug."),
    ("CONSIGN_LOG_FORMAT", "json: a JSON object a line."),
    ("CONSIGN_HTTP_TIMEOUT", "How long an answer of a server may take, such as 90s."),
    ("COLUMNS", "How wide the terminal is."),
];

/// `consign man`
#[derive(Debug, Args)]
#[command(after_help = "\
The pages are dated by SOURCE_DATE_EPOCH where it is set, so that two builds of a package make the same pages.")]
pub struct ManArgs {
    /// The command whose page is printed; without it, that of consign itself
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub command: Option<String>,
    /// Write all pages to this directory: consign.1, consign-plan.1 and so on
    #[arg(long, value_name = "DIR")]
    pub out: Option<Utf8PathBuf>,
}

/// Runs it.
pub fn run(context: &Context, args: &ManArgs) -> Outcome {
    let pages = pages(&date()?);
    if let Some(out) = &args.out {
        let directory = context.directory.join(out);
        disk::make_directory(&directory).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
        for (name, text) in &pages {
            context.write_file(&directory.join(name), text)?;
        }
        context.out(&format!("{} pages in {}\n", pages.len(), visible(out.as_str())))?;
        return Ok(exit::OK);
    }
    let asked = args.command.as_deref().map_or_else(|| "consign.1".to_owned(), |name| format!("consign-{name}.1"));
    match pages.iter().find(|(name, _)| *name == asked) {
        Some((_, text)) => context.out(text)?,
        None => {
            let name = args.command.as_deref().unwrap_or_default();
            let failure = Failure::new(exit::USAGE, format!("there is no command `{}`", visible(name)));
            let names = pages.iter().filter_map(|(name, _)| name.strip_prefix("consign-")?.strip_suffix(".1"));
            return Err(match nearest(name, names) {
                Some(near) => failure.help(format!("did you mean {near}?")),
                None => failure.help("`consign --help` names them all"),
            });
        }
    }
    Ok(exit::OK)
}

/// The day that the pages are of.
fn date() -> Result<String, Failure> {
    let now = match environment::variable("SOURCE_DATE_EPOCH") {
        Some(text) => {
            text.parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).ok_or_else(|| {
                Failure::new(exit::CONFIG, format!("`SOURCE_DATE_EPOCH` is `{}`, which is no time", visible(&text)))
                    .help("it is the number of seconds since 1970")
            })?
        }
        None => SystemClock.now(),
    };
    Ok(now.strftime("%Y-%m-%d").to_string())
}

/// The pages, by file name; the first is that of the program.
fn pages(date: &str) -> Vec<(String, String)> {
    let mut root = Cli::command();
    root.build();
    let subs: Vec<Command> = root.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
    let names: Vec<String> = subs.iter().map(|sub| sub.get_name().to_owned()).collect();
    let mut pages = vec![("consign.1".to_owned(), page(root, date, &names))];
    for sub in subs {
        let name = format!("consign-{}.1", sub.get_name());
        let others = ["".to_owned()];
        pages.push((name, page(sub, date, &others)));
    }
    pages
}

/// A page. What the help says at its end becomes sections of its own; `others` are the pages that it names besides.
fn page(command: Command, date: &str, others: &[String]) -> String {
    let is_root = command.get_name() == "consign";
    let after = command.get_after_help().map(ToString::to_string);
    let has_subs = command.get_subcommands().any(|sub| !sub.is_hide_set());
    let has_options = command.get_arguments().any(|one| !one.is_hide_set());
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command).date(date).source(format!("consign {version}")).manual("consign");
    let mut out = Vec::new();
    const WRITES: &str = "a buffer takes everything";
    man.render_title(&mut out).expect(WRITES);
    man.render_name_section(&mut out).expect(WRITES);
    man.render_synopsis_section(&mut out).expect(WRITES);
    man.render_description_section(&mut out).expect(WRITES);
    if has_options {
        man.render_options_section(&mut out).expect(WRITES);
    }
    if has_subs {
        man.render_subcommands_section(&mut out).expect(WRITES);
    }
    let mut text = String::from_utf8(out).expect("roff is written as UTF-8");
    if let Some(after) = after.filter(|_| !is_root) {
        text.push_str(&format!(".SH NOTES\n.nf\n{}.fi\n", lines(&after)));
    }
    if is_root {
        text.push_str(".SH ENVIRONMENT\n");
        for (names, about) in VARIABLES {
            text.push_str(&format!(".TP\n\\fB{}\\fR\n{}", escaped(names), lines(about)));
        }
    }
    text.push_str(".SH EXIT STATUS\n");
    for (code, about) in statuses() {
        text.push_str(&format!(".TP\n\\fB{code}\\fR\n{}", lines(&about)));
    }
    text.push_str(".SH SEE ALSO\n");
    let others: Vec<String> = match is_root {
        true => others.iter().map(|name| format!(".BR consign\\-{} (1)", escaped(name))).collect(),
        false => vec![".BR consign (1)".to_owned()],
    };
    text.push_str(&others.join(" ,\n"));
    text.push('\n');
    text
}

/// The exit codes and what they mean, from the table of `--help`.
fn statuses() -> Vec<(String, String)> {
    let table = exit::HELP.lines().skip(1).flat_map(|line| line.split("   ").filter(|part| !part.trim().is_empty()));
    let one = |part: &str| part.trim().split_once("  ").map(|(code, about)| (code.to_owned(), about.trim().to_owned()));
    table.filter_map(one).collect()
}

/// A text as roff: nothing in it is a request or an escape.
fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", escaped(line))).collect()
}

fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('`', "\\(ga").replace('\'', "\\(aq");
    let line = line.replace('~', "\\(ti").replace('^', "\\(ha");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command_and_each_tells_the_exit_codes() {
        let pages = pages("2026-11-21");
        let command = Cli::command();
        let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set()).count();
        assert_eq!(pages.len(), subs + 1);
        for (name, text) in &pages {
            assert!(text.contains(".SH EXIT STATUS\n.TP\n\\fB0\\fR\n"), "{name}");
            assert!(text.contains("2026-11-21") || text.contains("2026\\-11\\-21"), "{name}: {text}");
        }
    }

    #[test]
    fn every_exit_code_of_the_help_is_told() {
        let codes: Vec<String> = statuses().into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "7", "64", "65", "78"]);
    }

    #[test]
    fn a_text_is_no_request() {
        assert_eq!(lines(".TH x\n\\fB'a'-b"), "\\&.TH x\n\\efB\\(aqa\\(aq\\-b\n");
    }
}
