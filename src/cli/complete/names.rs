//! Which names fit which argument. An argument is known by what its help calls its value, so a new one that takes an item is
//! completed as soon as it says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::OnceLock;

use camino::Utf8Path;
use camino::Utf8PathBuf;
use clap::Arg;
use clap::Command;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::engine::CompletionCandidate;

use crate::cli::context::open;
use crate::manifest;
use crate::model::item::Item;
use crate::model::kind::Kind;
use crate::plan::rights;
use crate::rules;

/// The command line with names of the project in a directory.
pub(super) fn completed(command: Command, directory: &Utf8Path) -> Command {
    let known = Arc::new(Known { directory: directory.to_owned(), names: OnceLock::new() });
    with_names(command, &known)
}

fn with_names(command: Command, known: &Arc<Known>) -> Command {
    let command = command.mut_args(|arg| match what(&arg) {
        Some(what) => {
            let known = Arc::clone(known);
            arg.add(ArgValueCandidates::new(move || known.candidates(what)))
        }
        None => arg,
    });
    command.mut_subcommands(|sub| with_names(sub, known))
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Items,
    /// Programs and sequential tasks: what portal rights are about.
    Requestable,
    Servers,
    Kinds,
    /// Rules, kinds and their fields.
    Subjects,
    Folders,
    Principals,
    Commands,
}

fn what(arg: &Arg) -> Option<What> {
    let name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    match (name, arg.get_long()) {
        ("REF" | "ADDRESS", _) => Some(What::Items),
        ("ITEM", _) => Some(What::Requestable),
        ("KIND", _) => Some(What::Kinds),
        ("ID|KIND|KIND.FIELD", _) => Some(What::Subjects),
        ("FOLDER", _) => Some(What::Folders),
        ("COMMAND", _) => Some(What::Commands),
        (_, Some("server")) => Some(What::Servers),
        (_, Some("principal")) => Some(What::Principals),
        _ => None,
    }
}

/// The project's names, read when the first of them is asked for.
struct Known {
    directory: Utf8PathBuf,
    names: OnceLock<Names>,
}

#[derive(Default)]
struct Names {
    /// Addresses, with what they are and whether rights hang on them.
    items: Vec<(String, String, bool)>,
    servers: Vec<(String, String)>,
    folders: BTreeSet<String>,
    principals: BTreeSet<String>,
}

impl Known {
    fn candidates(&self, what: What) -> Vec<CompletionCandidate> {
        let one = |value: &str, about: &str| {
            CompletionCandidate::new(value).help((!about.is_empty()).then(|| about.to_owned().into()))
        };
        let names = || self.names.get_or_init(|| read(&self.directory).unwrap_or_default());
        match what {
            What::Items => names().items.iter().map(|(address, about, _)| one(address, about)).collect(),
            What::Requestable => {
                let items = names().items.iter().filter(|(_, _, is_requestable)| *is_requestable);
                items.map(|(address, about, _)| one(address, about)).collect()
            }
            What::Servers => names().servers.iter().map(|(name, url)| one(name, url)).collect(),
            What::Folders => names().folders.iter().map(|path| one(path, "")).collect(),
            What::Principals => names().principals.iter().map(|name| one(name, "")).collect(),
            What::Kinds => {
                let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Program);
                kinds.map(|kind| one(kind.name(), "")).collect()
            }
            What::Subjects => subjects().iter().map(|(name, about)| one(name, about)).collect(),
            What::Commands => {
                use clap::CommandFactory;
                let command = crate::cli::args::Cli::command();
                let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set());
                let about = |sub: &Command| sub.get_about().map(ToString::to_string).unwrap_or_default();
                subs.map(|sub| one(sub.get_name(), &about(sub))).collect()
            }
        }
    }
}

/// What can be explained.
fn subjects() -> Vec<(String, String)> {
    let rules = rules::all().map(|rule| (rule.id.to_owned(), rule.title.to_owned()));
    let kinds = Kind::ALL.into_iter().map(|kind| (kind.name().to_owned(), "a kind".to_owned()));
    let fields = Kind::ALL.into_iter().flat_map(|kind| {
        manifest::all_fields(kind).into_iter().map(move |field| {
            let name = field.path.strip_prefix("spec.").unwrap_or(&field.path);
            (format!("{}.{name}", kind.name()), field.about)
        })
    });
    rules.chain(kinds).chain(fields).collect()
}

/// The names of the project that a directory lies in. A project with mistakes has those that could be read.
fn read(directory: &Utf8Path) -> Option<Names> {
    let mut opened = open(directory).ok()?;
    let project = opened.project.clone()?;
    let servers = project.servers.iter().map(|(name, config)| (name.clone(), config.url.to_string())).collect();
    let mut names = Names { servers, ..Names::default() };
    let server = project.servers.keys().next().cloned();
    let site = opened.site(server.as_deref())?.site;
    for item in site.items.values() {
        let kind = item.key.kind;
        let is_requestable = matches!(kind, Kind::Program | Kind::SequentialTask);
        names.items.push((item.key.to_string(), about(item), is_requestable));
        names.folders.extend(item.folder.clone());
        if kind == Kind::Folder {
            names.folders.insert(item.key.name.clone());
        }
        names.principals.extend(rights::grants(item).iter().map(|grant| grant.principal.clone()));
    }
    Some(names)
}

fn about(item: &Item) -> String {
    match &item.folder {
        Some(folder) => format!("in {folder}"),
        None => String::new(),
    }
}
