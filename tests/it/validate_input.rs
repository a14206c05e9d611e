//! Bad input, from files: each gives one clear message and nothing is half read.

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use camino::Utf8Path;
use consign::diag::Diagnostics;
use consign::diag::Location;
use consign::diag::Sources;
use consign::manifest;
use consign::report::diagnostics;
use consign::sys::files;
use consign::sys::files::Limits;

use crate::validate::manifest_of;

/// What a directory of manifests gives, as people see it.
fn read(directory: &Path) -> String {
    let root = Utf8Path::from_path(directory).unwrap();
    let mut sources = Sources::new();
    let entry = ("delivery".to_owned(), Location::Nowhere);
    let (ids, mut found) = files::read_sources(root, &[entry], &Limits::default(), &mut sources);
    if found.is_empty() {
        let (_, more) = manifest::parse(&sources, &ids);
        found.extend(more);
    }
    manifest::locate(&mut found, &sources);
    diagnostics::to_string(&found, &sources)
}

/// One file among the manifests, and the first line of what it gives.
#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("delivery")).unwrap();
    fs::write(directory.path().join("delivery/a.yaml"), bytes).unwrap();
    let started = Instant::now();
    let told = read(directory.path());
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn man_1_a_manifest_cut_anywhere_never_reads_as_another() {
    let whole = include_str!("../data/every-field.yaml");
    let all = crate::validate::run_case(whole).loaded.site;
    for cut in (0..whole.len()).step_by(37).filter(|cut| whole.is_char_boundary(*cut)) {
        let run = crate::validate::run_case(&whole[..cut]);
        let origins = &run.loaded.origins;
        let case = |key| origins.get(key).filter(|origin| run.sources.path(origin.source) == "case.yaml");
        let last = run.loaded.site.items.keys().filter_map(&case).map(|origin| origin.document).max();
        for (key, item) in &run.loaded.site.items {
            // The last document may end early and still be one; whatever stands before it is as it was.
            if case(key).is_some_and(|origin| Some(origin.document) < last) {
                assert_eq!(Some(item), all.get(key), "cut at {cut}");
            }
        }
        let n_whole = whole[..cut].matches("\n---\n").count();
        let n_read = last.map_or(0, |last| last as usize + 1);
        assert!(n_read >= n_whole || run.found.has_errors(), "cut at {cut}: {n_read} of {n_whole} without a word");
    }
    check(b"apiVersion: consign/v1\nkind: Task\nmetadata: {name: x", "error[MAN-1]: ");
}

#[test]
fn what_is_not_text_is_told_where() {
    check(
        b"apiVersion: consign/v1\nkind: T\xe4sk\n",
        "error[MAN-1]: byte `0xe4` is not UTF-8\n --> delivery/a.yaml:2:8",
    );
    check(b"\xff\xfea\0p\0", "error[MAN-1]: the file is UTF-16\n--> delivery/a.yaml");
    check(b"a: \x1b[2J\n", "error[MAN-1]: control character `\\u{1b}`\n --> delivery/a.yaml:1:4");
}

#[test]
fn man_7_a_file_of_300_mb_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("delivery")).unwrap();
    let file = fs::File::create(directory.path().join("delivery/a.yaml")).unwrap();
    file.set_len(300 << 20).unwrap();
    let started = Instant::now();
    let told = read(directory.path());
    assert!(
        told.starts_with("error[MAN-7]: the file has 314572800 bytes; the most is 4 MiB\n--> delivery/a.yaml"),
        "{told}"
    );
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn depth_and_bombs_end_at_once() {
    check("[".repeat(10_000).as_bytes(), "error[MAN-7]: values nested more than 32 deep");
    check("{a: ".repeat(10_000).as_bytes(), "error[MAN-7]: values nested more than 32 deep");
    check("- ".repeat(10_000).as_bytes(), "error[MAN-7]: values nested more than 32 deep");
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let all = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{all}]\n"));
    }
    check(laughs.as_bytes(), "error[MAN-5]: anchor `&a0`");
}

#[test]
fn man_1_tabs_and_an_unfinished_merge_have_their_own_words_and_windows_line_ends_are_read() {
    check(
        b"apiVersion: consign/v1\nkind: Task\nmetadata:\n\tname: x\nspec:\n\tpackage: a\n\tprogram: b\n",
        "error[MAN-1]: a tab in the indentation, and in that of 2 lines more\n --> delivery/a.yaml:4:1",
    );
    check(
        b"apiVersion: consign/v1\nkind: Task\nmetadata: {name: x}\nspec:\n<<<<<<< HEAD\n  package: a\n=======\n  package: b\n\
          >>>>>>> other\n  program: c\n",
        "error[MAN-1]: an unfinished Git merge\n --> delivery/a.yaml:5:1",
    );
    let whole = include_str!("../data/every-field.yaml");
    let windows = format!("\u{feff}{}", whole.replace('\n', "\r\n"));
    let (unix, windows) = (crate::validate::run_case(whole), crate::validate::run_case(&windows));
    assert_eq!(windows.told(), unix.told());
    assert_eq!(windows.loaded.site, unix.loaded.site);
}

#[test]
fn man_5_anchors_aliases_merges_and_tags_are_refused() {
    check(b"a: &x 1\n", "error[MAN-5]: anchor `&x`\n --> delivery/a.yaml:1:4");
    check(b"a: *x\n", "error[MAN-5]: alias `*x`");
    check(b"<<: {a: 1}\n", "error[MAN-5]: merge key `<<`");
    check(b"a: !!binary x\n", "error[MAN-5]: tag `!!binary`");
}

#[test]
fn man_6_a_key_stands_once() {
    check(
        manifest_of("Collection", "members: []\nmembers: [x]").as_bytes(),
        "error[MAN-6]: key `members` stands twice\n --> delivery/a.yaml:6:3",
    );
}

#[test]
fn man_13_nothing_to_read_is_said_aloud() {
    check(b"", "error[MAN-13]: the file holds no manifest");
    check(b"# nothing\n---\n---\n", "error[MAN-13]: the file holds no manifest");
    check(b"version https://git-lfs.github.com/spec/v1\n", "error[MAN-13]: the file is a pointer of Git LFS");
    let directory = tempfile::tempdir().unwrap();
    assert!(read(directory.path()).starts_with("error[MAN-13]: there is no file or directory `delivery`"));
    fs::create_dir(directory.path().join("delivery")).unwrap();
    assert!(
        read(directory.path()).starts_with("error[MAN-13]: the directory `delivery` holds no `.yaml` or `.yml` file")
    );
    assert!(manifest::parse(&Sources::new(), &[]).1.has_errors());
}

#[test]
fn an_entry_that_is_not_there_is_told_where_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(directory.path()).unwrap();
    let text = "apiVersion: consign/v1\nkind: Project\nmanifests: [a, ../b]\nservers: {lab: {url: x, overlays: [c]}}\n";
    fs::write(root.join("consign.yaml"), text).unwrap();
    let (mut sources, limits) = (Sources::new(), Limits::default());
    let (id, mut found) = files::read_project_file(root, &limits, &mut sources);
    let id = id.unwrap();
    let (project, more) = manifest::read_project(&sources, id);
    found.extend(more);
    let project = project.unwrap();
    let mut entries = manifest::manifest_entries(&project, id);
    entries.extend(manifest::overlay_entries(&project, id, "lab"));
    entries.extend(manifest::overlay_entries(&project, id, "nowhere"));
    let (ids, more) = files::read_sources(root, &entries, &limits, &mut sources);
    found.extend(more);
    manifest::locate(&mut found, &sources);
    let told: Vec<String> = found
        .iter()
        .map(|finding| {
            let at = sources.position(finding.at.source().unwrap(), finding.at.start());
            format!("{} {}:{} {}", finding.rule.id, at.line, at.column, finding.message)
        })
        .collect();
    assert!(ids.is_empty());
    assert_eq!(
        told,
        [
            "MAN-13 3:13 there is no file or directory `a`",
            "MAN-8 3:16 the path `../b` leads out of the project",
            "MAN-13 4:36 there is no file or directory `c`",
        ]
    );
}

#[cfg(unix)]
#[test]
fn man_8_nothing_leads_out_of_the_project() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.yaml"), "password: hunter2\n").unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("delivery")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.yaml"), directory.path().join("delivery/a.yaml")).unwrap();
    let told = read(directory.path());
    assert!(
        told.starts_with("error[MAN-8]: a symbolic link that leads out of the project\n--> delivery/a.yaml"),
        "{told}"
    );
    assert!(!told.contains("hunter2"));
}

#[test]
fn names_and_paths_never_reach_the_terminal_raw() {
    let payloads = ["\\e[2J", "\\x9b31m", "\\r", "\\u202E", "\\u200B", "\\U000E0041", "\\x07", "\\b\\b"];
    for payload in payloads {
        for text in [
            manifest_of("Collection", &format!("include: [\"x{payload}\"]")),
            manifest_of("Collection", &format!("\"x{payload}\": 1")),
            manifest_of("Collection", "{}").replace("name: It", &format!("name: \"x{payload}\"")),
            manifest_of("Task", &format!("package: \"x{payload}\"\nprogram: y\npriority: \"{payload}\"")),
            manifest_of("Package", &format!("source: {{unc: \"{payload}\"}}\ndeleteUnusedAfter: \"{payload}\"")),
            format!("apiVersion: consign/v1\nkind: \"{payload}\"\n"),
        ] {
            let run = crate::validate::run_case(&text);
            assert!(!run.found.is_empty());
            let told = diagnostics::to_string(&run.found, &run.sources);
            let raw = |c: char| c != '\n' && consign::diag::is_hidden(c);
            assert!(!told.contains(raw), "{told:?}");
        }
    }
}

#[test]
fn thousands_of_findings_are_told_in_no_time() {
    let one = manifest_of("Collection", "include: [Nothing]\nexclude: [Neither]\nmembrs: [x]");
    let text: Vec<String> = (0..2_000).map(|n| one.replace("name: It", &format!("name: N{n}"))).collect();
    let started = Instant::now();
    let run = crate::validate::run_case(&text.join("---\n"));
    let found: &Diagnostics = &run.found;
    assert_eq!(found.len(), 2_000);
    assert!(diagnostics::to_string(found, &run.sources).ends_with("2000 errors in 3 files\n"));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
