//! The matrix of the software portal, and what a plan makes of it, as text, Markdown and CSV.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use crate::diag::visible;
use crate::model::kind::Kind;
use crate::model::portal::Right;
use crate::plan::portal::Becomes;
use crate::plan::portal::Cell;
use crate::plan::portal::Difference;
use crate::plan::portal::Extent;
use crate::plan::portal::Matrix;
use crate::plan::portal::Move;
use crate::plan::portal::Principal;
use crate::plan::portal::Row;
use crate::plan::portal::Share;
use crate::plan::portal::Turn;
use crate::report::escape;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::wrap::folded;

/// What the matrix is of, and how it is shown.
pub struct About<'a> {
    /// What the rights are those of, such as `the manifests`.
    pub of: &'a str,
    /// Whether programs are put together by package.
    pub by_package: bool,
    /// How many columns there are; 0: as many as it takes.
    pub columns: usize,
    /// Colour.
    pub paint: Paint,
}

/// What a mark in a table means.
fn legend(matrix: &Matrix) -> String {
    let none = match matrix.only {
        Some(only) => format!("not the right *{}*, and the other was not asked for", right(only)),
        None => "no right".to_owned(),
    };
    format!("In parentheses: inherited. `-`: {none}. `?`: not known, for what is inherited is not known.")
}

/// The matrix for people.
pub fn text(matrix: &Matrix, about: &About<'_>) -> String {
    let mut out = folded(&format!("{}\n", heading(matrix, about)), about.columns);
    out.push_str(&grid(&principals(matrix), about));
    if !matrix.items.is_empty() {
        let table = if about.by_package { by_package(matrix) } else { by_program(matrix) };
        out.push_str(&grid(&table, about));
        if !about.by_package {
            let legend = folded(&format!("{}\n", legend(matrix)), about.columns);
            out.push_str(&format!("\n{}", about.paint.on(Tone::Dim, legend)));
        }
    }
    for note in notes(matrix) {
        out.push_str(&folded(&format!("Note: {note}\n"), about.columns));
    }
    out
}

/// What a plan makes of the matrix, for people.
pub fn difference_text(difference: &Difference, about: &About<'_>) -> String {
    let mut out = folded(&format!("{}\n", heading(&difference.after, about)), about.columns);
    out.push_str(&grid(&before_and_after(difference), about));
    let mut last = "";
    for one in &difference.moves {
        if one.address != last {
            last = &one.address;
            out.push_str(&format!("\n{}{}\n", visible(&one.address), becomes(one.item)));
        }
        let tone = if one.change == Turn::Gained { Tone::Add } else { Tone::Remove };
        out.push_str(&folded(&format!("  {}\n", about.paint.on(tone, visible(&sentence(one)))), about.columns));
    }
    out.push_str(&folded(&format!("\n{}\n", totals(difference)), about.columns));
    for note in notes(&difference.after).into_iter().chain(unknown(difference)) {
        out.push_str(&folded(&format!("Note: {note}\n"), about.columns));
    }
    out
}

/// The matrix as Markdown.
pub fn markdown(matrix: &Matrix, about: &About<'_>) -> String {
    let mut out = format!("### {}\n{}", escape::prose(&heading(matrix, about)), markdown_table(&principals(matrix)));
    if !matrix.items.is_empty() {
        let table = if about.by_package { by_package(matrix) } else { by_program(matrix) };
        out.push_str(&markdown_table(&table));
        if !about.by_package {
            out.push_str(&format!("\n{}\n", legend(matrix)));
        }
    }
    for note in notes(matrix) {
        out.push_str(&format!("\nNote: {}\n", escape::prose(&note)));
    }
    out
}

/// What a plan makes of the matrix, as Markdown.
pub fn difference_markdown(difference: &Difference, about: &About<'_>) -> String {
    let title = escape::prose(&heading(&difference.after, about));
    let mut out = format!("### {title}\n{}", markdown_table(&before_and_after(difference)));
    let rows = difference.moves.iter().map(|one| {
        let word = if one.change == Turn::Gained { "gains" } else { "loses" };
        let why = if one.inherited { "inherited" } else { "own" };
        let item = becomes(one.item).trim_start().to_owned();
        vec![one.address.clone(), one.principal.clone(), word.into(), right(one.right).into(), why.into(), item]
    });
    let head = ["item", "principal", "", "right", "how", "the item"].map(str::to_owned).to_vec();
    let table = Table { head, rows: rows.collect(), names: 2 };
    if !table.rows.is_empty() {
        out.push_str(&markdown_table(&table));
    }
    out.push_str(&format!("\n{}\n", totals(difference)));
    for note in notes(&difference.after).into_iter().chain(unknown(difference)) {
        out.push_str(&format!("\nNote: {}\n", escape::prose(&note)));
    }
    out
}

/// The matrix as CSV (RFC 4180): a line for each item and principal.
pub fn csv(matrix: &Matrix) -> String {
    let rights = matrix.rights();
    let mut head = vec!["item", "kind", "folder", "principal"];
    head.extend(rights.iter().map(|right| column(*right)));
    let mut out = line(&head);
    for row in &matrix.items {
        for one in &matrix.principals {
            let folder = row.folder.as_deref().unwrap_or_default();
            let mut cells = vec![row.address.as_str(), row.key.kind.name(), folder, one.principal.as_str()];
            cells.extend(rights.iter().map(|right| told(row.cell(&one.principal, *right))));
            out.push_str(&line(&cells));
        }
    }
    out
}

/// The matrix by package as CSV: a line for each package or sequential task and principal, with `all`, `some`, `none` or
/// `unknown`.
pub fn csv_by_package(matrix: &Matrix) -> String {
    let rights = matrix.rights();
    let mut head = vec!["item", "programs", "principal"];
    head.extend(rights.iter().map(|right| column(*right)));
    let mut out = line(&head);
    for group in matrix.groups() {
        let programs = group.items.to_string();
        for one in &group.principals {
            let mut cells = vec![group.address.as_str(), programs.as_str(), one.principal.as_str()];
            cells.extend(rights.iter().filter_map(|right| one.share(*right)).map(|share| share.is.word()));
            out.push_str(&line(&cells));
        }
    }
    out
}

/// What a right's column of CSV is called.
const fn column(right: Right) -> &'static str {
    match right {
        Right::Install => "install",
        Right::InstallOnApproval => "install_on_approval",
    }
}

/// What a plan makes of the matrix, as CSV: a line for each item and principal, with before and after.
pub fn difference_csv(difference: &Difference) -> String {
    let rights = difference.after.rights();
    let sides: Vec<String> = (rights.iter().copied().map(column))
        .flat_map(|name| [format!("{name}_before"), format!("{name}_after")])
        .collect();
    let mut head = vec!["item", "kind", "folder", "principal"];
    head.extend(sides.iter().map(String::as_str));
    let mut out = line(&head);
    let (before, after) = (difference.before.by_key(), difference.after.by_key());
    for key in before.keys().chain(after.keys()).copied().collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(key).copied(), after.get(key).copied());
        let Some(row) = is.or(was) else { continue };
        let cell = |row: Option<&Row>, principal: &str, right| match row {
            Some(row) => told(row.cell(principal, right)),
            None => "not there",
        };
        for one in &difference.after.principals {
            let name = one.principal.as_str();
            let folder = row.folder.as_deref().unwrap_or_default();
            let mut cells = vec![row.address.as_str(), row.key.kind.name(), folder, name];
            cells.extend(rights.iter().flat_map(|right| [cell(was, name, *right), cell(is, name, *right)]));
            out.push_str(&line(&cells));
        }
    }
    out
}

/// A line of CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe; what would act on a
/// terminal is escaped.
fn line(cells: &[&str]) -> String {
    let one = |text: &&str| {
        let text = visible(text);
        let is_formula =
            text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
        let text = if is_formula { format!("'{text}") } else { text.into_owned() };
        match text.contains([',', '"', '\r', '\n']) || text.trim() != text {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text,
        }
    };
    format!("{}\r\n", cells.iter().map(one).collect::<Vec<_>>().join(","))
}

/// A cell in a word, for CSV.
const fn told(cell: Cell<'_>) -> &'static str {
    match cell {
        Cell::Held(held) => match (held.own, held.inherited) {
            (true, true) => "own and inherited",
            (true, false) => "own",
            _ => "inherited",
        },
        Cell::No => "no",
        Cell::Unknown => "unknown",
    }
}

/// A right in words.
const fn right(right: Right) -> &'static str {
    match right {
        Right::Install => "install",
        Right::InstallOnApproval => "install on approval",
    }
}

/// A right in few words, for a cell.
const fn short(right: Right) -> &'static str {
    match right {
        Right::Install => "install",
        Right::InstallOnApproval => "on approval",
    }
}

const fn becomes(item: Becomes) -> &'static str {
    match item {
        Becomes::Stays => "",
        Becomes::Created => " (new)",
        Becomes::Deleted => " (deleted)",
    }
}

fn sentence(one: &Move) -> String {
    let sign = if one.change == Turn::Gained { '+' } else { '-' };
    let how = if one.inherited { " (inherited)" } else { "" };
    format!("{sign} {}: {}{how}", one.principal, right(one.right))
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn heading(matrix: &Matrix, about: &About<'_>) -> String {
    let programs = counted(matrix.count(Kind::Program), "program", "programs");
    let sequences = counted(matrix.count(Kind::SequentialTask), "sequential task", "sequential tasks");
    let principals = counted(matrix.principals.len(), "principal", "principals");
    let only = matrix.only.map(|only| format!(", {} alone", right(only))).unwrap_or_default();
    format!("Portal rights of {}{only}: {programs}, {sequences}, {principals}", about.of)
}

fn totals(difference: &Difference) -> String {
    let count = |turn| difference.moves.iter().filter(|one| one.change == turn).count();
    let mut items: Vec<&str> = difference.moves.iter().map(|one| one.address.as_str()).collect();
    items.dedup();
    match (count(Turn::Gained), count(Turn::Lost)) {
        (0, 0) => "Nobody gains or loses a right.".to_owned(),
        (gained, lost) => format!(
            "{} gained, {lost} lost, on {} (PTL-3).",
            counted(gained, "right", "rights"),
            counted(items.len(), "item", "items")
        ),
    }
}

fn notes(matrix: &Matrix) -> Vec<String> {
    let count = |is: fn(&&Row) -> bool| matrix.items.iter().filter(is).count();
    let mut out = Vec::new();
    let unknown = count(|row| !row.known);
    if unknown > 0 {
        let what = counted(unknown, "item inherits", "items inherit");
        out.push(format!(
            "{what} rights that are not known here: a program those of `PortalDefaults` (PTL-2), a sequential task \
             those of its folder (SEQ-6). A server knows: `--server NAME`"
        ));
    }
    let unmanaged = count(|row| !row.managed);
    if unmanaged > 0 {
        let what = counted(unmanaged, "item says", "items say");
        out.push(format!(
            "{what} nothing of portal rights. A new one inherits, and is shown so; one that is there keeps what it has"
        ));
    }
    out
}

fn unknown(difference: &Difference) -> Option<String> {
    let n = difference.unknown.len();
    let first: Vec<String> = difference.unknown.iter().take(3).map(|one| format!("`{one}`")).collect();
    (n > 0).then(|| {
        let what = counted(n, "item", "items");
        format!("of {what} it is not known who gains and who loses, such as {}", first.join(", "))
    })
}

/// A table: names in the first columns, words in the others.
struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// How many columns hold names that come from somewhere else.
    names: usize,
}

fn share(share: Share) -> String {
    let unknown = if share.unknown > 0 { format!(", {} not known", share.unknown) } else { String::new() };
    match share.is {
        Extent::Some => format!("some ({} of {}{unknown})", share.has, share.of),
        Extent::Unknown => "?".to_owned(),
        is => is.word().to_owned(),
    }
}

fn principals(matrix: &Matrix) -> Table {
    let rights = matrix.rights();
    let row = |one: &Principal| {
        let shares = rights.iter().filter_map(|right| one.share(*right)).map(share);
        std::iter::once(one.principal.clone()).chain(shares).collect()
    };
    let head = heads(&rights);
    Table { head, rows: matrix.principals.iter().map(row).collect(), names: 1 }
}

/// The head of a table of principals.
fn heads(rights: &[Right]) -> Vec<String> {
    std::iter::once("principal").chain(rights.iter().map(|one| right(*one))).map(str::to_owned).collect()
}

fn before_and_after(difference: &Difference) -> Table {
    let pair = |was: Share, is: Share| {
        let (was, is) = (share(was), share(is));
        if was == is { is } else { format!("{was} -> {is}") }
    };
    let rights = difference.after.rights();
    let both = difference.before.principals.iter().zip(&difference.after.principals);
    let row = |(was, is): (&Principal, &Principal)| {
        let mut row = vec![is.principal.clone()];
        let shares = rights.iter().filter_map(|right| was.share(*right).zip(is.share(*right)));
        row.extend(shares.map(|(was, is)| pair(was, is)));
        row
    };
    let head = heads(&rights);
    Table { head, rows: both.map(row).collect(), names: 1 }
}

fn by_program(matrix: &Matrix) -> Table {
    let rights = matrix.rights();
    let head = std::iter::once("item".to_owned()).chain(matrix.principals.iter().map(|one| one.principal.clone()));
    let row = |row: &Row| {
        let cells = matrix.principals.iter().map(|one| cell(row, &one.principal, &rights));
        std::iter::once(row.address.clone()).chain(cells).collect()
    };
    Table { head: head.collect(), rows: matrix.items.iter().map(row).collect(), names: 1 }
}

/// What a principal has on an item: *install* goes before the other right, which it makes pointless (PTL-2).
fn cell(row: &Row, principal: &str, rights: &[Right]) -> String {
    let cells: Vec<(Right, Cell<'_>)> = rights.iter().map(|right| (*right, row.cell(principal, *right))).collect();
    let held = cells.iter().find_map(|(right, cell)| match cell {
        Cell::Held(held) if held.own => Some(short(*right).to_owned()),
        Cell::Held(_) => Some(format!("({})", short(*right))),
        _ => None,
    });
    let is_unknown = cells.iter().any(|(_, cell)| *cell == Cell::Unknown);
    held.unwrap_or_else(|| if is_unknown { "?" } else { "-" }.to_owned())
}

fn by_package(matrix: &Matrix) -> Table {
    let rights = matrix.rights();
    let head = std::iter::once("package or task".to_owned());
    let head = head.chain(matrix.principals.iter().map(|one| one.principal.clone())).collect();
    let words = |one: &Principal| {
        let words = rights.iter().filter_map(|right| Some((*right, one.share(*right)?.is)));
        let words = words.filter(|(_, extent)| *extent != Extent::None);
        let words: Vec<String> = words.map(|(right, extent)| format!("{}: {}", short(right), extent.word())).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };
    let rows = matrix.groups().into_iter();
    let rows =
        rows.map(|group| std::iter::once(group.address.clone()).chain(group.principals.iter().map(words)).collect());
    Table { head, rows: rows.collect(), names: 1 }
}

/// A table in columns; where the terminal has not enough of them, a list: each row's name, and below it what stands in
/// its cells.
fn grid(table: &Table, about: &About<'_>) -> String {
    let shown = |row: &Vec<String>| row.iter().map(|cell| visible(cell).into_owned()).collect::<Vec<String>>();
    let head = shown(&table.head);
    let rows: Vec<Vec<String>> = table.rows.iter().map(shown).collect();
    let width = |at: usize| rows.iter().chain([&head]).map(|row| row[at].width()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let all = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    if about.columns > 0 && all > about.columns {
        return list(&head, &rows, about);
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = format!("\n{}\n", about.paint.on(Tone::Strong, line(&head)));
    for row in &rows {
        out.push_str(&line(row));
        out.push('\n');
    }
    out
}

fn list(head: &[String], rows: &[Vec<String>], about: &About<'_>) -> String {
    let mut out = String::new();
    for row in rows {
        out.push_str(&format!("\n{}\n", about.paint.on(Tone::Strong, &row[0])));
        let cells = head.iter().zip(row).skip(1).filter(|(_, cell)| *cell != "-");
        let mut is_empty = true;
        for (name, cell) in cells {
            out.push_str(&folded(&format!("  {name}: {cell}\n"), about.columns));
            is_empty = false;
        }
        if is_empty {
            out.push_str("  nobody\n");
        }
    }
    out
}

fn markdown_table(table: &Table) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let own =
        ["", "item", "principal", "install", "install on approval", "package or task", "right", "how", "the item"];
    let head = table.head.iter().map(|name| match own.contains(&name.as_str()) {
        true => name.clone(),
        false => escape::code(name),
    });
    let mut out = format!("\n| {} |\n|{}\n", head.collect::<Vec<_>>().join(" | "), "---|".repeat(table.head.len()));
    for row in &table.rows {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(at, cell)| if at < table.names { escape::code(cell) } else { escape::prose(cell) });
        out.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    out
}

#[cfg(test)]
mod tests;
