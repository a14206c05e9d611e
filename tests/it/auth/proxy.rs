//! Proxies: `CONNECT` for what is encrypted, accounts there, and who goes without.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use super::MANIFEST;
use crate::world::Project;
use crate::world::Server;
use crate::world::run;

const ACCOUNT: &str = "proxy-user";
const PASSWORD: &str = "canary-proxy-31b0";
/// `proxy-user:canary-proxy-31b0`
const BASIC: &str = "Basic cHJveHktdXNlcjpjYW5hcnktcHJveHktMzFiMA==";

/// A proxy that makes ways, and notes for whom. It ends with the test.
fn proxy(wants_account: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let notes = Arc::clone(&notes);
            thread::spawn(move || tunnel(stream, wants_account, &notes));
        }
    });
    (url, seen)
}

fn tunnel(client: TcpStream, wants_account: bool, notes: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    notes.lock().unwrap().push(head.clone());
    let mut client = client;
    if wants_account && !head.to_lowercase().contains(&format!("proxy-authorization: {}", BASIC.to_lowercase())) {
        let no = b"HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm=\"p\"\r\ncontent-length: 0\r\n\r\n";
        return client.write_all(no).ok();
    }
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let server = TcpStream::connect(target.replace("far.corp.example", "127.0.0.1")).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut there, mut back) = (server.try_clone().ok()?, server);
    let mut answers = client.try_clone().ok()?;
    thread::spawn(move || {
        std::io::copy(&mut back, &mut answers).and_then(|_| answers.shutdown(std::net::Shutdown::Both))
    });
    std::io::copy(&mut reader.by_ref(), &mut there).ok()?;
    there.shutdown(std::net::Shutdown::Both).ok()
}

/// A server with TLS that is known as `far.corp.example`, and a project for it.
fn far(proxy: &str) -> (Server, Project) {
    let made = rcgen::generate_simple_self_signed(vec!["far.corp.example".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let server = Server::with(&["--tls-cert", &path(&certificate), "--tls-key", &path(&key)]);
    let port = server.url.rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    let more = format!("    caFile: ca.pem\n    proxy: {proxy}\n");
    let url = format!("https://far.corp.example:{port}");
    let project = Project::at(&url, &server.token, &more, &[MANIFEST]);
    project.write("ca.pem", &made.cert.pem());
    (server, project)
}

#[test]
fn a_proxy_makes_the_way_and_sees_nothing_of_what_goes_there() {
    let (url, seen) = proxy(false);
    let (server, project) = far(&url);
    project.apply();
    project.is_settled();
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|head| head.starts_with("CONNECT far.corp.example:")), "{seen:?}");
    assert!(
        seen.iter().all(|head| !head.contains(&server.token) && !head.to_lowercase().contains("\r\nauthorization"))
    );
}

#[test]
fn a_proxy_that_wants_an_account_gets_it_and_says_so_else() {
    let (url, seen) = proxy(true);
    let given = format!("{{url: '{url}', account: {ACCOUNT}, passwordFrom: {{env: PROXY_PW}}}}");
    let (_server, project) = far(&given);
    let with = |password: &str| {
        let mut command = project.command(&["plan", "--detailed-exitcode"]);
        command.env("PROXY_PW", password).env("CONSIGN_LOG", "trace");
        run(command)
    };
    let ran = with(PASSWORD).exits(2);
    let text = format!("{}{}", ran.out, ran.err);
    assert!(!text.contains(PASSWORD) && !text.contains("cHJveHk"), "{text}");
    assert!(seen.lock().unwrap().iter().any(|head| head.contains(BASIC)));
    let wrong = with("canary-wrong").exits(78).one_message().says("the proxy on the way wants an account");
    assert!(!format!("{}{}", wrong.out, wrong.err).contains("canary"), "{}", wrong.err);
    project.run(&["plan"]).exits(78).says("`PROXY_PW` is not set").says("proxy.passwordFrom");
    let none = far(&url).1;
    none.run(&["plan"]).exits(78).one_message().says("the proxy on the way wants an account").says("passwordFrom");
}

#[test]
fn what_the_system_says_holds_where_the_project_says_so_and_no_proxy_goes_without() {
    let (url, seen) = proxy(false);
    let (_server, project) = far("system");
    let with = |no_proxy: &str| {
        let mut command = project.command(&["plan", "--detailed-exitcode"]);
        command.env("HTTPS_PROXY", &url).env("NO_PROXY", no_proxy);
        run(command)
    };
    with("").exits(2);
    with("other.example").exits(2);
    let n = seen.lock().unwrap().len();
    assert!(n >= 2, "{n}");
    with(".corp.example").exits(1).says("its name cannot be resolved");
    project.replace("consign.yaml", "proxy: system", "proxy: none");
    with("").exits(1).says("its name cannot be resolved");
    assert_eq!(seen.lock().unwrap().len(), n, "nobody asked the proxy");
}

#[test]
fn a_proxy_that_is_none_is_said() {
    let server = Server::start();
    for bad in ["on", "'http://user:canary@proxy:8080'", "'socks5://proxy:1080'"] {
        let project = Project::of(&server, &format!("    proxy: {bad}\n"), &[MANIFEST]);
        project.run(&["plan"]).exits(65).says("consign.yaml:9:12");
    }
}
