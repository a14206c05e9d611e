//! The portal rights that hold on an item (PTL-1, PTL-2).

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::item::Item;
use crate::server::app::items::find;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::Spec;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Right;
use crate::server::store::Connection;

/// The rights that hold on an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rights {
    /// Whether those of the parent hold too.
    pub inherit: bool,
    /// The rights: its own first, then those of each parent upwards.
    pub rights: Vec<Held>,
}

/// One right that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// Whose it is.
    pub principal: String,
    /// Which.
    pub right: Right,
    /// Whether it is the item's own.
    pub origin: Origin,
    /// The item that says so.
    pub from: Guid,
}

/// Where a right comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// From the item.
    Own,
    /// From above it.
    Inherited,
}

impl App {
    /// The portal rights that hold on an item: a program's with those of the programs folder (PTL-2), a sequential
    /// task's and a folder's with those of the folders above (SEQ-6).
    ///
    /// # Errors
    /// `not_found`; `invalid` for a kind without portal rights.
    pub fn rights(&self, guid: Guid) -> Result<Rights, Refused> {
        self.store().read(|sql| of(sql, &find(sql, guid)?))
    }
}

/// The portal rights that hold on an item, at one moment of the store.
pub(super) fn of(sql: &Connection, item: &Item) -> Result<Rights, Refused> {
    let Some((inherit, own)) = says(item) else {
        let why = "programs, sequential tasks, folders and the programs folder have portal rights";
        return Err(Refused::new(Code::Invalid, why).with("field", "kind").with("rule", "PTL-1"));
    };
    let mut rights = held(own, Origin::Own, item.guid);
    let mut at = item.folder.filter(|_| inherit);
    while let Some(above) = at {
        let parent = find(sql, above)?;
        let (inherit, grants) = says(&parent).unwrap_or((false, &[]));
        rights.extend(held(grants, Origin::Inherited, above));
        at = parent.folder.filter(|_| inherit);
    }
    Ok(Rights { inherit, rights })
}

/// Whether an item inherits, and its own rights.
fn says(item: &Item) -> Option<(bool, &[Grant])> {
    let portal = match &item.spec {
        Spec::Program(spec) => &spec.portal,
        Spec::SequentialTask(spec) => &spec.portal,
        Spec::Folder(spec) => &spec.portal,
        Spec::PortalDefaults(spec) => return Some((false, &spec.grants)),
        _ => return None,
    };
    Some((portal.inherit, &portal.grants))
}

fn held(grants: &[Grant], origin: Origin, from: Guid) -> Vec<Held> {
    let one = |grant: &Grant| Held { principal: grant.principal.clone(), right: grant.right, origin, from };
    grants.iter().map(one).collect()
}
