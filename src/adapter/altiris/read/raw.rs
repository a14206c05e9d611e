//! What was read of a server, whichever way, before it is named and told in the manifests' words.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::adapter::Reference;
use crate::model::altiris::Hidden;
use crate::model::guid::Guid;
use crate::model::kind::Kind;

use super::super::wire::details::PackageDetails;
use super::super::wire::details::ProgramDetails;
use super::super::wire::details::TaskDetails;

/// That a task is for a resource target which is made of a collection; two links of the server's in one.
const THROUGH_TARGET: &str = "policyappliestoresourcetarget, made of the collection";

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// Console folders.
    pub folders: BTreeMap<Guid, RawFolder>,
    /// Packages.
    pub packages: BTreeMap<Guid, PackageDetails>,
    /// Programs, each with its package.
    pub programs: BTreeMap<Guid, (Guid, ProgramDetails)>,
    /// Tasks.
    pub tasks: BTreeMap<Guid, TaskDetails>,
    /// Collections.
    pub collections: BTreeMap<Guid, RawCollection>,
    /// Resource targets that tasks are for.
    pub targets: BTreeMap<Guid, Target>,
    /// Rights on the portal by item; `None` where nobody shows them.
    pub rights: Option<BTreeMap<Guid, BTreeSet<Permission>>>,
    /// Names of computers that collections list.
    pub computers: BTreeMap<Guid, String>,
    /// Kinds of which nothing could be read, and why.
    pub unreadable: BTreeMap<Kind, String>,
    /// What of a kind could not be read.
    pub gaps: Vec<Gap>,
    /// What no report showed this time: nothing is known of it, and nothing of it may be compared.
    pub hidden: BTreeSet<Hidden>,
}

/// A console folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawFolder {
    /// Its name.
    pub name: String,
    /// The folder that it is in.
    pub parent: Option<Guid>,
    /// For people only; empty where only a report would show it.
    pub description: String,
    /// `Normal`, or what it is besides.
    pub attributes: String,
}

/// A collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RawCollection {
    /// Its name.
    pub name: String,
    /// The folder that it is in.
    pub folder: Option<Guid>,
    /// `Normal`, or what it is besides.
    #[serde(skip)]
    pub attributes: String,
    /// What only a report shows.
    pub shown: Option<CollectionShown>,
    /// Collections whose computers belong to it.
    pub include: BTreeSet<Guid>,
    /// Collections whose computers do not.
    pub exclude: BTreeSet<Guid>,
    /// Computers that are listed.
    pub members: BTreeSet<Guid>,
    /// Computers that are listed as not belonging to it, which no manifest says.
    pub not_members: BTreeSet<Guid>,
}

/// What only a report shows of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionShown {
    /// For people only.
    pub description: String,
    /// Its query; empty: none.
    pub query: String,
    /// Whether the server evaluates it again.
    pub auto_update: bool,
}

/// A resource target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The collection that it is nothing else than.
    pub collection: Option<Guid>,
    /// Every collection that it is made of, in whatever way.
    pub uses: BTreeSet<Guid>,
}

/// A right of somebody on an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Whose.
    pub trustee: String,
    /// Which.
    pub permission: Guid,
    /// Whether it comes from the folder above.
    pub inherited: bool,
}

/// Something of a kind that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Of which kind.
    pub kind: Kind,
    /// The folder that it is in; `None`: nobody knows.
    pub folder: Option<Guid>,
    /// What, and why.
    pub why: String,
}

impl Raw {
    /// Notes a gap.
    pub fn gap(&mut self, kind: Kind, folder: Option<Guid>, why: impl Into<String>) {
        self.gaps.push(Gap { kind, folder, why: why.into() });
    }

    /// The revision of an item: a digest of what was read of it, the same whichever way it was read.
    pub fn revision(&self, guid: Guid) -> Option<String> {
        if let Some(package) = self.packages.get(&guid) {
            return Some(digest(package));
        }
        if let Some((_, program)) = self.programs.get(&guid) {
            return Some(digest(program));
        }
        if let Some(task) = self.tasks.get(&guid) {
            return Some(digest(task));
        }
        if let Some(collection) = self.collections.get(&guid) {
            return Some(digest(collection));
        }
        self.folders.get(&guid).map(RawFolder::revision)
    }

    /// What an item refers to and what refers to it, in the server's words for it (altiris-domain §1).
    pub fn references(&self, about: Guid) -> Vec<Reference> {
        let mut found = BTreeSet::new();
        for (hint, from, to) in self.edges() {
            let outgoing = from == about;
            let other = if outgoing { to } else { from };
            if outgoing || to == about {
                let (kind, name) = self.called(other);
                found.insert(Reference { outgoing, hint: hint.to_owned(), guid: other, kind, name });
            }
        }
        found.into_iter().collect()
    }

    fn edges(&self) -> Vec<(&'static str, Guid, Guid)> {
        let mut edges = Vec::new();
        let mut folder = |item: Guid, folder: Option<Guid>| {
            edges.extend(folder.map(|folder| ("folderchilditem", folder, item)));
        };
        self.folders.iter().for_each(|(guid, found)| folder(*guid, found.parent));
        self.packages.iter().for_each(|(guid, found)| folder(*guid, found.folder));
        self.tasks.iter().for_each(|(guid, found)| folder(*guid, found.folder));
        self.collections.iter().for_each(|(guid, found)| folder(*guid, found.folder));
        edges.extend(self.programs.iter().map(|(guid, (package, _))| ("packagecontainsprogram", *package, *guid)));
        for (guid, task) in &self.tasks {
            edges.extend(task.package.map(|package| ("swdadvertisement uses swdpackage", *guid, package)));
            edges.extend(task.program.map(|program| ("swdadvertisement uses swdprogram", *guid, program)));
            for target in &task.targets {
                let is_collection = self.collections.contains_key(target);
                let hint = if is_collection { "policyappliestocollection" } else { "policyappliestoresourcetarget" };
                edges.push((hint, *guid, *target));
                // Whoever asks for a collection asks for the tasks that are for it, and not for the targets in between.
                let uses = self.targets.get(target).map(|target| &target.uses).into_iter().flatten();
                edges.extend(uses.map(|collection| (THROUGH_TARGET, *guid, *collection)));
            }
        }
        for (guid, collection) in &self.collections {
            edges.extend(collection.include.iter().map(|other| ("collectionincludescollection", *guid, *other)));
            edges.extend(collection.exclude.iter().map(|other| ("collectionexcludescollection", *guid, *other)));
        }
        edges
    }

    fn called(&self, guid: Guid) -> (String, String) {
        let said = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        if let Some(found) = self.folders.get(&guid) {
            return said(Kind::Folder.name(), &found.name);
        }
        if let Some(found) = self.packages.get(&guid) {
            return said(Kind::Package.name(), &found.name);
        }
        if let Some((_, found)) = self.programs.get(&guid) {
            return said(Kind::Program.name(), &found.name);
        }
        if let Some(found) = self.tasks.get(&guid) {
            return said(Kind::Task.name(), &found.name);
        }
        if let Some(found) = self.collections.get(&guid) {
            return said(Kind::Collection.name(), &found.name);
        }
        match self.targets.get(&guid) {
            Some(target) => said("ResourceTarget", &target.name),
            None => said("Item", &format!("{{{guid}}}")),
        }
    }

    /// Whether there is such an item among those read.
    pub fn has(&self, guid: Guid) -> bool {
        self.revision(guid).is_some()
    }
}

impl RawFolder {
    /// Its revision: its name and place, which every way shows.
    pub fn revision(&self) -> String {
        digest(&(&self.name, &self.parent))
    }
}

/// The digest of what was read of an item.
pub fn digest(read: &impl Serialize) -> String {
    // Such a value always has a form in JSON: it holds no map with keys that are no texts.
    let json = serde_json::to_vec(read).unwrap_or_default();
    Sha256::digest(&json).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
