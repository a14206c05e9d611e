//! From nothing to a site and back: applies, imports, renames, moves, deletes.

use serde_json::json;

use super::Api;
use super::over_each_api;

over_each_api! {
    /// Promise 5: what is there is not written again.
    fn a_second_apply_writes_nothing(world) {
        world.settle();
        let writes = world.server.writes().len();
        let ran = world.project.run(&["apply", "--auto-approve", "--format", "json"]).exits(0);
        assert_eq!(ran.json()["writes_sent"], 0);
        assert_eq!(world.server.writes().len(), writes);
    }

    /// What arrives is what the manifests say, by the server's own view.
    fn a_site_arrives_whole(world) {
        world.settle();
        let task = world.spec("Task", "Install 7-Zip");
        assert_eq!(task["priority"], 3);
        assert_eq!(task["enabled"], true);
        let mut collections: Vec<_> = task["collections"].as_array().unwrap().clone();
        collections.sort_by_key(ToString::to_string);
        let mut expected = vec![json!(world.guid("Collection", "Desktops")), json!(world.guid("Collection", "Pilot"))];
        expected.sort_by_key(ToString::to_string);
        assert_eq!(collections, expected);
        assert_eq!(world.spec("Task", "Remove 7-Zip")["enabled"], false);
        assert_eq!(world.spec("Package", "7-Zip")["description"], "Packs & unpacks <files>");
        assert_eq!(world.spec("Program", "Set")["runWith"]["type"], "loggedOnUser");
        let pilot = world.spec("Collection", "Pilot");
        assert_eq!(pilot["include"], json!([world.guid("Collection", "Desktops")]));
        assert_eq!(pilot["exclude"], json!([world.guid("Collection", "Kiosks")]));
        assert_eq!(world.spec("Collection", "Kiosks")["members"].as_array().unwrap().len(), 1);
    }

    /// Promise 6: whoever looks while it is made sees no task switched on that is not whole.
    fn tasks_are_made_switched_off_and_switched_on_last(world) {
        world.settle();
        let audit = world.server.writes();
        let about = |name: &str| audit.iter().filter(|row| row["name"] == name).cloned().collect::<Vec<_>>();
        let task = world.guid("Task", "Install 7-Zip");
        let rows = about("Install 7-Zip");
        assert!(rows.len() >= 2, "made, then switched on: {rows:?}");
        assert!(rows.iter().all(|row| row["guid"] == task.as_str()), "{rows:?}");
        assert_eq!(rows[0]["action"], "create");
        // The last write of all to a task that is on is the one that switches it on.
        let last_other = audit.iter().rposition(|row| row["kind"] == "Package" || row["kind"] == "Collection").unwrap();
        let last_task = audit.iter().rposition(|row| row["guid"] == task.as_str()).unwrap();
        assert!(last_task > last_other, "packages and collections come before what runs them");
    }

    fn an_imported_site_plans_empty(world) {
        world.settle();
        let before = world.items();
        for file in ["packages", "collections", "tasks", "folders"] {
            std::fs::remove_file(world.project.path(&format!("delivery/{file}.yaml"))).unwrap();
        }
        world.project.run(&["import", "--server", "lab", "--out", "delivery/imported"]).exits(0);
        world.project.run(&["validate"]).exits(0);
        world.project.is_settled();
        assert_eq!(world.items(), before, "importing and planning write nothing");
    }

    fn a_rename_and_a_move_keep_the_guid(world) {
        world.settle();
        let (package, task) = (world.guid("Package", "7-Zip"), world.guid("Task", "Set wallpaper"));
        let collection = world.guid("Collection", "Kiosks");
        world.project.edit("delivery/packages.yaml", |text| {
            text.replace("{name: 7-Zip, folder: Software Delivery/Packages}",
                "{name: 7-Zip 24, aliases: [7-Zip], folder: Software Delivery/Archive}")
        });
        world.project.edit("delivery/tasks.yaml", |text| {
            text.replace("package: 7-Zip\n", "package: 7-Zip 24\n").replace(
                "{name: Set wallpaper, folder: Software Delivery/Tasks}",
                "{name: Wallpaper for all, aliases: [Set wallpaper], folder: Software Delivery/Tasks/Desktop}")
        });
        world.project.edit("delivery/collections.yaml", |text| {
            text.replace("{name: Kiosks, ", "{name: Hall, aliases: [Kiosks], ").replace("[Kiosks]\n", "[Hall]\n")
        });
        world.project.edit("delivery/tasks.yaml", |text| text.replace("[Kiosks]", "[Hall]"));
        world.settle();
        assert_eq!(world.guid("Package", "7-Zip 24"), package);
        assert_eq!(world.guid("Task", "Wallpaper for all"), task);
        assert_eq!(world.guid("Collection", "Hall"), collection);
        assert_eq!(world.server.item("Package", "7-Zip 24")["folder"], world.server.item("Folder", "Archive")["guid"]);
        assert_eq!(world.server.item("Task", "Wallpaper for all")["folder"],
            world.server.item("Folder", "Desktop")["guid"]);
    }

    fn what_no_manifest_declares_goes_only_with_prune_and_only_from_owned_folders(world) {
        world.settle();
        let other = world.server.folder("Elsewhere");
        world.server.create(&json!({ "kind": "Package", "name": "Not ours", "folder": other, "spec": {} }));
        world.project.edit("delivery/tasks.yaml", |text| {
            let at = text.rfind("---").unwrap();
            text[..at].to_owned()
        });
        world.project.run(&["apply", "--auto-approve"]).exits(0);
        assert_eq!(world.server.n("Task", "Remove 7-Zip"), 1, "nothing is deleted without `prune`");
        world.project.replace("consign.yaml", "prune: false", "prune: true");
        world.project.apply();
        assert_eq!(world.server.n("Task", "Remove 7-Zip"), 0);
        assert_eq!(world.server.n("Package", "Not ours"), 1);
        world.project.is_settled();
    }

    fn a_whole_package_goes_with_its_programs_and_tasks(world) {
        world.settle();
        world.project.replace("consign.yaml", "prune: false", "prune: true");
        world.project.edit("delivery/packages.yaml", |text| {
            let at = text.rfind("---").unwrap();
            text[..at].to_owned()
        });
        world.project.edit("delivery/tasks.yaml", |text| {
            let parts: Vec<&str> = text.split("---\n").filter(|part| !part.contains("Set wallpaper")).collect();
            parts.join("---\n")
        });
        world.settle();
        for (kind, name) in [("Package", "Wallpaper"), ("Program", "Set"), ("Task", "Set wallpaper")] {
            assert_eq!(world.server.n(kind, name), 0, "{kind} {name}");
        }
        assert_eq!(world.server.n("Package", "7-Zip"), 1);
    }

    /// Promise 2: a plan that was made before somebody worked at the console is refused.
    fn a_plan_from_before_a_change_at_the_console_is_stale(world) {
        world.settle();
        world.project.replace("delivery/packages.yaml", "Igor Pavlov", "Pavlov");
        world.project.run(&["plan", "--out", "the.plan"]).exits(0);
        let package = world.server.item("Package", "7-Zip");
        world.server.change(&package, |body| body["spec"]["language"] = "Suomi".into());
        let before = world.items();
        world.project.run(&["apply", "the.plan"]).exits(4);
        assert_eq!(world.items(), before, "nothing is written");
    }

    fn drift_is_seen_and_written_back(world) {
        world.settle();
        world.project.run(&["drift"]).exits(0);
        let task = world.server.item("Task", "Install 7-Zip");
        world.server.change(&task, |body| body["spec"]["description"] = "Changed at the console".into());
        world.project.run(&["drift"]).exits(2).says("Install 7-Zip");
        world.settle();
        assert_eq!(world.spec("Task", "Install 7-Zip")["description"], "For all");
    }

    fn two_items_of_one_name_ask_for_a_pin(world) {
        world.settle();
        let folder = world.server.item("Folder", "Tasks")["guid"].clone();
        let other = world.server.item("Package", "Wallpaper")["spec"].clone();
        let twin = world.server.create(&json!({ "kind": "Package", "name": "7-Zip", "folder": folder, "spec": other }));
        let ran = world.project.run(&["plan"]);
        assert_ne!(ran.code, Some(0), "{}", ran.out);
        ran.says("guid");
        world.server.delete(&twin);
        world.project.is_settled();
    }

    fn the_collections_of_a_task_come_and_go_alone(world) {
        world.settle();
        let task = world.guid("Task", "Install 7-Zip");
        world.project.replace("delivery/tasks.yaml", "[Desktops, Pilot]", "[Pilot, Kiosks]");
        world.settle();
        assert_eq!(world.guid("Task", "Install 7-Zip"), task);
        let found = world.spec("Task", "Install 7-Zip")["collections"].clone();
        let mut found: Vec<String> = found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
        found.sort();
        let mut expected = vec![world.guid("Collection", "Pilot"), world.guid("Collection", "Kiosks")];
        expected.sort();
        assert_eq!(found, expected);
    }

    fn a_manifest_of_nothing_new_asks_the_server_for_nothing_but_reads(world) {
        world.settle();
        let writes = world.server.writes().len();
        world.project.run(&["plan"]).exits(0);
        world.project.run(&["drift"]).exits(0);
        world.project.run(&["refs", "Package/7-Zip", "--server", "lab"]).exits(0);
        // What programs inherit is not shown by every API; then the matrix says that it is not whole.
        let whole = if world.api == Api::Altiris { 7 } else { 0 };
        world.project.run(&["portal", "--server", "lab"]).exits(whole);
        assert_eq!(world.server.writes().len(), writes);
    }
}
