//! A site together with where each of its items was written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::diag::Location;
use crate::diag::Part;
use crate::diag::SourceId;
use crate::model::kind::ItemKey;
use crate::model::site::Site;

/// What the manifests of a project declare for one server, and where they do.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What they declare.
    pub site: Site,
    /// Where. Items that follow from others, such as implied folders, stand nowhere.
    pub origins: Origins,
    /// What manifests declare but could not be read; it is missing from the site, and findings say why. While there is
    /// any, nothing may be planned.
    pub unread: BTreeSet<ItemKey>,
}

/// Where each item was written.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    items: BTreeMap<ItemKey, Origin>,
}

/// Where one item was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub source: SourceId,
    /// The document in it, 0 the first.
    pub document: u32,
    /// Of a program, its place in the list of its package.
    pub program: Option<u32>,
    /// What an overlay wrote, by pointer below the document, with the pointer there. A longer pointer is nearer.
    pub overlaid: Vec<Overlaid>,
}

/// A part of an item that an overlay wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlaid {
    /// The pointer in the merged document.
    pub pointer: String,
    /// The overlay's file.
    pub source: SourceId,
    /// The document in it, 0 the first.
    pub document: u32,
    /// The pointer in that document.
    pub there: String,
}

impl Origin {
    /// Where its `spec` stands: `/spec`, or `/spec/programs/0` for a program.
    pub fn base(&self) -> Cow<'static, str> {
        match self.program {
            Some(at) => format!("/spec/programs/{at}").into(),
            None => "/spec".into(),
        }
    }

    /// The place of a pointer of the merged document: in the overlay that wrote it, or else in the manifest.
    pub fn locate(&self, pointer: String, part: Part) -> Location {
        let nearest = self
            .overlaid
            .iter()
            .filter(|overlaid| is_below(&pointer, &overlaid.pointer))
            .max_by_key(|overlaid| overlaid.pointer.len());
        match nearest {
            Some(overlaid) => Location::Pointer {
                source: overlaid.source,
                document: overlaid.document,
                pointer: format!("{}{}", overlaid.there, &pointer[overlaid.pointer.len()..]),
                part,
            },
            None => Location::Pointer { source: self.source, document: self.document, pointer, part },
        }
    }
}

fn is_below(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Origins {
    /// Notes where an item was written.
    pub fn insert(&mut self, key: ItemKey, origin: Origin) {
        self.items.insert(key, origin);
    }

    /// Where an item was written.
    pub fn get(&self, key: &ItemKey) -> Option<&Origin> {
        self.items.get(key)
    }

    /// The place of a value of an item; `pointer` is below its `spec`, without a leading `/`, and empty for the whole.
    pub fn value(&self, key: &ItemKey, pointer: &str) -> Location {
        self.at(key, pointer, Part::Value)
    }

    /// The place of a key of an item; `pointer` as for [`Self::value`].
    pub fn key(&self, key: &ItemKey, pointer: &str) -> Location {
        self.at(key, pointer, Part::Key)
    }

    fn at(&self, key: &ItemKey, pointer: &str, part: Part) -> Location {
        self.items.get(key).map_or(Location::Nowhere, |origin| {
            let base = origin.base();
            let pointer = if pointer.is_empty() { base.into_owned() } else { format!("{base}/{pointer}") };
            origin.locate(pointer, part)
        })
    }

    /// The place of an item's name.
    pub fn name(&self, key: &ItemKey) -> Location {
        self.metadata(key, "name")
    }

    /// The place of a value of an item's metadata: of a program, in its own map; `pointer` is without a leading `/`.
    pub fn metadata(&self, key: &ItemKey, pointer: &str) -> Location {
        self.items.get(key).map_or(Location::Nowhere, |origin| {
            let above = if origin.program.is_some() { origin.base() } else { "/metadata".into() };
            origin.locate(format!("{above}/{pointer}"), Part::Value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;

    #[test]
    fn a_place_that_an_overlay_wrote_is_in_the_overlay() {
        let mut sources = Sources::new();
        let (base, over) = (sources.add_text("a", ""), sources.add_text("b", ""));
        let overlaid = |pointer: &str, there: &str| Overlaid {
            pointer: pointer.to_owned(),
            source: over,
            document: 3,
            there: there.to_owned(),
        };
        let origin = Origin {
            source: base,
            document: 0,
            program: None,
            overlaid: vec![overlaid("/spec/programs/1/maxRunTime", "/spec/programs/0/maxRunTime")],
        };
        let at = |pointer: &str| origin.locate(pointer.to_owned(), Part::Value);
        assert!(matches!(at("/spec/programs/1/maxRunTimes"), Location::Pointer { source, .. } if source == base));
        match at("/spec/programs/1/maxRunTime") {
            Location::Pointer { source, document, pointer, .. } => {
                assert_eq!((source, document, pointer.as_str()), (over, 3, "/spec/programs/0/maxRunTime"));
            }
            other => panic!("{other:?}"),
        }
    }
}
