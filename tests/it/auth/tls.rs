//! A server whose cipher suites are old.

use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::MANIFEST;
use super::program;
use crate::world::Project;
use crate::world::clean;
use crate::world::until;

struct Old(Child);

impl Drop for Old {
    fn drop(&mut self) {
        // One that is gone already is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// OpenSSL as a server that takes RSA key exchange alone; it answers every request with a page.
fn old(directory: &std::path::Path) -> Option<(Old, u16)> {
    let Some(openssl) = program("openssl") else {
        println!("SKIPPED: there is no openssl");
        return None;
    };
    let (key, certificate) = (directory.join("key.pem"), directory.join("ca.pem"));
    let mut make = Command::new(&openssl);
    clean(&mut make);
    make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    make.args(["-addext", "subjectAltName=DNS:localhost", "-keyout"]).arg(&key).arg("-out").arg(&certificate);
    crate::world::run(make).exits(0);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut serve = Command::new(&openssl);
    clean(&mut serve);
    serve.args(["s_server", "-www", "-tls1_2", "-cipher", "AES128-SHA", "-accept", &format!("127.0.0.1:{port}")]);
    serve.arg("-key").arg(&key).arg("-cert").arg(&certificate).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Old(serve.spawn().unwrap());
    until("openssl listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    Some((server, port))
}

#[test]
fn old_cipher_suites_are_the_system_library_s_and_certificates_are_verified_there_too() {
    let directory = tempfile::tempdir().unwrap();
    let Some((_server, port)) = old(directory.path()) else { return };
    let url = format!("https://localhost:{port}");
    let with = |more: &str| {
        let project = Project::at(&url, "token", more, &[MANIFEST]);
        std::fs::copy(directory.path().join("ca.pem"), project.path("ca.pem")).unwrap();
        project.run(&["plan"])
    };
    with("    caFile: ca.pem\n").exits(1).one_message().says("no cipher suite that is known here").says("legacyTls");
    let legacy = with("    caFile: ca.pem\n    legacyTls: true\n");
    if cfg!(feature = "native-tls") {
        // The handshake is done: what comes is a page, and no delivery server.
        legacy.one_message().says("is this a delivery server");
        with("    legacyTls: true\n").exits(1).one_message().says("its certificate is not trusted");
    } else {
        legacy.exits(78).one_message().says("--features native-tls");
    }
}
