//! NTLM, against an implementation that is not ours.

use std::io::BufRead;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use consign::sys::http::Credentials;
use consign::sys::http::Get;
use consign::sys::http::HttpOptions;
use consign::sys::http::HttpTransport;
use consign::sys::http::ReadTransport;
use consign::sys::http::Send;
use consign::sys::http::Transport;
use consign::sys::http::TransportError;
use futures_util::StreamExt;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::MANIFEST;
use super::skipped;
use crate::world::Project;
use crate::world::Server;
use crate::world::clean;
use crate::world::run;
use crate::world::until;

const PASSWORD: &str = "Canary-ntlm-55-ü";

/// The server of `ntlm_server.py`, which ends with this value.
struct Windows {
    url: String,
    child: Child,
    seen: Arc<Mutex<Vec<Value>>>,
    _directory: TempDir,
}

impl Drop for Windows {
    fn drop(&mut self) {
        // One that is gone already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Python with pyspnego, where `.ci/run` installs it.
fn python() -> Option<PathBuf> {
    let own = std::env::var_os("CONSIGN_PYSPNEGO").map(PathBuf::from);
    let root = own.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pyspnego"));
    let found = Some(root.join("bin/python")).filter(|path| path.is_file());
    if found.is_none() {
        skipped("CONSIGN_NEEDS_PYSPNEGO", "pyspnego is not installed");
    }
    found
}

impl Windows {
    fn start(mut settings: Value, tls: bool) -> Option<(Self, Option<Vec<u8>>)> {
        let python = python()?;
        let directory = tempfile::tempdir().unwrap();
        let users = directory.path().join("users");
        std::fs::write(&users, format!("CORP:svc:{PASSWORD}\n")).unwrap();
        let mut pem = None;
        if tls {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            settings["certificate"] = json!(certificate);
            settings["key"] = json!(key);
            pem = Some(made.cert.pem().into_bytes());
        }
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth/ntlm_server.py");
        let mut command = Command::new(python);
        clean(&mut command);
        command.arg(script).arg(settings.to_string()).env("NTLM_USER_FILE", users).env("PYTHONUTF8", "1");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}", first["port"]);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        // It ends with the process.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                notes.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Some((Self { url, child, seen, _directory: directory }, pem))
    }

    fn mode(mode: &str) -> Option<Self> {
        Some(Self::start(json!({"mode": mode}), false)?.0)
    }

    fn options(&self, account: &str, password: &str) -> HttpOptions {
        let credentials = Credentials::Ntlm { account: account.to_owned(), password: password.into() };
        let mut options = HttpOptions::new(&self.url);
        options.credentials = Some(credentials);
        options.timeout = Duration::from_secs(20);
        options
    }

    fn transport(&self) -> HttpTransport {
        HttpTransport::new(&self.options(r"CORP\svc", PASSWORD)).unwrap()
    }

    /// What came: (connection, leg, bytes of body).
    fn seen(&self, count: usize) -> Vec<(u64, u64, u64)> {
        let number = |line: &Value, name: &str| line[name].as_u64().unwrap_or_default();
        until("the server says what came", || self.seen.lock().unwrap().len() >= count);
        let seen = self.seen.lock().unwrap();
        let requests = seen.iter().filter(|line| line.get("refused").is_none());
        requests.map(|line| (number(line, "connection"), number(line, "leg"), number(line, "bytes"))).collect()
    }
}

async fn get(transport: &HttpTransport) -> Result<(u16, Value), TransportError> {
    read(transport.get(Get { path: "/x".to_owned(), headers: Vec::new() }).await?).await
}

async fn post(transport: &HttpTransport, bytes: usize) -> Result<(u16, Value), TransportError> {
    let body = Bytes::from(vec![b'x'; bytes]);
    let send = Send { method: http::Method::POST, path: "/x".to_owned(), headers: Vec::new(), body };
    read(transport.send(send).await?).await
}

async fn read(mut answer: consign::sys::http::Answer) -> Result<(u16, Value), TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.body.next().await {
        body.extend_from_slice(&chunk?);
    }
    Ok((answer.status, serde_json::from_slice(&body).unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_logged_on_once_and_kept_and_no_body_goes_before() {
    let Some(server) = Windows::mode("") else { return };
    let transport = server.transport();
    let (status, body) = post(&transport, 300_000).await.unwrap();
    assert_eq!((status, &body["user"], &body["bytes"]), (200, &json!("CORP\\svc"), &json!(300_000)));
    for _ in 0..100 {
        assert_eq!(get(&transport).await.unwrap().0, 200);
    }
    let seen = server.seen(102);
    assert_eq!(seen[0], (seen[1].0, 1, 0), "the first leg has no body");
    assert_eq!((seen[1].1, seen[1].2), (3, 300_000));
    assert_eq!(seen.len(), 102, "no leg more: {seen:?}");
    assert!(seen[2..].iter().all(|one| *one == (seen[0].0, 0, 0)), "one connection: {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_at_once_take_their_turns() {
    let Some(server) = Windows::mode("") else { return };
    let transport = Arc::new(server.transport());
    let all = (0..20).map(|_| {
        let transport = Arc::clone(&transport);
        tokio::spawn(async move { post(&transport, 1000).await.map(|(status, _)| status) })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap().unwrap(), 200);
    }
    let seen = server.seen(21);
    assert_eq!(seen.iter().filter(|one| one.1 == 3).count(), 1, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_tried_once() {
    let Some(server) = Windows::mode("") else { return };
    for (account, password) in [(r"CORP\svc", "wrong-canary"), (r"CORP\other", PASSWORD), ("svc", PASSWORD)] {
        let before = server.seen.lock().unwrap().iter().filter(|line| line["leg"] == 3).count();
        let transport = HttpTransport::new(&server.options(account, password)).unwrap();
        let error = format!("{:?}", post(&transport, 10).await.unwrap_err());
        assert!(error.contains("refused the account") && !error.to_lowercase().contains("canary"), "{error}");
        let after = server.seen.lock().unwrap().iter().filter(|line| line["leg"] == 3).count();
        assert_eq!(after - before, 1, "each try counts against the account");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_goes_is_logged_on_anew_and_nothing_is_sent_twice() {
    let Some(server) = Windows::mode("brief") else { return };
    let transport = server.transport();
    for _ in 0..12 {
        assert_eq!(post(&transport, 100).await.unwrap().0, 200);
    }
    let seen = server.seen(15);
    let bodies = seen.iter().filter(|one| one.2 > 0).count();
    assert_eq!(bodies, 12, "{seen:?}");
    assert!(seen.iter().map(|one| one.0).max().unwrap() >= 3, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_each_request_logged_on_gets_that() {
    let Some(server) = Windows::mode("single") else { return };
    let transport = server.transport();
    for _ in 0..5 {
        assert_eq!(post(&transport, 100).await.unwrap().0, 200);
    }
    let seen = server.seen(10);
    // It is found out once, by the one body that came to nothing.
    assert!(seen.iter().filter(|one| one.1 == 0).count() <= 1, "{seen:?}");
    assert_eq!(seen.iter().filter(|one| one.1 == 3).count(), 5, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_logged_on_to_is_said_with_the_way_out() {
    for (mode, says) in [
        ("hasty", "does not last through the three legs"),
        ("basic", "the server offers Basic, and NTLM is configured"),
        ("negotiate", "the server offers Negotiate, and NTLM is configured"),
    ] {
        let Some(server) = Windows::mode(mode) else { return };
        let error = format!("{:?}", post(&server.transport(), 10).await.unwrap_err());
        assert!(error.contains(says), "{mode}: {error}");
        assert!(server.seen(1).iter().all(|one| one.2 == 0), "{mode}: no body went");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_the_log_on_is_bound_to_the_certificate() {
    let Some((server, pem)) = Windows::start(json!({}), true) else { return };
    let mut options = server.options(r"CORP\svc", PASSWORD);
    options.ca_pem = pem;
    let transport = HttpTransport::new(&options).unwrap();
    for _ in 0..3 {
        assert_eq!(post(&transport, 1000).await.unwrap().0, 200);
    }
}

#[test]
fn a_plan_is_made_and_applied_over_ntlm() {
    let server = Server::start();
    let Some((windows, _)) = Windows::start(json!({"forward": server.url, "token": server.token}), false) else {
        return;
    };
    let project = Project::at(&windows.url, "", "", &[MANIFEST]);
    let auth = r"auth: {ntlm: {account: 'CORP\svc', passwordFrom: {env: SVC_PW}}}";
    project.replace("consign.yaml", "tokenFrom: {file: token}", auth);
    let with = |password: &str, arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("SVC_PW", password).env("CONSIGN_LOG", "trace");
        run(command)
    };
    let applied = with(PASSWORD, &["apply", "--auto-approve"]).exits(0);
    assert!(!format!("{}{}", applied.out, applied.err).to_lowercase().contains("canary"));
    with(PASSWORD, &["plan", "--detailed-exitcode"]).exits(0);
    let refused = with("wrong", &["plan"]).exits(78).one_message();
    refused.says(r"the server refused the account `CORP\svc` over NTLM").says("tried once");
    project.run(&["plan"]).exits(78).one_message().says("`SVC_PW` is not set").says("auth.ntlm.passwordFrom");
}
