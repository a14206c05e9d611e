//! What is read over the web services: import, plan, and how many requests that takes.

use std::collections::BTreeSet;
use std::path::Path;

use crate::world::Project;
use crate::world::Server;

use super::filled;
use super::import;
use super::project;
use super::reports;
use super::state;

/// The files of a kind that were imported.
fn names(project: &Project, directory: &str) -> BTreeSet<String> {
    let path = project.path(&format!("delivery/{directory}"));
    std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn settled(project: &Project) {
    let ran = project.run(&["plan", "--detailed-exitcode"]);
    let ran = ran.says("Plan: 0 to add, 0 to change, 0 to replace, 0 to delete.");
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.out, ran.err);
}

fn with_reports(server: &Server) -> Project {
    let project = project(server, reports());
    std::fs::create_dir(project.path("delivery")).unwrap();
    project.run(&["probe", "--with-reports"]).exits(0);
    std::fs::remove_dir(project.path("delivery")).unwrap();
    project
}

#[test]
fn what_reports_show_is_imported_and_plans_empty() {
    let server = filled(&[]);
    let before = state(&server);
    let project = with_reports(&server);
    import(&project).exits(0).says("33 items");
    assert_eq!(names(&project, "tasks").len(), 4);
    let task = project.read("delivery/tasks/install-7-zip.yaml");
    assert!(task.contains("collections: [Desktops without 7-Zip]") && task.contains("daily: '17:00'"), "{task}");
    assert!(project.read("delivery/NOT-IMPORTED.md").contains("SequentialTask"));
    settled(&project);
    // Everything that a plan asks only reads.
    let after = state(&server);
    let revisions = |state: &[serde_json::Value]| -> Vec<String> {
        let kinds = ["Package", "Program", "Task", "Collection"];
        let items = state.iter().filter(|item| kinds.iter().any(|kind| item["kind"] == *kind));
        items.map(|item| item["revision"].to_string()).collect()
    };
    assert_eq!(revisions(&before), revisions(&after));
}

#[test]
fn what_methods_show_is_imported_and_plans_empty() {
    let server = filled(&[]);
    let project = project(&server, "");
    let ran = import(&project);
    assert!(ran.code == Some(0) || ran.code == Some(super::INCOMPLETE), "{ran:?}");
    ran.says("Collection.query");
    assert_eq!(names(&project, "packages").len(), 6);
    assert!(!Path::new(&project.path("delivery/sequences")).exists());
    settled(&project);
}

#[test]
fn both_ways_read_the_same_of_what_both_show() {
    let server = filled(&[]);
    let (by_reports, by_methods) = (with_reports(&server), project(&server, ""));
    import(&by_reports).exits(0);
    import(&by_methods);
    for file in names(&by_methods, "packages") {
        let path = format!("delivery/packages/{file}");
        let without_rights = |text: String| {
            text.lines()
                .filter(|line| {
                    !["portal", "inherit", "grants", "principal", "right:", "- {"]
                        .iter()
                        .any(|word| line.contains(word))
                })
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(without_rights(by_reports.read(&path)), without_rights(by_methods.read(&path)), "{file}");
    }
}

#[test]
fn a_change_on_the_server_is_seen_over_its_web_services() {
    let server = filled(&[]);
    let project = with_reports(&server);
    import(&project).exits(0);
    let tour = Project::of_example("tour", &server);
    tour.replace("delivery/packages/7-zip.yaml", "Packs and unpacks", "Packs, and unpacks");
    tour.apply();
    project.run(&["plan", "--detailed-exitcode"]).says("1 to change").says("package/7-Zip");
}

#[test]
fn a_solution_that_is_not_installed_is_told_and_nothing_is_called_absent() {
    let server = filled(&["missing-swd"]);
    let project = project(&server, "");
    let ran = import(&project);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    ran.says("could not be read in full").one_message();
    assert!(!project.path("delivery").exists());
}

#[test]
fn quirks_of_spelling_change_nothing() {
    let server = filled(&["guids-braced", "fields-reversed", "exception-long-names"]);
    let project = with_reports(&server);
    import(&project).exits(0).says("33 items");
    settled(&project);
}

#[test]
fn whichever_name_of_a_type_the_server_takes_is_found_out() {
    for quirk in ["type-name-long", "type-name-both"] {
        let server = filled(&[quirk]);
        let project = project(&server, "");
        import(&project);
        assert_eq!(names(&project, "packages").len(), 6, "{quirk}");
        settled(&project);
    }
}

#[test]
fn reports_that_show_less_are_no_reason_to_see_less() {
    for quirk in ["no-information-schema", "few-report-columns"] {
        let server = filled(&[quirk]);
        let project = with_probe(&server);
        let ran = import(&project);
        // What only a report shows may be missing; what is there is whole.
        match ran.code {
            Some(0) | Some(super::INCOMPLETE) => {}
            other => panic!("{quirk}: {other:?} {}", ran.err),
        }
    }
}

/// A project with reports, as far as they can be made.
fn with_probe(server: &Server) -> Project {
    let project = project(server, reports());
    std::fs::create_dir(project.path("delivery")).unwrap();
    project.run(&["probe", "--with-reports"]);
    std::fs::remove_dir(project.path("delivery")).unwrap();
    project
}

/// A filled server on which calls of the web services fare ill in this way, and a project for it.
fn ailing(rule: &str, more: &str) -> (Server, Project) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("faults.yaml");
    std::fs::write(&path, format!("rules: [{rule}]")).unwrap();
    let arguments = ["--api".into(), "native,asdk".into(), "--faults".into(), path.into_os_string()];
    let server = Server::spawn(directory, &arguments);
    Project::of_example("tour", &server).apply();
    let project = project(&server, more);
    (server, project)
}

#[test]
fn r13_a_session_that_is_lost_in_the_middle_is_an_error_and_no_shorter_list() {
    let rule = "{asdkMethod: GetAdvertisementExByGuid, after: 2, fault: {asdk: {answer: sessionLost}}}";
    let (_server, project) = ailing(rule, "");
    let ran = import(&project);
    assert_ne!(ran.code, Some(0));
    ran.says("refused the credentials").one_message();
    assert!(!project.path("delivery").exists());
}

#[test]
fn r2_a_login_page_is_no_list() {
    let (_server, project) = ailing("{asdkMethod: GetItemsByType, fault: {asdk: {answer: loginPage}}}", "");
    let ran = import(&project);
    assert_ne!(ran.code, Some(0));
    ran.says("login page").one_message();
    assert!(!project.path("delivery").exists());
}

#[test]
fn p5_an_item_that_may_not_be_read_is_named_and_not_absent() {
    let rule = "{asdkMethod: GetPackageExByGuid, after: 1, times: 1, fault: {asdk: {exception: \
                ASDKInsufficientPermissionException}}}";
    let (_server, project) = ailing(rule, "");
    import(&project).exits(super::INCOMPLETE).says("does not allow it");
    assert_eq!(names(&project, "packages").len(), 5);
    assert!(project.read("delivery/NOT-IMPORTED.md").contains("does not allow it"));
}

#[test]
fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    let (_server, project) = ailing("{asdkMethod: GetPackageExByGuid, times: 2, fault: {status: 503}}", "");
    import(&project);
    assert_eq!(names(&project, "packages").len(), 6);
}

#[test]
fn reports_that_are_cut_off_are_never_taken_for_whole() {
    let (_server, project) = ailing("{asdkMethod: RunReport, fault: {asdk: {rows: 3}}}", reports());
    std::fs::create_dir(project.path("delivery")).unwrap();
    project.run(&["probe", "--with-reports"]);
    std::fs::remove_dir(project.path("delivery")).unwrap();
    let ran = import(&project);
    assert_ne!(ran.code, Some(0));
    ran.says("could not be read in full").one_message();
    assert!(!project.path("delivery").exists());
}
