//! winget manifests: one package a version, a program for each installer.
//!
//! What is for catalogues (tags, licences, agreements, release notes, commands) is left out; what decides where and how
//! something is installed and has no place becomes a comment.

mod command;

use std::collections::BTreeMap;

use super::Document;
use super::Draft;
use super::Parsed;
use super::changed;
use super::named;
use super::program;
use super::source;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::visible;
use crate::manifest::Yaml;
use crate::manifest::YamlValue;
use crate::manifest::read_yaml;
use crate::model::package::CanRun;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::package::RunWith;
use crate::model::package::RunWithBuilt;
use crate::rules::import::IMP_2;
use crate::rules::import::IMP_3;
use crate::rules::import::IMP_4;
use crate::rules::import::IMP_5;
use crate::rules::import::IMP_6;

/// The newest version of the format that is known here, as major and minor number.
const NEWEST: (u32, u32) = (1, 12);

/// Return codes by which installers ask for a restart (PRG-5).
const RESTART_CODES: [i64; 2] = [3010, 1641];

/// What fits into the 32 bits of a return code, read with a sign or without.
const RETURN_CODES: std::ops::RangeInclusive<i64> = i32::MIN as i64..=u32::MAX as i64;

/// One file of a set.
pub(super) struct File {
    source: SourceId,
    root: Yaml,
    kind: Kind,
    id: String,
    version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Version,
    Installer,
    DefaultLocale,
    Locale,
    /// All in one: `singleton`, or `merged` as the client keeps it.
    Whole,
}

/// Reads one file; [`assemble`] puts the files of a set together.
pub(super) fn read(document: &Document) -> Parsed {
    let (documents, findings) = read_yaml(&document.text, document.id);
    let is_ours =
        documents.iter().any(|root| root.get("PackageIdentifier").is_some() || root.get("ManifestType").is_some());
    // What cannot be read tells by its lines what it was meant to be.
    let is_meant = is_ours || (findings.has_errors() && says_so(&document.text));
    if !document.is_named && !is_meant {
        return Parsed {
            other: Some("it has no `PackageIdentifier`, so it is no winget manifest"),
            ..Parsed::default()
        };
    }
    let mut out = Parsed { findings, ..Parsed::default() };
    if out.findings.has_errors() {
        return out;
    }
    let mut fail = |rule, at: &Location, message: String, help: &str| {
        out.findings.push(Diagnostic::error(rule, at.clone(), message).help(help));
    };
    let Some(root) = documents.first().filter(|_| is_ours) else {
        let message = "this is no winget manifest: it has no `PackageIdentifier`".to_owned();
        fail(&IMP_2, &Location::File(document.id), message, "YAML is imported from winget manifests only");
        return out;
    };
    let text = |key: &str| root.get(key).and_then(Yaml::text).unwrap_or_default().trim().to_owned();
    let at = |key: &str| root.get(key).map_or(root.at.clone(), |value| value.at.clone());
    for key in ["PackageIdentifier", "PackageVersion", "ManifestType", "ManifestVersion"] {
        if text(key).is_empty() {
            fail(&IMP_2, &at(key), format!("`{key}` says nothing"), "every winget manifest has it");
        }
    }
    let version = text("ManifestVersion");
    let mut parts = version.split('.').map(|part| part.parse::<u32>());
    let number = match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    };
    let shown = visible(&version).into_owned();
    let mut warning = None;
    match number {
        None if !version.is_empty() => {
            fail(
                &IMP_6,
                &at("ManifestVersion"),
                format!("`{shown}` is no version of the format"),
                "write it as `1.10.0`",
            );
        }
        Some((major, _)) if major != NEWEST.0 => {
            let message = format!("a manifest of version {shown}, and this program knows version 1");
            fail(
                &IMP_6,
                &at("ManifestVersion"),
                message,
                "it was not read: the same words may mean something else there",
            );
        }
        Some(number) if number > NEWEST => {
            let message = format!("a manifest of version {shown}, which is newer than {}.{}", NEWEST.0, NEWEST.1);
            warning = Some(
                Diagnostic::warning(&IMP_6, at("ManifestVersion"), message)
                    .help("it was read; look at what the newer version added, for nobody here knows that"),
            );
        }
        _ => {}
    }
    let kind = match text("ManifestType").to_ascii_lowercase().as_str() {
        "version" => Some(Kind::Version),
        "installer" => Some(Kind::Installer),
        "defaultlocale" => Some(Kind::DefaultLocale),
        "locale" => Some(Kind::Locale),
        "singleton" | "merged" => Some(Kind::Whole),
        "" => None,
        other => {
            let message = format!("`{}` is no type of winget manifest", visible(other));
            fail(
                &IMP_2,
                &at("ManifestType"),
                message,
                "there are version, installer, defaultLocale, locale and singleton",
            );
            None
        }
    };
    out.findings.extend(warning.into_iter().collect());
    if let Some(kind) = kind.filter(|_| !out.findings.has_errors()) {
        let (id, version) = (text("PackageIdentifier"), text("PackageVersion"));
        out.winget = Some(File { source: document.id, root: root.clone(), kind, id, version });
    }
    out
}

/// Whether a line of a text begins as only those of winget manifests do.
fn says_so(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches(['"', '\'']);
        ["PackageIdentifier", "ManifestType"].iter().any(|key| {
            let rest = line.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'']).trim_start());
            rest.is_some_and(|rest| rest.starts_with(':'))
        })
    })
}

/// Puts sets together: files of one identifier and version in one directory. Returns how many sets gave nothing.
pub(super) fn assemble(
    files: Vec<File>,
    uncs: &BTreeMap<SourceId, Option<String>>,
    sources: &Sources,
    drafts: &mut Vec<Draft>,
    findings: &mut Diagnostics,
) -> usize {
    let mut sets: BTreeMap<(String, String, String), Vec<File>> = BTreeMap::new();
    for file in files {
        let directory = sources.path(file.source).parent().map(ToString::to_string).unwrap_or_default();
        let directory = if file.kind == Kind::Whole { sources.path(file.source).to_string() } else { directory };
        sets.entry((directory, file.id.to_lowercase(), file.version.clone())).or_default().push(file);
    }
    let mut n_refused = 0;
    for files in sets.into_values() {
        let mut set = Set { findings: Diagnostics::new(), notes: Vec::new() };
        let draft = set.draft(&files, uncs, sources);
        let is_whole = !set.findings.has_errors();
        n_refused += usize::from(!is_whole);
        findings.extend(set.findings);
        drafts.extend(draft.filter(|_| is_whole).map(|draft| Draft { notes: set.notes, ..draft }));
    }
    n_refused
}

struct Set {
    findings: Diagnostics,
    notes: Vec<(String, String)>,
}

/// An installer, with what holds for all of them.
struct Installer<'a> {
    own: &'a Yaml,
    root: &'a Yaml,
    id: &'a str,
    version: &'a str,
}

impl<'a> Installer<'a> {
    fn get(&self, key: &str) -> Option<&'a Yaml> {
        self.own.get(key).or_else(|| self.root.get(key)).filter(|value| value.value != YamlValue::Null)
    }

    fn text(&self, key: &str) -> &'a str {
        self.get(key).and_then(Yaml::text).unwrap_or_default().trim()
    }

    fn switch(&self, key: &str) -> &'a str {
        let of = |yaml: &'a Yaml| yaml.get("InstallerSwitches").and_then(|all| all.get(key)).and_then(Yaml::text);
        of(self.own).or_else(|| of(self.root)).unwrap_or_default().trim()
    }

    /// The type of what is run: of an archive, of what is in it.
    fn kind(&self) -> String {
        let outer = self.text("InstallerType").to_ascii_lowercase();
        if outer == "zip" { self.text("NestedInstallerType").to_ascii_lowercase() } else { outer }
    }
}

impl Set {
    fn warn(&mut self, rule: &'static crate::rules::Rule, at: &Location, message: String, help: &str) {
        self.findings.push(Diagnostic::warning(rule, at.clone(), message).help(help));
    }

    fn note(&mut self, pointer: String, text: impl Into<String>) {
        self.notes.push((pointer, text.into()));
    }

    fn draft(&mut self, files: &[File], uncs: &BTreeMap<SourceId, Option<String>>, sources: &Sources) -> Option<Draft> {
        let of = |kinds: &[Kind]| files.iter().find(|file| kinds.contains(&file.kind));
        let first = files.first()?;
        for kind in [Kind::Installer, Kind::DefaultLocale] {
            for again in files.iter().filter(|file| file.kind == kind).skip(1) {
                let message =
                    format!("`{}` {} has two manifests of this type", visible(&again.id), visible(&again.version));
                self.warn(
                    &IMP_5,
                    &Location::File(again.source),
                    message,
                    "the first counts; put each version into a directory of its own",
                );
            }
        }
        let Some(installer) = of(&[Kind::Installer, Kind::Whole]) else {
            let message = format!("`{}` {} has no installer manifest", visible(&first.id), visible(&first.version));
            let help = format!("give `{}.installer.yaml` together with the others", visible(&first.id));
            self.findings.push(Diagnostic::error(&IMP_2, Location::File(first.source), message).help(help));
            return None;
        };
        let locale = of(&[Kind::DefaultLocale, Kind::Whole]).or_else(|| of(&[Kind::Locale]));
        let text = |key: &str| {
            let said = locale.and_then(|locale| locale.root.get(key)).and_then(Yaml::text).unwrap_or_default();
            said.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let name = named(&text("PackageName")).or_else(|| {
            let message = "no default locale says what the package is called".to_owned();
            self.warn(&IMP_2, &Location::File(installer.source), message, "it is called by its identifier");
            named(&installer.id)
        })?;
        let said = locale.and_then(|locale| locale.root.get("PackageName"));
        if let Some((said, value)) = said.and_then(|value| Some((value.text()?, value)))
            && let Some((finding, note)) = named(said).and_then(|name| changed(said, &name, &value.at))
        {
            self.findings.push(finding);
            self.note("/metadata/name".to_owned(), note);
        }
        let unc = uncs.get(&installer.source).and_then(Option::as_deref);
        let package = Package {
            description: text("ShortDescription"),
            publisher: text("Publisher"),
            version: installer.version.clone(),
            language: text("PackageLocale"),
            source: source(unc, true, &mut self.notes),
            ..Package::default()
        };
        let file = sources.path(installer.source).file_name().unwrap_or_default();
        self.note(String::new(), format!("from {file}: {} {}", installer.id, installer.version));
        self.unplaced(&installer.root, "/spec");
        let list = installer.root.get("Installers").map(Yaml::elements).unwrap_or_default();
        if list.is_empty() {
            let at = installer.root.get("Installers").map_or(&installer.root.at, |list| &list.at);
            let message = "`Installers` lists none".to_owned();
            self.findings.push(Diagnostic::error(&IMP_2, at.clone(), message).help("a package needs at least one"));
            return None;
        }
        let all: Vec<Installer<'_>> = list
            .iter()
            .map(|own| Installer { own, root: &installer.root, id: &installer.id, version: &installer.version })
            .collect();
        let names = suffixes(&all);
        let mut programs = Vec::new();
        for (one, suffix) in all.iter().zip(names) {
            self.installer(one, &suffix, &mut programs);
        }
        if programs.is_empty() {
            self.note("/spec".to_owned(), "no program: none of its installers is one that an agent could run");
        }
        Some(Draft::package(installer.source, &name, package, programs))
    }

    /// The programs of one installer: one that installs, and one that removes where the product code is known.
    fn installer(&mut self, one: &Installer<'_>, suffix: &str, programs: &mut Vec<Program>) {
        let at = format!("/spec/programs/{}", programs.len());
        let Some(command) = command::install(one) else {
            let kind = one.text("InstallerType");
            let at = one.get("InstallerType").map_or(&one.own.at, |kind| &kind.at);
            let message = format!("an installer of the type `{}` is nothing that an agent runs", visible(kind));
            self.warn(&IMP_4, at, message, "it was left out; deliver it in another way");
            return;
        };
        let mut install = program(format!("Install{suffix}"), command.line);
        for note in command.notes {
            self.note(format!("{at}/commandLine"), note);
        }
        if !command.is_silent {
            let message = format!("no silent switch is known for `{}`", visible(&install.command_line));
            self.warn(&IMP_3, &one.own.at, message, "add the one that keeps it from asking (PRG-1)");
            self.note(
                format!("{at}/commandLine"),
                "no silent switch is known; add the one that keeps it from asking (PRG-1)",
            );
        }
        let hash = one.text("InstallerSha256");
        self.note(format!("{at}/commandLine"), format!("the file is {} (SHA-256 {hash})", one.text("InstallerUrl")));
        self.return_codes(one, &at, &mut install);
        self.scope(one, &at, &mut install);
        self.unplaced(one.own, &at);
        programs.push(install);
        if let Some(line) = command::uninstall(one) {
            let mut remove = program(format!("Uninstall{suffix}"), line);
            remove.success_codes = vec![0, 3010];
            let at = format!("/spec/programs/{}", programs.len());
            self.note(
                format!("{at}/commandLine"),
                "assumed: the product code removes what was installed; winget does not say how",
            );
            self.scope(one, &at, &mut remove);
            programs.push(remove);
        }
    }

    fn return_codes(&mut self, one: &Installer<'_>, at: &str, install: &mut Program) {
        let mut codes = vec![0];
        let number = |set: &mut Self, value: &Yaml| {
            let code = value.text().and_then(|text| text.trim().parse::<i64>().ok());
            let code = code.filter(|code| RETURN_CODES.contains(code));
            if code.is_none() {
                let message = format!("`{}` is no return code", visible(&flat(value)));
                set.note(format!("{at}/successCodes"), format!("{message}, and was passed over"));
                set.warn(&IMP_3, &value.at, message, "it was passed over; return codes are numbers of 32 bits");
            }
            code
        };
        for value in one.get("InstallerSuccessCodes").map(Yaml::elements).unwrap_or_default() {
            codes.extend(number(self, value));
        }
        let mut others = Vec::new();
        for expected in one.get("ExpectedReturnCodes").map(Yaml::elements).unwrap_or_default() {
            let Some(code) = expected.get("InstallerReturnCode").and_then(|value| number(self, value)) else {
                continue;
            };
            let meaning = expected.get("ReturnResponse").and_then(Yaml::text).unwrap_or("unknown");
            match meaning {
                // The installation succeeded, and the computer is to restart: that is for the agent (PRG-5).
                "rebootRequiredToFinish" | "rebootInitiated" => codes.push(code),
                _ => others.push(format!("{code} {meaning}")),
            }
        }
        if ["msi", "wix", "burn"].contains(&one.kind().as_str()) && !codes.contains(&RESTART_CODES[0]) {
            codes.push(RESTART_CODES[0]);
            self.note(format!("{at}/successCodes"), "assumed: 3010 is a success that wants a restart (PRG-5)");
        }
        if !others.is_empty() {
            self.note(format!("{at}/successCodes"), format!("failures that winget knows: {}", others.join(", ")));
        }
        codes.sort_unstable();
        codes.dedup();
        install.success_codes = codes;
    }

    fn scope(&mut self, one: &Installer<'_>, at: &str, program: &mut Program) {
        match one.text("Scope") {
            "user" => {
                program.run_with = RunWith::Built(RunWithBuilt::LoggedOnUser);
                program.can_run = CanRun::UserLoggedOn; // PRG-9
            }
            "machine" => {}
            "" => self
                .note(format!("{at}/runWith"), "assumed: for the computer, as the system; the manifest says no scope"),
            other => {
                let message = format!("`{}` is no scope", visible(other));
                let at = one.get("Scope").map_or(one.own.at.clone(), |scope| scope.at.clone());
                self.warn(&IMP_3, &at, message, "it was taken for machine");
            }
        }
    }

    /// What decides where and how something is installed, and has no place (IMP-4).
    fn unplaced(&mut self, yaml: &Yaml, pointer: &str) {
        for (key, at, value) in yaml.entries() {
            let hint = match key.as_str() {
                "Dependencies" => "make a sequential task that installs them first",
                "MinimumOSVersion" | "Platform" | "UnsupportedOSArchitectures" => {
                    "let a collection hold the right computers only"
                }
                "ElevationRequirement" if value.text() == Some("elevationProhibited") => {
                    "let it run with the logged-on user's rights"
                }
                "UpgradeBehavior" if value.text().is_some_and(|text| text != "install") => {
                    "remove the earlier version first"
                }
                key if KNOWN.contains(&key) => continue,
                _ => "this program does not know it",
            };
            let shown = flat(value);
            if key == "Dependencies" || !KNOWN.contains(&key.as_str()) {
                self.warn(
                    &IMP_4,
                    at,
                    format!("`{}` has no place in a manifest", visible(key)),
                    &format!("it stands there as a comment; {hint}"),
                );
            }
            self.note(pointer.to_owned(), format!("{}: {} has no place here; {hint}", visible(key), visible(&shown)));
        }
    }
}

/// A value in a line.
fn flat(value: &Yaml) -> String {
    match &value.value {
        YamlValue::Null => "null".to_owned(),
        YamlValue::Scalar(text) => text.clone(),
        YamlValue::List(list) => format!("[{}]", list.iter().map(flat).collect::<Vec<_>>().join(", ")),
        YamlValue::Map(entries) => {
            let pairs: Vec<String> = entries.iter().map(|(key, _, value)| format!("{key}: {}", flat(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// What tells several installers apart, for the names of their programs: whatever is not the same for all of them.
fn suffixes(all: &[Installer<'_>]) -> Vec<String> {
    let keys = ["Architecture", "Scope", "InstallerLocale", "InstallerType"];
    let telling: Vec<&str> =
        keys.into_iter().filter(|key| all.iter().any(|one| one.text(key) != all[0].text(key))).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    all.iter()
        .map(|one| {
            let words = telling.iter().map(|key| one.text(key)).filter(|word| !word.is_empty());
            let suffix: String = words.flat_map(|word| [" ", word]).collect();
            let suffix = named(&suffix).map_or(String::new(), |name| format!(" {name}"));
            let n = seen.entry(suffix.to_lowercase()).or_insert(0);
            *n += 1;
            if *n > 1 { format!("{suffix} ({n})") } else { suffix }
        })
        .collect()
}

/// Fields of installer and locale manifests up to the newest known version.
const KNOWN: [&str; 78] = [
    "PackageIdentifier",
    "PackageVersion",
    "ManifestType",
    "ManifestVersion",
    "Channel",
    "InstallerLocale",
    "Platform",
    "MinimumOSVersion",
    "InstallerType",
    "NestedInstallerType",
    "NestedInstallerFiles",
    "Scope",
    "InstallModes",
    "InstallerSwitches",
    "InstallerSuccessCodes",
    "ExpectedReturnCodes",
    "UpgradeBehavior",
    "Commands",
    "Protocols",
    "FileExtensions",
    "Dependencies",
    "PackageFamilyName",
    "ProductCode",
    "Capabilities",
    "RestrictedCapabilities",
    "Markets",
    "InstallerAbortsTerminal",
    "ReleaseDate",
    "InstallLocationRequired",
    "RequireExplicitUpgrade",
    "DisplayInstallWarnings",
    "UnsupportedOSArchitectures",
    "UnsupportedArguments",
    "AppsAndFeaturesEntries",
    "ElevationRequirement",
    "InstallationMetadata",
    "DownloadCommandProhibited",
    "RepairBehavior",
    "ArchiveBinariesDependOnPath",
    "Authentication",
    "DesiredStateConfiguration",
    "Installers",
    "Architecture",
    "InstallerUrl",
    "InstallerSha256",
    "SignatureSha256",
    "MSStoreProductIdentifier",
    "DefaultLocale",
    "PackageLocale",
    "Publisher",
    "PublisherUrl",
    "PublisherSupportUrl",
    "PrivacyUrl",
    "Author",
    "PackageName",
    "PackageUrl",
    "License",
    "LicenseUrl",
    "Copyright",
    "CopyrightUrl",
    "ShortDescription",
    "Description",
    "Moniker",
    "Tags",
    "Agreements",
    "ReleaseNotes",
    "ReleaseNotesUrl",
    "PurchaseUrl",
    "InstallationNotes",
    "Documentations",
    "Icons",
    "Localization",
    "AgreementsUrl",
    "InstallerArchitecture",
    "FontSettings",
    "PortableCommandAlias",
    "RelativeFilePath",
    "ManifestUrl",
];
