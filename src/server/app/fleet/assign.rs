//! What is assigned to whom: every item that computers get, ready to be told.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::fleet::locked;
use crate::server::app::item::Item;
use crate::server::app::kind::Kind;
use crate::server::app::spec::Spec;
use crate::server::store::Connection;
use crate::server::store::StoreError;
use crate::server::store::items;
use crate::server::store::meta;

/// The kinds that computers get.
const KINDS: [Kind; 6] = [
    Kind::Task,
    Kind::SequentialTask,
    Kind::DeliveryPolicy,
    Kind::MaintenanceWindow,
    Kind::AgentSettings,
    Kind::PatchPlugin,
];

/// Everything that computers get, at one state of the items.
#[derive(Debug, Default)]
pub(in crate::server::app) struct Assignments {
    /// In the order in which the items were made, then of their GUIDs; those that are switched off are not here.
    pub assigned: Vec<Assigned>,
    /// By GUID.
    pub packages: BTreeMap<Guid, Part>,
    /// By GUID.
    pub programs: BTreeMap<Guid, Part>,
}

/// An item that computers get.
#[derive(Debug)]
pub(in crate::server::app) struct Assigned {
    pub guid: Guid,
    pub kind: Kind,
    pub revision: u64,
    /// Whether it is taken off a computer after its success (TSK-10).
    pub leaves_after_success: bool,
    /// Whom it is for.
    pub collections: Vec<Guid>,
    /// The packages and programs that it runs.
    pub uses: Vec<(Guid, Guid)>,
    /// As the answer shows it.
    pub json: String,
    made: Timestamp,
}

impl Assigned {
    /// Whether it is something that runs, and so is told of in status events (DLV-3).
    pub const fn is_job(&self) -> bool {
        matches!(self.kind, Kind::Task | Kind::SequentialTask | Kind::DeliveryPolicy)
    }
}

/// A package or a program.
#[derive(Debug)]
pub(in crate::server::app) struct Part {
    pub revision: u64,
    /// As the answer shows it.
    pub json: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    guid: Guid,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<Guid>,
    name: &'a str,
    spec: &'a Spec,
}

fn shown(item: &Item, kind: Option<Kind>) -> String {
    let value = Shown { guid: item.guid, kind, package: item.package, name: &item.name, spec: &item.spec };
    serde_json::to_string(&value).expect("an item has text keys and whole numbers only")
}

impl App {
    /// What is assigned now. Kept until an item changes.
    pub(super) fn assignments(&self) -> Result<Arc<Assignments>, StoreError> {
        let mut kept = locked(&self.cache().assignments);
        self.store().read(|sql| {
            let state = meta::number(sql, "sequence")?;
            if let Some((made, assignments)) = &*kept
                && *made == state
            {
                return Ok(assignments.clone());
            }
            let assignments = Arc::new(read(sql)?);
            *kept = Some((state, assignments.clone()));
            Ok(assignments)
        })
    }
}

fn read(sql: &Connection) -> Result<Assignments, StoreError> {
    let mut found = Assignments::default();
    for kind in KINDS {
        for json in items::find(sql, Some(kind.name()), None)? {
            let item = Item::stored(&json)?;
            if item.spec.is_enabled() {
                found.assigned.push(Assigned {
                    guid: item.guid,
                    kind,
                    revision: item.revision.0,
                    leaves_after_success: item.spec.leaves_after_success(),
                    collections: item.spec.collections().to_vec(),
                    uses: item.spec.pairs().into_iter().map(|(_, package, program)| (package, program)).collect(),
                    json: shown(&item, Some(kind)),
                    made: item.created_at,
                });
            }
        }
    }
    found.assigned.sort_by_key(|assigned| (assigned.made, assigned.guid));
    for (kind, parts) in [(Kind::Package, &mut found.packages), (Kind::Program, &mut found.programs)] {
        for json in items::find(sql, Some(kind.name()), None)? {
            let item = Item::stored(&json)?;
            parts.insert(item.guid, Part { revision: item.revision.0, json: shown(&item, None) });
        }
    }
    Ok(found)
}
