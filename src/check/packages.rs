//! Packages: PKG-2, and whole minutes.

use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::PackageServers;
use crate::model::package::Source;
use crate::rules::manifest::MAN_3;
use crate::rules::package::PKG_2;

pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::Package) {
        if let Spec::Package(package) = &item.spec {
            source(context, item, package);
            package_servers(context, item, package);
            context.whole_minutes(&MAN_3, item, "deleteUnusedAfter", package.delete_unused_after);
        }
    }
}

/// Where the files are has one of four forms (PKG-2).
fn source(context: &mut Context<'_>, item: &Item, package: &Package) {
    let mut refuse = |pointer: &str, message: String, help: &str| {
        context.value(&PKG_2, &item.key, pointer, message, help);
    };
    match &package.source {
        Source::None(_) => {}
        Source::Local(local) => {
            if is_unc(&local.local) {
                let message = format!("`{}` is a share, not a directory on the server", visible(&local.local));
                refuse("source/local", message, "write it as `source: {unc: …}`");
            } else if !is_absolute(&local.local) {
                let message = format!("`{}` is not an absolute path on the server", visible(&local.local));
                refuse("source/local", message, "write drive and path, such as `D:\\Packages\\7zip`");
            }
        }
        Source::Unc(unc) => {
            share(context, item, "source/unc", &unc.unc);
        }
        Source::Url(source) => {
            if let Some(problem) = url_problem(&source.url) {
                let message = format!("`{}` {problem}", visible(&source.url));
                refuse("source/url", message, "write the whole address, such as `https://files.example.com/7zip`");
            }
            share(context, item, "source/directory", &source.directory);
        }
    }
}

/// A share is `\\server\share`; one written with slashes, or without its first backslash, can be mended.
fn share(context: &mut Context<'_>, item: &Item, pointer: &str, path: &str) {
    if is_unc(path) {
        return;
    }
    let at = context.origins.value(&item.key, pointer);
    let message = format!("`{}` is not a UNC path", visible(path));
    let mut finding = Diagnostic::error(&PKG_2, at.clone(), message).help(unc_help(path));
    let turned = path.replace('/', "\\");
    let doubled = format!("\\{path}");
    if path.starts_with("//") && is_unc(&turned) {
        finding = finding.fix_value(format!("write `{}`", visible(&turned)), at, turned);
    } else if is_unc(&doubled) {
        finding = finding.fix_value(format!("write `{}`", visible(&doubled)), at, doubled).guessed();
    }
    context.found.push(finding);
}

fn unc_help(path: &str) -> &'static str {
    if path.starts_with("//") {
        "write it with backslashes, in single quotes: `'\\\\server\\share\\…'`"
    } else if path.starts_with('\\') && !path.starts_with("\\\\") {
        "it begins with two backslashes; in double quotes each must be written twice, in single quotes once: `'\\\\server\\share'`"
    } else {
        "write `'\\\\server\\share'`, with a path below it if there is one"
    }
}

/// `\\server\share`, and perhaps a path below; no empty part, no `.` or `..`.
pub fn is_unc(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("\\\\") else { return false };
    let rest = rest.strip_suffix('\\').unwrap_or(rest);
    let parts: Vec<&str> = rest.split('\\').collect();
    parts.len() >= 2 && parts.iter().all(|part| is_path_part(part))
}

/// `D:\path`, or `/path` on a server that has such; no empty part, no `.` or `..`.
fn is_absolute(path: &str) -> bool {
    let mut chars = path.chars();
    let (below, separator) = match (chars.next(), chars.next(), chars.next()) {
        (Some(drive), Some(':'), Some('\\' | '/')) if drive.is_ascii_alphabetic() => (&path[3..], ['\\', '/']),
        (Some('/'), Some(second), _) if second != '/' => (&path[1..], ['/', '/']),
        _ => return false,
    };
    let below = below.strip_suffix(separator).unwrap_or(below);
    below.is_empty() || below.split(separator).all(is_path_part)
}

fn is_path_part(part: &str) -> bool {
    !part.is_empty()
        && !matches!(part, "." | "..")
        && part.trim() == part
        && !part.contains(['/', '<', '>', '"', '|', '?', '*', ':'])
        && !part.chars().any(crate::diag::is_hidden)
}

fn url_problem(text: &str) -> Option<&'static str> {
    match url::Url::parse(text) {
        Err(_) => Some("is not a web address"),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Some("is neither `http` nor `https`"),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("holds a user name or password, which every agent would see")
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("names no host"),
        Ok(_) => None,
    }
}

fn package_servers(context: &mut Context<'_>, item: &Item, package: &Package) {
    let (field, list) = match &package.package_servers {
        PackageServers::By(_) => return,
        PackageServers::Servers(list) => ("packageServers/servers", &list.servers),
        PackageServers::Sites(list) => ("packageServers/sites", &list.sites),
    };
    if list.is_empty() {
        let message = "the package is on no package server at all";
        context.value(&MAN_3, &item.key, field, message, "name at least one, or write `packageServers: all`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pkg_2_unc_paths_name_server_and_share() {
        for good in
            ["\\\\files\\packages", "\\\\files\\packages\\7zip\\24.08", "\\\\fs.example.com\\a b$\\", "\\\\10.0.0.1\\x"]
        {
            assert!(is_unc(good), "{good}");
        }
        for bad in [
            "",
            "\\\\",
            "\\\\files",
            "\\\\files\\",
            "\\files\\x",
            "//files/x",
            "D:\\x",
            "\\\\f\\x\\..\\y",
            "\\\\f\\\\x",
            "\\\\f\\x/y",
            "\\\\f\\x*",
        ] {
            assert!(!is_unc(bad), "{bad}");
        }
    }

    #[test]
    fn pkg_2_local_paths_are_absolute() {
        for good in ["D:\\Packages\\7zip", "c:/x", "D:\\", "/srv/packages", "D:\\a b\\"] {
            assert!(is_absolute(good), "{good}");
        }
        for bad in ["", "Packages", ".\\x", "D:x", "D:", "\\x", "D:\\..\\x", "//x/y", "1:\\x", "/a/../b"] {
            assert!(!is_absolute(bad), "{bad}");
        }
    }
}
