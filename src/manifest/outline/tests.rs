//! Outlines say the same as the types, and hold while somebody types.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::Named;
use super::Role;
use super::Sort;
use super::here;
use super::outline;
use super::renamed;
use super::slot;
use crate::diag::Sources;
use crate::manifest::Overlays;
use crate::manifest::parse;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;

fn files(directory: &Path, out: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "yaml") && !path.ends_with("consign.yaml") {
            out.push(fs::read_to_string(&path).unwrap());
        }
    }
}

fn examples() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut all = Vec::new();
    files(&root.join("kinds"), &mut all);
    files(&root.join("tour"), &mut all);
    all.retain(|text| !text.contains("An overlay names an item"));
    all
}

/// Names are found in the text as it is written; the types know them by themselves. Both have the same ones.
#[test]
fn every_reference_of_the_types_is_found_and_no_other() {
    let project = "apiVersion: consign/v1\nkind: Project\nmanifests: [x]\nservers: {s: {url: 'http://s'}}\n";
    let mut n = 0;
    for text in examples() {
        let mut sources = Sources::new();
        let source = sources.add_text("x.yaml", text.as_str());
        let at = sources.add_text("consign.yaml", project);
        let project = crate::manifest::read_project(&sources, at).0.unwrap();
        let (manifests, _) = parse(&sources, &[source]);
        if text.contains("${{") {
            continue; // Names with variables are not what the types see.
        }
        let (loaded, _) = manifests.site(&project, None, &Overlays::default());
        let mut wanted: Vec<ItemKey> = Vec::new();
        let mut declared: BTreeSet<ItemKey> = BTreeSet::new();
        let mut principals: Vec<String> = Vec::new();
        for item in loaded.site.items.values().filter(|item| loaded.origins.get(&item.key).is_some()) {
            declared.insert(item.key.clone());
            wanted.extend(item.spec.references().into_iter().map(|(_, key)| key));
            let rights = match &item.spec {
                Spec::Program(program) => program.portal.as_ref(),
                Spec::SequentialTask(task) => task.portal.as_ref(),
                Spec::Folder(folder) => folder.portal.as_ref(),
                _ => None,
            };
            principals.extend(rights.iter().flat_map(|rights| &rights.grants).map(|grant| grant.principal.clone()));
            if let Spec::PortalDefaults(defaults) = &item.spec {
                principals.extend(defaults.grants.iter().flatten().map(|grant| grant.principal.clone()));
            }
        }
        let spots = outline(&text, source, Sort::Manifest);
        let mut found: Vec<ItemKey> = Vec::new();
        let mut found_principals: Vec<String> = Vec::new();
        let mut found_declared: BTreeSet<ItemKey> = BTreeSet::new();
        for spot in spots {
            match (spot.named, spot.role) {
                (Named::Item(key), Role::Used) if key.kind != Kind::Folder => found.push(key),
                (Named::Item(key), Role::Declared) => drop(found_declared.insert(key)),
                (Named::Principal(name), _) => found_principals.push(name),
                _ => {}
            }
        }
        n += wanted.len() + principals.len();
        for list in [&mut wanted, &mut found] {
            list.sort();
        }
        principals.sort();
        found_principals.sort();
        assert_eq!((wanted, principals, declared), (found, found_principals, found_declared), "{text}");
    }
    assert!(n > 80, "{n}");
}

#[track_caller]
fn check_renamed(sort: Sort, text: &str, from: &str, to: &str, expected: Option<&str>) {
    let mut sources = Sources::new();
    let source = sources.add_text("x.yaml", text);
    let from = ItemKey::parse(from).unwrap();
    let edits = renamed(text, source, sort, &BTreeMap::new(), &from, to);
    let made = edits.map(|edits| {
        let mut out = text.to_owned();
        for (at, new) in edits.into_iter().rev() {
            out.replace_range(at, &new);
        }
        out
    });
    assert_eq!(made.as_deref(), expected, "{text}");
}

#[test]
fn an_item_is_renamed_with_an_alias_and_everything_else_kept() {
    let collection =
        |head: &str| format!("apiVersion: consign/v1\nkind: Collection\n{head}\nspec: {{include: [B, A, 'A']}}\n");
    let check = |from: &str, to: &str| {
        let to = to.replace("include: [B, A, 'A']", "include: [B, C, C]");
        check_renamed(Sort::Manifest, &collection(from), "collection/A", "C", Some(&to));
    };
    check("metadata: {name: A}", &collection("metadata: {name: C, aliases: [A]}"));
    check("metadata: {name: \"A\", folder: F}", &collection("metadata: {name: C, folder: F, aliases: [A]}"));
    check(
        "metadata:\n  name: A # x\n  folder: F",
        &collection("metadata:\n  name: C # x\n  folder: F\n  aliases: [A]"),
    );
    check(
        "metadata:\n  name: A\n  labels: # x\n    a: b # y\n\n  attributes: {}",
        &collection("metadata:\n  name: C\n  labels: # x\n    a: b # y\n  aliases: [A]\n\n  attributes: {}"),
    );
    check("metadata: {name: A, labels: {}}", &collection("metadata: {name: C, labels: {}, aliases: [A]}"));
    check("metadata: {name: A, guid: x}", &collection("metadata: {name: C, guid: x, aliases: [A]}"));
    check("metadata: {name: A, aliases: []}", &collection("metadata: {name: C, aliases: [A]}"));
}

#[test]
fn an_alias_that_is_the_name_again_goes() {
    let text = |metadata: &str| format!("apiVersion: consign/v1\nkind: Collection\nmetadata: {metadata}\nspec: {{}}\n");
    let check = |from: &str, to: &str| {
        check_renamed(Sort::Manifest, &text(from), "collection/A", "C", Some(&text(to)));
    };
    check("{name: A, aliases: [C, D]}", "{name: C, aliases: [A, D]}");
    check("{name: A, aliases: [D, A]}", "{name: C, aliases: [A, D]}");
    check("\n  name: A\n  aliases:\n    - D\n    - C", "\n  name: C\n  aliases:\n    - A\n    - D");
    check("\n  name: A\n  aliases:\n  - C", "\n  name: C\n  aliases:\n  - A");
    check("\n  name: A\n  aliases:\n  - D # why\n  - E", "\n  name: C\n  aliases:\n  - A\n  - D # why\n  - E");
}

#[test]
fn an_overlay_is_renamed_and_keeps_the_list_that_it_has() {
    let text = |metadata: &str| format!("apiVersion: consign/v1\nkind: Collection\nmetadata: {metadata}\n");
    let check = |from: &str, to: &str| {
        check_renamed(Sort::Overlay, &text(from), "collection/A", "C", Some(&text(to)));
    };
    check("{name: A}", "{name: C}");
    check("{name: A, aliases: [B]}", "{name: C, aliases: [A, B]}");
}

#[test]
fn a_folder_is_renamed_in_every_path_through_it() {
    let folder = "apiVersion: consign/v1\nkind: Folder\nmetadata: {name: B, folder: A}\nspec: {}\n---\n\
                  apiVersion: consign/v1\nkind: Folder\nmetadata: {name: D, folder: A/B}\nspec: {}\n---\n\
                  apiVersion: consign/v1\nkind: Collection\nmetadata: {name: E, folder: A/B/D}\nspec: {}\n---\n\
                  apiVersion: consign/v1\nkind: Collection\nmetadata: {name: F, folder: A/Bc}\nspec: {}\n";
    let expected = folder
        .replace("{name: B, folder: A}", "{name: 'X: y', folder: A, aliases: [B]}")
        .replace("folder: A/B}", "folder: 'A/X: y'}")
        .replace("folder: A/B/D}", "folder: 'A/X: y/D'}");
    check_renamed(Sort::Manifest, folder, "folder/A/B", "X: y", Some(&expected));
    let project = "apiVersion: consign/v1\nkind: Project\nmanifests: [x]\nservers: {s: {folders: [A/B, A]}}\n";
    let expected = project.replace("[A/B,", "[A/C,");
    check_renamed(Sort::Project, project, "folder/A/B", "C", Some(&expected));
}

#[test]
fn a_program_is_renamed_within_its_package_alone() {
    let text = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: P}\nspec:\n  programs:\n    - {name: A, commandLine: x}\n---\n\
                apiVersion: consign/v1\nkind: Package\nmetadata: {name: Q}\nspec:\n  programs:\n    - name: A\n---\n\
                apiVersion: consign/v1\nkind: Task\nmetadata: {name: A}\nspec: {package: P, program: A}\n---\n\
                apiVersion: consign/v1\nkind: Task\nmetadata: {name: B}\nspec: {package: Q, program: A}\n";
    let expected = text
        .replace("{name: A, commandLine", "{name: Z, aliases: [A], commandLine")
        .replace("{package: P, program: A}", "{package: P, program: Z}");
    check_renamed(Sort::Manifest, text, "program/P/A", "Z", Some(&expected));
}

#[test]
fn what_stands_at_a_place_is_told_with_its_field() {
    let text =
        "apiVersion: consign/v1\nkind: Task\nmetadata: {name: X}\nspec:\n  run: {schedule: {daily: \"17:00\"}}\n";
    let mut sources = Sources::new();
    let source = sources.add_text("x.yaml", text);
    let at = |words: &str| here(text, source, text.find(words).unwrap() + 1).map(|here| (here.field, here.is_key));
    assert_eq!(at("daily"), Some(("spec.run.schedule.daily".to_owned(), true)));
    assert_eq!(at("\"17"), Some(("spec.run.schedule.daily".to_owned(), false)));
    assert_eq!(at("Task"), Some(("kind".to_owned(), false)));
    assert_eq!(here(text, source, text.len()), None);
}

proptest! {
    /// Whatever is written, and wherever the cursor is, nothing fails, and what is to be replaced is part of the line.
    #[test]
    fn nothing_that_is_written_makes_it_fail(
        words in prop::collection::vec(
            prop_oneof![
                Just("apiVersion: consign/v1\nkind: Task\nmetadata: {name: X}\nspec:\n  package: 7-Zip\n"),
                Just("kind: Package\nmetadata: {name: P}\nspec: {programs: [{name: A}]}\n---\n"),
                Just("  program: "), Just("  collections: ["), Just("    - "), Just("'"), Just("\""), Just("]"), Just("}"),
                Just("\n"), Just("\r\n"), Just("\u{feff}"), Just("🖥"), Just("ä"), Just("# consign: allow "), Just("${{ "),
                Just("}}"), Just(": "), Just(","), Just("|"), Just("aliases: [A]"), Just("- - "), Just("\t"),
            ],
            0..12,
        ),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = words.concat();
        let mut offset = cut.index(text.len() + 1);
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let mut sources = Sources::new();
        let source = sources.add_text("x.yaml", text.as_str());
        for sort in [Sort::Manifest, Sort::Overlay, Sort::Project] {
            for spot in outline(&text, source, sort) {
                prop_assert!(text.get(spot.at.clone()).is_some() && text.get(spot.whole).is_some());
                if let Named::Item(key) = &spot.named {
                    let _ = renamed(&text, source, sort, &BTreeMap::new(), key, "Another");
                }
            }
            if let Some(slot) = slot(&text, source, sort, offset) {
                prop_assert!(slot.replace.start <= offset && offset <= slot.replace.end);
                prop_assert!(!text[slot.replace].contains('\n'));
            }
            let _ = here(&text, source, offset);
        }
    }
}
