//! `consign comment` against hosts that follow their documentation, and that fail as it says they do.

pub mod hosts;

use std::sync::OnceLock;
use std::time::Instant;

use serde_json::json;

use self::hosts::Api;
use self::hosts::HostAt;
use self::hosts::SIGNED;
use self::hosts::TOKEN;
use self::hosts::error;
use self::hosts::whole;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;
use crate::world::http;
use crate::world::run;

const MARKER: &str = "<!-- consign:plan server=lab dir=. -->";

/// A plan with changes, and one without.
fn plans() -> &'static (String, String) {
    static PLANS: OnceLock<(String, String)> = OnceLock::new();
    PLANS.get_or_init(|| {
        let server = Server::start();
        let project = Project::of_example("tour", &server);
        project.run(&["plan", "--out", "change.plan"]).exits(0);
        let full = project.read("change.plan");
        project.apply();
        project.run(&["plan", "--out", "empty.plan"]).exits(0);
        (full, project.read("empty.plan"))
    })
}

/// A project with both plans, in the pipeline of a host.
struct Pipeline {
    project: Project,
    host: HostAt,
}

impl Pipeline {
    fn of(api: Api) -> Self {
        let (full, empty) = plans();
        let project = Project::at("http://127.0.0.1:1", "unused", "", &[]);
        project.write("change.plan", full);
        project.write("empty.plan", empty);
        Self { project, host: HostAt::start(api) }
    }

    #[track_caller]
    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.project.command(arguments);
        command.envs(self.host.variables()).envs(variables.iter().copied());
        command.env("CONSIGN_LOG", "trace").env("CONSIGN_HTTP_TIMEOUT", "5s");
        let ran = run(command);
        assert_plain(&ran);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(!said.contains(TOKEN) && !said.contains("canary-claims"), "the token is shown:\n{said}");
        // What it logs is not what is looked at.
        let is_log = |line: &&str| !line.contains(" TRACE ") && !line.contains(" DEBUG ") && !line.contains(" INFO ");
        let err = ran.err.lines().filter(is_log).map(|line| format!("{line}\n")).collect();
        Ran { err, ..ran }
    }

    #[track_caller]
    fn comment(&self, flags: &[&str]) -> Ran {
        self.run_with(&[&["comment", "change.plan"], flags].concat(), &[])
    }

    /// It fails with one message, which says this; and no comment was lost for it.
    #[track_caller]
    fn fails(&self, flags: &[&str], code: i32, says: &str) {
        let before: Vec<String> = self.host.rows().into_iter().map(|row| row.body).collect();
        self.comment(flags).exits(code).one_message().says(says);
        let after: Vec<String> = self.host.rows().into_iter().map(|row| row.body).collect();
        assert_eq!(before, after);
    }
}

fn marked(text: &str) -> String {
    format!("{MARKER}\n### {text}\n")
}

#[test]
fn a_comment_is_written_once_and_then_kept_up_to_date() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.comment(&[]).exits(0).says("The comment was written: ");
        let rows = at.host.rows();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].body.starts_with(&format!("{MARKER}\n### consign plan: `lab`")), "{}", rows[0].body);
        assert_eq!(rows[0].status, 1, "there is something to do: the thread is open");

        let n = at.host.writes().len();
        at.comment(&["--update"]).exits(0).says("The comment says so already: ");
        assert_eq!(at.host.writes().len(), n, "nothing was written for what is said already");

        at.run_with(&["comment", "empty.plan"], &[]).exits(0).says("The comment was updated: ");
        let now = at.host.rows();
        assert_eq!(now.len(), 1);
        assert_ne!(now[0].body, rows[0].body);
        let closed = if api == Api::Azure { 4 } else { 1 };
        assert_eq!(now[0].status, closed, "there is nothing left to do");
    }
}

#[test]
fn the_own_comment_is_found_over_all_pages_and_nobody_elses_is_touched() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.host.state().page = 7;
        let strangers = at.host.put("903", &marked("somebody pasted our marker"));
        for n in 0..60 {
            at.host.put("903", &format!("remark {n}"));
        }
        let quoted = at.host.mine(&format!("> {MARKER}\n\nabout the plan"));
        let other = at.host.mine("<!-- consign:plan server=other dir=. -->\n### other");
        let mine = at.host.mine(&marked("before"));
        for n in 0..60 {
            at.host.put("903", &format!("later remark {n}"));
        }
        at.comment(&[]).exits(0).says("The comment was updated: ").says(&mine.to_string());
        assert!(at.host.row(mine).body.contains("consign plan: `lab`"));
        for (id, text) in [(strangers, "pasted"), (quoted, "about the plan"), (other, "### other")] {
            assert!(at.host.row(id).body.contains(text), "{api:?}");
        }
        assert_eq!(at.host.rows().len(), 124);
        assert!(at.host.writes().len() <= 2, "one text and, on Azure DevOps, one state");
    }
}

#[test]
fn of_two_comments_the_newest_is_updated_and_the_other_hidden() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        let (old, new) = (at.host.mine(&marked("one")), at.host.mine(&marked("two")));
        at.comment(&[]).exits(0).says("updated").says("1 earlier hidden");
        assert!(at.host.row(new).body.contains("consign plan"));
        assert!(at.host.row(old).is_hidden && at.host.row(old).body.contains("### one"), "{:?}", at.host.row(old));
        let n = at.host.writes().len();
        at.comment(&[]).exits(0).says("says so already");
        assert_eq!(at.host.writes().len(), n, "{api:?}: what is hidden is not hidden again");
    }
}

#[test]
fn an_old_one_that_cannot_be_hidden_is_named() {
    let at = Pipeline::of(Api::GitHub);
    let (old, _) = (at.host.mine(&marked("one")), at.host.mine(&marked("two")));
    let refused = json!({ "data": { "minimizeComment": null }, "errors": [{ "type": "FORBIDDEN",
        "path": ["minimizeComment"], "message": "Resource not accessible by integration" }] });
    at.host.fails(("POST", "minimizeComment"), 9, error(200, &[], &refused));
    at.comment(&[]).exits(0).says("updated").says(&format!(
        "warning: earlier comments could not be hidden (https://github.test/estate/delivery/pull/7#issuecomment-{old}"
    ));
    at.comment(&["--hide-old"])
        .exits(1)
        .one_message()
        .says("Resource not accessible by integration")
        .says("The comment was written");
    assert_eq!(at.host.rows().len(), 3);
}

#[test]
fn earlier_ones_are_hidden_or_deleted_after_the_new_one_is_written() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        let old = [at.host.mine(&marked("one")), at.host.mine(&marked("two"))];
        at.comment(&["--hide-old"]).exits(0).says("The comment was written").says("2 earlier hidden");
        assert!(old.iter().all(|id| at.host.row(*id).is_hidden));
        assert_eq!(at.host.writes()[0].method, "POST", "the new one comes first");
        let shown: Vec<_> = at.host.rows().into_iter().filter(|row| !row.is_hidden).collect();
        assert_eq!(shown.len(), 1);

        at.comment(&["--replace"]).exits(0).says("The comment was written").says("1 earlier deleted");
        let rows = at.host.rows();
        assert_eq!(rows.len(), 3, "what was hidden stays");
        assert!(rows.iter().all(|row| row.id != shown[0].id));
    }
    Pipeline::of(Api::GitHub).comment(&["--replace", "--hide-old"]).exits(64);
}

#[test]
fn a_plan_without_changes_says_so_only_over_an_earlier_comment() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        let skip = ["comment", "empty.plan", "--skip-no-diff"];
        at.run_with(&skip, &[]).exits(0).says("No comment was written");
        assert!(at.host.rows().is_empty());
        at.comment(&["--skip-no-diff"]).exits(0).says("The comment was written");
        at.run_with(&skip, &[]).exits(0).says("The comment was updated");
        assert_eq!(at.host.rows().len(), 1);
    }
}

#[test]
fn a_token_that_is_wrong_missing_or_too_weak_is_one_message() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        for (variable, code, says) in [
            (("CONSIGN_COMMENT_TOKEN", "canary-of-another-token"), 78, "refused the token"),
            (("CONSIGN_COMMENT_TOKEN", "canary\nline"), 78, "the token holds characters that no token has"),
        ] {
            let ran = at.run_with(&["comment", "change.plan"], &[variable]).exits(code).one_message().says(says);
            assert!(!ran.err.contains("canary"), "{}", ran.err);
        }
        at.project.write("the.token", &format!("{TOKEN}\n"));
        at.run_with(&["comment", "change.plan", "--token-file", "the.token"], &[("CONSIGN_COMMENT_TOKEN", "wrong")])
            .exits(0);
        let mut command = at.project.command(&["comment", "change.plan"]);
        command.envs(at.host.variables().into_iter().filter(|(name, _)| !name.ends_with("TOKEN")));
        run(command).exits(78).one_message().says("there is no token: CONSIGN_COMMENT_TOKEN, ").says("help: ");
    }
    let at = Pipeline::of(Api::Azure);
    at.run_with(&["comment", "change.plan"], &[("SYSTEM_ACCESSTOKEN", SIGNED)]).exits(0);
    let forbidden = json!({ "message": format!("Resource not accessible by integration {TOKEN}"),
        "documentation_url": "https://docs.github.test/rest" });
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.host.fails(("POST", ""), 99, error(403, &[], &forbidden));
        at.fails(&[], 1, "the token may not do this: Resource not accessible by integration");
    }
}

#[test]
fn a_pull_request_that_is_not_there_is_one_message() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.fails(&["--pull-request", "8"], 1, "there is no ");
        at.fails(&["--pull-request", "8"], 1, "request 8 in ");
    }
    let at = Pipeline::of(Api::GitHub);
    at.fails(&["--repository", "delivery"], 64, "it is called OWNER/NAME");
    at.fails(&["--repository", "../../x"], 64, "it is called OWNER/NAME");
    at.fails(&["--api", "http://192.0.2.1/api/v3"], 78, "plain `http`");
    at.fails(&["--api", "https://user:canary@host.test"], 78, "the API's address is no URL, or holds what it must not");
}

#[test]
fn what_passes_is_tried_again() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        let busy = json!({ "message": "try again" });
        at.host.fails(("GET", ""), 1, error(429, &[("Retry-After", "1")], &busy));
        at.host.fails(("GET", ""), 1, error(502, &[], &busy));
        at.host.fails(("GET", ""), 1, http("503 X", "text/html", "<html>down</html>"));
        let begun = Instant::now();
        at.comment(&[]).exits(0).says("The comment was written");
        assert!(begun.elapsed().as_secs_f64() >= 1.0, "it comes back no sooner than it was asked to");
        assert_eq!(at.host.rows().len(), 1);
        // A connection that is cut in the middle of its answer.
        let cut = whole(200, &[("Content-Type".to_owned(), "application/json".to_owned())], "[{\"id\": 1, ");
        at.host.fails(("GET", ""), 2, cut[..cut.len() - 4].to_vec());
        at.host.fails(("GET", ""), 1, cut);
        at.comment(&[]).exits(0).says("says so already");
    }
}

#[test]
fn what_does_not_pass_ends_with_one_message() {
    for api in Api::ALL {
        let busy = json!({ "message": "too many" });
        let at = Pipeline::of(api);
        at.host.fails(("GET", ""), 99, error(502, &[], &busy));
        at.fails(&[], 1, "the host takes no requests now (HTTP 502)");
        assert_eq!(at.host.state().calls.len(), 4, "four attempts");
        let at = Pipeline::of(api);
        at.host.fails(("GET", ""), 99, error(429, &[("Retry-After", "3600")], &busy));
        at.fails(&[], 1, "it asks to wait 3600 s");
        assert_eq!(at.host.state().calls.len(), 1, "no request while the host wants none");
        let at = Pipeline::of(api);
        at.host.fails(("GET", ""), 99, http("200 OK", "text/html", "<html>please log in</html>"));
        at.fails(&[], 1, "a login page, or a proxy?");
        let at = Pipeline::of(api);
        at.host.fails(("GET", ""), 99, whole(301, &[("Location".to_owned(), "http://192.0.2.1/".to_owned())], ""));
        at.fails(&[], 1, "HTTP 301 leads elsewhere");
        let at = Pipeline::of(api);
        at.host.fails(("GET", ""), 99, error(200, &[], &json!({ "surprise": [] })));
        at.fails(&[], 1, "does not follow its API");
    }
}

#[test]
fn a_limit_that_comes_as_403_is_a_limit() {
    let at = Pipeline::of(Api::GitHub);
    let secondary = json!({ "message": "You have exceeded a secondary rate limit. Please wait a few minutes." });
    at.host.fails(("GET", ""), 1, error(403, &[("Retry-After", "1")], &secondary));
    at.host.fails(("POST", "/issues/7"), 2, error(403, &[("retry-after", "0")], &secondary));
    at.comment(&[]).exits(0).says("The comment was written");
    assert_eq!(at.host.rows().len(), 1);
    let reset = (jiff::Timestamp::now().as_second() + 1_800).to_string();
    let primary = json!({ "message": "API rate limit exceeded for installation." });
    let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
    at.host.fails(("GET", ""), 9, error(403, &headers, &primary));
    at.fails(&[], 1, "(HTTP 403, it asks to wait 1");
}

#[test]
fn a_list_that_is_short_is_never_taken_for_all() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.host.state().page = 3;
        for n in 0..5 {
            at.host.put("903", &format!("remark {n}"));
        }
        at.host.state().lie = 2;
        at.fails(&[], 1, "a list did not come in full");
        at.host.state().lie = 0;
        at.comment(&[]).exits(0).says("The comment was written");
    }
}

#[test]
fn a_comment_whose_answer_is_lost_is_not_written_twice() {
    for api in Api::ALL {
        for answer in [error(502, &[], &json!({})), Vec::new(), error(201, &[], &json!({}))[..60].to_vec()] {
            let at = Pipeline::of(api);
            let comments = if api == Api::Azure {
                "threads"
            } else if api == Api::GitLab {
                "notes"
            } else {
                "/comments"
            };
            at.host.loses(("POST", comments), 1, answer.clone());
            at.comment(&[]).exits(0).says("The comment was written: ");
            assert_eq!(at.host.rows().len(), 1, "{api:?}");
            // And one that was not taken is written.
            let at = Pipeline::of(api);
            at.host.fails(("POST", comments), 2, answer);
            at.comment(&[]).exits(0).says("The comment was written: ");
            assert_eq!(at.host.rows().len(), 1, "{api:?}");
        }
    }
}

#[test]
fn a_host_that_takes_less_than_it_should_gets_a_shorter_comment() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.host.state().longest = 2_100;
        at.comment(&[]).exits(0).says("The comment was written").says("the comment was cut to 2100");
        let body = at.host.rows()[0].body.clone();
        assert!(
            body.encode_utf16().count() <= 2_100 && body.starts_with(MARKER) && body.contains("exit code"),
            "{body}"
        );
        assert!(body.matches("```").count().is_multiple_of(2), "every fence is closed: {body}");
        assert_eq!(body.matches("<details>").count(), body.matches("</details>").count());
        at.host.state().longest = 300;
        at.host.state().rows.clear();
        at.fails(&[], 1, "longer than the host takes");
    }
}

#[test]
fn a_comment_that_goes_away_meanwhile_is_written_anew() {
    for api in Api::ALL {
        let at = Pipeline::of(api);
        at.host.mine(&marked("one"));
        let method = if api == Api::GitLab { "PUT" } else { "PATCH" };
        at.host.fails((method, ""), 1, error(404, &[], &json!({ "message": "Not Found" })));
        at.comment(&[]).exits(0).says("The comment was written: ");
        assert_eq!(at.host.rows().len(), 2);
    }
}

#[test]
fn a_next_page_on_another_server_is_not_followed() {
    let at = Pipeline::of(Api::GitHub);
    let elsewhere = HostAt::start(Api::GitHub);
    let link = format!("<{}/api/v3/x?page=2>; rel=\"next\"", elsewhere.fake.url);
    at.host.fails(("GET", ""), 1, error(200, &[("Link", &link)], &json!([])));
    at.fails(&[], 1, "on another server");
    assert!(elsewhere.state().calls.is_empty(), "the token went elsewhere");
}

#[test]
fn a_host_that_is_down_and_a_plan_that_is_none_are_told_apart() {
    let at = Pipeline::of(Api::GitHub);
    at.fails(&["--api", "http://127.0.0.1:1/api/v3"], 1, "`http://127.0.0.1:1` gave no answer: cannot connect");
    at.project.replace("change.plan", "\"applyable\"", "\"applicable\"");
    at.fails(&[], 65, "was changed after it was made");
    assert!(at.host.state().calls.is_empty());
}

#[test]
fn a_plan_that_fills_every_limit_is_taken_whole_and_folded_away_later() {
    let mut plan = consign::plan::file::read(plans().0.as_bytes()).unwrap();
    for n in 0..6_000 {
        plan.findings.push(consign::plan::Finding {
            rule: "PLN-4".to_owned(),
            severity: consign::model::project::Severity::Warning,
            subject: format!("task/Größe 👍 {n}"),
            message: "ein Text, der länger ist als nötig 👍 ".repeat(8),
            help: String::new(),
        });
    }
    plan.hash = consign::plan::file::hash(&plan);
    for (api, longest) in [(Api::GitHub, 65_536), (Api::GitLab, 1_000_000), (Api::Azure, 150_000)] {
        let at = Pipeline::of(api);
        at.host.state().longest = longest;
        at.project.write("change.plan", &consign::plan::file::write(&plan));
        let ran = at.comment(&[]).exits(0).says("The comment was written");
        assert!(!ran.err.contains("cut"), "{}", ran.err);
        let size = at.host.rows()[0].body.encode_utf16().count();
        assert!(size > longest / 4, "{api:?}: {size} of {longest}: the limit is not tried");
        at.comment(&["--hide-old"]).exits(0).says("1 earlier hidden");
        let rows = at.host.rows();
        assert!(rows[0].is_hidden && !rows[1].is_hidden);
    }
}

#[test]
fn a_comment_that_cannot_name_all_that_is_lost_says_so_and_fails() {
    const N: usize = 2_500;
    let server = Server::start();
    let mut manifest =
        "apiVersion: consign/v1\nkind: Package\nmetadata: {name: Suite}\nspec:\n  source: {unc: '\\\\files\\suite'}\n  programs:\n"
            .to_owned();
    for n in 0..N {
        let name = format!("Take off part {n} of the suite, as it was before the year turned");
        manifest
            .push_str(&format!("    - {{name: '{name}', commandLine: msiexec.exe /i part-{n}.msi /qn /norestart}}\n"));
    }
    // Programs that computers may have run before, and that remove what they brought.
    let project = Project::of(&server, "", &[("suite.yaml", &manifest)]);
    project.apply();
    project.write("delivery/suite.yaml", &manifest.replace("msiexec.exe /i", "msiexec.exe /x"));
    project.run(&["plan", "--out", "change.plan"]).exits(0).says("2,500 items uninstall software: program/Suite/");
    for (api, longest) in [(Api::GitHub, 65_536), (Api::GitLab, 1_000_000), (Api::Azure, 150_000)] {
        let at = Pipeline::of(api);
        at.host.state().longest = longest;
        at.project.write("change.plan", &project.read("change.plan"));
        let ran = at.comment(&[]).says("The comment was written");
        let body = at.host.rows()[0].body.clone();
        if api == Api::GitLab {
            ran.exits(0);
            assert!((0..N).all(|n| body.contains(&format!("part {n} of"))), "it has room for all of them");
            continue;
        }
        ran.exits(3).says("has no room to name ").one_message();
        assert!(body.contains("of what is lost have no room here and are not named"), "{body:.600}");
        // What has room is named with what changes, and the rest is counted.
        let named = body.matches("! ~ program/Suite/Take off part").count();
        let left = match N - named {
            few @ 0..1000 => few.to_string(),
            many => format!("{},{:03}", many / 1000, many % 1000),
        };
        assert!(named > 200 && body.contains(&format!("{left} of what is lost")), "{api:?}: {named}");
        // Nothing is written for what is said already, and that is no less true.
        at.comment(&[]).exits(3).says("says so already").says("has no room to name ");
    }
}
