use super::answer;
use crate::check;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diff::effects;
use crate::manifest;
use crate::manifest::Overlays;
use crate::manifest::all_fields;
use crate::model::kind::Kind;
use crate::model::project::Severity;
use crate::rules::example;

#[track_caller]
fn tells(asked: &str, parts: &[&str]) {
    let text = answer(asked).unwrap_or_else(|failure| panic!("{asked}: {}", failure.lines()));
    for part in parts {
        assert!(text.contains(part), "{asked} does not tell `{part}`:\n{text}");
    }
}

#[track_caller]
fn refuses(asked: &str, parts: &[&str]) {
    let text = answer(asked).expect_err(asked).lines();
    for part in parts {
        assert!(text.contains(part), "{asked} does not tell `{part}`:\n{text}");
    }
}

#[test]
fn a_field_is_told_with_its_type_default_effect_and_servers() {
    let expected = "\
Program.afterRunning.action

`none`, `restart` or `logOff`.

takes:    `none`, or `restart`, or `logOff`
          none     Nothing.
          restart  The computer restarts.
          logOff   The user is logged off.
default:  `\"none\"`
effect:   future_runs: runs that are to come are different ones; nobody runs anything again for it
          why: follows any result of runs to come; delivery policies have their own
          PRG-6
          source: SWD 6.1 guide, Programs Tab
servers:  native, altiris
";
    let text = answer("Program.afterRunning.action").unwrap();
    // Rules of other families get their titles as the catalogue grows.
    let text: String = text
        .lines()
        .map(|line| if line.trim().starts_with("PRG-6") { "          PRG-6\n".to_owned() } else { format!("{line}\n") })
        .collect();
    assert_eq!(text, expected);
}

#[test]
fn a_field_is_found_in_any_case_and_through_its_package() {
    let text = answer("Program.commandLine").unwrap();
    for asked in ["program.COMMANDLINE", "Package.programs.commandLine", "package.spec.programs.commandline"] {
        assert_eq!(answer(asked).unwrap(), text, "{asked}");
    }
    tells("task.run", &["Task.run\n", "re_execute", "future_runs", "TSK-4", "asSoonAsPossible"]);
    tells("window.duration", &["MaintenanceWindow.duration", "MW-1", "none; it must be there"]);
    tells("SequentialTask.steps", &["identity", "SEQ-1", "runs all of it again", "SEQ-3"]);
    tells("Task.folder", &["Task.metadata.folder"]);
    tells("Program.runWith.passwordFrom", &["never read back"]);
    tells("Task.labels", &["servers:  none"]);
}

#[test]
fn a_kind_lists_its_fields_with_their_effects() {
    for kind in Kind::ALL {
        let text = answer(&kind.name().to_lowercase()).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        for (path, _) in effects::fields(kind) {
            let Some(name) = path.strip_prefix("spec.").filter(|name| !name.contains('.')) else { continue };
            assert!(
                text.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))),
                "{kind}: {name}\n{text}"
            );
        }
    }
    tells(
        "task",
        &[
            "A task: one program of one package",
            "servers:  native, altiris\n",
            "manifest: `consign new Task NAME` writes one\n",
        ],
    );
    tells("Program", &["  estimatedRunTime      inert            a note; changes nothing (PRG-4)\n"]);
    tells(
        "Task",
        &["  enabled                  cancels_pending  ", "                           re_evaluate      on: "],
    );
}

#[test]
fn every_field_of_every_kind_is_told_in_100_columns() {
    for kind in Kind::ALL {
        for field in all_fields(kind) {
            let asked = format!("{kind}.{}", field.path);
            let text = answer(&asked).unwrap_or_else(|failure| panic!("{asked}: {}", failure.lines()));
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{asked}: {line}");
            }
        }
    }
}

#[test]
fn what_is_misspelt_gets_the_nearest_name() {
    refuses("Program.comandLine", &["Program has no field `comandLine`", "did you mean Program.commandLine?"]);
    refuses("Tsk.run", &["there is no kind", "did you mean Task?"]);
    refuses("Colection", &["did you mean Collection?"]);
    refuses("Task.warnUser.defer", &["Task.warnUser has no field `defer`"]);
    refuses("Task.enabled.x", &["Task.enabled holds no fields"]);
    refuses("SEQ-11", &["there is no rule `SEQ-11`", "did you mean SEQ-1?"]);
    refuses("Task.\u{1b}[31m", &["Task has no field"]);
    refuses("Task.", &["Task has no field ``"]);
    refuses("", &["there is no kind"]);
}

#[test]
fn rules_are_told_as_before() {
    tells("seq-1", &["SEQ-1: ", "acts in:", "source:"]);
}

const PROJECT: &str = "\
apiVersion: consign/v1
kind: Project
manifests: [delivery]
servers:
  lab: {url: http://127.0.0.1:7450, folders: [Software Delivery], variables: {share: '\\\\files\\packages'}}
";

/// What `validate` finds in a rule's example.
fn found_in_example(text: &str) -> Diagnostics {
    let mut sources = Sources::new();
    let id = sources.add_text("consign.yaml", PROJECT);
    let (project, mut findings) = manifest::read_project(&sources, id);
    let project = project.unwrap();
    let around = sources.add_text("around.yaml", example::AROUND);
    let own = sources.add_text("example.yaml", format!("apiVersion: consign/v1\n{text}"));
    let (parsed, more) = manifest::parse(&sources, &[around, own]);
    findings.extend(more);
    let (loaded, more) = parsed.into_site(&project, Some("lab"), &Overlays::default());
    findings.extend(more);
    findings.extend(check::validate(&loaded, &project));
    let stale = manifest::locate(&mut findings, &sources);
    findings.extend(stale);
    findings
}

#[test]
fn every_example_has_its_finding_before_and_none_after() {
    let mut wrong = Vec::new();
    for example in example::all() {
        let before = found_in_example(example.before);
        if !before.iter().any(|finding| finding.rule.id == example.id) {
            let told: Vec<String> = before.iter().map(|one| format!("{} {}", one.rule.id, one.message)).collect();
            wrong.push(format!("{} is not found before: {}", example.id, told.join("; ")));
        }
        for finding in &found_in_example(example.after) {
            wrong.push(format!("{} after: {} {}", example.id, finding.rule.id, finding.message));
        }
        tells(example.id, &["before:\n    kind: ", "after:\n    kind: "]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(example::all().any(|example| found_in_example(example.before).count(Severity::Error) > 0));
}

#[test]
fn what_every_manifest_has_and_what_the_project_file_has_is_told() {
    tells("metadata", &["metadata: its fields", "\n  aliases", "`consign explain metadata."]);
    tells("metadata.aliases", &["metadata.aliases\n", "takes:    a list of texts", "effect:   inert", "project's own"]);
    tells("Project", &["Project: its fields", "\n  servers.url"]);
    tells("consign.yaml", &["Project: its fields"]);
    tells("Project.servers", &["Project.servers\n", "by the name that `--server` takes", "default:  `{}`"]);
    tells("project.SERVERS.api", &["Project.servers.api\n", "native"]);
    refuses("metadata.alises", &["metadata has no field `alises`", "did you mean metadata.aliases?"]);
    refuses("Project.server", &["did you mean Project.servers?"]);
}
