//! `consign import --server S --out DIR`; of definition files see `definitions`.

mod definitions;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::check;
use crate::check::is_reserved;
use crate::cli::args::ImportArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::plan::observe;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::called;
use crate::diag::visible;
use crate::diag::visible_json;
use crate::diff::base_name;
use crate::diff::compare;
use crate::diff::normalise;
use crate::diff::rename_references;
use crate::manifest;
use crate::manifest::Overlays;
use crate::model::capabilities::Access;
use crate::model::capabilities::Capabilities;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::project::Project;
use crate::model::project::ServerConfig;
use crate::model::project::Severity;
use crate::model::site::is_within;
use crate::sys::disk;

/// Runs it.
pub fn run(context: &Context, args: &ImportArgs) -> Outcome {
    if !args.files.is_empty() {
        return definitions::run(context, args);
    }
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
    let mut observed = block_on(observe(&*reader))?;
    let held = reader.capabilities();
    let mut left_out = LeftOut::of(&observed, held)?;
    // What cannot be written anyway is left to its console where it cannot be read in full.
    let halves: Vec<Kind> = held.read_only.iter().copied().filter(|kind| observed.gap(*kind).is_some()).collect();
    observed.items.retain(|item| !halves.contains(&item.item.key.kind));
    let observed = LeftOut::without_shown(held, left_out.without_dangling(observed));
    let imported = manifests(observed, &config);
    for line in &left_out.lines {
        context.talk(&format!("note: left out {}\n", visible(line)));
    }
    for task in &imported.portal_made {
        context
            .talk(&format!("note: left out {}: the portal made it for a request, and looks after it\n", called(task)));
    }
    if imported.files.is_empty() {
        let folders = visible(&config.folders.join("`, `")).into_owned();
        return Err(Failure::new(exit::ERROR, format!("server `{}` holds nothing in `{folders}`", visible(&name)))
            .help("`folders` of the server in `consign.yaml` says what is imported; nothing was written"));
    }
    let project = opened.project.as_ref().ok_or_else(|| Failure::silent(exit::CONFIG))?;
    let judged = judge(&imported, project, &name, &args.out);
    if judged.unsayable > 0 {
        context.show_findings(&judged.findings, &judged.sources);
        for key in &imported.odd_folders {
            let what = "shares its name with another in the same folder, or has a `/` in it";
            context.talk(&format!("error: {} {what}\n", called(key)));
        }
        for key in &judged.other {
            context.talk(&format!("error: {} does not read back as it was read\n", called(key)));
        }
        let message = "what the server holds cannot be said in manifests as it is; what stands above says why";
        return Err(Failure::new(exit::ERROR, message)
            .help("mend it on the server, or narrow `folders` in `consign.yaml`; nothing was written"));
    }
    // Beside its place first, and there in one move: a half-written import is worse than none.
    let mut texts: Vec<(Utf8PathBuf, String)> = imported.files.into_iter().collect();
    texts.extend(left_out.file());
    disk::write_tree(&out, &texts).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    context.talk(&format!("{} items in {} files in `{}`\n", imported.n_items, texts.len(), visible(args.out.as_str())));
    if !imported.externals.is_empty() {
        context.talk("They refer to items outside the project's folders. Add to consign.yaml:\n\nexternals:\n");
        for (kind, names) in &imported.externals {
            let list: Vec<String> =
                names.iter().map(|name| serde_json::Value::from(name.as_str()).to_string()).collect();
            // JSON's own escapes, which YAML reads as well.
            context.talk(&visible_json(&format!("  {}: [{}]\n", kind.name(), list.join(", "))));
        }
    }
    if judged.findings.has_errors() {
        context.show_findings(&judged.findings, &judged.sources);
        return Err(Failure::new(exit::DATA, "what the server holds breaks rules; what stands above says which")
            .help("the manifests were written as the server has it: mend them, and plan"));
    }
    if left_out.incomplete {
        return Err(Failure::new(
            exit::INCOMPLETE,
            "some of it cannot be said in manifests; what stands above says why",
        )
        .help(format!("the rest was written, and `{LEFT_OUT}` names what is not there")));
    }
    Ok(exit::OK)
}

/// The file that names what was not imported.
const LEFT_OUT: &str = "NOT-IMPORTED.md";

/// What an import leaves out, because the server's API does not show it or no manifest can say it.
#[derive(Debug, Default)]
struct LeftOut {
    lines: Vec<String>,
    /// Whether any of it is of a kind that the API holds in full.
    incomplete: bool,
}

impl LeftOut {
    /// What was not read, as far as an import may go on without it: kinds that the API does not hold, and items of which
    /// it is known where they are.
    fn of(observed: &Observed, held: &Capabilities) -> Result<Self, Failure> {
        let mut left = Self::default();
        for kind in Kind::ALL {
            let Some(why) = observed.gap(kind) else { continue };
            let is_held = held.kinds.contains(&kind) && !held.read_only.contains(&kind);
            let is_placed = matches!(
                observed.coverage.get(&kind),
                Some(Coverage::Partial { folders, .. }) if !folders.is_empty()
            );
            if is_held && !is_placed {
                return Err(Failure::new(
                    exit::INCOMPLETE,
                    format!("{} could not be read in full: {why}", kind.name()),
                )
                .help("nothing was written"));
            }
            left.incomplete |= is_held;
            left.lines.push(format!("{}: {why}", kind.name()));
        }
        let fields: Vec<String> = held
            .fields
            .iter()
            .filter(|((kind, name), access)| {
                matches!(access, Access::WriteOnly | Access::Absent)
                    && !name.ends_with("passwordFrom")
                    && held.kinds.contains(kind)
            })
            .map(|((kind, name), _)| format!("{}.{name}: {}", kind.name(), held.why(*kind, name)))
            .collect();
        left.lines.extend(fields);
        Ok(left)
    }

    /// Leaves out rights of folders where the API only shows them: a manifest that names them promises what it cannot keep.
    fn without_shown(held: &Capabilities, mut observed: Observed) -> Observed {
        if held.access(Kind::Folder, "portal") != Access::Settable {
            for item in &mut observed.items {
                if let Spec::Folder(folder) = &mut item.item.spec {
                    folder.portal = None;
                }
            }
        }
        observed
    }

    /// Leaves out what is for something that is no collection, such as a resource target made of several.
    fn without_dangling(&mut self, mut observed: Observed) -> Observed {
        if observed.gap(Kind::Collection).is_some() {
            return observed;
        }
        let collections: BTreeSet<String> = observed
            .items
            .iter()
            .filter(|item| item.item.key.kind == Kind::Collection)
            .map(|item| item.item.key.name.clone())
            .collect();
        observed.items.retain(|item| {
            let targets = item.item.spec.targets().into_iter().flatten();
            let Some(other) = targets.into_iter().find(|name| !collections.contains(*name)) else { return true };
            self.lines.push(format!(
                "{}: it is for `{other}`, which is no collection; no manifest can declare it, so look after it on the \
                 server and never take its absence here for a wish to delete it",
                item.item.key
            ));
            self.incomplete = true;
            false
        });
        observed
    }

    /// It as a file beside the manifests; `None` where nothing was left out.
    fn file(&self) -> Option<(Utf8PathBuf, String)> {
        let line = |line: &String| format!("- {}\n", visible(line));
        let lines: String = self.lines.iter().map(line).collect();
        let text =
            format!("Not imported, because the server's API does not show it or no manifest can say it:\n\n{lines}");
        (!self.lines.is_empty()).then(|| (Utf8PathBuf::from(LEFT_OUT), text))
    }
}

/// What an import writes.
#[derive(Debug, Default)]
struct Imported {
    /// Texts by path.
    files: BTreeMap<Utf8PathBuf, String>,
    n_items: usize,
    /// What they refer to and do not hold.
    externals: BTreeMap<Kind, Vec<String>>,
    /// What the texts are to say; two of one name stand here once.
    items: BTreeMap<ItemKey, Item>,
    /// Tasks that the portal made for requests (TSK-1), which are left out.
    portal_made: Vec<ItemKey>,
    /// Folders that no path tells apart: two of one name in one place, or with a `/` in the name.
    odd_folders: Vec<ItemKey>,
}

/// The items of the owned folders as manifests, each by the name that it has on the server.
///
/// Two of one name are two manifests of that name here; that this cannot be is for [`judge`] to find.
fn manifests(mut observed: Observed, config: &ServerConfig) -> Imported {
    for item in &mut observed.items {
        normalise(&mut item.item);
    }
    let mut out = Imported::default();
    let (owned, names) = own(observed, config, &mut out);
    let mut programs: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    let mut items: Vec<(String, Item)> = Vec::new();
    for live in owned {
        let (full, item) = renamed(live, &names);
        out.items.insert(item.key.clone(), item.clone());
        match &item.key.package {
            // By the package's name on the way in: two packages of one name have programs of their own.
            Some(_) => programs.entry(full).or_default().push(item),
            None => items.push((full, item)),
        }
    }
    for list in programs.values_mut() {
        list.sort_by(|a, b| a.key.cmp(&b.key));
    }
    items.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
    let mut numbers = HashMap::new();
    for (full, item) in &items {
        let own = programs.get(full).filter(|_| item.key.kind == Kind::Package);
        let own: Vec<&Item> = own.into_iter().flatten().collect();
        out.n_items += 1 + own.len();
        let text = manifest::print_item(item, &own);
        let path = free_path(&out.files, &mut numbers, item);
        out.files.insert(path, text);
    }
    externals(&mut out);
    out
}

/// The live items that the project is to look after, and the names they have there: what is told apart by its GUID
/// (`NAME {GUID}`) is so because of another item, which need not be the project's.
fn own(
    observed: Observed,
    config: &ServerConfig,
    out: &mut Imported,
) -> (Vec<ObservedItem>, HashMap<ItemKey, ItemKey>) {
    let is_inside = |place: &String| config.folders.iter().any(|root| is_within(place, root));
    let is_own = |item: &Item| {
        let place = if item.key.kind == Kind::Folder { Some(&item.key.name) } else { item.folder.as_ref() };
        item.key.kind.is_singleton() || place.is_some_and(is_inside)
    };
    let packages: BTreeSet<String> = observed
        .items
        .iter()
        .filter(|item| item.item.key.kind == Kind::Package && is_own(&item.item))
        .map(|item| item.item.key.name.clone())
        .collect();
    let mut owned: Vec<ObservedItem> = Vec::new();
    let mut names = HashMap::new();
    for live in observed.items {
        let key = &live.item.key;
        let is_ours = match &key.package {
            Some(package) => packages.contains(package),
            None => is_own(&live.item),
        };
        if !is_ours {
            continue;
        }
        if matches!(key.kind, Kind::Task | Kind::SequentialTask) && is_reserved(&key.name) {
            out.portal_made.push(ItemKey { name: base_name(&live).to_owned(), ..key.clone() });
            continue;
        }
        let base = base_name(&live);
        if base != key.name {
            if key.kind == Kind::Folder {
                out.odd_folders.push(key.clone());
            } else {
                names.insert(key.clone(), ItemKey { name: base.to_owned(), ..key.clone() });
            }
        }
        owned.push(live);
    }
    out.portal_made.sort();
    (owned, names)
}

/// An item by its own name, with what it refers to by theirs; and the name by which its package is found.
fn renamed(live: ObservedItem, names: &HashMap<ItemKey, ItemKey>) -> (String, Item) {
    let ObservedItem { guid, mut item, .. } = live;
    let full = item.key.package.clone().unwrap_or_else(|| item.key.name.clone());
    rename_references(&mut item, names);
    if let Some(new) = names.get(&item.key) {
        // So that it stays this one, whatever others come to be called.
        item.pin = Some(guid);
        item.key.name.clone_from(&new.name);
    }
    if let Some(package) = &mut item.key.package
        && let Some(new) = names.get(&ItemKey::new(Kind::Package, package.as_str()))
    {
        package.clone_from(&new.name);
    }
    (full, item)
}

/// What the items refer to and the manifests do not hold. The programs of a package that is not held are known to the
/// server alone.
fn externals(out: &mut Imported) {
    let mut found: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for item in out.items.values() {
        for (_, target) in item.spec.references() {
            if out.items.contains_key(&target) {
                continue;
            }
            let name = match &target.package {
                None => target.name,
                Some(package) if out.items.contains_key(&ItemKey::new(Kind::Package, package.as_str())) => {
                    format!("{package}/{}", target.name)
                }
                Some(_) => continue,
            };
            found.entry(target.kind).or_default().insert(name);
        }
    }
    out.externals = found.into_iter().map(|(kind, names)| (kind, names.into_iter().collect())).collect();
}

/// What becomes of an import when it is read.
struct Judged {
    findings: Diagnostics,
    sources: Sources,
    /// How much of it no manifest can say.
    unsayable: usize,
    /// Items that read back as something else without a finding.
    other: Vec<ItemKey>,
}

/// Reads what would be written, as `validate` would: a manifest that nobody can plan from is not to be written.
fn judge(imported: &Imported, project: &Project, server: &str, out: &Utf8Path) -> Judged {
    let mut project = project.clone();
    for (kind, names) in &imported.externals {
        project.externals.entry(*kind).or_default().extend(names.iter().cloned());
    }
    let mut sources = Sources::new();
    let ids: Vec<_> =
        imported.files.iter().map(|(path, text)| sources.add_text(out.join(path), text.as_str())).collect();
    let (parsed, mut findings) = manifest::parse(&sources, &ids);
    let (loaded, more) = parsed.into_site(&project, Some(server), &Overlays::default());
    findings.extend(more);
    findings.extend(check::validate(&loaded, &project));
    let other: Vec<ItemKey> = imported
        .items
        .iter()
        .filter(|(key, item)| {
            let Some(read) = loaded.site.items.get(*key) else { return true };
            let mut read = read.clone();
            normalise(&mut read);
            item.pin != read.pin || !compare(item, &read).is_empty()
        })
        .map(|(key, _)| key.clone())
        .collect();
    manifest::locate(&mut findings, &sources);
    findings.sort(&sources);
    // The rules about manifests themselves say what cannot be said; all others speak of what can, and is not wise.
    let is_unsayable =
        |finding: &&Diagnostic| finding.severity == Severity::Error && finding.rule.id.starts_with("MAN-");
    let unsayable = findings.iter().filter(is_unsayable).count() + other.len() + imported.odd_folders.len();
    let other = if findings.has_errors() { Vec::new() } else { other };
    Judged { findings, sources, unsayable, other }
}

/// A file name for an item that no other has, whatever a file system thinks of case. `numbers` has the last number
/// given out for each name, where the search goes on.
fn free_path<T>(taken: &BTreeMap<Utf8PathBuf, T>, numbers: &mut HashMap<String, usize>, item: &Item) -> Utf8PathBuf {
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
    let stem = format!("{directory}/{slug}");
    let number = numbers.entry(stem.clone()).or_default();
    loop {
        *number += 1;
        let path = if *number == 1 { format!("{stem}.yaml") } else { format!("{stem}-{number}.yaml") };
        let path = Utf8PathBuf::from(path);
        // Another item may be called `NAME-2`.
        if !taken.contains_key(&path) {
            return path;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::folder::Folder;

    #[test]
    fn items_of_one_slug_get_paths_of_their_own_in_time() {
        let (mut taken, mut numbers) = (BTreeMap::new(), HashMap::new());
        let mut path = |name: &str| {
            let item = Item::new(ItemKey::new(Kind::Collection, name), Spec::Folder(Folder::default()));
            let path = free_path(&taken, &mut numbers, &item);
            assert!(taken.insert(path.clone(), String::new()).is_none(), "{path} was taken");
            path.into_string()
        };
        // `a-2` has its name before the second `a` comes.
        assert_eq!(
            ["a-2", "A", "a", "a!"].map(&mut path),
            ["collections/a-2.yaml", "collections/a.yaml", "collections/a-3.yaml", "collections/a-4.yaml",]
        );
        for n in 0..30_000 {
            path(&"?".repeat(1 + n % 200));
        }
        assert_eq!(path("?"), "collections/collection-30001.yaml");
    }
    use crate::model::guid::Guid;
    use crate::model::observed::ServerIdentity;
    use crate::model::project::Api;

    #[test]
    fn a_folder_that_no_path_tells_apart_is_not_imported() {
        let guid: Guid = "11111111-1111-4111-8111-111111111111".parse().expect("a GUID");
        let folder = |name: &str| {
            let mut item = Item::new(ItemKey::new(Kind::Folder, name), Spec::Folder(Folder::default()));
            item.folder = Some("Software Delivery".to_owned());
            ObservedItem { guid, revision: "1".to_owned(), password_set: None, password_mark: None, item }
        };
        let project: Project = serde_json::from_value(serde_json::json!({
            "apiVersion": "consign/v1", "kind": "Project", "manifests": ["out"],
            "servers": { "lab": { "url": "http://127.0.0.1:1", "tokenFrom": {"env": "T"}, "folders": ["Software Delivery"] } }
        }))
        .expect("a project");
        let judged = |name: &str| {
            let server =
                ServerIdentity { instance: guid, name: "lab".to_owned(), api: Api::Native, version: "1".to_owned() };
            let time = "2026-01-01T00:00:00Z".parse().expect("a time");
            let observed = Observed { server, state: None, time, coverage: BTreeMap::new(), items: vec![folder(name)] };
            let imported = manifests(observed, &project.servers["lab"]);
            let judged = judge(&imported, &project, "lab", Utf8Path::new("out"));
            (imported.odd_folders.len(), judged.unsayable)
        };
        assert_eq!(judged(&format!("Software Delivery/A/B {{{guid}}}")).0, 1);
        assert!(judged(&format!("Software Delivery/A/B {{{guid}}}")).1 > 0);
        assert_eq!(judged("Software Delivery/A").0, 0);
    }
}
