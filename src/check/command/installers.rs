//! Installers that are told by their switches, or by a name that their builder gives.

use super::Action;
use super::Certainty;
use super::Command;
use super::Kind;
use super::Quiet;
use super::Restart;
use super::Word;
use super::msi;

/// Reads `command`, which is no program of Windows. The first kind that fits holds; those that are told for certain
/// come first.
pub(super) fn read(command: &mut Command) {
    command.action = if command.has_any(&["uninstall", "remove", "u"]) { Action::Uninstall } else { Action::Other };
    let kinds = [
        squirrel,
        visual_studio,
        office,
        install_builder,
        advanced_installer,
        inno_setup,
        install_shield,
        burn,
        iexpress,
        nsis,
    ];
    if !kinds.iter().any(|reads| reads(command)) {
        unknown(command);
    }
}

/// The switch of a word in lower case, after `/`, `-` or `--`; empty where it is none.
fn switch(word: &Word) -> String {
    word.switch().map(str::to_ascii_lowercase).unwrap_or_default()
}

fn any(command: &Command, test: impl Fn(&str) -> bool) -> bool {
    command.arguments.iter().any(|word| test(&switch(word)))
}

/// The part of a switch behind its name, as `3010` of `/RESTARTEXITCODE=3010`.
pub(super) fn value_of(command: &Command, name: &str) -> Option<String> {
    let begin = |word: &Word| {
        let text = word.switch()?;
        let head = text.get(..name.len())?;
        let rest = text[name.len()..].strip_prefix(['=', ':'])?;
        head.eq_ignore_ascii_case(name).then(|| rest.to_owned())
    };
    command.arguments.iter().find_map(begin)
}

fn yes(is: bool) -> Quiet {
    if is { Quiet::Yes } else { Quiet::No }
}

/// `Update.exe --uninstall -s`. It shows its progress without `--silent`, and asks nothing.
fn squirrel(command: &mut Command) -> bool {
    let is_update = command.file_name() == "update";
    let own = ["uninstall", "install", "update", "processstart", "createshortcut", "removeshortcut"];
    let is_own = any(command, |switch| own.contains(&switch.split('=').next().unwrap_or(switch)));
    let hidden = any(command, |switch| switch.starts_with("squirrel-"));
    if !((is_update && is_own) || hidden) {
        return false;
    }
    command.known(Kind::Squirrel, if is_update { Certainty::Program } else { Certainty::Switches });
    if command.has_any(&["silent", "s"]) {
        command.quiet = Quiet::Yes;
    }
    true
}

fn visual_studio(command: &mut Command) -> bool {
    let text = |word: &Word| word.text.to_ascii_lowercase().starts_with("microsoft.visualstudio.");
    let adds = command.arguments.windows(2).any(|pair| {
        ["add", "remove", "includerecommended", "channeluri"].contains(&switch(&pair[0]).as_str()) && text(&pair[1])
    });
    let named = command.file_name().starts_with("vs_")
        || (command.arguments.first().is_some_and(|word| word.text.eq_ignore_ascii_case("uninstall"))
            && any(command, |switch| switch == "installpath"));
    if !adds && !named {
        return false;
    }
    command.known(Kind::VisualStudio, if adds { Certainty::Switches } else { Certainty::Program });
    command.quiet = yes(command.has_any(&["quiet", "q", "passive", "p"]));
    command.restart = if command.has("norestart") { Restart::Suppressed } else { Restart::Left };
    true
}

/// `setup.exe /configure FILE.xml`: whether it shows anything stands in that file.
fn office(command: &mut Command) -> bool {
    let reads_xml = command.arguments.windows(2).any(|pair| {
        ["configure", "download", "packager"].contains(&switch(&pair[0]).as_str())
            && pair[1].text.to_ascii_lowercase().ends_with(".xml")
    });
    if reads_xml {
        command.known(Kind::Office, Certainty::Switches);
    }
    reads_xml
}

fn install_builder(command: &mut Command) -> bool {
    let mode = command.arguments.windows(2).find(|pair| pair[0].text == "--mode").map(|pair| pair[1].text.as_str());
    let ui = command.arguments.windows(2).find(|pair| pair[0].text == "--unattendedmodeui").map(|pair| &pair[1].text);
    let quiet = match mode {
        Some("unattended") => yes(ui.is_none_or(|ui| ui != "minimalWithDialogs")),
        Some("text" | "gtk" | "qt" | "xwindow" | "win32" | "osx") => Quiet::No,
        _ if ui.is_some() => Quiet::No,
        _ => return false,
    };
    command.quiet = quiet;
    command.known(Kind::InstallBuilder, Certainty::Switches);
    true
}

fn advanced_installer(command: &mut Command) -> bool {
    if !command.has_any(&["exenoui", "exebasicui", "exefullui", "exenoupdates"]) {
        return false;
    }
    command.known(Kind::AdvancedInstaller, Certainty::Switches);
    // What else stands there goes on to Windows Installer.
    let options: Vec<&str> = command
        .arguments
        .iter()
        .filter(|word| !switch(word).starts_with("exe"))
        .map(|w| &command.text[w.range.clone()])
        .collect();
    let options = msi::handed_on(&options.join(" "));
    command.quiet = if command.has("exenoui") { Quiet::Yes } else { options.quiet() };
    command.restart = options.restart();
    options.hand_on(command);
    true
}

/// Its uninstaller is `unins000.exe`. Switches count after `/` only.
fn inno_setup(command: &mut Command) -> bool {
    let name = command.file_name();
    let number = name.strip_prefix("unins").unwrap_or_default();
    let is_named = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    const OWN: [&str; 12] = [
        "verysilent",
        "sp-",
        "suppressmsgboxes",
        "mergetasks",
        "loadinf",
        "saveinf",
        "restartexitcode",
        "nocancel",
        "closeapplications",
        "nocloseapplications",
        "forcecloseapplications",
        "norestartapplications",
    ];
    let has = |switches: &[&str]| {
        command.arguments.iter().any(|word| {
            let switch = word.text.strip_prefix('/').unwrap_or_default().to_ascii_lowercase();
            switches.contains(&switch.split('=').next().unwrap_or_default())
        })
    };
    let is_own = has(&OWN);
    let silent = has(&["verysilent", "silent"]);
    // Who gives the switches of two kinds does not know either which one it is.
    let is_mixed = command.has_any(&["quiet", "q", "qn", "s", "install"]);
    if !is_named && !is_own && !silent {
        return false;
    }
    let certainty = match (is_named, is_own) {
        (true, _) => Certainty::Program,
        (_, true) if !is_mixed => Certainty::Switches,
        _ => Certainty::Guess,
    };
    let (stays, per_user) = (has(&["norestart"]), has(&["currentuser"]));
    command.known(Kind::InnoSetup, certainty);
    command.action = if is_named { Action::Uninstall } else { Action::Install };
    command.quiet = yes(silent);
    command.restart = if stays { Restart::Suppressed } else { Restart::Left };
    command.per_user = per_user.then(|| "/CURRENTUSER".to_owned());
    true
}

/// `/s /v"/qn …"` of an MSI, `/s /f1"answers.iss"` of a script.
fn install_shield(command: &mut Command) -> bool {
    let mut handed_on = Vec::new();
    let mut is_own = false;
    let mut answers = false;
    for word in &command.arguments {
        let raw = command.text[word.range.clone()].to_ascii_lowercase();
        let Some(raw) = raw.strip_prefix(['/', '-']) else { continue };
        let behind = raw.strip_prefix('v').unwrap_or_default();
        if behind.starts_with(['"', '/', '\\', '-']) || (behind.contains('=') && behind.starts_with("reboot")) {
            handed_on.push(&word.text[2..]);
        }
        let is_file = |name: &str| raw.strip_prefix(name).is_some_and(|rest| rest.contains(['.', '\\', '"']));
        answers |= is_file("f1");
        is_own |= is_file("f1") || is_file("f2") || ["sms", "clone_wait", "hide_progress"].contains(&raw);
    }
    if !is_own && handed_on.is_empty() {
        return false;
    }
    let options = (!handed_on.is_empty()).then(|| msi::handed_on(&handed_on.join(" ")));
    command.known(Kind::InstallShield, Certainty::Switches);
    command.quiet = match &options {
        Some(options) if command.has("s") => yes(options.quiet() == Quiet::Yes),
        // Its own boxes stay, such as the one that asks for a language; there may be none.
        Some(options) if options.quiet() == Quiet::Yes => Quiet::Unknown,
        // With answers of its own, or those that it has by default.
        None if command.has("s") => {
            if answers {
                Quiet::Yes
            } else {
                Quiet::Unknown
            }
        }
        _ => Quiet::No,
    };
    if let Some(options) = options {
        command.restart = options.restart();
        options.hand_on(command);
    }
    true
}

/// A bundle in the folder where bundles are kept, the redistributable of Visual C++ since 2015, or by its switches.
fn burn(command: &mut Command) -> bool {
    let path = command.program.to_ascii_lowercase();
    let is_named = path.contains("\\package cache\\{") || command.file_name().starts_with("vc_redist.");
    let acts = command.find(&["install", "uninstall", "repair", "layout"]).is_some();
    let quiet = command.has_any(&["quiet", "q", "passive"]);
    let stays = command.has("norestart");
    let is_own = any(command, |switch| switch.starts_with("burn."));
    let certainty = match () {
        () if is_named => Certainty::Program,
        () if is_own || (acts && command.has_any(&["quiet", "passive"]) && stays) => Certainty::Switches,
        () if (acts && quiet) || (command.has("quiet") && stays) => Certainty::Guess,
        () => return false,
    };
    command.known(Kind::Burn, certainty);
    command.action = match () {
        () if command.has("uninstall") => Action::Uninstall,
        () if command.has("repair") => Action::Repair,
        () if command.has("layout") => Action::Prepare,
        () => Action::Install,
    };
    command.quiet = yes(quiet || command.has_any(&["s", "silent"]));
    let forcing = command.find(&["forcerestart"]).map(|word| word.range.clone());
    command.restart = match () {
        () if forcing.is_some() => Restart::Forced,
        () if stays => Restart::Suppressed,
        () => Restart::Left,
    };
    command.forcing = forcing;
    true
}

/// `/q:a /r:n /c:"setup /q"`.
fn iexpress(command: &mut Command) -> bool {
    let is_own =
        any(command, |switch| ["q:a", "q:u", "r:n", "r:i", "r:a", "r:s"].contains(&switch) || switch.starts_with("c:"));
    if !is_own {
        return false;
    }
    command.known(Kind::IExpress, Certainty::Switches);
    command.quiet =
        if any(command, |switch| switch == "q" || switch.starts_with("q:")) { Quiet::Yes } else { Quiet::Unknown };
    let forcing = command.find(&["r:a"]).map(|word| word.range.clone());
    command.restart = match () {
        () if forcing.is_some() => Restart::Forced,
        () if command.has("r:n") => Restart::Suppressed,
        () => Restart::Unknown,
    };
    command.forcing = forcing;
    true
}

/// `/S` in upper case alone, and `/D=` last, without quotes. Others take `/S` too, so that it alone is a guess.
fn nsis(command: &mut Command) -> bool {
    let is_own = command.arguments.iter().any(|word| word.text == "/NCRC" || word.text.starts_with("_?="));
    let silent = command.arguments.iter().any(|word| word.text == "/S");
    if !is_own && !silent {
        return false;
    }
    command.known(Kind::Nsis, if is_own { Certainty::Switches } else { Certainty::Guess });
    command.quiet = yes(silent);
    if !silent {
        let small = command.arguments.iter().find(|word| word.text == "/s");
        command.loud = small.map(|word| word.range.clone());
    }
    command.per_user = command.find(&["currentuser"]).map(|_| "/currentuser".to_owned());
    true
}

/// What many installers of their own take. That it runs without a person, or leaves the restart alone, may be believed;
/// the opposite does not follow from a switch that is missing.
fn unknown(command: &mut Command) {
    const QUIET: [&str; 16] = [
        "q",
        "qn",
        "qb",
        "qb!",
        "qr",
        "quiet",
        "s",
        "silent",
        "passive",
        "unattended",
        "unattend",
        "ms",
        "sall",
        "qs",
        "headless",
        "silentinstall",
    ];
    const STAYS: [&str; 6] = ["norestart", "noreboot", "suppressreboot", "suppressrestart", "rs", "no-restart"];
    if command.has_any(&QUIET) {
        command.quiet = Quiet::Yes;
    }
    let reboot = command.arguments.iter().find_map(|word| {
        let (name, value) = word.text.split_once('=')?;
        let first = value.chars().next()?.to_ascii_lowercase();
        name.trim_start_matches(['/', '-']).eq_ignore_ascii_case("reboot").then_some((first, word.range.clone()))
    });
    let forcing = command.find(&["forcerestart", "forcereboot"]).map(|word| word.range.clone());
    let forcing = forcing.or_else(|| reboot.clone().filter(|(first, _)| *first == 'f').map(|(_, range)| range));
    if forcing.is_some() {
        command.restart = Restart::Forced;
    } else if command.has_any(&STAYS) || reboot.is_some_and(|(first, _)| matches!(first, 'r' | 's')) {
        command.restart = Restart::Suppressed;
    }
    command.forcing = forcing;
}
