//! Whole conversations with a made-up transport.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;

use crate::adapter::AdapterError;
use crate::adapter::Effect;
use crate::adapter::Fate;
use crate::adapter::Lease;
use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::adapter::Receipt;
use crate::adapter::Write;
use crate::adapter::WriteAdapter;
use crate::adapter::native::client::NativeReader;
use crate::adapter::native::client::NativeWriter;
use crate::adapter::native::samples;
use crate::adapter::native::tests::fleets;
use crate::model::capabilities::Access;
use crate::model::collection::Query;
use crate::model::fleet::Part;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::reach::Known;
use crate::sys::http::Answer;
use crate::sys::http::Ask;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;

/// What the made-up server does next.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    /// Cut after the body.
    cut: bool,
}

struct Fake {
    replies: Mutex<VecDeque<Result<Reply, TransportError>>>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn of(replies: impl IntoIterator<Item = Result<Reply, TransportError>>) -> Arc<Self> {
        Arc::new(Self { replies: Mutex::new(replies.into_iter().collect()), asked: Mutex::default() })
    }

    fn next(&self, asked: String) -> Result<Answer, TransportError> {
        self.asked.lock().unwrap().push(asked);
        let reply = self.replies.lock().unwrap().pop_front().expect("one request too many")?;
        let mut headers = http::HeaderMap::new();
        for (name, value) in reply.headers {
            headers.insert(name, value.parse().unwrap());
        }
        let mut pieces: Vec<Result<Bytes, TransportError>> =
            reply.body.as_bytes().chunks(100).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        if reply.cut {
            pieces.push(Err(TransportError::Cut("reset".to_owned())));
        }
        Ok(Answer { status: reply.status, headers, body: futures_util::stream::iter(pieces).boxed() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl ReadTransport for Fake {
    fn server(&self) -> &str {
        "https://ns.example"
    }
    async fn get(&self, request: Get) -> Result<Answer, TransportError> {
        let headers: String = request.headers.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.next(format!("GET {}{headers}", request.path))
    }
    async fn ask(&self, ask: Ask) -> Result<Answer, TransportError> {
        self.next(format!("ASK {} {}", ask.path(), String::from_utf8_lossy(&ask.body())))
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Send) -> Result<Answer, TransportError> {
        self.next(format!("{} {}", request.method, request.path))
    }
}

fn reply(status: u16, kind: &'static str, body: impl Into<String>) -> Reply {
    Reply { status, headers: vec![("content-type", kind)], body: body.into(), cut: false }
}

fn json_reply(status: u16, body: serde_json::Value) -> Reply {
    reply(status, "application/json", body.to_string())
}

fn who() -> Result<Reply, TransportError> {
    Ok(json_reply(
        200,
        json!({"instance": samples::INSTANCE, "name": "prod", "apiVersion": "1", "version": "0.1.0",
            "time": "2026-01-02T03:04:05Z", "state": "42"}),
    ))
}

fn state(text: impl Into<String>) -> Result<Reply, TransportError> {
    Ok(reply(200, "application/x-ndjson; charset=utf-8", text))
}

fn whole() -> String {
    samples::state(&samples::lines(&samples::site(1)))
}

async fn observe(
    replies: impl IntoIterator<Item = Result<Reply, TransportError>>,
) -> (Result<Observation, AdapterError>, Vec<String>) {
    let fake = Fake::of(replies);
    let result = NativeReader::new(fake.clone()).observe(None).await;
    (result, fake.asked())
}

fn fresh(result: Result<Observation, AdapterError>) -> Observed {
    match result {
        Ok(Observation::Fresh(observed)) => observed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_whole_state_is_observed_in_full() {
    let (result, asked) = observe([who(), state(whole())]).await;
    let observed = fresh(result);
    assert_eq!(asked, ["GET /v1/server", "GET /v1/state"]);
    assert_eq!(observed.state.as_deref(), Some("42"));
    assert_eq!(observed.server.name, "prod");
    assert_eq!(observed.time.to_string(), "2026-01-02T03:04:05Z");
    assert!(Kind::ALL.iter().all(|kind| observed.complete(*kind, None).is_some()));
    let items: Vec<Item> = observed.items.into_iter().map(|item| item.item).collect();
    assert_eq!(items, samples::site(1).into_iter().map(|(_, item)| item).collect::<Vec<_>>());
}

fn computers(cut: bool) -> Result<Reply, TransportError> {
    let text = fleets::stream(&fleets::lines());
    let text = if cut { text[..text.len() / 2].to_owned() } else { text };
    Ok(Reply { cut, ..reply(200, "application/x-ndjson", text) })
}

#[tokio::test]
async fn a_fleet_that_is_cut_is_read_again_and_is_a_gap_when_it_stays_so() {
    let fake = Fake::of([computers(true), computers(false)]);
    let read = NativeReader::new(fake.clone()).fleet().await;
    assert_eq!((read.fleet.computers.len(), fake.asked().len()), (2, 2));
    let fake = Fake::of([computers(true), computers(true), computers(true)]);
    let read = NativeReader::new(fake).fleet().await;
    assert!(read.fleet.computers.is_empty() && read.mark.is_none());
    assert_eq!(read.fleet.gaps.len(), 5, "nothing is known, of every part");
    assert!(read.fleet.gaps[&Part::Members].contains("did not come in full"));
}

#[tokio::test]
async fn a_server_that_tells_nothing_of_computers_is_asked_once() {
    let fake = Fake::of([Ok(reply(404, "text/plain", ""))]);
    let read = NativeReader::new(fake).fleet().await;
    assert_eq!(read.fleet.gaps[&Part::Computers], "this server tells nothing of its computers");
    let forbidden = json_reply(403, json!({"error": {"code": "forbidden", "message": "not you"}}));
    let read = NativeReader::new(Fake::of([Ok(forbidden)])).fleet().await;
    assert!(read.fleet.gaps[&Part::Computers].contains("not you"));
}

#[tokio::test]
async fn a_query_is_asked_about_and_a_refusal_is_no_empty_answer() {
    let set = fleets::written([1]);
    let found = json_reply(200, json!({"mark": "m1", "set": set, "computers": 1, "milliseconds": 2}));
    let refused = json_reply(422, json!({"error": {"code": "query", "message": "it tries to write"}}));
    let fake = Fake::of([computers(false), Ok(found), Ok(refused), Err(TransportError::TimedOut)]);
    let reader = NativeReader::new(fake.clone());
    let read = reader.fleet().await;
    let query = Query::Sql("SELECT Guid FROM x".to_owned());
    assert_eq!(reader.evaluate(&query, &read).await, Known::Is([1].into_iter().collect()));
    for why in ["tries to write", "no answer in time"] {
        let Known::Unknown(told) = reader.evaluate(&query, &read).await else { panic!("{why}") };
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(fake.asked()[1], r#"ASK /v1/evaluate {"query":{"language":"sql","text":"SELECT Guid FROM x"}}"#);
}

#[tokio::test]
async fn an_unchanged_state_is_said_so_only_when_it_was_asked() {
    let fake = Fake::of([who(), Ok(reply(304, "text/plain", ""))]);
    let result = NativeReader::new(fake.clone()).observe(Some("42")).await;
    assert!(matches!(result, Ok(Observation::Unchanged)));
    assert_eq!(fake.asked()[1], "GET /v1/state if-none-match=\"42\"");
    let (result, _) = observe([who(), Ok(reply(304, "text/plain", ""))]).await;
    assert!(matches!(result, Err(AdapterError::Malformed { .. })));
}

#[tokio::test]
async fn a_state_cut_once_is_read_again() {
    let cut = || Ok(Reply { cut: true, ..reply(200, "application/x-ndjson", whole()[..2000].to_owned()) });
    let (result, asked) = observe([who(), cut(), Err(TransportError::TimedOut), state(whole())]).await;
    let observed = fresh(result);
    assert!(observed.complete(Kind::Task, None).is_some());
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn a_state_never_whole_is_partial_with_the_most_that_came() {
    let text = whole();
    let two = text.match_indices('\n').nth(2).unwrap().0 + 1;
    let ten = text.match_indices('\n').nth(10).unwrap().0 + 1;
    for bad in [text.replace("sha256:", "sha256:0"), text.replace("\"count\":20", "\"count\":21"), format!("{text}x")] {
        let (result, asked) = observe([who(), state(bad.clone()), state(bad.clone()), state(bad)]).await;
        let observed = fresh(result);
        assert_eq!(observed.items.len(), 20);
        assert_partial(&observed);
        assert_eq!(asked.len(), 4);
    }
    let cut = |at: usize| Ok(Reply { cut: true, ..reply(200, "application/x-ndjson", text[..at].to_owned()) });
    let (result, _) = observe([who(), cut(two), cut(ten), cut(two + 5)]).await;
    let observed = fresh(result);
    assert_eq!(observed.items.len(), 10);
    assert_partial(&observed);
}

fn assert_partial(observed: &Observed) {
    assert_eq!(observed.state, None, "an incomplete state has no mark");
    for kind in Kind::ALL {
        assert!(observed.complete(kind, None).is_none() && observed.complete(kind, Some("Top")).is_none());
        assert!(observed.gap(kind).unwrap().starts_with("the state did not come in full"));
    }
}

#[tokio::test]
async fn a_kind_that_is_not_known_leaves_nothing_complete() {
    let mut lines = samples::lines(&samples::site(1));
    lines[0] = lines[0].replace("\"Folder\"", "\"Gadget\"");
    let (result, _) = observe([who(), state(samples::state(&lines))]).await;
    let observed = fresh(result);
    assert!(matches!(&observed.coverage[&Kind::Task], Coverage::Partial { why, .. } if why.contains("Gadget")));
    assert!(observed.complete(Kind::Task, None).is_none());
}

#[tokio::test]
async fn what_cannot_be_learnt_from_is_an_error() {
    let html = || Ok(reply(200, "text/html", "<html>log in</html>"));
    let error = |status| Ok(json_reply(status, json!({"error": {"code": "x", "message": "no"}})));
    let version = |version: &str| {
        let text = json!({"apiVersion": version, "other": 1});
        Ok(json_reply(200, text))
    };
    let other = whole().replace(samples::INSTANCE, "00000000-0000-4000-8000-00000000beef");
    let line = samples::lines(&samples::site(1)).remove(0).replace("\"grants\"", "\"grunts\"");
    type Check = fn(&AdapterError) -> bool;
    let cases: Vec<(Vec<Result<Reply, TransportError>>, Check)> = vec![
        (vec![Err(TransportError::Connect("connection refused".to_owned()))], |e| {
            matches!(e, AdapterError::NoAnswer { .. })
        }),
        (vec![error(401)], |e| matches!(e, AdapterError::Denied { .. })),
        (vec![error(403)], |e| matches!(e, AdapterError::Forbidden { message, .. } if message == "no")),
        (vec![error(404)], |e| matches!(e, AdapterError::Malformed { .. })),
        (vec![version("2")], |e| matches!(e, AdapterError::OtherVersion { found, .. } if found == "2")),
        (vec![version("1")], |e| matches!(e, AdapterError::Malformed { why, .. } if why.contains("instance"))),
        (vec![html()], |e| matches!(e, AdapterError::Malformed { why, .. } if why.contains("login page"))),
        (
            vec![Ok(reply(302, "text/html", ""))],
            |e| matches!(e, AdapterError::Malformed { why, .. } if why.contains("never followed")),
        ),
        (vec![who(), html()], |e| matches!(e, AdapterError::Malformed { .. })),
        (vec![who(), error(401)], |e| matches!(e, AdapterError::Denied { .. })),
        (vec![who(), error(503)], |e| matches!(e, AdapterError::Busy { status: 503, .. })),
        (vec![who(), state(whole()[..2000].to_owned()), error(403)], |e| matches!(e, AdapterError::Forbidden { .. })),
        (vec![who(), state(other)], |e| matches!(e, AdapterError::Malformed { why, .. } if why.contains("instance"))),
        (vec![who(), state(""), state(""), state("")], |e| matches!(e, AdapterError::Malformed { .. })),
        (
            vec![who(), state(samples::state(&[line]))],
            |e| matches!(e, AdapterError::Malformed { why, .. } if why.contains("grants") && why.contains("folder `Top`")),
        ),
    ];
    for (at, (replies, check)) in cases.into_iter().enumerate() {
        let (result, _) = observe(replies).await;
        let error = result.expect_err("an error");
        assert!(check(&error), "case {at}: {error:?}");
    }
}

fn with_writer(reply: Reply) -> (NativeWriter, Arc<Fake>) {
    let fake = Fake::of([Ok(reply)]);
    (NativeWriter::new(fake.clone()), fake)
}

/// The answer to a write of a folder.
async fn written(effect: &str, reply: Reply) -> Result<Receipt, AdapterError> {
    let (writer, _) = with_writer(reply);
    let (directory, (guid, item)) = (samples::directory(&samples::site(1)), samples::site(1).remove(0));
    let effect = match effect {
        "create" => Effect::Create { state: &item },
        "update" => Effect::Update { guid, revision: "1", state: &item },
        _ => Effect::Delete { guid, revision: "1" },
    };
    let lease = Lease { id: "l".to_owned(), fence: 7 };
    let envelope = crate::adapter::Envelope {
        lease: &lease,
        idempotency_key: "k",
        in_doubt: false,
        plan: "p",
        origin: None,
        directory: &directory,
        secrets: &crate::adapter::Secrets::new(),
    };
    writer.write(&envelope, &Write { key: &item.key, effect, before: None }).await
}

#[tokio::test]
async fn a_write_gives_what_the_server_answered() {
    let item = json!({"guid": samples::guid(77), "revision": "9", "more": 1});
    let expected = Receipt { guid: samples::guid(77), revision: "9".to_owned(), replayed: false };
    assert_eq!(written("create", json_reply(201, item.clone())).await.unwrap(), expected);
    let mut replayed = json_reply(200, item.clone());
    replayed.headers.push(("idempotency-replayed", "true"));
    assert_eq!(written("update", replayed).await.unwrap(), Receipt { replayed: true, ..expected });
    let gone = Receipt { guid: samples::guid(1), revision: String::new(), replayed: false };
    assert_eq!(written("delete", reply(204, "text/plain", "")).await.unwrap(), gone);
    // An answer that does not fit leaves the write's fate open.
    for (effect, reply) in [
        ("create", json_reply(200, item.clone())),
        ("update", json_reply(201, item.clone())),
        ("delete", json_reply(200, item)),
        ("create", json_reply(201, json!({"guid": "x"}))),
        ("create", reply(201, "text/html", "<html>")),
    ] {
        assert_eq!(written(effect, reply).await.unwrap_err().fate(), Fate::Unknown, "{effect}");
    }
}

#[tokio::test]
async fn each_refusal_is_its_own_error() {
    let error = |status: u16, code: &str, details: serde_json::Value| {
        json_reply(status, json!({"error": {"code": code, "message": "why not", "details": details}}))
    };
    let held = json!({"holder": "ci 7", "since": "t1", "expiresAt": "t2"});
    for (reply, name, fate) in [
        (error(401, "unauthenticated", json!(null)), "Denied", Fate::NotMade),
        (error(403, "forbidden", json!({"needs": "applier"})), "applier", Fate::NotMade),
        (error(404, "not_found", json!({})), "NotFound", Fate::NotMade),
        (error(409, "fenced", json!({"fence": 8})), "Fenced", Fate::NotMade),
        (error(409, "lease_held", held), "ci 7", Fate::NotMade),
        (error(409, "in_use", json!({"users": [{"name": "x"}]})), "in_use", Fate::NotMade),
        (error(409, "in_use", json!("odd")), "in_use", Fate::NotMade),
        (error(412, "revision_moved", json!({"revision": "8"})), "Stale", Fate::NotMade),
        (error(422, "invalid", json!({"field": "f"})), "invalid", Fate::NotMade),
        (error(428, "fence_required", json!({})), "fence_required", Fate::NotMade),
        (error(400, "malformed", json!({})), "why not", Fate::NotMade),
        (error(429, "slow", json!({})), "Busy", Fate::NotMade),
        (error(500, "internal", json!({})), "Busy", Fate::Unknown),
        (reply(502, "text/html", "<h1>Bad gateway</h1>"), "Busy", Fate::Unknown),
        (error(503, "unavailable", json!({})), "Busy", Fate::Unknown),
        (error(504, "unavailable", json!({})), "Busy", Fate::Unknown),
        (reply(409, "text/html", "<h1>secret page</h1>"), "Malformed", Fate::Unknown),
        (reply(409, "application/json", "{\"error\":"), "Malformed", Fate::Unknown),
        (error(418, "teapot", json!({})), "Malformed", Fate::Unknown),
        (reply(307, "text/plain", ""), "Malformed", Fate::Unknown),
    ] {
        let error = written("update", reply).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains(name), "{name}: {text}");
        assert!(!text.contains("secret page"));
        assert_eq!(error.fate(), fate, "{text}");
    }
}

#[tokio::test]
async fn texts_of_errors_and_waits_have_a_limit() {
    let long = json!({"error": {"code": "invalid", "message": "é".repeat(5000)}});
    match written("update", json_reply(422, long)).await {
        Err(AdapterError::Refused { message, item, .. }) => {
            assert_eq!((message.chars().count(), item.as_str()), (501, "folder/Top"));
        }
        other => panic!("{other:?}"),
    }
    let endless = json!({"error": {"code": "invalid", "message": "x".repeat(100_000)}});
    assert!(matches!(written("update", json_reply(422, endless)).await, Err(AdapterError::Malformed { .. })));
    for (value, expected) in
        [("7", Some(Duration::from_secs(7))), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("-1", None)]
    {
        let mut busy = reply(503, "text/plain", "");
        busy.headers.push(("retry-after", value));
        match written("update", busy).await {
            Err(AdapterError::Busy { retry_after, .. }) => assert_eq!(retry_after, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_batch_gives_a_receipt_for_each_write_or_names_the_refused_one() {
    let directory = samples::directory(&samples::site(1));
    let (guid, item) = samples::site(1).remove(0);
    let task = ItemKey::new(Kind::Task, "T");
    let writes = [
        Write { key: &item.key, effect: Effect::Create { state: &item }, before: None },
        Write { key: &task, effect: Effect::Delete { guid, revision: "1" }, before: None },
    ];
    let lease = Lease { id: "l".to_owned(), fence: 7 };
    let secrets = crate::adapter::Secrets::new();
    let envelope = crate::adapter::Envelope {
        lease: &lease,
        idempotency_key: "k",
        in_doubt: false,
        plan: "p",
        origin: None,
        directory: &directory,
        secrets: &secrets,
    };
    let made = json!({"status": 201, "item": {"guid": samples::guid(9), "revision": "3"}});
    let (writer, fake) = with_writer(json_reply(200, json!({"results": [made, {"status": 204}]})));
    let receipts = writer.write_batch(&envelope, &writes).await.unwrap();
    assert_eq!(fake.asked(), ["POST /v1/batch"]);
    assert_eq!((receipts[0].guid, receipts[0].revision.as_str()), (samples::guid(9), "3"));
    assert_eq!((receipts[1].guid, receipts[1].revision.as_str()), (guid, ""));

    for results in [json!([made]), json!([{"status": 204}, made]), json!([{"status": 201}, {"status": 204}])] {
        let (writer, _) = with_writer(json_reply(200, json!({"results": results})));
        let error = writer.write_batch(&envelope, &writes).await.unwrap_err();
        assert!(error.index.is_none() && error.error.fate() == Fate::Unknown);
    }

    for (index, expected) in [(json!(1), Some(1)), (json!(2), None), (json!("1"), None)] {
        let body = json!({"error": {"code": "in_use", "message": "m", "details": {"index": index}}});
        let (writer, _) = with_writer(json_reply(409, body));
        let error = writer.write_batch(&envelope, &writes).await.unwrap_err();
        assert_eq!(error.index, expected);
        let AdapterError::Refused { item, .. } = error.error else { panic!() };
        assert_eq!(item == "task/T", expected.is_some());
    }
    let body = json!({"error": {"code": "revision_moved", "message": "m", "details": {"index": 1}}});
    let (writer, _) = with_writer(json_reply(412, body));
    let error = writer.write_batch(&envelope, &writes).await.unwrap_err();
    assert!(matches!(error.error, AdapterError::Stale { item, .. } if item == task));

    let fake = Fake::of([]);
    assert!(NativeWriter::new(fake.clone()).write_batch(&envelope, &[]).await.unwrap().is_empty());
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_lease_is_taken_held_and_given_back() {
    let lease = json!({"lease": samples::guid(3), "fence": 7, "expiresAt": "t"});
    let ttl = Duration::from_secs(60);
    let (writer, _) = with_writer(json_reply(201, lease.clone()));
    let taken = writer.acquire("me", ttl, "k").await.unwrap();
    assert_eq!(taken, Lease { id: samples::guid(3).to_string(), fence: 7 });

    let held = json!({"error": {"code": "lease_held", "message": "m", "details": {"holder": "ci"}}});
    let (writer, _) = with_writer(json_reply(409, held));
    let error = writer.acquire("me", ttl, "k").await.unwrap_err();
    assert!(matches!(error, AdapterError::LeaseHeld { holder, since, .. } if holder == "ci" && since == "unknown"));

    let missing = || json_reply(404, json!({"error": {"code": "not_found", "message": "m"}}));
    assert!(with_writer(json_reply(200, lease.clone())).0.renew(&taken, ttl).await.is_ok());
    let mut other = lease;
    other["fence"] = json!(8);
    for reply in [missing(), json_reply(200, other)] {
        let error = with_writer(reply).0.renew(&taken, ttl).await.unwrap_err();
        assert!(matches!(error, AdapterError::Fenced { .. }));
    }

    assert!(with_writer(reply(204, "text/plain", "")).0.release(&taken).await.is_ok());
    assert!(with_writer(missing()).0.release(&taken).await.is_ok());
    assert!(with_writer(reply(503, "text/plain", "")).0.release(&taken).await.is_err());
}

#[tokio::test]
async fn references_come_in_both_directions() {
    let row = |name: &str| json!({"hint": "h", "type": "t", "guid": samples::guid(1), "kind": "Task", "name": name});
    let body = json!({"item": {}, "folder": null, "refersTo": [row("a")], "referredToBy": [row("b"), row("c")]});
    let fake = Fake::of([Ok(json_reply(200, body))]);
    let found = NativeReader::new(fake.clone()).references(samples::guid(5)).await.unwrap();
    let found: Vec<_> = found.iter().map(|row| (row.outgoing, row.name.as_str())).collect();
    assert_eq!(found, [(true, "a"), (false, "b"), (false, "c")]);
    assert_eq!(fake.asked(), [format!("GET /v1/items/{}/references", samples::guid(5))]);
    let missing = Fake::of([Ok(reply(404, "text/plain", ""))]);
    let result = NativeReader::new(missing).references(samples::guid(5)).await;
    assert!(matches!(result, Err(AdapterError::NotFound { .. })));
}

#[test]
fn passwords_are_set_and_never_seen() {
    let reader = NativeReader::new(Fake::of([]));
    let found = reader.capabilities();
    assert_eq!(found.access(Kind::Program, "runWith.passwordFrom"), Access::WriteOnly);
    assert_eq!(found.access(Kind::Program, "commandLine"), Access::Settable);
    assert_eq!(found.kinds, Kind::ALL.into());
}
