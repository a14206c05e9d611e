//! Plans made true over the Altiris ASDK: what the web services change, what they make anew, what they refuse, and what the
//! server's own API says of it afterwards.

use std::fs;

use serde_json::Value;
use serde_json::json;

use super::world::Project;
use super::world::Ran;
use super::world::Server;

/// The folder of reports that every server has (altiris-domain §1).
const REPORTS: &str = "4d4d03c6-cb51-4502-886f-13f756198b1b";

const PACKAGES: &str = r"apiVersion: consign/v1
kind: Package
metadata: {name: Tool, folder: Software Delivery/Packages}
spec:
  source: {unc: '\\files\tool'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      successCodes: [0, 3010]
      portal: {grants: [{principal: 'CORP\Staff', right: install}]}
    - name: Configure
      commandLine: configure.exe
      runWith: {account: 'CORP\svc', passwordFrom: {env: TOOL_PASSWORD}}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Desktops, folder: Software Delivery/Collections}
spec: {members: [PC-ONE, PC-TWO]}
---
apiVersion: consign/v1
kind: Collection
metadata: {name: Kiosks, folder: Software Delivery/Collections}
spec: {members: [PC-TWO]}
";

const TASK: &str = "apiVersion: consign/v1
kind: Task
metadata: {name: Install Tool, folder: Software Delivery/Tasks}
spec:
  package: Tool
  program: Install
  collections: [Desktops]
  run: {schedule: {daily: \"17:00\"}}
";

/// A server and a project that speaks the ASDK with it; `native` is the same server by its own API.
struct World {
    server: Server,
    project: Project,
}

impl World {
    fn new() -> Self {
        Self::with(&["--api", "native,asdk"])
    }

    fn with(arguments: &[&str]) -> Self {
        let server = Server::with(arguments);
        let computer = |(n, name): (u32, &str)| {
            json!({ "type": "computer", "guid": format!("00000000-0000-0000-0000-{n:012x}"), "name": name, "domain": "CORP",
                "zone": "Europe/Zurich", "lastSeen": "2026-11-20T08:00:00Z", "retired": false, "roles": [] })
        };
        server.load(&(1..).zip(["PC-ONE", "PC-TWO"]).map(computer).collect::<Vec<_>>());
        server.folder("Software Delivery");
        let project = Project::of(&server, "", &[("packages.yaml", PACKAGES), ("task.yaml", TASK)]);
        project.write("findings.json", "{}");
        let world = Self { server, project };
        world.configure("");
        world.project.run(&["probe", "--server", "lab", "--with-reports"]).exits(0);
        world
    }

    fn configure(&self, more: &str) {
        let url = &self.server.url;
        let common = "tokenFrom: {file: token}\n    folders: [Software Delivery]\n    prune: true\n";
        let text = format!(
            "apiVersion: consign/v1\nkind: Project\nmanifests: [delivery]\nservers:\n  lab:\n    api: altiris\n    \
             url: {url}/Altiris\n    altiris: {{reports: {REPORTS}, probe: findings.json}}\n    {common}  native:\n    url: {url}\n    {common}{more}"
        );
        self.project.write("consign.yaml", &text);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.project.command(arguments);
        command.env("TOOL_PASSWORD", "tr0ub4dor&3");
        super::world::run(command)
    }

    #[track_caller]
    fn apply(&self) -> Ran {
        self.run(&["apply", "--server", "lab", "--auto-approve"]).exits(0)
    }

    /// Both views of the server are as the manifests say.
    #[track_caller]
    fn is_settled(&self) {
        for server in ["lab", "native"] {
            let plan = self.run(&["plan", "--server", server, "--detailed-exitcode"]);
            plan.exits(0).says("Plan: 0 to add, 0 to change, 0 to replace, 0 to delete.");
        }
    }

    fn item(&self, kind: &str, name: &str) -> Value {
        self.server.item(kind, name)
    }
}

#[test]
fn what_is_made_over_the_asdk_is_what_the_server_s_own_api_shows() {
    let world = World::new();
    let ran = world.apply().says("no lease and no revisions");
    world.is_settled();
    let task = world.item("Task", "Install Tool");
    assert_eq!(task["spec"]["enabled"], true);
    assert_eq!(task["spec"]["run"]["schedule"], json!({"type": "daily", "time": "17:00"}));
    // A password is sent, and stands nowhere.
    let journals: String = world.project.journals().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for text in [&ran.out, &ran.err, &journals] {
        assert!(!text.contains("tr0ub4dor"), "{text}");
    }
}

#[test]
fn what_is_renamed_moved_and_changed_keeps_its_guid() {
    let world = World::new();
    world.apply();
    let kinds = [("Package", "Tool"), ("Program", "Install"), ("Task", "Install Tool"), ("Collection", "Desktops")];
    let before: Vec<Value> = kinds.iter().map(|(kind, name)| world.item(kind, name)["guid"].clone()).collect();
    world.project.edit("delivery/packages.yaml", |text| {
        text.replace(
            "{name: Tool, folder: Software Delivery/Packages}",
            "{name: The tool, folder: Software Delivery/Tasks, aliases: [Tool]}",
        )
        .replace("- name: Install\n", "- name: Put\n      aliases: [Install]\n")
        .replace("[0, 3010]", "[0]")
        .replace("[{principal: 'CORP\\Staff', right: install}]", "[]")
        .replace("{name: Desktops,", "{name: Machines, aliases: [Desktops],")
        .replace("[PC-ONE, PC-TWO]", "[PC-ONE]")
    });
    world.project.edit("delivery/task.yaml", |text| {
        text.replace(
            "name: Install Tool, folder: Software Delivery/Tasks",
            "name: Put it, folder: Software Delivery/Packages, aliases: [Install Tool]",
        )
        .replace("package: Tool", "package: The tool")
        .replace("program: Install", "program: Put")
        .replace("[Desktops]", "[Machines, Kiosks]")
        .replace("{schedule: {daily: \"17:00\"}}", "asSoonAsPossible")
    });
    world.apply();
    world.is_settled();
    let kinds = [("Package", "The tool"), ("Program", "Put"), ("Task", "Put it"), ("Collection", "Machines")];
    let after: Vec<Value> = kinds.iter().map(|(kind, name)| world.item(kind, name)["guid"].clone()).collect();
    assert_eq!(before, after);
    assert_eq!(world.item("Program", "Put")["spec"]["portal"]["grants"], json!([]));
}

#[test]
fn cap_3_another_priority_is_another_task() {
    let world = World::new();
    world.apply();
    let before = world.item("Task", "Install Tool")["guid"].clone();
    world.project.edit("delivery/task.yaml", |text| text + "  priority: veryHigh\n");
    let plan =
        world.run(&["plan", "--server", "lab"]).exits(0).says("CAP-3").says("everyone that it reaches runs again");
    plan.says("1 to replace");
    world.apply();
    world.is_settled();
    let after = world.item("Task", "Install Tool");
    assert_ne!(after["guid"], before);
    assert_eq!((&after["spec"]["priority"], &after["spec"]["enabled"]), (&json!(4), &json!(true)));
    let tasks = world.server.items().into_iter().filter(|item| item["kind"] == "Task").count();
    assert_eq!(tasks, 1);
}

#[test]
fn what_the_manifests_lose_goes_with_its_targets() {
    let world = World::new();
    world.apply();
    world.configure("policy: {limits: {PLN-2: 20}}\n");
    fs::remove_file(world.project.path("delivery/task.yaml")).unwrap();
    world.project.edit("delivery/packages.yaml", |text| {
        let (package, _) = text.split_once("---\n").unwrap();
        package.to_owned()
    });
    world.apply();
    world.is_settled();
    let left: Vec<Value> = world.server.items().into_iter().map(|item| item["kind"].clone()).collect();
    assert!(!left.contains(&json!("Task")), "{left:?}");
    assert!(!world.server.items().iter().any(|item| item["name"] == "Desktops" || item["name"] == "Kiosks"));
}

#[test]
fn cap_2_what_no_method_can_change_is_refused_by_name_and_nothing_is_written() {
    let world = World::new();
    world.apply();
    world.project.edit("delivery/packages.yaml", |text| {
        text.replace("spec: {members: [PC-TWO]}", "spec: {description: d, members: [PC-TWO]}")
    });
    let plan = world
        .run(&["plan", "--server", "lab"])
        .says("CAP-3")
        .says("`description` cannot be changed over the API `altiris`");
    assert_ne!(plan.code, Some(0));
    let before = world.item("Collection", "Kiosks");
    assert_ne!(world.run(&["apply", "--server", "lab", "--auto-approve"]).code, Some(0));
    assert_eq!(world.item("Collection", "Kiosks"), before);
    // A folder's description is not there to be changed at all.
    world.project.write("delivery/folder.yaml", "apiVersion: consign/v1\nkind: Folder\nmetadata: {name: Tasks, folder: Software Delivery}\nspec: {description: d}\n");
    world.run(&["plan", "--server", "lab"]).says("CAP-2").says("`description`");
}

#[test]
fn a_change_behind_the_plan_is_stale() {
    let world = World::new();
    world.apply();
    world.project.edit("delivery/task.yaml", |text| text + "  notifyUser: true\n");
    world.run(&["plan", "--server", "lab", "--out", "plan.json"]).exits(0);
    world.project.edit("delivery/task.yaml", |text| text.replace("notifyUser", "removeAfterSuccess"));
    world.run(&["apply", "--server", "native", "--auto-approve"]).exits(0);
    let ran = world.run(&["apply", "plan.json"]).says("the server changed since the plan was made");
    assert_ne!(ran.code, Some(0));
    assert_eq!(world.item("Task", "Install Tool")["spec"]["notifyUser"], false);
}

#[test]
fn what_no_method_changes_goes_by_export_and_import_where_a_probe_has_shown_that_it_works() {
    let world = World::new();
    world.project.replace(
        "delivery/packages.yaml",
        "spec: {members: [PC-TWO]}",
        "spec: {description: In the hall, members: [PC-TWO]}",
    );
    world.apply();
    world.project.replace("delivery/packages.yaml", "In the hall", "At the door");
    world.run(&["plan", "--server", "lab"]).says("CAP-3");
    world.project.write("findings.json", "{\"importable\": [\"Collection\"]}");
    world.apply();
    world.is_settled();
    assert_eq!(world.item("Collection", "Kiosks")["spec"]["description"], "At the door");
    // An empty value stands nowhere, so there is no place to change.
    world.project.replace(
        "delivery/packages.yaml",
        "spec: {members: [PC-ONE, PC-TWO]}",
        "spec: {description: d, members: [PC-ONE, PC-TWO]}",
    );
    let ran = world.run(&["apply", "--server", "lab", "--auto-approve"]).says("which stands nowhere in an export");
    assert_ne!(ran.code, Some(0));
}

#[test]
fn a_lost_answer_is_settled_by_reading_and_nothing_is_there_twice() {
    // Each of these has its effect once without an answer; no write has more of them than an apply has patience.
    let lost = [
        "CreateFolder",
        "CreateResourceCollection",
        "AddInclusions",
        "CreatePackageExDetail",
        "CreateProgramExDetail",
        "AddProgramToPackage",
        "ModifyProgramExDetail",
        "CreateAdvertisementEx",
        "SetAdvertisementExScheduleScheduleXML",
        "CreateResourceTarget",
        "ModifyResourceTargets",
        "EnablePolicyItem",
    ];
    let rule = |method: &str| format!("  - {{asdkMethod: {method}, times: 1, fault: {{status: 503, when: after}}}}\n");
    let rules: String = lost.iter().map(|method| rule(method)).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("faults.yaml");
    fs::write(&path, format!("rules:\n{rules}")).unwrap();
    let world = World::with(&["--api", "native,asdk", "--faults", path.to_str().unwrap()]);
    let ran = world.apply();
    assert!(ran.err.contains("again") || ran.out.contains("again"), "{ran:?}");
    world.is_settled();
    let items = world.server.items();
    let mut seen = std::collections::BTreeSet::new();
    for item in &items {
        let place = (
            item["kind"].to_string(),
            item["name"].to_string(),
            item["folder"].to_string(),
            item["package"].to_string(),
        );
        assert!(seen.insert(place), "{item} is there twice");
    }
    assert_eq!(items.iter().filter(|item| item["kind"] == "Program").count(), 2, "{items:#?}");
}
