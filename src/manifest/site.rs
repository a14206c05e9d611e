//! Manifests to the site of one server: variables, overlays, folders, programs as items of their own.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::load;
use super::load::Declared;
use super::load::Head;
use super::load::Manifests;
use super::load::Overlays;
use super::load::State;
use super::overlay;
use super::syntax;
use super::tree::Tree;
use super::variables;
use super::variables::Variables;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::Location;
use crate::diag::Origin;
use crate::diag::Overlaid;
use crate::diag::SourceId;
use crate::diag::called;
use crate::diag::did_you_mean;
use crate::diag::visible;
use crate::model::folder::Folder;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Program;
use crate::model::project::Project;
use crate::model::site::is_within;
use crate::rules::manifest::MAN_2;
use crate::rules::manifest::MAN_9;
use crate::rules::manifest::MAN_10;
use crate::rules::manifest::MAN_12;
use crate::rules::manifest::MAN_14;

/// Where an item without a folder goes on a server that owns none.
const FOLDER_DEFAULT: &str = "Software Delivery";

impl Manifests {
    /// What the manifests declare for one server of the project: variables filled in, overlays laid over, programs as
    /// items of their own (PRG-13), every item in its folder, and the folders that items name below an owned one.
    ///
    /// Without a server each variable has the value of the first server that has it, and no folder is owned; that
    /// is enough to check manifests. With an error among the findings (here or from reading) the site is not whole.
    pub fn site(&self, project: &Project, server: Option<&str>, overlays: &Overlays) -> (Loaded, Diagnostics) {
        self.clone().into_site(project, server, overlays)
    }

    /// The same, for the last server that is asked for.
    pub fn into_site(self, project: &Project, server: Option<&str>, overlays: &Overlays) -> (Loaded, Diagnostics) {
        let config = server.and_then(|name| project.servers.get(name));
        let owned: &[String] = config.map_or(&[], |config| &config.folders);
        let mut builder = Builder {
            loaded: Loaded::default(),
            findings: Diagnostics::new(),
            folder_default: owned.first().map_or(FOLDER_DEFAULT, String::as_str),
            singletons: BTreeMap::new(),
            programs: Vec::new(),
        };
        if let (Some(name), None) = (server, config) {
            let message = format!("the project has no server `{}`", visible(name));
            let help = did_you_mean(name, project.servers.keys().map(String::as_str));
            let finding = Diagnostic::error(&MAN_10, Location::Nowhere, message);
            builder.findings.push(match help {
                Some(help) => finding.help(help),
                None => finding.help("servers are listed under `servers` in `consign.yaml`"),
            });
        }
        let layers = self.layers(overlays, &mut builder.findings);
        let mut made = self.make(&layers, &Variables::of(project, server), &mut builder.findings);
        // In the order of the site, so that its map is only ever appended to; of one name the first by file stays first.
        let mut documents: Vec<(usize, Declared)> = self.documents.into_iter().enumerate().collect();
        documents.sort_by(|(_, a), (_, b)| (a.head.kind, &a.head.name).cmp(&(b.head.kind, &b.head.name)));
        for (at, declared) in documents {
            match (declared.state, made.remove(&at)) {
                (_, Some(Some((item, overlaid)))) => builder.add(item, &declared.head, &overlaid),
                (State::Ready(item), None) => builder.add(*item, &declared.head, &[]),
                // Could not be read or made; the findings say why.
                _ => {
                    builder.loaded.unread.insert(ItemKey::new(declared.head.kind, &declared.head.name));
                }
            }
        }
        builder.add_programs();
        builder.imply_folders(owned);
        (builder.loaded, builder.findings)
    }

    /// The overlays by the document they belong to.
    fn layers<'a>(&self, overlays: &'a Overlays, findings: &mut Diagnostics) -> BTreeMap<usize, &'a Head> {
        let mut layers: BTreeMap<usize, &Head> = BTreeMap::new();
        if overlays.documents.is_empty() {
            return layers;
        }
        let mut places: BTreeMap<(Kind, &str), Vec<usize>> = BTreeMap::new();
        for (at, declared) in self.documents.iter().enumerate() {
            places.entry((declared.head.kind, &declared.head.name)).or_default().push(at);
        }
        for head in &overlays.documents {
            let here = Location::value(head.source, head.number, "/metadata/name");
            let called = called(&ItemKey::new(head.kind, &head.name));
            match places.get(&(head.kind, head.name.as_str())).map(Vec::as_slice) {
                None => {
                    let names = places.keys().filter(|(kind, _)| *kind == head.kind).map(|(_, name)| *name);
                    let hint = did_you_mean(&head.name, names).map(|hint| format!("{hint} ")).unwrap_or_default();
                    findings.push(
                        Diagnostic::error(&MAN_12, here, format!("no manifest declares the {called} of this overlay"))
                            .help(format!("{hint}an overlay changes an item that a manifest declares")),
                    );
                }
                Some([at]) => match layers.get(at) {
                    Some(first) => {
                        let first = Location::value(first.source, first.number, "/metadata/name");
                        findings.push(
                            Diagnostic::error(&MAN_9, here, format!("a second overlay for the {called}"))
                                .also(first, "the first is here")
                                .help("put both into one"),
                        );
                    }
                    None => {
                        layers.insert(*at, head);
                    }
                },
                Some(several) => {
                    let mut finding = Diagnostic::error(
                        &MAN_12,
                        here,
                        format!("{} manifests declare the {called} of this overlay", several.len()),
                    );
                    for at in several {
                        let head = &self.documents[*at].head;
                        finding = finding.also(Location::value(head.source, head.number, "/metadata/name"), "here");
                    }
                    findings.push(finding.help("an overlay needs one item to change"));
                }
            }
        }
        layers
    }

    /// Makes the items that variables or overlays have a part in, by place; `None` where one could not be made.
    fn make(
        &self,
        layers: &BTreeMap<usize, &Head>,
        variables: &Variables<'_>,
        findings: &mut Diagnostics,
    ) -> BTreeMap<usize, Option<Made>> {
        let mut wanted: BTreeMap<SourceId, Vec<usize>> = BTreeMap::new();
        for (at, declared) in self.documents.iter().enumerate() {
            let is_wanted = match declared.state {
                State::Ready(_) => layers.contains_key(&at),
                State::Deferred => true,
                State::Unread => false,
            };
            if is_wanted {
                wanted.entry(declared.head.source).or_default().push(at);
            }
        }
        let over_texts = read_overlays(layers.values().copied(), variables);
        let wanted: Vec<Vec<usize>> = wanted.into_values().collect();
        let files: Vec<Vec<(usize, Result<Made, Diagnostics>)>> = wanted
            .par_iter()
            .map(|places| {
                let first = &self.documents[places[0]].head;
                let (documents, _) = syntax::read(&first.text, first.source);
                let trees: BTreeMap<u32, &Tree<'_>> =
                    documents.iter().map(|document| (document.number, &document.tree)).collect();
                let make = |at: &usize| {
                    let declared = &self.documents[*at];
                    let tree = trees[&declared.head.number];
                    let over = layers.get(at).map(|head| (*head, &over_texts[&(head.source, head.number)]));
                    (*at, make_one(declared, tree, over, variables))
                };
                places.iter().map(make).collect()
            })
            .collect();
        let mut made = BTreeMap::new();
        for (at, result) in files.into_iter().flatten() {
            made.insert(
                at,
                match result {
                    Ok(item) => Some(item),
                    Err(found) => {
                        findings.extend(found);
                        None
                    }
                },
            );
        }
        made
    }
}

/// An item, and what an overlay wrote of it.
type Made = (Item, Vec<Overlaid>);

/// An overlay as JSON.
type Over = Result<serde_json::Value, Diagnostics>;

/// Every overlay with its variables filled in, each file read once.
fn read_overlays<'a>(
    heads: impl Iterator<Item = &'a Head>,
    variables: &Variables<'_>,
) -> BTreeMap<(SourceId, u32), Over> {
    let mut texts: BTreeMap<SourceId, Arc<str>> = BTreeMap::new();
    let mut wanted = BTreeMap::new();
    for head in heads {
        texts.entry(head.source).or_insert_with(|| Arc::clone(&head.text));
        wanted.insert((head.source, head.number), head);
    }
    let mut all = BTreeMap::new();
    for (source, text) in &texts {
        for mut document in syntax::read(text, *source).0 {
            let Some(head) = wanted.get(&(*source, document.number)) else { continue };
            let mut found = variables::misplaced(head, &document.tree);
            found.extend(variables::fill(&mut document.tree, variables, &|pointer, part| Location::Pointer {
                source: *source,
                document: head.number,
                pointer,
                part,
            }));
            let over = if found.is_empty() { Ok(document.tree.value(0)) } else { Err(found) };
            all.insert((*source, document.number), over);
        }
    }
    all
}

fn make_one(
    declared: &Declared,
    tree: &Tree<'_>,
    over: Option<(&Head, &Over)>,
    variables: &Variables<'_>,
) -> Result<Made, Diagnostics> {
    let head = &declared.head;
    let mut origin = Origin { source: head.source, document: head.number, program: None, overlaid: Vec::new() };
    let mut tree = tree.clone();
    let found = variables::fill(&mut tree, variables, &|pointer, part| origin.locate(pointer, part));
    if !found.is_empty() {
        return Err(found);
    }
    let Some((over_head, over)) = over else {
        let item = load::item(head.kind, &tree, Some(&head.text), &|pointer, part| origin.locate(pointer, part))?;
        return Ok((item, Vec::new()));
    };
    let over = over.as_ref().map_err(Clone::clone)?;
    let mut merged = tree.value(0);
    overlay::lay(&mut merged, over, over_head, &mut origin.overlaid);
    let item = load::item(head.kind, &Tree::of_value(&merged), None, &|pointer, part| origin.locate(pointer, part))?;
    Ok((item, origin.overlaid))
}

struct Builder<'a> {
    loaded: Loaded,
    findings: Diagnostics,
    folder_default: &'a str,
    /// The name of the first of each kind of which a server has one.
    singletons: BTreeMap<Kind, ItemKey>,
    /// Programs of the packages so far, which stand between packages and tasks.
    programs: Vec<(Item, Origin)>,
}

impl Builder<'_> {
    /// Puts an item in its place, and sets its programs aside.
    fn add(&mut self, mut item: Item, head: &Head, overlaid: &[Overlaid]) {
        if item.key.kind > Kind::Package {
            self.add_programs();
        }
        let origin = Origin { source: head.source, document: head.number, program: None, overlaid: overlaid.to_vec() };
        self.place(&mut item, head, &origin);
        let programs = match &mut item.spec {
            Spec::Package(package) => std::mem::take(&mut package.programs),
            _ => Vec::new(),
        };
        let package = if programs.is_empty() { String::new() } else { item.key.name.clone() };
        if !self.insert(item, origin.clone()) {
            return; // Its programs would only be reported as well.
        }
        let from = self.programs.len();
        for (at, program) in programs.into_iter().enumerate() {
            let origin = Origin { program: Some(super::tree::narrow(at)), ..origin.clone() };
            self.programs.push((program_item(&package, program), origin));
        }
        self.programs[from..].sort_by(|(a, _), (b, _)| a.key.name.cmp(&b.key.name));
    }

    /// Puts the programs in their place.
    fn add_programs(&mut self) {
        for (item, origin) in std::mem::take(&mut self.programs) {
            self.insert(item, origin);
        }
    }

    /// Gives an item its folder, and judges its path.
    fn place(&mut self, item: &mut Item, head: &Head, origin: &Origin) {
        use crate::diag::Part;
        let at = || origin.locate("/metadata/folder".to_owned(), Part::Value);
        let kind = item.key.kind;
        if kind.is_singleton() {
            if item.folder.take().is_some() {
                let at = origin.locate("/metadata/folder".to_owned(), Part::Key);
                let message = format!("a {kind} lives in no folder");
                self.findings
                    .push(Diagnostic::error(&MAN_2, at, message).help("remove `folder`; a server has exactly one"));
            }
            return;
        }
        if let Some(folder) = &item.folder
            && folder.split('/').any(str::is_empty)
        {
            let message = format!("the folder path `{}` has an empty part", visible(folder));
            let help = "write the parts with one `/` between them, and none at the ends";
            self.findings.push(Diagnostic::error(&MAN_14, at(), message).help(help));
        }
        if kind == Kind::Folder {
            if head.name.contains('/') {
                let at = origin.locate("/metadata/name".to_owned(), Part::Value);
                let message = format!("a folder's name has no `/`, and this is `{}`", visible(&head.name));
                let help = "write the path to the folder into `metadata.folder`";
                self.findings.push(Diagnostic::error(&MAN_14, at, message).help(help));
            }
        } else if item.folder.is_none() {
            item.folder = Some(self.folder_default.to_owned());
        }
    }

    /// Inserts an item unless one of its name is there; the first by file and place stays.
    fn insert(&mut self, item: Item, origin: Origin) -> bool {
        let key = item.key.clone();
        // Items come in order, so the one of the same name is the last.
        if self.loaded.site.items.last_key_value().is_some_and(|(last, _)| *last == key) {
            let first = self.loaded.origins.name(&key);
            let message = format!("{} is declared twice", called(&key));
            self.second(&key, &origin, first, message, "rename or remove one of them");
            return false;
        }
        if key.kind.is_singleton() {
            if let Some(first) = self.singletons.get(&key.kind) {
                let first = self.loaded.origins.name(first);
                let message = format!("a second {}; a server has exactly one", key.kind);
                self.second(
                    &key,
                    &origin,
                    first,
                    message,
                    "put both into one, or use overlays for what differs by server",
                );
                return false;
            }
            self.singletons.insert(key.kind, key.clone());
        }
        self.loaded.origins.insert(key, origin);
        self.loaded.site.insert(item);
        true
    }

    fn second(&mut self, key: &ItemKey, origin: &Origin, first: Location, message: String, help: &str) {
        let pointer = match key.package {
            Some(_) => format!("{}/name", origin.base()),
            None => "/metadata/name".to_owned(),
        };
        let here = origin.locate(pointer, crate::diag::Part::Value);
        self.findings.push(
            Diagnostic::error(&MAN_9, here, message).label("again here").also(first, "first declared here").help(help),
        );
    }

    /// Adds the folders that items name, from the owned folder down. Folders above an owned one belong to others.
    fn imply_folders(&mut self, owned: &[String]) {
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for item in self.loaded.site.items.values() {
            let path = if item.key.kind == Kind::Folder { Some(&item.key.name) } else { item.folder.as_ref() };
            let Some(path) = path else { continue };
            // Without this a site of ten thousand items in ten folders would build the same paths again and again.
            if wanted.contains(path) {
                continue;
            }
            for root in owned.iter().filter(|root| is_within(path, root)) {
                let below = path[root.len()..].match_indices('/').map(|(at, _)| &path[..root.len() + at]);
                wanted.extend(below.filter(|part| part.len() >= root.len()).map(str::to_owned));
                wanted.insert(root.clone());
                wanted.insert(path.clone());
            }
        }
        for path in wanted {
            let key = ItemKey::new(Kind::Folder, path);
            if !self.loaded.site.items.contains_key(&key) {
                let parent = key.name.rsplit_once('/').map(|(parent, _)| parent.to_owned());
                let mut item = Item::new(key, Spec::Folder(Folder::default()));
                item.folder = parent;
                self.loaded.site.insert(item);
            }
        }
    }
}

/// A program as an item of its own (PRG-13): its GUID and earlier names are the item's.
fn program_item(package: &str, mut program: Program) -> Item {
    let key = ItemKey::program(package, program.name.clone());
    let (pin, aliases) = (program.guid.take(), std::mem::take(&mut program.aliases));
    Item { pin, aliases, ..Item::new(key, Spec::Program(program)) }
}
