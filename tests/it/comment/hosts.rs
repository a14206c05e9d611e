//! Hosts of pull requests at a local address. Paths, shapes, errors, paging and limits are those of the documentation of
//! each API; what they hold is in memory.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use base64::Engine;
use serde_json::Value;
use serde_json::json;

use crate::world::Fake;

/// The token that every host knows.
pub const TOKEN: &str = "canary-7f3a-token-of-the-host";

/// One of a pipeline of Azure DevOps: signed, in three parts.
pub const SIGNED: &str = "canary-head.canary-claims.canary-signature";

/// Which API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    GitHub,
    GitLab,
    Azure,
}

impl Api {
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Azure];

    /// Whoever the token stands for.
    pub const fn me(self) -> &'static str {
        match self {
            Self::GitHub => "github-actions[bot]",
            Self::GitLab => "501",
            Self::Azure => "1b3fa8c4-9d0e-4f6c-8a53-0d7a9a6f0c11",
        }
    }
}

/// A comment, or a thread with one.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: u64,
    pub author: String,
    pub body: String,
    pub is_hidden: bool,
    pub is_deleted: bool,
    /// Azure DevOps only.
    pub status: u64,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    head: String,
    pub body: Value,
}

impl Call {
    fn of(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let body = serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Value::Null);
        Self { method, path, query, head, body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    fn number(&self, name: &str) -> Option<usize> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(one, _)| *one == name)?.1.parse().ok()
    }

    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.body["query"].as_str().is_some_and(|query| query.starts_with("query"))
    }
}

/// What goes wrong.
pub struct Fault {
    /// The method, and a part of the path.
    pub on: (&'static str, &'static str),
    /// How many requests it still hits.
    pub times: usize,
    /// What is answered in place of the true answer; nothing cuts the connection.
    pub answer: Vec<u8>,
    /// Whether what was asked for is done all the same.
    pub is_done: bool,
}

#[derive(Default)]
pub struct State {
    pub rows: Vec<Row>,
    pub calls: Vec<Call>,
    pub faults: Vec<Fault>,
    /// Rows of one page at the most, whatever is asked for.
    pub page: usize,
    /// The longest text, in UTF-16 units.
    pub longest: usize,
    /// What is told of the number of rows or pages beyond the truth.
    pub lie: usize,
    url: String,
}

/// A host with pull request 7.
pub struct HostAt {
    pub api: Api,
    pub fake: Fake,
    state: Arc<Mutex<State>>,
}

impl HostAt {
    pub fn start(api: Api) -> Self {
        let state = Arc::new(Mutex::new(State { page: 100, longest: 65_536, ..State::default() }));
        let inner = Arc::clone(&state);
        let fake = Fake::of_whole(move |bytes| {
            let mut state = inner.lock().unwrap();
            let call = Call::of(bytes);
            state.calls.push(call.clone());
            let fault = state.faults.iter_mut().find(|fault| {
                fault.times > 0
                    && call.method == fault.on.0
                    && format!("{}{}", call.path, call.body).contains(fault.on.1)
            });
            let fault = fault.map(|fault| {
                fault.times -= 1;
                (fault.answer.clone(), fault.is_done)
            });
            if let Some((answer, false)) = fault {
                return Some(answer);
            }
            let (status, headers, body) = state.answer(api, &call);
            Some(fault.map_or_else(|| whole(status, &headers, &body), |(answer, _)| answer))
        });
        state.lock().unwrap().url.clone_from(&fake.url);
        Self { api, fake, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The address of the API.
    pub fn address(&self) -> String {
        let path = match self.api {
            Api::GitHub => "/api/v3",
            Api::GitLab => "/api/v4",
            Api::Azure => "/org/",
        };
        format!("{}{path}", self.fake.url)
    }

    /// What a pipeline of this host sets.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let own: &[(&str, &str)] = match self.api {
            Api::GitHub => &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_REPOSITORY", "estate/delivery"),
                ("GITHUB_REF", "refs/pull/7/merge"),
                ("GITHUB_TOKEN", TOKEN),
            ],
            Api::GitLab => &[
                ("GITLAB_CI", "true"),
                ("CI_PROJECT_ID", "estate/delivery"),
                ("CI_MERGE_REQUEST_IID", "7"),
                ("GITLAB_TOKEN", TOKEN),
            ],
            Api::Azure => &[
                ("TF_BUILD", "True"),
                ("SYSTEM_TEAMPROJECT", "Client Estate"),
                ("BUILD_REPOSITORY_ID", "5f9d"),
                ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
                ("SYSTEM_PULLREQUEST_PULLREQUESTID", "7"),
                ("SYSTEM_ACCESSTOKEN", TOKEN),
            ],
        };
        let address = match self.api {
            Api::GitHub => "GITHUB_API_URL",
            Api::GitLab => "CI_API_V4_URL",
            Api::Azure => "SYSTEM_COLLECTIONURI",
        };
        let own = own.iter().map(|(name, value)| (*name, (*value).to_owned()));
        own.chain([(address, self.address())]).collect()
    }

    /// A comment that is there.
    pub fn put(&self, author: &str, body: &str) -> u64 {
        self.state().add(author, body)
    }

    pub fn mine(&self, body: &str) -> u64 {
        self.put(self.api.me(), body)
    }

    pub fn row(&self, id: u64) -> Row {
        self.state().rows.iter().find(|row| row.id == id).unwrap().clone()
    }

    /// Comments that are not deleted.
    pub fn rows(&self) -> Vec<Row> {
        self.state().rows.iter().filter(|row| !row.is_deleted).cloned().collect()
    }

    pub fn fails(&self, on: (&'static str, &'static str), times: usize, answer: Vec<u8>) {
        self.state().faults.push(Fault { on, times, answer, is_done: false });
    }

    /// What is asked for is done, and the answer lost.
    pub fn loses(&self, on: (&'static str, &'static str), times: usize, answer: Vec<u8>) {
        self.state().faults.push(Fault { on, times, answer, is_done: true });
    }

    /// The requests that wrote something.
    pub fn writes(&self) -> Vec<Call> {
        self.state().calls.iter().filter(|call| call.is_write()).cloned().collect()
    }
}

pub fn whole(status: u16, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    if status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// An error as JSON.
pub fn error(status: u16, headers: &[(&str, &str)], body: &Value) -> Vec<u8> {
    let mut all = vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    whole(status, &all, &body.to_string())
}

type Answer = (u16, Vec<(String, String)>, String);

fn json_answer(status: u16, body: &Value) -> Answer {
    let kind = ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned());
    (status, vec![kind], body.to_string())
}

fn nothing() -> Answer {
    (204, Vec::new(), String::new())
}

impl State {
    fn add(&mut self, author: &str, body: &str) -> u64 {
        let id = 1_000 + self.rows.len() as u64;
        let (author, body) = (author.to_owned(), body.to_owned());
        self.rows.push(Row { id, author, body, is_hidden: false, is_deleted: false, status: 1 });
        id
    }

    fn live(&mut self, id: &str) -> Option<&mut Row> {
        let id: u64 = id.parse().ok()?;
        self.rows.iter_mut().find(|row| row.id == id && !row.is_deleted)
    }

    fn is_too_long(&self, body: &str) -> bool {
        body.encode_utf16().count() > self.longest
    }

    fn answer(&mut self, api: Api, call: &Call) -> Answer {
        let authorization = call.header("authorization").unwrap_or_default().to_owned();
        let basic = base64::engine::general_purpose::STANDARD.encode(format!(":{TOKEN}"));
        let is_known = match api {
            Api::Azure => authorization == format!("Basic {basic}") || authorization == format!("Bearer {SIGNED}"),
            _ => authorization == format!("Bearer {TOKEN}"),
        };
        match (api, is_known) {
            (Api::GitHub, false) => json_answer(401, &json!({"message": "Bad credentials", "status": "401"})),
            (Api::GitLab, false) => json_answer(401, &json!({"message": "401 Unauthorized"})),
            (Api::Azure, false) => {
                (203, vec![("Content-Type".into(), "text/html".into())], "<html>Sign in</html>".into())
            }
            (Api::GitHub, true) => self.github(call),
            (Api::GitLab, true) => self.gitlab(call),
            (Api::Azure, true) => self.azure(call),
        }
    }

    /// One page of the rows that are not deleted: which they are, its number, the last one's.
    fn paged(&self, call: &Call) -> (Vec<Row>, usize, usize) {
        let size = call.number("per_page").unwrap_or(20).min(100).min(self.page);
        let page = call.number("page").unwrap_or(1);
        let live: Vec<Row> = self.rows.iter().filter(|row| !row.is_deleted).cloned().collect();
        let last = live.len().div_ceil(size).max(1);
        (live.into_iter().skip((page - 1) * size).take(size).collect(), page, last)
    }

    fn github(&mut self, call: &Call) -> Answer {
        assert_eq!(call.header("x-github-api-version"), Some("2022-11-28"));
        let not_found = || json_answer(404, &json!({"message": "Not Found", "status": "404"}));
        let wire = |row: &Row| {
            json!({ "id": row.id, "node_id": format!("IC_{}", row.id), "body": row.body,
            "html_url": format!("https://github.test/estate/delivery/pull/7#issuecomment-{}", row.id),
            "user": { "login": row.author, "id": 1, "type": "Bot" }, "created_at": "2026-11-21T08:00:00Z" })
        };
        let long = json!({ "message": "Validation Failed", "status": "422", "errors": [{ "resource": "IssueComment",
            "code": "unprocessable", "field": "data",
            "message": format!("Body is too long (maximum is {} characters)", self.longest) }] });
        let body = call.body["body"].as_str().unwrap_or_default().to_owned();
        if call.path == "/api/graphql" {
            return self.graphql(call);
        }
        let Some(path) = call.path.strip_prefix("/api/v3/repos/estate/delivery/issues/") else { return not_found() };
        match (call.method.as_str(), path.split('/').collect::<Vec<_>>()[..].as_ref()) {
            ("GET", ["7", "comments"]) => {
                let (rows, page, last) = self.paged(call);
                let last = if page == last { last } else { last + self.lie };
                let mut answer = json_answer(200, &rows.iter().map(wire).collect());
                let to = |page: usize, name: &str| {
                    format!("<{}{}?per_page=100&page={page}>; rel=\"{name}\"", self.url, call.path)
                };
                let mut links = Vec::new();
                if page < last {
                    links.extend([to(page + 1, "next"), to(last, "last")]);
                }
                if page > 1 {
                    links.push(to(page - 1, "prev"));
                }
                if !links.is_empty() {
                    answer.1.push(("Link".to_owned(), links.join(", ")));
                }
                answer
            }
            ("POST", ["7", "comments"]) if self.is_too_long(&body) => json_answer(422, &long),
            ("POST", ["7", "comments"]) => {
                self.add(Api::GitHub.me(), &body);
                json_answer(201, &wire(self.rows.last().unwrap()))
            }
            (method, ["comments", id]) => {
                let too_long = self.is_too_long(&body);
                match self.live(id) {
                    None => not_found(),
                    Some(row) if row.author != Api::GitHub.me() => {
                        json_answer(403, &json!({"message": "Resource not accessible by integration"}))
                    }
                    Some(row) if method == "DELETE" => {
                        row.is_deleted = true;
                        nothing()
                    }
                    Some(_) if too_long => json_answer(422, &long),
                    Some(row) => {
                        assert_eq!(method, "PATCH");
                        row.body = body;
                        json_answer(200, &wire(row))
                    }
                }
            }
            _ => not_found(),
        }
    }

    fn graphql(&mut self, call: &Call) -> Answer {
        let query = call.body["query"].as_str().unwrap();
        let variables = &call.body["variables"];
        if query.contains("minimizeComment") {
            assert!(query.contains("classifier: OUTDATED"), "{query}");
            let id = variables["id"].as_str().unwrap().trim_start_matches("IC_").to_owned();
            let Some(row) = self.live(&id) else {
                return json_answer(
                    200,
                    &json!({ "data": { "minimizeComment": null }, "errors": [{ "type": "NOT_FOUND",
                    "path": ["minimizeComment"], "message": "Could not resolve to a node" }] }),
                );
            };
            row.is_hidden = true;
            return json_answer(
                200,
                &json!({ "data": { "minimizeComment": { "minimizedComment": { "isMinimized": true } } } }),
            );
        }
        let nodes: Vec<Value> = variables["ids"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| {
                let number = id.as_str().unwrap().trim_start_matches("IC_").to_owned();
                self.live(&number).map_or(Value::Null, |row| {
                json!({ "id": id, "isMinimized": row.is_hidden, "viewerDidAuthor": row.author == Api::GitHub.me() })
            })
            })
            .collect();
        assert!(nodes.len() <= 100, "the API takes 100 nodes");
        json_answer(200, &json!({ "data": { "viewer": { "login": Api::GitHub.me() }, "nodes": nodes } }))
    }

    fn gitlab(&mut self, call: &Call) -> Answer {
        let not_found = || json_answer(404, &json!({"message": "404 Not found"}));
        let wire = |row: &Row| {
            json!({ "id": row.id, "type": null, "body": row.body, "system": false, "noteable_type": "MergeRequest",
            "author": { "id": row.author.parse::<u64>().unwrap_or(3), "username": row.author }, "noteable_iid": 7,
            "created_at": "2026-11-21T08:00:00.000Z", "internal": false })
        };
        if call.path == "/api/v4/user" {
            return json_answer(200, &json!({ "id": 501, "username": "project_12_bot_1", "bot": true }));
        }
        let notes = "/api/v4/projects/estate%2Fdelivery/merge_requests/7/notes";
        let Some(rest) = call.path.strip_prefix(notes) else { return not_found() };
        let body = call.body["body"].as_str().unwrap_or_default().to_owned();
        if call.method == "GET" {
            let (rows, page, last) = self.paged(call);
            let total = self.rows.iter().filter(|row| !row.is_deleted).count() + self.lie;
            let next = if page < last { (page + 1).to_string() } else { String::new() };
            let mut answer = json_answer(200, &rows.iter().map(wire).collect());
            answer.1.extend([
                ("X-Next-Page".to_owned(), next),
                ("X-Total".to_owned(), total.to_string()),
                ("X-Total-Pages".to_owned(), last.to_string()),
            ]);
            return answer;
        }
        if self.is_too_long(&body) {
            let message = format!("is too long (maximum is {} characters)", self.longest);
            return json_answer(400, &json!({ "message": { "note": [message] } }));
        }
        if call.method == "POST" {
            self.add(Api::GitLab.me(), &body);
            return json_answer(201, &wire(self.rows.last().unwrap()));
        }
        match self.live(rest.trim_start_matches('/')) {
            None => not_found(),
            Some(row) if row.author != Api::GitLab.me() => json_answer(403, &json!({"message": "403 Forbidden"})),
            Some(row) if call.method == "DELETE" => {
                row.is_deleted = true;
                nothing()
            }
            Some(row) => {
                assert_eq!(call.method, "PUT");
                row.is_hidden = body.starts_with("<!-- consign:hidden -->");
                row.body = body;
                json_answer(200, &wire(row))
            }
        }
    }

    fn azure(&mut self, call: &Call) -> Answer {
        let failed = |status: u16, message: &str, key: &str| {
            json_answer(
                status,
                &json!({ "$id": "1", "innerException": null, "message": message, "typeKey": key,
                "errorCode": 0, "eventId": 3000 }),
            )
        };
        let not_found = || failed(404, "TF401180: The requested pull request was not found.", "GitPullRequestNotFound");
        let wire = |row: &Row| {
            let comment = json!({ "id": 1, "parentCommentId": 0, "commentType": "text", "isDeleted": row.is_deleted,
                "author": { "displayName": "someone", "id": row.author },
                "content": if row.is_deleted { Value::Null } else { json!(row.body) } });
            let answer = json!({ "id": 2, "parentCommentId": 1, "commentType": "text", "content": row.body,
                "author": { "displayName": "a reviewer", "id": "77" } });
            json!({ "id": row.id, "comments": [comment, answer], "status": "active", "isDeleted": row.is_deleted })
        };
        if call.path == "/org/_apis/connectionData" {
            // The same GUID, written in another way.
            return json_answer(200, &json!({ "authenticatedUser": { "id": Api::Azure.me().to_uppercase() } }));
        }
        assert_eq!(call.query, "api-version=6.0");
        let threads = "/org/Client%20Estate/_apis/git/repositories/5f9d/pullRequests/7/threads";
        let Some(rest) = call.path.strip_prefix(threads) else { return not_found() };
        let content = call.body["content"].as_str().or_else(|| call.body["comments"][0]["content"].as_str());
        let content = content.unwrap_or_default().to_owned();
        if call.method == "GET" {
            let value: Vec<Value> = self.rows.iter().map(wire).collect();
            return json_answer(200, &json!({ "count": value.len() + self.lie, "value": value }));
        }
        if self.is_too_long(&content) {
            let message = format!("The comment content must not exceed the maximum length of {}.", self.longest);
            return failed(400, &message, "InvalidArgumentValueException");
        }
        if call.method == "POST" {
            self.add(Api::Azure.me(), &content);
            let row = self.rows.last_mut().unwrap();
            row.status = call.body["status"].as_u64().unwrap();
            return json_answer(200, &wire(row));
        }
        let parts: Vec<&str> = rest.trim_start_matches('/').split('/').collect();
        let Some(row) = self.live(parts[0]) else { return not_found() };
        match (call.method.as_str(), &parts[1..]) {
            ("PATCH", []) => row.status = call.body["status"].as_u64().unwrap(),
            ("PATCH" | "DELETE", ["comments", "1"]) if row.author != Api::Azure.me() => {
                return failed(
                    403,
                    "TF401027: You need the Git 'PullRequestContribute' permission.",
                    "GitNeedsPermission",
                );
            }
            ("PATCH", ["comments", "1"]) => {
                row.is_hidden = content.starts_with("<!-- consign:hidden -->");
                row.body = content;
            }
            ("DELETE", ["comments", "1"]) => row.is_deleted = true,
            _ => return not_found(),
        }
        json_answer(200, &json!({}))
    }
}
