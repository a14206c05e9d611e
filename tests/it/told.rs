//! Who is told of drift, when, and how often: receivers at a local address that take what their documentation says and
//! fail as it says they do.

use std::fs;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;

use crate::world::Fake;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::run;

/// The address behind the host, which is a secret.
const PATH: &str = "/services/canary-path-7b21f0/hook?sig=canary-sig-aa93d51c&v=1";
/// What no output holds.
const MARKS: [&str; 3] = ["canary-path", "canary-sig", "canary-key"];
const KEY: &str = "canary-key-5f0e";

/// A message that came.
#[derive(Clone, Debug)]
struct Message {
    target: String,
    head: String,
    text: String,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// A receiver.
struct Ear {
    fake: Fake,
    heard: Arc<Mutex<Vec<Message>>>,
    /// What is answered next, last first; then all is well.
    answers: Arc<Mutex<Vec<Vec<u8>>>>,
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

const PLAIN: &str = "Content-Type: text/plain\r\n";

impl Ear {
    fn open() -> Self {
        let heard: Arc<Mutex<Vec<Message>>> = Arc::default();
        let answers: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let (inner, next) = (Arc::clone(&heard), Arc::clone(&answers));
        let fake = Fake::of_whole(move |bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            inner.lock().unwrap().push(Message { target, head: head.to_owned(), text: body.to_owned() });
            // As Slack says it.
            Some(next.lock().unwrap().pop().unwrap_or_else(|| answer("200 OK", PLAIN, "ok")))
        });
        Self { fake, heard, answers }
    }

    fn url(&self) -> String {
        format!("{}{PATH}", self.fake.url)
    }

    /// What came since the last time.
    fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    #[track_caller]
    fn only(&self) -> Message {
        let mut heard = self.take();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.remove(0)
    }

    fn answers(&self, answers: &[Vec<u8>]) {
        *self.answers.lock().unwrap() = answers.iter().rev().cloned().collect();
    }
}

/// A project that is applied, with receivers.
struct Job {
    server: Server,
    project: Project,
    ear: Ear,
}

impl Job {
    fn of(receivers: &str) -> Self {
        let server = Server::start();
        let project = Project::of_example("tour", &server);
        project.apply();
        project.edit("consign.yaml", |text| format!("{text}\ndrift:\n  notify:\n{receivers}"));
        Self { server, project, ear: Ear::open() }
    }

    #[track_caller]
    fn drift(&self, flags: &[&str]) -> Ran {
        let mut command = self.project.command(&[&["drift", "--notify"], flags].concat());
        command
            .env("HOOK", self.ear.url())
            .env("KEY", KEY)
            .env("CONSIGN_LOG", "trace")
            .env("CONSIGN_HTTP_TIMEOUT", "5s");
        command.env("GITHUB_SERVER_URL", "https://git.test").env("GITHUB_REPOSITORY", "a/b").env("GITHUB_RUN_ID", "7");
        let ran = run(command);
        for mark in MARKS {
            assert!(!String::from_utf8_lossy(&ran.raw).contains(mark), "`{mark}` is shown:\n{}\n{}", ran.out, ran.err);
            if let Ok(memory) = fs::read_to_string(self.project.path("memory.json")) {
                assert!(!memory.contains(mark), "{memory}");
            }
        }
        let is_log = |line: &&str| !line.contains(" TRACE ") && !line.contains(" DEBUG ") && !line.contains(" INFO ");
        let err = ran.err.lines().filter(is_log).map(|line| format!("{line}\n")).collect();
        Ran { err, ..ran }
    }

    fn set(&self, line: &str) {
        let program = self.server.items().into_iter().find(is_seven_zip).unwrap();
        self.server.change(&program, |body| body["spec"]["commandLine"] = json!(line));
    }
}

/// The program that these tests change, by what the example says of it.
fn is_seven_zip(item: &Value) -> bool {
    let line = item["spec"]["commandLine"].as_str().unwrap_or_default();
    item["kind"] == "Program" && (line.contains("/i 7z2408") || line.contains("by-hand"))
}

const WEBHOOK: &str = "    ops: {webhook: {urlFrom: {env: HOOK}, signWith: {env: KEY}}}\n";
const SLACK: &str = "    ops: {slack: {urlFrom: {env: HOOK}}}\n";
const TEAMS: &str = "    ops: {teamsWorkflow: {urlFrom: {env: HOOK}}}\n";
const MEMORY: [&str; 2] = ["--memory", "memory.json"];

#[test]
fn a_webhook_is_sent_what_its_schema_says_and_signed() {
    let job = Job::of(WEBHOOK);
    job.drift(&[]).exits(0);
    assert!(job.ear.take().is_empty(), "nothing is told where nothing differs");
    job.set("by-hand.exe");
    job.drift(&[]).exits(2);
    let message = job.ear.only();
    assert_eq!(message.target, PATH);
    let alert = message.json();
    let schema: Value = serde_json::from_str(include_str!("../../schema/DriftAlert.json")).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&alert), "{alert:#}");
    assert_eq!((&alert["format_version"], &alert["event"]), (&json!("1.0"), &json!("drift")));
    assert_eq!(alert["server"]["name"], "lab");
    assert_eq!(alert["run_url"], "https://git.test/a/b/actions/runs/7");
    let item = &alert["items"][0];
    assert_eq!((&item["address"], &item["state"]), (&json!("program/7-Zip/Install"), &json!("changed")));
    assert_eq!(item["fields"][0]["live"], "\"by-hand.exe\"");
    assert!(item["remarks"][0].as_str().unwrap().starts_with("last update by "), "{item:#}");
    // Verified apart from the program: openssl's answer to the same question.
    let (id, time) = (message.header("webhook-id").unwrap(), message.header("webhook-timestamp").unwrap());
    assert_eq!(format!("consign_{}", alert["id"].as_str().unwrap()), id);
    let file = job.project.path("signed");
    fs::write(&file, format!("{id}.{time}.{}", message.text)).unwrap();
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-hmac", KEY, "-binary"]).arg(&file);
    match openssl.output() {
        Ok(output) => {
            use base64::Engine;
            let code = base64::engine::general_purpose::STANDARD.encode(output.stdout);
            assert_eq!(message.header("webhook-signature"), Some(format!("v1,{code}").as_str()));
        }
        Err(error) => eprintln!("openssl is not here ({error}): the signature is held to the standard's example only"),
    }
    // Without a memory each run is the first; what is known is told by none.
    job.drift(&[]).exits(2);
    assert_eq!(job.ear.take().len(), 1);
    let known = "apiVersion: consign/v1\nkind: DriftBaseline\nknown:\n  - {item: program/7-Zip/Install, reason: x, expires: 2099-12-31}\n";
    job.project.write("known.yaml", known);
    job.drift(&["--baseline", "known.yaml"]).exits(0);
    assert!(job.ear.take().is_empty());
}

#[test]
fn with_a_memory_each_change_is_told_once() {
    let job = Job::of(WEBHOOK);
    let told = |code: i32| {
        job.drift(&MEMORY).exits(code);
        job.ear.take().iter().map(|one| one.json()["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(told(0).is_empty());
    job.set("by-hand.exe");
    assert_eq!(told(2), ["drift"]);
    assert!(told(2).is_empty(), "it was told");
    job.set("by-hand.exe /more");
    assert_eq!(told(2), ["drift"], "another value is another drift");
    let ran = job.drift(&MEMORY).exits(2).says("in 4 runs in a row, since ");
    assert!(ran.err.is_empty(), "{}", ran.err);
    job.project.apply();
    assert_eq!(told(0), ["ended"]);
    assert!(told(0).is_empty());
    job.set("by-hand.exe /more");
    assert_eq!(told(2), ["drift"], "what comes back is new");
}

#[test]
fn items_are_told_after_so_many_runs_in_a_row() {
    let job = Job::of(WEBHOOK);
    job.set("by-hand.exe");
    let flags = [&MEMORY[..], &["--alert-after", "3", "--prometheus-into", "drift.prom"]].concat();
    for n in 1..=2 {
        job.drift(&flags).exits(2);
        assert!(job.ear.take().is_empty());
        let figure = format!("consign_drift_item_runs{{server=\"lab\",item=\"program/7-Zip/Install\"}} {n}\n");
        assert!(job.project.read("drift.prom").contains(&figure), "{}", job.project.read("drift.prom"));
    }
    job.drift(&flags).exits(2);
    assert_eq!(job.ear.only().json()["items"][0]["runs"], 3);
    assert!(job.project.read("drift.prom").contains("consign_drift_runs_max{server=\"lab\"} 3\n"));
    for format in ["text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab", "azure"] {
        let said = job.drift(&[&flags[..], &["--format", format]].concat()).exits(2).out;
        let expected = if format == "json" { "\"runs\":" } else { "runs in a row, since" };
        assert!(said.contains(expected), "{format} does not tell for how long\n{said}");
    }
    // A break begins the count again.
    job.project.apply();
    job.drift(&flags).exits(0);
    assert!(job.project.read("drift.prom").contains("consign_drift_runs_max{server=\"lab\"} 0\n"));
    job.ear.take();
    job.set("by-hand.exe");
    job.drift(&flags).exits(2);
    assert!(job.ear.take().is_empty());
    job.drift(&["--alert-after", "3"]).exits(64).one_message();
}

#[test]
fn a_memory_that_is_lost_is_said_and_begun_anew() {
    let job = Job::of(WEBHOOK);
    job.set("by-hand.exe");
    job.drift(&MEMORY).exits(2).says("note: the memory `memory.json` is not there");
    assert_eq!(job.ear.take().len(), 1);
    let whole = job.project.read("memory.json");
    let schema: Value = serde_json::from_str(include_str!("../../schema/DriftMemory.json")).unwrap();
    let value: Value = serde_json::from_str(&whole).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value), "{value:#}");
    for bad in ["", "{", &whole[..whole.len() / 2], &whole.replace("\"1.0\"", "\"9.0\""), "\u{0}\u{1b}[31m"] {
        job.project.write("memory.json", bad);
        job.drift(&MEMORY).exits(2).says("note: the memory `memory.json` is not used");
        assert_eq!(job.ear.take().len(), 1, "it is told once more, and not never");
        let value: Value = serde_json::from_str(&job.project.read("memory.json")).unwrap();
        assert_eq!(value["servers"]["lab"]["items"]["program/7-Zip/Install"]["runs"], 1);
    }
    // Of another server under the same name nothing is remembered.
    let instance = value["servers"]["lab"]["instance"].as_str().unwrap();
    let other = whole.replace(instance, "00000000-0000-0000-0000-000000000001");
    assert_ne!(other, whole);
    job.project.write("memory.json", &other.replace("\"runs\": 1", "\"runs\": 40"));
    job.drift(&MEMORY).exits(2).says("for the first time, at ");
    // A memory that cannot be written is an error where nothing worse is.
    job.project.apply();
    job.drift(&["--memory", "no/such/directory.json"]).exits(1).says("what was seen is not remembered");
}

#[test]
fn what_was_not_read_is_not_over() {
    let job = Job::of(WEBHOOK);
    job.set("by-hand.exe");
    job.drift(&MEMORY).exits(2);
    assert_eq!(job.ear.take().len(), 1);
    let Job { server, project, ear } = job;
    let server = server.restart_with_faults("rules: [{method: get, path: /v1/state, fault: {cut: 300}}]");
    project.edit("consign.yaml", |text| {
        let old = text.lines().find(|line| line.trim_start().starts_with("url:")).unwrap().to_owned();
        text.replace(&old, &format!("    url: {}", server.url))
    });
    let job = Job { server, project, ear };
    let ran = job.drift(&MEMORY);
    assert_eq!(ran.code, Some(7), "{}{}", ran.out, ran.err);
    assert!(job.ear.take().iter().all(|one| one.json()["event"] != "ended"));
    let value: Value = serde_json::from_str(&job.project.read("memory.json")).unwrap();
    assert_eq!(value["servers"]["lab"]["items"]["program/7-Zip/Install"]["runs"], 1, "neither counted nor forgotten");
}

#[test]
fn what_cannot_be_told_is_said_tried_again_and_never_hides_the_drift() {
    let job = Job::of(SLACK);
    job.set("by-hand.exe");
    let busy = answer("503 X", PLAIN, "down");
    let limited = answer("429 X", "Retry-After: 0\r\n", "");
    job.ear.answers(&[busy.clone(), limited]);
    job.drift(&[]).exits(2);
    assert_eq!(job.ear.take().len(), 3, "twice in vain, then taken");
    for (answers, says) in [
        (vec![busy; 8], "HTTP 503"),
        (vec![answer("404 X", PLAIN, "no_service")], "`ops` was not told of `lab`"),
        (vec![answer("403 X", PLAIN, "invalid_token canary-sig-aa93d51c")], "invalid_token"),
        (vec![answer("410 X", PLAIN, "channel_is_archived")], "channel_is_archived"),
        (vec![answer("302 X", "Location: https://elsewhere.test/\r\n", "")], "leads elsewhere"),
    ] {
        job.ear.answers(&answers);
        let ran = job.drift(&MEMORY).exits(2).one_message().says(says);
        assert!(ran.out.contains("program/7-Zip/Install"), "the drift is told all the same\n{}", ran.out);
        job.ear.answers(&[]);
        assert!(!job.ear.take().is_empty());
    }
    // What was not told is told by the next run.
    job.drift(&MEMORY).exits(2);
    assert_eq!(job.ear.take().len(), 1);
    // Where nothing worse is, it is an error; reports say so too.
    job.project.apply();
    job.ear.answers(&vec![answer("400 X", PLAIN, "invalid_payload"); 8]);
    let ran = job.drift(&[&MEMORY[..], &["--format", "json"]].concat()).exits(1).says("invalid_payload");
    assert_eq!(ran.json()["exit"], json!({"code": 1, "name": "error"}));
    job.ear.answers(&[]);
    job.drift(&MEMORY).exits(0);
    assert!(job.ear.take().last().is_some_and(|one| one.text.contains("drift has ended")));
    // A receiver without its secret, and a project without receivers.
    job.project.replace("consign.yaml", "env: HOOK", "env: NO_SUCH");
    job.set("by-hand.exe");
    job.drift(&[]).exits(2).one_message().says("environment variable `NO_SUCH` is not set");
    job.project.replace("consign.yaml", "    ops: {slack: {urlFrom: {env: NO_SUCH}}}\n", "    {}\n");
    job.drift(&[]).exits(2).one_message().says("names no receiver");
}

/// A name that says all that a chat may act on.
const NASTY: &str =
    "<!channel> @here <@U024BE7LH> <https://evil.test|x> *b* [x](https://evil.test) <at>all</at> &amp; \u{202e}";

#[test]
fn no_name_of_a_server_acts_in_a_chat() {
    for (receiver, is_slack) in [(SLACK, true), (TEAMS, false)] {
        let job = Job::of(receiver);
        job.set(&format!("by-hand.exe {NASTY}"));
        job.drift(&[]).exits(2);
        let message = job.ear.only();
        let body = message.json();
        assert!(!message.text.contains("\u{202e}"));
        if is_slack {
            assert!(!message.text.contains(['<', '>']), "{body:#}");
            assert!(!message.text.contains("@here"), "{body:#}");
            assert_eq!((&body["link_names"], &body["mrkdwn"]), (&json!(false), &json!(false)));
            let blocks = body["blocks"].as_array().unwrap();
            assert!(blocks.iter().all(|block| block["text"]["type"] == "plain_text"), "{body:#}");
            assert!(message.text.contains("&lt;!channel&gt;"), "{body:#}");
        } else {
            assert_eq!(body["type"], "message");
            let attachment = &body["attachments"][0];
            assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
            let card = &attachment["content"];
            assert_eq!(card["msteams"], json!({"width": "Full"}), "no entity, no mention");
            let blocks = card["body"].as_array().unwrap();
            assert!(blocks.iter().all(|block| block["type"] == "RichTextBlock"), "{card:#}");
            let runs = blocks.iter().flat_map(|block| block["inlines"].as_array().unwrap());
            assert!(runs.into_iter().all(|run| run["type"] == "TextRun" && run.get("selectAction").is_none()));
        }
    }
}

#[test]
fn a_thousand_items_fit_into_a_message() {
    for receiver in [SLACK, TEAMS, WEBHOOK] {
        let job = Job::of(receiver);
        let tasks: String = (0..400)
            .map(|n| {
                let name = format!("Many & more {n} {}", "<x>".repeat(30));
                format!("---\napiVersion: consign/v1\nkind: Collection\nmetadata: {{name: '{name}'}}\nspec: {{}}\n")
            })
            .collect();
        job.project.write("delivery/many.yaml", &tasks);
        job.drift(&[]).exits(2);
        let message = job.ear.only();
        let body = message.json();
        match receiver {
            SLACK => {
                let blocks = body["blocks"].as_array().unwrap();
                assert!(blocks.len() <= 50, "{}", blocks.len());
                for block in blocks {
                    let length = block["text"]["text"].as_str().unwrap().encode_utf16().count();
                    assert!(length <= if block["type"] == "header" { 150 } else { 3_000 });
                }
                assert!(message.text.contains(" items more"));
            }
            TEAMS => {
                assert!(message.text.len() <= 28 * 1024, "{}", message.text.len());
                assert!(message.text.contains(" items more"));
            }
            _ => {
                let (listed, more) =
                    (body["items"].as_array().unwrap().len(), body["items_left_out"].as_u64().unwrap());
                assert_eq!(listed as u64 + more, 400);
            }
        }
    }
}
