//! What the items of a server are called: GUIDs to names, pure.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::model::guid::Guid;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// What the GUIDs in a spec are called.
pub trait ToNames {
    /// A collection's name.
    fn collection(&self, guid: Guid) -> String;
    /// A package's name.
    fn package(&self, guid: Guid) -> String;
    /// A program's name within this package.
    fn program(&self, package: Guid, guid: Guid) -> String;
}

/// Folders within folders that are followed; more is a circle, or meant as an attack.
const DEPTH_MAX: usize = 64;

/// An item, as far as its name depends on it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Its identity.
    pub guid: Guid,
    /// Its kind.
    pub kind: Kind,
    /// The name that it has on the server.
    pub name: &'a str,
    /// The folder it is in.
    pub folder: Option<Guid>,
    /// The package of a program.
    pub package: Option<Guid>,
}

/// The names of all items of a state. Where two of a kind share one, each is `NAME {GUID}`; what is not there is
/// `{GUID}`.
pub struct Names {
    named: HashMap<Guid, Named>,
}

struct Named {
    kind: Kind,
    package: Option<Guid>,
    /// A folder's whole path.
    name: String,
}

impl Names {
    /// Names these items.
    ///
    /// # Errors
    /// What is wrong, when two items share a GUID, folders lie within each other, or two items cannot be told apart.
    pub fn of(entries: &[Entry<'_>]) -> Result<Self, String> {
        let by_guid: HashMap<Guid, Entry<'_>> = entries.iter().map(|entry| (entry.guid, *entry)).collect();
        if by_guid.len() != entries.len() {
            return Err("two items have the same GUID".to_owned());
        }
        let mut shared: HashMap<(Kind, Option<Guid>, &str), usize> = HashMap::with_capacity(entries.len());
        for entry in entries {
            *shared.entry(scope(entry)).or_default() += 1;
        }
        let own = |entry: &Entry<'_>| {
            // A `/` in a folder's name would read as a step of its path.
            let misread = entry.kind == Kind::Folder && entry.name.contains('/');
            if misread || shared[&scope(entry)] > 1 {
                format!("{} {{{}}}", entry.name, entry.guid)
            } else {
                entry.name.to_owned()
            }
        };
        let mut named = HashMap::with_capacity(entries.len());
        for entry in entries {
            let name = if entry.kind == Kind::Folder { path(entry, &by_guid, &own)? } else { own(entry) };
            named.insert(entry.guid, Named { kind: entry.kind, package: entry.package, name });
        }
        Ok(Self { named })
    }

    /// The key of an item of the state.
    pub fn key(&self, guid: Guid) -> Option<ItemKey> {
        let Named { kind, package, name } = self.named.get(&guid)?;
        Some(match package {
            Some(package) => ItemKey::program(self.package(*package), name.clone()),
            None => ItemKey::new(*kind, name.clone()),
        })
    }

    /// The path of a folder.
    pub fn folder(&self, guid: Guid) -> String {
        self.name(Kind::Folder, guid)
    }

    fn name(&self, kind: Kind, guid: Guid) -> String {
        match self.named.get(&guid) {
            Some(named) if named.kind == kind => named.name.clone(),
            _ => missing(guid),
        }
    }

    /// Two items of one key, if there are any.
    pub fn twins<'k>(keys: impl Iterator<Item = &'k ItemKey>) -> Option<&'k ItemKey> {
        let mut seen = HashSet::new();
        keys.into_iter().find(|key| !seen.insert(*key))
    }
}

impl ToNames for Names {
    fn collection(&self, guid: Guid) -> String {
        self.name(Kind::Collection, guid)
    }

    fn package(&self, guid: Guid) -> String {
        self.name(Kind::Package, guid)
    }

    fn program(&self, package: Guid, guid: Guid) -> String {
        match self.named.get(&guid) {
            // A program of another package has no name within this one.
            Some(named) if named.kind == Kind::Program && named.package == Some(package) => named.name.clone(),
            _ => missing(guid),
        }
    }
}

fn missing(guid: Guid) -> String {
    format!("{{{guid}}}")
}

/// Within what a name is to be unique: programs in their package, folders in their folder, the rest in their kind.
fn scope<'a>(entry: &Entry<'a>) -> (Kind, Option<Guid>, &'a str) {
    let within = match entry.kind {
        Kind::Program => entry.package,
        Kind::Folder => entry.folder,
        _ => None,
    };
    (entry.kind, within, entry.name)
}

fn path(
    entry: &Entry<'_>,
    by_guid: &HashMap<Guid, Entry<'_>>,
    own: &impl Fn(&Entry<'_>) -> String,
) -> Result<String, String> {
    let mut parts = vec![own(entry)];
    let mut above = entry.folder;
    while let Some(guid) = above {
        if parts.len() > DEPTH_MAX {
            return Err(format!("folder {} lies within more than {DEPTH_MAX} others, or within itself", entry.guid));
        }
        match by_guid.get(&guid) {
            Some(parent) if parent.kind == Kind::Folder => {
                parts.push(own(parent));
                above = parent.folder;
            }
            _ => {
                parts.push(missing(guid));
                above = None;
            }
        }
    }
    parts.reverse();
    Ok(parts.join("/"))
}

/// The name without the `{GUID}` that told it apart, as the server has it.
pub fn bare(name: &str, guid: Guid) -> &str {
    name.strip_suffix(&missing(guid)).and_then(|name| name.strip_suffix(' ')).unwrap_or(name)
}
