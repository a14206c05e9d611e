//! `consign fmt`: what it changes, what it leaves alone, and what it says.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::world::Project;
use crate::world::Ran;
use crate::world::assert_plain;
use crate::world::consign;
use crate::world::example;
use crate::world::run;

const UGLY: &str = "\u{feff}kind: Folder   # a folder\r\nmetadata:\r\n    folder: Software Delivery\r\n    # its name\r\n    name: no\r\napiVersion: \"consign/v1\"\r\n\r\n\r\nspec: { }\r\n";
const NEAT: &str = "apiVersion: \"consign/v1\"\nkind: Folder   # a folder\nmetadata:\n  # its name\n  name: 'no'\n  folder: Software Delivery\n\nspec: {}\n";

fn project() -> Project {
    Project::copy(&example("tour"))
}

fn stdin(text: &[u8], more: &[&str]) -> Ran {
    let mut command = consign();
    command.args(["fmt", "-"]).args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn a_project_is_brought_into_form_and_says_the_same() {
    let project = project();
    project.write("delivery/ugly.yaml", UGLY);
    let ran = project.run(&["fmt", "--check"]).exits(1);
    assert!(ran.out.contains("--- delivery/ugly.yaml\n+++ delivery/ugly.yaml (formatted)\n@@"), "{}", ran.out);
    assert!(ran.out.contains("\n+  name: 'no'\n"), "{}", ran.out);
    assert!(ran.out.contains("\\u000d"), "line ends are seen: {}", ran.out);
    assert_plain(&ran);
    assert_eq!(project.read("delivery/ugly.yaml"), UGLY, "a check writes nothing");
    let ran = project.run(&["fmt"]).exits(0).says("1 of ");
    assert_eq!(ran.out, "delivery/ugly.yaml\n");
    assert_eq!(project.read("delivery/ugly.yaml"), NEAT);
    project.run(&["fmt", "--check"]).exits(0);
}

#[test]
fn the_project_file_and_overlays_are_formatted_and_what_no_manifest_is_stays() {
    let project = Project::copy(&example("kinds").join("project"));
    project.edit("consign.yaml", |text| text.replace("kind: Project", "kind:   Project"));
    project.write("other.yaml", "b:   1\n");
    let overlay = "overlays/x/ugly.yaml";
    let overlays = project.read("consign.yaml");
    assert!(overlays.contains("overlays"), "{overlays}");
    fs::create_dir_all(project.path(overlay).parent().unwrap()).unwrap();
    let ran = project.run(&["fmt"]).exits(0);
    assert!(ran.out.lines().any(|line| line == "consign.yaml"), "{}", ran.out);
    assert_eq!(project.read("other.yaml"), "b:   1\n");
    project.run(&["fmt", "other.yaml"]).exits(0);
    assert_eq!(project.read("other.yaml"), "b: 1\n");
}

#[test]
fn man_1_a_file_that_does_not_parse_is_left_as_it_is_and_told() {
    let project = project();
    project.write("delivery/ugly.yaml", UGLY);
    project.write("delivery/broken.yaml", "a: [1\n");
    project.run(&["fmt"]).exits(65).says("MAN-1").says("delivery/broken.yaml:");
    assert_eq!(project.read("delivery/broken.yaml"), "a: [1\n");
    assert_eq!(project.read("delivery/ugly.yaml"), NEAT, "the others are formatted all the same");
    project.run(&["fmt", "nothing.yaml"]).exits(64).says("cannot open `nothing.yaml`");
}

#[cfg(unix)]
#[test]
fn who_may_read_a_file_stays_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project();
    project.write("delivery/ugly.yaml", UGLY);
    let path = project.path("delivery/ugly.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    project.run(&["fmt", "delivery"]).exits(0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(project.read("delivery/ugly.yaml"), NEAT);
}

#[test]
fn standard_input_goes_to_standard_output() {
    assert_eq!(stdin(UGLY.as_bytes(), &[]).exits(0).out, NEAT);
    assert_eq!(stdin(NEAT.as_bytes(), &["--check"]).exits(0).out, "");
    assert!(stdin(UGLY.as_bytes(), &["--check"]).exits(1).out.starts_with("--- standard input\n"));
    assert_eq!(stdin(b"a: 1\na: 2\n", &[]).exits(65).says("MAN-6").out, "");
    assert_eq!(stdin(b"\xff\xfea", &[]).exits(65).says("not UTF-8").out, "");
    let mut command = consign();
    command.args(["fmt", "-", "x.yaml"]);
    run(command).exits(64);
}
