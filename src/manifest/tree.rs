//! One document as a tree: compact, borrowed from its text where possible.

use std::borrow::Cow;

use serde_json::Value;

/// The nodes of a document in reading order: a container stands before its children, a key before its value.
///
/// Invariant: not empty; node 0 is the root; keys are [`Data::Text`]; a container's children fill the places up to its
/// `next`.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree<'t> {
    pub(super) nodes: Vec<Node<'t>>,
}

/// A key or a value.
#[derive(Clone, Debug)]
pub(super) struct Node<'t> {
    pub(super) data: Data<'t>,
    /// The first byte in the file; 0 in a tree that was made, not read.
    pub(super) start: u32,
    /// The byte after the last.
    pub(super) end: u32,
}

/// What a node is, plain scalars resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data<'t> {
    Null,
    Bool(bool),
    /// Any whole number from `i64::MIN` to `u64::MAX`.
    Int(i128),
    Float(f64),
    Text(Cow<'t, str>),
    List {
        len: u32,
        /// The place after its last descendant.
        next: u32,
    },
    Map {
        /// How many pairs.
        len: u32,
        next: u32,
    },
}

impl<'t> Tree<'t> {
    /// The place after a node and all below it.
    pub(super) fn next(&self, at: usize) -> usize {
        match self.nodes[at].data {
            Data::List { next, .. } | Data::Map { next, .. } => next as usize,
            _ => at + 1,
        }
    }

    /// The pairs of a map, as places of key and value; nothing for anything else.
    pub(super) fn pairs(&self, at: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let end = if matches!(self.nodes[at].data, Data::Map { .. }) { self.next(at) } else { at };
        let mut key = at + 1;
        std::iter::from_fn(move || {
            (key < end).then(|| {
                let value = key + 1;
                let pair = (key, value);
                key = self.next(value);
                pair
            })
        })
    }

    /// The elements of a list, by place; nothing for anything else.
    pub(super) fn elements(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let end = if matches!(self.nodes[at].data, Data::List { .. }) { self.next(at) } else { at };
        let mut element = at + 1;
        std::iter::from_fn(move || {
            (element < end).then(|| {
                let this = element;
                element = self.next(this);
                this
            })
        })
    }

    /// The text of a node, if it is one.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        match &self.nodes[at].data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub(super) fn get(&self, at: usize, key: &str) -> Option<usize> {
        self.pairs(at).find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| value)
    }

    /// Whether a node is a key.
    pub(super) fn is_key(&self, target: usize) -> bool {
        let (key, _) = self.find(&self.pointer_of(target));
        key == Some(target)
    }

    /// The JSON pointer of a node; of a key, that of its value.
    pub(super) fn pointer_of(&self, target: usize) -> String {
        let mut pointer = String::new();
        let mut at = 0;
        while at != target {
            let below = |start: usize| start <= target && target < self.next(start);
            if let Some((key, value)) = self.pairs(at).find(|(key, value)| *key == target || below(*value)) {
                push_segment(&mut pointer, self.text(key).unwrap_or_default());
                if key == target {
                    break;
                }
                at = value;
            } else if let Some((index, element)) = self.elements(at).enumerate().find(|(_, at)| below(*at)) {
                push_segment(&mut pointer, &index.to_string());
                at = element;
            } else {
                break; // Not a node of this tree; the nearest one above must do.
            }
        }
        pointer
    }

    /// The node a JSON pointer leads to, with its key if it has one; where it leads nowhere, the last one above.
    pub(super) fn find(&self, pointer: &str) -> (Option<usize>, usize) {
        let (mut key, mut at) = (None, 0);
        for segment in pointer.split('/').skip(1) {
            let name = unescape(segment);
            if let Some(pair) = self.pairs(at).find(|(key, _)| self.text(*key) == Some(&name)) {
                (key, at) = (Some(pair.0), pair.1);
            } else if let Some(element) = name.parse().ok().and_then(|index| self.elements(at).nth(index)) {
                (key, at) = (None, element);
            } else {
                break;
            }
        }
        (key, at)
    }

    /// The same as a JSON value, order of keys kept. Numbers that JSON cannot hold become null.
    pub(super) fn value(&self, at: usize) -> Value {
        match &self.nodes[at].data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => Value::Null,
            },
            Data::Float(value) => (*value).into(),
            Data::Text(text) => Value::String(text.clone().into_owned()),
            Data::List { .. } => Value::Array(self.elements(at).map(|at| self.value(at)).collect()),
            Data::Map { .. } => Value::Object(
                self.pairs(at)
                    .map(|(key, value)| (self.text(key).unwrap_or_default().to_owned(), self.value(value)))
                    .collect(),
            ),
        }
    }

    /// A tree of a JSON value, without places in a text.
    pub(super) fn of_value(value: &'t Value) -> Self {
        let mut tree = Self::default();
        tree.add(value);
        tree
    }

    fn add(&mut self, value: &'t Value) {
        let at = self.nodes.len();
        self.push(match value {
            Value::Null | Value::Array(_) | Value::Object(_) => Data::Null,
            Value::Bool(value) => Data::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Data::Int(value.into()),
                (_, Some(value)) => Data::Int(value.into()),
                _ => Data::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Data::Text(Cow::Borrowed(text)),
        });
        match value {
            Value::Array(list) => {
                for value in list {
                    self.add(value);
                }
                self.nodes[at].data = Data::List { len: narrow(list.len()), next: narrow(self.nodes.len()) };
            }
            Value::Object(map) => {
                for (key, value) in map {
                    self.push(Data::Text(Cow::Borrowed(key)));
                    self.add(value);
                }
                self.nodes[at].data = Data::Map { len: narrow(map.len()), next: narrow(self.nodes.len()) };
            }
            _ => {}
        }
    }

    fn push(&mut self, data: Data<'t>) {
        self.nodes.push(Node { data, start: 0, end: 0 });
    }
}

/// A count of nodes or bytes, which the limits of reading keep far below 2^32.
pub(super) fn narrow(count: usize) -> u32 {
    u32::try_from(count).expect("files are limited to 4 MiB and 200,000 nodes (MAN-7)")
}

/// Adds one segment to a JSON pointer.
pub(super) fn push_segment(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// A segment of a JSON pointer as a name.
pub(super) fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') { segment.replace("~1", "/").replace("~0", "~").into() } else { segment.into() }
}

/// A JSON pointer as people write it: `spec.programs[0].maxRunTime`; empty for the root.
pub(super) fn dotted(pointer: &str) -> String {
    let mut out = String::new();
    for segment in pointer.split('/').skip(1) {
        let name = unescape(segment);
        if name.parse::<u32>().is_ok() {
            out.push_str(&format!("[{name}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&crate::diag::visible(&name));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_lead_to_nodes_and_back() {
        let value = json!({"a/b": [1, {"c~d": "x"}], "e": {"f": null}, "g": []});
        let tree = Tree::of_value(&value);
        assert_eq!(tree.value(0), value);
        for pointer in ["", "/a~1b", "/a~1b/0", "/a~1b/1", "/a~1b/1/c~0d", "/e/f", "/g"] {
            let (_, at) = tree.find(pointer);
            assert_eq!(tree.pointer_of(at), pointer);
            assert_eq!(Some(&tree.value(at)), value.pointer(pointer));
        }
        let (key, at) = tree.find("/e/nothing/below");
        assert_eq!((tree.pointer_of(at).as_str(), key.map(|key| tree.text(key))), ("/e", Some(Some("e"))));
        assert_eq!(dotted("/spec/programs/0/maxRunTime"), "spec.programs[0].maxRunTime");
    }
}
