//! `consign import FILE…`: what other tools defined, as manifests of a project; and the way of a newcomer, as README
//! tells it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::consign;
use crate::world::run;

/// A directory with a share of definitions in it.
struct At {
    root: PathBuf,
    _directory: TempDir,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

impl At {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        copy(&data.join("package-definitions"), &root.join("share/definitions"));
        copy(&data.join("winget"), &root.join("share/winget"));
        fs::copy(data.join("client-policy.xml"), root.join("share/NS01.xml")).unwrap();
        Self { root, _directory: directory }
    }

    /// The same with a project beside it.
    fn with_project() -> Self {
        let at = Self::new();
        at.run(&["init", "estate", "--ci", "none"]).exits(0);
        at
    }

    fn run(&self, words: &[&str]) -> Ran {
        let mut command = consign();
        command.current_dir(&self.root).args(words);
        let ran = run(command);
        assert_plain(&ran);
        ran
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    fn files(&self, below: &str) -> Vec<String> {
        fn walk(directory: &Path, out: &mut Vec<PathBuf>) {
            let Ok(entries) = fs::read_dir(directory) else { return };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, out) } else { out.push(path) }
            }
        }
        let mut out = Vec::new();
        walk(&self.root.join(below), &mut out);
        let mut out: Vec<String> =
            out.iter().map(|path| path.strip_prefix(&self.root).unwrap().to_str().unwrap().to_owned()).collect();
        out.sort();
        out
    }
}

const IMPORT: [&str; 7] =
    ["-C", "estate", "import", "../share", "--source", "\\\\files\\packages", "--out=delivery/imported"];

const GOOD: &str = "[PDF]\nVersion=2.0\n[Package Definition]\nName=Good\nVersion=1\nPublisher=We\nLanguage=EN\nPrograms=A\n[A]\nName=Install\nCommandLine=good.exe /S\nEstimatedRunTime=5\nCanRunWhen=AnyUserStatus\nUserInputRequired=False\nAdminRightsRequired=True\n";

#[test]
fn a_share_of_definitions_becomes_a_project_that_validates() {
    let at = At::with_project();
    // The template that nobody filled in is told, and the rest is imported.
    let ran = at.run(&IMPORT).exits(65).says("IMP-2").says("sccmtools-empty-template.sms:5:");
    let summary = "14 packages with 29 programs, 3 tasks, 1 sequential task from 20 files\n18 manifests written to `delivery/imported`\n1 file not imported; what stands above says why\n";
    assert!(ran.err.contains(summary), "{}", ran.err);
    assert!(!ran.err.contains("S3cret") && !ran.out.contains("S3cret"), "a password is in no finding");
    assert_eq!(at.files("estate/delivery/imported").len(), 18);
    at.run(&["-C", "estate", "validate"]).exits(0);
    at.run(&["-C", "estate", "fmt", "--check"]).exits(0);
    let packer = at.read("estate/delivery/imported/packages/packer-24.08.yaml");
    assert!(packer.starts_with("# yaml-language-server: $schema=../../../schema/manifest.json\n"), "{packer}");
    assert!(packer.contains("unc: '\\\\files\\packages\\winget\\e\\Example\\Packer\\24.08'\n"), "{packer}");
    // A second time there is nothing to do, and what was edited is not replaced.
    let before = at.files("estate");
    at.run(&IMPORT).exits(65).says("0 manifests written").says("18 there already");
    assert_eq!(at.files("estate"), before);
    at.write("estate/delivery/imported/packages/packer-24.08.yaml", packer.replace("free", "costly"));
    fs::remove_file(at.root.join("estate/delivery/imported/packages/packer-24.09.yaml")).unwrap();
    at.run(&IMPORT).exits(1).says("IMP-9").says("packer-24.08.yaml").says("nothing was written");
    assert!(at.read("estate/delivery/imported/packages/packer-24.08.yaml").contains("costly"));
    assert!(!at.root.join("estate/delivery/imported/packages/packer-24.09.yaml").exists());
}

#[test]
fn files_and_patterns_are_taken_and_a_project_is_not_needed() {
    let at = At::new();
    at.write("one.sms", GOOD);
    at.run(&["import", "one.sms", "--out", "a"]).exits(0).says("1 package with 1 program from 1 file\n");
    assert_eq!(at.files("a"), ["a/packages/good.yaml"]);
    assert!(at.read("a/packages/good.yaml").contains("# no source: the definition does not say where the files are."));
    let pattern = "share/**/*.yaml";
    at.run(&["import", pattern, "--out", "b", "--source", "\\\\fs\\p"]).exits(0).says("5 packages");
    assert!(at.read("b/packages/example-tools.yaml").contains("'\\\\fs\\p\\winget\\e\\Example\\Tools\\2.0'"));
    at.run(&["import", "share/NS01.xml", "--out", "c"]).exits(0).says("3 tasks, 1 sequential task");
    at.run(&["import", "no*thing", "--out", "d"]).exits(64).one_message().says("nothing is called `no*thing`");
    at.run(&["import", "gone.sms", "--out", "d"]).exits(64).one_message().says("nothing is called `gone.sms`");
    at.run(&["import", "one.sms", "--out", "d", "--encoding", "klingon"]).exits(64).one_message();
    at.run(&["import", "one.sms", "--out", "d", "--source", "files"]).exits(64).one_message().says("is no share");
    for share in ["\\\\srv\\share\\..\\x", "\\\\srv\\\\share", "\\\\srv\\"] {
        at.run(&["import", "one.sms", "--out", "d", "--source", share]).exits(64).one_message().says("is no share");
    }
    at.run(&["import", "--out", "d", "--source", "\\\\a\\b"]).exits(64);
    at.run(&["import", "one.sms", "--server", "lab", "--out", "d"]).exits(64).one_message().says("exclude each other");
    at.write("other/readme.txt", "x");
    at.write("other/page.xml", "<html/>");
    at.run(&["import", "other", "--out", "d"])
        .exits(65)
        .says("page.xml is passed over: it holds no `<Policy>`")
        .says("the only file is no definition");
    assert!(!at.root.join("d").exists());
}

#[test]
fn imp_1_code_pages_line_ends_and_marks_are_read() {
    let at = At::new();
    let ansi: Vec<u8> =
        GOOD.replace("Good", "B?ro").bytes().map(|byte| if byte == b'?' { 0xfc } else { byte }).collect();
    at.write("ansi.sms", &ansi);
    at.run(&["import", "ansi.sms", "--out", "a"]).exits(0).says("IMP-1").says("read as windows-1252: `Name=Büro`");
    assert!(at.read("a/packages/b-ro.yaml").contains("name: Büro\n"));
    at.run(&["import", "ansi.sms", "--out", "b", "--encoding", "windows-1251"]).exits(0);
    assert!(at.read("b/packages/b-ro.yaml").contains("name: Bьro\n"));
    at.write("crlf.sms", format!("\u{feff}{}", GOOD.replace('\n', "\r\n")));
    at.run(&["import", "crlf.sms", "--out", "c"]).exits(0);
    assert!(!at.read("c/packages/good.yaml").contains('\r'));
}

#[test]
fn imp_7_a_hundred_megabytes_of_xml_are_refused_unread() {
    let at = At::new();
    let huge = fs::File::create(at.root.join("huge.xml")).unwrap();
    huge.set_len(100 << 20).unwrap();
    at.run(&["import", "huge.xml", "--out", "a"])
        .exits(65)
        .says("IMP-7")
        .says("has 104857600 bytes; the most is 16 MiB");
    at.write("bomb.xml", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>");
    at.run(&["import", "bomb.xml", "--out", "a"]).exits(65).says("IMP-7").says("declares a document type");
    at.write("broken.xml", b"<?xml version=\"1.0\" encoding=\"utf-8\"?><a b=\"\xff\"/>");
    at.run(&["import", "broken.xml", "--out", "a"]).exits(65).says("IMP-1").says("no UTF-8");
    assert!(!at.root.join("a").exists());
}

#[test]
fn what_would_not_be_sound_in_the_project_is_not_written() {
    let at = At::with_project();
    // The example of `init` has a package of that name.
    at.write("one.sms", GOOD.replace("Name=Good", "Name=7-zip"));
    let words = ["-C", "estate", "import", "../one.sms", "--out", "delivery/imported"];
    at.run(&words).exits(65).says("differ only in case").says("nothing was written");
    assert!(!at.root.join("estate/delivery/imported").exists());
    at.write("one.sms", GOOD);
    at.run(&words).exits(0);
}

#[test]
fn one_definition_that_makes_no_sound_manifest_keeps_no_other_from_being_imported() {
    let at = At::with_project();
    at.write("many/bad.sms", GOOD.replace("Name=Good", "Name=tool ${{ v }}"));
    at.write("many/clash.sms", GOOD.replace("Name=Good", "Name=7-zip"));
    at.write("many/good.sms", GOOD);
    at.run(&["-C", "estate", "import", "../many", "--out", "delivery/imported"])
        .exits(65)
        .says("MAN-11")
        .says("../many/bad.sms:4:")
        .says("../many/clash.sms:4:")
        .says("2 files not imported");
    assert_eq!(at.files("estate/delivery/imported"), ["estate/delivery/imported/packages/good.yaml"]);
}

#[cfg(unix)]
#[test]
fn man_8_an_import_writes_through_no_link_that_leads_out() {
    let at = At::with_project();
    at.write("one.sms", GOOD);
    at.write("outside/readme.txt", "x");
    fs::create_dir_all(at.root.join("estate/m/inner")).unwrap();
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(at.root.join(to), at.root.join(from)).unwrap();
    link("outside", "estate/m/packages");
    let import = |out: &str| at.run(&["-C", "estate", "import", "../one.sms", "--out", out]);
    import("m").exits(1).says("MAN-8").says("m/packages").says("leads out of the project").says("nothing was written");
    link("outside", "estate/way");
    import("way/a").exits(1).says("MAN-8").says("leads out of the project");
    fs::remove_file(at.root.join("estate/m/packages")).unwrap();
    fs::create_dir(at.root.join("estate/m/packages")).unwrap();
    link("outside/gone.yaml", "estate/m/packages/good.yaml");
    import("m").exits(1).says("MAN-8").says("m/packages/good.yaml");
    // Without a project the directory itself is the bound.
    fs::create_dir(at.root.join("free")).unwrap();
    link("outside", "free/packages");
    at.run(&["import", "one.sms", "--out", "free"]).exits(1).says("MAN-8").says("out of the directory of `--out`");
    assert_eq!(at.files("outside"), ["outside/readme.txt"]);
    // One that stays inside is the project's own affair.
    fs::create_dir(at.root.join("estate/n")).unwrap();
    link("estate/m/inner", "estate/n/packages");
    import("n").exits(0);
    assert_eq!(at.files("estate/m/inner"), ["estate/m/inner/good.yaml"]);
}

#[cfg(unix)]
#[test]
fn imp_1_a_pipe_is_refused_and_not_waited_for() {
    let at = At::new();
    let made = std::process::Command::new("mkfifo").arg(at.root.join("p.sms")).status().unwrap();
    assert!(made.success());
    at.run(&["import", "p.sms", "--out", "a"]).exits(65).says("IMP-1").says("it is not a regular file");
    assert!(!at.root.join("a").exists());
}

#[test]
fn thousands_of_definitions_are_imported_in_one_go() {
    let at = At::with_project();
    for n in 0..2000 {
        at.write(&format!("many/{}/{n}.sms", n % 50), GOOD.replace("Name=Good", &format!("Name=Good {n}")));
    }
    at.run(&["-C", "estate", "import", "../many", "--out", "delivery/many"])
        .exits(0)
        .says("2000 packages with 2000 programs");
    at.run(&["-C", "estate", "validate"]).exits(0);
}

/// What the reference server tells an agent, read back (DLV-2).
#[test]
fn dlv_2_the_policy_document_of_a_server_is_imported() {
    let server = Server::start();
    let project = crate::world::Project::of_example("tour", &server);
    project.apply();
    let mut made = consign();
    made.args(["fleet", "--computers", "40", "--seed", "7"]);
    let lines = run(made).exits(0).out;
    server.send("POST", "/v1/fleet", "application/x-ndjson", &lines).is(200);
    let at = At::new();
    let mut n = 0;
    for line in
        lines.lines().filter(|line| line.contains("\"kind\":\"computer\"") || line.contains("\"guid\"")).take(60)
    {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(guid) = value["guid"].as_str() else { continue };
        let answer = server.ask("GET", &format!("/v1/agents/{guid}/policy.xml"), &[], None);
        if answer.status == 200 {
            n += 1;
            at.write(&format!("policies/{n}.xml"), &answer.body);
        }
    }
    assert!(n > 5, "{n}");
    let ran = at.run(&["import", "policies", "--out", "a"]).exits(0);
    assert!(ran.err.contains(" tasks"), "{}", ran.err);
    let all: String = at.files("a").iter().map(|path| at.read(path)).collect();
    assert!(all.contains("kind: Task\n") && all.contains("kind: Package\n"), "{all}");
}

/// The lines of a fence in README behind a mark, without their prompt and remarks.
fn readme(mark: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("README has no `{mark}`"));
    let (_, fence) = rest.split_once("```console\n").unwrap();
    let lines = fence.split_once("```").unwrap().0.lines();
    lines.map(|line| line.strip_prefix("$ ").unwrap().split("  #").next().unwrap().trim().to_owned()).collect()
}

/// Words as a POSIX shell splits these lines: blanks and single quotes, nothing else.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    out.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        out.push(word);
    }
    out
}

#[test]
fn a_newcomer_comes_from_a_share_of_installers_to_an_applied_plan_as_readme_says() {
    let server = Server::start();
    let at = At::new();
    fs::remove_file(at.root.join("share/definitions/sccmtools-empty-template.sms")).unwrap();
    let mut here = at.root.clone();
    let mut ran = Vec::new();
    for line in readme("<!-- run: by tests/it/definitions.rs -->") {
        for part in line.split(" && ") {
            let words = words(part);
            match words[0].as_str() {
                "cd" => here = here.join(&words[1]),
                "consign" if words[1] == "serve" => {} // It runs already, on a port of its own.
                "export" => assert!(words[1].starts_with("CONSIGN_TOKEN="), "{part}"),
                "consign" => {
                    let mut command = consign();
                    command.current_dir(&here).args(&words[1..]).env("CONSIGN_TOKEN", &server.token);
                    let done = run(command);
                    assert_plain(&done);
                    done.exits(0);
                    ran.push(words[1].clone());
                }
                other => panic!("README runs `{other}`"),
            }
            let file = here.join("consign.yaml");
            if let Ok(text) = fs::read_to_string(&file) {
                fs::write(file, text.replace("http://127.0.0.1:7450", &server.url)).unwrap();
            }
        }
    }
    assert_eq!(ran, ["init", "import", "fmt", "validate", "plan", "apply", "plan"]);
    assert_eq!(server.n("Package", "Packer 24.08"), 1);
    assert_eq!(server.n("SequentialTask", "Sequential Task"), 1);
}
