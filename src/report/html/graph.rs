//! What refers to what among the items that change: columns by kind, lines from who refers to what is referred to; and the
//! same as a list.

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
    let edges: Vec<&Edge> = view
        .references
        .iter()
        .filter(|edge| drawn.contains(edge.from.as_str()) && drawn.contains(edge.to.as_str()))
        .collect();
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
        "<section>\n<h2>What refers to what</h2>\n{note}<div class=\"scroll\">{}</div>\n<details class=\"c\"><summary>As a \
         list ({})</summary><div><ul>{list}{rest}</ul></div></details>\n</section>\n",
        svg(view, &drawn, &edges),
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

/// The column of a kind: windows and collections refer to little and stand right; what runs stands left of what is run.
fn column(address: &str) -> usize {
    match address.split_once('/').map_or("", |(kind, _)| kind) {
        "sequence" | "policy" => 0,
        "task" => 1,
        "program" => 2,
        "package" => 3,
        _ => 4,
    }
}

fn svg(view: &View<'_>, drawn: &BTreeSet<&str>, edges: &[&Edge]) -> String {
    let lost = lost(view);
    let changed: BTreeSet<&str> = view.changes.iter().map(|change| change.address.as_str()).collect();
    let used: BTreeSet<usize> = drawn.iter().map(|name| column(name)).collect();
    let x_of = |name: &str| used.iter().position(|one| *one == column(name)).unwrap_or(0) as i64 * COLUMN + 4;
    let mut rows: BTreeMap<usize, i64> = BTreeMap::new();
    let mut places: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for name in drawn {
        let row = rows.entry(column(name)).or_default();
        places.insert(name, (x_of(name), *row * ROW + 4));
        *row += 1;
    }
    let height = rows.values().max().copied().unwrap_or(1) * ROW + 8;
    let width = (used.len() as i64 - 1) * COLUMN + BOX + 12;
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" aria-label=\"What refers to what; the list \
         below says the same\">"
    );
    for edge in edges {
        let (Some((x1, y1)), Some((x2, y2))) = (places.get(edge.from.as_str()), places.get(edge.to.as_str())) else {
            continue;
        };
        let (from, to) = if x2 > x1 { (x1 + BOX, *x2) } else { (*x1, x2 + BOX) };
        let (y1, y2) = (y1 + 12, y2 + 12);
        let middle = i64::midpoint(from, to);
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
