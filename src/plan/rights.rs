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

/// What a parent hands down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// The rights that are known.
    pub rights: Rights,
    /// Whether these are all.
    pub is_whole: bool,
}

impl From<Option<Rights>> for Handed {
    fn from(rights: Option<Rights>) -> Self {
        Self { is_whole: rights.is_some(), rights: rights.unwrap_or_default() }
    }
}

/// The rights of one item, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// What the item itself says; `None`: nothing, so that its rights are not managed, and a new one inherits.
    pub own: Option<&'a PortalRights>,
    /// The inherited rights that hold.
    pub inherited: Handed,
}

impl Resolved<'_> {
    /// Whether the parent's rights hold too.
    pub fn inherits(&self) -> bool {
        inherits(self.own)
    }

    /// The item's own rights.
    pub fn own_grants(&self) -> &[Grant] {
        self.own.map(|own| own.grants.as_slice()).unwrap_or_default()
    }
}

/// Whether the parent's rights hold too; where nothing is said, they do.
pub fn inherits(own: Option<&PortalRights>) -> bool {
    own.is_none_or(|own| own.inherit)
}

/// The rights of a program or a sequential task; `None` for every other kind.
pub fn of_item<'a>(estate: &Estate<'_>, item: &'a Item, above: Above) -> Option<Resolved<'a>> {
    let own = own(Some(&item.spec));
    let inherited = match item.key.kind {
        Kind::Program | Kind::SequentialTask if !inherits(own) => Handed { is_whole: true, ..Handed::default() },
        Kind::Program => defaults(estate).into(),
        Kind::SequentialTask => match &item.folder {
            Some(folder) => handed_down(estate, folder, above),
            None => top(above),
        },
        _ => return None,
    };
    Some(Resolved { own, inherited })
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

/// What an item itself grants: its own rights, or those that it hands to every program.
pub fn grants(item: &Item) -> &[Grant] {
    match &item.spec {
        Spec::PortalDefaults(spec) => spec.grants.as_deref().unwrap_or_default(),
        spec => own(Some(spec)).map(|own| own.grants.as_slice()).unwrap_or_default(),
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
    let handed = handed_down(estate, folder, above);
    handed.is_whole.then_some(handed.rights)
}

/// The same, as far as it is known.
fn handed_down(estate: &Estate<'_>, folder: &str, above: Above) -> Handed {
    let own = estate.get(&ItemKey::new(Kind::Folder, folder)).and_then(|placed| own(Some(&placed.item.spec)));
    let mut handed = match folder.rsplit_once('/') {
        _ if !inherits(own) => Handed { is_whole: true, ..Handed::default() },
        // What is not managed may have been cut off from those above.
        _ if own.is_none() && above == Above::Unknown => Handed::default(),
        Some((parent, _)) => handed_down(estate, parent, above),
        None => top(above),
    };
    handed.rights.extend(own.into_iter().flat_map(|own| own.grants.iter().cloned()));
    handed
}

/// What holds above the folders at the top.
fn top(above: Above) -> Handed {
    Handed { is_whole: above == Above::Nothing, ..Handed::default() }
}
