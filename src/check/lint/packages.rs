//! Packages: PKG-4, PKG-5. PKG-3 is a matter of tasks.

use super::super::context::Context;
use super::uses::Uses;
use super::uses::repeats;
use crate::diag::called;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Source;
use crate::rules::package::PKG_4;
use crate::rules::package::PKG_5;

pub(super) fn check(context: &mut Context<'_>) {
    let uses = Uses::of(context.site);
    for item in context.site.of_kind(Kind::Package) {
        let Spec::Package(package) = &item.spec else { continue };
        second_copy(context, item, package, &uses);
        silence(context, item, package, &uses);
    }
    strangers(context);
}

/// A second copy that nothing fills, or that nothing refreshes (PKG-4).
fn second_copy(context: &mut Context<'_>, item: &Item, package: &Package, uses: &Uses<'_>) {
    const FIELD: &str = "alternateDownloadFolder";
    if package.alternate_download_folder.is_empty() {
        return;
    }
    if matches!(package.source, Source::None(_)) {
        let message = "the package has no files, so no copy of them is put anywhere";
        let help = "remove `alternateDownloadFolder`, or give the package a `source`";
        let finding = context.lint(&PKG_4, &item.key, FIELD, message, help);
        let at = context.origins.value(&item.key, FIELD);
        context.found.push(finding.fix_default("remove `alternateDownloadFolder`", at, ""));
        return;
    }
    let mut runs = uses.of_package(&item.key.name).peekable();
    if runs.peek().is_some() && !runs.any(repeats) {
        let message = "this second copy is refreshed only right before a run, and nothing here runs the package again";
        let help =
            "give a task of this package a schedule that repeats, or let programs use the package where agents keep it";
        let finding = context.lint(&PKG_4, &item.key, FIELD, message, help);
        context.found.push(finding);
    }
}

/// A program of another package that works in the second copy finds it as old as its last run (PKG-4).
fn strangers(context: &mut Context<'_>) {
    let folders: Vec<(&str, String)> = context
        .site
        .of_kind(Kind::Package)
        .filter_map(|item| match &item.spec {
            Spec::Package(package) => {
                let folder = package.alternate_download_folder.trim_end_matches('\\').to_lowercase();
                // A drive or a folder of its root is where much lies that is none of this package's.
                (folder.matches('\\').count() > 1).then_some((item.key.name.as_str(), folder))
            }
            _ => None,
        })
        .collect();
    if folders.is_empty() {
        return;
    }
    for item in context.site.of_kind(Kind::Program) {
        let Spec::Program(program) = &item.spec else { continue };
        for (field, text) in [("commandLine", &program.command_line), ("workingDirectory", &program.working_directory)]
        {
            let text = text.to_lowercase();
            let used = folders
                .iter()
                .find(|(package, folder)| Some(*package) != item.key.package.as_deref() && is_below(&text, folder));
            if let Some((package, folder)) = used {
                let message = format!(
                    "`{}` holds a copy of package `{}`, refreshed only right before a program of that package runs",
                    visible(folder),
                    visible(package)
                );
                let help = format!("put the files into this package, or make this a program of `{}`", visible(package));
                let finding = context.lint(&PKG_4, &item.key, field, message, help);
                context.found.push(finding);
            }
        }
    }
}

/// Whether a text names a folder, or something below it.
fn is_below(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let behind = text[at + folder.len()..].chars().next();
        behind.is_none_or(|c| matches!(c, '\\' | '/' | '"' | '\'' | ' '))
    })
}

/// What is delivered without the server hearing of it (PKG-5).
fn silence(context: &mut Context<'_>, item: &Item, package: &Package, uses: &Uses<'_>) {
    if package.verbose_status_events || matches!(package.source, Source::None(_)) {
        return;
    }
    let Some(by) = uses.of_package(&item.key.name).next() else { return };
    let message = format!("{} delivers it, and the server records nothing of its downloads", called(&by.key));
    let help = "leave `verboseStatusEvents` out, unless the server can take no more events: plans then know what each \
                computer has";
    let finding = context.lint(&PKG_5, &item.key, "verboseStatusEvents", message, help);
    context.found.push(finding);
}
