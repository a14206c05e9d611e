//! Edits are laid over texts, and what is read then is what they were to say.

use serde_json::Value;

use super::Written;
use crate::diag::Edit;
use crate::diag::Loaded;
use crate::diag::Location;
use crate::diag::Sources;
use crate::manifest;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::package::MaxRunTime;
use crate::model::sequence::SequentialTask;
use crate::model::units::Duration;

const PROJECT: &str = "\
apiVersion: consign/v1
kind: Project
manifests: [a.yaml]
servers:
  lab: {api: native, url: 'http://127.0.0.1:1', folders: [Own], overlays: [over.yaml]}
";

/// What a manifest and an overlay say.
fn read(text: &str, over: &str) -> (Sources, Loaded) {
    let mut sources = Sources::new();
    let project = sources.add_text("consign.yaml", PROJECT);
    let (project, findings) = manifest::read_project(&sources, project);
    assert!(!findings.has_errors(), "{findings:?}");
    let ids = [sources.add_text("a.yaml", text)];
    let (manifests, findings) = manifest::parse(&sources, &ids);
    assert!(findings.is_empty(), "{findings:?}\n{text}");
    let ids: Vec<_> = (!over.is_empty()).then(|| sources.add_text("over.yaml", over)).into_iter().collect();
    let (overlays, findings) = manifest::parse_overlays(&sources, &ids);
    assert!(findings.is_empty(), "{findings:?}");
    let (loaded, findings) = manifests.into_site(&project.expect("it was read"), Some("lab"), &overlays);
    assert!(!findings.has_errors(), "{findings:?}\n{text}");
    (sources, loaded)
}

fn applied(sources: &Sources, edits: &[Edit], path: &str, text: &str) -> String {
    let mut out = text.to_owned();
    for edit in edits.iter().rev() {
        let Location::Span { source, start, end } = edit.location else { panic!("{edit:?}") };
        if sources.path(source) == path {
            out.replace_range(start..end, &edit.new_text);
        }
    }
    out
}

/// Lays the edits that make an item say something else over a manifest.
#[track_caller]
fn edited(text: &str, over: &str, key: &ItemKey, change: impl FnOnce(&mut Item)) -> (String, String) {
    let (sources, loaded) = read(text, over);
    let says = &loaded.site.items[key];
    let mut would = says.clone();
    change(&mut would);
    let edits = Written::new(&sources, &loaded.origins).edits(says, &would).expect("it can be edited");
    let (text, over) = (applied(&sources, &edits, "a.yaml", text), applied(&sources, &edits, "over.yaml", over));
    assert_eq!(read(&text, &over).1.site.items[key].spec, would.spec, "{text}{over}");
    (text, over)
}

fn sequence(change: impl FnOnce(&mut SequentialTask)) -> impl FnOnce(&mut Item) {
    |item| match &mut item.spec {
        Spec::SequentialTask(spec) => change(spec),
        _ => panic!("{item:?}"),
    }
}

const SEQUENCE: &str = "\
apiVersion: consign/v1
kind: SequentialTask
metadata:
  name: s # its name
spec:
  # What it does, in order.
  steps:
    - package: p
      program: a # first
    # It needs the first.
    - package: p
      program: b
      dependsOn: [1]
    - {package: p, program: c}

  enabled: true # for now
  collections: [x]
---
apiVersion: consign/v1
kind: Collection
metadata:
  name: x
spec:
  members: [A]
";

fn key(text: &str) -> ItemKey {
    ItemKey::parse(text).expect("an address")
}

#[test]
fn elements_that_stay_keep_their_text_and_the_comments_above_them() {
    let s = key("sequentialtask/s");
    let (text, _) = edited(SEQUENCE, "", &s, sequence(|spec| spec.steps.swap(1, 2)));
    let expected = SEQUENCE.replace(
        "    # It needs the first.\n    - package: p\n      program: b\n      dependsOn: [1]\n    - {package: p, program: c}\n",
        "    - {package: p, program: c}\n    # It needs the first.\n    - package: p\n      program: b\n      dependsOn: [1]\n",
    );
    assert_eq!(text, expected);
    let (text, _) = edited(SEQUENCE, "", &s, sequence(|spec| drop(spec.steps.remove(2))));
    assert_eq!(text, SEQUENCE.replace("    - {package: p, program: c}\n", ""));
    let (text, _) = edited(SEQUENCE, "", &s, sequence(|spec| spec.steps.rotate_left(2)));
    assert!(
        text.contains("steps:\n    - {package: p, program: c}\n    - package: p\n      program: a # first\n"),
        "{text}"
    );
    let new = sequence(|spec| {
        let mut step = spec.steps[0].clone();
        step.program = "d: e".to_owned();
        spec.steps.insert(1, step);
    });
    let (text, _) = edited(SEQUENCE, "", &s, new);
    let expected = SEQUENCE.replace("# first\n", "# first\n    - package: p\n      program: 'd: e'\n");
    assert_eq!(text, expected);
}

#[test]
fn a_value_is_replaced_where_it_stands_and_a_missing_key_goes_after_the_last() {
    let s = key("sequentialtask/s");
    let (text, _) = edited(SEQUENCE, "", &s, sequence(|spec| spec.enabled = false));
    assert_eq!(text, SEQUENCE.replace("enabled: true # for now", "enabled: false # for now"));
    let (text, _) = edited(SEQUENCE, "", &s, |item| {
        let Spec::SequentialTask(spec) = &mut item.spec else { panic!() };
        spec.notify_user = true;
        spec.collections.clear();
    });
    assert_eq!(text, SEQUENCE.replace("collections: [x]\n", "collections: []\n  notifyUser: true\n"));
}

#[test]
fn a_program_is_edited_in_its_package_and_an_overlay_where_it_wrote_the_value() {
    let text = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: p}\nspec:\n  programs:\n    - name: a\n      \
                commandLine: |\n        a.exe /S\n    - {name: b, commandLine: b.exe, maxRunTime: 1h}\n";
    let run = |minutes| {
        move |item: &mut Item| match &mut item.spec {
            Spec::Program(spec) => spec.max_run_time = MaxRunTime::Limit(Duration::minutes(minutes)),
            _ => panic!("{item:?}"),
        }
    };
    let (new, _) = edited(text, "", &key("program/p/b"), run(90));
    assert_eq!(new, text.replace("maxRunTime: 1h", "maxRunTime: 90m"));
    let (new, _) = edited(text, "", &key("program/p/a"), run(90));
    assert_eq!(new, text.replace("- name: a\n", "- name: a\n      maxRunTime: 90m\n"));
    let over = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: p}\nspec:\n  programs:\n    - name: b\n      \
                maxRunTime: 2h\n";
    let (new, new_over) = edited(text, over, &key("program/p/b"), run(90));
    assert_eq!((new.as_str(), new_over), (text, over.replace("2h", "90m")));
}

#[test]
fn a_new_document_goes_to_the_end_of_the_file() {
    let text = SEQUENCE.trim_end();
    let (sources, loaded) = read(text, "");
    let mut new = loaded.site.items[&key("collection/x")].clone();
    new.key.name = "y".to_owned();
    let written = Written::new(&sources, &loaded.origins);
    let edit = written.appended(&key("sequentialtask/s"), &[new.clone()]).expect("the file is there");
    let text = applied(&sources, &[edit], "a.yaml", text);
    assert_eq!(read(&text, "").1.site.items[&key("collection/y")].spec, new.spec, "{text}");
    assert!(written.appended(&key("collection/z"), &[new.clone()]).is_none());
    assert!(written.edits(&new, &loaded.site.items[&key("collection/x")]).is_none(), "no manifest declares it");
}

#[test]
fn positions_are_those_of_the_sources() {
    let text = "\u{feff}apiVersion: consign/v1\nkind: Collection\nmetadata: {name: äö}\nspec: {members: [A]} # ü\n";
    let (sources, loaded) = read(text, "");
    let written = Written::new(&sources, &loaded.origins);
    let source = sources.iter().find(|(_, source)| source.path == "a.yaml").expect("it was added").0;
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        assert_eq!(written.position(source, at), sources.position(source, at), "{at}");
    }
}

/// Every field of every kind, away from its default and back, in manifests as they are printed and in brackets.
#[test]
fn every_field_can_be_edited() {
    let file = include_str!("../../../tests/data/every-field.yaml");
    let mut n_edits = 0;
    for whole in file.split("\n---\n") {
        let tree = super::syntax::read(whole, Sources::new().add_text("", "")).0.swap_remove(0).tree.value(0);
        let Some(spec) = tree.get("spec").and_then(Value::as_object) else { continue };
        for field in spec.keys() {
            let mut without = tree.clone();
            without["spec"].as_object_mut().expect("it is a map").shift_remove(field);
            let in_brackets = [&tree, &without].map(|value| format!("{value}\n"));
            for (a, b) in [(whole, &*in_brackets[1]), (&in_brackets[0], &in_brackets[1]), (&in_brackets[1], whole)] {
                let Some((a, b)) = items(a).zip(items(b)) else { continue };
                let ((sources, says), (_, would)) = (a, b);
                for (key, would) in would.site.items.iter().filter(|(key, _)| says.origins.get(key).is_some()) {
                    let Some(is) = says.site.items.get(key).filter(|is| is.spec != would.spec) else { continue };
                    let edits = Written::new(&sources, &says.origins).edits(is, would);
                    let edits = edits.unwrap_or_else(|| panic!("{key}: {field}"));
                    let path = sources.path(says.origins.get(key).expect("it is written").source);
                    let text = sources.text(says.origins.get(key).expect("it is written").source);
                    let text = applied(&sources, &edits, path.as_str(), text);
                    assert_eq!(read(&text, "").1.site.items[key].spec, would.spec, "{field}\n{text}");
                    n_edits += 1;
                }
            }
        }
    }
    assert!(n_edits > 200, "{n_edits}");
}

/// What a document says, if it can stand alone.
fn items(text: &str) -> Option<(Sources, Loaded)> {
    let mut sources = Sources::new();
    let id = sources.add_text("a.yaml", text);
    let (manifests, findings) = manifest::parse(&sources, &[id]);
    (!findings.has_errors() && !manifests.is_empty()).then(|| read(text, ""))
}
