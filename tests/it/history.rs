//! A repository with a long history: what revisions say does not depend on how long it is, and neither does what is read
//! of it.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::git::Repo;
use crate::git::git_with;
use crate::git::told;
use crate::world::Server;

const COMMITS: usize = 50_000;
/// How many commits of each branch are kept when the rest is taken away.
const KEPT: usize = 60;
const INSTALL: &str = "update program/7-Zip/Install spec.commandLine";
const REMOVE: &str = "update program/7-Zip/Remove spec.commandLine";

/// So many commits on a branch, one a second, as `git fast-import` reads them; the last changes a manifest.
fn commits(branch: &str, from: &str, begin: usize, n: usize, manifest: &str) -> String {
    let mut out = String::new();
    for at in begin..begin + n {
        let time = 1_800_000_000 + at;
        let note = format!("note {at} of {branch}\n");
        write!(out, "commit refs/heads/{branch}\ncommitter A <a@example.com> {time} +0000\ndata 1\nx\n").unwrap();
        if at == begin {
            writeln!(out, "from {from}").unwrap();
        }
        writeln!(out, "M 100644 inline notes.txt\ndata {}\n{note}", note.len()).unwrap();
        if at + 1 == begin + n {
            writeln!(out, "M 100644 inline delivery/7zip.yaml\ndata {}\n{manifest}", manifest.len()).unwrap();
        }
    }
    out + "done\n"
}

fn import(repo: &Repo, stream: &str) {
    let words = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--done", "--force"];
    git_with(&repo.project.root, &words, stream.as_bytes());
}

/// A repository of so many commits, in which `topic` left `main` a few commits ago and `old` long ago.
fn long(server: &Server) -> Repo {
    let repo = Repo::at(&server.url, &server.token, &[]);
    let before = repo.project.read("delivery/7zip.yaml");
    let first = repo.git(&["rev-parse", "HEAD"]);
    let (topic, main) = (before.replace("/S", "/quiet"), before.replace("/U", "/remove"));
    import(&repo, &commits("main", &first, 0, COMMITS - 20, &before));
    import(&repo, &commits("topic", "refs/heads/main^0", COMMITS - 20, 8, &topic));
    import(&repo, &commits("main", "refs/heads/main^0", COMMITS - 20, 20, &main));
    import(&repo, &commits("old", &first, 100, 3, &topic));
    repo.git(&["checkout", "--quiet", "--force", "topic"]);
    repo
}

/// What the repository is asked, and what it answers.
fn ask(repo: &Repo) -> (Value, Value) {
    assert_eq!(told(&repo.diff(&["--from", "main", "--to", "topic", "--merge-base"])), [INSTALL]);
    assert_eq!(told(&repo.diff(&["--from", "topic", "--to", "main", "--merge-base"])), [REMOVE]);
    assert_eq!(told(&repo.diff(&["--from", "main", "--to", "topic"])), [INSTALL, REMOVE]);
    assert_eq!(told(&repo.diff(&["--from", "main~5"])), [INSTALL]);
    let plan = |words: &[&str]| {
        let mut plan = repo.run(&[&["plan", "--format", "json"], words].concat()).exits(0).json();
        for varies in ["timestamp", "expires", "hash"] {
            plan[varies] = Value::Null;
        }
        plan
    };
    let judged = plan(&["--base", "main", "--allow-behind"]);
    assert_eq!(judged["origin"]["base"]["behind"], 20);
    let main = plan(&["--rev", "main"]);
    assert_eq!(main["origin"]["commit"], Value::String(repo.git(&["rev-parse", "main"])));
    (judged, main)
}

#[test]
fn of_50_000_commits_those_since_the_branches_parted_are_read_and_no_others() {
    let server = Server::start();
    let repo = long(&server);
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), (COMMITS + 1).to_string());
    let whole = ask(&repo);
    // How far a branch is behind is counted right, however far that is.
    repo.run(&["plan", "--rev", "old", "--base", "main"]).exits(3).says(&format!("lacks {COMMITS} commits of `main`"));

    // The rest of the history is taken away: whoever looked at it would say that objects are missing (GIT-2).
    let list =
        repo.git(&["rev-list", "--objects", "--no-object-names", &format!("--max-count={KEPT}"), "main", "topic"]);
    let packs = repo.project.path(".git/objects/pack");
    let away = repo.project.root.parent().unwrap().join("away");
    fs::create_dir(&away).unwrap();
    let kept =
        git_with(&repo.project.root, &["pack-objects", "--quiet", "../away/kept"], format!("{list}\n").as_bytes());
    for file in fs::read_dir(&packs).unwrap().map(|file| file.unwrap().path()) {
        fs::remove_file(file).unwrap();
    }
    for ending in ["pack", "idx"] {
        fs::rename(away.join(format!("kept-{kept}.{ending}")), packs.join(format!("pack-{kept}.{ending}"))).unwrap();
    }
    repo.run(&["diff", "--from", &format!("main~{}", COMMITS / 2)]).exits(64).says("GIT-5");
    assert_eq!(ask(&repo), whole, "the same answers, without the commits before");
}
