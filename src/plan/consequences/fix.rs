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
    join(&mut fix.edits);
    fix
}

/// Makes one of two edits of one place, in their order: whoever applies the later one first would turn them round.
fn join(edits: &mut Vec<Edit>) {
    edits.dedup_by(|next, one| {
        let end = (&one.file, one.end_line, one.end_column);
        let is_there =
            end == (&next.file, next.line, next.column) && (next.line, next.column) == (one.line, one.column);
        if is_there {
            one.new_text.push_str(&next.new_text);
            (one.end_line, one.end_column) = (next.end_line, next.end_column);
        }
        is_there
    });
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

#[cfg(test)]
mod tests {
    use super::join;
    use crate::plan::Edit;

    fn edit(line: usize, end_line: usize, text: &str) -> Edit {
        Edit { file: "a.yaml".to_owned(), line, column: 1, end_line, end_column: 1, new_text: text.to_owned() }
    }

    #[test]
    fn two_edits_of_one_place_are_one() {
        let mut edits = vec![edit(1, 2, "a"), edit(9, 9, "\n  enabled: false"), edit(9, 9, "\n---\n")];
        join(&mut edits);
        assert_eq!(edits, [edit(1, 2, "a"), edit(9, 9, "\n  enabled: false\n---\n")]);
    }
}
