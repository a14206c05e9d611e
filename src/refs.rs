//! What refers to what (COL-3): a graph of items, and what of it can be reached from one, towards those that refer to it
//! and towards those that it refers to. A circle ends where it comes back to what was shown already.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::VecDeque;

use serde::Serialize;

use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

/// How the relation of a program to its package is called.
pub const PROGRAM_OF: &str = "program of";
/// How the relation of an item to the folder that it lies in is called.
pub const LIES_IN: &str = "lies in";

/// An item in a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Node {
    /// What it is called: its address, or what the server calls it.
    pub item: String,
    /// Its GUID, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// Where it is written, as `FILE:LINE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Whether it is only referred to: no manifest declares it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undeclared: bool,
}

/// That one item refers to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    from: usize,
    to: usize,
    hint: String,
}

/// Items, and what refers to what.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    links: BTreeSet<Link>,
}

impl Graph {
    /// The graph of these items: their references, programs to their packages, and items to their folders.
    pub fn of_items<'a>(items: impl IntoIterator<Item = &'a Item>) -> (Self, BTreeMap<ItemKey, usize>) {
        let items: Vec<&Item> = items.into_iter().collect();
        let mut graph = Self::default();
        let mut places = BTreeMap::new();
        for item in &items {
            let node = Node { item: item.key.to_string(), guid: item.pin, ..Node::default() };
            places.insert(item.key.clone(), graph.add(node));
        }
        for item in items {
            let from = places[&item.key];
            let package = item.key.package.as_ref().map(|name| ItemKey::new(Kind::Package, name.as_str()));
            let folder = item.folder.as_ref().map(|path| ItemKey::new(Kind::Folder, path.as_str()));
            let above = [(package, PROGRAM_OF), (folder, LIES_IN)];
            let above = above.into_iter().filter_map(|(key, hint)| Some((hint.to_owned(), key?)));
            for (hint, key) in item.spec.references().into_iter().chain(above) {
                let to = *places.entry(key).or_insert_with_key(|key| {
                    graph.nodes.push(Node { item: key.to_string(), undeclared: true, ..Node::default() });
                    graph.nodes.len() - 1
                });
                graph.link(from, to, hint);
            }
        }
        (graph, places)
    }

    /// Adds an item; gives its place.
    pub fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Says that the item at one place refers to that at another, and how.
    pub fn link(&mut self, from: usize, to: usize, hint: String) {
        self.links.insert(Link { from, to, hint });
    }

    /// The items, by place.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The same, to say more of them.
    pub fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// What can be reached from an item in so many steps, both ways.
    pub fn around(&self, root: usize, depth: usize) -> Around {
        Around {
            root: self.nodes[root].clone(),
            lies_in: self
                .links
                .iter()
                .find(|link| link.from == root && link.hint == LIES_IN)
                .map(|link| self.nodes[link.to].item.clone()),
            referred_to_by: self.reach(root, depth, true),
            refers_to: self.reach(root, depth, false),
        }
    }

    /// Breadth first, so that each item is gone into where it is nearest; then in the order of a tree.
    fn reach(&self, root: usize, depth: usize, is_backward: bool) -> Reached {
        let mut ways: HashMap<usize, BTreeMap<(&str, usize), Vec<String>>> = HashMap::new();
        for link in &self.links {
            // Where an item lies is told of what it holds, and not of the item: everything lies somewhere.
            if !is_backward && link.hint == LIES_IN {
                continue;
            }
            let (near, far) = if is_backward { (link.to, link.from) } else { (link.from, link.to) };
            let next = ways.entry(near).or_default().entry((&self.nodes[far].item, far)).or_default();
            next.push(link.hint.clone());
        }
        let mut seen = BTreeSet::from([root]);
        let mut below: HashMap<usize, Vec<(usize, Vec<String>, bool)>> = HashMap::new();
        let mut left_out = 0;
        let mut open = VecDeque::from([(root, 0)]);
        while let Some((at, level)) = open.pop_front() {
            for ((_, next), hints) in ways.remove(&at).unwrap_or_default() {
                if level >= depth {
                    left_out += usize::from(seen.insert(next));
                    continue;
                }
                let is_new = seen.insert(next);
                below.entry(at).or_default().push((next, hints, !is_new));
                if is_new {
                    open.push_back((next, level + 1));
                }
            }
        }
        let mut lines = Vec::new();
        let mut stack: Vec<(usize, usize, Vec<String>, bool)> = Vec::new();
        let push = |stack: &mut Vec<_>, at: usize, level: usize, below: &mut HashMap<usize, Vec<_>>| {
            let list: Vec<(usize, Vec<String>, bool)> = below.remove(&at).unwrap_or_default();
            stack.extend(list.into_iter().rev().map(|(next, hints, again)| (next, level, hints, again)));
        };
        push(&mut stack, root, 1, &mut below);
        while let Some((at, level, hints, again)) = stack.pop() {
            lines.push(Line { depth: level, node: self.nodes[at].clone(), how: hints, again });
            if !again {
                push(&mut stack, at, level + 1, &mut below);
            }
        }
        Reached { lines, left_out }
    }
}

/// What refers to an item, and what it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Around {
    /// The item.
    pub root: Node,
    /// The folder that it lies in.
    pub lies_in: Option<String>,
    /// What refers to it, what refers to that, and so on.
    pub referred_to_by: Reached,
    /// What it refers to, and so on.
    pub refers_to: Reached,
}

/// One of the two ways, as the lines of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The lines: each stands below the nearest one above it of a lower depth.
    pub lines: Vec<Line>,
    /// How many items more the deepest ones lead to.
    pub left_out: usize,
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How many steps it is away; 1 is next to the item itself.
    pub depth: usize,
    /// The item.
    #[serde(flatten)]
    pub node: Node,
    /// Where and how the one refers to the other: pointers in its `spec`, or the server's words.
    pub how: Vec<String>,
    /// Whether the item is gone into in another line, or is the one that was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

#[cfg(test)]
mod tests;
