//! What refers to what among the items that change: columns by kind, lines from who refers to what is referred to; and the
//! same as a list.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::report::escape::capped;
use crate::report::escape::html;
use crate::report::view::Edge;
use crate::report::view::View;

/// The most items that are drawn; the list has more.
const NODES: usize = 80;
/// The most lines of the list.
const LISTED: usize = 3_000;
const COLUMN: i64 = 275;
const ROW: i64 = 30;
const BOX: i64 = 215;

/// The section; empty where nothing refers to anything.
pub(super) fn section(view: &View<'_>) -> String {
    if view.references.is_empty() {
        return String::new();
    }
    let drawn = chosen(view);
    let lines = lines(view, &drawn);
    let note = match all(view).len().saturating_sub(drawn.len()) {
        0 => String::new(),
        n => format!(
            "<p>{n} more items are in the list only: what is lost and what has the most references is drawn.</p>"
        ),
    };
    let list: String = view
        .references
        .iter()
        .take(LISTED)
        .map(|edge| {
            format!("<li class=\"m\">{} → {}</li>", html(&capped(&edge.from, 300)), html(&capped(&edge.to, 300)))
        })
        .collect();
    let rest = match view.references.len().saturating_sub(LISTED) {
        0 => String::new(),
        n => format!("<li>and {n} more</li>"),
    };
    format!(
        "<section>\n<h2>What refers to what</h2>\n<p>A thick frame marks what is lost, a dashed one what stays as it is.</p>{note}<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Graph of references\">{}</div>\n<details class=\"c\"><summary>As a \
         list ({})</summary><div><ul>{list}{rest}</ul></div></details>\n</section>\n",
        svg(view, &drawn, &lines),
        view.references.len()
    )
}

fn all<'v>(view: &'v View<'_>) -> BTreeSet<&'v str> {
    view.references.iter().flat_map(|edge| [edge.from.as_str(), edge.to.as_str()]).collect()
}

/// The items that are drawn: what is lost first, then those with the most references.
fn chosen<'v>(view: &'v View<'_>) -> BTreeSet<&'v str> {
    let mut degree: BTreeMap<&str, usize> = BTreeMap::new();
    for edge in &view.references {
        *degree.entry(&edge.from).or_default() += 1;
        *degree.entry(&edge.to).or_default() += 1;
    }
    let lost: BTreeSet<&str> = lost(view);
    let mut order: Vec<(&str, usize)> = degree.into_iter().collect();
    order.sort_by_key(|(name, n)| (!lost.contains(name), std::cmp::Reverse(*n), *name));
    order.into_iter().take(NODES).map(|(name, _)| name).collect()
}

fn lost<'v>(view: &'v View<'_>) -> BTreeSet<&'v str> {
    view.changes.iter().filter(|change| change.danger.is_some()).map(|change| change.address.as_str()).collect()
}

/// The column of a kind, so that a line leads to the next column: collections, what is for them, programs, packages.
fn column(address: &str) -> usize {
    match address.split_once('/').map_or("", |(kind, _)| kind) {
        "collection" | "folder" => 0,
        "program" => 2,
        "package" => 3,
        _ => 1,
    }
}

/// The lines that are drawn, from whom to what. Who runs a program leads to its package over the program.
fn lines<'v>(view: &'v View<'_>, drawn: &BTreeSet<&'v str>) -> BTreeSet<(&'v str, &'v str)> {
    let is_drawn = |edge: &&Edge| drawn.contains(edge.from.as_str()) && drawn.contains(edge.to.as_str());
    let mut programs: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for edge in view.references.iter().filter(is_drawn) {
        if let Some((package, _)) = edge.to.strip_prefix("program/").and_then(|rest| rest.split_once('/')) {
            programs.insert((&edge.from, package), &edge.to);
        }
    }
    let line = |edge: &'v Edge| {
        let package = edge.to.strip_prefix("package/");
        let over = package.and_then(|package| programs.get(&(edge.from.as_str(), package)).copied());
        (over.unwrap_or(&edge.from), edge.to.as_str())
    };
    view.references.iter().filter(is_drawn).map(line).collect()
}

/// The columns that are used, each with its items from above: near those that they are joined with, so that lines cross
/// little.
fn columns<'v>(drawn: &BTreeSet<&'v str>, lines: &BTreeSet<(&'v str, &'v str)>) -> Vec<Vec<&'v str>> {
    let mut columns: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for name in drawn {
        columns.entry(column(name)).or_default().push(name);
    }
    let mut joined: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in lines {
        joined.entry(from).or_default().push(to);
        joined.entry(to).or_default().push(from);
    }
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    // From those in the middle outwards.
    for at in [1, 2, 3, 0] {
        let Some(names) = columns.get_mut(&at) else { continue };
        let mean = |name: &&str| {
            let known: Vec<usize> =
                joined.get(name).into_iter().flatten().filter_map(|one| rows.get(one).copied()).collect();
            (known.iter().sum::<usize>() * 100).checked_div(known.len()).unwrap_or(usize::MAX)
        };
        names.sort_by_cached_key(|name| (mean(name), *name));
        rows.extend(names.iter().enumerate().map(|(row, name)| (*name, row)));
    }
    columns.into_values().collect()
}

fn svg<'v>(view: &View<'_>, drawn: &BTreeSet<&'v str>, lines: &BTreeSet<(&'v str, &'v str)>) -> String {
    let lost = lost(view);
    let changed: BTreeSet<&str> = view.changes.iter().map(|change| change.address.as_str()).collect();
    let columns = columns(drawn, lines);
    let mut places: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (at, names) in columns.iter().enumerate() {
        for (row, name) in names.iter().enumerate() {
            places.insert(name, (at as i64 * COLUMN + 4, row as i64 * ROW + 4));
        }
    }
    let rows = columns.iter().map(Vec::len).max().unwrap_or(1);
    let height = rows as i64 * ROW + 8;
    // Room for lines that go round on the right of the last column.
    let width = columns.len() as i64 * COLUMN - (COLUMN - BOX) / 2;
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" aria-label=\"What refers to what; the list \
         below says the same\">"
    );
    for (from, to) in lines {
        let (Some((x1, y1)), Some((x2, y2))) = (places.get(from), places.get(to)) else {
            continue;
        };
        let (y1, y2) = (y1 + 12, y2 + 12);
        let (from, to) = match x1.cmp(x2) {
            Ordering::Less => (x1 + BOX, *x2),
            Ordering::Greater => (*x1, x2 + BOX),
            Ordering::Equal => (x1 + BOX, x2 + BOX),
        };
        // Within a column the line goes round on the right.
        let middle = if from == to { from + (COLUMN - BOX) / 2 } else { i64::midpoint(from, to) };
        out.push_str(&format!("<path class=\"e\" d=\"M{from} {y1}C{middle} {y1} {middle} {y2} {to} {y2}\"/>"));
    }
    for (name, (x, y)) in &places {
        let class = match (lost.contains(name), changed.contains(name)) {
            (true, _) => "node x",
            (false, true) => "node",
            (false, false) => "node o",
        };
        let sign = if lost.contains(name) { "✖ " } else { "" };
        let short: String = name.chars().take(32).collect();
        let more = if name.chars().count() > 32 { "…" } else { "" };
        out.push_str(&format!(
            "<g><title>{}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"24\" rx=\"4\"/>\
             <text x=\"{}\" y=\"{}\">{sign}{}{more}</text></g>",
            html(&capped(name, 300)),
            x + 7,
            y + 16,
            html(&short)
        ));
    }
    out + "</svg>"
}
