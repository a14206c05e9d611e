use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::HttpOptions;
use super::HttpReadTransport;
use super::HttpTransport;
use crate::sys::http::Get;
use crate::sys::http::ReadTransport;
use crate::sys::http::Send;
use crate::sys::http::Transport;
use crate::sys::http::TransportError;

/// A server that answers each connection with the same bytes, one piece at a time, and notes what it was asked.
async fn server(pieces: &[&str], pause: Duration) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let pieces: Vec<String> = pieces.iter().map(|&piece| piece.to_owned()).collect();
    let notes = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let n = socket.read(&mut request).await.unwrap_or(0);
            notes.lock().unwrap().push(String::from_utf8_lossy(&request[..n]).into_owned());
            for piece in &pieces {
                if socket.write_all(piece.as_bytes()).await.is_err() {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
        }
    });
    (url, seen)
}

fn options(url: &str) -> HttpOptions {
    HttpOptions { token: Some("secret-token".into()), ..HttpOptions::new(url) }
}

fn get(path: &str) -> Get {
    Get { path: path.to_owned(), headers: Vec::new() }
}

async fn read(options: &HttpOptions) -> Result<(u16, Vec<u8>), TransportError> {
    let mut answer = HttpReadTransport::new(options)?.get(get("/v1/server")).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.body.next().await {
        body.extend_from_slice(&chunk?);
    }
    Ok((answer.status, body))
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_the_other_server_sees_nothing() {
    let (other, seen_there) = server(&["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], Duration::ZERO).await;
    let redirect = format!("HTTP/1.1 307 Go\r\nlocation: {other}/x\r\ncontent-length: 0\r\n\r\n");
    let (url, seen) = server(&[&redirect], Duration::ZERO).await;
    assert_eq!(read(&options(&url)).await.unwrap().0, 307);
    assert!(seen.lock().unwrap()[0].contains("authorization: Bearer secret-token"));
    assert!(seen_there.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_write_carries_its_method_headers_and_body_and_shows_no_body_in_debug() {
    let (url, seen) = server(&["HTTP/1.1 204 No\r\n\r\n"], Duration::ZERO).await;
    let send = Send {
        method: http::Method::PUT,
        path: "/v1/items/1?x=2".to_owned(),
        headers: vec![("if-match", "\"7\"".to_owned())],
        body: Bytes::from_static(b"{\"password\":\"hunter2\"}"),
    };
    assert!(!format!("{send:?}").contains("hunter2"));
    let transport = HttpTransport::new(&options(&format!("{url}/prefix/"))).unwrap();
    assert_eq!(transport.send(send).await.unwrap().status, 204);
    let seen = seen.lock().unwrap()[0].clone();
    assert!(seen.starts_with("PUT /prefix/v1/items/1?x=2 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("if-match: \"7\"\r\n") && seen.ends_with("hunter2\"}"), "{seen}");
    assert!(!seen.contains("accept-encoding"), "no gzip on one machine: {seen}");
}

#[tokio::test]
async fn a_slow_drip_ends_by_the_whole_time_and_a_silence_by_the_idle_time() {
    let mut pieces = vec!["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"];
    pieces.extend(["x"; 900]);
    let (url, _) = server(&pieces, Duration::from_millis(20)).await;
    let whole = HttpOptions { timeout: Duration::from_millis(300), ..options(&url) };
    assert!(matches!(read(&whole).await, Err(TransportError::TimedOut)));

    let (url, _) = server(&["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", "x"], Duration::from_secs(60)).await;
    let idle = HttpOptions { idle_timeout: Duration::from_millis(100), ..options(&url) };
    assert!(matches!(read(&idle).await, Err(TransportError::TimedOut)));

    let (url, _) = server(&[""], Duration::from_secs(60)).await;
    let silent = HttpOptions { timeout: Duration::from_millis(100), ..options(&url) };
    assert!(matches!(read(&silent).await, Err(TransportError::TimedOut)));
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_cut() {
    let (url, _) = server(&["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort"], Duration::ZERO).await;
    assert!(matches!(read(&options(&url)).await, Err(TransportError::Cut(_))));
    let (url, _) =
        server(&["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n"], Duration::ZERO).await;
    assert!(matches!(read(&options(&url)).await, Err(TransportError::Cut(_))));
    let (url, _) = server(&["HTTP/1.1 2"], Duration::ZERO).await;
    assert!(matches!(read(&options(&url)).await, Err(TransportError::Cut(_))));
}

#[tokio::test]
async fn a_body_larger_than_is_taken_ends_announced_or_not() {
    for head in ["content-length: 2000", "connection: close"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{}", "x".repeat(2000));
        let (url, _) = server(&[&answer], Duration::ZERO).await;
        let small = HttpOptions { max_answer_bytes: 1000, ..options(&url) };
        assert!(matches!(read(&small).await, Err(TransportError::TooLarge(1000))), "{head}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_has_no_address_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    match read(&options(&url)).await {
        Err(TransportError::Connect(why)) => assert_eq!(why, "connection refused"),
        other => panic!("{other:?}"),
    }
    match read(&options("https://no-such-host.invalid")).await {
        Err(TransportError::Connect(why)) => assert_eq!(why, "its name cannot be resolved"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tls_to_a_server_without_it_is_no_certificate_fault() {
    let (url, _) = server(&["HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n"], Duration::ZERO).await;
    let url = url.replace("http:", "https:");
    match read(&options(&url)).await {
        Err(TransportError::Connect(why)) => assert!(why.starts_with("TLS failed"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// A TLS server with a certificate that it signed itself.
async fn tls_server() -> (String, String) {
    super::install_crypto();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut request = vec![0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            let _ = socket.shutdown().await;
        }
    });
    (url, made.cert.pem())
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_until_it_is_named() {
    let (url, pem) = tls_server().await;
    match read(&options(&url)).await {
        Err(TransportError::Certificate(why)) => assert_eq!(why, "no authority that is trusted here signed it"),
        other => panic!("{other:?}"),
    }
    let trusting = HttpOptions { ca_pem: Some(pem.into_bytes()), ..options(&url) };
    assert_eq!(read(&trusting).await.unwrap(), (200, b"ok".to_vec()));
}

#[test]
fn addresses_that_cannot_be_used_are_refused_without_being_repeated() {
    for url in [
        "https://user:hunter2@example.org",
        "https://hunter2@example.org",
        "http://example.org/hunter2",
        "http://127.0.0.1.hunter2.org",
        "ftp://hunter2.example.org",
        "https://example.org/?hunter2",
        "https://example.org/#hunter2",
        "hunter2",
        "",
    ] {
        let Err(error) = HttpReadTransport::new(&HttpOptions::new(url)) else { panic!("{url}") };
        assert!(matches!(error, TransportError::Unsendable(_)), "{url}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://example.org:8443/a/b/"] {
        assert!(HttpReadTransport::new(&HttpOptions::new(url)).is_ok(), "{url}");
    }
    let plain = HttpOptions { allow_plain_http: true, ..HttpOptions::new("http://example.org") };
    assert!(HttpReadTransport::new(&plain).is_ok());
}

#[test]
fn tokens_and_certificates_that_cannot_be_used_are_refused() {
    let token = HttpOptions { token: Some("a\nb".into()), ..HttpOptions::new("https://example.org") };
    assert!(HttpReadTransport::new(&token).is_err());
    let ca = HttpOptions { ca_pem: Some(b"no certificate".to_vec()), ..HttpOptions::new("https://example.org") };
    assert!(HttpReadTransport::new(&ca).is_err());
}

#[test]
fn no_path_leads_to_another_server() {
    let transport = HttpReadTransport::new(&options("https://example.org/base/")).unwrap();
    assert_eq!(transport.server(), "https://example.org/base");
    assert_eq!(transport.0.resolve("/v1/x?a=b").unwrap().as_str(), "https://example.org/base/v1/x?a=b");
    assert_eq!(transport.0.resolve("//evil.org/x").unwrap().host_str(), Some("example.org"));
    let bare = HttpReadTransport::new(&options("https://example.org")).unwrap();
    for path in ["@evil.org/", ":80@evil.org", ".evil.org/", "", "https://evil.org/"] {
        assert!(bare.0.resolve(path).is_err(), "{path}");
    }
}
