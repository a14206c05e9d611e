//! `consign drift --issue` against trackers that follow their documentation: shapes, pages, limits, errors.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use base64::Engine;
use serde_json::Value;
use serde_json::json;

use crate::comment::hosts::Api;
use crate::comment::hosts::Fault;
use crate::world::Fake;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::run;

const TOKEN: &str = "canary-3e19-token-of-the-tracker";
const MARKER: &str = "<!-- consign:drift server=lab dir=. -->";

const ALL: [Api; 3] = Api::ALL;
const ME: &str = "501";
const SOMEBODY: &str = "903";

#[derive(Clone, Debug)]
struct Row {
    id: u64,
    author: String,
    title: String,
    body: String,
    tags: String,
    is_open: bool,
    is_pull_request: bool,
    words: Vec<String>,
}

#[derive(Default)]
struct State {
    rows: Vec<Row>,
    writes: Vec<String>,
    faults: Vec<Fault>,
    page: usize,
    url: String,
}

struct Tracker {
    api: Api,
    fake: Fake,
    state: Arc<Mutex<State>>,
}

type Answer = (u16, Vec<(String, String)>, Value);

fn whole(status: u16, headers: &[(String, String)], body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let mut head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}").into_bytes()
}

fn ok(status: u16, body: Value) -> Answer {
    (status, Vec::new(), body)
}

struct Call {
    method: String,
    path: String,
    query: String,
    head: String,
    body: Value,
}

impl Call {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            head: head.to_ascii_lowercase(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(one, _)| *one == name)?.1.parse().ok()
    }
}

impl Tracker {
    fn start(api: Api) -> Self {
        let state = Arc::new(Mutex::new(State { page: 100, ..State::default() }));
        let inner = Arc::clone(&state);
        let fake = Fake::of_whole(move |bytes| {
            let call = Call::of(bytes);
            let mut state = inner.lock().unwrap();
            let hit = state
                .faults
                .iter_mut()
                .find(|fault| fault.times > 0 && call.method == fault.on.0 && call.path.contains(fault.on.1));
            let hit = hit.map(|fault| {
                fault.times -= 1;
                (fault.answer.clone(), fault.is_done)
            });
            if let Some((answer, false)) = hit {
                return Some(answer);
            }
            let (status, headers, body) = state.answer(api, &call);
            Some(hit.map_or_else(|| whole(status, &headers, &body), |(answer, _)| answer))
        });
        state.lock().unwrap().url.clone_from(&fake.url);
        Self { api, fake, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let url = &self.fake.url;
        let all: &[(&'static str, &str)] = match self.api {
            Api::GitHub => &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_REPOSITORY", "estate/delivery"),
                ("GITHUB_TOKEN", TOKEN),
                ("GITHUB_API_URL", "/api/v3"),
            ],
            Api::GitLab => &[
                ("GITLAB_CI", "true"),
                ("CI_PROJECT_ID", "estate/delivery"),
                ("GITLAB_TOKEN", TOKEN),
                ("CI_API_V4_URL", "/api/v4"),
            ],
            Api::Azure => &[
                ("TF_BUILD", "True"),
                ("SYSTEM_TEAMPROJECT", "Client Estate"),
                ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
                ("SYSTEM_ACCESSTOKEN", TOKEN),
                ("SYSTEM_COLLECTIONURI", "/org/"),
            ],
        };
        let whole = |value: &str| if value.starts_with('/') { format!("{url}{value}") } else { value.to_owned() };
        all.iter().map(|(name, value)| (*name, whole(value))).collect()
    }

    /// An issue that is there.
    fn put(&self, author: &str, body: &str, tags: &str) -> u64 {
        self.state().add(author, "before", body, tags)
    }

    fn rows(&self) -> Vec<Row> {
        self.state().rows.clone()
    }

    fn open(&self) -> Vec<Row> {
        self.rows().into_iter().filter(|row| row.is_open && !row.is_pull_request).collect()
    }

    fn fails(&self, on: (&'static str, &'static str), times: usize, answer: Vec<u8>, is_done: bool) {
        self.state().faults = vec![Fault { on, times, answer, is_done }];
    }
}

impl State {
    fn add(&mut self, author: &str, title: &str, body: &str, tags: &str) -> u64 {
        let id = 11 + self.rows.len() as u64;
        let (author, title, body, tags) = (author.to_owned(), title.to_owned(), body.to_owned(), tags.to_owned());
        let row = Row { id, author, title, body, tags, is_open: true, is_pull_request: false, words: Vec::new() };
        self.rows.push(row);
        id
    }

    fn row(&mut self, id: &str) -> Option<&mut Row> {
        let id: u64 = id.parse().ok()?;
        self.rows.iter_mut().find(|row| row.id == id)
    }

    fn paged(&self, call: &Call, rows: &[Row]) -> (Vec<Row>, usize, usize) {
        let size = call.number("per_page").unwrap_or(20).min(self.page);
        let page = call.number("page").unwrap_or(1);
        let last = rows.len().div_ceil(size).max(1);
        (rows.iter().skip((page - 1) * size).take(size).cloned().collect(), page, last)
    }

    fn answer(&mut self, api: Api, call: &Call) -> Answer {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!(":{TOKEN}")).to_ascii_lowercase();
        let expected = if api == Api::Azure { format!("basic {basic}") } else { format!("bearer {TOKEN}") };
        if !call.head.contains(&format!("authorization: {expected}")) {
            return ok(401, json!({"message": "Bad credentials"}));
        }
        let is_question = call.path.ends_with("graphql") || call.path.ends_with("/wiql");
        if call.method != "GET" && !is_question {
            self.writes.push(format!("{} {}", call.method, call.path));
        }
        match api {
            Api::GitHub => self.github(call),
            Api::GitLab => self.gitlab(call),
            Api::Azure => self.azure(call),
        }
    }

    fn github(&mut self, call: &Call) -> Answer {
        let missing = || ok(404, json!({"message": "Not Found", "status": "404"}));
        let wire = |row: &Row| {
            let mut value = json!({ "id": row.id + 9_000, "number": row.id, "node_id": format!("I_{}", row.id),
                "title": row.title, "body": row.body, "state": if row.is_open { "open" } else { "closed" },
                "html_url": format!("https://github.test/estate/delivery/issues/{}", row.id),
                "user": { "login": row.author, "id": 1 } });
            if row.is_pull_request {
                value["pull_request"] = json!({ "url": "https://github.test/x" });
            }
            value
        };
        if call.path == "/api/graphql" {
            assert!(call.body["query"].as_str().unwrap().contains("... on Issue"));
            let ids = call.body["variables"]["ids"].as_array().unwrap();
            assert!(ids.len() <= 100);
            let node = |id: &Value| {
                let row = self.row(id.as_str().unwrap().trim_start_matches("I_")).unwrap();
                json!({ "id": id, "viewerDidAuthor": row.author == ME })
            };
            let nodes: Vec<Value> = ids.iter().map(node).collect();
            // The app's own name differs from that of its user.
            return ok(200, json!({ "data": { "viewer": { "login": "an-app" }, "nodes": nodes } }));
        }
        let Some(path) = call.path.strip_prefix("/api/v3/repos/estate/delivery/issues") else { return missing() };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (call.method.as_str(), &parts[..]) {
            ("GET", []) => {
                assert_eq!(call.number("per_page"), Some(100));
                assert!(call.query.contains("state=open"));
                let open: Vec<Row> = self.rows.iter().rev().filter(|row| row.is_open).cloned().collect();
                let (rows, page, last) = self.paged(call, &open);
                let link = |page: usize, name: &str| {
                    format!("<{}{}?state=open&per_page=100&page={page}>; rel=\"{name}\"", self.url, call.path)
                };
                let mut headers = Vec::new();
                if page < last {
                    headers.push(("Link".to_owned(), format!("{}, {}", link(page + 1, "next"), link(last, "last"))));
                }
                (200, headers, rows.iter().map(wire).collect())
            }
            ("POST", []) => {
                let text = |name: &str| call.body[name].as_str().unwrap().to_owned();
                if text("body").encode_utf16().count() > 65_536 {
                    return ok(422, json!({"message": "body is too long (maximum is 65536 characters)"}));
                }
                let id = self.add(ME, &text("title"), &text("body"), "");
                let row = self.row(&id.to_string()).unwrap().clone();
                ok(201, wire(&row))
            }
            ("PATCH", [id]) => {
                let Some(row) = self.row(id) else { return missing() };
                if row.author != ME {
                    return ok(403, json!({"message": "Resource not accessible by integration"}));
                }
                change(row, &call.body["title"], &call.body["body"]);
                if call.body["state"] == "closed" {
                    assert_eq!(call.body["state_reason"], "completed");
                    row.is_open = false;
                }
                ok(200, wire(&row.clone()))
            }
            ("POST", [id, "comments"]) => {
                let word = call.body["body"].as_str().unwrap().to_owned();
                self.row(id).unwrap().words.push(word);
                ok(201, json!({ "id": 1 }))
            }
            _ => missing(),
        }
    }

    fn gitlab(&mut self, call: &Call) -> Answer {
        let missing = || ok(404, json!({"message": "404 Not found"}));
        let wire = |row: &Row| {
            json!({ "id": row.id + 9_000, "iid": row.id, "title": row.title, "description": row.body,
                "state": if row.is_open { "opened" } else { "closed" },
                "web_url": format!("https://gitlab.test/estate/delivery/-/issues/{}", row.id),
                "author": { "id": row.author.parse::<u64>().unwrap(), "username": row.author } })
        };
        if call.path == "/api/v4/user" {
            return ok(200, json!({ "id": 501, "username": "bot" }));
        }
        let Some(path) = call.path.strip_prefix("/api/v4/projects/estate%2Fdelivery/issues") else { return missing() };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (call.method.as_str(), &parts[..]) {
            ("GET", []) => {
                assert!(call.query.contains("state=opened") && call.query.contains("scope=created_by_me"));
                // Somebody's stay in, as if the scope were not known.
                let open: Vec<Row> = self.rows.iter().filter(|row| row.is_open).cloned().collect();
                let (rows, page, last) = self.paged(call, &open);
                let next = if page < last { (page + 1).to_string() } else { String::new() };
                let headers = vec![("X-Next-Page".into(), next), ("X-Total".into(), open.len().to_string())];
                (200, headers, rows.iter().map(wire).collect())
            }
            ("POST", []) => {
                let text = |name: &str| call.body[name].as_str().unwrap().to_owned();
                let id = self.add(ME, &text("title"), &text("description"), "");
                let row = self.row(&id.to_string()).unwrap().clone();
                ok(201, wire(&row))
            }
            ("PUT", [id]) => {
                let Some(row) = self.row(id) else { return missing() };
                change(row, &call.body["title"], &call.body["description"]);
                if call.body["state_event"] == "close" {
                    row.is_open = false;
                }
                ok(200, wire(&row.clone()))
            }
            ("POST", [id, "notes"]) => {
                let word = call.body["body"].as_str().unwrap().to_owned();
                self.row(id).unwrap().words.push(word);
                ok(201, json!({ "id": 1 }))
            }
            _ => missing(),
        }
    }

    fn azure(&mut self, call: &Call) -> Answer {
        let missing = || ok(404, json!({"$id": "1", "message": "VS403417: not found", "typeKey": "NotFound"}));
        let wire = |row: &Row| {
            json!({ "id": row.id, "rev": 1, "fields": { "System.Title": row.title, "System.Description": row.body,
                "System.State": if row.is_open { "To Do" } else { "Done" }, "System.Tags": row.tags,
                "System.WorkItemType": "Task", "System.CreatedBy": { "displayName": "x", "id": row.author } },
                "url": "https://dev.test/x" })
        };
        if call.path == "/org/_apis/connectionData" {
            return ok(200, json!({ "authenticatedUser": { "id": ME } }));
        }
        assert!(call.query.contains("api-version=6.0"), "{}", call.query);
        let Some(path) = call.path.strip_prefix("/org/Client%20Estate/_apis/wit/") else { return missing() };
        let is_patch = call.head.contains("content-type: application/json-patch+json");
        match (call.method.as_str(), path) {
            ("GET", "workitemtypes/Task") => ok(
                200,
                json!({ "name": "Task", "states": [{ "name": "To Do", "color": "b2", "category": "Proposed" },
                    { "name": "Doing", "color": "00", "category": "InProgress" },
                    { "name": "Done", "color": "33", "category": "Completed" }] }),
            ),
            ("POST", "wiql") => {
                let query = call.body["query"].as_str().unwrap();
                let tag = query.split("CONTAINS '").nth(1).unwrap().trim_end_matches('\'');
                let found = self.rows.iter().filter(|row| row.tags.split("; ").any(|one| one == tag));
                let found: Vec<Value> = found.map(|row| json!({ "id": row.id, "url": "https://dev.test/x" })).collect();
                ok(200, json!({ "queryType": "flat", "workItems": found }))
            }
            ("GET", "workitems") => {
                let ids = call.query.split('&').find_map(|one| one.strip_prefix("ids=")).unwrap();
                let ids: BTreeSet<u64> = ids.split(',').map(|id| id.parse().unwrap()).collect();
                assert!(ids.len() <= 200);
                let value: Vec<Value> = self.rows.iter().filter(|row| ids.contains(&row.id)).map(wire).collect();
                ok(200, json!({ "count": value.len(), "value": value }))
            }
            ("GET", one) if one.starts_with("workitems/") => match self.row(&one["workitems/".len()..]) {
                Some(row) => ok(200, wire(&row.clone())),
                None => missing(),
            },
            ("POST", "workitems/$Task") => {
                assert!(is_patch);
                let field = |name: &str| patched(&call.body, name).unwrap_or_default();
                let tags = field("System.Tags");
                let id = self.add(ME, &field("System.Title"), &field("System.Description"), &tags);
                let row = self.row(&id.to_string()).unwrap().clone();
                ok(200, wire(&row))
            }
            ("PATCH", one) => {
                assert!(is_patch);
                let Some(row) = self.row(&one["workitems/".len()..]) else { return missing() };
                let field = |name: &str| json!(patched(&call.body, name));
                change(row, &field("System.Title"), &field("System.Description"));
                match patched(&call.body, "System.State").as_deref() {
                    Some("Done") => row.is_open = false,
                    Some(other) => return ok(400, json!({"message": format!("no state {other}")})),
                    None => {}
                }
                row.words.extend(patched(&call.body, "System.History"));
                ok(200, wire(&row.clone()))
            }
            _ => missing(),
        }
    }
}

fn change(row: &mut Row, title: &Value, body: &Value) {
    if let (Some(title), Some(body)) = (title.as_str(), body.as_str()) {
        row.title = title.to_owned();
        row.body = body.to_owned();
    }
}

fn patched(operations: &Value, field: &str) -> Option<String> {
    let path = format!("/fields/{field}");
    let one = operations.as_array()?.iter().find(|one| one["path"] == path)?;
    assert_eq!(one["op"], "add");
    Some(one["value"].as_str()?.to_owned())
}

struct Job {
    server: Server,
    project: Project,
    tracker: Tracker,
}

impl Job {
    fn of(api: Api) -> Self {
        let server = Server::start();
        let project = Project::of_example("tour", &server);
        project.apply();
        Self { server, project, tracker: Tracker::start(api) }
    }

    fn set(&self, line: &str) {
        let is_it = |item: &Value| {
            let line = item["spec"]["commandLine"].as_str().unwrap_or_default();
            item["kind"] == "Program" && (line.contains("/i 7z2408") || line.contains("by-hand"))
        };
        let program = self.server.items().into_iter().find(is_it).unwrap();
        self.server.change(&program, |body| body["spec"]["commandLine"] = json!(line));
    }

    #[track_caller]
    fn drift(&self, flags: &[&str]) -> Ran {
        let mut command = self.project.command(&[&["drift", "--issue"], flags].concat());
        command.envs(self.tracker.variables()).env("CONSIGN_HTTP_TIMEOUT", "5s").env("CONSIGN_LOG", "trace");
        let ran = run(command);
        assert!(!String::from_utf8_lossy(&ran.raw).contains(TOKEN), "the token is shown");
        let is_log = |line: &&str| !line.contains(" TRACE ") && !line.contains(" DEBUG ") && !line.contains(" INFO ");
        let err = ran.err.lines().filter(is_log).map(|line| format!("{line}\n")).collect();
        Ran { err, ..ran }
    }
}

#[test]
fn an_issue_is_opened_kept_up_to_date_and_closed_with_a_word() {
    for api in ALL {
        let job = Job::of(api);
        job.drift(&[]).exits(0);
        assert!(job.tracker.rows().is_empty(), "nothing differs, so there is nothing to say");
        job.set("by-hand.exe <b>@everyone</b>");
        job.drift(&[]).exits(2).says("An issue was opened: ");
        let rows = job.tracker.open();
        assert_eq!(rows.len(), 1, "{api:?}");
        assert_eq!(rows[0].title, "consign: drift on lab");
        assert!(rows[0].body.contains("7-Zip") && rows[0].body.contains("by-hand.exe"), "{}", rows[0].body);
        match api {
            Api::Azure => {
                assert!(!rows[0].body.contains("<b>@everyone"), "{}", rows[0].body);
                let tags: Vec<&str> = rows[0].tags.split("; ").collect();
                assert!(tags.len() == 2 && tags[0] == "consign-drift" && tags[1].starts_with("consign-drift-"));
            }
            _ => assert!(rows[0].body.starts_with(MARKER), "{}", rows[0].body),
        }
        job.set("by-hand.exe /again");
        job.drift(&[]).exits(2).says("The issue was updated: ");
        let now = job.tracker.open();
        assert_eq!(now.len(), 1);
        assert!(now[0].body.contains("/again") && now[0].id == rows[0].id);
        job.project.apply();
        job.drift(&[]).exits(0).says("The issue was closed: ");
        let rows = job.tracker.rows();
        assert_eq!((rows.len(), rows[0].is_open, rows[0].words.len()), (1, false, 1), "{rows:?}");
        assert!(rows[0].words[0].contains("as the manifests say again"), "{}", rows[0].words[0]);
        let n = job.tracker.state().writes.len();
        job.drift(&[]).exits(0);
        assert_eq!(job.tracker.state().writes.len(), n, "{api:?}: what is closed is left alone");
        // What comes back is another incident.
        job.set("by-hand.exe");
        job.drift(&[]).exits(2).says("An issue was opened: ");
        assert_eq!((job.tracker.rows().len(), job.tracker.open().len()), (2, 1));
        // What is known is no news: with a baseline the issue is closed.
        let known = "apiVersion: consign/v1\nkind: DriftBaseline\nknown:\n  - {item: program/7-Zip/Install, reason: x, expires: 2099-12-31}\n";
        job.project.write("known.yaml", known);
        job.drift(&["--baseline", "known.yaml"]).exits(0).says("The issue was closed: ");
        assert!(job.tracker.rows()[1].words[0].contains("but what is known (1)"));
    }
}

#[test]
fn an_issue_opens_after_so_many_runs_and_follows_what_is_there_before() {
    for api in ALL {
        let job = Job::of(api);
        let flags = ["--memory", "m.json", "--alert-after", "2"];
        job.set("by-hand.exe");
        job.drift(&flags).exits(2);
        assert!(job.tracker.rows().is_empty());
        job.drift(&flags).exits(2).says("An issue was opened: ");
        // Another run of one night does not open a second, and one that is there follows.
        job.project.apply();
        job.project.run(&["drift", "--memory", "m.json"]).exits(0);
        job.set("by-hand.exe /more");
        job.drift(&flags).exits(2).says("The issue was updated: ");
        assert_eq!(job.tracker.open().len(), 1);
    }
}

#[test]
fn the_own_issue_is_found_over_all_pages_and_nobody_elses_is_touched() {
    for api in ALL {
        let job = Job::of(api);
        job.set("by-hand.exe");
        // What the tag is called, from an issue of the program's own.
        job.drift(&[]).exits(2);
        let tags = job.tracker.rows()[0].tags.clone();
        let body = if api == Api::Azure { "<p>before</p>".to_owned() } else { format!("{MARKER}\nbefore") };
        job.tracker.state().rows.clear();
        job.tracker.state().page = 7;
        let theirs = job.tracker.put(SOMEBODY, &body, &tags);
        let other =
            job.tracker.put(ME, "<!-- consign:drift server=other dir=. -->\nx", "consign-drift; consign-drift-00");
        let request = job.tracker.put(ME, &body, "");
        job.tracker.state().row(&request.to_string()).unwrap().is_pull_request = true;
        if api != Api::GitHub {
            job.tracker.state().row(&request.to_string()).unwrap().body = "no marker".to_owned();
        }
        for n in 0..30 {
            job.tracker.put(SOMEBODY, &format!("issue {n}"), "");
        }
        let mine = job.tracker.put(ME, &body, &tags);
        let second = job.tracker.put(ME, &body, &tags);
        for n in 0..30 {
            job.tracker.put(SOMEBODY, &format!("later {n}"), "");
        }
        job.drift(&[]).exits(2).says("The issue was updated: ").says(&mine.to_string());
        let mut state = job.tracker.state();
        assert!(state.row(&mine.to_string()).unwrap().body.contains("by-hand.exe"), "{api:?}");
        let second = state.row(&second.to_string()).unwrap();
        assert!(
            !second.is_open && second.words[0].contains(&format!("/{mine}")),
            "of two the older is kept: {second:?}"
        );
        for id in [theirs, other, request] {
            let row = state.row(&id.to_string()).unwrap();
            assert!(row.is_open && row.words.is_empty() && !row.body.contains("by-hand"), "{api:?}: {row:?}");
        }
    }
}

#[test]
fn a_tracker_that_fails_is_said_and_hides_no_drift() {
    let limited = |headers: &[(&str, &str)]| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        whole(429, &headers, &json!({"message": "slow down"}))
    };
    for api in ALL {
        let job = Job::of(api);
        job.set("by-hand.exe");
        let create = match api {
            Api::Azure => ("POST", "workitems/"),
            _ => ("POST", "/issues"),
        };
        job.tracker.fails(create, 2, limited(&[("Retry-After", "0")]), false);
        job.drift(&[]).exits(2).says("An issue was opened: ");
        job.tracker.state().rows.clear();
        // The answer is lost; the issue is there once.
        job.tracker.fails(create, 1, whole(502, &[], &json!({})), true);
        job.drift(&[]).exits(2).says("An issue was opened: ");
        assert_eq!(job.tracker.rows().len(), 1, "{api:?}");
        for (status, says) in [(403, "may not do this"), (404, "or the token may not see it"), (500, "HTTP 500")] {
            job.set(&format!("by-hand.exe {status}"));
            let edit = if api == Api::GitLab { "PUT" } else { "PATCH" };
            job.tracker.fails((edit, ""), 9, whole(status, &[], &json!({"message": "no"})), false);
            let ran = job.drift(&[]).exits(2).one_message().says("the issue of `lab` is not up to date").says(says);
            assert!(ran.out.contains("program/7-Zip/Install"));
        }
        job.tracker.state().faults.clear();
        // With nothing worse it is an error.
        job.project.apply();
        job.tracker.fails(
            (if api == Api::GitLab { "PUT" } else { "PATCH" }, ""),
            9,
            limited(&[("Retry-After", "900")]),
            false,
        );
        job.drift(&[]).exits(1).one_message().says("it asks to wait 900 s");
        job.tracker.state().faults.clear();
        job.drift(&[]).exits(0).says("The issue was closed: ");
    }
    let job = Job::of(Api::GitHub);
    let mut command = job.project.command(&["drift", "--issue"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "a/b");
    run(command).exits(1).one_message().says("there is no token");
    job.project.run(&["drift", "--issue"]).exits(1).one_message().says("which host?");
}
