//! Safer edits of the manifests as they are written, each with what it would lead to.

use crate::diag;
use crate::diag::Location;
use crate::manifest::Written;
use crate::model::item::Item;
use crate::plan::Edit;
use crate::plan::Fix;
use crate::plan::consequences::World;

/// An edit of what one manifest says to what it would.
pub(super) fn edit(
    world: &World<'_>,
    message: String,
    says: &Item,
    would: &Item,
    forecast: &[(&str, Option<u64>)],
) -> Fix {
    let forecast = forecast.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect();
    let edits = world.written.and_then(|written| Some(placed(written, written.edits(says, would)?)));
    Fix { message, edits: edits.unwrap_or_default(), forecast }
}

/// New documents beside an edit, in the file of the edited item. Half of it is no safer way: without a place for both
/// there is none.
pub(super) fn with_new(world: &World<'_>, mut fix: Fix, beside: &Item, new: &[Item]) -> Fix {
    let appended = world.written.and_then(|written| Some(placed(written, vec![written.appended(&beside.key, new)?])));
    match appended {
        Some(appended) if !fix.edits.is_empty() => fix.edits.extend(appended),
        _ => fix.edits.clear(),
    }
    fix.edits.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    fix
}

fn placed(written: &Written<'_>, edits: Vec<diag::Edit>) -> Vec<Edit> {
    let sources = written.sources();
    let place = |edit: diag::Edit| {
        let Location::Span { source, start, end } = edit.location else { return None };
        let (from, to) = (written.position(source, start), written.position(source, end));
        Some(Edit {
            file: sources.path(source).to_string(),
            line: from.line,
            column: from.column,
            end_line: to.line,
            end_column: to.column,
            new_text: edit.new_text,
        })
    };
    edits.into_iter().filter_map(place).collect()
}
