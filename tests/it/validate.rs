//! What the tests of `validate` share, and the reading of manifests: schemas, variables, overlays, folders.

use consign::check;
use consign::diag::Diagnostics;
use consign::diag::Loaded;
use consign::diag::Location;
use consign::diag::Sources;
use consign::manifest;
use consign::manifest::Overlays;
use consign::model::item::Spec;
use consign::model::kind::ItemKey;
use consign::model::kind::Kind;
use consign::model::package::Source;
use consign::model::package::SourceUnc;
use consign::model::project::Severity;
use consign::rules;
use consign::rules::Act;

/// What every case may refer to.
const BASE: &str = "\
apiVersion: consign/v1
kind: Package
metadata: {name: Tool}
spec:
  source: {unc: '\\\\files\\tool'}
  programs:
    - {name: Install, commandLine: setup.exe /S}
    - {name: Remove, commandLine: setup.exe /U}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Desktops}
spec: {}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Kiosks}
spec: {}
";

/// A project with two servers, variables and externals.
const PROJECT: &str = "\
apiVersion: consign/v1
kind: Project
manifests: [delivery]
servers:
  lab: {url: http://127.0.0.1:7450, folders: [Software Delivery, Other/Place], variables: {share: '\\\\lab\\files', time: \"17:00\"}}
  prod: {url: https://ns.example.com, folders: [Software Delivery], variables: {share: '\\\\ns\\files', time: \"03:00\"}}
externals:
  Collection: [All computers]
  Package: [Agent]
";

/// Files read as a project: what they declare for a server, and everything found.
pub struct Run {
    pub sources: Sources,
    pub loaded: Loaded,
    pub found: Diagnostics,
}

impl Run {
    /// One finding a line: `RULE file:line:column message; help`. The file is left out for `case.yaml`.
    pub fn told(&self) -> String {
        let told = self.found.iter().map(|finding| {
            let place = match finding.at.source() {
                Some(id) => {
                    let at = self.sources.position(id, finding.at.start());
                    let path = self.sources.path(id).as_str();
                    let path = if path == "case.yaml" { String::new() } else { format!("{path}:") };
                    format!(" {path}{}:{}", at.line, at.column)
                }
                None => String::new(),
            };
            let help = finding.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}{place} {}{help}", finding.rule.id, finding.message)
        });
        told.collect::<Vec<_>>().join("\n")
    }
}

/// Reads files for a server of a project; files under `overlays/` are its overlays.
pub fn run(project: &str, files: &[(&str, &str)], server: Option<&str>) -> Run {
    let mut sources = Sources::new();
    let id = sources.add_text("consign.yaml", project);
    let (read, mut found) = manifest::read_project(&sources, id);
    let (mut ids, mut over) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let id = sources.add_text(*path, *text);
        if path.starts_with("overlays/") { over.push(id) } else { ids.push(id) }
    }
    let mut loaded = Loaded::default();
    if let Some(read) = read {
        let (manifests, more) = manifest::parse(&sources, &ids);
        found.extend(more);
        let (overlays, more) = if over.is_empty() {
            (Overlays::default(), Diagnostics::new())
        } else {
            manifest::parse_overlays(&sources, &over)
        };
        found.extend(more);
        let (site, more) = manifests.site(&read, server, &overlays);
        loaded = site;
        found.extend(more);
        found.extend(check::validate(&loaded, &read));
    }
    manifest::locate(&mut found, &sources);
    Run { sources, loaded, found }
}

/// A project of the base and one file more.
pub fn run_case(text: &str) -> Run {
    run(PROJECT, &[("base.yaml", BASE), ("case.yaml", text)], Some("lab"))
}

/// One manifest; its `spec` begins in line 5, indented by two.
pub fn manifest_of(kind: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!("apiVersion: consign/v1\nkind: {kind}\nmetadata: {{name: It}}\nspec:\n{spec}")
}

#[track_caller]
fn same(text: &str, told: &str, expected: &str) {
    assert_eq!(told, expected, "in\n{text}");
}

/// What is found in a whole text.
#[track_caller]
pub fn check_text(text: &str, expected: &str) {
    same(text, &run_case(text).told(), expected);
}

/// What is found in one manifest.
#[track_caller]
pub fn check(kind: &str, spec: &str, expected: &str) {
    check_text(&manifest_of(kind, spec), expected);
}

/// What is found in a program with a name, a command line and these fields; they begin in line 7, indented by six.
#[track_caller]
pub fn check_program(fields: &str, expected: &str) {
    let fields: String = fields.lines().map(|line| format!("\n    {line}")).collect();
    check("Package", &format!("programs:\n  - name: Install\n    commandLine: a.exe{fields}"), expected);
}

#[test]
fn the_file_with_every_field_is_clean() {
    let run = run(PROJECT, &[("every-field.yaml", include_str!("../data/every-field.yaml"))], Some("lab"));
    assert_eq!(run.told(), "");
    assert!(Kind::ALL.into_iter().all(|kind| run.loaded.site.of_kind(kind).next().is_some()));
}

#[test]
fn man_2_an_unknown_key_names_the_nearest() {
    check("Package", "publsher: x", "MAN-2 5:3 `spec` has no key `publsher`; did you mean `publisher`?");
    check_program(
        "commandline: x",
        "MAN-2 8:7 `spec.programs[0]` has no key `commandline`; did you mean `commandLine`?",
    );
    check_program(
        "comandLine: x\ncolour: red",
        "MAN-2 8:7 `spec.programs[0]` has no key `comandLine`; did you mean `commandLine`?\n\
         MAN-2 9:7 `spec.programs[0]` has no key `colour`; its keys are `name`, `guid`, `aliases`, `description`, `commandLine`, `workingDirectory`, `successCodes`, `failureCodes`, `estimatedDiskSpaceKB`, `estimatedRunTime`, `maxRunTime`, `afterRunning`, `startingWindow`, `runWith`, `canRun`, `userInputRequired`, `exitsEarly`, `runOnceFor`, `network`, `portal`",
    );
    check("Collection", "query: {slq: select}", "MAN-2 5:11 `spec.query` has no key `slq`; did you mean `sql`?");
    check_text(
        "apiVersion: consign/v1\nkind: Collection\nmetadta: {name: x}\nspec: {}\n",
        "MAN-2 3:1 a Collection has no key `metadta`; did you mean `metadata`?",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: x, foldr: z}\nspec: {}\nmore: 1\n",
        "MAN-2 3:21 `metadata` has no key `foldr`; did you mean `folder`?\n\
         MAN-2 5:1 a Collection has no key `more`; its keys are `apiVersion`, `kind`, `metadata`, `spec`",
    );
}

#[test]
fn man_3_a_value_has_the_type_of_its_field() {
    check(
        "Task",
        "package: Tool\nprogram: Install\nenabled: yes",
        "MAN-3 7:12 `spec.enabled` takes `true` or `false`, and is the text `yes`; write `true`",
    );
    check(
        "Task",
        "package: 7\nprogram: Install\ncollections: Desktops",
        "TSK-3 5:12 `spec.package` takes text, and is the number `7`; put it in quotes: `\"7\"`\n\
         MAN-3 7:16 `spec.collections` takes a list, and is the text `Desktops`",
    );
    check("Task", "- package: Tool", "MAN-3 5:3 `spec` takes a map with `package` and `program`, and is a list");
    check(
        "Task",
        "package: Tool\nprogram: Install\nrun: manul",
        "MAN-3 7:8 `spec.run` cannot be `manul`; did you mean `manual`? it takes `manual`, `asSoonAsPossible` or a map with `schedule`",
    );
    check(
        "Task",
        "package: Tool\nprogram: Install\nrun: {manual: 1}",
        "MAN-3 7:8 `manual` of `spec.run` is no key; write the word by itself: `manual`",
    );
    check(
        "Task",
        "package: Tool\nprogram: Install\nrun: schedule",
        "MAN-3 7:8 `spec.run` cannot be `schedule`; it takes `manual`, `asSoonAsPossible` or a map with `schedule`",
    );
    check(
        "PurgeSettings",
        "executions: {maximumRows: -1}\nstatusEvents: {maximumRows: 1.5}\ndaily: '02:00'",
        "MAN-3 5:29 `spec.executions.maximumRows` is -1; the least is 0\n\
         MAN-3 6:31 `spec.statusEvents.maximumRows` takes a whole number, and is the number `1.5`",
    );
    check_text(
        "apiVersion: consign/v2\nkind: Collection\nmetadata: {name: x}\nspec: {}\n",
        "MAN-3 1:13 `apiVersion` cannot be `consign/v2`; did you mean `consign/v1`? it takes `consign/v1`",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Collections\nmetadata: {name: x}\nspec: {}\n",
        "MAN-3 2:7 `Collections` is not a kind; did you mean `Collection`?",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Program\nmetadata: {name: x}\nspec: {}\n",
        "MAN-3 2:7 a program has no manifest of its own; write the program into its package's manifest, under `spec.programs`",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Project\nmanifests: [x]\n",
        "MAN-3 2:7 a `Project` is no manifest; keep it in `consign.yaml` at the root, outside the directories that `manifests` names",
    );
    check_text(
        "apiVersion: consign/v1\nkind: [x]\n",
        "MAN-3 2:7 `kind` is not a word; the kinds are `Folder`, `Package`, `Task`, `SequentialTask`, `Collection`, `MaintenanceWindow`, `PortalDefaults`, `PortalSettings`, `DeliveryPolicy`, `AgentSettings`, `PatchPlugin`, `PurgeSettings`",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: x, guid: 12, labels: {a: 1}}\nspec: {}\n",
        "MAN-3 3:27 `metadata.guid`: `12` is not a GUID; one looks like `1fc86e41-b94f-4769-9457-1cf90a47bc6a`, braces optional\n\
         MAN-3 3:43 `metadata.labels.a` takes text, and is the number `1`; put it in quotes: `\"1\"`",
    );
    check_text(
        "- just\n- a list\n",
        "MAN-3 1:1 a manifest is a map with `apiVersion`, `kind`, `metadata` and `spec`; is this file meant to be a manifest?",
    );
    check_text(
        "just text\n",
        "MAN-3 1:1 a manifest is a map with `apiVersion`, `kind`, `metadata` and `spec`; is this file meant to be a manifest?",
    );
}

#[test]
fn man_4_a_missing_key_is_named() {
    check(
        "MaintenanceWindow",
        "collections: [Desktops]",
        "MAN-4 4:1 `spec` has no key `duration`; add `duration`: How long it stays open: 5 minutes to 24 hours, whole minutes (MW-9)\n\
         MAN-4 4:1 `spec` has no key `schedule`; add `schedule`: When it opens",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Collection\nspec: {}\n",
        "MAN-4 1:1 a Collection has no key `metadata`; add `metadata`: What the item is called, and where it lives",
    );
    check_text(
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {folder: x}\n",
        "MAN-4 1:1 a Collection has no key `spec`; add `spec`: What the item says\n\
         MAN-4 3:1 `metadata` has no key `name`; add `name`: The item's name; with the kind it is the item's identity in the project",
    );
    check_text(
        "kind: Collection\nmetadata: {name: x}\nspec: {}\n",
        "MAN-4 1:1 a Collection has no key `apiVersion`; add `apiVersion`: The version of the manifest format",
    );
    check_text(
        "apiVersion: consign/v1\n",
        "MAN-4 1:1 a manifest needs the key `kind`; begin it with `apiVersion: consign/v1` and `kind`, or move the file out of `manifests`",
    );
    check_text(
        "services: {web: {image: x}}\n",
        "MAN-4 1:1 this is no manifest: it has neither `apiVersion` nor `kind`; begin it with `apiVersion: consign/v1` and `kind`, or move the file out of `manifests`",
    );
}

#[test]
fn everything_wrong_is_told_in_one_pass() {
    let text = manifest_of(
        "Package",
        "version: 1.0\nsource: {unc: x}\nprograms:\n  - {name: A, commandline: b, maxRunTime: 1}",
    ) + "---\na: &x 1\n---\n"
        + &manifest_of("Task", "package: Nothing\nprogram: A\npriority: top")
        + "---\n"
        + &manifest_of("Collection", "include: [Nothing]").replace("name: It", "name: C");
    check_text(
        &text,
        "PKG-1 5:12 `spec.version` takes text, and is the number `1.0`; put it in quotes: `\"1.0\"`\n\
         MAN-2 8:17 `spec.programs[0]` has no key `commandline`; did you mean `commandLine`?\n\
         MAN-3 8:45 `spec.programs[0].maxRunTime`: `1` is not a duration; write a whole number and its unit, such as `30m`, `4h` or `7d`, at most `3650d`\n\
         MAN-5 10:4 anchor `&x`; remove it, and write its value out where it is used\n\
         TSK-2 18:13 `spec.priority` cannot be `top`; it takes `low`, `normal`, `high` or `veryHigh`\n\
         COL-1 24:13 there is no collection `Nothing`; declare it, or name it under `externals.Collection` in `consign.yaml` if others look after it",
    );
}

#[test]
fn man_11_variables_are_filled_in_per_server() {
    let package = manifest_of("Package", "source: {unc: '${{ share }}\\7zip'}\ndescription: '$${{ share }} costs $5'")
        .replace("name: It", "name: It, folder: 'Software Delivery/${{ time }}'");
    let read = |server: Option<&str>| run(PROJECT, &[("base.yaml", BASE), ("case.yaml", &package)], server);
    for (server, source, folder) in [
        (Some("lab"), "\\\\lab\\files\\7zip", "Software Delivery/17:00"),
        (Some("prod"), "\\\\ns\\files\\7zip", "Software Delivery/03:00"),
        (None, "\\\\lab\\files\\7zip", "Software Delivery/17:00"),
    ] {
        let run = read(server);
        assert_eq!(run.told(), "");
        let item = &run.loaded.site.items[&ItemKey::new(Kind::Package, "It")];
        assert_eq!(item.folder.as_deref(), Some(folder));
        let Spec::Package(spec) = &item.spec else { panic!() };
        assert_eq!(spec.source, Source::Unc(SourceUnc { unc: source.to_owned() }));
        assert_eq!(spec.description, "${{ share }} costs $5");
    }
    let window = "collections: [Desktops]\nschedule: {daily: '${{ time }}'}\nduration: 1h";
    check("MaintenanceWindow", window, "");
    check(
        "Package",
        "description: ${{ shaer }}",
        "MAN-11 5:16 server `lab` does not have a value for the variable `shaer`; did you mean `share`? add it under the server's `variables` in `consign.yaml`",
    );
    check(
        "Package",
        "description: ${{ share",
        "MAN-11 5:16 `${{` without its `}}`; close the variable; write `$${{` where the braces themselves are meant",
    );
    check(
        "Package",
        "description: ${{ a b }}",
        "MAN-11 5:16 `a b` is no name of a variable; a name is letters, digits, `_`, `-` and `.`",
    );
    check(
        "Package",
        "deleteUnusedAfter: ${{ time }}",
        "MAN-3 5:22 `spec.deleteUnusedAfter`: `17:00` is not a duration; write a whole number and its unit, such as `30m`, `4h` or `7d`, at most `3650d`",
    );
    check(
        "Package",
        "programs:\n  - name: A\n    commandLine: a\n    x${{ time }}: b",
        "MAN-11 8:7 no variable can stand here; variables stand in texts below `spec` and in `metadata.folder`; names and keys are the same everywhere",
    );
    check_text(
        &manifest_of("Collection", "{}").replace("name: It", "name: 'It ${{ time }}'"),
        "MAN-11 3:18 no variable can stand here; variables stand in texts below `spec` and in `metadata.folder`; names and keys are the same everywhere",
    );
    // A value is text and nothing else, whatever it looks like.
    let project = PROJECT.replace("17:00", "{name: x}");
    let described = manifest_of("Collection", "description: ${{ time }}");
    let run = run(&project, &[("case.yaml", &described)], Some("lab"));
    let Spec::Collection(spec) = &run.loaded.site.items[&ItemKey::new(Kind::Collection, "It")].spec else { panic!() };
    assert_eq!(spec.description, "{name: x}");
}

#[test]
fn man_12_overlays_change_items_of_one_server() {
    let package = manifest_of(
        "Package",
        "version: '1'\nsource: {unc: '\\\\files\\a'}\nprograms:\n  - {name: A, commandLine: a.exe, successCodes: [0]}\n  - {name: B, commandLine: b.exe}",
    );
    let read = |overlay: &str| {
        run(PROJECT, &[("base.yaml", BASE), ("case.yaml", &package), ("overlays/lab.yaml", overlay)], Some("lab"))
    };
    let over = |spec: &str| manifest_of("Package", spec);
    let run = read(&over(
        "version: null\nsource: {local: 'D:\\a'}\nprograms:\n  - {name: B, commandLine: c.exe}\n  - {name: A, successCodes: [0, 3010]}",
    ));
    assert_eq!(run.told(), "");
    let package_of = |run: &Run| match &run.loaded.site.items[&ItemKey::new(Kind::Package, "It")].spec {
        Spec::Package(spec) => spec.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(package_of(&run).version, "1.0", "null takes a key away, so that its default holds");
    assert!(matches!(package_of(&run).source, Source::Local(_)));
    let program = |name: &str| match &run.loaded.site.items[&ItemKey::program("It", name)].spec {
        Spec::Program(spec) => spec.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((program("A").success_codes, program("B").command_line.as_str()), (vec![0, 3010], "c.exe"));

    for (overlay, expected) in [
        (
            over("source: {unc: 'x'}"),
            "PKG-2 overlays/lab.yaml:5:17 `x` is not a UNC path; write `'\\\\server\\share'`, with a path below it if there is one",
        ),
        (
            over("programs:\n  - {name: B, maxRunTime: 90s}"),
            "PRG-3 overlays/lab.yaml:6:29 `maxRunTime: 90s` is not whole minutes; servers keep whole minutes; write `2m`",
        ),
        (
            over("programs:\n  - {name: C}"),
            "MAN-4 overlays/lab.yaml:6:7 `spec.programs[2]` has no key `commandLine`; add `commandLine`: What is run, against the working directory",
        ),
        (
            over("programs:\n  - {commandLine: x}"),
            "MAN-4 overlays/lab.yaml:6:7 `spec.programs[2]` has no key `name`; add `name`: Its name within the package",
        ),
        (over("verson: '2'"), "MAN-2 overlays/lab.yaml:5:3 `spec` has no key `verson`; did you mean `version`?"),
        (
            over("description: ${{ tiem }}"),
            "MAN-11 overlays/lab.yaml:5:16 server `lab` does not have a value for the variable `tiem`; did you mean `time`? add it under the server's `variables` in `consign.yaml`",
        ),
        (
            over("version: '2'").replace("name: It", "name: Itt"),
            "MAN-12 overlays/lab.yaml:3:18 no manifest declares the package `Itt` of this overlay; did you mean `It`? an overlay changes an item that a manifest declares",
        ),
        (
            over("version: '2'") + "---\n" + &over("version: '3'"),
            "MAN-9 overlays/lab.yaml:9:18 a second overlay for the package `It`; put both into one",
        ),
        (
            over("version: '2'").replace("consign/v1", "consign/v2"),
            "MAN-3 overlays/lab.yaml:1:13 an overlay begins with `apiVersion: consign/v1`",
        ),
        (
            over("version: '2'").replace("metadata", "metdata"),
            "MAN-4 overlays/lab.yaml:1:1 an overlay names its item under `metadata.name`",
        ),
        (
            over("version: '2'") + "more: 1\n",
            "MAN-2 overlays/lab.yaml:6:1 an overlay has no key `more`; its keys are `apiVersion`, `kind`, `metadata` and `spec`",
        ),
    ] {
        same(&overlay, &read(&overlay).told(), expected);
    }
}

#[test]
fn programs_are_items_of_their_own() {
    let run = run_case(&manifest_of(
        "Package",
        "programs:\n  - {name: A, commandLine: a, guid: 1fc86e41-b94f-4769-9457-1cf90a47bc6a, aliases: [B]}",
    ));
    assert_eq!(run.told(), "");
    let item = &run.loaded.site.items[&ItemKey::program("It", "A")];
    assert_eq!((item.pin.is_some(), item.aliases.as_slice()), (true, &["B".to_owned()][..]));
    assert_eq!(item.folder, None);
    let Spec::Program(program) = &item.spec else { panic!() };
    assert!(program.name == "A" && program.guid.is_none() && program.aliases.is_empty());
    let Spec::Package(package) = &run.loaded.site.items[&ItemKey::new(Kind::Package, "It")].spec else { panic!() };
    assert!(package.programs.is_empty());
}

#[test]
fn folders_that_items_name_are_implied_below_owned_ones_only() {
    let in_folder = |name: &str, folder: &str| {
        manifest_of("Collection", "{}").replace("name: It", &format!("name: {name}, folder: {folder}"))
    };
    let text = [
        in_folder("a", "Software Delivery/Windows/Apps"),
        in_folder("b", "Other/Place"),
        in_folder("c", "Foreign/X"),
        in_folder("d", "Software Delivery 2"),
        manifest_of("Folder", "description: declared").replace("name: It", "name: Windows, folder: Software Delivery"),
    ];
    let run = run_case(&text.join("---\n"));
    assert_eq!(run.told(), "");
    let folders: Vec<(&str, Option<&str>)> =
        run.loaded.site.of_kind(Kind::Folder).map(|item| (item.key.name.as_str(), item.folder.as_deref())).collect();
    assert_eq!(
        folders,
        [
            ("Other/Place", Some("Other")),
            ("Software Delivery", None),
            ("Software Delivery/Windows", Some("Software Delivery")),
            ("Software Delivery/Windows/Apps", Some("Software Delivery/Windows")),
        ]
    );
    let declared = &run.loaded.site.items[&ItemKey::new(Kind::Folder, "Software Delivery/Windows")];
    assert!(matches!(&declared.spec, Spec::Folder(folder) if folder.description == "declared"));
    // An item without a folder goes into the first that the server owns.
    assert_eq!(
        run.loaded.site.items[&ItemKey::new(Kind::Package, "Tool")].folder.as_deref(),
        Some("Software Delivery")
    );
}

#[test]
fn the_project_file_is_judged_like_a_manifest() {
    let head = "apiVersion: consign/v1\nkind: Project\n";
    for (text, expected) in [
        (
            String::new(),
            "MAN-13 consign.yaml:1:1 the project file is empty; it begins with `apiVersion: consign/v1`, `kind: Project` and `manifests`; `consign init` writes one",
        ),
        (
            head.to_owned(),
            "MAN-4 consign.yaml:1:1 a Project has no key `manifests`; add `manifests`: Directories and files with manifests, below the project file",
        ),
        (
            format!("{head}manifests: []\nserver: {{}}\n"),
            "MAN-3 consign.yaml:3:12 `manifests` needs at least one entry\n\
         MAN-2 consign.yaml:4:1 a Project has no key `server`; did you mean `servers`?",
        ),
        (
            format!("{head}manifests: [d]\nservers: {{lab: {{url: x, api: natve, prune: 1, folders: [a//b]}}}}\n"),
            "MAN-3 consign.yaml:4:30 `servers.lab.api` cannot be `natve`; did you mean `native`? it takes `native`, `altiris` or `configmgr`\n\
         MAN-3 consign.yaml:4:44 `servers.lab.prune` takes `true` or `false`, and is the number `1`",
        ),
        (
            format!("{head}manifests: [d]\nexternals: {{Colection: [x]}}\n"),
            "MAN-2 consign.yaml:4:13 `externals` has no key `Colection`; did you mean `Collection`?",
        ),
        (
            format!("{head}manifests: [d]\npolicy: {{limits: {{SEQ-11: 5, COL-2: {{share: 130%}}}}}}\n"),
            "MAN-3 consign.yaml:4:45 `policy.limits.COL-2.share`: `130%` is not a share; write a whole number from 0 to 100 and `%`, such as `30%`",
        ),
        (
            format!(
                "{head}manifests: [d]\npolicy: {{limits: {{SEQ-11: 5}}, severities: {{PKG: \"off\", PKG-2: warning}}}}\n"
            ),
            "MAN-10 consign.yaml:4:19 there is no rule `SEQ-11`; did you mean `SEQ-1`?\n\
         MAN-10 consign.yaml:4:44 there is no rule `PKG`; `consign explain` lists the rules",
        ),
        (
            format!("{head}manifests: [d]\nservers: {{lab: {{url: x, folders: [a//b]}}}}\n---\na: 1\n"),
            "MAN-14 consign.yaml:4:35 the folder path `a//b` has an empty part; write the parts with one `/` between them, and none at the ends\n\
         MAN-3 consign.yaml:6:1 a project file holds one document; move manifests into the directories that `manifests` names",
        ),
        (
            "kind: Package\n".to_owned(),
            "MAN-4 consign.yaml:1:1 a Project has no key `apiVersion`; add `apiVersion`: `consign/v1`\n\
         MAN-4 consign.yaml:1:1 a Project has no key `manifests`; add `manifests`: Directories and files with manifests, below the project file\n\
         MAN-3 consign.yaml:1:7 `kind` cannot be `Package`; it takes `Project`",
        ),
        (format!("{head}manifests: [d\n"), "MAN-1 consign.yaml:3:12 a `[` without its `]`; close the list"),
    ] {
        let run = run(&text, &[("base.yaml", BASE)], None);
        same(&text, &run.told(), expected);
    }
    same(
        PROJECT,
        &run(PROJECT, &[("base.yaml", BASE)], Some("labs")).told(),
        "MAN-10 the project has no server `labs`; did you mean `lab`?",
    );
}

#[test]
fn severities_are_the_projects_but_reading_is_always_strict() {
    let project =
        format!("{PROJECT}policy: {{severities: {{PKG-2: warning, MW-9: 'off', PKG-1: 'off', MAN-2: 'off'}}}}\n");
    let text = manifest_of("Package", "source: {unc: x}").replace("It", "A")
        + "---\n"
        + &manifest_of("MaintenanceWindow", "collections: [Desktops]\nschedule: {daily: \"17:00\"}\nduration: 1m")
        + "---\n"
        + &manifest_of("Package", "version: 1.0").replace("It", "B")
        + "---\n"
        + &manifest_of("Package", "verson: '1'").replace("It", "C");
    let run = run(&project, &[("base.yaml", BASE), ("case.yaml", &text)], Some("lab"));
    let told: Vec<(&str, Severity)> = run.found.iter().map(|finding| (finding.rule.id, finding.severity)).collect();
    assert_eq!(told, [("PKG-2", Severity::Warning), ("PKG-1", Severity::Error), ("MAN-2", Severity::Error)]);
}

#[test]
fn fixes_replace_what_they_name() {
    for (kind, spec, fixed) in [
        ("Package", "version: 24.08", "version: \"24.08\""),
        ("Package", "publsher: x", "publisher: x"),
        ("Task", "package: Tool\nprogram: Install\npriority: hihg", "package: Tool\nprogram: Install\npriority: high"),
    ] {
        let run = run_case(&manifest_of(kind, spec));
        let fix = run.found.iter().next().unwrap().fix.as_ref().unwrap();
        let Location::Span { source, start, end } = fix.edits[0].location else { panic!() };
        let mut text = run.sources.text(source).to_owned();
        text.replace_range(start..end, &fix.edits[0].new_text);
        assert_eq!(text, manifest_of(kind, fixed));
        assert_eq!(run_case(&text).told(), "");
    }
}

#[test]
fn a_report_shows_source_line_rule_and_way_out() {
    let run = run_case(&manifest_of("Task", "package: Tol\nprogram: Install"));
    assert_eq!(
        consign::report::diagnostics::to_string(&run.found, &run.sources),
        "\
error[PKG-8]: there is no package `Tol`
 --> case.yaml:5:12
  |
5 |   package: Tol
  |            ^^^
  |
  = help: did you mean `Tool`?

1 error in 3 files
"
    );
}

#[test]
fn every_rule_of_validate_is_named_by_a_test() {
    let tests = [
        include_str!("validate.rs"),
        include_str!("validate_rules.rs"),
        include_str!("validate_capabilities.rs"),
        include_str!("validate_input.rs"),
        include_str!("validate_fix.rs"),
    ];
    for rule in rules::all().filter(|rule| rule.acts.iter().any(|act| matches!(act, Act::Validate | Act::Manifest))) {
        let name = format!("fn {}_", rule.id.to_lowercase().replace('-', "_"));
        assert!(tests.iter().any(|text| text.contains(&name)), "no test is named for {}", rule.id);
    }
}
