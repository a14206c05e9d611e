//! `consign validate --fix`: writes what [`manifest::repair`] makes of the files.

use std::collections::BTreeSet;

use crate::cli::context::Context;
use crate::cli::context::Opened;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::Diagnostics;
use crate::diag::visible;
use crate::manifest;
use crate::manifest::Made;
use crate::sys::disk;
use crate::sys::disk::Replaced;

/// What was done so far.
#[derive(Default)]
pub struct Mended {
    findings: usize,
    files: BTreeSet<String>,
    /// What was said of files that were left alone, so that it is said once.
    said: BTreeSet<String>,
}

impl Mended {
    /// What was done, in a line.
    pub fn summary(&self) -> String {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        match self.findings {
            0 => "Nothing was mended.\n".to_owned(),
            n => format!("Mended {} in {}.\n", count(n, "finding"), count(self.files.len(), "file")),
        }
    }
}

/// Makes the certain fixes of these findings, each file whole or not at all, and says what it did. Whether any file was
/// written.
///
/// # Errors
///
/// When a file cannot be written; those before it are.
pub fn write(context: &Context, opened: &Opened, found: &Diagnostics, mended: &mut Mended) -> Result<bool, Failure> {
    let mut any = false;
    for file in manifest::repair(found, &opened.sources) {
        let path = opened.sources.path(file.source);
        let shown = visible(path.as_str()).into_owned();
        let line = |made: &Made| {
            let at = opened.sources.position(file.source, made.start);
            format!("{shown}:{}:{} {}: {}", at.line, at.column, made.rule.id, visible(&made.message))
        };
        let mut left: Vec<String> = file
            .refused
            .iter()
            .map(|made| format!("left alone: {}; more than that would change", line(made)))
            .collect();
        if !file.made.is_empty() {
            let was = opened.sources.text(file.source);
            let replaced = disk::replace_text(&opened.root.join(path), was, &file.text)
                .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
            match replaced {
                Replaced::Written => {
                    any = true;
                    mended.findings += file.made.len();
                    mended.files.insert(path.to_string());
                    for made in &file.made {
                        context.talk(&format!("mended: {}\n", line(made)));
                    }
                }
                Replaced::Changed => left.push(format!("left alone: {shown} was changed while it was looked at")),
                Replaced::ReadOnly => left.push(format!("left alone: {shown} is read-only")),
            }
        }
        for text in left {
            if mended.said.insert(text.clone()) {
                context.talk(&format!("{text}\n"));
            }
        }
    }
    Ok(any)
}
