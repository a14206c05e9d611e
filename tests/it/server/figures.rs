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
