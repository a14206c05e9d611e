//! `consign reference`: the chapters of the manual that follow from the program itself: the commands, the kinds, the
//! project file. A test holds those in `docs/` to what this writes.

mod commands;
mod fields;

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::visible;
use crate::rules;
use crate::sys::disk;

/// `consign reference`
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// Where the chapters go: rules.md, commands.md, project.md, and kinds/KIND.md
    #[arg(long, value_name = "DIR", default_value = "docs")]
    pub out: Utf8PathBuf,
}

/// Runs it.
pub fn run(context: &Context, args: &ReferenceArgs) -> Outcome {
    let directory = context.directory.join(&args.out);
    let chapters = chapters();
    disk::make_directory(&directory.join("kinds")).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    for (name, text) in &chapters {
        context.write_file(&directory.join(name), text)?;
    }
    context.out(&format!("{} chapters in {}\n", chapters.len(), visible(args.out.as_str())))?;
    Ok(exit::OK)
}

/// The chapters, by path below the manual's directory.
fn chapters() -> Vec<(String, String)> {
    let mut chapters = vec![("rules.md".to_owned(), rules::manual())];
    chapters.push(("commands.md".to_owned(), commands::chapter()));
    chapters.extend(fields::chapters());
    chapters
}

/// A text with its rules' IDs made links; `up` leads to the manual's directory. What stands in backticks stays as it is.
fn linked(text: &str, up: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            out.push('`');
        }
        if at % 2 == 1 {
            out.push_str(part);
            continue;
        }
        let mut word = String::new();
        let flush = |word: &mut String, out: &mut String| {
            match rules::find(word) {
                Some(rule) => out.push_str(&format!("[{word}]({up}rules.md#{})", rule.id.to_lowercase())),
                None => out.push_str(word),
            }
            word.clear();
        };
        for c in part.chars() {
            if c.is_ascii_alphanumeric() || c == '-' {
                word.push(c);
            } else {
                flush(&mut word, &mut out);
                out.push(c);
            }
        }
        flush(&mut word, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_says_what_the_program_does() {
        for (name, text) in chapters() {
            let path = format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"));
            let stored = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(stored == text, "docs/{name} is another one; `consign reference` writes it anew");
        }
    }

    #[test]
    fn rules_become_links_and_code_stays_code() {
        assert_eq!(
            linked("as TSK-4 says (`TSK-4`), not TSK-40", "../"),
            "as [TSK-4](../rules.md#tsk-4) says (`TSK-4`), not TSK-40"
        );
    }
}
