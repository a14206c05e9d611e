//! Whom a collection holds (COL-1), and the queries that find them: what they may ask, and what becomes of the others.

use std::time::Duration;

use consign::server::Limits;
use consign::server::Store;
use serde_json::Value;
use serde_json::json;

use super::Answer;
use super::World;
use super::ask;
use super::fleet::computer;
use super::fleet::estate;
use super::fleet::guid;
use super::fleet::set;
use super::fleet::software;
use super::text;

impl World {
    async fn asking(&self, name: &str, sql: &str) -> Value {
        self.made(name, json!({ "query": { "language": "sql", "text": sql } })).await
    }

    async fn evaluate(&self, sql: &str) -> Answer {
        let body = json!({ "query": { "language": "sql", "text": sql } });
        self.send(ask("POST", "/v1/evaluate", &self.reader, &[], Some(body))).await
    }
}

#[tokio::test]
async fn col_1_members_queries_includes_limits_and_excludes_make_a_collection() {
    let world = World::new();
    estate(&world).await;
    let listed = world.made("Listed", json!({ "members": ["alpha", "DELTA", "NOBODY"] })).await;
    assert_eq!(world.effective(&listed).await, Ok(vec![0, 3]));
    let acrobat = world.asking("Acrobat", "SELECT Guid FROM vSoftware WHERE Name = 'Acrobat'").await;
    assert_eq!(world.effective(&acrobat).await, Ok(vec![0, 1]));
    let both = json!({ "members": ["DELTA"], "query": { "language": "sql", "text": "SELECT Guid FROM vSoftware WHERE Name = 'Vim'" } });
    let both = world.made("Both", both).await;
    let line = world.one("members", "collection", &both["guid"]).await;
    assert_eq!((set(&line["effective"]), set(&line["query"])), (vec![0, 2, 3], vec![0, 2]));
    let line = world.one("members", "collection", &listed["guid"]).await;
    assert_eq!(line["query"], Value::Null);
    let nested = json!({ "include": [listed["guid"], both["guid"]], "exclude": [acrobat["guid"]] });
    let nested = world.made("Nested", nested).await;
    assert_eq!(world.effective(&nested).await, Ok(vec![2, 3]));
    let limited = json!({ "include": [nested["guid"]], "members": ["BETA"], "limitedTo": listed["guid"] });
    let limited = world.made("Limited", limited).await;
    assert_eq!(world.effective(&limited).await, Ok(vec![3]));
    let all = json!({ "guid": "eb3a1a12-e1c7-4431-b060-f0333e4e488c" });
    assert_eq!(world.effective(&all).await, Ok((0..6).collect()));
    let windows = json!({ "guid": "e3a71b08-1612-44a6-9f71-7d359d5475b4" });
    assert_eq!(world.effective(&windows).await, Ok(vec![0, 1]));
    // What changes is seen at once: a collection, an inventory, a name.
    world.put(&listed, |body| body["spec"]["members"] = json!(["BETA"])).await.ok(200);
    assert_eq!(world.effective(&nested).await, Ok(vec![2, 3]));
    assert_eq!(world.effective(&listed).await, Ok(vec![1]));
    world.load(&[software(2, "Vim", "9"), computer(4, "OTHER")]).await;
    assert_eq!(world.effective(&both).await, Ok(vec![0, 1, 2]));
    assert_eq!(world.effective(&acrobat).await, Ok(vec![0]), "a scan replaces what was found before");
}

#[tokio::test]
async fn col_1_a_chain_of_collections_may_be_long() {
    let world = World::new();
    estate(&world).await;
    let mut last = world.made("C 0", json!({ "members": ["ALPHA"] })).await;
    for n in 1..400 {
        last = world.made(&format!("C {n}"), json!({ "include": [last["guid"]] })).await;
    }
    assert_eq!(world.effective(&last).await, Ok(vec![0]));
}

#[tokio::test]
async fn col_1_a_query_that_fails_writes_or_runs_on_is_unknown_and_so_is_what_is_made_of_it() {
    let limits = Limits { query_time: Duration::from_millis(50), ..Limits::default() };
    let world = World::over(Store::in_memory().unwrap(), limits);
    estate(&world).await;
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT Guid FROM vComputer, n";
    let mut unknown = Vec::new();
    for (n, (sql, why)) in [
        ("SELECT Guid FROM vNothing", "no such table"),
        ("SELECT Name FROM vComputer", "no column `Guid`"),
        ("DELETE FROM computers", "tries to write"),
        ("SELECT Guid FROM vComputer; SELECT 1 AS Guid", "more than one statement"),
        (endless, "took longer than 50 ms"),
        ("", "empty"),
    ]
    .into_iter()
    .enumerate()
    {
        let made = world.asking(&format!("Q {n}"), sql).await;
        let said = world.effective(&made).await.unwrap_err();
        assert!(said.contains(why), "{sql}: {said}");
        unknown.push(made);
    }
    let wql = json!({ "query": { "language": "wql", "text": "select * from SMS_R_System" } });
    let wql = world.made("W", wql).await;
    assert!(world.effective(&wql).await.unwrap_err().contains("WQL"));
    for (n, spec) in [
        json!({ "members": ["ALPHA"], "include": [unknown[0]["guid"]] }),
        json!({ "members": ["ALPHA"], "exclude": [unknown[2]["guid"]] }),
        json!({ "members": ["ALPHA"], "limitedTo": wql["guid"] }),
    ]
    .into_iter()
    .enumerate()
    {
        let over = world.made(&format!("Over {n}"), spec).await;
        assert!(world.effective(&over).await.unwrap_err().contains("not known"), "{n}");
        let further = world.made(&format!("Further {n}"), json!({ "include": [over["guid"]] })).await;
        assert!(world.effective(&further).await.is_err());
    }
    assert_eq!(world.fleet().await.iter().filter(|line| line["type"] == "computer").count(), 6, "nothing was written");
    // Without an inventory of systems nobody knows who runs Windows.
    let bare = World::new();
    bare.load(&[computer(1, "A")]).await;
    let windows = json!({ "guid": "e3a71b08-1612-44a6-9f71-7d359d5475b4" });
    assert!(bare.effective(&windows).await.unwrap_err().contains("vOperatingSystem"));
}

async fn refuses(world: &World) {
    let long = format!("SELECT Guid FROM vComputer WHERE Name = '{}'", "x".repeat(70_000));
    for (sql, why) in [
        ("INSERT INTO computers (guid) VALUES ('x')", "write"),
        ("UPDATE vComputer SET Name = 'x'", "cannot modify"),
        ("WITH n(x) AS (SELECT 1) INSERT INTO computers (guid) SELECT x FROM n", "write"),
        ("WITH n(x) AS (SELECT 1) UPDATE items SET name = 'x' WHERE id IN (SELECT x FROM n)", "write"),
        ("WITH n AS (SELECT Guid FROM vComputer) DELETE FROM items RETURNING guid AS Guid", "write"),
        ("WITH gone AS (DELETE FROM items RETURNING guid) SELECT guid AS Guid FROM gone", "syntax error"),
        ("REPLACE INTO meta VALUES ('x', 'y')", "write"),
        ("DELETE FROM items", "write"),
        ("DROP TABLE items", "write"),
        ("CREATE TABLE x (y)", "write"),
        ("CREATE TEMP TABLE x AS SELECT Guid FROM vComputer", "write"),
        ("CREATE VIEW x AS SELECT 1", "write"),
        ("ATTACH 'x.db' AS x", "attaches"),
        ("VACUUM INTO 'x.db'", "no SELECT"),
        ("DETACH main", "attaches"),
        ("PRAGMA table_list", "PRAGMA"),
        ("PRAGMA query_only = 0", "PRAGMA"),
        ("PRAGMA writable_schema = 1", "PRAGMA"),
        ("SELECT name AS Guid FROM pragma_table_list", "no view"),
        ("BEGIN", "transactions"),
        ("SAVEPOINT x", "transactions"),
        ("ANALYZE", "write"),
        ("REINDEX", "write"),
        ("SELECT guid FROM computers", "no view"),
        ("SELECT guid FROM items", "no view"),
        ("SELECT digest AS Guid FROM tokens", "no view"),
        ("SELECT sql AS Guid FROM sqlite_schema", "no view"),
        ("SELECT Guid FROM vComputer WHERE EXISTS (SELECT 1 FROM secrets)", "no view"),
        ("SELECT Guid FROM vComputer, (SELECT count(*) FROM tokens)", "no view"),
        ("SELECT Guid FROM vComputer, pragma_database_list", "no view"),
        ("SELECT Guid FROM vComputer, json_each('[1]')", "no view"),
        ("WITH vComputer AS (SELECT hex(digest) AS Guid FROM tokens) SELECT Guid FROM vComputer", "no view"),
        ("WITH vSoftware AS (SELECT guid AS Guid FROM items) SELECT Guid FROM vSoftware", "no view"),
        ("SELECT Guid FROM vComputer WHERE random() > 0", "function `random`"),
        ("SELECT Guid FROM vComputer WHERE LastSeen < datetime('now')", "function `datetime`"),
        ("SELECT Guid FROM vComputer WHERE LastSeen < CURRENT_TIMESTAMP", "function"),
        ("SELECT load_extension('x') AS Guid", "function `load_extension`"),
        ("EXPLAIN SELECT Guid FROM vComputer", "no SELECT"),
        ("SELECT Guid FROM vComputer; DELETE FROM items", "write"),
        ("SELECT 1 AS Guid", "is none"),
        ("SELECT Name AS Guid FROM vComputer", "is none"),
        ("SELECT Guid FROM vComputer WHERE Name = ?", "parameters"),
        ("SELECT Guid FROM vComputer WHERE length(printf('%.*c', 900000000, 'x')) > 1", "too big"),
        ("SELECT Name FROM vComputer", "no column `Guid`"),
        ("SELECT Guid FROM", "incomplete input"),
        ("-- nothing", "empty"),
        (long.as_str(), "longer than"),
    ] {
        let answer = world.evaluate(sql).await;
        let details = answer.refused(422, "invalid");
        assert_eq!((&details["field"], &details["rule"]), (&json!("query"), &json!("COL-1")), "{sql}");
        let said = answer.json()["error"]["message"].to_string();
        assert!(said.contains(why), "{sql}: {said}");
    }
}

#[tokio::test]
async fn col_1_evaluate_answers_one_select_over_inventory_and_nothing_else() {
    let world = World::new();
    estate(&world).await;
    let state = world.app.state().unwrap();
    for (sql, numbers) in [
        ("SELECT Guid FROM vSoftware WHERE Name = 'Acrobat'", vec![0, 1]),
        ("select resourceguid from (SELECT Guid AS ResourceGuid FROM vComputer WHERE Retired = 1)", vec![4]),
        ("SELECT c.Guid FROM vComputer c LEFT JOIN vSoftware s ON s.Guid = c.Guid WHERE s.Name IS NULL", vec![3, 4, 5]),
        (
            "SELECT Guid, Name FROM vComputer WHERE Name LIKE 'b%' ORDER BY upper(Name) -- as people write it\n;",
            vec![1, 5],
        ),
        ("WITH v AS (SELECT Guid, count(*) AS n FROM vSoftware GROUP BY Guid) SELECT Guid FROM v WHERE n > 1", vec![0]),
        ("SELECT '{00000000-0000-0000-0000-000000000001}' AS Guid UNION SELECT NULL", vec![0]),
        ("SELECT Guid FROM vComputer WHERE Domain = 'NONE'", vec![]),
        ("SELECT '99999999-0000-0000-0000-000000000001' AS Guid", vec![]),
        (
            "SELECT Guid FROM vComputer WHERE TimeZone = 'Europe/Zurich' AND LastSeen < '2026-11-21' AND Name = 'BETA'",
            vec![1],
        ),
        (
            "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9) SELECT Guid FROM vComputer, n",
            (0..6).collect(),
        ),
        ("VALUES (1)", vec![]),
    ] {
        let answer = world.evaluate(sql).await;
        if sql.starts_with("VALUES") {
            answer.refused(422, "invalid");
            continue;
        }
        let found = answer.ok(200);
        assert_eq!(set(&found["set"]), numbers, "{sql}");
        assert_eq!(found["computers"], numbers.len(), "{sql}");
        assert_eq!(text(&found["mark"]), world.mark().await);
        assert!(found["milliseconds"].is_u64());
    }
    refuses(&world).await;
    assert_eq!(world.app.state().unwrap(), state);
    let wql = json!({ "query": { "language": "wql", "text": "select * from x" } });
    world.send(ask("POST", "/v1/evaluate", &world.reader, &[], Some(wql))).await.refused(422, "invalid");
    // The hooks are off again: the server itself goes on.
    world.collection("After").await;
}

#[tokio::test]
async fn col_1_a_file_is_asked_over_a_connection_that_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::from_path_buf(dir.path().join("consign.db")).unwrap();
    let limits = Limits { query_time: Duration::from_millis(100), query_rows: 5, ..Limits::default() };
    let world = World::over(Store::open(&path).unwrap(), limits);
    estate(&world).await;
    refuses(&world).await;
    assert_eq!(set(&world.evaluate("SELECT Guid FROM vSoftware").await.ok(200)["set"]), [0, 1, 2]);
    let many = world.evaluate("SELECT Guid FROM vComputer").await;
    many.refused(422, "invalid");
    assert!(many.json()["error"]["message"].to_string().contains("more than 5 rows"));
    let endless =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT NULL AS Guid FROM n WHERE x < 0";
    world.evaluate(endless).await.refused(504, "too_slow");
    let line = world.one("unknownMembers", "collection", &world.asking("E", endless).await["guid"]).await;
    assert!(text(&line["why"]).contains("longer than 100 ms"));
    world.evaluate("SELECT Guid FROM vSoftware").await.ok(200);
}

#[tokio::test]
async fn a_query_over_last_seen_follows_it_and_others_are_not_asked_again() {
    let world = World::new();
    estate(&world).await;
    let stale = world.asking("Stale", "SELECT Guid FROM vComputer WHERE LastSeen < '2026-11-21'").await;
    let plain = world.asking("Plain", "SELECT Guid FROM vSoftware WHERE Name = 'Vim'").await;
    assert_eq!(world.effective(&stale).await.unwrap().len(), 6);
    let path = format!("/v1/agents/{}/policy", guid(2));
    world.write("POST", &path, &[], Some(json!({ "at": "2026-11-22T00:00:00Z" }))).await.ok(200);
    assert_eq!(world.effective(&stale).await, Ok(vec![0, 2, 3, 4, 5]));
    assert_eq!(world.effective(&plain).await, Ok(vec![0, 2]));
}
