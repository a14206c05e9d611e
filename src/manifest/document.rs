//! One document to one item: the envelope, the fast path, and the bounds that the types alone do not hold.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::de;
use super::tree::Data;
use super::tree::Tree;
use crate::model::guid::Guid;
use crate::model::item::Acknowledgement;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::RunOnceFor;
use crate::model::portal::PortalRights;
use crate::model::schedule::MonthDay;
use crate::model::schedule::Schedule;
use crate::model::task::Run;

/// The version of the manifest format.
pub(super) const API_VERSION: &str = "consign/v1";

/// The kinds that have manifests of their own; programs are written inside their package.
pub(super) fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Program)
}

/// What every manifest says of its item beside what the item does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Metadata {
    /// The item's name; with the kind it is the item's identity in the project. A folder's is the last part of its
    /// path.
    #[schemars(length(min = 1, max = 255))]
    pub(super) name: String,
    /// The console folder the item lives in, by path, with `/` between the parts. Absent: the first folder that the
    /// project owns on the server; for a folder, the top.
    #[serde(default)]
    pub(super) folder: Option<String>,
    /// The project's own labels; no server holds them.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Pins the manifest to the item with this GUID.
    #[serde(default)]
    pub(super) guid: Option<Guid>,
    /// What the item was called before, newest first, so that a rename keeps its GUID.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// Attributes the item has on the server.
    #[serde(default)]
    pub(super) attributes: BTreeSet<Attribute>,
    /// Consequences that the item's owners have accepted, by rule.
    #[serde(default)]
    pub(super) acknowledge: Vec<Acknowledgement>,
}

impl Metadata {
    /// The metadata that a manifest of this item has.
    pub(super) fn of(item: &Item) -> Self {
        let name = match item.key.kind {
            Kind::Folder => item.key.name.rsplit('/').next().unwrap_or_default().to_owned(),
            _ => item.key.name.clone(),
        };
        Self {
            name,
            folder: item.folder.clone(),
            labels: item.labels.clone(),
            guid: item.pin,
            aliases: item.aliases.clone(),
            attributes: item.attributes.clone(),
            acknowledge: item.acknowledge.clone(),
        }
    }

    /// The item with this metadata.
    pub(super) fn item(self, spec: Spec) -> Item {
        let kind = spec.kind();
        let name = match (&self.folder, kind) {
            (Some(folder), Kind::Folder) => format!("{folder}/{}", self.name),
            _ => self.name,
        };
        Item {
            key: ItemKey::new(kind, name),
            folder: self.folder,
            pin: self.guid,
            aliases: self.aliases,
            attributes: self.attributes,
            labels: self.labels,
            acknowledge: self.acknowledge,
            spec,
        }
    }
}

/// The four keys of a manifest, by place.
pub(super) struct Envelope {
    pub(super) kind: Kind,
    pub(super) metadata: usize,
    pub(super) spec: usize,
}

impl Envelope {
    /// The envelope of a document, if it is as it should be.
    pub(super) fn of(tree: &Tree<'_>) -> Option<Self> {
        let Data::Map { len: 4, .. } = tree.nodes[0].data else { return None };
        let (mut kind, mut metadata, mut spec, mut version) = (None, None, None, false);
        for (key, value) in tree.pairs(0) {
            match tree.text(key)? {
                "apiVersion" => version = tree.text(value) == Some(API_VERSION),
                "kind" => kind = tree.text(value).and_then(manifest_kind),
                "metadata" => metadata = Some(value),
                "spec" => spec = Some(value),
                _ => return None,
            }
        }
        version.then_some(Self { kind: kind?, metadata: metadata?, spec: spec? })
    }
}

/// The kind of this name, if it has manifests of its own.
pub(super) fn manifest_kind(name: &str) -> Option<Kind> {
    name.parse().ok().filter(|kind| *kind != Kind::Program)
}

/// Why the fast path does not take a document.
#[derive(Debug)]
pub(super) enum Refused {
    /// The envelope, a bound, or a value that only the schema judges strictly.
    AskSchema,
    /// A type refused a node with a message of its own.
    Type { at: usize, message: String },
}

/// The fast path: the item of a document that is as it should be. It takes exactly what the kind's schema takes, less
/// texts of the right form that mean nothing, such as the date `2026-02-31`.
pub(super) fn item(tree: &Tree<'_>) -> Result<Item, Refused> {
    let envelope = Envelope::of(tree).ok_or(Refused::AskSchema)?;
    let mut lax = false;
    let metadata: Metadata = node(tree, envelope.metadata, &mut lax)?;
    let spec = spec(envelope.kind, tree, envelope.spec, &mut lax)?;
    // A set does not tell that a list named something twice.
    if let Some(list) = tree.get(envelope.metadata, "attributes")
        && tree.elements(list).count() != metadata.attributes.len()
    {
        return Err(Refused::AskSchema);
    }
    // What serde's buffer took may be laxer than the schema; the caller asks that.
    if lax || !metadata_fits(&metadata) || !fits(&spec) {
        return Err(Refused::AskSchema);
    }
    Ok(metadata.item(spec))
}

/// The item of a document that the schema has taken.
pub(super) fn item_taken(tree: &Tree<'_>) -> Result<Item, Refused> {
    let envelope = Envelope::of(tree).ok_or(Refused::AskSchema)?;
    let mut lax = false;
    let metadata: Metadata = node(tree, envelope.metadata, &mut lax)?;
    Ok(metadata.item(spec(envelope.kind, tree, envelope.spec, &mut lax)?))
}

pub(super) fn node<T: DeserializeOwned>(tree: &Tree<'_>, at: usize, lax: &mut bool) -> Result<T, Refused> {
    let (result, was_lax) = de::from_node(tree, at);
    *lax |= was_lax;
    result.map_err(|error| {
        let (at, message) = error.into_parts();
        Refused::Type { at, message }
    })
}

fn spec(kind: Kind, tree: &Tree<'_>, at: usize, lax: &mut bool) -> Result<Spec, Refused> {
    Ok(match kind {
        Kind::Folder => Spec::Folder(node(tree, at, lax)?),
        Kind::Package => Spec::Package(node(tree, at, lax)?),
        Kind::Task => Spec::Task(node(tree, at, lax)?),
        Kind::SequentialTask => Spec::SequentialTask(node(tree, at, lax)?),
        Kind::Collection => Spec::Collection(node(tree, at, lax)?),
        Kind::MaintenanceWindow => Spec::MaintenanceWindow(node(tree, at, lax)?),
        Kind::PortalDefaults => Spec::PortalDefaults(node(tree, at, lax)?),
        Kind::PortalSettings => Spec::PortalSettings(node(tree, at, lax)?),
        Kind::DeliveryPolicy => Spec::DeliveryPolicy(node(tree, at, lax)?),
        Kind::AgentSettings => Spec::AgentSettings(node(tree, at, lax)?),
        Kind::PatchPlugin => Spec::PatchPlugin(node(tree, at, lax)?),
        Kind::PurgeSettings => Spec::PurgeSettings(node(tree, at, lax)?),
        Kind::Program => return Err(Refused::AskSchema),
    })
}

fn metadata_fits(metadata: &Metadata) -> bool {
    is_name(&metadata.name) && metadata.acknowledge.iter().all(|accepted| !accepted.reason.is_empty())
}

/// Whether the lengths and ranges hold that the schemas name and the types do not. A test holds the two together.
fn fits(spec: &Spec) -> bool {
    match spec {
        Spec::Package(spec) => spec.programs.iter().all(|program| {
            let users_fit = match &program.run_once_for {
                RunOnceFor::Users(list) => !list.users.is_empty(),
                RunOnceFor::By(_) => true,
            };
            is_name(&program.name)
                && !program.command_line.is_empty()
                && users_fit
                && program.portal.as_ref().is_none_or(rights_fit)
        }),
        Spec::Task(spec) => run_fits(&spec.run),
        Spec::SequentialTask(spec) => {
            !spec.steps.is_empty() && run_fits(&spec.run) && spec.portal.as_ref().is_none_or(rights_fit)
        }
        Spec::MaintenanceWindow(spec) => schedule_fits(&spec.schedule),
        Spec::Folder(spec) => spec.portal.as_ref().is_none_or(rights_fit),
        Spec::PortalDefaults(spec) => spec.grants.iter().flatten().all(|grant| !grant.principal.is_empty()),
        Spec::DeliveryPolicy(spec) => {
            let remediation_fits = match &spec.remediation {
                crate::model::delivery_policy::Remediation::Schedule(schedule) => schedule_fits(schedule),
                _ => true,
            };
            !spec.resources.is_empty() && spec.compliance.as_ref().is_none_or(schedule_fits) && remediation_fits
        }
        Spec::PatchPlugin(spec) => spec.scan.as_ref().is_none_or(schedule_fits),
        Spec::Program(_)
        | Spec::Collection(_)
        | Spec::PortalSettings(_)
        | Spec::AgentSettings(_)
        | Spec::PurgeSettings(_) => true,
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && (name.len() <= 255 || name.chars().count() <= 255)
}

fn rights_fit(rights: &PortalRights) -> bool {
    rights.grants.iter().all(|grant| !grant.principal.is_empty())
}

fn run_fits(run: &Run) -> bool {
    match run {
        Run::Schedule(schedule) => schedule_fits(schedule),
        Run::Manual | Run::AsSoonAsPossible => true,
    }
}

fn schedule_fits(schedule: &Schedule) -> bool {
    match schedule {
        Schedule::Weekly(weekly) => !weekly.days.is_empty() && (1..=52).contains(&weekly.every),
        Schedule::Monthly(monthly) => {
            let day_fits = match monthly.day {
                MonthDay::Date(day) => (1..=31).contains(&day.date),
                MonthDay::Last(_) | MonthDay::Weekday(_) => true,
            };
            day_fits && monthly.offset_days <= 27 && (1..=12).contains(&monthly.every)
        }
        Schedule::At(_) | Schedule::Daily(_) | Schedule::Every(_) => true,
    }
}
