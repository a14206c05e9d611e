//! What a server's API can hold and do, as data.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::model::kind::Kind;
use crate::model::project::Api;

/// What a server's API can hold and do. Asked before anything is read, so that what cannot be is refused early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The API.
    pub api: Api,
    /// The kinds it can hold.
    pub kinds: BTreeSet<Kind>,
    /// Kinds among them that it shows and never writes.
    pub read_only: BTreeSet<Kind>,
    /// Fields that it cannot set like any other; a field that is not named is as the one above it, and settable where
    /// none is named. Named without `spec.`, with dots: `runWith.passwordFrom`, `metadata.attributes`.
    pub fields: BTreeMap<(Kind, String), Access>,
    /// Fields of which it takes some values only.
    pub forms: BTreeMap<(Kind, String), Forms>,
    /// Why a kind (with an empty name), or a field, is held in this way or not at all; in a half sentence.
    pub reasons: BTreeMap<(Kind, String), String>,
    /// Fields that are set and never shown, and that are set again by a change of the item, each with the fields whose
    /// call carries it too: a field, or one of its forms (`run.schedule.daily`). Another value than the one that stands
    /// for "not shown" goes with every change of the item, that one with a change of these fields alone (CAP-5).
    pub carried: BTreeMap<(Kind, String), BTreeSet<String>>,
    /// Whether it makes folders at the top of the console; without it one is made only in another.
    pub folders_at_top: bool,
    /// How a write is kept from overwriting what moved.
    pub concurrency: Concurrency,
    /// The most steps that go into one transaction; `None` where there is none.
    pub batch_max: Option<usize>,
    /// Whether the server hands out leases with a fencing number.
    pub leases: bool,
    /// Whether a request that is sent again with its key has no second effect.
    pub idempotency_keys: bool,
    /// Whether one write changes all fields of an item at once. Without it a change is several requests, and an item
    /// is disabled around it.
    pub atomic_update: bool,
}

impl Capabilities {
    /// How a field can be set: as it, or the nearest field above it, says; settable unless said otherwise. Of a kind
    /// that is never written every field that is there is only seen.
    pub fn access(&self, kind: Kind, field: &str) -> Access {
        let access = self.nearest(&self.fields, kind, field).copied().unwrap_or(Access::Settable);
        if self.read_only.contains(&kind) && access != Access::Absent { Access::ReadOnly } else { access }
    }

    /// The kinds that can be written: what could not be read of the others stands in no write's way.
    pub fn written(&self) -> impl Iterator<Item = Kind> + '_ {
        self.kinds.iter().copied().filter(|kind| !self.read_only.contains(kind))
    }

    /// Whether a value of the field is ever seen, so that a difference in it can be found.
    pub fn is_shown(&self, kind: Kind, field: &str) -> bool {
        !matches!(self.access(kind, field), Access::WriteOnly | Access::Absent)
    }

    /// Why a kind is not held, or not written; empty where nothing is said.
    pub fn why_kind(&self, kind: Kind) -> &str {
        self.reasons.get(&(kind, String::new())).map_or("", String::as_str)
    }

    /// Why a field is held as it is; empty where nothing is said.
    pub fn why(&self, kind: Kind, field: &str) -> &str {
        match self.nearest(&self.reasons, kind, field) {
            Some(why) => why,
            None if self.read_only.contains(&kind) => self.why_kind(kind),
            None => "",
        }
    }

    /// The fields of a kind that are named, with how they are held.
    pub fn named(&self, kind: Kind) -> impl Iterator<Item = (&str, Access)> {
        let fields = self.fields.range((kind, String::new())..).take_while(move |((of, _), _)| *of == kind);
        fields.map(move |((_, name), _)| (name.as_str(), self.access(kind, name)))
    }

    fn nearest<'m, T>(&self, map: &'m BTreeMap<(Kind, String), T>, kind: Kind, field: &str) -> Option<&'m T> {
        let mut name = field;
        loop {
            if let Some(found) = map.get(&(kind, name.to_owned())) {
                return Some(found);
            }
            name = name.rsplit_once('.')?.0;
        }
    }
}

/// The values of a field that an API takes, where it does not take all that a manifest can say. What is not there at
/// all is always taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// Words, and the keys of a choice: `all`, or the `sql` of `{sql: …}`. Empty: any.
    pub words: BTreeSet<String>,
    /// Numbers. Empty: any.
    pub numbers: BTreeSet<u64>,
    /// Words that it does not take, where it takes all others.
    pub but: BTreeSet<String>,
}

impl Forms {
    /// These words alone.
    pub fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        Self { words: words.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// These numbers alone.
    pub fn numbers(numbers: impl IntoIterator<Item = u64>) -> Self {
        Self { numbers: numbers.into_iter().collect(), ..Self::default() }
    }

    /// All but this word.
    pub fn all_but(word: &str) -> Self {
        Self { but: BTreeSet::from([word.to_owned()]), ..Self::default() }
    }
}

/// How a field can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// At any time.
    Settable,
    /// Only while the item is made: another value needs another item.
    CreateOnly,
    /// Seen, never set.
    ReadOnly,
    /// Set, never seen: a difference in it cannot be found.
    WriteOnly,
    /// Not there at all.
    Absent,
}

/// How a write is kept from overwriting what moved since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// The server compares a revision within the write.
    Revision,
    /// The client reads again right before the write; a window remains.
    ReadAgain,
}
