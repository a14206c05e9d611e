//! A key server of MIT Kerberos, as an ordinary user's process in a directory of its own.

use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use super::program;
use super::skipped;
use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::clean;
use crate::world::run;
use crate::world::until;

pub const REALM: &str = "CORP.EXAMPLE";
pub const PASSWORD: &str = "canary-kdc-77e1";

pub struct Kdc {
    directory: TempDir,
    child: Child,
}

impl Drop for Kdc {
    fn drop(&mut self) {
        // One that is gone already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kdc {
    /// A new realm; `None` where its programs are not installed, or this build has no Kerberos.
    pub fn start() -> Option<Self> {
        if !cfg!(feature = "negotiate") {
            skipped("CONSIGN_NEEDS_KDC", "this build has no Kerberos");
            return None;
        }
        for name in ["krb5kdc", "kdb5_util", "kadmin.local", "kinit"] {
            if program(name).is_none() {
                skipped(
                    "CONSIGN_NEEDS_KDC",
                    "there is no MIT Kerberos (Debian: krb5-kdc, krb5-admin-server, krb5-user)",
                );
                return None;
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = directory.path().display();
        fs::write(
            directory.path().join("krb5.conf"),
            format!(
                "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n \
                 dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n kdc_timesync = 0\n[realms]\n \
                 {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n localhost = {REALM}\n"
            ),
        )
        .unwrap();
        fs::write(
            directory.path().join("kdc.conf"),
            format!(
                "[kdcdefaults]\n kdc_listen = \"\"\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n {REALM} = {{\n  \
                 database_name = {at}/principal\n  key_stash_file = {at}/stash\n  acl_file = {at}/acl\n }}\n[logging]\n \
                 kdc = FILE:{at}/kdc.log\n"
            ),
        )
        .unwrap();
        let made = tool(&directory, "kdb5_util", &["create", "-s", "-r", REALM, "-P", "a master key"], None);
        made.exits(0);
        let mut command = Command::new(program("krb5kdc").unwrap());
        clean(&mut command);
        environment(&directory, &mut command);
        command.args(["-n", "-P"]).arg(directory.path().join("pid"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the key server listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let kdc = Self { directory, child };
        kdc.admin(&format!("addprinc -pw {PASSWORD} alice"));
        for name in ["svc", "stranger", "HTTP/localhost", "HTTP/ns1.corp.example"] {
            kdc.admin(&format!("addprinc -randkey {name}"));
        }
        kdc.admin(&format!("ktadd -k {} HTTP/localhost HTTP/ns1.corp.example", kdc.path("http.keytab").display()));
        Some(kdc)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Ends it by force.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[track_caller]
    pub fn admin(&self, query: &str) {
        tool(&self.directory, "kadmin.local", &["-q", query], None).exits(0);
    }

    /// The keytab of an account.
    pub fn keytab(&self, name: &str) -> PathBuf {
        let path = self.path(&format!("{name}.keytab"));
        self.admin(&format!("ktadd -k {} {name}", path.display()));
        path
    }

    /// A file with alice's ticket.
    #[track_caller]
    pub fn ticket(&self, more: &[&str]) -> String {
        let cache = format!("FILE:{}", tempfile::NamedTempFile::new_in(&self.directory).unwrap().path().display());
        let mut command = Command::new(program("kinit").unwrap());
        clean(&mut command);
        environment(&self.directory, &mut command);
        command.args(["-c", &cache]).args(more).arg("alice");
        let file = self.path("password");
        fs::write(&file, format!("{PASSWORD}\n")).unwrap();
        command.stdin(fs::File::open(file).unwrap());
        run(command).exits(0);
        cache
    }

    /// Gives a command this realm.
    pub fn serve(&self, command: &mut Command) {
        environment(&self.directory, command);
    }

    /// The reference server, which takes tickets: `svc` administers, `alice` reads.
    pub fn server(&self) -> Server {
        self.server_with(&[])
    }

    /// The same, with more arguments.
    pub fn server_with(&self, more: &[&str]) -> Server {
        let conf = self.path("krb5.conf").display().to_string();
        let keytab = self.path("http.keytab").display().to_string();
        let mut arguments = vec!["--kerberos-keytab", &keytab, "--kerberos-map", "svc@CORP.EXAMPLE=administrator"];
        arguments.extend(["--kerberos-map", "alice@CORP.EXAMPLE=reader"]);
        arguments.extend(more);
        Server::with_environment(&arguments, &[("KRB5_CONFIG", &conf)])
    }

    /// Runs the program in a project, in this realm, with a ticket cache; one that is not there where it is empty.
    #[track_caller]
    pub fn run(&self, project: &Project, cache: &str, arguments: &[&str]) -> Ran {
        run(self.command(project, cache, arguments))
    }

    pub fn command(&self, project: &Project, cache: &str, arguments: &[&str]) -> Command {
        let mut command = project.command(arguments);
        environment(&self.directory, &mut command);
        let none = format!("FILE:{}", self.path("no-ticket").display());
        command.env("KRB5CCNAME", if cache.is_empty() { &none } else { cache });
        command
    }
}

fn environment(directory: &TempDir, command: &mut Command) {
    command.env("KRB5_CONFIG", directory.path().join("krb5.conf"));
    command.env("KRB5_KDC_PROFILE", directory.path().join("kdc.conf"));
}

#[track_caller]
fn tool(directory: &TempDir, name: &str, arguments: &[&str], cache: Option<&str>) -> Ran {
    let mut command = Command::new(program(name).unwrap());
    clean(&mut command);
    environment(directory, &mut command);
    if let Some(cache) = cache {
        command.env("KRB5CCNAME", cache);
    }
    command.args(arguments);
    run(command)
}

/// How long a ticket of a second lives, and some more.
pub const SECOND: Duration = Duration::from_millis(2200);
