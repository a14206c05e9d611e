//! Two figures that an apply and a plan live by. Not run by themselves: they say something on a quiet machine only.

use std::time::Instant;

use consign::server::Limits;
use consign::server::Store;
use serde_json::json;

use super::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a check"]
async fn thirty_thousand_creates_and_the_state_of_forty_five_thousand_items() {
    let dir = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::from_path_buf(dir.path().join("consign.db")).unwrap();
    let world = World::over(Store::open(&path).unwrap(), Limits::default());
    let fill = async |from: usize, to: usize| {
        for at in (from..to).step_by(250) {
            let operations: Vec<_> = (at..at + 250)
                .map(|n| {
                    let spec = json!({ "publisher": "Vendor", "source": { "type": "unc", "path": format!(r"\\files\p\{n}") } });
                    json!({ "op": "create", "body": { "kind": "Package", "name": format!("Package {n}"), "spec": spec } })
                })
                .collect();
            world.write("POST", "/v1/batch", &[], Some(json!({ "operations": operations }))).await.ok(200);
        }
    };
    let began = Instant::now();
    fill(0, 30_000).await;
    let creates = began.elapsed();
    fill(30_000, 45_000).await;
    let mut best = std::time::Duration::MAX;
    let mut bytes = 0;
    for _ in 0..5 {
        let began = Instant::now();
        bytes = world.get("/v1/state").await.body.len();
        best = best.min(began.elapsed());
    }
    println!("30,000 creates in batches of 250: {creates:?}; state of 45,000 items, {bytes} bytes: {best:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a check"]
async fn a_hundred_thousand_computers_two_thousand_collections_five_million_executions() {
    let number = |name: &str, or: u32| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (computers, tasks) = (number("FLEET_COMPUTERS", 100_000), number("FLEET_TASKS", 59));
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| camino::Utf8PathBuf::from_path_buf(dir.path().join(name)).unwrap();
    let world = World::over(Store::open(&at("consign.db")).unwrap(), Limits::default());
    let mut fleet = consign::sample::Fleet::new(computers, 1, "2026-11-21T08:00:00Z".parse().unwrap());
    fleet.history = (0..tasks).map(|n| consign::model::guid::Guid::of(u128::from(n) + 1)).collect();
    let began = Instant::now();
    let mut file = std::io::BufWriter::new(std::fs::File::create(at("fleet")).unwrap());
    consign::sample::lines(&fleet, |line| std::io::Write::write_all(&mut file, line.as_bytes())).unwrap();
    drop(file);
    println!("made up in {:?}, {} MB", began.elapsed(), std::fs::metadata(at("fleet")).unwrap().len() >> 20);
    let began = Instant::now();
    let mut lines = std::io::BufReader::new(std::fs::File::open(at("fleet")).unwrap());
    let loaded = world.app.load_fleet(&mut lines, &Limits::default()).unwrap();
    println!(
        "{} lines loaded in {:?}; {} MB",
        loaded.lines,
        began.elapsed(),
        std::fs::metadata(at("consign.db")).unwrap().len() >> 20
    );
    let products = ["PDF Reader", "Archiver", "CAD Viewer", "Statistics Package", "Backup Agent", "Drawing Tool"];
    for from in (0..2000).step_by(250) {
        let operations: Vec<_> = (from..from + 250)
            .map(|n| {
                let sql = match n % 4 {
                    0 => format!("SELECT Guid FROM vSoftware WHERE Name = '{}' AND Version <> '{n}'", products[n % 6]),
                    1 => format!("SELECT Guid FROM vHardware WHERE DiskFreeMB < {}", 2000 + n * 3),
                    2 => format!("SELECT c.Guid FROM vComputer c JOIN vOperatingSystem o ON o.Guid = c.Guid WHERE o.Version = '10.0.14393' AND c.Name LIKE '%{n}'"),
                    _ => format!("SELECT Guid FROM vComputer WHERE TimeZone = 'Europe/Zurich' AND Name LIKE '%{n}%'"),
                };
                let spec = json!({ "query": { "language": "sql", "text": sql } });
                json!({ "op": "create", "body": { "kind": "Collection", "name": format!("C {n}"), "spec": spec } })
            })
            .collect();
        world.write("POST", "/v1/batch", &[], Some(json!({ "operations": operations }))).await.ok(200);
    }
    for what in ["first", "again"] {
        let began = Instant::now();
        let answer = world.get("/v1/fleet").await;
        let unknown = String::from_utf8_lossy(&answer.body).matches("unknownMembers").count();
        println!("{what} stream: {:?}, {} MB, {unknown} unknown", began.elapsed(), answer.body.len() >> 20);
    }
    world.collection("One more").await;
    let began = Instant::now();
    world.get("/v1/fleet").await;
    println!("after one more collection: {:?}", began.elapsed());
    let began = Instant::now();
    let mut asked = 0;
    for computer in world.fleet().await.iter().filter(|line| line["type"] == "computer").take(200) {
        let path = format!("/v1/agents/{}/policy", computer["guid"].as_str().unwrap());
        world.write("POST", &path, &[], Some(json!({ "at": "2026-11-21T08:00:00Z" }))).await.ok(200);
        asked += 1;
    }
    println!("{asked} policies: {:?}", began.elapsed());
}
