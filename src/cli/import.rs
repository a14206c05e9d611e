//! `consign import --server S --out DIR`

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use crate::cli::args::ImportArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::plan::observe;
use crate::diff::base_name;
use crate::diff::normalise;
use crate::manifest;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Observed;
use crate::model::project::ServerConfig;
use crate::model::site::is_within;
use crate::sys::disk;

/// Runs it.
pub fn run(context: &Context, args: &ImportArgs) -> Outcome {
    let opened = context.open()?;
    if opened.project.is_none() {
        context.show_findings(&opened.findings, &opened.sources);
        return Err(Failure::silent(exit::CONFIG));
    }
    let (name, config) = opened.server(args.server.server.as_deref())?;
    let out = context.directory.join(&args.out);
    if !disk::is_empty_directory(&out).map_err(|error| Failure::from_error(exit::ERROR, &error))? {
        return Err(Failure::new(exit::ERROR, format!("`{}` is not empty", args.out))
            .help("import into a directory of its own; nothing was written"));
    }
    let reader = connect_to_read(&opened.root, &config)?;
    let observed = block_on(observe(&reader))?;
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| observed.gap(*kind).is_some()) {
        let why = observed.gap(kind).unwrap_or_default();
        return Err(Failure::new(exit::INCOMPLETE, format!("{} could not be read in full: {why}", kind.name()))
            .help("nothing was written"));
    }
    let imported = manifests(observed, &config);
    if imported.files.is_empty() {
        let folders = config.folders.join("`, `");
        return Err(Failure::new(exit::ERROR, format!("server `{name}` holds nothing in `{folders}`"))
            .help("`folders` of the server in `consign.yaml` says what is imported; nothing was written"));
    }
    // Beside its place first, and there in one move: a half-written import is worse than none.
    let texts: Vec<(Utf8PathBuf, String)> = imported.files.into_iter().collect();
    disk::write_tree(&out, &texts).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    context.talk(&format!("{} items in {} files in `{}`\n", imported.n_items, texts.len(), args.out));
    if !imported.externals.is_empty() {
        context.talk("They refer to items outside the project's folders. Add to consign.yaml:\n\nexternals:\n");
        for (kind, names) in &imported.externals {
            let list: Vec<String> =
                names.iter().map(|name| serde_json::Value::from(name.as_str()).to_string()).collect();
            context.talk(&format!("  {}: [{}]\n", kind.name(), list.join(", ")));
        }
    }
    Ok(exit::OK)
}

/// What an import writes.
#[derive(Debug, Default)]
struct Imported {
    /// Texts by path.
    files: BTreeMap<Utf8PathBuf, String>,
    n_items: usize,
    /// What they refer to and do not hold.
    externals: BTreeMap<Kind, Vec<String>>,
}

/// The items of the owned folders as manifests.
fn manifests(mut observed: Observed, config: &ServerConfig) -> Imported {
    for item in &mut observed.items {
        normalise(&mut item.item);
        // Two of a name are told apart by a pin, which is what a manifest has for it.
        let base = base_name(item).to_owned();
        if base != item.item.key.name {
            item.item.pin = Some(item.guid);
            item.item.key.name = base;
        }
    }
    let owned = |item: &Item| {
        let place = if item.key.kind == Kind::Folder { Some(&item.key.name) } else { item.folder.as_ref() };
        item.key.kind.is_singleton()
            || place.is_some_and(|place| config.folders.iter().any(|root| is_within(place, root)))
    };
    let mut programs: BTreeMap<String, Vec<&Item>> = BTreeMap::new();
    for item in &observed.items {
        if let (Kind::Program, Some(package)) = (item.item.key.kind, &item.item.key.package) {
            programs.entry(package.clone()).or_default().push(&item.item);
        }
    }
    for list in programs.values_mut() {
        list.sort_by(|a, b| a.key.cmp(&b.key));
    }
    let mut out = Imported::default();
    let mut items: Vec<&Item> = observed.items.iter().map(|item| &item.item).filter(|item| owned(item)).collect();
    items.sort_by(|a, b| a.key.cmp(&b.key));
    let declared: std::collections::BTreeSet<ItemKey> = items.iter().map(|item| item.key.clone()).collect();
    for item in items {
        if item.key.kind == Kind::Program {
            continue;
        }
        let own = programs.get(&item.key.name).filter(|_| item.key.kind == Kind::Package).cloned().unwrap_or_default();
        out.n_items += 1 + own.len();
        for (_, target) in item.spec.references() {
            let is_here = declared.contains(&target) || target.kind == Kind::Program;
            let names = out.externals.entry(target.kind).or_default();
            if !is_here && !names.contains(&target.name) {
                names.push(target.name);
            }
        }
        let text = manifest::print_item(item, &own);
        let path = free_path(&out.files, item);
        out.files.insert(path, text);
    }
    out.externals.retain(|_, names| !names.is_empty());
    out
}

/// A file name for an item that no other has, whatever a file system thinks of case.
fn free_path(taken: &BTreeMap<Utf8PathBuf, String>, item: &Item) -> Utf8PathBuf {
    let directory = match item.key.kind {
        Kind::Folder => "folders",
        Kind::Package | Kind::Program => "packages",
        Kind::Task => "tasks",
        Kind::SequentialTask => "sequences",
        Kind::Collection => "collections",
        Kind::MaintenanceWindow => "windows",
        Kind::PortalDefaults
        | Kind::PortalSettings
        | Kind::DeliveryPolicy
        | Kind::AgentSettings
        | Kind::PatchPlugin
        | Kind::PurgeSettings => "settings",
    };
    let mut slug: String = item
        .key
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .take(80)
        .collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    let slug = slug.trim_matches(['-', '.']);
    let slug = if slug.is_empty() { item.key.kind.short() } else { slug };
    (1..)
        .map(|n| if n == 1 { format!("{directory}/{slug}.yaml") } else { format!("{directory}/{slug}-{n}.yaml") })
        .map(Utf8PathBuf::from)
        .find(|path| !taken.contains_key(path))
        .expect("there are more numbers than items")
}
