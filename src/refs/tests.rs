use super::*;

/// A graph of one-letter items: `ab` says that `a` refers to `b`.
fn graph(links: &[&str]) -> Graph {
    let mut graph = Graph::default();
    // The item that is asked about is `a`.
    let mut places = BTreeMap::from([('a', graph.add(Node { item: "a".to_owned(), ..Node::default() }))]);
    for link in links {
        let ends: Vec<usize> = (link.chars())
            .map(|name| {
                *places.entry(name).or_insert_with(|| graph.add(Node { item: name.to_string(), ..Node::default() }))
            })
            .collect();
        graph.link(ends[0], ends[1], "x".to_owned());
    }
    graph
}

fn shown(reached: &Reached) -> String {
    let line =
        |line: &Line| format!("{}{}{}", "-".repeat(line.depth), line.node.item, if line.again { "*" } else { "" });
    let lines: Vec<String> = reached.lines.iter().map(line).collect();
    format!("{} +{}", lines.join(" "), reached.left_out)
}

#[track_caller]
fn check(links: &[&str], depth: usize, backward: &str, forward: &str) {
    let around = graph(links).around(0, depth);
    assert_eq!(shown(&around.referred_to_by), backward);
    assert_eq!(shown(&around.refers_to), forward);
}

#[test]
fn col_3_the_tree_goes_on_to_what_refers_to_those_that_refer() {
    check(&["ab", "ca", "dc", "ec", "bf"], 9, "-c --d --e +0", "-b --f +0");
}

#[test]
fn col_3_a_circle_ends_where_it_comes_back() {
    check(&["ab", "ba"], 9, "-b --a* +0", "-b --a* +0");
    check(&["aa"], 9, "-a* +0", "-a* +0");
    check(&["ab", "bc", "cb", "ca"], 9, "-c --b ---a* ---c* +0", "-b --c ---a* ---b* +0");
}

#[test]
fn col_3_an_item_is_gone_into_where_it_is_nearest_and_what_lies_deeper_is_counted() {
    // `d` refers to `a` itself and through `b` and `c`.
    check(&["ba", "cb", "dc", "da", "ed"], 9, "-b --c ---d* -d --e +0", " +0");
    check(&["ba", "cb", "dc"], 1, "-b +1", " +0");
    check(&["ba", "cb", "dc"], 2, "-b --c +1", " +0");
}

#[test]
fn col_3_a_very_long_chain_is_no_trouble() {
    let mut graph = Graph::default();
    for at in 0..50_000 {
        graph.add(Node { item: format!("{at:06}"), ..Node::default() });
        if at > 0 {
            graph.link(at, at - 1, String::new());
        }
    }
    assert_eq!(graph.around(0, usize::MAX).referred_to_by.lines.len(), 49_999);
}
