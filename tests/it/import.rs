//! `import` over servers whose state this program did not write: names that others have as well, names that no
//! manifest takes, tasks that the portal made.

use std::fs;

use serde_json::Value;
use serde_json::json;

use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;
use crate::world::assert_plain;

/// A server with the tour on it, and a project that has no manifests yet.
fn tour() -> (Server, Project) {
    let server = Server::start();
    Project::of_example("tour", &server).apply();
    let fresh = Project::of(&server, "", &[]);
    fs::remove_dir(fresh.path("delivery")).unwrap();
    (server, fresh)
}

/// The same item again, by this name, with another folder where one is given.
fn again(server: &Server, item: &Value, name: &str, folder: Option<&Value>) -> Value {
    let folder = folder.unwrap_or(&item["folder"]);
    let mut body = json!({ "kind": item["kind"], "name": name, "folder": folder, "spec": item["spec"] });
    if !item["package"].is_null() {
        body["package"] = item["package"].clone();
    }
    server.create(&body)
}

fn import(project: &Project) -> Ran {
    let ran = project.run(&["import", "--server", "lab", "--out", "delivery"]);
    assert_plain(&ran);
    ran
}

/// A package elsewhere, called as one of ours, with a program called as one of its.
fn namesake(server: &Server) -> (Value, Value) {
    let elsewhere = server.folder("Elsewhere");
    let package = again(server, &server.item("Package", "7-Zip"), "7-Zip", Some(&elsewhere));
    let install = server.items().into_iter().find(|item| {
        item["kind"] == "Program" && item["spec"]["commandLine"].as_str().unwrap().contains("/i 7z2408-x64.msi")
    });
    let mut body = json!({ "kind": "Program", "name": "Install", "package": package["guid"],
        "spec": install.unwrap()["spec"] });
    body["spec"]["commandLine"] = json!("theirs.exe");
    let program = server.create(&body);
    (package, program)
}

#[test]
fn a_package_is_imported_with_its_programs_though_others_have_one_of_its_name() {
    let (server, fresh) = tour();
    let (theirs, program) = namesake(&server);
    let task = server.item("Task", "Install 7-Zip");
    let mut of_theirs = task.clone();
    of_theirs["spec"]["package"] = theirs["guid"].clone();
    of_theirs["spec"]["program"] = program["guid"].clone();
    again(&server, &of_theirs, "Install their 7-Zip", None);
    again(&server, &task, "Software Request : 7-Zip", None);
    let collection = server.items().into_iter().find(|item| item["kind"] == "Collection").unwrap();
    let name = collection["name"].as_str().unwrap();
    again(&server, &collection, name, Some(&server.folder("Elsewhere")));

    let ran = import(&fresh).exits(0).says("note: left out task `Software Request : 7-Zip`");
    let package = fresh.read("delivery/packages/7-zip.yaml");
    assert!(package.contains("/i 7z2408-x64.msi") && package.contains("/x 7z2408-x64.msi"), "{package}");
    assert!(package.contains("name: 7-Zip\n"), "{package}");
    let ours = fresh.read("delivery/tasks/install-7-zip.yaml");
    assert!(ours.contains("package: 7-Zip\n"), "{ours}");
    // Theirs cannot be called so here: the one of that name is ours.
    let guid = theirs["guid"].as_str().unwrap();
    assert!(fresh.read("delivery/tasks/install-their-7-zip.yaml").contains(guid));
    let (_, externals) = ran.err.split_once("\n\nexternals:\n").expect("what lies elsewhere is told");
    fresh.edit("consign.yaml", |text| format!("{text}externals:\n{externals}"));
    fresh.run(&["validate"]).exits(0);
    fresh.is_settled();
}

#[test]
fn what_no_manifest_can_say_is_refused_in_one_list_and_nothing_is_written() {
    let (server, fresh) = tour();
    let own = server.folder("Software Delivery");
    let task = server.item("Task", "Install 7-Zip");
    again(&server, &task, "T2 ", None);
    again(&server, &task, "Bell\u{202e}x", None);
    let package = server.item("Package", "7-Zip");
    let twin = again(&server, &package, "7-Zip", Some(&own));
    let before = server.audit();
    let ran = import(&fresh).exits(1).says("MAN-9").says("MAN-14").says("`T2 `").says("Bell\\u{202e}x");
    assert!(ran.err.contains("7-Zip"), "{}", ran.err);
    assert!(ran.err.contains("nothing was written"), "{}", ran.err);
    assert!(!fresh.path("delivery").exists());
    assert_eq!(server.audit(), before);
    assert_ne!(twin["guid"], package["guid"]);
}

#[test]
fn externals_are_told_without_what_acts_on_a_terminal() {
    let (server, fresh) = tour();
    let collection = server.items().into_iter().find(|item| item["kind"] == "Collection").unwrap();
    let theirs = again(&server, &collection, "All\u{202e}2J", Some(&server.folder("Elsewhere")));
    server.change(&server.item("Task", "Install 7-Zip"), |body| body["spec"]["collections"] = json!([theirs["guid"]]));
    let ran = import(&fresh).exits(0).says("All\\u202e2J");
    let (_, externals) = ran.err.split_once("\n\nexternals:\n").unwrap();
    fresh.edit("consign.yaml", |text| format!("{text}externals:\n{externals}"));
    fresh.run(&["validate"]).exits(0);
    fresh.is_settled();
}
