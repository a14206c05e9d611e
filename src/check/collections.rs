//! Collections: COL-1.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::visible;
use crate::model::collection::Collection;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::rules::collection::COL_1;

pub(super) fn check(context: &mut Context<'_>) {
    cycles(context);
    contradictions(context);
}

/// The collections that one is made of, with the pointer to each.
fn parts(collection: &Collection) -> Vec<(String, &str)> {
    let include = collection.include.iter().enumerate().map(|(at, name)| (format!("include/{at}"), name.as_str()));
    let exclude = collection.exclude.iter().enumerate().map(|(at, name)| (format!("exclude/{at}"), name.as_str()));
    let limit = collection.limited_to.iter().map(|name| ("limitedTo".to_owned(), name.as_str()));
    include.chain(exclude).chain(limit).collect()
}

type Graph<'a> = BTreeMap<&'a str, Vec<(String, &'a str)>>;

/// No collection leads back to itself (COL-1). Each cycle is told once, whole, starting from its first name.
fn cycles(context: &mut Context<'_>) {
    let graph: Graph<'_> = context
        .site
        .of_kind(Kind::Collection)
        .filter_map(|item| match &item.spec {
            Spec::Collection(collection) => Some((item.key.name.as_str(), parts(collection))),
            _ => None,
        })
        .collect();
    for path in find_cycles(&graph) {
        let (first, pointer, next) = &path[0];
        let key = |name: &str| ItemKey::new(Kind::Collection, name);
        let here = context.origins.value(&key(first), pointer);
        let message = if path.len() == 1 {
            format!("collection `{}` is made of itself", visible(first))
        } else {
            let names: Vec<String> = path.iter().map(|(name, _, _)| format!("`{}`", visible(name))).collect();
            format!("collections lead in a circle: {} → `{}`", names.join(" → "), visible(first))
        };
        let mut finding = Diagnostic::error(&COL_1, here, message).label(format!("leads to `{}`", visible(next)));
        for (name, pointer, next) in &path[1..] {
            let at = context.origins.value(&key(name), pointer);
            finding = finding.also(at, format!("leads to `{}`", visible(next)));
        }
        context.found.push(finding.help("take one of these out; members of a circle cannot be worked out"));
    }
}

/// One cycle for each link that closes one, as its links in order, from the least name. Depth first, without recursion:
/// a chain of collections may be as long as the site.
fn find_cycles<'a>(graph: &Graph<'a>) -> Vec<Vec<(&'a str, String, &'a str)>> {
    let mut found = BTreeSet::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in graph.keys() {
        // The way so far: a name, and how many of its links were followed.
        let mut way: Vec<(&str, usize)> = vec![(start, 0)];
        let mut on_way: BTreeSet<&str> = [*start].into();
        while let Some((name, followed)) = way.last_mut() {
            let links = graph.get(name).map_or(&[][..], Vec::as_slice);
            let Some((_, next)) = links.get(*followed).filter(|_| !done.contains(name)) else {
                let (name, _) = way.pop().expect("it was just looked at");
                on_way.remove(name);
                done.insert(name);
                continue;
            };
            *followed += 1;
            if on_way.contains(next) {
                let from = way.iter().position(|(name, _)| name == next).expect("it is on the way");
                found.insert(turned(graph, &way[from..]));
            } else if !done.contains(next) && graph.contains_key(next) {
                on_way.insert(next);
                way.push((next, 0));
            }
        }
    }
    found.into_iter().collect()
}

/// The links of a cycle, from its least name.
fn turned<'a>(graph: &Graph<'a>, way: &[(&'a str, usize)]) -> Vec<(&'a str, String, &'a str)> {
    let links: Vec<(&str, String, &str)> = way
        .iter()
        .map(|(name, followed)| {
            let (pointer, next) = &graph[name][followed - 1];
            (*name, pointer.clone(), *next)
        })
        .collect();
    let least = (0..links.len()).min_by_key(|at| links[*at].0).unwrap_or(0);
    links[least..].iter().chain(&links[..least]).cloned().collect()
}

/// A collection named twice, or both included and excluded, was not meant so (COL-1).
fn contradictions(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::Collection) {
        let Spec::Collection(collection) = &item.spec else { continue };
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (pointer, name) in parts(collection).into_iter().filter(|(pointer, _)| pointer != "limitedTo") {
            if let Some(first) = seen.get(name) {
                let both = first.starts_with("include") != pointer.starts_with("include");
                let how = if both { "both included and excluded" } else { "named twice" };
                let here = context.origins.value(&item.key, &pointer);
                let there = context.origins.value(&item.key, first);
                context.found.push(
                    Diagnostic::error(&COL_1, here, format!("collection `{}` is {how}", visible(name)))
                        .also(there, "first here")
                        .help("remove one of the two"),
                );
            } else {
                seen.insert(name, pointer);
            }
        }
    }
}
