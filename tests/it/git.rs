//! Revisions: what `consign` reads in Git repositories, and what it makes of them. Every repository here is a real one.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use sha2::Digest as _;

use crate::world::Fake;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::clean;
use crate::world::consign;
use crate::world::http;
use crate::world::run;

const PACKAGE: &str = "\
apiVersion: consign/v1
kind: Package
metadata: {name: 7-Zip}
spec:
  source: {unc: '\\\\files\\7zip'}
  programs:
    - {name: Install, commandLine: setup.exe /S}
    - {name: Remove, commandLine: setup.exe /U}
";

const SITE: &str = "\
apiVersion: consign/v1
kind: Collection
metadata: {name: Desktops}
spec: {members: [pc-1, pc-2]}
---
apiVersion: consign/v1
kind: SequentialTask
metadata: {name: New desktop}
spec:
  collections: [Desktops]
  run: asSoonAsPossible
  steps:
    - {package: 7-Zip, program: Install}
    - {package: 7-Zip, program: Remove}
";

/// Runs `git` with nobody's configuration.
#[track_caller]
pub fn git(directory: &Path, words: &[&str]) -> String {
    git_with(directory, words, &[])
}

/// The same, with something to read.
#[track_caller]
pub fn git_with(directory: &Path, words: &[&str], input: &[u8]) -> String {
    let mut command = Command::new("git");
    clean(&mut command);
    command.current_dir(directory).args(words);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A person").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        command.env(format!("GIT_{who}_DATE"), "2026-01-02T03:04:05Z");
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Written beside the reading: either pipe alone would fill.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A project in a repository of its own, with one commit on `main`.
pub struct Repo {
    pub project: Project,
}

impl Repo {
    fn of(project: Project, init: &[&str]) -> Self {
        project.edit_if(".gitignore", |_| String::new());
        git(&project.root, &[&["init", "--quiet", "--initial-branch=main"], init].concat());
        let repo = Self { project };
        repo.project.write(".gitignore", "token\n.consign/\nplan.json\n");
        repo.commit("first");
        repo
    }

    /// For whatever is at this address.
    pub fn at(url: &str, token: &str, init: &[&str]) -> Self {
        let manifests = [("7zip.yaml", PACKAGE), ("site.yaml", SITE)];
        let project = Project::at(url, token, "", &manifests);
        project.write(".gitignore", "");
        Self::of(project, init)
    }

    /// For no server that there is.
    fn new() -> Self {
        Self::at("http://127.0.0.1:9", "t", &[])
    }

    #[track_caller]
    pub fn git(&self, words: &[&str]) -> String {
        git(&self.project.root, words)
    }

    /// Commits everything, and gives the commit.
    #[track_caller]
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.project.command(words);
        command.env("CONSIGN_CACHE_DIR", self.cache());
        command
    }

    fn cache(&self) -> PathBuf {
        self.project.root.parent().unwrap().join("cache")
    }

    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Ran {
        run(self.command(words))
    }

    #[track_caller]
    pub fn diff(&self, words: &[&str]) -> Value {
        let ran = self.run(&[&["diff", "--format", "json"], words].concat()).exits(0);
        assert_plain(&ran);
        ran.json()
    }
}

/// The addresses of a difference's changes with their actions, one a line.
pub fn told(diff: &Value) -> Vec<String> {
    let changes = diff["changes"].as_array().or(diff["resource_changes"].as_array()).unwrap();
    let one = |change: &Value| {
        let actions: Vec<&str> = change["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let fields: Vec<&str> =
            change["fields"].as_array().unwrap().iter().filter_map(|f| f["path"].as_str()).collect();
        format!("{} {} {}", actions.join(","), change["address"].as_str().unwrap(), fields.join(" ")).trim().to_owned()
    };
    changes.iter().map(one).collect()
}

#[test]
fn a_moved_file_reordered_keys_and_comments_are_no_difference() {
    let repo = Repo::new();
    fs::create_dir_all(repo.project.path("delivery/apps")).unwrap();
    repo.git(&["mv", "delivery/7zip.yaml", "delivery/apps/seven.yml"]);
    repo.project.write(
        "delivery/site.yaml",
        "# All of it, otherwise said.\nkind: SequentialTask\nspec:\n  steps:\n  - program: Install\n    package: 7-Zip\n  \
         - {program: Remove, package: 7-Zip}\n  run: asSoonAsPossible\n  collections: [Desktops]\nmetadata: {name: New \
         desktop}\napiVersion: consign/v1\n---\nspec: {members: [pc-2, pc-1]}\nkind: Collection\napiVersion: \
         consign/v1\nmetadata: {name: Desktops}\n",
    );
    let told = repo.run(&["diff", "--detailed-exitcode"]).exits(0);
    assert!(told.out.contains("Both declare the same."), "{}", told.out);
    repo.commit("tidied");
    repo.run(&["diff", "--detailed-exitcode", "--from", "HEAD~1", "--to", "HEAD"]).exits(0);
    repo.run(&["diff", "--detailed-exitcode", "--from", "HEAD~1"]).exits(0).says("0 added, 0 changed");
}

#[test]
fn a_difference_says_what_it_leads_to_and_a_rename_shows_once() {
    let repo = Repo::new();
    repo.project.edit("delivery/site.yaml", |text| {
        let (install, remove) = ("- {package: 7-Zip, program: Install}", "- {package: 7-Zip, program: Remove}");
        let text = text.replace(install, "-X-").replace(remove, install).replace("-X-", remove);
        let text = text.replace("collections: [Desktops]", "collections: [Office]");
        text.replace("{name: Desktops}", "{name: Office, aliases: [Desktops]}").replace("{members: [pc-1, pc-2]}", "{}")
    });
    repo.project.replace("delivery/7zip.yaml", "setup.exe /U", "setup.exe /X");
    repo.project.write(
        "delivery/new.yaml",
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Kiosks, folder: Elsewhere/Deep}\nspec: {}\n",
    );
    let diff = repo.diff(&[]);
    assert_eq!(
        told(&diff),
        [
            "update program/7-Zip/Remove spec.commandLine",
            "delete,create sequence/New desktop spec.steps",
            "create collection/Kiosks",
            "update collection/Office metadata.name spec.members metadata.aliases",
        ]
    );
    let text = repo.run(&["diff", "--detailed-exitcode"]).exits(2).out;
    for part in [
        "  -/+  sequence/New desktop",
        "# forces new identity",
        "spec.commandLine: \"setup.exe /U\" -> \"setup.exe /X\"",
        "spec.members: [pc-1, pc-2] -> (none)",
        "Diff: 1 added, 2 changed, 1 to be replaced, 0 removed.",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    fs::remove_file(repo.project.path("delivery/7zip.yaml")).unwrap();
    let gone = told(&repo.diff(&[]));
    assert!(gone.contains(&"delete package/7-Zip".to_owned()), "{gone:?}");
    assert!(gone.contains(&"delete program/7-Zip/Install".to_owned()), "{gone:?}");
}

/// A `topic` with a commit of its own, and a `main`, checked out, that has gone on since.
fn parted() -> Repo {
    let repo = Repo::new();
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    repo.project.replace("delivery/7zip.yaml", "/S", "/quiet");
    repo.commit("topic");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.project.replace("delivery/7zip.yaml", "/U", "/remove");
    repo.commit("main goes on");
    repo
}

#[test]
fn a_difference_goes_from_head_to_disk_and_in_a_pull_request_from_where_it_began() {
    let repo = parted();
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    repo.git(&["checkout", "--quiet", "topic"]);
    let (install, remove) =
        ("update program/7-Zip/Install spec.commandLine", "update program/7-Zip/Remove spec.commandLine");
    assert_eq!(told(&repo.diff(&[])), Vec::<String>::new());
    assert_eq!(told(&repo.diff(&["--from", "main"])), [install, remove]);
    assert_eq!(told(&repo.diff(&["--from", "main", "--to", "topic", "--merge-base"])), [install]);
    for variables in [
        &[("GITHUB_BASE_REF", "main")][..],
        &[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")],
        &[("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")],
    ] {
        let mut command = repo.command(&["diff", "--format", "json"]);
        command.envs(variables.iter().copied());
        assert_eq!(told(&run(command).exits(0).json()), [install], "{variables:?}");
    }
    repo.project.replace("delivery/site.yaml", "[pc-1, pc-2]", "[pc-1]");
    let diff = repo.diff(&[]);
    assert_eq!(told(&diff), ["update collection/Desktops spec.members"]);
    assert_eq!(diff["to"]["revision"], Value::Null);
    assert_eq!(diff["to"]["commit"], Value::String(repo.git(&["rev-parse", "HEAD"])));
}

#[test]
fn what_cannot_be_read_is_told_and_compared_with_nothing() {
    let repo = Repo::new();
    repo.project.replace("delivery/7zip.yaml", "programs:", "porgrams:");
    repo.project.replace("delivery/site.yaml", "[pc-1, pc-2]", "[pc-1]");
    let ran = repo.run(&["diff", "--format", "json"]).exits(65);
    assert!(ran.err.contains("MAN-2") && ran.err.contains("what is on disk"), "{}", ran.err);
    let diff = ran.json();
    assert_eq!(diff["complete"], Value::Bool(false));
    assert_eq!(told(&diff), ["update collection/Desktops spec.members"]);
    assert_eq!(diff["not_compared"][0]["name"], "7-Zip");
    // Declared a second time, in a file beside one that did not change.
    repo.git(&["checkout", "--quiet", "."]);
    repo.run(&["diff"]).exits(0);
    repo.project.write("delivery/again.yaml", &PACKAGE.replace("7zip'", "other'"));
    repo.run(&["diff"]).exits(65).says("MAN-9");
    // A file that holds nothing says nothing of the others.
    repo.project.write("delivery/again.yaml", "# nothing yet\n");
    repo.run(&["diff", "--detailed-exitcode"]).exits(0);
    fs::remove_file(repo.project.path("delivery/site.yaml")).unwrap();
    fs::remove_file(repo.project.path("delivery/7zip.yaml")).unwrap();
    repo.run(&["diff"]).exits(65).says("MAN-13");
}

#[test]
fn a_difference_is_told_in_every_format_and_so_is_another_reference_to_a_password() {
    let repo = Repo::new();
    let account = |name: &str| {
        format!("commandLine: setup.exe /S, runWith: {{account: 'EXAMPLE\\\\setup', passwordFrom: {{env: {name}}}}}}}")
    };
    repo.project.edit("delivery/7zip.yaml", |text| text.replace("commandLine: setup.exe /S}", &account("SETUP_OLD")));
    repo.commit("an account");
    repo.project.edit("delivery/7zip.yaml", |text| text.replace("SETUP_OLD", "SETUP_NEW"));
    repo.project.edit("consign.yaml", |text| format!("{text}policy:\n  limits: {{SEQ-1: 9000}}\n"));
    for format in ["text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab", "azure"] {
        let ran = repo.run(&["diff", "--format", format, "--detailed-exitcode"]).exits(2);
        for what in ["program/7-Zip/Install", "policy.limits.SEQ-1", "9000", "spec.runWith.passwordFrom", "NEW"] {
            assert!(ran.out.contains(what), "{format} does not tell `{what}`\n{}", ran.out);
        }
    }
    let diff = repo.diff(&[]);
    let fields = diff["changes"][0]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1, "{diff:#}");
    assert_eq!(fields[0]["before"]["env"], "SETUP_OLD");
}

#[test]
fn variables_and_overlays_have_their_part_in_a_difference() {
    let repo = Repo::new();
    repo.project
        .edit("consign.yaml", |text| format!("{text}    variables: {{share: '\\\\one'}}\n    overlays: [over]\n"));
    repo.project.replace("delivery/7zip.yaml", "'\\\\files\\7zip'", "'${{ share }}\\7zip'");
    let over = "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Desktops}\nspec: {members: [pc-9]}\n";
    repo.project.write("over/lab.yaml", over);
    repo.commit("variables");
    repo.run(&["diff", "--detailed-exitcode", "--to", "HEAD"]).exits(0);
    repo.project.write("over/lab.yaml", &over.replace("pc-9", "pc-8"));
    assert_eq!(told(&repo.diff(&[])), ["update collection/Desktops spec.members"]);
    repo.project.replace("consign.yaml", "'\\\\one'", "'\\\\two'");
    let expected = ["update package/7-Zip spec.source", "update collection/Desktops spec.members"];
    let diff = repo.diff(&[]);
    assert_eq!(told(&diff), expected);
    assert_eq!(diff["policy_changes"], serde_json::json!([]));
}

#[test]
fn what_is_remembered_is_a_hint_and_never_an_answer() {
    let repo = Repo::new();
    repo.commit("second");
    repo.project.replace("delivery/site.yaml", "[pc-1, pc-2]", "[pc-1]");
    let cold = repo.diff(&[]);
    let file = fs::read_dir(repo.cache()).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("[[\"Package\",\"7-Zip\"]]"), "{text}");
    assert_eq!(repo.diff(&[]), cold);
    // Damaged, it is read as nothing, and made again.
    fs::write(&file, text.replace("7-Zip", "8-Zip")).unwrap();
    assert_eq!(repo.diff(&[]), cold);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    fs::write(&file, [0xff; 100]).unwrap();
    assert_eq!(repo.diff(&[]), cold);
    // Whole and wrong: it says that the package's file declares what another one does. All is read then.
    let mut lines = text.splitn(3, '\n');
    let (head, _, body) = (lines.next().unwrap(), lines.next(), lines.next().unwrap());
    let body = body.replace("[[\"Package\",\"7-Zip\"]]", "[[\"Collection\",\"Desktops\"]]");
    let digest: String = sha2::Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(&file, format!("{head}\n{digest}\n{body}")).unwrap();
    assert_eq!(repo.diff(&[]), cold);
    // Nor does one that cannot be kept stand in the way.
    fs::remove_dir_all(repo.cache()).unwrap();
    fs::write(repo.cache(), "").unwrap();
    assert_eq!(repo.diff(&[]), cold);
}

#[test]
fn a_revision_is_planned_whatever_is_checked_out_and_the_audit_tells_it() {
    let server = Server::start();
    let repo = Repo::at(&server.url, &server.token, &[]);
    let first = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["checkout", "--quiet", "-b", "büro/ä"]);
    repo.project.replace("delivery/7zip.yaml", "/S", "/quiet");
    let second = repo.commit("second");
    repo.project.write("delivery/broken.yaml", "{");
    repo.run(&["plan"]).exits(65);
    let plan = repo.run(&["plan", "--rev", "main", "--format", "json"]).exits(0).json();
    assert_eq!(plan["origin"], serde_json::json!({"commit": first, "branch": "main", "clean": true}));
    let install = |plan: &Value| {
        let changes = plan["resource_changes"].as_array().unwrap();
        let found = changes.iter().find(|change| change["address"] == "program/7-Zip/Install").unwrap();
        found["after"]["spec"]["Program"]["commandLine"].as_str().unwrap().to_owned()
    };
    assert_eq!(install(&plan), "setup.exe /S");
    let plan = repo.run(&["plan", "--rev", "HEAD", "--format", "json", "--out", "plan.json"]).exits(0).json();
    assert_eq!(plan["origin"], serde_json::json!({"commit": second, "branch": "büro/ä", "clean": true}));
    assert_eq!(install(&plan), "setup.exe /quiet");
    assert_eq!(repo.project.read("delivery/broken.yaml"), "{", "nothing is checked out");
    fs::remove_file(repo.project.path("delivery/broken.yaml")).unwrap();
    repo.run(&["apply", "plan.json"]).exits(0);
    let rows = server.writes();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["origin"], serde_json::json!({"commit": second, "branch": "büro/ä", "clean": true}));
    }
    repo.run(&["plan", "--detailed-exitcode"]).exits(0).says(&format!("commit {} of büro/ä\n", &second[..12]));
    repo.run(&["plan", "--rev", "nothing"]).exits(64).says("GIT-5").one_message();
}

#[test]
fn a_plan_says_whether_the_manifests_are_those_of_the_commit() {
    let server = Server::start();
    let repo = Repo::at(&server.url, &server.token, &[]);
    let is_clean = || {
        let plan = repo.run(&["plan", "--format", "json"]).exits(0).json();
        plan["origin"]["clean"].as_bool().unwrap()
    };
    assert!(is_clean());
    repo.project.write("notes.txt", "no manifest");
    assert!(is_clean());
    repo.project.edit("delivery/site.yaml", |text| text.replace('\n', "\r\n"));
    assert!(is_clean(), "line ends are the checkout's business");
    repo.project.replace("delivery/site.yaml", "pc-2", "pc-3");
    assert!(!is_clean());
    repo.git(&["checkout", "--quiet", "."]);
    repo.project.write(".git/info/exclude", "*.yaml\n");
    repo.project.write(
        "delivery/ignored.yaml",
        "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Ignored}\nspec: {}\n",
    );
    assert!(!is_clean(), "what Git ignores is planned as well");
    fs::remove_file(repo.project.path("delivery/ignored.yaml")).unwrap();
    assert!(is_clean());
    repo.project.edit("consign.yaml", |text| format!("{text}    prune: true\n"));
    assert!(!is_clean());
}

#[cfg(unix)]
#[test]
fn man_8_a_revision_follows_no_link_and_no_submodule() {
    use std::os::unix::fs::symlink;
    let repo = Repo::new();
    repo.project.write("README.md", "read");
    symlink("../README.md", repo.project.path("delivery/README.md")).unwrap();
    repo.commit("a link to what is no manifest");
    repo.run(&["diff", "--from", "HEAD", "--to", "HEAD"]).exits(0);
    for (name, target) in [("out.yaml", "/etc/passwd"), ("in.yaml", "7zip.yaml"), ("apps", "../more"), ("up", "..")] {
        symlink(target, repo.project.path(&format!("delivery/{name}"))).unwrap();
        repo.commit("a link");
        let ran = repo.run(&["plan", "--rev", "HEAD"]).exits(65).says("MAN-8").says("symbolic link");
        assert!(ran.err.contains(&format!("delivery/{name}")), "{}", ran.err);
        fs::remove_file(repo.project.path(&format!("delivery/{name}"))).unwrap();
    }
    repo.commit("none");
    let head = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},delivery/vendor")]);
    repo.git(&["commit", "--quiet", "-m", "a submodule"]);
    repo.run(&["plan", "--rev", "HEAD"]).exits(65).says("MAN-8").says("submodule");
}

#[test]
fn a_revision_is_read_under_the_limits_of_the_disk() {
    let repo = Repo::new();
    fs::write(repo.project.path("delivery/big.yaml"), vec![b'#'; (4 << 20) + 1]).unwrap();
    fs::write(repo.project.path("delivery/latin.yaml"), b"a: \xe4\n").unwrap();
    repo.commit("too much");
    let ran = repo.run(&["plan", "--rev", "HEAD"]).exits(65).says("MAN-7").says("MAN-1");
    assert_plain(&ran);
    repo.run(&["diff", "--from", "HEAD~1", "--to", "HEAD"]).exits(65).says("MAN-7");
}

#[test]
fn pln_15_a_proposal_is_judged_by_the_policy_before_it() {
    let server = Server::start();
    let elsewhere = Fake::start(|_| Some(http("200 OK", "application/json", "{}")));
    let repo = Repo::at(&server.url, &server.token, &[]);
    repo.project.edit("consign.yaml", |text| format!("{text}policy:\n  limits: {{SEQ-1: 0, PLN-3: 1}}\n"));
    repo.commit("limits");
    repo.run(&["apply", "--auto-approve"]).exits(0);
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    repo.project.edit("consign.yaml", |text| {
        text.replace("SEQ-1: 0, PLN-3: 1", "SEQ-1: 9000").replace(&server.url, &elsewhere.url)
    });
    repo.project.edit("delivery/7zip.yaml", |text| text.replace("/S", "/quiet").replace("/U", "/away"));
    let topic = repo.commit("topic");
    let by = |variables: &[(&str, &str)], words: &[&str]| {
        let mut command = repo.command(&[&["plan"], words].concat());
        command.envs(variables.iter().copied());
        run(command)
    };
    let plan = by(&[], &["--base", "main", "--format", "json"]).exits(3).json();
    assert_eq!(plan["server"]["url"], Value::String(server.url.clone()));
    assert!(plan["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == "PLN-3"));
    let changes = plan["policy_changes"].as_array().unwrap();
    let paths: Vec<&str> = changes.iter().filter_map(|change| change["path"].as_str()).collect();
    assert_eq!(paths, ["policy.limits.PLN-3", "policy.limits.SEQ-1", "servers.lab.url"]);
    assert!(changes.iter().all(|change| change["loosens"] == true));
    assert_eq!(plan["origin"]["base"]["revision"], "main");
    assert_eq!(plan["origin"]["commit"], Value::String(topic.clone()));
    // A pipeline says so without being asked.
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let text = by(&[("GITHUB_BASE_REF", "main")], &[]).exits(3).out;
    let (policy, actions) = (text.find("The policy changes:").unwrap(), text.find("Actions are").unwrap());
    assert!(policy < actions, "the policy stands first\n{text}");
    assert!(text.contains("policy.limits.SEQ-1: 0 -> 9000   # allows more") && text.contains("PLN-15"), "{text}");
    for format in ["text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab", "azure"] {
        let told = by(&[], &["--base", "main", "--format", format]).exits(3).out;
        for what in ["policy.limits.SEQ-1", "policy.limits.PLN-3", "servers.lab.url", "9000", "main"] {
            assert!(told.contains(what), "{format} does not tell `{what}`\n{told}");
        }
        let is_log = matches!(format, "github" | "gitlab" | "azure");
        assert!(is_log || told.contains(&topic[..12]), "{format} does not tell the commit\n{told}");
    }
    // No tag stands in the place of the target.
    repo.git(&["tag", "origin/main", "topic"]);
    by(&[("GITHUB_BASE_REF", "main")], &[]).exits(3).says("PLN-3");
    // A revision that is not there judges nothing: never the proposal itself.
    by(&[("GITHUB_BASE_REF", "gone")], &[]).exits(64).says("GIT-5").one_message();
    by(&[("CONSIGN_BASE", "gone")], &[]).exits(64).says("GIT-5");
    let outside = by(&[], &["--rev", "topic", "--base", "main"]).exits(3);
    assert!(outside.out.contains("PLN-3"), "{}", outside.out);
    // Nor does any other command go where the proposal points.
    for words in
        [&["drift"][..], &["forecast"], &["refs", "package/7-Zip", "--server", "lab"], &["apply", "--auto-approve"]]
    {
        let mut command = repo.command(words);
        command.env("GITHUB_BASE_REF", "main");
        let ran = run(command);
        assert!(matches!(ran.code, Some(0 | 2 | 3 | 7)), "{words:?}: {} {}", ran.out, ran.err);
    }
    assert_eq!(elsewhere.seen(), Vec::<String>::new(), "where the proposal points was never asked");
    // Without a base, outside of a pull request, the file that is there holds.
    by(&[], &["--server", "lab"]).exits(1);
    assert!(!elsewhere.seen().is_empty());
}

#[test]
fn a_server_or_a_certificate_of_a_proposal_is_not_trusted() {
    let server = Server::start();
    let repo = Repo::at(&server.url, &server.token, &[]);
    repo.project.edit("consign.yaml", |text| format!("{text}    caFile: ca.pem\n"));
    repo.project.write("ca.pem", "of the base\n");
    repo.commit("base");
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    repo.project.write("ca.pem", "of the proposal\n");
    let text = repo.project.read("consign.yaml");
    repo.project.write("consign.yaml", &format!("{text}  mine: {{url: http://127.0.0.1:9}}\n"));
    repo.commit("topic");
    repo.run(&["plan", "--base", "main", "--server", "lab"]).exits(78).says("`ca.pem` is not what it is at the base");
    repo.run(&["plan", "--base", "main"]).exits(78).says("ca.pem");
    repo.run(&["plan", "--base", "main", "--server", "mine"]).exits(78).says("only the proposal has a server `mine`");
}

#[test]
fn pln_14_a_branch_that_is_behind_its_target_is_looked_at_and_not_applied() {
    let server = Server::start();
    let repo = Repo::at(&server.url, &server.token, &[]);
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    repo.project.replace("delivery/7zip.yaml", "/S", "/quiet");
    repo.commit("topic");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.project.replace("delivery/site.yaml", "pc-2", "pc-3");
    repo.commit("somebody else's");
    repo.git(&["checkout", "--quiet", "topic"]);
    let ran = repo.run(&["plan", "--base", "main", "--out", "plan.json"]).exits(3);
    assert!(ran.out.contains("PLN-14") && ran.out.contains("lacks 1 commits of `main`"), "{}", ran.out);
    repo.run(&["apply", "plan.json"]).exits(3);
    repo.run(&["plan", "--base", "main", "--allow-behind", "--out", "plan.json"]).exits(0).says("warning[PLN-14]");
    let plan: Value = serde_json::from_str(&repo.project.read("plan.json")).unwrap();
    assert_eq!(plan["applyable"], false);
    repo.run(&["apply", "plan.json"]).exits(3).says("PLN-14");
    assert_eq!(server.writes().len(), 0);
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let mut command = repo.command(&["apply", "--auto-approve"]);
    command.env("GITHUB_BASE_REF", "main");
    run(command).exits(3);
    repo.git(&["merge", "--quiet", "--no-edit", "main"]);
    repo.run(&["plan", "--base", "main", "--out", "plan.json"]).exits(0);
    repo.run(&["apply", "plan.json"]).exits(0);
}

/// A clone of a repository, made with these options.
fn clone(repo: &Repo, options: &[&str]) -> PathBuf {
    let to = repo.project.root.parent().unwrap().join("clone");
    drop(fs::remove_dir_all(&to));
    let from = format!("file://{}", repo.project.root.display());
    let words = [&["clone", "--quiet"], options, &[from.as_str(), to.to_str().unwrap()]].concat();
    git(repo.project.root.parent().unwrap(), &words);
    to
}

#[track_caller]
fn run_in(directory: &Path, words: &[&str]) -> Ran {
    let mut command = consign();
    command.current_dir(directory).args(words).env("CONSIGN_CACHE_DIR", directory.parent().unwrap().join("cache"));
    run(command)
}

#[test]
fn git_1_a_shallow_clone_is_told_to_fetch_its_history() {
    let repo = parted();
    let shallow = clone(&repo, &["--depth", "1", "--branch", "topic"]);
    run_in(&shallow, &["diff", "--from", "origin/main"]).exits(64).says("GIT-5").says("fetch-depth: 0").one_message();
    git(&shallow, &["fetch", "--quiet", "--depth", "1", "origin", "main:refs/remotes/origin/main"]);
    for words in [&["diff", "--from", "origin/main", "--merge-base"][..], &["plan", "--base", "origin/main"]] {
        run_in(&shallow, words).exits(78).says("GIT-1").says("git fetch --unshallow").one_message();
    }
    // The cure cures.
    git(&shallow, &["fetch", "--quiet", "--unshallow"]);
    run_in(&shallow, &["diff", "--from", "origin/main", "--merge-base"]).exits(0).says("0 added, 1 changed");
    // Histories that have nothing in common are another matter.
    git(&shallow, &["checkout", "--quiet", "--orphan", "alone"]);
    git(&shallow, &["commit", "--quiet", "-m", "alone"]);
    let ran = run_in(&shallow, &["diff", "--from", "origin/main", "--merge-base"]).exits(78).says("GIT-1");
    assert!(!ran.err.contains("unshallow"), "{}", ran.err);
}

#[test]
fn git_2_a_partial_clone_is_told_to_fetch_what_it_lacks() {
    let repo = Repo::new();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.project.replace("delivery/7zip.yaml", "/S", "/quiet");
    repo.commit("second");
    let partial = clone(&repo, &["--filter=blob:none"]);
    run_in(&partial, &["diff"]).exits(0).says("Both declare the same");
    let n_packs = || fs::read_dir(partial.join(".git/objects/pack")).unwrap().count();
    let before = n_packs();
    let ran = run_in(&partial, &["diff", "--from", "HEAD~1"]).exits(78).says("GIT-2").one_message();
    assert!(ran.err.contains("git fetch --refetch --no-filter"), "{}", ran.err);
    run_in(&partial, &["plan", "--rev", "HEAD~1"]).says("GIT-2");
    assert_eq!(n_packs(), before, "nothing was fetched");
    // The cure cures.
    git(&partial, &["fetch", "--quiet", "--refetch", "--no-filter"]);
    run_in(&partial, &["diff", "--from", "HEAD~1"]).exits(0).says("0 added, 1 changed");
}

#[cfg(unix)]
#[test]
fn git_3_a_repository_of_another_user_is_not_read() {
    use std::os::unix::fs::MetadataExt as _;
    let repo = Repo::new();
    if fs::metadata(&repo.project.root).unwrap().uid() != 0 {
        println!("not run as root: nothing can be given to another user, so GIT-3 is not tried");
        return;
    }
    let status = Command::new("chown").args(["-R", "12345"]).arg(&repo.project.root).status().unwrap();
    assert!(status.success());
    let with = |words: &[&str], config: &Path| {
        let mut command = repo.command(words);
        // The user's configuration, for both readers.
        command.env("HOME", config).env_remove("SUDO_UID");
        run(command)
    };
    let home = tempfile::tempdir().unwrap();
    with(&["diff"], home.path()).exits(78).says("GIT-3").says("safe.directory").one_message();
    // Without revisions, a plan goes without them, and says so.
    with(&["plan"], home.path()).exits(1).says("GIT-3").says("connection refused");
    let trust = format!("[safe]\n\tdirectory = {}\n", repo.project.root.display());
    fs::write(home.path().join(".gitconfig"), trust).unwrap();
    with(&["diff"], home.path()).exits(0);
}

#[test]
fn git_4_other_forms_of_repositories_are_read_with_the_git_program() {
    let server = Server::start();
    for form in [
        &["--ref-format=reftable"][..],
        &["--object-format=sha256"],
        &["--ref-format=reftable", "--object-format=sha256"],
    ] {
        let repo = Repo::at(&server.url, &server.token, form);
        repo.git(&["checkout", "--quiet", "-b", "topic"]);
        repo.project.replace("delivery/7zip.yaml", "/S", "/quiet");
        let commit = repo.commit("second");
        assert_eq!(
            told(&repo.diff(&["--from", "main", "--to", "topic", "--merge-base"])),
            ["update program/7-Zip/Install spec.commandLine"]
        );
        repo.run(&["diff", "--detailed-exitcode"]).exits(0);
        repo.run(&["diff", "--from", "-x"]).exits(64);
        repo.run(&["diff", "--from=--help"]).exits(64).says("GIT-5");
        let plan = repo.run(&["plan", "--base", "main", "--format", "json"]).exits(0).json();
        assert_eq!(plan["origin"]["commit"], Value::String(commit));
        assert_eq!(plan["origin"]["branch"], "topic");
        assert_eq!(plan["origin"]["clean"], true);
        assert_eq!(plan["origin"]["base"]["behind"], 0);
        repo.run(&["plan", "--rev", "main"]).exits(0);
        repo.run(&["plan", "--rev", "nothing"]).exits(64).says("GIT-5");
        // No program, no such repository.
        let nowhere = tempfile::tempdir().unwrap();
        let mut command = repo.command(&["diff"]);
        command.env("PATH", nowhere.path());
        run(command).exits(78).says("GIT-4").one_message();
    }
}

#[cfg(unix)]
#[test]
fn nothing_that_a_repository_names_is_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start();
    for form in [&[][..], &["--ref-format=reftable"]] {
        let repo = Repo::at(&server.url, &server.token, form);
        let marker = repo.project.root.parent().unwrap().join("marker");
        drop(fs::remove_file(&marker));
        let script = repo.project.path(".git/evil");
        fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", marker.display())).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        repo.project.write(".gitattributes", "*.yaml filter=evil diff=evil\n");
        repo.commit("attributes");
        let script = script.to_str().unwrap();
        for name in [
            "core.fsmonitor",
            "core.pager",
            "core.sshCommand",
            "core.alternateRefsCommand",
            "core.gitProxy",
            "diff.external",
            "diff.evil.textconv",
            "filter.evil.clean",
            "filter.evil.smudge",
            "filter.evil.process",
            "credential.helper",
            "alias.rev-parse",
        ] {
            repo.git(&["config", name, script]);
        }
        for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
            let path = repo.project.path(&format!(".git/hooks/{hook}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(script, &path).unwrap();
        }
        repo.project.replace("delivery/7zip.yaml", "/S", "/quiet");
        repo.run(&["diff", "--from", "main~1"]).exits(0).says("1 changed");
        repo.run(&["diff", "--from", "main~1", "--to", "main", "--merge-base"]).exits(0);
        repo.run(&["plan", "--rev", "main", "--base", "main~1"]).exits(0);
        repo.run(&["plan"]).exits(0).says("not committed");
        assert!(!marker.exists(), "something was run ({form:?})");
    }
}

#[test]
fn a_project_outside_of_git_is_planned_as_ever() {
    let server = Server::start();
    let project = Project::of(&server, "", &[("7zip.yaml", PACKAGE), ("site.yaml", SITE)]);
    let plan = project.run(&["plan", "--format", "json"]).exits(0).json();
    assert_eq!(plan.get("origin"), None);
    project.run(&["diff"]).exits(78).says("is in no Git repository").one_message();
    project.run(&["plan", "--rev", "HEAD"]).exits(78).one_message();
    // A repository without a commit, and a project below its top.
    git(&project.root, &["init", "--quiet", "--initial-branch=main"]);
    project.run(&["plan"]).exits(0);
    project.run(&["diff"]).exits(64).says("GIT-5");
    let repo = tempfile::tempdir().unwrap();
    let root = repo.path().canonicalize().unwrap();
    git(&root, &["init", "--quiet", "--initial-branch=main"]);
    fs::create_dir_all(root.join("sites/[one]/delivery")).unwrap();
    let below = root.join("sites/[one]");
    fs::copy(project.path("consign.yaml"), below.join("consign.yaml")).unwrap();
    fs::write(below.join("delivery/7zip.yaml"), PACKAGE).unwrap();
    fs::write(root.join("other.yaml"), "{").unwrap();
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "-m", "first"]);
    fs::write(below.join("delivery/7zip.yaml"), PACKAGE.replace("/S", "/quiet")).unwrap();
    run_in(&below, &["diff"]).exits(0).says("0 added, 1 changed");
    git(&root, &["mv", "sites", "places"]);
    git(&root, &["commit", "--quiet", "-m", "moved"]);
    run_in(&root.join("places/[one]"), &["diff", "--from", "HEAD~1"]).exits(78).says("GIT-5");
}
