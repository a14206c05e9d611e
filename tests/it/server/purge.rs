//! What the server forgets of events (PUR-1, PUR-2), when somebody asks for it and once a day by itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use consign::server::Bound;
use consign::server::ServeOptions;
use consign::server::app::App;
use consign::server::app::audit::Action;
use consign::server::app::fleet::purge::Purged;
use consign::server::bind_with_clock;
use serde_json::Value;
use serde_json::json;

use super::HandClock;
use super::World;
use super::fleet::computer;
use super::fleet::execution;
use super::fleet::guid;
use super::fleet::lines;
use super::fleet::set;
use super::text;
use crate::world::Server;

const SETTINGS: &str = "/v1/items/6ad3cfe0-fe55-4951-95be-897cf7a77b53";
const HOUR: i64 = 3600;

impl World {
    async fn settings(&self, change: impl FnOnce(&mut Value)) {
        let settings = self.get(SETTINGS).await.ok(200);
        self.put(&settings, |body| change(&mut body["spec"])).await.ok(200);
    }

    /// Sets what stays of every class.
    async fn keep(&self, older_than_seconds: Value, maximum_rows: Value) {
        let kept = json!({ "olderThanSeconds": older_than_seconds, "maximumRows": maximum_rows });
        self.settings(|spec| {
            for class in ["executions", "statusEvents", "packageEvents", "sequenceStatus"] {
                spec[class] = kept.clone();
            }
        })
        .await;
    }

    async fn executions(&self) -> usize {
        self.get("/v1/executions").await.ok(200)["executions"].as_array().unwrap().len()
    }

    /// The rows of the log that say that something was purged.
    async fn purges(&self) -> Vec<String> {
        let log = self.get("/v1/audit").await.ok(200);
        let rows = log["entries"].as_array().unwrap().iter().filter(|row| row["action"] == "purge");
        rows.map(|row| format!("{}: {}", text(&row["principal"]), text(&row["name"]))).collect()
    }

    /// Looks once whether the purge of the day is due, and does it where it is.
    fn look(&self) -> Option<Purged> {
        look(&self.app)
    }
}

fn look(app: &App) -> Option<Purged> {
    let mut purge = app.begin_daily_purge().unwrap()?;
    while app.purge_piece(&mut purge, 7).unwrap() {}
    Some(app.end_daily_purge(&purge).unwrap())
}

/// Twenty executions and twenty status events, two days old.
async fn twenty(world: &World) {
    let at = |n: u32| format!("2027-01-13T07:59:{n:02}Z");
    let mut values = vec![computer(1, "A")];
    for n in 0..20 {
        values.push(execution(1, &guid(50), &at(n), json!(true)));
        let kind = if n < 5 { "New Job" } else { "Job Updated" };
        values.push(json!({ "type": "event", "computer": guid(1), "kind": kind, "task": guid(50), "at": at(n) }));
    }
    world.load(&values).await;
}

async fn purged(older_than_seconds: Value, maximum_rows: Value) -> (Value, World) {
    let world = World::new(); // Its clock stands at 2027-01-15T08:00:00Z.
    twenty(&world).await;
    world.keep(older_than_seconds, maximum_rows).await;
    let done = world.write("POST", "/v1/purge", &[], None).await.ok(200);
    (done, world)
}

#[tokio::test]
async fn pur_1_first_what_is_older_goes_then_what_is_too_many() {
    let days = |n: u64| json!(n * 86_400);
    let left =
        async |world: &World| world.get("/v1/executions").await.ok(200)["executions"].as_array().unwrap().clone();
    let (done, world) = purged(days(7), json!(10)).await;
    assert_eq!(done["executions"], 10);
    let rows = left(&world).await;
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| text(&row["at"]) >= "2027-01-13T07:59:10Z"), "the newest stay");
    let (done, world) = purged(days(2), json!(20)).await;
    assert_eq!(done["executions"], 20);
    assert!(left(&world).await.is_empty());
    let line = world.one("history", "task", &json!(guid(50))).await;
    assert_eq!(set(&line["succeeded"]), [0], "how it went last stays known");
    let (done, world) = purged(Value::Null, Value::Null).await;
    assert_eq!(done["executions"], 0);
    assert_eq!(left(&world).await.len(), 20);
    world.write("POST", "/v1/purge", &[], None).await.ok(200);
}

#[tokio::test]
async fn pur_2_each_class_goes_by_itself_and_new_job_stays() {
    let (done, world) = purged(json!(86_400), json!(0)).await;
    assert_eq!(
        (&done["statusEvents"], &done["packageEvents"], &done["sequenceStatus"]),
        (&json!(15), &json!(0), &json!(0))
    );
    let events = world.get("/v1/events").await.ok(200);
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|row| text(&row["kind"]).to_owned()).collect();
    assert_eq!(kinds, ["New Job"; 5]);
    let off = world.get(SETTINGS).await.ok(200);
    world.put(&off, |body| body["spec"]["enabled"] = false.into()).await.ok(200);
    twenty(&world).await;
    assert_eq!(world.write("POST", "/v1/purge", &[], None).await.ok(200)["executions"], 0, "switched off");
}

#[tokio::test]
async fn pur_2_the_server_purges_by_itself_once_a_day_at_two_on_its_own_clock() {
    let world = World::new(); // Its clock stands at 2027-01-15T08:00:00Z, in UTC.
    world.keep(Value::Null, json!(5)).await;
    twenty(&world).await;
    assert_eq!(world.look(), None, "it says when the first one is, and that is not now");
    world.clock.advance_seconds(18 * HOUR - 1);
    assert_eq!(world.look(), None, "a second before two");
    assert_eq!(world.executions().await, 20);
    world.clock.advance_seconds(1);
    let done = world.look().expect("it is two");
    assert_eq!((done.events.executions, done.events.status_events), (15, 10), "15 status events are no `New Job`");
    assert_eq!((world.executions().await, world.look()), (5, None), "once a day");
    let said = "the server: daily purge: 0 items and requests, 25 rows of events";
    assert_eq!(world.purges().await, [said]);
    // The next day there is nothing to remove, and the log says that it was looked.
    world.clock.advance_seconds(24 * HOUR);
    assert_eq!(world.look(), Some(Purged::default()));
    let nothing = "the server: daily purge: 0 items and requests, 0 rows of events";
    assert_eq!(world.purges().await, [said, nothing]);
    // What was missed is made up for, once; and from then on it is at two again.
    world.clock.advance_seconds(3 * 24 * HOUR + 5 * HOUR);
    assert!(world.look().is_some() && world.look().is_none());
    world.clock.advance_seconds(19 * HOUR);
    assert!(world.look().is_some());
    assert!(world.app.verify_audit().unwrap().is_ok());
}

#[tokio::test]
async fn pur_2_the_time_is_that_of_the_settings_in_the_zone_of_the_server() {
    let world = World::new();
    world.app.set_zone("America/New_York").unwrap(); // It is three in the night there.
    assert_eq!(world.look(), None);
    world.clock.advance_seconds(23 * HOUR - 1);
    assert_eq!(world.look(), None);
    world.clock.advance_seconds(1);
    assert!(world.look().is_some(), "two in the night there, seven in UTC");
    // Another time that has passed today already is one for tomorrow.
    world.settings(|spec| spec["daily"] = "01:30".into()).await;
    assert_eq!(world.look(), None);
    world.clock.advance_seconds(23 * HOUR + HOUR / 2 - 1);
    assert_eq!(world.look(), None);
    world.clock.advance_seconds(1);
    assert!(world.look().is_some());
}

#[tokio::test]
async fn pur_2_what_is_switched_off_purges_nothing_also_not_at_once_when_it_is_switched_on() {
    let world = World::new();
    assert_eq!(world.look(), None);
    world.settings(|spec| spec["enabled"] = false.into()).await;
    world.clock.advance_seconds(24 * HOUR);
    assert_eq!(world.look(), None);
    world.settings(|spec| spec["enabled"] = true.into()).await;
    assert_eq!(world.look(), None, "the time of today passed while it was off");
    world.clock.advance_seconds(18 * HOUR);
    assert!(world.look().is_some());
    assert_eq!(world.purges().await.len(), 1);
}

#[tokio::test]
async fn pur_2_a_clock_that_is_set_back_does_not_put_the_purge_off_for_ever() {
    let world = World::new();
    let year = 365 * 24 * HOUR;
    world.clock.advance_seconds(year);
    assert_eq!(world.look(), None, "planned for a day in a year");
    world.clock.advance_seconds(-year);
    assert_eq!(world.look(), None);
    world.clock.advance_seconds(18 * HOUR);
    assert!(world.look().is_some());
}

#[tokio::test]
async fn pur_2_others_read_and_write_between_the_pieces_of_a_purge() {
    let world = World::new();
    world.keep(Value::Null, json!(0)).await;
    twenty(&world).await;
    world.look();
    world.clock.advance_seconds(24 * HOUR);
    let mut purge = world.app.begin_daily_purge().unwrap().unwrap();
    let mut pieces = 0;
    while world.app.purge_piece(&mut purge, 7).unwrap() {
        pieces += 1;
        world.package(&format!("P {pieces}")).await;
        let left = 20 - 7 * (pieces - 1).min(2); // The first piece looks at items.
        assert_eq!(world.executions().await, if pieces > 3 { 0 } else { left }, "{pieces}");
    }
    assert!(pieces > 4);
    // What came meanwhile is looked at the next day.
    world.load(&[execution(1, &guid(50), "2027-01-13T07:00:00Z", json!(true))]).await;
    let done = world.app.end_daily_purge(&purge).unwrap();
    assert_eq!((done.events.executions, done.events.status_events, world.executions().await), (20, 15, 1));
    // One that was left in the middle is due again, and begins anew.
    world.clock.advance_seconds(24 * HOUR);
    let mut left = world.app.begin_daily_purge().unwrap().unwrap();
    world.app.purge_piece(&mut left, 7).unwrap();
    assert_eq!(world.look().unwrap().events.executions, 1);
}

#[tokio::test]
async fn pur_3_the_daily_purge_takes_items_a_few_at_a_time_until_none_is_left() {
    let world = World::new();
    let p = world.package("P").await;
    for n in 0..3 {
        let a = world.program(&p, &format!("A {n}")).await;
        let steps = json!([{ "package": p["guid"], "program": a["guid"] }]);
        let s = json!({ "kind": "SequentialTask", "name": format!("S {n}"), "spec": { "steps": steps } });
        let s = world.make(s).await;
        world.delete(&s).await.ok(204); // SEQ-7
    }
    world.settings(|spec| spec["unusedSequenceEntriesSeconds"] = 0.into()).await;
    assert_eq!(world.look(), None);
    world.clock.advance_seconds(24 * HOUR);
    let mut purge = world.app.begin_daily_purge().unwrap().unwrap();
    let mut left = Vec::new();
    loop {
        let goes_on = world.app.purge_piece(&mut purge, 1).unwrap();
        left.push(world.get("/v1/items?kind=StepTask").await.ok(200)["items"].as_array().unwrap().len());
        if !goes_on {
            break;
        }
    }
    assert_eq!(left, [2, 1, 0, 0], "the last piece finds nothing more");
    assert_eq!(world.app.end_daily_purge(&purge).unwrap().unused.step_entries, 3);
    assert!(world.purges().await.last().unwrap().ends_with("3 items and requests, 0 rows of events"));
}

/// A server over a directory, which looks all the time whether its purge is due.
async fn server(dir: &tempfile::TempDir, clock: &Arc<HandClock>, daily: bool) -> Bound {
    let data = Utf8PathBuf::from_path_buf(dir.path().join("data")).unwrap();
    let mut options = ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), data);
    options.daily_purge = daily;
    options.limits.purge_look = Duration::from_millis(2);
    bind_with_clock(options, clock.clone()).await.unwrap()
}

/// How often a server purged, once it has served until there was a purge, or so often was looked for one.
async fn purges_of(bound: Bound, looks: usize) -> usize {
    let app = bound.app();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve(async { drop(ended.await) }));
    let count = || {
        let rows = app.audit(0, 1000).unwrap();
        rows.iter().filter(|row| row.entry.did.action == Action::Purge).count()
    };
    for _ in 0..looks {
        if count() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    end.send(()).unwrap();
    serving.await.unwrap().unwrap();
    count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pur_2_a_server_that_serves_looks_by_itself_unless_it_is_told_not_to() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), HandClock::new());
    assert_eq!(look(&server(&dir, &clock, true).await.app()), None, "it says when the first one is");
    clock.advance_seconds(24 * HOUR);
    assert_eq!(purges_of(server(&dir, &clock, false).await, 40).await, 0, "--no-daily-purge");
    assert_eq!(purges_of(server(&dir, &clock, true).await, 4000).await, 1, "what was missed is made up for, once");
    assert_eq!(look(&server(&dir, &clock, true).await.app()), None, "when the next one is, is kept over a start");
}

#[test]
fn pur_2_the_program_has_a_word_for_it() {
    let planned = |server: &Server| {
        let path = server.directory.path().join("data/consign.db");
        let database = rusqlite::Connection::open(path).unwrap();
        database
            .query_row("SELECT count(*) FROM meta WHERE key = 'purge_next_ms'", [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    // One that purges says at its first look, right after its start, when it will; the other one never looks.
    let (with, without) = (Server::start(), Server::with(&["--no-daily-purge"]));
    for _ in 0..2000 {
        if planned(&with) == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((planned(&with), planned(&without)), (1, 0));
}

#[tokio::test]
async fn pur_1_the_most_rows_are_counted_among_what_is_young_enough() {
    let world = World::new();
    let at = |n: u32| format!("2027-01-{n:02}T00:00:00Z");
    let mut values = vec![computer(1, "A")];
    // Not in the order of their times, and three at one time.
    for n in [14, 3, 13, 4, 12, 5, 14, 14] {
        values.push(execution(1, &guid(50), &at(n), json!(true)));
    }
    assert_eq!(world.load_text(lines(&values)).await.ok(200)["lines"], 9);
    world.keep(json!(5 * 24 * HOUR), json!(4)).await;
    let done = world.write("POST", "/v1/purge", &[], None).await.ok(200);
    assert_eq!(done["executions"], 4, "three are too old, and one of the other five is too many");
    let left = world.get("/v1/executions").await.ok(200);
    let times: Vec<_> = left["executions"].as_array().unwrap().iter().map(|row| text(&row["at"]).to_owned()).collect();
    assert_eq!(times, [at(14), at(13), at(14), at(14)]);
}
