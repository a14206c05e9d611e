//! What refers to an item: as a tree, and as drawings for Graphviz and Mermaid.

use std::collections::BTreeMap;

use crate::diag::visible;
use crate::refs::Around;
use crate::refs::Node;
use crate::refs::Reached;
use crate::report::paint::Paint;
use crate::report::paint::Tone;

/// The tree for people; `of` says where it was read, such as `the manifests`.
pub fn text(around: &Around, of: &str, paint: Paint) -> String {
    let mut out = format!("{}, in {of}\n", paint.on(Tone::Strong, named(&around.root)));
    if let Some(folder) = &around.lies_in {
        out.push_str(&format!("lies in {}\n", visible(folder)));
    }
    for (title, reached) in [("referred to by", &around.referred_to_by), ("refers to", &around.refers_to)] {
        let nothing = if reached.lines.is_empty() && reached.left_out == 0 { " nothing" } else { "" };
        out.push_str(&format!("\n{title}:{nothing}\n"));
        out.push_str(&tree(reached, paint));
        if reached.left_out > 0 {
            out.push_str(&format!("… and {} deeper; `--depth` shows more\n", counted(reached.left_out)));
        }
    }
    out
}

fn counted(n: usize) -> String {
    if n == 1 { "1 item".to_owned() } else { format!("{n} items") }
}

fn named(node: &Node) -> String {
    let mut out = visible(&node.item).into_owned();
    if let Some(guid) = node.guid {
        out.push_str(&format!("  {guid}"));
    }
    if let Some(at) = &node.at {
        out.push_str(&format!("  {}", visible(at)));
    }
    if node.undeclared {
        out.push_str("  (no manifest declares it)");
    }
    out
}

fn tree(reached: &Reached, paint: Paint) -> String {
    let mut out = String::new();
    // Whether the branch at each depth goes on below this line.
    let mut goes_on: Vec<bool> = Vec::new();
    let lasts = lasts(reached);
    for (line, is_last) in reached.lines.iter().zip(lasts) {
        goes_on.truncate(line.depth - 1);
        let before: String = goes_on.iter().map(|goes_on| if *goes_on { "│   " } else { "    " }).collect();
        let branch = if is_last { "└── " } else { "├── " };
        let how: Vec<String> = line.how.iter().map(|how| visible(how).into_owned()).collect();
        let how = paint.on(Tone::Dim, format!("({})", how.join(", ")));
        let again = if line.again { "  see its own line" } else { "" };
        out.push_str(&format!("{before}{branch}{}  {how}{again}\n", named(&line.node)));
        goes_on.push(!is_last);
    }
    out
}

/// For each line, whether no other follows it below the same one.
fn lasts(reached: &Reached) -> Vec<bool> {
    let mut out = vec![true; reached.lines.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, line) in reached.lines.iter().enumerate() {
        if let Some(earlier) = open.get(line.depth) {
            out[*earlier] = false;
        }
        open.resize(line.depth, 0);
        open.push(at);
    }
    out
}

/// An arrow: from what refers to what it refers to, and how.
type Arrow<'a> = (usize, usize, &'a [String]);

/// The items of both trees, each once, and the arrows between them.
fn drawn(around: &Around) -> (Vec<&Node>, Vec<Arrow<'_>>) {
    let mut nodes = vec![&around.root];
    let mut places: BTreeMap<(&str, Option<crate::model::guid::Guid>), usize> = BTreeMap::new();
    places.insert((&around.root.item, around.root.guid), 0);
    let mut arrows: Vec<Arrow<'_>> = Vec::new();
    for (reached, is_backward) in [(&around.referred_to_by, true), (&around.refers_to, false)] {
        let mut above = vec![0];
        for line in &reached.lines {
            let at = *places.entry((&line.node.item, line.node.guid)).or_insert_with(|| {
                nodes.push(&line.node);
                nodes.len() - 1
            });
            above.truncate(line.depth);
            let near = above[line.depth - 1];
            let (from, to) = if is_backward { (at, near) } else { (near, at) };
            // A circle is met from both ends.
            if !arrows.iter().any(|(other, another, how)| (*other, *another) == (from, to) && *how == line.how) {
                arrows.push((from, to, &line.how));
            }
            above.push(at);
        }
    }
    (nodes, arrows)
}

/// For Graphviz.
pub fn dot(around: &Around) -> String {
    let quoted = |text: &str| format!("\"{}\"", visible(text).replace('\\', "\\\\").replace('"', "\\\""));
    let (nodes, arrows) = drawn(around);
    let mut out = "digraph refs {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for (at, node) in nodes.iter().enumerate() {
        let style = match (at, node.undeclared) {
            (0, _) => ", style=bold",
            (_, true) => ", style=dashed",
            _ => "",
        };
        out.push_str(&format!("  n{at} [label={}{style}];\n", quoted(&node.item)));
    }
    for (from, to, how) in arrows {
        out.push_str(&format!("  n{from} -> n{to} [label={}];\n", quoted(&how.join(", "))));
    }
    out.push_str("}\n");
    out
}

/// For Mermaid.
pub fn mermaid(around: &Around) -> String {
    let quoted = |text: &str| {
        let mut out = String::new();
        for c in visible(text).chars() {
            match c {
                '"' | '#' | '<' | '>' | '&' | '`' | ';' | '|' | '[' | ']' | '{' | '}' => {
                    out.push_str(&format!("#{};", u32::from(c)));
                }
                _ => out.push(c),
            }
        }
        format!("\"{out}\"")
    };
    let (nodes, arrows) = drawn(around);
    let mut out = "flowchart LR\n".to_owned();
    for (at, node) in nodes.iter().enumerate() {
        out.push_str(&format!("  n{at}[{}]\n", quoted(&node.item)));
    }
    for (from, to, how) in arrows {
        out.push_str(&format!("  n{from} -->|{}| n{to}\n", quoted(&how.join(", "))));
    }
    out.push_str("  style n0 stroke-width:3px\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refs::Graph;

    fn around(links: &[(usize, usize)], names: &[&str]) -> Around {
        let mut graph = Graph::default();
        for name in names {
            graph.add(Node { item: (*name).to_owned(), ..Node::default() });
        }
        for (from, to) in links {
            graph.link(*from, *to, "how".to_owned());
        }
        graph.around(0, 9)
    }

    #[test]
    fn the_branches_of_a_tree_go_on_as_far_as_they_have_something_below() {
        let around = around(&[(1, 0), (2, 1), (3, 1), (4, 0), (5, 4), (0, 6)], &["root", "a", "b", "c", "d", "e", "f"]);
        assert_eq!(
            text(&around, "the manifests", Paint { color: false }),
            "root, in the manifests\n\n\
             referred to by:\n\
             ├── a  (how)\n\
             │   ├── b  (how)\n\
             │   └── c  (how)\n\
             └── d  (how)\n    \
                 └── e  (how)\n\n\
             refers to:\n\
             └── f  (how)\n"
        );
    }

    #[test]
    fn drawings_hold_every_item_once_and_names_act_in_none() {
        let around = around(&[(1, 0), (0, 1)], &["a\"b\\n`x`;]<i>\u{1b}[2J", "C:\\x"]);
        assert_eq!(
            dot(&around),
            "digraph refs {\n  rankdir=LR;\n  node [shape=box];\n  \
             n0 [label=\"a\\\"b\\\\n`x`;]<i>\\\\u{1b}[2J\", style=bold];\n  n1 [label=\"C:\\\\x\"];\n  \
             n1 -> n0 [label=\"how\"];\n  n0 -> n1 [label=\"how\"];\n}\n"
        );
        assert_eq!(
            mermaid(&around),
            "flowchart LR\n  n0[\"a#34;b\\n#96;x#96;#59;#93;#60;i#62;\\u#123;1b#125;#91;2J\"]\n  n1[\"C:\\x\"]\n  \
             n1 -->|\"how\"| n0\n  n0 -->|\"how\"| n1\n  style n0 stroke-width:3px\n"
        );
    }
}
