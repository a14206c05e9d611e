//! The command lines that winget would run: by the type of the installer, with its own switches where it has some.

use super::Installer;
use crate::diag::is_hidden;
use crate::manifest::Yaml;

/// How an installer is run.
pub(super) struct Command {
    pub(super) line: String,
    /// What was assumed.
    pub(super) notes: Vec<String>,
    /// Whether it asks nobody anything.
    pub(super) is_silent: bool,
}

/// What installs it; `None` for what no agent can run.
pub(super) fn install(one: &Installer<'_>) -> Option<Command> {
    let kind = one.kind();
    let mut notes = Vec::new();
    let file = file_name(one, &kind, &mut notes);
    if matches!(kind.as_str(), "msix" | "appx") {
        let path = file.replace('\'', "''");
        notes.push("assumed: provisioned for every user of the computer; winget has no command line for it".to_owned());
        let line = format!(
            "powershell.exe -NoProfile -ExecutionPolicy Bypass -Command \"Add-AppxProvisionedPackage -Online -PackagePath \
             '{path}' -SkipLicense\""
        );
        return Some(Command { line, notes, is_silent: true });
    }
    // winget's own switches for the types that it knows.
    let (before, usual) = match kind.as_str() {
        "msi" | "wix" => ("msiexec /i ", "/quiet /norestart"),
        "burn" => ("", "/quiet /norestart"),
        "nullsoft" => ("", "/S"),
        "inno" => ("", "/SP- /VERYSILENT /SUPPRESSMSGBOXES /NORESTART"),
        "exe" => ("", ""),
        _ => return None,
    };
    let own = [one.switch("Silent"), one.switch("SilentWithProgress")].into_iter().find(|switch| !switch.is_empty());
    let silent = own.unwrap_or(usual);
    if own.is_none() && !usual.is_empty() {
        notes.push(format!("assumed: {usual}, which winget passes to installers of the type {kind}"));
    }
    let mut line = format!("{before}{}", quoted(&file, !before.is_empty()));
    // A switch of its own may say it already.
    let says_users = [silent, one.switch("Custom")].iter().any(|own| own.to_ascii_uppercase().contains("ALLUSERS="));
    let for_all = !before.is_empty() && one.text("Scope") == "machine" && !says_users;
    let all_users = if for_all { "ALLUSERS=1" } else { "" };
    for word in [silent, all_users, one.switch("Custom")].into_iter().filter(|word| !word.is_empty()) {
        line.push(' ');
        line.extend(word.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !is_hidden(*c)));
    }
    Some(Command { line, notes, is_silent: !silent.is_empty() })
}

/// What removes it, where its product code says that: of Windows Installer alone.
pub(super) fn uninstall(one: &Installer<'_>) -> Option<String> {
    let code = one.text("ProductCode");
    let is_guid = code.starts_with('{') && code.parse::<crate::model::guid::Guid>().is_ok();
    (is_guid && matches!(one.kind().as_str(), "msi" | "wix")).then(|| format!("msiexec /x {code} /quiet /norestart"))
}

fn quoted(file: &str, always: bool) -> String {
    if always || file.contains([' ', '&', '(', ')', '^', ';', ',', '=']) {
        format!("\"{file}\"")
    } else {
        file.to_owned()
    }
}

/// What the file is called beside the manifest: as its address ends, or by the identifier where that is no file name.
fn file_name(one: &Installer<'_>, kind: &str, notes: &mut Vec<String>) -> String {
    if one.text("InstallerType").eq_ignore_ascii_case("zip") {
        let nested = one.get("NestedInstallerFiles").and_then(|list| list.elements().first());
        let path = nested.and_then(|file| file.get("RelativeFilePath")).and_then(Yaml::text).unwrap_or_default();
        notes.push("assumed: the archive is unpacked where the package's files are".to_owned());
        return path.replace('/', "\\");
    }
    let endings: &[&str] = match kind {
        "msi" | "wix" => &["msi"],
        "msix" | "appx" => &["msix", "msixbundle", "appx", "appxbundle"],
        _ => &["exe"],
    };
    let address = url::Url::parse(one.text("InstallerUrl")).ok();
    let last = address.as_ref().and_then(|url| url.path_segments()?.next_back().map(decoded)).unwrap_or_default();
    let is_name = !last.chars().any(|c| is_hidden(c) || "<>:\"/\\|?*%".contains(c));
    let has_ending = last.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && endings.iter().any(|known| ending.eq_ignore_ascii_case(known))
    });
    if is_name && has_ending {
        return last;
    }
    let name = format!("{}_{}_{}.{}", one.id, one.version, one.text("Architecture"), endings[0]);
    notes.push(format!("assumed: the file is called {name}; its address does not say"));
    name.replace(['"', '\\', '/', ':', '*', '?', '<', '>', '|'], "_")
}

/// A part of an address, `%20` and the like taken back.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
