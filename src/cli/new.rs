//! `consign new KIND NAME`

use camino::Utf8Path;
use camino::Utf8PathBuf;

use crate::check::refused_name;
use crate::cli::args::NewArgs;
use crate::cli::context::Context;
use crate::cli::context::Opened;
use crate::cli::context::Outcome;
use crate::cli::context::find_root;
use crate::cli::context::open;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::init::existing;
use crate::diag::Diagnostics;
use crate::diag::Loaded;
use crate::diag::Location;
use crate::diag::nearest;
use crate::diag::visible;
use crate::manifest;
use crate::manifest::Known;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::sys::disk;

/// Runs it.
pub fn run(context: &Context, args: &NewArgs) -> Outcome {
    let kind = kind(&args.kind)?;
    if let Some((rule, problem, help)) = refused_name(kind, &args.name) {
        return Err(Failure::new(exit::USAGE, format!("the name {problem} ({})", rule.id))
            .help(format!("nothing was written; {help}")));
    }
    let mut opened = open(&context.directory)?;
    let loaded = loaded(&mut opened);
    let key = ItemKey::new(kind, args.name.as_str());
    if loaded.as_ref().is_some_and(|loaded| loaded.site.items.contains_key(&key)) {
        let message = format!("the project has {} already", visible(&key.to_string()));
        return Err(Failure::new(exit::USAGE, message).help("nothing was written; take another name"));
    }
    if let Some(other) = loaded.as_ref().and_then(|loaded| alike(loaded, &key)) {
        let message = format!("the project has {}, which differs only in case (MAN-9)", visible(&other.to_string()));
        return Err(Failure::new(exit::USAGE, message).help("nothing was written; servers take both for one name"));
    }
    let known = loaded.as_ref().map(known).unwrap_or_default();
    if args.to.as_ref().is_some_and(|to| to == "-") {
        context.out(&manifest::starter(kind, &args.name, None, &known))?;
        return Ok(exit::OK);
    }
    let path = match &args.to {
        Some(to) => {
            let (existing, rest) =
                existing(&context.directory.join(to).parent().map(Utf8Path::to_owned).unwrap_or_default())?;
            existing.join(rest).join(to.file_name().unwrap_or_default())
        }
        None => opened.root.join(place(&opened, kind, &args.name)?),
    };
    let schema = schema(&opened.root, &path);
    let text = manifest::starter(kind, &args.name, schema.as_deref(), &known);
    let shown = shown(context, &path);
    if disk::is_there(&path) {
        return Err(Failure::new(exit::USAGE, format!("`{}` is there already", visible(&shown)))
            .help("it was left as it is; say another file with --to"));
    }
    disk::write_new(Utf8Path::new(""), &[(path.clone(), text)])
        .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    context.out(&format!("{shown}\n"))?;
    tell(context, &path, &key)
}

/// An item that servers take for another one.
fn alike<'a>(loaded: &'a Loaded, key: &ItemKey) -> Option<&'a ItemKey> {
    let lower = key.name.to_lowercase();
    loaded.site.items.keys().find(|other| other.kind == key.kind && other.name.to_lowercase() == lower)
}

/// Says what is to be done with the new manifest yet.
fn tell(context: &Context, path: &Utf8Path, key: &ItemKey) -> Outcome {
    let mut opened = open(&find_root(&context.directory)?)?;
    let is_read = loaded(&mut opened).is_some_and(|loaded| loaded.site.items.contains_key(key));
    opened.settle();
    let own: Diagnostics =
        opened.findings.iter().filter(|finding| is_in(&opened, &finding.at, path)).cloned().collect();
    if !own.is_empty() {
        context.show_findings(&own, &opened.sources);
    } else if !is_read {
        context
            .talk("warning: it lies in no directory that `manifests` in `consign.yaml` names, so nothing reads it\n");
    }
    Ok(exit::OK)
}

fn is_in(opened: &Opened, at: &Location, path: &Utf8Path) -> bool {
    let source = match at {
        Location::Nowhere => return false,
        Location::File(source) | Location::Pointer { source, .. } | Location::Span { source, .. } => *source,
    };
    let found = opened.root.join(opened.sources.path(source)).canonicalize_utf8();
    found.is_ok_and(|found| path.canonicalize_utf8().is_ok_and(|path| path == found))
}

/// The project as its first server is to have it: names are the same for all of them, but for variables.
fn loaded(opened: &mut Opened) -> Option<Loaded> {
    let server = opened.project.as_ref()?.servers.keys().next().cloned();
    opened.site(server.as_deref())
}

fn kind(text: &str) -> Result<Kind, Failure> {
    match Kind::from_short(text) {
        Some(Kind::Program) => Err(Failure::new(exit::USAGE, "a program has no manifest of its own")
            .help("it is written inside its package's: `consign new Package NAME`")),
        Some(kind) => Ok(kind),
        None => {
            let failure = Failure::new(exit::USAGE, format!("`{}` is no kind", visible(text)));
            let names = || Kind::ALL.into_iter().filter(|kind| *kind != Kind::Program).map(Kind::name);
            Err(match nearest(text, names()) {
                Some(near) => failure.help(format!("did you mean {near}?")),
                None => failure.help(format!("there are {}", names().collect::<Vec<_>>().join(", "))),
            })
        }
    }
}

/// What there is to refer to: the first of each kind, by name.
fn known(loaded: &Loaded) -> Known {
    let of = |wanted: Kind| loaded.site.items.keys().find(|key| key.kind == wanted);
    let program = of(Kind::Program).and_then(|key| Some((key.package.clone()?, key.name.clone())));
    Known { program, collection: of(Kind::Collection).map(|key| key.name.clone()) }
}

/// Where a manifest goes that nobody said a file for, from the project's root.
fn place(opened: &Opened, kind: Kind, name: &str) -> Result<Utf8PathBuf, Failure> {
    let mut entries = opened.project.iter().flat_map(|project| &project.manifests);
    let directory = entries.find(|entry| !entry.ends_with(".yaml") && !entry.ends_with(".yml"));
    let Some(directory) = directory else {
        return Err(Failure::new(exit::USAGE, "`consign.yaml` names files only, no directory for new ones")
            .help("say the file with --to, and name it there"));
    };
    Ok(Utf8Path::new(directory).join(folder(kind)).join(format!("{}.yaml", slug(name))))
}

const fn folder(kind: Kind) -> &'static str {
    match kind {
        Kind::Folder => "folders",
        Kind::Package | Kind::Program => "packages",
        Kind::Task => "tasks",
        Kind::SequentialTask => "sequences",
        Kind::Collection => "collections",
        Kind::MaintenanceWindow => "windows",
        Kind::DeliveryPolicy => "policies",
        Kind::PortalDefaults | Kind::PortalSettings => "portal",
        Kind::AgentSettings | Kind::PatchPlugin | Kind::PurgeSettings => "settings",
    }
}

/// A name as a file is called.
fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let slug: String = parts.join("-").chars().take(80).collect();
    if slug.is_empty() { "item".to_owned() } else { slug }
}

/// The way from a manifest to the schema in the project, where there is one.
pub(super) fn schema(root: &Utf8Path, path: &Utf8Path) -> Option<String> {
    const SCHEMA: &str = "schema/manifest.json";
    let below = path.strip_prefix(root).ok()?;
    let up = "../".repeat(below.components().count().checked_sub(1)?);
    disk::is_there(&root.join(SCHEMA)).then(|| format!("{up}{SCHEMA}"))
}

/// A path as it is told: from the directory that the command was started in, where it lies below it.
pub(super) fn shown(context: &Context, path: &Utf8Path) -> String {
    let here = context.directory.canonicalize_utf8().unwrap_or_else(|_| context.directory.clone());
    path.strip_prefix(&here).unwrap_or(path).to_string()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_name_becomes_the_name_of_a_file() {
        for (name, file) in
            [("7-Zip", "7-zip"), ("Büro / Office  (2024)", "büro-office-2024"), ("../../x", "x"), ("***", "item")]
        {
            assert_eq!(slug(name), file);
        }
    }
}
