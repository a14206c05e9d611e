//! Kerberos: from a keytab and from a ticket, and each thing that goes wrong with it in words.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use super::MANIFEST;
use super::kdc::Kdc;
use super::kdc::SECOND;
use super::program;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::clean;
use crate::world::run;

/// A project for a server by name, with these settings of `negotiate`.
fn project(url: &str, negotiate: &str) -> Project {
    let project = Project::at(&url.replace("127.0.0.1", "localhost"), "", "", &[MANIFEST]);
    project.replace("consign.yaml", "tokenFrom: {file: token}", &format!("auth: {{negotiate: {{{negotiate}}}}}"));
    project
}

fn tells_no_ticket(ran: Ran) -> Ran {
    let text = format!("{}{}", ran.out, ran.err);
    assert!(!text.contains("Negotiate YII") && !text.contains("YII") && !text.contains("canary"), "{text}");
    ran
}

#[test]
fn a_keytab_plans_and_applies_and_a_ticket_reads_with_the_rights_of_its_account() {
    let Some(kdc) = Kdc::start() else { return };
    let server = kdc.server();
    let keytab = kdc.keytab("svc");
    let by_keytab = project(&server.url, &format!("keytab: {}", keytab.display()));
    kdc.run(&by_keytab, "", &["plan", "--detailed-exitcode"]).exits(2).says("3 to add");
    let mut logged = kdc.command(&by_keytab, "", &["apply", "--auto-approve"]);
    logged.env("CONSIGN_LOG", "trace");
    tells_no_ticket(run(logged).exits(0));
    kdc.run(&by_keytab, "", &["plan", "--detailed-exitcode"]).exits(0);
    let audit = server.ask("GET", "/v1/audit", &[], None);
    assert!(String::from_utf8_lossy(&audit.is(200).body).contains("svc@CORP.EXAMPLE"));

    // A relative path is the project's; the account may be named.
    std::fs::copy(&keytab, by_keytab.path("svc.keytab")).unwrap();
    by_keytab.edit("consign.yaml", |text| {
        text.replace(&keytab.display().to_string(), "svc.keytab, principal: svc@CORP.EXAMPLE")
    });
    kdc.run(&by_keytab, "", &["plan", "--detailed-exitcode"]).exits(0);

    let cache = kdc.ticket(&[]);
    let by_ticket = project(&server.url, "");
    kdc.run(&by_ticket, &cache, &["plan", "--detailed-exitcode"]).exits(0);
    by_ticket.replace("delivery/p.yaml", "setup.exe /S", "setup.exe /Q");
    kdc.run(&by_ticket, &cache, &["plan", "--detailed-exitcode"]).exits(2);
    kdc.run(&by_ticket, &cache, &["apply", "--auto-approve"]).exits(1).one_message().says("the role applier");
    // By the name that the server is known by, whatever its address.
    let named = project(&server.url, "service: HTTP/ns1.corp.example");
    kdc.run(&named, &cache, &["plan", "--detailed-exitcode"]).exits(0);
    let realm = project(&server.url, "service: HTTP/ns1.corp.example@CORP.EXAMPLE, principal: alice@CORP.EXAMPLE");
    kdc.run(&realm, &cache, &["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn each_thing_that_is_wrong_with_a_ticket_is_said_with_its_cure() {
    let Some(mut kdc) = Kdc::start() else { return };
    let server = kdc.server();
    let cache = kdc.ticket(&[]);
    let check = |kdc: &Kdc, cache: &str, negotiate: &str, why: &str, cure: &str| {
        let project = project(&server.url, negotiate);
        tells_no_ticket(kdc.run(&project, cache, &["plan"]).exits(78).one_message().says(why).says(cure));
    };
    check(&kdc, &cache, "service: HTTP/wrong.corp.example", "not found in Kerberos database", "setspn -Q");
    check(&kdc, &cache, "service: HTTP/ns1.corp.example@OTHER.EXAMPLE", "OTHER.EXAMPLE", "the realm behind `@`");
    check(&kdc, "", "", "No Kerberos credentials available", "kinit");
    check(&kdc, &cache, "principal: bob@CORP.EXAMPLE", "bob@CORP.EXAMPLE", "klist");
    let keytab = kdc.keytab("svc");
    let svc = format!("keytab: {}", keytab.display());
    check(&kdc, "", &format!("{svc}, principal: bob@CORP.EXAMPLE"), "bob@CORP.EXAMPLE", "klist -k");
    let stranger = format!("keytab: {}", kdc.keytab("stranger").display());
    check(&kdc, "", &stranger, "`stranger@CORP.EXAMPLE` is known here for nothing", "is the account known there?");
    check(&kdc, "", "keytab: /no/such/keytab", "there is no keytab `/no/such/keytab`", "relative to the project file");
    let empty = kdc.path("empty.keytab");
    std::fs::write(&empty, "").unwrap();
    check(&kdc, "", &format!("keytab: {}", empty.display()), "the keytab gives no ticket", "klist -k");

    let short = kdc.ticket(&["-l", "1s"]);
    thread::sleep(SECOND);
    check(&kdc, &short, "", "Ticket expired", "kinit");

    // The account's key changed after its keytab was made.
    kdc.admin("cpw -randkey svc");
    check(&kdc, "", &svc, "Decrypt integrity check failed", "make it anew");
    // The server's key changed, and its keytab did not.
    kdc.admin("cpw -randkey HTTP/ns1.corp.example");
    let cache = kdc.ticket(&[]);
    check(&kdc, &cache, "service: HTTP/ns1.corp.example", "the server refused the ticket", "klist -k");
    kdc.admin("modprinc -allow_tix stranger");
    check(&kdc, "", &stranger, "revoked", "locked or disabled");

    kdc.stop();
    let unknown = project(&server.url, &stranger);
    tells_no_ticket(
        kdc.run(&unknown, "", &["plan"]).exits(78).one_message().says("Cannot contact any KDC").says("port 88"),
    );
}

#[test]
fn clocks_that_differ_are_said_whichever_side_notices() {
    let Some(kdc) = Kdc::start() else { return };
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
    let library = library.map(|place| format!("/usr/lib/{place}/faketime/libfaketime.so.1"));
    let Some(library) = library.iter().find(|path| std::path::Path::new(path).is_file()) else {
        super::skipped("CONSIGN_NEEDS_KDC", "there is no faketime");
        return;
    };
    let server = kdc.server();
    let shifted = |project: &Project, cache: &str, by: &str| {
        let mut command = kdc.command(project, cache, &["plan"]);
        command.env("LD_PRELOAD", library).env("FAKETIME", by);
        run(command).exits(78).one_message()
    };
    let keytab = kdc.keytab("svc");
    let by_keytab = project(&server.url, &format!("keytab: {}", keytab.display()));
    shifted(&by_keytab, "", "+20m").says("Clock skew too great").says("set the clock");
    let by_ticket = project(&server.url, "");
    let cache = kdc.ticket(&[]);
    kdc.run(&by_ticket, &cache, &["plan"]).exits(0);
    // With a ticket for the server at hand, the server notices, and says so in its answer.
    shifted(&by_ticket, &cache, "+20m")
        .says("it says: the ticket is refused: Clock skew too great")
        .says("set the clock");
    shifted(&by_ticket, &cache, "-20m").says("not yet valid").says("set the clock");
}

#[test]
fn a_client_that_nobody_here_wrote_is_let_in_too() {
    let Some(kdc) = Kdc::start() else { return };
    let Some(curl) = program("curl") else { return super::skipped("CONSIGN_NEEDS_KDC", "there is no curl") };
    let server = kdc.server();
    let url = server.url.replace("127.0.0.1", "localhost");
    let cache = kdc.ticket(&[]);
    let ask = |cache: &str, arguments: &[&str]| {
        let mut command = Command::new(&curl);
        clean(&mut command);
        kdc.serve(&mut command);
        command
            .env("KRB5CCNAME", cache)
            .args(["-sSi", "--max-time", "20"])
            .args(arguments)
            .arg(format!("{url}/v1/items?kind=Package"));
        run(command).exits(0).out
    };
    let out = ask(&cache, &["--negotiate", "-u", ":"]);
    assert!(out.contains("HTTP/1.1 200 OK") && out.to_lowercase().contains("www-authenticate: negotiate o"), "{out}");
    let out = ask("FILE:/no/ticket", &[]);
    assert!(out.contains("401 Unauthorized"), "{out}");
    let offers = out.to_lowercase();
    assert!(offers.contains("www-authenticate: negotiate\r\n") && offers.contains("www-authenticate: bearer"), "{out}");
    for (sent, says) in [
        ("Negotiate AAAA", "the ticket is refused"),
        ("Negotiate !", "no base64"),
        ("Negotiate TlRMTVNTUAABAAAAt4II4gAAAAA=", "Kerberos alone is taken here"),
        ("NTLM TlRMTVNTUAABAAAAt4II4gAAAAA=", "a bearer token is needed"),
    ] {
        let out = ask(&cache, &["-H", &format!("Authorization: {sent}")]);
        assert!(out.contains("401 Unauthorized") && out.contains(says), "{out}");
    }
    // A ticket and a token in one request are neither.
    let token = format!("Authorization: Bearer {}", server.token);
    let out = ask(&cache, &["-H", &token, "-H", "Authorization: Negotiate AAAA"]);
    assert!(out.contains("401 Unauthorized"), "{out}");
}

#[test]
fn every_api_is_behind_the_same_tickets() {
    let Some(kdc) = Kdc::start() else { return };
    let Some(curl) = program("curl") else { return super::skipped("CONSIGN_NEEDS_KDC", "there is no curl") };
    let server = kdc.server_with(&["--api", "native,asdk"]);
    let url = server.url.replace("127.0.0.1", "localhost");
    let cache = kdc.ticket(&[]);
    for path in ["/v1/items?kind=Package", "/Altiris/ASDK.NS/ItemManagementService.asmx"] {
        let ask = |arguments: &[&str]| {
            let mut command = Command::new(&curl);
            clean(&mut command);
            kdc.serve(&mut command);
            command.env("KRB5CCNAME", &cache).args(["-sSi", "--max-time", "20"]).args(arguments);
            command.arg(format!("{url}{path}"));
            run(command).exits(0).out
        };
        let out = ask(&["--negotiate", "-u", ":"]);
        assert!(out.contains("HTTP/1.1 200 OK"), "{path}: {out}");
        let out = ask(&[]);
        let offers = out.to_lowercase().matches("www-authenticate: negotiate\r\n").count();
        assert!(out.contains("401 Unauthorized") && offers == 1, "{path}: {out}");
    }
}

/// A server that gives every request this answer.
fn answers(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the test.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.push(byte[0]);
            }
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    url
}

#[test]
fn a_server_that_takes_no_ticket_or_proves_nothing_is_told_from_a_refusal() {
    let Some(kdc) = Kdc::start() else { return };
    let cache = kdc.ticket(&[]);
    for (answer, why, cure) in [
        ("401 No\r\nwww-authenticate: NTLM", "the server offers NTLM, and Negotiate is configured", "auth: {ntlm:"),
        ("401 No\r\nwww-authenticate: Basic realm=x", "the server offers Basic", "auth.command"),
        ("401 No\r\nwww-authenticate: Bearer", "the server offers Bearer", "tokenFrom"),
        ("401 No", "the server offers nothing", "Windows Authentication"),
        ("401 No\r\nwww-authenticate: Negotiate", "the server refused the ticket for `HTTP/localhost`", "setspn -Q"),
        ("200 OK\r\nwww-authenticate: Negotiate AAAA", "did not prove who it is", "answers in its place"),
        ("200 OK\r\nwww-authenticate: Negotiate !", "did not prove who it is", "answers in its place"),
    ] {
        let answer = format!("HTTP/1.1 {answer}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let project = project(&answers(answer.leak()), "");
        kdc.run(&project, &cache, &["plan"]).exits(78).one_message().says(why).says(cure);
    }
    let by_number = project("http://127.0.0.1:1", "");
    by_number.replace("consign.yaml", "localhost", "127.0.0.1");
    kdc.run(&by_number, &cache, &["plan"]).exits(78).one_message().says("has no name").says("auth.negotiate.service");
}

#[test]
fn a_server_is_told_whose_tickets_it_takes_before_it_starts() {
    let serve = |arguments: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let mut command = crate::world::consign();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(directory.path().join("data")).args(arguments);
        run(command)
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "x").unwrap();
    let path = file.path().to_str().unwrap();
    serve(&["--kerberos-map", "a@B=reader"]).exits(64).says("there is no keytab");
    serve(&["--kerberos-map", "a=reader"]).exits(64).says("has no realm");
    serve(&["--kerberos-map", "a@B=boss"]).exits(64).says("reader, applier, administrator");
    if cfg!(feature = "negotiate") {
        serve(&["--kerberos-keytab", path]).exits(64).says("no account that may come");
        serve(&["--kerberos-keytab", path, "--kerberos-map", "a@B=reader"]).exits(78).says("is no keytab");
    } else {
        serve(&["--kerberos-keytab", path, "--kerberos-map", "a@B=reader"]).exits(78).says("--features negotiate");
    }
}

#[cfg(not(feature = "negotiate"))]
#[test]
fn a_build_without_kerberos_says_so_when_a_server_asks_for_it() {
    let server = Server::start();
    let project = project(&server.url, "");
    project
        .run(&["plan"])
        .exits(78)
        .one_message()
        .says("this build of consign cannot do it")
        .says("--features negotiate");
}

#[test]
fn a_server_has_a_token_or_an_account_and_the_place_says_so() {
    let server = Server::start();
    let project = Project::of(&server, "    auth: {negotiate: {}}\n", &[MANIFEST]);
    project.run(&["plan"]).exits(65).says("consign.yaml:9:5").says("`tokenFrom` or `auth`, not both");
}
