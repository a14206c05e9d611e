//! The table of routes against the router and against roles; what is bounded; the shape of every refusal.

use std::collections::BTreeSet;

use axum::body::Body;
use consign::server::Limits;
use consign::server::Store;
use consign::server::app::role::Role;
use consign::server::http::v1::Condition;
use consign::server::http::v1::Needs;
use consign::server::http::v1::ROUTES;
use consign::server::http::v1::openapi;
use http::Request;
use serde_json::Value;
use serde_json::json;

use super::World;
use super::ask;

const NOTHING: &str = "00000000-0000-0000-0000-000000000001";

fn concrete(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { NOTHING } else { part }).collect::<Vec<_>>().join("/")
}

/// A request that gets past everything but the operation itself.
fn fitting(route: &consign::server::http::v1::Route, token: &str) -> Request<Body> {
    let mut headers = Vec::new();
    match route.condition {
        Condition::Match => headers.push(("if-match", "\"1\"")),
        Condition::NoneMatch => headers.push(("if-none-match", "*")),
        Condition::Free | Condition::Cached => {}
    }
    ask(route.method.name(), &concrete(route.path), token, &headers, route.takes_body().then(|| json!({})))
}

#[tokio::test]
async fn every_route_takes_the_roles_of_its_row_and_no_other() {
    for route in ROUTES {
        let world = World::new();
        let tokens = [(None, ""), (Some(Role::Reader), &world.reader), (Some(Role::Applier), &world.applier)];
        let tokens = tokens.into_iter().chain([(Some(Role::Administrator), world.admin.as_str())]);
        for (role, token) in tokens {
            let answer = world.send(fitting(route, token)).await;
            let what = format!("{} {} as {role:?}: {answer:?}", route.method.name(), route.path);
            let may = match (route.needs, role) {
                (Needs::Nothing, _) => true,
                (Needs::Role(_), None) => {
                    answer.refused(401, "unauthenticated");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                    continue;
                }
                (Needs::Role(needed), Some(role)) => role >= needed,
            };
            if may {
                assert!(![401, 403, 405].contains(&answer.status), "{what}");
                // A 404 is the operation's, which knows no such thing; never the router's.
                let router_says = String::from_utf8_lossy(&answer.body).contains("nothing at this address");
                assert!(!router_says, "{what}");
            } else {
                let Needs::Role(needed) = route.needs else { unreachable!() };
                assert_eq!(answer.refused(403, "forbidden")["needs"], needed.name(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let world = World::new();
    for path in ["/", "/v1", "/v1/", "/v1/items/", "/v2/state", "/v1/tokens/a/b", "/v1/../v1/state"] {
        world.send(ask("GET", path, &world.admin, &[], None)).await.refused(404, "not_found");
        world.send(ask("GET", path, "", &[], None)).await.refused(401, "unauthenticated");
    }
    let paths: BTreeSet<_> = ROUTES.iter().map(|route| route.path).collect();
    for path in paths {
        let there: BTreeSet<_> = ROUTES.iter().filter(|row| row.path == path).map(|row| row.method.name()).collect();
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            if !there.contains(method) {
                let answer = world.send(ask(method, &concrete(path), &world.admin, &[], None)).await;
                answer.refused(405, "method_not_allowed");
            }
        }
    }
    let pairs: BTreeSet<_> = ROUTES.iter().map(|route| (route.path, route.method.name())).collect();
    assert_eq!(pairs.len(), ROUTES.len());
}

#[tokio::test]
async fn the_token_comes_first_of_all() {
    let world = World::new();
    let unknown = format!("consign_{}", "0".repeat(64));
    for value in
        ["", "Bearer", "Bearer x", "Basic eDp5", &format!("Bearer {unknown}"), &format!("Token {}", world.admin)]
    {
        let request = Request::post("/v1/items").header("authorization", value).body(Body::from("{")).unwrap();
        world.send(request).await.refused(401, "unauthenticated");
    }
    let twice = Request::get("/v1/server")
        .header("authorization", format!("Bearer {}", world.admin))
        .header("authorization", format!("Bearer {}", world.admin))
        .body(Body::empty())
        .unwrap();
    world.send(twice).await.refused(401, "unauthenticated");
    // A body that never comes is not waited for by those who may not send one.
    let endless = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    world.send(Request::post("/v1/items").body(endless).unwrap()).await.refused(401, "unauthenticated");
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_in_size_time_depth_and_number() {
    let limits = Limits { body_bytes: 10_000, ..Limits::default() };
    let world = World::over(Store::in_memory().unwrap(), limits);
    let post = |body: Body, headers: &[(&str, &str)]| {
        let mut request = Request::post("/v1/batch").header("authorization", format!("Bearer {}", world.admin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body).unwrap()
    };
    let typed = [("content-type", "application/json")];
    let big = "x".repeat(10_001);
    let streamed = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(big.clone())]));
    for answer in [
        world.send(post(Body::from(big.clone()), &typed)).await,
        world.send(post(streamed, &typed)).await,
        world.send(post(Body::empty(), &[typed[0], ("content-length", "10001")])).await,
    ] {
        assert_eq!(answer.refused(413, "too_large")["bytesMax"], 10_000);
    }
    let endless = || Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    world.send(post(endless(), &typed)).await.refused(408, "timeout");
    let broken = Body::from_stream(futures_util::stream::iter([Err::<bytes::Bytes, _>(std::io::Error::other("cut"))]));
    world.send(post(broken, &typed)).await.refused(400, "malformed");
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for bad in ["{", "", deep.as_str(), "{\"operations\":[],\"operations\":[]}", "\u{feff}{}"] {
        world.send(post(Body::from(bad.to_owned()), &typed)).await.refused(400, "malformed");
    }
    world.send(post(Body::from(vec![0xff, 0xfe]), &typed)).await.refused(400, "malformed");
    let utf8 = [("content-type", "application/json; charset=utf-8")];
    world.send(post(Body::from("{\"operations\":[]}"), &utf8)).await.ok(200);
    for media in ["text/plain", "application/json-patch+json", ""] {
        let answer = world.send(post(Body::from("{}"), &[("content-type", media)])).await;
        answer.refused(415, "unsupported_media_type");
    }
    let many = json!({ "operations": vec![json!({}); 501] });
    let answer = world.send(post(Body::from(many.to_string()), &typed)).await;
    assert_eq!(answer.refused(413, "too_large")["operationsMax"], 500);
    let unasked = Request::delete(format!("/v1/items/{NOTHING}"))
        .header("authorization", format!("Bearer {}", world.admin))
        .body(Body::from("x"))
        .unwrap();
    world.send(unasked).await.refused(413, "too_large");
}

#[tokio::test]
async fn a_body_that_does_not_fit_names_its_field() {
    let world = World::new();
    for (body, field) in [
        (json!({ "kind": "Package", "name": "x", "spec": {}, "nmae": 1 }), "nmae"),
        (json!({ "kind": "Package", "spec": {} }), "name"),
        (json!({ "kind": "Package", "name": "x", "spec": { "verison": "1" } }), "spec/verison"),
        (json!({ "kind": "Package", "name": "x", "spec": [] }), "spec/"),
    ] {
        assert_eq!(world.create(body).await.refused(422, "invalid")["field"], field);
    }
    world.create(json!({ "kind": "Nothing", "name": "x", "spec": {} })).await.refused(422, "invalid");
    world.create(json!([])).await.refused(422, "invalid");
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_taken_back() {
    let world = World::new();
    let make = async |name: &str, role: &str| {
        world.write("POST", "/v1/tokens", &[], Some(json!({ "name": name, "role": role }))).await
    };
    let made = make("ci", "applier").await.ok(201);
    let token = made["token"].as_str().unwrap();
    world.send(ask("GET", "/v1/server", token, &[], None)).await.ok(200);
    assert_eq!(make("ci", "applier").await.refused(422, "invalid")["field"], "name");
    make("x", "root").await.refused(422, "invalid");
    let keyed = [("idempotency-key", "k")];
    let body = json!({ "name": "y", "role": "reader" });
    world.write("POST", "/v1/tokens", &keyed, Some(body)).await.refused(422, "invalid");
    let listed = world.write("GET", "/v1/tokens", &[], None).await;
    let names: Vec<_> = listed.json()["tokens"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
    assert_eq!(names, ["admin", "applier", "ci", "reader"]);
    assert!(!String::from_utf8_lossy(&listed.body).contains("consign_"));
    let audit = world.get("/v1/audit").await;
    assert!(!String::from_utf8_lossy(&audit.body).contains("consign_"));
    let id = made["id"].as_str().unwrap();
    world.write("DELETE", &format!("/v1/tokens/{id}"), &[], None).await.ok(204);
    world.send(ask("GET", "/v1/server", token, &[], None)).await.refused(401, "unauthenticated");
    world.write("DELETE", &format!("/v1/tokens/{id}"), &[], None).await.refused(404, "not_found");
    let admin = listed.json()["tokens"][0]["id"].as_str().unwrap().to_owned();
    world.write("DELETE", &format!("/v1/tokens/{admin}"), &[], None).await.refused(409, "protected");
}

#[tokio::test]
async fn the_document_describes_every_route_and_every_reference_in_it_leads_somewhere() {
    let world = World::new();
    let document = world.send(ask("GET", "/v1/openapi.json", "", &[], None)).await.ok(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, openapi::build());
    let mut described = 0;
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.name().to_ascii_lowercase()];
        let status = route.status.to_string();
        assert!(operation["responses"][&status].is_object(), "{}", route.path);
        assert_eq!(operation["requestBody"].is_object(), route.takes_body(), "{}", route.path);
        described += 1;
    }
    let listed: usize = document["paths"].as_object().unwrap().values().map(|at| at.as_object().unwrap().len()).sum();
    assert_eq!(described, listed);
    let mut ids = BTreeSet::new();
    let mut todo = vec![&document];
    while let Some(at) = todo.pop() {
        match at {
            Value::Object(map) => {
                if let Some(to) = map.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(to.strip_prefix('#').unwrap()).is_some(), "{to}");
                }
                if let Some(id) = map.get("operationId").and_then(Value::as_str) {
                    assert!(ids.insert(id), "{id}");
                }
                todo.extend(map.values());
            }
            Value::Array(list) => todo.extend(list),
            _ => {}
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in
        ["Item", "Spec", "Package", "Program", "Task", "SequentialTask", "Collection", "CreateBody", "ErrorBody"]
    {
        assert!(schemas.contains_key(name), "{name}");
    }
    assert_eq!(schemas["Package"]["additionalProperties"], false);
    // And what is answered is what it describes.
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    let monthly = json!({ "type": "monthly", "on": { "type": "weekday", "week": "second", "weekday": "tue" },
        "offsetDays": 3, "time": "17:00" });
    let run = json!({ "type": "schedule", "schedule": monthly });
    for (kind, spec) in [
        ("SequentialTask", json!({ "steps": [step], "run": run })),
        ("Task", json!({ "package": p["guid"], "program": a["guid"], "warnUser": {}, "download": {} })),
        ("DeliveryPolicy", json!({ "resources": [step], "remediation": run })),
        ("MaintenanceWindow", json!({ "schedule": monthly, "durationMinutes": 5 })),
        ("Collection", json!({ "query": { "language": "sql", "text": "select" } })),
        ("Folder", json!({})),
        ("PortalSettings", json!({})),
        ("AgentSettings", json!({ "blockouts": [{ "from": "01:00", "durationSeconds": 60 }] })),
        ("PatchPlugin", json!({ "scan": monthly })),
    ] {
        world.make(json!({ "kind": kind, "name": "x", "spec": spec })).await;
    }
    let schema = json!({ "$ref": "#/components/schemas/Item", "components": document["components"] });
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for item in world.app.all_items().unwrap() {
        let item: Value = serde_json::from_str(&item.to_json()).unwrap();
        let faults: Vec<_> = validator.iter_errors(&item).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{item}: {faults:?}");
    }
    assert!(!validator.is_valid(&json!({ "guid": 1 })));
}
