//! One item: what it is called, where it lives, and what it says.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::agent_settings::AgentSettings;
use crate::model::collection::Collection;
use crate::model::delivery_policy::DeliveryPolicy;
use crate::model::folder::Folder;
use crate::model::guid::Guid;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::patch::PatchPlugin;
use crate::model::portal::PortalDefaults;
use crate::model::portal::PortalSettings;
use crate::model::purge::PurgeSettings;
use crate::model::sequence::SequentialTask;
use crate::model::task::Task;
use crate::model::units::Date;
use crate::model::window::MaintenanceWindow;

/// An item as a manifest declares it, or as a server holds it: the same type, so that the two can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is called.
    pub key: ItemKey,
    /// The console folder it lives in, by path. `None` for programs (they live in the hidden programs folder,
    /// altiris-domain §1), for singletons, and for a folder at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The GUID a manifest pins it to. Always `None` in an observed item, whose GUID stands beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Guid>,
    /// What it was called before, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Attributes it has on the server.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attributes: BTreeSet<Attribute>,
    /// The project's own labels; no server holds them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Consequences that its owners have accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledge: Vec<Acknowledgement>,
    /// What it says.
    pub spec: Spec,
}

impl Item {
    /// An item with nothing but a name and what it says.
    pub fn new(key: ItemKey, spec: Spec) -> Self {
        Self {
            key,
            folder: None,
            pin: None,
            aliases: Vec::new(),
            attributes: BTreeSet::new(),
            labels: BTreeMap::new(),
            acknowledge: Vec::new(),
            spec,
        }
    }
}

/// An attribute of an item (SWD 6.1 guide, Properties Manager). *Normal* is the absence of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Attribute {
    /// Cannot be deleted.
    NoDelete,
    /// Cannot be changed.
    ReadOnly,
    /// Not shown in the console.
    Hidden,
}

/// A consequence that the owners of an item have accepted, written into its manifest so that it is reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acknowledgement {
    /// The rule whose consequence is accepted, such as `SEQ-1`.
    pub rule: String,
    /// The largest number that is accepted; it lapses when the number outgrows it. Absent: accepts that the number is
    /// not known, and nothing else.
    #[serde(default)]
    pub up_to: Option<u64>,
    /// The last day it holds.
    pub expires: Date,
    /// Why.
    #[schemars(length(min = 1))]
    pub reason: String,
}

/// What an item says, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spec {
    /// See [`Folder`].
    Folder(Folder),
    /// See [`Package`].
    Package(Package),
    /// See [`Program`]; its `name`, `guid` and `aliases` are those of the item.
    Program(Program),
    /// See [`Task`].
    Task(Task),
    /// See [`SequentialTask`].
    SequentialTask(SequentialTask),
    /// See [`Collection`].
    Collection(Collection),
    /// See [`MaintenanceWindow`].
    MaintenanceWindow(MaintenanceWindow),
    /// See [`PortalDefaults`].
    PortalDefaults(PortalDefaults),
    /// See [`PortalSettings`].
    PortalSettings(PortalSettings),
    /// See [`DeliveryPolicy`].
    DeliveryPolicy(DeliveryPolicy),
    /// See [`AgentSettings`].
    AgentSettings(AgentSettings),
    /// See [`PatchPlugin`].
    PatchPlugin(PatchPlugin),
    /// See [`PurgeSettings`].
    PurgeSettings(PurgeSettings),
}

impl Spec {
    /// The kind it belongs to.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Folder(_) => Kind::Folder,
            Self::Package(_) => Kind::Package,
            Self::Program(_) => Kind::Program,
            Self::Task(_) => Kind::Task,
            Self::SequentialTask(_) => Kind::SequentialTask,
            Self::Collection(_) => Kind::Collection,
            Self::MaintenanceWindow(_) => Kind::MaintenanceWindow,
            Self::PortalDefaults(_) => Kind::PortalDefaults,
            Self::PortalSettings(_) => Kind::PortalSettings,
            Self::DeliveryPolicy(_) => Kind::DeliveryPolicy,
            Self::AgentSettings(_) => Kind::AgentSettings,
            Self::PatchPlugin(_) => Kind::PatchPlugin,
            Self::PurgeSettings(_) => Kind::PurgeSettings,
        }
    }

    /// Whether computers act on it, for kinds that can be switched off; `None` for the others.
    pub const fn enabled(&self) -> Option<bool> {
        match self {
            Self::Task(spec) => Some(spec.enabled),
            Self::SequentialTask(spec) => Some(spec.enabled),
            Self::MaintenanceWindow(spec) => Some(spec.enabled),
            Self::PortalSettings(spec) => Some(spec.enabled),
            Self::DeliveryPolicy(spec) => Some(spec.enabled),
            Self::AgentSettings(spec) => Some(spec.enabled),
            Self::PatchPlugin(spec) => Some(spec.enabled),
            Self::PurgeSettings(spec) => Some(spec.enabled),
            Self::Folder(_) | Self::Package(_) | Self::Program(_) | Self::Collection(_) | Self::PortalDefaults(_) => {
                None
            }
        }
    }

    /// Switches it on or off, for kinds that can be.
    pub const fn set_enabled(&mut self, to: bool) {
        match self {
            Self::Task(spec) => spec.enabled = to,
            Self::SequentialTask(spec) => spec.enabled = to,
            Self::MaintenanceWindow(spec) => spec.enabled = to,
            Self::PortalSettings(spec) => spec.enabled = to,
            Self::DeliveryPolicy(spec) => spec.enabled = to,
            Self::AgentSettings(spec) => spec.enabled = to,
            Self::PatchPlugin(spec) => spec.enabled = to,
            Self::PurgeSettings(spec) => spec.enabled = to,
            Self::Folder(_) | Self::Package(_) | Self::Program(_) | Self::Collection(_) | Self::PortalDefaults(_) => {}
        }
    }

    /// The collections it is for, for kinds that reach computers through collections; `None` for the others.
    pub const fn targets(&self) -> Option<&Vec<String>> {
        match self {
            Self::Task(spec) => Some(&spec.collections),
            Self::SequentialTask(spec) => Some(&spec.collections),
            Self::MaintenanceWindow(spec) => Some(&spec.collections),
            Self::PortalSettings(spec) => Some(&spec.collections),
            Self::DeliveryPolicy(spec) => Some(&spec.collections),
            Self::AgentSettings(spec) => Some(&spec.collections),
            Self::PatchPlugin(spec) => Some(&spec.collections),
            _ => None,
        }
    }

    /// The same, to change.
    pub const fn targets_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::Task(spec) => Some(&mut spec.collections),
            Self::SequentialTask(spec) => Some(&mut spec.collections),
            Self::MaintenanceWindow(spec) => Some(&mut spec.collections),
            Self::PortalSettings(spec) => Some(&mut spec.collections),
            Self::DeliveryPolicy(spec) => Some(&mut spec.collections),
            Self::AgentSettings(spec) => Some(&mut spec.collections),
            Self::PatchPlugin(spec) => Some(&mut spec.collections),
            _ => None,
        }
    }

    /// Calls `visit` with every reference to another item: where it stands (a JSON pointer below `spec`, without a
    /// leading slash), what it points at, and the name, which may be changed.
    ///
    /// A program is named within its package, so for it `visit` gets the package's name as well; the package of a
    /// pair is visited before the program, so that a change of the first is seen by the second.
    pub fn visit_references(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        fn targets(list: &mut [String], visit: &mut dyn FnMut(Slot<'_>)) {
            for (at, name) in list.iter_mut().enumerate() {
                visit(Slot { pointer: &format!("collections/{at}"), kind: Kind::Collection, package: None, name });
            }
        }
        fn pair(at: &str, package: &mut String, program: &mut String, visit: &mut dyn FnMut(Slot<'_>)) {
            let before = package.clone();
            visit(Slot { pointer: &format!("{at}package"), kind: Kind::Package, package: None, name: package });
            visit(Slot {
                pointer: &format!("{at}program"),
                kind: Kind::Program,
                package: Some(&before),
                name: program,
            });
        }
        match self {
            Self::Task(spec) => {
                pair("", &mut spec.package, &mut spec.program, visit);
                targets(&mut spec.collections, visit);
            }
            Self::SequentialTask(spec) => {
                for (at, step) in spec.steps.iter_mut().enumerate() {
                    pair(&format!("steps/{at}/"), &mut step.package, &mut step.program, visit);
                }
                targets(&mut spec.collections, visit);
            }
            Self::DeliveryPolicy(spec) => {
                for (at, resource) in spec.resources.iter_mut().enumerate() {
                    pair(&format!("resources/{at}/"), &mut resource.package, &mut resource.program, visit);
                }
                targets(&mut spec.collections, visit);
            }
            Self::Collection(spec) => {
                if let Some(name) = &mut spec.limited_to {
                    visit(Slot { pointer: "limitedTo", kind: Kind::Collection, package: None, name });
                }
                for (list, field) in [(&mut spec.include, "include"), (&mut spec.exclude, "exclude")] {
                    for (at, name) in list.iter_mut().enumerate() {
                        let pointer = format!("{field}/{at}");
                        visit(Slot { pointer: &pointer, kind: Kind::Collection, package: None, name });
                    }
                }
            }
            Self::MaintenanceWindow(spec) => targets(&mut spec.collections, visit),
            Self::PortalSettings(spec) => targets(&mut spec.collections, visit),
            Self::AgentSettings(spec) => targets(&mut spec.collections, visit),
            Self::PatchPlugin(spec) => targets(&mut spec.collections, visit),
            Self::Folder(_)
            | Self::Package(_)
            | Self::Program(_)
            | Self::PortalDefaults(_)
            | Self::PurgeSettings(_) => {}
        }
    }

    /// Every reference to another item, in the order of the manifest, with its JSON pointer below `spec`.
    pub fn references(&self) -> Vec<(String, ItemKey)> {
        let mut found = Vec::new();
        // Visiting needs `&mut`; the copy is of names only for kinds that refer to something.
        if matches!(self, Self::Package(_) | Self::Program(_) | Self::Folder(_)) {
            return found;
        }
        self.clone().visit_references(&mut |slot| {
            let key = ItemKey { kind: slot.kind, package: slot.package.map(str::to_owned), name: slot.name.clone() };
            found.push((slot.pointer.to_owned(), key));
        });
        found
    }
}

/// One reference, as [`Spec::visit_references`] shows it.
pub struct Slot<'a> {
    /// Where it stands below `spec`: a JSON pointer without its leading slash.
    pub pointer: &'a str,
    /// What it points at.
    pub kind: Kind,
    /// The package, as it was called before the visit, when it points at a program.
    pub package: Option<&'a str>,
    /// The name.
    pub name: &'a mut String,
}
