//! `consign refs`

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Args;
use clap::ValueEnum;
use futures_util::StreamExt;
use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::ReadAdapter;
use crate::adapter::Reference;
use crate::cli::context::Context;
use crate::cli::context::Opened;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::plan::observe;
use crate::cli::portal::manifests;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Origins;
use crate::diag::nearest;
use crate::diag::visible;
use crate::diff::base_name;
use crate::manifest;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::refs::Around;
use crate::refs::Graph;
use crate::refs::LIES_IN;
use crate::refs::Node;
use crate::refs::PROGRAM_OF;
use crate::report::refs;
use crate::report::view::findings::place;
use crate::rules::collection::COL_3;

/// How many items a server is asked about at most, and how many at once.
const ASKED_MAX: usize = 1_000;
const AT_ONCE: usize = 8;

/// `consign refs`
#[derive(Debug, Args)]
#[command(after_help = "\
Without --server the manifests are looked at, and no server is asked. With --server the answer is the server's own (COL-3):
it holds what no manifest does, such as the hidden tasks of a sequential task's steps (SEQ-4).")]
pub struct RefsArgs {
    /// The item: its address such as package/7-Zip, its name where only one item has it, or its GUID
    #[arg(value_name = "REF")]
    pub item: String,
    /// Ask this server, by its name in consign.yaml; without it, the manifests are looked at
    #[arg(long, value_name = "NAME", env = "CONSIGN_SERVER")]
    pub server: Option<String>,
    /// How many steps away from the item; 1 is what refers to it itself
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub depth: u8,
    /// How to print
    #[arg(long, value_enum, default_value_t = RefsFormat::Text)]
    pub format: RefsFormat,
}

/// How references are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RefsFormat {
    /// A tree, for people.
    Text,
    /// For programs.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid, which pages on GitHub and GitLab draw.
    Mermaid,
}

/// Runs it.
pub fn run(context: &Context, args: &RefsArgs) -> Outcome {
    let mut opened = context.open()?;
    let depth = usize::from(args.depth);
    let (around, of, source) = match &args.server {
        Some(server) => {
            let (name, config) = opened.server(Some(server))?;
            let reader = connect_to_read(&opened.root, &config)?;
            let around = block_on(of_server(&*reader, &args.item, depth))?;
            (around, format!("server `{}`", visible(&name)), name)
        }
        None => (of_manifests(context, &mut opened, args)?, "the manifests".to_owned(), "manifests".to_owned()),
    };
    match args.format {
        RefsFormat::Text => context.out(&refs::text(&around, &of, context.paint))?,
        RefsFormat::Dot => context.out(&refs::dot(&around))?,
        RefsFormat::Mermaid => context.out(&refs::mermaid(&around))?,
        RefsFormat::Json => {
            let value = json!({ "format_version": "2.0", "of": source, "item": around.root, "lies_in": around.lies_in,
                "referred_to_by": around.referred_to_by, "refers_to": around.refers_to });
            context.out_json(&format!("{value:#}\n"))?;
        }
    }
    Ok(exit::OK)
}

/// The manifests' own references.
fn of_manifests(context: &Context, opened: &mut Opened, args: &RefsArgs) -> Result<Around, Failure> {
    let (loaded, _) = manifests(context, opened)?;
    let key = declared(loaded.site.items.values().map(|item| (&item.key, item.pin)), &args.item)?;
    let (mut graph, places) = Graph::of_items(loaded.site.items.values());
    let written = written(opened, &loaded.origins, places.keys());
    for (key, at) in written {
        graph.nodes_mut()[places[&key]].at = Some(at);
    }
    Ok(graph.around(places[&key], usize::from(args.depth)))
}

/// Where items are written, as `FILE:LINE`.
fn written<'a>(opened: &Opened, origins: &Origins, keys: impl Iterator<Item = &'a ItemKey>) -> Vec<(ItemKey, String)> {
    // A finding is what places are looked up for; the rule of these is never seen. The message says whose each is.
    let keys: Vec<&ItemKey> = keys.filter(|key| origins.get(key).is_some()).collect();
    let wanted = keys.iter().enumerate();
    let mut found: Diagnostics =
        wanted.map(|(at, key)| Diagnostic::warning(&COL_3, origins.name(key), at.to_string())).collect();
    manifest::locate(&mut found, &opened.sources);
    let one = |finding: &Diagnostic| {
        let key = keys.get(finding.message.parse::<usize>().ok()?)?;
        let place = place(&finding.at, &opened.sources, None)?;
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        Some(((*key).clone(), format!("{}{line}", place.file)))
    };
    found.iter().filter_map(one).collect()
}

/// The declared item that an address, a name or a pinned GUID means.
fn declared<'a>(
    items: impl Iterator<Item = (&'a ItemKey, Option<Guid>)> + Clone,
    text: &str,
) -> Result<ItemKey, Failure> {
    if let Ok(guid) = text.parse::<Guid>() {
        let found = items.clone().find(|(_, pin)| *pin == Some(guid));
        return found.map(|(key, _)| key.clone()).ok_or_else(|| {
            Failure::new(exit::ERROR, format!("no manifest pins {guid}"))
                .help("a server knows the GUIDs of its items: `--server NAME`")
        });
    }
    let keys: Vec<&ItemKey> = items.map(|(key, _)| key).collect();
    let found: Vec<&ItemKey> = match ItemKey::parse(text) {
        Some(asked) => keys.iter().copied().filter(|key| **key == asked).collect(),
        None => keys.iter().copied().filter(|key| is_called(key, text)).collect(),
    };
    match found[..] {
        [one] => Ok(one.clone()),
        [] => Err(nothing(text, &keys, "the manifests have")),
        _ => Err(several(text, found.iter().map(ToString::to_string))),
    }
}

fn is_called(key: &ItemKey, text: &str) -> bool {
    key.name == text || key.package.as_ref().is_some_and(|package| format!("{package}/{}", key.name) == text)
}

fn nothing(text: &str, keys: &[&ItemKey], who: &str) -> Failure {
    let is_address = ItemKey::parse(text).is_some();
    let exit = if is_address { exit::ERROR } else { exit::USAGE };
    let failure = Failure::new(exit, format!("{who} no item `{}`", visible(text)));
    let names: Vec<String> =
        keys.iter().map(|key| if is_address { key.to_string() } else { key.name.clone() }).collect();
    match nearest(text, names.iter().map(String::as_str)) {
        Some(near) => failure.help(format!("did you mean `{}`?", visible(near))),
        None => failure.help(
            "give an address, which is a kind and a name, such as package/7-Zip or program/7-Zip/Install; or a GUID",
        ),
    }
}

fn several(text: &str, found: impl Iterator<Item = String>) -> Failure {
    let list: Vec<String> = found.map(|one| format!("`{}`", visible(&one))).collect();
    Failure::new(exit::USAGE, format!("several items are called `{}`: {}", visible(text), list.join(", ")))
        .help("give one of these addresses, or a GUID")
}

/// A server's own references, asked for item by item.
async fn of_server(reader: &dyn ReadAdapter, text: &str, depth: usize) -> Result<Around, Failure> {
    let observed = observe(reader).await?;
    let root = find(&observed, text)?;
    let mut asked = Asked { reader, names: names(&observed), answers: BTreeMap::new(), labels: BTreeMap::new() };
    for is_backward in [true, false] {
        let mut seen = BTreeSet::from([root]);
        let mut level = seen.clone();
        // One level more than is shown: what is left out is counted.
        for _ in 0..=depth {
            asked.ask(&level).await?;
            let next = level.iter().flat_map(|guid| asked.next(*guid, is_backward)).collect::<BTreeSet<Guid>>();
            level = next.into_iter().filter(|guid| seen.insert(*guid)).collect();
            if level.is_empty() {
                break;
            }
        }
    }
    Ok(asked.graph(root, depth))
}

/// What a server answered.
struct Asked<'a> {
    reader: &'a dyn ReadAdapter,
    /// The addresses of the items that were read.
    names: BTreeMap<Guid, String>,
    answers: BTreeMap<Guid, Vec<Reference>>,
    /// What the answers call the others.
    labels: BTreeMap<Guid, String>,
}

impl Asked<'_> {
    async fn ask(&mut self, guids: &BTreeSet<Guid>) -> Result<(), Failure> {
        let new: Vec<Guid> = guids.iter().copied().filter(|guid| !self.answers.contains_key(guid)).collect();
        if self.answers.len() + new.len() > ASKED_MAX {
            let message = format!("more than {ASKED_MAX} items hang together with this one");
            return Err(Failure::new(exit::USAGE, message).help("look less far, with --depth"));
        }
        let reader = self.reader;
        let requests = new.into_iter().map(|guid| async move { (guid, reader.references(guid).await) });
        let mut answers = futures_util::stream::iter(requests).buffer_unordered(AT_ONCE);
        while let Some((guid, answer)) = answers.next().await {
            let answer: Result<Vec<Reference>, AdapterError> = answer;
            let answer = answer?;
            for one in &answer {
                self.labels.insert(one.guid, called(one));
            }
            self.answers.insert(guid, answer);
        }
        Ok(())
    }

    /// What is one step away, in our direction.
    fn next(&self, guid: Guid, is_backward: bool) -> Vec<Guid> {
        let links = self.answers.get(&guid).into_iter().flatten().map(|one| link(guid, one));
        links
            .filter(|(_, _, hint)| is_backward || *hint != LIES_IN)
            .filter_map(|(from, to, _)| match is_backward {
                true => (to == guid).then_some(from),
                false => (from == guid).then_some(to),
            })
            .collect()
    }

    fn graph(&self, root: Guid, depth: usize) -> Around {
        let mut graph = Graph::default();
        let mut places: BTreeMap<Guid, usize> = BTreeMap::new();
        let mut place = |graph: &mut Graph, guid: Guid| {
            *places.entry(guid).or_insert_with(|| {
                let item = self.names.get(&guid).or_else(|| self.labels.get(&guid)).cloned();
                let item = item.unwrap_or_else(|| guid.to_string());
                graph.add(Node { item, guid: Some(guid), ..Node::default() })
            })
        };
        let start = place(&mut graph, root);
        for (guid, answer) in &self.answers {
            for one in answer {
                let (from, to, hint) = link(*guid, one);
                let (from, to) = (place(&mut graph, from), place(&mut graph, to));
                graph.link(from, to, hint.to_owned());
            }
        }
        graph.around(start, depth)
    }
}

/// What refers to what, and how. The server's words for what lies in a folder and what belongs to a package run the other
/// way: from the whole to its part.
fn link(guid: Guid, one: &Reference) -> (Guid, Guid, &str) {
    let (from, to) = if one.outgoing { (guid, one.guid) } else { (one.guid, guid) };
    match one.hint.as_str() {
        "folderchilditem" => (to, from, LIES_IN),
        "packagecontainsprogram" => (to, from, PROGRAM_OF),
        hint => (from, to, hint),
    }
}

/// The addresses of what was read.
fn names(observed: &Observed) -> BTreeMap<Guid, String> {
    observed.items.iter().map(|live| (live.guid, live.item.key.to_string())).collect()
}

/// What the server calls an item that was not read.
fn called(one: &Reference) -> String {
    let kind = Kind::from_str(&one.kind).map_or_else(|_| one.kind.clone(), |kind| kind.short().to_owned());
    format!("{kind}/{}", one.name)
}

/// The live item that an address, a name or a GUID means.
fn find(observed: &Observed, text: &str) -> Result<Guid, Failure> {
    if let Ok(guid) = text.parse::<Guid>() {
        return Ok(guid);
    }
    let keys: Vec<&ItemKey> = observed.items.iter().map(|live| &live.item.key).collect();
    let asked = ItemKey::parse(text);
    let is_meant = |live: &&crate::model::observed::ObservedItem| match &asked {
        Some(key) => {
            live.item.key.kind == key.kind
                && live.item.key.package == key.package
                && (base_name(live) == key.name || live.item.key.name == key.name)
        }
        None => is_called(&live.item.key, text),
    };
    let found: Vec<_> = observed.items.iter().filter(is_meant).collect();
    match found[..] {
        [one] => Ok(one.guid),
        [] => Err(nothing(text, &keys, "the server has")),
        _ if asked.is_some() => {
            let list = found.iter().map(|item| item.guid.to_string()).collect::<Vec<_>>().join(", ");
            Err(Failure::new(exit::ERROR, format!("the server has {} of that name: {list}", found.len()))
                .help("give the GUID"))
        }
        _ => Err(several(text, found.iter().map(|live| live.item.key.to_string()))),
    }
}
