//! The whole way of one change, as docs/pipelines.md tells it: a branch, a plan against a live server, a comment on the pull request,
//! a limit that stops it, the acknowledgement, the merge, the apply of the very plan that was reviewed, drift.
//!
//! The comment there and README's picture of the report are what this test saw. `CONSIGN_WRITE_STORY=1 cargo test story` writes
//! them again; without it the test compares the comment, but for what differs each time.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::browser::Browser;
use crate::comment::hosts::Api;
use crate::comment::hosts::HostAt;
use crate::git::git;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::consign;
use crate::world::run;

/// The file that the change is in.
const SEQUENCE: &str = "delivery/sequences/new-desktop.yaml";
/// How many computers the server knows, and what they follow from.
const COMPUTERS: &str = "2000";
const SEED: &str = "7";
/// Where the manual holds the comment, and the picture is.
const BEGIN: &str = "<!-- story: the comment -->\n";
const END: &str = "<!-- story: end -->\n";
const PICTURE: &str = "docs/report.png";

/// A repository at its host, the clone that somebody works in, the server, and the pull request.
struct Story {
    project: Project,
    server: Server,
    host: HostAt,
}

impl Story {
    fn begin() -> Self {
        let server = Server::start();
        let project = Project::of_example("tour", &server);
        project.write(".gitignore", "token\n.consign/\n*.plan\n*.html\ncomputers.ndjson\n");
        let host = HostAt::start(Api::GitHub);
        let story = Self { project, server, host };
        story.git(&["init", "--quiet", "--initial-branch=main"]);
        let origin = story.project.root.with_file_name("origin.git");
        git(
            story.project.root.parent().unwrap(),
            &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"],
        );
        story.git(&["remote", "add", "origin", origin.to_str().unwrap()]);
        story.commit("the estate");
        story.git(&["push", "--quiet", "origin", "main"]);
        story
    }

    #[track_caller]
    fn git(&self, words: &[&str]) -> String {
        git(&self.project.root, words)
    }

    #[track_caller]
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// In the pipeline of the pull request: the host says what its target is.
    #[track_caller]
    fn review(&self, words: &[&str]) -> Ran {
        let mut command = self.project.command(words);
        command.envs(self.host.variables()).env("GITHUB_BASE_REF", "main").env("GITHUB_HEAD_REF", "reorder");
        command.env("GITHUB_REF_NAME", "7/merge");
        plain(command)
    }

    /// In the pipeline of the target.
    #[track_caller]
    fn deliver(&self, words: &[&str]) -> Ran {
        let mut command = self.project.command(words);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_REF_NAME", "main").env("GITHUB_REF", "refs/heads/main");
        plain(command)
    }

    /// Computers that live here, most of which ran the sequential task long ago.
    fn computers_live(&self) {
        let sequence = self.server.item("SequentialTask", "New desktop");
        let mut made = consign();
        made.args(["fleet", "--computers", COMPUTERS, "--seed", SEED, "--history", sequence["guid"].as_str().unwrap()]);
        let lines = run(made).exits(0).out;
        self.server.send("POST", "/v1/fleet", "application/x-ndjson", &lines).is(200);
    }

    fn comment(&self) -> String {
        let rows = self.host.rows();
        assert_eq!(rows.len(), 1, "there is one comment, however often it is told");
        rows[0].body.clone()
    }
}

#[track_caller]
fn plain(command: Command) -> Ran {
    let ran = run(command);
    assert_plain(&ran);
    ran
}

/// The number that stands before this word.
#[track_caller]
fn number_before(text: &str, word: &str) -> u64 {
    let (before, _) = text.split_once(word).unwrap_or_else(|| panic!("no `{word}` in\n{text}"));
    let digits: String = before.chars().rev().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
    digits.chars().rev().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// The lines that somebody pastes into the manifest: what stands in the comment's YAML fence, as it stands there.
#[track_caller]
fn to_paste(comment: &str) -> String {
    let (_, fence) = comment.split_once("```yaml\n").unwrap_or_else(|| panic!("nothing to paste in\n{comment}"));
    fence.split_once("```").unwrap().0.to_owned()
}

#[test]
fn one_change_goes_the_whole_way() {
    let story = Story::begin();
    let Story { project, server, host } = &story;
    story.deliver(&["apply", "--auto-approve"]).exits(0);
    story.computers_live();

    // A branch: two steps change places.
    story.git(&["switch", "--quiet", "--create", "reorder"]);
    project.edit(SEQUENCE, |text| {
        let (second, third) =
            ("{package: 7-Zip, program: Install}", "{package: Firefox ESR, program: Install, dependsOn: [1]}");
        text.replace(second, "-").replace(third, second).replace("- -", &format!("- {third}"))
    });
    story.commit("Firefox before 7-Zip");

    // The pull request's pipeline: planned against the live server, over a limit, and told.
    story.review(&["validate"]).exits(0);
    let plan = ["plan", "--out", "change.plan", "--html-into", "report.html"];
    let blocked = story.review(&plan).exits(3).says("SEQ-1").says("over the limit");
    story.review(&["comment", "change.plan"]).exits(0).says("The comment was written: ");
    let comment = story.comment();
    let again = number_before(&comment, " computers will re-run");
    assert!(again > 20, "more than the limit: {comment}");
    assert_eq!(number_before(&blocked.out, " computers will re-run"), again, "the screen and the comment say the same");
    assert!(comment.contains("| ❌ | `SEQ-1` |") && comment.contains("blocked"), "{comment}");
    assert!(project.read("report.html").contains("SEQ-1"));
    picture(&project.path("report.html"));
    readme_shows(&comment);
    // A blocked plan is not applied, whoever tries.
    story.deliver(&["apply", "change.plan"]).exits(3);
    let before = server.audit().len();

    // What the comment says to paste, with a reason.
    let paste = to_paste(&comment);
    assert!(paste.contains("acknowledge:") && paste.contains(&format!("upTo: {again}")), "{paste}");
    let lines: String = paste
        .lines()
        .skip_while(|line| line.trim() != "acknowledge:")
        .map(|line| format!("  {}\n", line.trim_end().trim_start_matches("  ")))
        .collect();
    project.edit(SEQUENCE, |text| {
        let head = "metadata: {name: New desktop, folder: Software Delivery/Sequences}\n";
        let name = "metadata:\n  name: New desktop\n  folder: Software Delivery/Sequences\n";
        text.replace(head, &format!("{name}{}", lines.replace("say why", "agreed with the service desk")))
    });
    story.commit("the service desk knows");
    story.review(&plan).exits(0);
    story.review(&["comment", "change.plan"]).exits(0).says("The comment was updated: ");
    let agreed = story.comment();
    assert!(agreed.contains("SEQ-1") && !agreed.contains("; blocked"), "{agreed}");
    assert_eq!(host.rows().len(), 1);
    assert_eq!(server.audit().len(), before, "nothing was written on the server for a review");

    // Merged; and that very plan is applied.
    let hash = serde_json::from_str::<serde_json::Value>(&project.read("change.plan")).unwrap()["hash"].clone();
    story.git(&["switch", "--quiet", "main"]);
    story.git(&["merge", "--quiet", "--no-ff", "-m", "Merge pull request 7", "reorder"]);
    story.git(&["push", "--quiet", "origin", "main"]);
    let guid = server.item("SequentialTask", "New desktop")["guid"].clone();
    story.deliver(&["apply", "change.plan", "--expect-plan-hash", hash.as_str().unwrap()]).exits(0);
    assert_ne!(server.item("SequentialTask", "New desktop")["guid"], guid, "SEQ-1: it is another task now");
    let told = server.writes();
    assert!(told.iter().any(|row| row["planHash"] == hash), "the audit names the plan");
    story.deliver(&["drift"]).exits(0);

    // Somebody at the console.
    let body = json!({ "name": "erika", "role": "administrator" });
    let token = server.ask("POST", "/v1/tokens", &[], Some(&body)).is(201).json();
    let item = server.item("Task", "Offer LibreOffice");
    let path = format!("/v1/items/{}", item["guid"].as_str().unwrap());
    let state = json!({ "name": item["name"], "folder": item["folder"], "attributes": item["attributes"],
        "spec": { "package": item["spec"]["package"], "program": item["spec"]["program"],
            "collections": item["spec"]["collections"], "run": { "type": "asSoonAsPossible" } } });
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let revision = format!("\"{}\"", item["revision"].as_str().unwrap());
    server.ask("PUT", &path, &[("If-Match", &revision), ("Authorization", &bearer)], Some(&state)).is(200);
    let row = server.audit().pop().unwrap();
    let (day, time) = row["time"].as_str().unwrap().split_once('T').unwrap();
    let found = story.deliver(&["drift", "--detailed-exitcode"]).exits(2);
    assert!(found.out.contains("task/Offer LibreOffice") && found.out.contains("spec.run"), "{}", found.out);
    assert!(
        found.out.contains(&format!("last update by erika (administrator) at {day} {} UTC, by no plan", &time[..8])),
        "{}",
        found.out
    );
}

/// What is another one each time, so that the rest can be compared.
fn without_chance(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        let is_hash = word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
        let is_time = word.len() >= 5 && word.chars().all(|c| c.is_ascii_digit() || "-:TZ.".contains(c));
        out.push_str(if is_hash || is_time { "…" } else { word });
        word.clear();
    };
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || "-:.".contains(character) {
            word.push(character);
        } else {
            flush(&mut word, &mut out);
            out.push(character);
        }
    }
    flush(&mut word, &mut out);
    out
}

fn is_written() -> bool {
    std::env::var_os("CONSIGN_WRITE_STORY").is_some()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The manual holds this comment.
#[track_caller]
fn readme_shows(comment: &str) {
    let path = repository().join("docs/pipelines.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the manual has the story's comment");
    let (shown, after) = rest.split_once(END).expect("the manual's comment ends");
    let fresh = format!("`````markdown\n{}\n`````\n", comment.trim_end());
    if is_written() {
        fs::write(&path, format!("{before}{BEGIN}{fresh}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            without_chance(shown),
            without_chance(&fresh),
            "the manual shows another comment; CONSIGN_WRITE_STORY=1 writes it"
        );
    }
}

/// The report as a browser shows it: README's picture.
#[track_caller]
fn picture(report: &Path) {
    let path = repository().join(PICTURE);
    let Some(mut browser) = Browser::start() else { return };
    browser.open(report);
    assert_eq!(browser.value("document.querySelectorAll('h1').length"), 1);
    let fresh = report.with_extension("png");
    assert!(browser.screenshot(&fresh) > 20_000, "the page is not empty");
    if is_written() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(&fresh, &path).unwrap();
    }
    let size = |path: &Path| fs::read(path).unwrap()[16..24].to_vec();
    assert_eq!(size(&path), size(&fresh), "README's picture has another size; CONSIGN_WRITE_STORY=1 makes it again");
}
