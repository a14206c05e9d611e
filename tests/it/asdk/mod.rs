//! The reference server's ASDK as clients of others meet it: one that is generated from its descriptions (`zeep`, Python),
//! and `curl` for the forms. What cannot be had is said aloud, and is a failure where `CONSIGN_NEEDS_ZEEP` is set.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use camino::Utf8PathBuf;
use consign::server::Apis;
use consign::server::AsdkOptions;
use consign::server::Profile;
use consign::server::Quirk;
use consign::server::ServeOptions;
use consign::server::app::role::Role;
use consign::server::bind;
use consign::server::http::asdk::services;
use tokio::sync::oneshot;

/// The client, as it was tried.
const CLIENT: &str = "zeep==4.3.1";

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/asdk")
}

/// A Python with the client, made on the first use; why there is none.
fn python() -> Result<&'static Path, &'static str> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = PYTHON.get_or_init(|| {
        let own = std::env::var_os("CONSIGN_ZEEP").map(PathBuf::from);
        let root = own.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/asdk-client"));
        let python = root.join(if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" });
        let has_client = || ran(Command::new(&python).args(["-c", "import zeep"])).is_ok();
        if !has_client() {
            let base = if cfg!(windows) { "python" } else { "python3" };
            ran(Command::new(base).args(["-m", "venv"]).arg(root.join("venv")))?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT];
            ran(Command::new(&python).args(pip))?;
        }
        Ok(python)
    });
    made.as_deref().map_err(String::as_str)
}

fn ran(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The client; `None`, with a word about it, where it cannot be had and need not be.
fn client() -> Option<&'static Path> {
    match python() {
        Ok(python) => Some(python),
        Err(why) => {
            let is_needed = std::env::var_os("CONSIGN_NEEDS_ZEEP").is_some_and(|value| !value.is_empty());
            assert!(!is_needed, "{CLIENT} is needed, and cannot be had: {why}");
            println!("SKIPPED: {CLIENT} cannot be had, the ASDK was not tried with it: {why}");
            None
        }
    }
}

/// Drives a server of these options with these cases.
async fn drive(options: AsdkOptions, cases: &[&str]) {
    let Some(python) = client() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut serve = ServeOptions::new(
        SocketAddr::from(([127, 0, 0, 1], 0)),
        Utf8PathBuf::from_path_buf(dir.path().join("data")).unwrap(),
    );
    serve.seeds = vec![Utf8PathBuf::from_path_buf(here().join("fleet.jsonl")).unwrap()];
    serve.apis = Apis { native: false, asdk: Some(options.clone()) };
    let bound = bind(serve).await.unwrap();
    let (url, app) = (bound.url(), bound.app());
    let token = |name: &str, role| app.create_token(name, role).unwrap();
    let tokens = [token("a", Role::Administrator), token("e", Role::Applier), token("r", Role::Reader)];
    let tokens_file = dir.path().join("tokens");
    std::fs::write(&tokens_file, tokens.join("\n")).unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve(async { drop(ended.await) }));
    let mut command = tokio::process::Command::new(python);
    command.arg(here().join("drive.py")).arg(url).arg(&tokens_file);
    for service in services::all() {
        if service.area.missing().is_none_or(|quirk| !options.has(quirk)) {
            command.arg(format!("Altiris/{}/{}.asmx", service.area.directory(), service.name));
        }
    }
    command.arg("-");
    for case in cases {
        command.arg(here().join("cases").join(case));
    }
    let output = command.output().await.unwrap();
    end.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}

/// The files of cases, in the order of their names: later ones use what earlier ones made.
fn all_cases() -> Vec<String> {
    let files = std::fs::read_dir(here().join("cases")).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".jsonl"));
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_client_drives_every_operation() {
    let cases = all_cases();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    // Forms everywhere, so that every form is tried.
    drive(AsdkOptions::new().with(Quirk::HttpEverywhere), &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_client_reads_the_descriptions_of_every_version_and_shape() {
    let Some(python) = client() else { return };
    let mut shapes: Vec<AsdkOptions> =
        Profile::ALL.into_iter().map(|profile| AsdkOptions { profile, ..AsdkOptions::new() }).collect();
    shapes.push(AsdkOptions::new().with(Quirk::HttpOff).with(Quirk::FieldsReversed));
    let dir = tempfile::tempdir().unwrap();
    for (at, options) in shapes.into_iter().enumerate() {
        let data = Utf8PathBuf::from_path_buf(dir.path().join(at.to_string())).unwrap();
        let mut serve = ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), data);
        serve.apis = Apis { native: false, asdk: Some(options.clone()) };
        let bound = bind(serve).await.unwrap();
        let token = bound.app().create_token("r", Role::Reader).unwrap();
        let url = bound.url();
        let (end, ended) = oneshot::channel::<()>();
        let serving = tokio::spawn(bound.serve(async { drop(ended.await) }));
        let read = "import sys, zeep, requests
session = requests.Session()
session.auth = ('EXAMPLE\\\\r', sys.argv[1])
item = 0
for address in sys.argv[2:]:
    client = zeep.Client(address, transport=zeep.Transport(session=session))
    if 'ItemManagementService' in address:
        item = client.service.GetItemByGuid('eb3a1a12-e1c7-4431-b060-f0333e4e488c')
assert item.Name == 'All Computers' and item.Enabled is True, item";
        let mut command = tokio::process::Command::new(python);
        command.args(["-c", read, &token]);
        for service in services::all() {
            command.arg(format!("{url}/Altiris/{}/{}.asmx?WSDL", service.area.directory(), service.name));
        }
        let output = command.output().await.unwrap();
        end.send(()).unwrap();
        serving.await.unwrap().unwrap();
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
