//! Portal rights with inheritance resolved (PTL-2, SEQ-6): the one place that says which rights hold on an item.

use std::collections::BTreeSet;

use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::portal::Grant;
use crate::model::portal::PortalRights;
use crate::reach::Estate;

/// The rights that hold somewhere.
pub type Rights = BTreeSet<Grant>;

/// What is known of what lies above the items of an estate, and of items whose rights nobody wrote down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// Nothing: the estate is what manifests say, or may be.
    Unknown,
    /// The estate is all that a server holds: a folder at the top inherits nothing, and what says nothing of its rights
    /// is yet to be made, and inherits.
    Nothing,
}

/// The rights of one item, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// What the item itself says; `None`: nothing, so that its rights are not managed, and a new one inherits.
    pub own: Option<&'a PortalRights>,
    /// What its parent hands down, whether or not the item takes it; `None`: not known.
    pub parent: Option<Rights>,
}

impl Resolved<'_> {
    /// Whether the parent's rights hold too.
    pub fn inherits(&self) -> bool {
        self.own.is_none_or(|own| own.inherit)
    }

    /// The item's own rights.
    pub fn own_grants(&self) -> &[Grant] {
        self.own.map(|own| own.grants.as_slice()).unwrap_or_default()
    }

    /// The inherited rights that hold; `None`: not known.
    pub fn inherited(&self) -> Option<Rights> {
        if self.inherits() { self.parent.clone() } else { Some(Rights::new()) }
    }

    /// All rights that hold; `None`: not known.
    pub fn effective(&self) -> Option<Rights> {
        effective(self.own, self.parent.as_ref())
    }
}

/// The rights of a program or a sequential task; `None` for every other kind.
pub fn of_item<'a>(estate: &Estate<'_>, item: &'a Item, above: Above) -> Option<Resolved<'a>> {
    let parent = match item.key.kind {
        Kind::Program => defaults(estate),
        Kind::SequentialTask => match &item.folder {
            Some(folder) => of_folder(estate, folder, above),
            None => (above == Above::Nothing).then(Rights::new),
        },
        _ => return None,
    };
    Some(Resolved { own: own(Some(&item.spec)), parent })
}

/// The rights that every program inherits (PTL-2); `None`: not known.
pub fn defaults(estate: &Estate<'_>) -> Option<Rights> {
    let placed = estate.of_kind(Kind::PortalDefaults).next()?;
    match &placed.item.spec {
        Spec::PortalDefaults(spec) => Some(spec.grants.as_ref()?.iter().cloned().collect()),
        _ => None,
    }
}

/// What an item itself says of its rights.
pub fn own(spec: Option<&Spec>) -> Option<&PortalRights> {
    match spec? {
        Spec::Program(program) => program.portal.as_ref(),
        Spec::SequentialTask(sequence) => sequence.portal.as_ref(),
        Spec::Folder(folder) => folder.portal.as_ref(),
        _ => None,
    }
}

/// The rights that hold, with what is inherited; `None`: not known. Rights that nobody manages are the inherited ones.
pub fn effective(own: Option<&PortalRights>, inherited: Option<&Rights>) -> Option<Rights> {
    match own {
        Some(rights) if !rights.inherit => Some(rights.grants.iter().cloned().collect()),
        Some(rights) => Some(inherited?.iter().chain(&rights.grants).cloned().collect()),
        None => inherited.cloned(),
    }
}

/// The rights that a console folder hands down (SEQ-6); `None`: not known, for it, or one above that it inherits from,
/// is not managed.
pub fn of_folder(estate: &Estate<'_>, folder: &str, above: Above) -> Option<Rights> {
    let own = estate.get(&ItemKey::new(Kind::Folder, folder)).and_then(|placed| own(Some(&placed.item.spec)));
    if own.is_none() && above == Above::Unknown {
        return None;
    }
    let inherited = match folder.rsplit_once('/') {
        _ if own.is_some_and(|own| !own.inherit) => None,
        Some((parent, _)) => of_folder(estate, parent, above),
        None => (above == Above::Nothing).then(Rights::new),
    };
    effective(own, inherited.as_ref())
}
