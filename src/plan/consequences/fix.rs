//! Safer edits: manifest patches, each with what it would lead to.

use similar::TextDiff;

use crate::manifest::print_item;
use crate::model::item::Item;
use crate::plan::Fix;

/// An edit of one manifest, from what it says to what it would.
pub(super) fn edit(message: String, says: &Item, would: &Item, forecast: &[(&str, Option<u64>)]) -> Fix {
    let (before, after) = (print_item(says, &[]), print_item(would, &[]));
    let diff = TextDiff::from_lines(&before, &after);
    let patch = diff.unified_diff().context_radius(2).header(&says.key.to_string(), &would.key.to_string()).to_string();
    Fix { message, patch, forecast: forecast.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect() }
}

/// New documents beside an edit.
pub(super) fn with_new(mut fix: Fix, new: &[Item]) -> Fix {
    for item in new {
        fix.patch.push_str(&format!("--- /dev/null\n+++ {}\n", item.key));
        for line in print_item(item, &[]).lines() {
            fix.patch.push_str(&format!("+{line}\n"));
        }
    }
    fix
}
