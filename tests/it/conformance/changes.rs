//! One change at a time: made, replaced or refused, and nothing else with it.

use serde_json::Value;
use serde_json::json;

use super::Api;
use super::Fares;
use super::World;

/// A change of one field: kind, item, field, its text before and after, and what the native view must then show.
struct Edit {
    kind: &'static str,
    name: &'static str,
    field: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// A JSON pointer into the spec as `/v1` shows it, and its value.
    shows: (&'static str, Value),
}

fn edit(
    (kind, name, field): (&'static str, &'static str, &'static str),
    (from, to): (&'static str, &'static str),
    shows: (&'static str, Value),
) -> Edit {
    let file = match kind {
        "Package" | "Program" => "delivery/packages.yaml",
        "Collection" => "delivery/collections.yaml",
        "Task" => "delivery/tasks.yaml",
        _ => "delivery/folders.yaml",
    };
    Edit { kind, name, field, file, from, to, shows }
}

fn edits() -> Vec<Edit> {
    let zip = |field| ("Package", "7-Zip", field);
    let install = |field| ("Program", "Install", field);
    let task = |field| ("Task", "Install 7-Zip", field);
    vec![
        edit(zip("description"), ("Packs & unpacks <files>", "Packs"), ("/description", json!("Packs"))),
        edit(zip("publisher"), ("Igor Pavlov", "Pavlov"), ("/publisher", json!("Pavlov"))),
        edit(zip("version"), ("'24.08'", "'24.09'"), ("/version", json!("24.09"))),
        edit(zip("language"), ("English", "Deutsch"), ("/language", json!("Deutsch"))),
        edit(
            zip("source"),
            (r"\\files\packages\7zip", r"\\files\packages\7zip\24"),
            ("/source/path", json!(r"\\files\packages\7zip\24")),
        ),
        edit(zip("deleteUnusedAfter"), ("14d", "3d"), ("/deleteUnusedAfterMinutes", json!(3 * 1440))),
        edit(zip("agentDisplayName"), ("7-Zip for all", "7-Zip"), ("/agentDisplayName", json!("7-Zip"))),
        edit(install("description"), ("Quietly", "Without a word"), ("/description", json!("Without a word"))),
        edit(
            install("commandLine"),
            ("/i 7z2408-x64.msi /qn", "/i 7z2408-x64.msi /qn ALLUSERS=1"),
            ("/commandLine", json!("msiexec.exe /i 7z2408-x64.msi /qn ALLUSERS=1 /norestart")),
        ),
        edit(
            install("workingDirectory"),
            ("workingDirectory: x64", "workingDirectory: x86"),
            ("/workingDirectory", json!("x86")),
        ),
        edit(install("successCodes"), ("[0, 3010]", "[0, 1641, 3010]"), ("/successCodes", json!([0, 1641, 3010]))),
        edit(install("maxRunTime"), ("30m", "45m"), ("/maxRunTimeMinutes", json!(45))),
        edit(install("afterRunning"), ("action: restart", "action: logOff"), ("/afterRunning/action", json!("logOff"))),
        edit(
            install("network"),
            ("minimumSpeedKBps: 256", "minimumSpeedKBps: 512"),
            ("/network/minimumSpeedKBps", json!(512)),
        ),
        edit(
            ("Collection", "Desktops", "query"),
            ("'PC-%'", "'PC-T%'"),
            ("/query/text", json!("select Guid from vComputer where Name like 'PC-T%'")),
        ),
        edit(
            ("Collection", "Kiosks", "description"),
            ("In the entrance hall", "In the hall"),
            ("/description", json!("In the hall")),
        ),
        edit(task("description"), ("For all", "For everyone"), ("/description", json!("For everyone"))),
        edit(task("priority"), ("priority: high", "priority: low"), ("/priority", json!(1))),
        edit(task("warnUser"), ("deferUpTo: 5h", "deferUpTo: 1h"), ("/warnUser/deferMinutes", json!(60))),
        edit(
            task("availability"),
            ("to: 2036-12-31T00:00", "to: 2036-11-30T00:00"),
            ("/availability/to", json!("2036-11-30T00:00")),
        ),
        edit(
            task("userCanRun"),
            ("  collections: [Desktops, Pilot]", "  collections: [Desktops, Pilot]\n  userCanRun: true"),
            ("/userCanRun", json!(true)),
        ),
        edit(
            task("wakeOnLan"),
            ("  collections: [Desktops, Pilot]", "  collections: [Desktops, Pilot]\n  wakeOnLan: true"),
            ("/wakeOnLan", json!(true)),
        ),
        edit(
            ("Task", "Remove 7-Zip", "enabled"),
            ("  enabled: false\n", "  enabled: true\n"),
            ("/enabled", json!(true)),
        ),
        edit(
            ("Task", "Remove 7-Zip", "removeAfterSuccess"),
            ("removeAfterSuccess: true", "removeAfterSuccess: false"),
            ("/removeAfterSuccess", json!(false)),
        ),
        edit(
            ("Folder", "Packages", "description"),
            ("spec: {}", "spec: {description: What there is}"),
            ("/description", json!("What there is")),
        ),
    ]
}

/// Everything but the item in question, as the server has it.
fn others(world: &World, guid: &str) -> Vec<Value> {
    world.items().into_iter().filter(|item| item["guid"] != guid && item["kind"] != "StepTask").collect()
}

/// Fails with the items that are not the same ones on both sides.
#[track_caller]
fn assert_same(found: &[Value], expected: &[Value], point: &str) {
    let odd: Vec<&Value> = found
        .iter()
        .filter(|item| !expected.contains(item))
        .chain(expected.iter().filter(|item| !found.contains(item)))
        .collect();
    assert!(odd.is_empty(), "{point}: nothing else is touched\n{odd:#?}");
}

fn each_edit(api: Api) {
    let world = World::new(api);
    world.settle();
    for Edit { kind, name, field, file, from, to, shows } in edits() {
        let point = format!("{api:?}: {kind}/{name} {field}");
        let before = world.project.read(file);
        let guid = world.guid(kind, name);
        let (beside, all) = (others(&world, &guid), world.items());
        world.project.replace(file, from, to);
        match api.fares(kind, field) {
            Fares::Refused => {
                let ran = world.project.run(&["apply", "--auto-approve"]);
                assert_ne!(ran.code, Some(0), "{point}\n{}", ran.out);
                let said = format!("{}{}", ran.out, ran.err);
                assert!(said.contains(field), "{point}: the refusal names the field\n{said}");
                assert_same(&world.items(), &all, &point);
                world.project.write(file, &before);
            }
            fares => {
                let ran = world.project.run(&["apply", "--auto-approve"]);
                assert_eq!(ran.code, Some(0), "{point}\n{}\n{}", ran.out, ran.err);
                let spec = world.spec(kind, name);
                assert_eq!(spec.pointer(shows.0), Some(&shows.1), "{point}: {spec}");
                assert_eq!(world.guid(kind, name) == guid, fares == Fares::Updated, "{point}: its GUID");
                assert_same(&others(&world, &world.guid(kind, name)), &beside, &point);
                world.project.is_settled();
            }
        }
    }
    world.project.is_settled();
}

#[test]
fn each_field_is_changed_alone_native() {
    each_edit(Api::Native);
}

#[test]
fn each_field_is_changed_alone_altiris() {
    each_edit(Api::Altiris);
}
