//! Where a program runs: PRG-10.

use super::command::Command;
use super::command::CommandLine;
use super::command::Kind as Installer;
use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Program;
use crate::model::package::Source;
use crate::rules::program::PRG_10;

/// PRG-10, for one program.
pub(super) fn check(context: &mut Context<'_>, item: &Item, program: &Program, line: &CommandLine) {
    let Some(package) = &item.key.package else { return };
    let Some(Spec::Package(package)) = context.site.get(&ItemKey::new(Kind::Package, package)).map(|item| &item.spec)
    else {
        return;
    };
    let has_files = !matches!(package.source, Source::None(_));
    match (has_files, program.working_directory.is_empty()) {
        (true, true) => in_a_sub_folder(context, item, line),
        (false, true) => from_nowhere(context, item, line),
        (false, false) if !is_whole(&program.working_directory) => {
            let message = format!(
                "`{}` is no folder on the client, and the package has no files",
                visible(&program.working_directory)
            );
            let help = "write drive and path, such as `C:\\Program Files\\7-Zip`, or give the package its `source`";
            warn(context, item, "workingDirectory", message, help);
        }
        _ => {}
    }
}

fn warn(context: &mut Context<'_>, item: &Item, pointer: &str, message: String, help: &str) {
    let at = context.origins.value(&item.key, pointer);
    context.found.push(Diagnostic::warning(&PRG_10, at, message).help(help));
}

/// A path that means the same wherever it is used: a drive, a share, or a variable at its beginning.
fn is_whole(path: &str) -> bool {
    let mut chars = path.chars();
    let (first, second) = (chars.next(), chars.next());
    path.starts_with("\\\\")
        || path.starts_with('%')
        || (first.is_some_and(|c| c.is_ascii_alphabetic())
            && second == Some(':')
            && matches!(chars.next(), Some('\\' | '/') | None))
}

/// The folder of a path within the package: `x64` of `.\x64\setup.exe`.
fn sub_folder(path: &str) -> Option<&str> {
    if is_whole(path) || path.starts_with(['\\', '/', '@']) {
        return None;
    }
    let path = path.strip_prefix(".\\").or_else(|| path.strip_prefix("./")).unwrap_or(path);
    let (folder, _) = path.rsplit_once(['\\', '/'])?;
    (!folder.is_empty() && !folder.split(['\\', '/']).any(|part| part == ".." || part == ".")).then_some(folder)
}

/// The first program of a line, or of the `cmd` or `start` in front of it.
fn first(line: &CommandLine) -> Option<&Command> {
    let mut command = line.commands.first()?;
    while matches!(command.kind, Installer::Shell | Installer::Launcher)
        && let Some(inner) = command.runs.first()
    {
        command = inner;
    }
    Some(command)
}

fn in_a_sub_folder(context: &mut Context<'_>, item: &Item, line: &CommandLine) {
    let Some(command) = first(line) else { return };
    if let Some(folder) = sub_folder(&command.program) {
        let message = format!("`{}` is in a sub-folder and runs in the package's root", visible(&command.program));
        let file = command.program.rsplit(['\\', '/']).next().unwrap_or_default();
        let help = format!("set `workingDirectory: {}`, and write `{}` alone", visible(folder), visible(file));
        warn(context, item, "commandLine", message, &help);
    }
}

/// A package without files, and a file without a folder.
fn from_nowhere(context: &mut Context<'_>, item: &Item, line: &CommandLine) {
    let Some(command) = first(line) else { return };
    // A bare name may be on the client's path. That of an installer, or of a batch file, hardly is.
    let is_own = match command.kind {
        Installer::Batch | Installer::InnoSetup | Installer::Nsis | Installer::Burn | Installer::InstallShield => true,
        Installer::WindowsInstaller => command.file_name() != "msiexec",
        _ => false,
    };
    let file = match &command.target {
        Some(target) if command.kind == Installer::WindowsInstaller => target,
        _ => &command.program,
    };
    let is_code = file.starts_with('{') || file.contains("://");
    let in_folder = sub_folder(file).is_some() || file.starts_with(".\\");
    let is_target = file != &command.program && file.contains('.');
    if !is_code && !is_whole(file) && !file.starts_with('\\') && (is_own || in_folder || is_target) {
        let message = format!("the package has no files, and `{}` names no folder on the client", visible(file));
        let help =
            "set `workingDirectory` to a folder on the client, write the whole path, or give the package its `source`";
        warn(context, item, "commandLine", message, help);
    }
}
