//! What `validate` says of a server whose API cannot hold all that a manifest can say: the program as people run it.

use std::fs;

use super::world::Ran;
use super::world::consign;

const PROJECT: &str = "\
apiVersion: consign/v1
kind: Project
manifests: [delivery]
servers:
  lab: {url: http://127.0.0.1:1, folders: [Own]}
  ns: {api: altiris, url: http://127.0.0.1:1/Altiris, folders: [Own], overlays: [ns]}
";

const BASE: &str = "\
apiVersion: consign/v1
kind: Package
metadata: {name: Tool}
spec:
  programs:
    - {name: Install, commandLine: setup.exe /S}
---
";

/// Validates a project with one manifest, for a server or for each.
fn validate(manifest: &str, overlay: &str, server: Option<&str>) -> Ran {
    let project = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("consign.yaml", PROJECT.to_owned()),
        ("delivery/all.yaml", format!("{BASE}{manifest}")),
        ("ns/overlay.yaml", overlay.to_owned()),
    ] {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut command = consign();
    command.arg("validate").current_dir(project.path());
    if let Some(server) = server {
        command.args(["--server", server]);
    }
    Ran::of(command.output().unwrap())
}

const NOTHING: &str = "# Nothing is otherwise on this server.\n";

const WINDOW: &str = "\
apiVersion: consign/v1
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: []
  schedule: {daily: \"01:00\"}
  duration: 4h
";

const TASK: &str = "\
apiVersion: consign/v1
kind: Task
metadata: {name: Install Tool}
spec:
  package: Tool
  program: Install
  userCanRun: true
";

#[test]
fn cap_1_a_kind_that_the_server_s_api_lacks_is_refused_where_it_is_declared() {
    let ran = validate(WINDOW, NOTHING, Some("ns")).exits(65);
    ran.says("CAP-1").says("delivery/all.yaml:10:18").says("the API `altiris` has no kind `MaintenanceWindow`");
    assert!(!validate(WINDOW, NOTHING, Some("lab")).err.contains("CAP-"));
    // Without a server each is looked at.
    validate(WINDOW, NOTHING, None).exits(65).says("CAP-1");
}

#[test]
fn cap_2_a_field_that_the_server_s_api_lacks_is_refused_unless_an_overlay_takes_it_away() {
    let ran = validate(TASK, NOTHING, Some("ns")).exits(65);
    ran.says("CAP-2").says("delivery/all.yaml:14:15").says("`userCanRun` cannot be set to `true`");
    assert!(!validate(TASK, NOTHING, Some("lab")).err.contains("CAP-"));
    let overlay = "\
apiVersion: consign/v1
kind: Task
metadata: {name: Install Tool}
spec: {userCanRun: false}
";
    let ran = validate(TASK, overlay, Some("ns"));
    assert!(!format!("{}{}", ran.out, ran.err).contains("CAP-"), "{ran:?}");
}

#[test]
fn cap_4_a_value_that_the_server_s_api_cannot_take_is_told_and_may_be_there_already() {
    let speed = TASK.replace("userCanRun: true", "download: {minimumSpeedKBps: 7}");
    let ran = validate(&speed, NOTHING, Some("ns")).exits(0);
    ran.says("CAP-4").says("delivery/all.yaml:14:32").says("it takes `1`, `2`, `5`");
}
