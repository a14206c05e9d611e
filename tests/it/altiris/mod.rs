//! An Altiris server as the adapter sees it: filled over the server's own API, and read over its web services alone.

mod reads;

use serde_json::Value;

use crate::world::Project;
use crate::world::Ran;
use crate::world::Server;

/// The code of an import that leaves something out.
pub const INCOMPLETE: i32 = 7;

/// A server that speaks both, with these quirks, and what `examples/tour` declares.
pub fn filled(quirks: &[&str]) -> Server {
    let mut arguments = vec!["--api", "native,asdk"];
    for quirk in quirks {
        arguments.extend(["--asdk-quirk", quirk]);
    }
    let server = Server::with(&arguments);
    Project::of_example("tour", &server).apply();
    server
}

/// What the server holds, by its own API.
pub fn state(server: &Server) -> Vec<Value> {
    let answer = server.ask("GET", "/v1/state", &[], None).is(200);
    let lines = String::from_utf8(answer.body).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The GUID of an item of this kind and, where it matters, of this name.
#[track_caller]
pub fn guid(state: &[Value], kind: &str, name: Option<&str>) -> String {
    let is_it = |item: &&Value| item["kind"] == kind && name.is_none_or(|name| item["name"] == name);
    let found = state.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name:?}"));
    found["guid"].as_str().unwrap().to_owned()
}

/// A project for the server by its web services; `more` are further lines under `altiris`.
pub fn project(server: &Server, more: &str) -> Project {
    let url = format!("{}/Altiris", server.url);
    let state = state(server);
    let known = |kind: &str| guid(&state, kind, None);
    let lines = format!(
        "    api: altiris\n    altiris:\n      known:\n        folder: {}\n        package: {}\n        task: {}\n        \
         sequentialTask: {}\n{more}",
        known("Folder"),
        known("Package"),
        known("Task"),
        known("SequentialTask")
    );
    let project = Project::at(&url, &server.token, &lines, &[]);
    project.edit("consign.yaml", |text| {
        let externals = "externals:\n  Collection: [Servers]\nservers:";
        text.replace("servers:", externals)
    });
    std::fs::remove_dir(project.path("delivery")).unwrap();
    project
}

/// The line that names the folder of reports.
pub fn reports() -> &'static str {
    "      reports: 4d4d03c6-cb51-4502-886f-13f756198b1b\n"
}

/// Imports everything into `delivery`.
#[track_caller]
pub fn import(project: &Project) -> Ran {
    project.run(&["import", "--out", "delivery"])
}
