//! `consign portal` and `consign refs` against the manifests, and against a server that answers the same questions by itself.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::Project;
use crate::world::Server;
use crate::world::example;

/// The rights of each item as the matrix has them: `PRINCIPAL RIGHT own|inherited`.
fn rights(matrix: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let items = matrix["items"].as_array().unwrap().iter();
    let one = |item: &Value| {
        assert_eq!(item["known"], true, "{item}");
        let held = item["rights"].as_array().unwrap().iter().flat_map(|held| {
            let word = |how: &str| {
                let name = format!("{} {} {how}", held["principal"].as_str().unwrap(), held["right"].as_str().unwrap());
                (held[how] == true).then_some(name)
            };
            [word("own"), word("inherited")].into_iter().flatten().collect::<Vec<_>>()
        });
        (item["address"].as_str().unwrap().to_owned(), held.collect())
    };
    items.map(one).collect()
}

#[test]
fn ptl_2_the_matrix_of_a_server_is_what_the_server_says_of_each_item() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    // A folder between that breaks what is above it, and one that does not.
    project.write(
        "delivery/more.yaml",
        "apiVersion: consign/v1\nkind: Folder\nmetadata: {name: Inner, folder: Software Delivery/Sequences}\nspec: {portal: {inherit: false, grants: [{principal: Only, right: installOnApproval}]}}\n---\napiVersion: consign/v1\nkind: SequentialTask\nmetadata: {name: Deep, folder: Software Delivery/Sequences/Inner}\nspec: {steps: [{package: 7-Zip, program: Install}], collections: [Pilot]}\n",
    );
    project.apply();
    let matrix = project.run(&["portal", "--server", "lab", "--format", "json"]).exits(0).json();
    let told = rights(&matrix);
    let mut asked = BTreeMap::new();
    for item in server.items() {
        let (kind, name) = (item["kind"].as_str().unwrap(), item["name"].as_str().unwrap());
        let address = match kind {
            "Program" => {
                let packages = server.items();
                let package = packages.iter().find(|one| one["guid"] == item["package"]).unwrap();
                format!("program/{}/{name}", package["name"].as_str().unwrap())
            }
            "SequentialTask" => format!("sequence/{name}"),
            _ => continue,
        };
        let answer = server.get(&format!("/v1/items/{}/rights", item["guid"].as_str().unwrap()));
        let held = answer["rights"].as_array().unwrap().iter();
        let held = held.map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            format!("{} {} {}", text("principal"), text("right"), text("origin"))
        });
        asked.insert(address, held.collect::<BTreeSet<String>>());
    }
    assert!(asked.len() > 10);
    assert_eq!(told, asked);
    assert_eq!(told["sequence/Deep"], BTreeSet::from(["Only installOnApproval inherited".to_owned()]));
}

#[test]
fn ptl_3_a_plan_tells_who_gains_and_who_loses_before_it_is_applied() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    project.replace(
        "delivery/settings.yaml",
        "'OFFICE\\Software Administrators', right: install}",
        "'OFFICE\\Owners', right: install}",
    );
    project.run(&["plan", "--out", "change.plan"]).exits(0);
    let before = rights(&project.run(&["portal", "--server", "lab", "--format", "json"]).exits(0).json());
    let told = project.run(&["portal", "--plan", "change.plan", "--format", "json"]).exits(0).json();
    let text = project.run(&["portal", "--plan", "change.plan"]).exits(0).says("+ OFFICE\\Owners: install (inherited)");
    assert!(text.out.contains("- OFFICE\\Software Administrators: install (inherited)"), "{}", text.out);
    project.run(&["apply", "change.plan"]).exits(0);
    let after = rights(&project.run(&["portal", "--server", "lab", "--format", "json"]).exits(0).json());
    assert_eq!(rights(&told["before"]), before);
    assert_eq!(rights(&told["after"]), after, "what was told is what is there afterwards");
    let inheriting =
        before.values().filter(|held| held.iter().any(|one| one.contains("Software Administrators"))).count();
    assert_eq!(told["moves"].as_array().unwrap().len(), 2 * inheriting);
    // A plan for another server tells nothing.
    let other = Server::start();
    project.edit("consign.yaml", |text| text.replace(&server.url, &other.url));
    project.write("token", &other.token);
    project.run(&["portal", "--plan", "change.plan"]).exits(4).one_message().says("another server");
}

#[test]
fn ptl_1_without_a_server_the_manifests_are_told_and_nobody_is_asked() {
    let project = Project::copy(&example("tour"));
    project.run(&["portal"]).exits(0).says("OFFICE\\Staff").says("not known here");
    let csv = project.run(&["portal", "--principal", "office\\staff", "--format", "csv"]).exits(0).out;
    assert!(csv.starts_with("item,kind,folder,principal,") && csv.contains(",own,no\r\n"), "{csv}");
    project.run(&["portal", "--program", "7-Zop"]).exits(64).one_message().says("did you mean `7-Zip`?");
    project.run(&["portal", "--folder", "Nowhere"]).exits(64).one_message().says("there is no folder");
    project.run(&["portal", "--server", "lap"]).exits(78).one_message().says("did you mean `lab`?");
    project.run(&["portal", "--plan", "gone.plan"]).exits(1).one_message();
    project.write("delivery/broken.yaml", "kind: [\n");
    project.run(&["portal"]).exits(65).says("MAN-1");
}

#[test]
fn ptl_1_one_right_alone_tells_nothing_of_the_other_and_a_mistyped_principal_is_told() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    let live = |more: &[&str]| project.run(&[&["portal", "--server", "lab"], more].concat());
    let staff = "OFFICE\\Staff";
    let text = live(&["--right", "install-on-approval"]).exits(0).says("on approval alone").out;
    let head = text.lines().find(|line| line.starts_with("principal")).unwrap();
    assert_eq!(head.split_whitespace().collect::<Vec<_>>().join(" "), "principal install on approval", "{text}");
    assert!(text.contains("the other was not asked for") && !text.contains("no right"), "{text}");
    let csv = live(&["--right", "install-on-approval", "--format", "csv"]).exits(0).out;
    assert!(csv.starts_with("item,kind,folder,principal,install_on_approval\r\n"), "{csv}");
    let json = live(&["--right", "install-on-approval", "--format", "json"]).exits(0).json();
    assert!(json["principals"][0].get("install").is_none(), "{json}");
    let packages = project.run(&["portal", "--right", "install", "--by", "package"]).exits(0).out;
    assert!(!packages.contains("on approval"), "{packages}");
    // A row is a package in a table for spreadsheets, too.
    let csv = live(&["--by", "package", "--format", "csv"]).exits(0).out;
    assert!(csv.starts_with("item,programs,principal,install,install_on_approval\r\n"), "{csv}");
    assert!(csv.contains(&format!("package/7-Zip,2,{staff},some,")) && !csv.contains("program/"), "{csv}");
    // Whom nobody knows is not one without rights.
    live(&["--principal", "OFFICE\\Staf"]).exits(64).one_message().says(&format!("did you mean `{staff}`?"));
    live(&["--principal", "office\\STAFF"]).exits(0).says(staff);
    project.run(&["portal", "--principal", "OFFICE\\Staf"]).exits(0).says("not all rights are known");
}

#[test]
fn col_3_findings_of_references_and_rules_keep_nobody_from_seeing_what_refers_to_what() {
    let project = Project::copy(&example("tour"));
    project.edit("delivery/tasks/tools.yaml", |text| text.replacen("package: 7-Zip\n", "package: 7-Zipp\n", 1));
    project.run(&["validate"]).exits(65).says("PKG-8");
    project.run(&["refs", "New desktop"]).exits(0).says("program/ClamAV/Install").says("`consign validate` tells");
    project.run(&["portal"]).exits(0).says("OFFICE\\Staff").says("`consign validate` tells");
    let circle = |name: &str, other: &str| {
        format!("apiVersion: consign/v1\nkind: Collection\nmetadata: {{name: {name}}}\nspec: {{include: [{other}]}}\n")
    };
    project.write("delivery/circle.yaml", &format!("{}---\n{}", circle("C1", "C2"), circle("C2", "C1")));
    project.run(&["validate"]).exits(65).says("COL-1");
    project.run(&["refs", "C1"]).exits(0).says("collection/C2");
    // What cannot be read is missing.
    project.write("delivery/broken.yaml", "kind: [\n");
    project.run(&["refs", "C1"]).exits(65).says("MAN-1");
}

#[test]
fn col_3_the_manifests_and_the_server_tell_of_the_same_references() {
    let server = Server::start();
    let project = Project::of_example("tour", &server);
    project.apply();
    for address in [
        "package/7-Zip",
        "program/7-Zip/Install",
        "collection/All desktops",
        "folder/Software Delivery/Tasks",
        "sequence/New desktop",
    ] {
        let of = |more: &[&str], way: &str| {
            let words = [&["refs", address, "--format", "json"], more].concat();
            let answer = project.run(&words).exits(0).json();
            let lines = answer[way]["lines"].as_array().unwrap().iter();
            let names = lines.map(|line| line["item"].as_str().unwrap().to_owned());
            // What only the server has: the hidden tasks of steps (SEQ-4).
            names.filter(|name| !name.starts_with("StepTask/")).collect::<BTreeSet<String>>()
        };
        let server = of(&["--server", "lab"], "referred_to_by");
        assert_eq!(of(&[], "referred_to_by"), server, "{address}");
        assert!(!server.is_empty() || address.starts_with("sequence"), "{address}");
    }
    let by_guid = server.item("Package", "7-Zip")["guid"].as_str().unwrap().to_owned();
    project.run(&["refs", &by_guid, "--server", "lab"]).exits(0).says("task/Install 7-Zip");
    project.run(&["refs", &by_guid]).exits(1).one_message().says("--server");
}

#[test]
fn col_3_an_item_is_found_by_its_name_where_only_one_has_it() {
    let project = Project::copy(&example("tour"));
    project.run(&["refs", "New desktop"]).exits(0).says("program/ClamAV/Install");
    project.run(&["refs", "7-Zip/Install"]).exits(0).says("task/Install 7-Zip  delivery/tasks/tools.yaml:");
    project.run(&["refs", "Install"]).exits(64).one_message().says("several items are called `Install`");
    project.run(&["refs", "package/7-Zop"]).exits(1).one_message().says("did you mean `package/7-Zip`?");
    project.run(&["refs", "package/7-Zip", "--depth", "0"]).exits(64);
    for (format, begin) in [("dot", "digraph refs {"), ("mermaid", "flowchart LR")] {
        let ran = project.run(&["refs", "package/7-Zip", "--format", format]).exits(0);
        assert!(ran.out.starts_with(begin), "{}", ran.out);
    }
}
