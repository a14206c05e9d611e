//! The server as a process runs it: files, sockets, TLS, its start and its end.

use std::net::SocketAddr;
use std::time::Duration;

use camino::Utf8PathBuf;
use consign::server::Bound;
use consign::server::ServeError;
use consign::server::ServeOptions;
use consign::server::bind;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::text;

struct Running {
    address: String,
    token: String,
    end: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

fn options(dir: &tempfile::TempDir) -> ServeOptions {
    let data = Utf8PathBuf::from_path_buf(dir.path().join("data")).unwrap();
    ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), data)
}

fn run(bound: Bound, options: &ServeOptions) -> Running {
    let path = options.token_file.clone().unwrap_or_else(|| options.data.join("admin.token"));
    let token = std::fs::read_to_string(path).unwrap().trim().to_owned();
    let url = bound.url();
    let (end, ended) = oneshot::channel::<()>();
    let task = tokio::spawn(bound.serve(async { drop(ended.await) }));
    Running { address: url.split_once("//").unwrap().1.to_owned(), token, end, task }
}

async fn start(options: &ServeOptions) -> Running {
    run(bind(options.clone()).await.unwrap(), options)
}

impl Running {
    /// Sends text and reads until the server closes.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        // A server that refuses may have closed before all of it is sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn get(&self, path: &str) -> String {
        let token = &self.token;
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        self.raw(&head).await
    }

    async fn stop(self) {
        self.end.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.task).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_writes_a_private_token_and_the_second_leaves_it() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(&dir);
    let bound = bind(options.clone()).await.unwrap();
    assert!(bound.notes().iter().any(|note| note.contains("admin.token")), "{:?}", bound.notes());
    let first = run(bound, &options);
    assert!(first.get("/v1/server").await.starts_with("HTTP/1.1 200"));
    #[cfg(unix)]
    for name in ["admin.token", "consign.db", "consign.db-wal"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(options.data.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let token = first.token.clone();
    first.stop().await;
    let bound = bind(options.clone()).await.unwrap();
    assert!(bound.notes().is_empty(), "{:?}", bound.notes());
    let second = run(bound, &options);
    assert_eq!(second.token, token);
    assert!(second.get("/v1/server").await.starts_with("HTTP/1.1 200"));
    second.stop().await;
    let bytes = std::fs::read(options.data.join("consign.db")).unwrap();
    assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "tokens are kept as digests only");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_file_from_a_start_that_was_cut_short_is_taken_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir);
    let path = Utf8PathBuf::from_path_buf(dir.path().join("token")).unwrap();
    options.token_file = Some(path.clone());
    let token = format!("consign_{}", "5a".repeat(32));
    for (text, readable) in [("something else\n", false), (token.as_str(), true)] {
        std::fs::write(&path, text).unwrap();
        set_mode(&path, if readable { 0o644 } else { 0o600 });
        assert!(matches!(bind(options.clone()).await, Err(ServeError::TokenFile { .. })), "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    set_mode(&path, 0o600);
    let server = start(&options).await;
    assert!(server.get("/v1/server").await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[cfg(unix)]
fn set_mode(path: &Utf8PathBuf, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_make_no_sense_are_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let sane = options(&dir);
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let plain = ServeOptions { listen: everywhere, ..sane.clone() };
    assert!(matches!(bind(plain.clone()).await, Err(ServeError::PlainBeyondLoopback(_))));
    let half = ServeOptions { tls_cert: Some("cert.pem".into()), ..sane.clone() };
    assert!(matches!(bind(half).await, Err(ServeError::HalfTls)));
    let nowhere = ServeOptions { faults: Some(dir.path().join("no").to_str().unwrap().into()), ..sane.clone() };
    assert!(matches!(bind(nowhere).await, Err(ServeError::File { .. })));
    assert!(!sane.data.exists());
    let taken = bind(sane.clone()).await.unwrap();
    let listen: SocketAddr = taken.url().split_once("//").unwrap().1.parse().unwrap();
    assert!(matches!(bind(ServeOptions { listen, ..sane }).await, Err(ServeError::Listen { .. })));
    bind(ServeOptions { insecure: true, data: plain.data.join("other"), ..plain }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_seeds_a_server_with_the_same_items_and_references() {
    let world = super::World::new();
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let c = world.collection("C").await;
    let folder = world.make(json!({ "kind": "Folder", "name": "F", "spec": {} })).await;
    let step = json!({ "package": p["guid"], "program": a["guid"] });
    let spec = json!({ "steps": [step, step], "collections": [c["guid"]] });
    let s = json!({ "kind": "SequentialTask", "name": "S", "folder": folder["guid"], "spec": spec });
    let s = world.make(s).await;
    world.put(&s, |body| drop(body["spec"]["steps"].as_array_mut().unwrap().pop())).await.ok(200);
    let run_with = json!({ "runWith": { "type": "account", "account": "x", "password": "y" } });
    world.make(json!({ "kind": "Program", "name": "B", "package": p["guid"], "spec": run_with })).await;
    let export = String::from_utf8(world.get("/v1/export").await.body.to_vec()).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let seed = Utf8PathBuf::from_path_buf(dir.path().join("seed.ndjson")).unwrap();
    std::fs::write(&seed, &export).unwrap();
    let options = ServeOptions { seeds: vec![seed.clone()], ..options(&dir) };
    let bound = bind(options.clone()).await.unwrap();
    assert!(bound.notes().iter().any(|note| note.contains("password")), "{:?}", bound.notes());
    let app = bound.app();
    let items = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(r#""type":"item""#)).map(str::to_owned).collect()
    };
    let (state, chunks) = app.state_chunks(true).unwrap();
    let again = String::from_utf8(chunks.concat()).unwrap();
    let without = export.replace(r#""passwordSet":true"#, r#""passwordSet":false"#);
    assert_eq!(items(&again), items(&without));
    assert_eq!(state, world.app.state().unwrap());
    let ends = |ties: Value| (ties["refersTo"].clone(), ties["referredToBy"].clone());
    for item in world.app.all_items().unwrap() {
        let [one, two] = [&world.app, &app].map(|app| serde_json::to_value(app.ties(item.guid).unwrap()).unwrap());
        assert_eq!(ends(one), ends(two), "{}", item.name);
    }
    assert!(app.verify_audit().unwrap().is_ok());
    drop(bound);
    let error = bind(options.clone()).await.unwrap_err();
    assert!(matches!(error, ServeError::Seed { .. }), "{error}");

    // Nothing of a seed that is not whole is taken.
    let lines: Vec<&str> = export.split_inclusive('\n').collect();
    let missing_line = [&lines[..3], &lines[4..]].concat().concat();
    for (n, broken) in [
        lines[..lines.len() - 1].concat(),
        missing_line,
        export.replacen("\"name\":\"P\"", "\"name\":\"Q\"", 1),
        export.replacen("\"format\":1", "\"format\":2", 1),
        format!("{export}{{}}\n"),
        String::new(),
        "not a seed\n".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(&seed, broken).unwrap();
        let fresh = ServeOptions { data: options.data.join(format!("{n}")), ..options.clone() };
        assert!(matches!(bind(fresh.clone()).await, Err(ServeError::Seed { .. })), "{n}");
        let unseeded = bind(ServeOptions { seeds: Vec::new(), ..fresh }).await.unwrap();
        assert_eq!(unseeded.app().all_items().unwrap().len(), 4, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_are_bounded_in_size_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir);
    options.limits.header_time = Duration::from_millis(300);
    options.limits.body_time = Duration::from_millis(300);
    options.limits.idle_time = Duration::from_millis(600);
    let server = start(&options).await;
    let huge = format!("GET /v1/health HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(server.raw(&huge).await.starts_with("HTTP/1.1 431"));
    // Half a header, and nothing at all: closed, in time, without an answer that means success.
    for slow in ["GET /v1/health HTTP/1.1\r\nHost:", "P", ""] {
        let answer = server.raw(slow).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let token = &server.token;
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    );
    let slow_body = server.raw(&format!("{head}Content-Length: 100\r\n\r\n{{")).await;
    assert!(slow_body.starts_with("HTTP/1.1 408"), "{slow_body}");
    let large = server.raw(&format!("{head}Content-Length: 9000000\r\n\r\n")).await;
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    assert!(server.raw("nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert!(server.get("/v1/health").await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_reach_the_socket() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir);
    let path = Utf8PathBuf::from_path_buf(dir.path().join("faults.yaml")).unwrap();
    let rules = "rules:
- {path: /v1/server, fault: {drop: response}}
- {path: /v1/state, fault: {cut: 50}}
- {path: /v1/leases, fault: {lie: contentLength}}
- {path: /v1/audit, fault: {status: 429, retryAfterSeconds: 3}}
";
    std::fs::write(&path, rules).unwrap();
    options.faults = Some(path);
    let server = start(&options).await;
    assert_eq!(server.get("/v1/server").await, "");
    let cut = server.get("/v1/state").await;
    assert!(cut.starts_with("HTTP/1.1 200") && !cut.contains("\"end\"") && !cut.ends_with("0\r\n\r\n"), "{cut}");
    let lie = server.get("/v1/leases").await;
    let claimed: usize = lie.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!(lie.split_once("\r\n\r\n").unwrap().1.len() < claimed, "{lie}");
    let busy = server.get("/v1/audit").await;
    assert!(busy.starts_with("HTTP/1.1 429") && busy.contains("retry-after: 3"), "{busy}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_speaks_http_1_and_2_and_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = Utf8PathBuf::from_path_buf(dir.path().join(name)).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut options = options(&dir);
    options.tls_cert = Some(file("cert.pem", made.cert.pem()));
    options.tls_key = Some(file("key.pem", made.signing_key.serialize_pem()));
    options.listen = SocketAddr::from(([0, 0, 0, 0], 0)); // With TLS it may be reached from elsewhere.
    let bound = bind(options.clone()).await.unwrap();
    let port = bound.url().rsplit_once(':').unwrap().1.to_owned();
    assert!(bound.url().starts_with("https://"));
    let server = run(bound, &options);

    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = reqwest::Certificate::from_der(made.cert.der()).unwrap();
    let client = |h2: bool| {
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root.clone()]);
        if h2 { builder } else { builder.http1_only() }.build().unwrap()
    };
    let url = format!("https://localhost:{port}/v1/server");
    for (h2, version) in [(true, http::Version::HTTP_2), (false, http::Version::HTTP_11)] {
        let answer = client(h2).get(&url).bearer_auth(&server.token).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (version, 200));
        let facts: Value = answer.json().await.unwrap();
        assert_eq!(text(&facts["apiVersion"]), "1");
    }
    let stranger = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    assert!(stranger.get(&url).bearer_auth(&server.token).send().await.is_err());
    let plain = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).await.unwrap();
    drop(plain); // One who leaves during the handshake disturbs nobody.
    assert!(client(true).get(&url).bearer_auth(&server.token).send().await.is_ok());
    server.stop().await;

    options.tls_key = Some(file("other.pem", "nothing".to_owned()));
    assert!(matches!(bind(options).await, Err(ServeError::Pem { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_waits_for_what_is_under_way_and_no_longer() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(&dir);
    options.limits.shutdown_time = Duration::from_secs(5);
    let path = Utf8PathBuf::from_path_buf(dir.path().join("faults.yaml")).unwrap();
    std::fs::write(
        &path,
        "rules:\n- {path: /v1/server, fault: {latencyMs: 300}}\n- {path: /v1/state, fault: {latencyMs: 600000}}\n",
    )
    .unwrap();
    options.faults = Some(path);
    let server = start(&options).await;
    let (address, token) = (server.address.clone(), server.token.clone());
    let asked = async |path: &str| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let (mut short, mut long) = (asked("/v1/server").await, asked("/v1/state").await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = std::time::Instant::now();
    server.end.send(()).unwrap();
    let mut answer = String::new();
    short.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.task.await.unwrap().unwrap();
    assert!((4..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let mut nothing = Vec::new();
    let _ = long.read_to_end(&mut nothing).await;
    assert!(nothing.is_empty());
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_seeded_beside_a_state_in_either_order_and_into_no_other_fleet() {
    let world = super::World::new();
    let p = world.package("P").await;
    let a = world.program(&p, "A").await;
    let t = world.task("T", &p, &a, json!({})).await;
    let export = String::from_utf8(world.app.state_chunks(true).unwrap().1.concat()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| Utf8PathBuf::from_path_buf(dir.path().join(name)).unwrap();
    std::fs::write(at("state"), export).unwrap();
    let mut fleet = consign::sample::Fleet::new(50, 1, "2026-11-21T08:00:00Z".parse().unwrap());
    fleet.history.push(text(&t["guid"]).parse().unwrap());
    let mut lines = String::new();
    let made = consign::sample::lines(&fleet, |line| {
        lines.push_str(line);
        Ok::<_, std::convert::Infallible>(())
    });
    assert!(made.is_ok());
    std::fs::write(at("fleet"), &lines).unwrap();
    for seeds in [["state", "fleet"], ["fleet", "state"]] {
        let seeded = ServeOptions {
            seeds: seeds.map(at).to_vec(),
            zone: Some("Europe/Zurich".to_owned()),
            data: at(&format!("data {}", seeds[0])),
            ..options(&dir)
        };
        let bound = bind(seeded.clone()).await.unwrap();
        assert!(bound.notes().iter().any(|note| note.contains("lines of computers")), "{:?}", bound.notes());
        let server = run(bound, &seeded);
        let answer = server.get("/v1/fleet").await;
        assert_eq!(answer.matches(r#""type":"computer""#).count(), 50);
        assert_eq!(answer.matches(r#""type":"history""#).count(), 1);
        assert!(answer.contains(r#""serverZone":"Europe/Zurich""#));
        server.stop().await;
        let again = ServeOptions { seeds: vec![at("fleet")], ..seeded.clone() };
        assert!(matches!(bind(again).await, Err(ServeError::Seed { .. })), "there are computers already");
        let plain = ServeOptions { seeds: Vec::new(), zone: None, ..seeded };
        assert_eq!(bind(plain).await.unwrap().app().zone().unwrap(), "Europe/Zurich", "the zone stays");
    }
    std::fs::write(at("broken"), format!("{lines}{{\n")).unwrap();
    let broken = ServeOptions { seeds: vec![at("broken")], data: at("data 3"), ..options(&dir) };
    let error = bind(broken.clone()).await.unwrap_err();
    assert!(matches!(error, ServeError::FleetSeed { .. }), "{error}");
    let unseeded = bind(ServeOptions { seeds: Vec::new(), ..broken.clone() }).await.unwrap();
    assert!(!unseeded.app().has_computers().unwrap(), "nothing of it was taken");
    drop(unseeded);
    let nowhere = ServeOptions { zone: Some("Mars/Olympus".to_owned()), seeds: Vec::new(), ..broken };
    assert!(matches!(bind(nowhere).await, Err(ServeError::Zone { .. })));
}
