//! The pipelines that `consign init` writes, step by step as each host runs them: in a real repository, against a real
//! server, with the host's API at a local address. What is applied is what was reviewed.

mod azure;
mod github;
mod gitlab;
mod lint;
mod steps;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use self::steps::Event;
use self::steps::Names;
use self::steps::Ran;
use self::steps::Runner;
use self::steps::names;
use crate::comment::hosts::Api;
use crate::comment::hosts::HostAt;
use crate::comment::hosts::SIGNED;
use crate::comment::hosts::TOKEN;
use crate::world::Server;
use crate::world::clean;
use crate::world::consign;
use crate::world::http;
use crate::world::run;

const PROPOSAL: Event = Event::Proposal { fork: false };

/// The file of a host's pipeline, as `consign init` writes it for a project in a directory of its repository.
fn pipeline_file(api: Api, directory: &str) -> (String, String) {
    let root = tempfile::tempdir().unwrap();
    git(root.path(), &["init", "--quiet", "--initial-branch=main"]);
    init(root.path(), api, directory);
    let path = path_of(api);
    (path.to_owned(), fs::read_to_string(root.path().join(path)).unwrap())
}

fn path_of(api: Api) -> &'static str {
    match api {
        Api::GitHub => ".github/workflows/consign.yml",
        Api::GitLab => ".gitlab-ci.yml",
        Api::Azure => "azure-pipelines.yml",
    }
}

fn init(root: &Path, api: Api, directory: &str) {
    let host = match api {
        Api::GitHub => "github",
        Api::GitLab => "gitlab",
        Api::Azure => "azure",
    };
    let directory = if directory.is_empty() { "." } else { directory };
    let mut command = consign();
    command.current_dir(root).args(["init", directory, "--ci", host]);
    run(command).exits(0);
}

#[track_caller]
fn git(directory: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    clean(&mut command);
    command.current_dir(directory).args(["-c", "protocol.file.allow=always"]).args(words);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A person").env(format!("GIT_{who}_EMAIL"), "a@example.com");
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[track_caller]
fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// A host with a repository of a project, and a server that is as its main branch says.
struct World {
    api: Api,
    host: HostAt,
    server: Server,
    runner: Runner,
    read_token: String,
    apply_token: String,
    /// Where the project lies in the repository; empty: at its top.
    prefix: &'static str,
    root: PathBuf,
    _directory: TempDir,
}

impl World {
    /// `None`, and why, where the shell's tools are not there.
    fn new(api: Api, prefix: &'static str) -> Option<Self> {
        for tool in ["bash", "curl", "jq", "git"] {
            if Command::new(tool).arg("--version").output().is_err() {
                println!("skipped: there is no `{tool}`, which the hosts' runners have");
                return None;
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let server = Server::start();
        let token = |role: &str| {
            let made =
                server.ask("POST", "/v1/tokens", &[], Some(&json!({ "name": role, "role": role }))).is(201).json();
            made["token"].as_str().unwrap().to_owned()
        };
        let (read_token, apply_token) = (token("reader"), token("applier"));
        fs::create_dir_all(root.join("home")).unwrap();
        let runner = Runner::new(&root.join("home"));
        let host = HostAt::start(api);
        let world = Self { api, host, server, runner, read_token, apply_token, prefix, root, _directory: directory };
        world.begin();
        Some(world)
    }

    /// The main branch, with what `init` wrote, and the server as it says.
    fn begin(&self) {
        git(&self.root, &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
        git(&self.root, &["clone", "--quiet", "origin.git", "work"]);
        let work = self.work();
        git(&work, &["checkout", "--quiet", "-B", "main"]);
        init(&work, self.api, self.prefix);
        self.edit_project("http://127.0.0.1:7450", &self.server.url);
        self.commit("first");
        git(&work, &["push", "--quiet", "origin", "main"]);
        let mut command = consign();
        command
            .current_dir(self.project(&work))
            .args(["apply", "--auto-approve"])
            .env("CONSIGN_TOKEN", &self.server.token);
        run(command).exits(0);
    }

    fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    fn project(&self, checkout: &Path) -> PathBuf {
        checkout.join(self.prefix)
    }

    fn commit(&self, message: &str) -> String {
        git(&self.work(), &["add", "--all"]);
        git(&self.work(), &["commit", "--quiet", "-m", message]);
        git(&self.work(), &["rev-parse", "HEAD"])
    }

    /// Puts a text in the place of another in a manifest of the working copy.
    #[track_caller]
    fn edit(&self, file: &str, from: &str, to: &str) {
        replace(&self.project(&self.work()).join("delivery").join(file), from, to);
    }

    #[track_caller]
    fn edit_project(&self, from: &str, to: &str) {
        replace(&self.project(&self.work()).join("consign.yaml"), from, to);
    }

    /// A branch with one change: 7-Zip comes an hour later.
    fn propose(&self) -> String {
        git(&self.work(), &["checkout", "--quiet", "-b", "topic"]);
        self.edit("tasks/install-7-zip.yaml", "17:00", "18:00");
        let head = self.commit("an hour later");
        git(&self.work(), &["push", "--quiet", "origin", "topic"]);
        head
    }

    /// Merges the branch; the commit that comes of it.
    fn merge(&self) -> String {
        let work = self.work();
        git(&work, &["checkout", "--quiet", "main"]);
        git(&work, &["merge", "--quiet", "--no-ff", "-m", "Merge pull request 7", "topic"]);
        git(&work, &["push", "--quiet", "origin", "main"]);
        git(&work, &["rev-parse", "HEAD"])
    }

    /// A new clone, as the host's runner checks it out: for a proposal the merge result, which GitLab has only where it was
    /// paid for.
    fn checkout(&self, event: Event, name: &str) -> PathBuf {
        let to = self.root.join(name);
        git(&self.root, &["clone", "--quiet", "origin.git", name]);
        if event == PROPOSAL || event == (Event::Proposal { fork: true }) {
            git(&to, &["checkout", "--quiet", "--detach", "origin/topic"]);
            if self.api != Api::GitLab {
                git(&to, &["checkout", "--quiet", "--detach", "origin/main"]);
                git(&to, &["merge", "--quiet", "--no-ff", "-m", "Merge topic into main", "origin/topic"]);
            }
        } else {
            git(&to, &["checkout", "--quiet", "--detach", "origin/main"]);
        }
        to
    }

    fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// The plan that the proposal's pipeline kept, where the merge looks for it.
    fn kept_plan(&self) -> PathBuf {
        let below = match self.api {
            Api::GitHub | Api::Azure => PathBuf::from("consign-plan"),
            Api::GitLab => Path::new("plan").join(self.prefix).join("consign-out"),
        };
        self.artifacts().join(below).join("consign.plan")
    }

    /// The variables that the host documents.
    fn variables(&self, event: Event, commit: &str) -> Names {
        let mut all: Names = self.host.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let is_proposal = matches!(event, Event::Proposal { .. });
        all.extend(match (self.api, is_proposal) {
            (Api::GitHub, true) => {
                names([("GITHUB_BASE_REF", "main"), ("GITHUB_HEAD_REF", "topic"), ("GITHUB_REF_NAME", "7/merge")])
            }
            (Api::GitHub, false) => {
                names([("GITHUB_BASE_REF", ""), ("GITHUB_REF", "refs/heads/main"), ("GITHUB_REF_NAME", "main")])
            }
            (Api::GitLab, true) => names([
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "topic"),
            ]),
            (Api::Azure, true) => names([
                ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
                ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/topic"),
            ]),
            _ => Names::new(),
        });
        let at = ["GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION"];
        all.extend(at.map(|name| (name.to_owned(), commit.to_owned())));
        all.extend(names([("SYSTEM_TEAMPROJECTID", "3e7c"), ("SYSTEM_DEFINITIONID", "12")]));
        if !is_proposal {
            all.retain(|name, _| {
                !["CI_MERGE_REQUEST_IID", "SYSTEM_PULLREQUEST_PULLREQUESTID"].contains(&name.as_str())
            });
        }
        // A step has the tokens that the file gives it, and no other.
        all.retain(|name, _| !["GITHUB_TOKEN", "SYSTEM_ACCESSTOKEN"].contains(&name.as_str()));
        if self.api == Api::GitLab {
            if event != (Event::Proposal { fork: true }) {
                all.insert("CONSIGN_READ_TOKEN".to_owned(), self.read_token.clone());
            }
            // It is protected, and so are the branches that get it.
            if !is_proposal {
                all.insert("CONSIGN_APPLY_TOKEN".to_owned(), self.apply_token.clone());
            }
        }
        all
    }

    /// Runs the pipeline for an event, in a new checkout.
    fn runs(&self, event: Event, name: &str) -> Vec<Ran> {
        let checkout = self.checkout(event, name);
        let commit = git(&checkout, &["rev-parse", "HEAD"]);
        let file: Value = serde_yaml::from_str(&fs::read_to_string(checkout.join(path_of(self.api))).unwrap()).unwrap();
        let (runner, checkout, artifacts) = (&self.runner, checkout.as_path(), self.artifacts());
        let artifacts = artifacts.as_path();
        let variables = self.variables(event, &commit);
        let (read_token, apply_token) = (self.read_token.as_str(), self.apply_token.as_str());
        match self.api {
            Api::GitHub => {
                let token = TOKEN;
                github::Run { runner, event, checkout, artifacts, variables, read_token, apply_token, token }.all(&file)
            }
            Api::GitLab => gitlab::Run { runner, event, checkout, artifacts, variables }.all(&file),
            Api::Azure => {
                let token = SIGNED;
                azure::Run { runner, event, checkout, artifacts, variables, read_token, apply_token, token }.all(&file)
            }
        }
    }

    /// What the host tells of the merge: which request made the commit, and where its plan is.
    fn tells_of_the_merge(&self, head: &str, commit: &str) {
        match self.api {
            Api::GitHub => {
                let pulls = json!([
                    { "number": 6, "merge_commit_sha": "0".repeat(40), "head": { "sha": "1".repeat(40) } },
                    { "number": 7, "merge_commit_sha": commit, "head": { "sha": head } },
                ]);
                let home = &self.runner.home;
                fs::write(home.join("pulls.json"), pulls.to_string()).unwrap();
                let (home, artifacts, log) = (home.display(), self.artifacts(), self.runner.log("gh"));
                let (artifacts, log) = (artifacts.display(), log.display());
                self.runner.program(
                    "gh",
                    &format!(
                        "[ \"$GH_TOKEN\" = '{TOKEN}' ]\necho \"$*\" >> '{log}'\ncase \"$1 $2\" in\n\
                         \"api repos/estate/delivery/commits/{commit}/pulls\") jq -r \"$4\" < '{home}/pulls.json' ;;\n\
                         'run list') case \"$*\" in *'--commit {head} '*) echo '[{{\"databaseId\": 501}}]' ;; *) echo '[]' ;; esac \
                         | jq -r \"${{@: -1}}\" ;;\n\
                         'run download') [ \"$3\" = 501 ]; mkdir -p \"${{@: -1}}\"; cp -r '{artifacts}/consign-plan/.' \"${{@: -1}}\" ;;\n\
                         *) echo \"gh: $*\" >&2; exit 1 ;;\nesac\n"
                    ),
                );
            }
            Api::GitLab => {
                let requests = json!([
                    { "id": 91, "iid": 6, "state": "closed", "sha": commit, "merge_commit_sha": null, "squash_commit_sha": null },
                    { "id": 92, "iid": 7, "state": "merged", "sha": head, "merge_commit_sha": commit,
                      "squash_commit_sha": null, "milestone": { "iid": 3 } },
                ]);
                let json = |body: &str| http("200 OK", "application/json", body);
                self.host.fails(("GET", "/merge_requests"), 1, json(&requests.to_string()));
                let missing = http("404 Not Found", "application/json", "{\"message\":\"404 Not Found\"}");
                self.host.fails(("GET", "merge-requests%2F7%2Fmerge/raw"), 1, missing);
                if let Ok(plan) = fs::read_to_string(self.kept_plan()) {
                    self.host.fails(("GET", "merge-requests%2F7%2Fhead/raw"), 1, json(&plan));
                }
            }
            Api::Azure => {
                let found = json!({ "queries": [], "results": [{ (commit): [
                    { "pullRequestId": 6, "status": "abandoned" }, { "pullRequestId": 7, "status": "completed" }] }] });
                self.host.fails(
                    ("POST", "/pullrequestquery"),
                    1,
                    http("200 OK", "application/json", &found.to_string()),
                );
            }
        }
    }

    fn settled(&self) {
        let mut command = consign();
        command.current_dir(self.project(&self.work())).args(["plan", "--detailed-exitcode"]);
        command.env("CONSIGN_TOKEN", &self.server.token);
        run(command).exits(0);
    }
}

fn all_well(ran: &[Ran]) {
    for job in ran {
        assert_eq!(job.code, 0, "{}\n{}", job.name, job.said);
    }
}

fn job_names(ran: &[Ran]) -> Vec<&str> {
    ran.iter().map(|job| job.name.as_str()).collect()
}

/// The whole way: proposed, planned, told, merged, applied, watched.
fn whole_way(api: Api, prefix: &'static str) {
    let Some(world) = World::new(api, prefix) else { return };
    let before = world.server.writes();
    let head = world.propose();

    let ran = world.runs(PROPOSAL, "proposal");
    all_well(&ran);
    let expected = if api == Api::Azure { vec!["review"] } else { vec!["validate", "plan"] };
    assert_eq!(job_names(&ran), expected);
    assert_eq!(world.server.writes(), before, "a proposal writes nothing on the server");
    let plan: Value = serde_json::from_str(&fs::read_to_string(world.kept_plan()).unwrap()).unwrap();
    let hash = plan["hash"].as_str().unwrap();
    let comments = world.host.rows();
    assert_eq!(comments.len(), 1);
    assert!(
        comments[0].body.contains("task/Install 7-Zip") && comments[0].body.contains(&hash[..12]),
        "{}",
        comments[0].body
    );
    let installed = fs::read_to_string(world.runner.log("cargo")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for line in installed.lines() {
        assert!(
            line.starts_with(&format!("install --locked --version {version} --root ")) && line.ends_with(" consign"),
            "{line}"
        );
    }

    let commit = world.merge();
    world.tells_of_the_merge(&head, &commit);
    let ran = world.runs(Event::Merge, "merge");
    all_well(&ran);
    assert_eq!(job_names(&ran), ["apply"]);
    assert!(ran[0].said.contains(&format!("it is still plan {}, as approved", &hash[..12])), "{}", ran[0].said);
    let written = &world.server.writes()[before.len()..];
    assert_eq!(written.len(), 1, "{written:#?}");
    assert_eq!((&written[0]["planHash"], &written[0]["role"]), (&json!(hash), &json!("applier")), "{written:#?}");
    world.settled();

    all_well(&world.runs(Event::Night, "first-night"));
    world.change_on_the_console();
    let ran = world.runs(Event::Night, "second-night");
    assert_eq!((job_names(&ran), ran[0].code), (vec!["drift"], 2), "{}", ran[0].said);
    let kept = match api {
        Api::GitHub => PathBuf::from("consign-drift"),
        Api::GitLab => Path::new("drift").join(prefix).join("consign-out"),
        Api::Azure => PathBuf::from("consign-drift-1"),
    };
    let page = fs::read_to_string(world.artifacts().join(kept).join("drift.html")).unwrap();
    assert!(page.contains("Install 7-Zip"), "what was found is kept, though the job failed");
}

impl World {
    /// Somebody changes the task by hand.
    fn change_on_the_console(&self) {
        let checkout = self.root.join("console");
        git(&self.root, &["clone", "--quiet", "origin.git", "console"]);
        replace(&self.project(&checkout).join("delivery/tasks/install-7-zip.yaml"), "18:00", "11:00");
        let mut command = consign();
        command.current_dir(self.project(&checkout)).args(["apply", "--auto-approve"]);
        command.env("CONSIGN_TOKEN", &self.server.token);
        run(command).exits(0);
    }
}

#[test]
fn github_actions_go_the_whole_way() {
    whole_way(Api::GitHub, "");
}

#[test]
fn gitlab_ci_goes_the_whole_way() {
    whole_way(Api::GitLab, "");
}

#[test]
fn azure_pipelines_go_the_whole_way() {
    whole_way(Api::Azure, "");
}

#[test]
fn a_project_in_a_directory_of_its_repository_goes_the_same_way() {
    for api in Api::ALL {
        whole_way(api, "estate/delivery");
    }
}

/// What was merged is more than what was reviewed: somebody pushed to the branch in between, and the host let it through.
#[test]
fn what_was_not_approved_is_not_applied() {
    for api in Api::ALL {
        let Some(world) = World::new(api, "") else { return };
        let head = world.propose();
        all_well(&world.runs(PROPOSAL, "proposal"));
        world.edit("packages/7-zip.yaml", "/qn /norestart", "/qn /forcerestart");
        world.commit("and something else");
        let commit = world.merge();
        world.tells_of_the_merge(&head, &commit);
        let before = world.server.audit();
        let ran = world.runs(Event::Merge, "merge");
        assert_eq!(ran[0].code, 4, "{}", ran[0].said);
        assert!(ran[0].said.contains("to change it was not approved"), "{}", ran[0].said);
        assert!(ran[0].said.contains("This is not what was approved. Nothing was written"), "{}", ran[0].said);
        assert_eq!(world.server.audit(), before);
    }
}

#[test]
fn a_commit_that_no_request_brought_changes_nothing() {
    for api in Api::ALL {
        let Some(world) = World::new(api, "") else { return };
        world.propose();
        let commit = world.merge();
        match api {
            Api::GitHub => world.runner.program("gh", "[ \"$1\" = api ]; echo '[]' | jq -r \"$4\"\n"),
            Api::GitLab => world.host.fails(("GET", "/merge_requests"), 1, http("200 OK", "application/json", "[]")),
            Api::Azure => {
                let nothing = json!({ "queries": [], "results": [{}] });
                let answer = http("200 OK", "application/json", &nothing.to_string());
                world.host.fails(("POST", "/pullrequestquery"), 1, answer);
            }
        }
        world.refuses(&commit);
    }
}

#[test]
fn a_request_whose_pipeline_kept_no_plan_changes_nothing() {
    for api in Api::ALL {
        let Some(world) = World::new(api, "") else { return };
        let head = world.propose();
        let commit = world.merge();
        world.tells_of_the_merge(&head, &commit);
        world.refuses(&commit);
    }
}

impl World {
    /// Fails unless the merge ends with 4, and nothing was written.
    #[track_caller]
    fn refuses(&self, commit: &str) {
        let before = self.server.writes();
        let ran = self.runs(Event::Merge, "merge");
        assert_eq!(ran[0].code, 4, "{:?} {commit}: {}", self.api, ran[0].said);
        assert!(ran[0].said.contains("This is not what was approved"), "{}", ran[0].said);
        assert_eq!(self.server.writes(), before);
    }
}

/// What changes no manifest needs nobody's plan.
#[test]
fn a_merge_that_changes_nothing_there_goes_through() {
    for api in Api::ALL {
        let Some(world) = World::new(api, "") else { return };
        git(&world.work(), &["checkout", "--quiet", "-b", "topic"]);
        fs::write(world.work().join("README.md"), "about it\n").unwrap();
        let head = world.commit("about it");
        let commit = world.merge();
        world.tells_of_the_merge(&head, &commit);
        all_well(&world.runs(Event::Merge, "merge"));
    }
}

#[test]
fn a_plan_that_is_blocked_is_told_kept_and_not_approved() {
    for api in Api::ALL {
        let Some(world) = World::new(api, "") else { return };
        world.edit_project("prune: false", "prune: true");
        world.commit("what no manifest declares goes");
        git(&world.work(), &["push", "--quiet", "origin", "main"]);
        git(&world.work(), &["checkout", "--quiet", "-b", "topic"]);
        git(&world.work(), &["rm", "--quiet", "-r", "delivery/tasks", "delivery/packages", "delivery/windows.yaml"]);
        world.commit("spring cleaning");
        git(&world.work(), &["push", "--quiet", "origin", "topic"]);
        let ran = world.runs(PROPOSAL, "proposal");
        let plan = ran.last().unwrap();
        assert_eq!(plan.code, 3, "{api:?}: {}", plan.said);
        assert!(plan.said.contains("Blocked by the policy"), "{}", plan.said);
        assert_eq!(world.host.rows().len(), 1, "{api:?}: {}", plan.said);
        assert!(world.host.rows()[0].body.contains("blocked"), "{}", world.host.rows()[0].body);
        assert_eq!(
            world.kept_plan().exists(),
            api != Api::Azure,
            "Azure looks for the artifact of any build that went well"
        );
    }
}

#[test]
fn a_fork_is_validated_and_gets_no_secret() {
    for api in Api::ALL {
        let Some(world) = World::new(api, "") else { return };
        world.propose();
        let ran = world.runs(Event::Proposal { fork: true }, "proposal");
        all_well(&ran);
        let expected = if api == Api::Azure { "review" } else { "validate" };
        assert_eq!(job_names(&ran), [expected]);
        assert!(!ran[0].steps.contains(&"Plan".to_owned()), "{:?}", ran[0].steps);
        assert!(world.host.rows().is_empty() && !world.kept_plan().exists());
    }
}
