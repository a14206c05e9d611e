//! The changes of a page: one that opens for each group of equal ones, with what differs word by word.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use similar::ChangeTag;
use similar::DiffTag;
use similar::TextDiff;

use crate::diff::PASSWORD_PATH;
use crate::report::budget::Budget;
use crate::report::budget::Limit;
use crate::report::escape::LONG;
use crate::report::escape::capped;
use crate::report::escape::html;
use crate::report::escape::html_prose;
use crate::report::html::place;
use crate::report::plan::consequences::grouped;
use crate::report::plan::headline::Danger;
use crate::report::plan::lines;
use crate::report::plan::one_line;
use crate::report::view::ChangeView;
use crate::report::view::FieldView;
use crate::report::view::Group;
use crate::report::view::View;

/// What a change takes besides its differences, in bytes, its name apart.
const FRAME: usize = 460;
/// Which side of a drift is which.
const DRIFT_SIDES: &str = "− is what the manifests say, + what the server has.";
/// Fewer than so many changes are all open from the start.
const OPEN_BELOW: usize = 8;

/// The section, of about so many bytes: past them a change is named, and its differences are left to the JSON.
pub(super) fn section(view: &View<'_>, rules: &BTreeMap<&str, BTreeSet<&str>>, bytes_max: usize) -> String {
    let n = grouped(view.changes.len() as u64);
    let mut out = match (view.command.as_str(), view.changes.is_empty()) {
        // Nothing is changed by it, so there is nothing to say of that.
        ("validate", true) => return "<section id=\"changes\" tabindex=\"-1\"></section>\n".to_owned(),
        ("drift", _) => {
            format!("<section id=\"changes\" tabindex=\"-1\">\n<h2>Items ({n})</h2>\n<p>{DRIFT_SIDES}</p>\n")
        }
        _ => format!("<section id=\"changes\" tabindex=\"-1\">\n<h2>Changes ({n})</h2>\n"),
    };
    if view.changes.is_empty() {
        out.push_str("<p>None.</p>\n");
    }
    let names: usize = view.changes.iter().map(|change| change.address.len().min(LONG) + 24).sum();
    let mut budget = Budget::new(Limit::Bytes(bytes_max.saturating_sub(names + FRAME * view.groups.len())));
    for group in &view.groups {
        out.push_str(&one(view, group, rules, &mut budget));
    }
    out + "</section>\n"
}

fn one(view: &View<'_>, group: &Group, rules: &BTreeMap<&str, BTreeSet<&str>>, budget: &mut Budget) -> String {
    let members: Vec<&ChangeView> = group.members.iter().map(|at| &view.changes[*at]).collect();
    let first = members[0];
    let mut of: BTreeSet<&str> = BTreeSet::new();
    for member in &members {
        of.extend(rules.get(member.address.as_str()).into_iter().flatten());
    }
    let of: Vec<&str> = of.into_iter().collect();
    let open = if view.groups.len() < OPEN_BELOW { " open" } else { "" };
    let lost = if first.danger.is_some() { " lost" } else { "" };
    let name = match members.len() {
        1 => format!("<b class=\"m\">{}</b>", html(&capped(&first.address, LONG))),
        n => format!("<b>{} × {}</b>", grouped(n as u64), html(first.kind)),
    };
    // What is lost says what is done as well; only what uninstalls is done by another action.
    let mut marks = match first.danger {
        Some(Danger::Deletes | Danger::Replaces) => String::new(),
        _ => format!("<span class=\"b plain\">{}</span> ", html(&first.action.replace('_', " "))),
    };
    if let Some(danger) = first.danger {
        marks.push_str(&format!("<span class=\"b error\">✖ {}</span>", danger.word()));
    }
    if first.acts {
        marks.push_str(" <span class=\"b warning\">! computers act</span>");
    }
    marks.extend(of.iter().map(|rule| format!(" <span class=\"b plain\">{}</span>", html(rule))));
    let head = format!(
        "<details class=\"c\" data-i data-kind=\"{}\" data-level=\"{}\" data-rules=\"{}\" data-n=\"{}\"{open}>\
         <summary><span class=\"s m{lost}\">{}</span> {name} {marks}</summary><div>",
        html(first.kind),
        first.level.word(),
        html(&of.join(" ")),
        members.len(),
        html(first.sign)
    );
    let mut body = String::new();
    if let Some(reason) = &first.reason {
        body.push_str(&format!("<p>Because {}.</p>", html_prose(&capped(reason, LONG))));
    }
    body.extend(first.remarks.iter().map(|remark| format!("<p>{}.</p>", html_prose(&capped(remark, LONG)))));
    if let (Some(at), 1) = (&first.place, members.len()) {
        body.push_str(&format!("<p><code>{}</code></p>", html(&place(at))));
    }
    let fields: String = first.fields.iter().map(field).collect();
    if budget.take(&fields) {
        body.push_str(&fields);
    } else {
        let names: Vec<String> = first.fields.iter().map(|field| html(&field.path)).collect();
        body.push_str(&format!("<p>Differs in {}; the values are in the JSON.</p>", names.join(", ")));
    }
    if members.len() > 1 {
        let names =
            members.iter().map(|member| format!("<li class=\"m\">{}</li>", html(&capped(&member.address, LONG))));
        body.push_str(&format!("<ul class=\"names\">{}</ul>", names.collect::<String>()));
    }
    format!("{head}{body}</div></details>\n")
}

/// A field before and after, line by line; in a line that differs, what goes is struck out and what comes is underlined,
/// word by word.
fn field(field: &FieldView) -> String {
    let (before, after) = shown(field);
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut lines = String::new();
    for op in diff.ops() {
        let (gone, come) = (&old[op.old_range()], &new[op.new_range()]);
        match op.tag() {
            DiffTag::Equal => lines.extend(gone.iter().map(|text| line("", "", &html(text)))),
            // As many lines as before: each is taken for what became of the one in its place.
            DiffTag::Replace if gone.len() == come.len() => {
                let pairs: Vec<(String, String)> = gone.iter().zip(come).map(|(old, new)| by_word(old, new)).collect();
                lines.extend(pairs.iter().map(|(gone, _)| line("−", "gone", gone)));
                lines.extend(pairs.iter().map(|(_, come)| line("+", "come", come)));
            }
            DiffTag::Replace | DiffTag::Delete | DiffTag::Insert => {
                lines.extend(gone.iter().map(|text| line("−", "gone all", &marked("del", text))));
                lines.extend(come.iter().map(|text| line("+", "come all", &marked("ins", text))));
            }
        }
    }
    let remark = field.remark.trim_start_matches("# ");
    let remark = if remark.is_empty() { String::new() } else { format!(" — {}", html_prose(remark)) };
    format!("<div class=\"f\"><p><code>{}</code>{remark}</p><pre>{lines}</pre></div>", html(&field.path))
}

/// A line of a difference, already escaped; its sign is a text of its own, so that readers aloud tell it.
fn line(sign: &str, class: &str, text: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<span>{sign}</span><span{class}>{text}</span>")
}

fn marked(tag: &str, text: &str) -> String {
    format!("<{tag}>{}</{tag}>", html(text))
}

/// Two lines with what each has of its own marked.
fn by_word(before: &str, after: &str) -> (String, String) {
    let (old, new) = (words(before), words(after));
    let diff = TextDiff::from_slices(&old, &new);
    let side = |own: ChangeTag, tag: &str| {
        // What stands together is escaped together: a line's begin is seen as one.
        let mut runs: Vec<(bool, String)> = Vec::new();
        for change in diff.iter_all_changes() {
            let is_own = change.tag() == own;
            if !is_own && change.tag() != ChangeTag::Equal {
                continue;
            }
            match runs.last_mut() {
                Some((same, run)) if *same == is_own => run.push_str(change.value()),
                _ => runs.push((is_own, change.value().to_owned())),
            }
        }
        let shown = |(is_own, run): &(bool, String)| if *is_own { marked(tag, run) } else { html(run) };
        runs.iter().map(shown).collect::<String>()
    };
    (side(ChangeTag::Delete, "del"), side(ChangeTag::Insert, "ins"))
}

/// A text in words: letters and digits together, spaces together, every other character by itself, so that a version in a
/// path and a time in a schedule are words too.
fn words(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut out = Vec::new();
    let mut begin = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if before.is_some_and(|before| before != class(c) || before == 2) {
            out.push(&text[begin..at]);
            begin = at;
        }
        before = Some(class(c));
    }
    if begin < text.len() {
        out.push(&text[begin..]);
    }
    out
}

/// Both sides as texts whose lines and words can be told apart.
fn shown(field: &FieldView) -> (String, String) {
    if field.path == PASSWORD_PATH {
        return field.sides();
    }
    let side = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "(none)".to_owned(),
        serde_json::Value::String(text) => capped(text, LONG).into_owned(),
        serde_json::Value::Array(list) if !list.is_empty() => capped(&lines(value), LONG).trim_end().to_owned(),
        serde_json::Value::Object(map) if !map.is_empty() => capped(&lines(value), LONG).trim_end().to_owned(),
        other => capped(&one_line(other), LONG).into_owned(),
    };
    (side(&field.before), side(&field.after))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_text_is_all_of_its_words() {
        let text = "setup.exe  /configure \"a-2027.xml\" é1\n{}";
        assert_eq!(words(text).concat(), text);
        assert_eq!(words("a-2027.xml"), ["a", "-", "2027", ".", "xml"]);
        assert_eq!(words("}} "), ["}", "}", " "]);
        assert!(words("").is_empty());
    }
}
