//! What a plan guards, holds back and refuses, rule by rule.

mod approved;
mod capable;
mod computers;
mod judged;
mod orders;
mod policies;
mod renamed;
mod tampered;
mod times;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::agent::policy::Rules;
use crate::diag::Origin;
use crate::diag::Origins;
use crate::diag::Sources;
use crate::manifest::Overlays;
use crate::manifest::parse;
use crate::manifest::print_item;
use crate::manifest::read_project;
use crate::model::capabilities::Capabilities;
use crate::model::capabilities::Concurrency;
use crate::model::collection::Collection;
use crate::model::fleet::Fleet;
use crate::model::folder::Folder;
use crate::model::guid::Guid;
use crate::model::item::Attribute;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::Observed;
use crate::model::observed::ObservedItem;
use crate::model::observed::ServerIdentity;
use crate::model::package::Package;
use crate::model::project::Api;
use crate::model::project::Limit;
use crate::model::project::Policy;
use crate::model::project::ServerConfig;
use crate::model::site::Site;
use crate::plan::Fix;
use crate::plan::Plan;
use crate::plan::checker;
use crate::plan::consequences::Computers;
use crate::plan::file;
use crate::plan::make::Input;
use crate::plan::make::make;
use crate::reach::Evaluated;

/// A server and a project, to be changed by each case.
struct Case {
    live: Vec<ObservedItem>,
    site: Site,
    policy: Policy,
    prune: bool,
    capabilities: Capabilities,
    gap: Option<Kind>,
    fleet: Option<Fleet>,
    evaluated: Evaluated,
    now: Timestamp,
    server_now: Option<Timestamp>,
    rules: Rules,
}

impl Case {
    fn new() -> Self {
        let mut case = Self {
            live: Vec::new(),
            site: Site::default(),
            policy: Policy::default(),
            prune: true,
            capabilities: Capabilities {
                api: Api::Native,
                kinds: Kind::ALL.into(),
                read_only: BTreeSet::new(),
                fields: BTreeMap::new(),
                forms: BTreeMap::new(),
                reasons: BTreeMap::new(),
                carried: BTreeMap::new(),
                folders_at_top: true,
                concurrency: Concurrency::Revision,
                batch_max: None,
                leases: true,
                idempotency_keys: true,
                atomic_update: true,
            },
            gap: None,
            fleet: None,
            evaluated: Evaluated::new(),
            now: "2026-12-01T12:00:00Z".parse().unwrap(),
            server_now: None,
            rules: Rules::of(Api::Native),
        };
        let folder = item(Kind::Folder, "Own", Spec::Folder(Folder::default()), None);
        case.site.insert(folder.clone());
        case.has(folder);
        case
    }

    fn has(&mut self, item: Item) -> &mut Self {
        let n = self.live.len() as u128 + 1;
        self.live.push(ObservedItem {
            guid: Guid::of(n),
            revision: n.to_string(),
            password_set: None,
            password_mark: None,
            item,
        });
        self
    }

    fn wants(&mut self, item: Item) -> &mut Self {
        self.site.insert(item);
        self
    }

    /// The manifests as they are printed, an item a file.
    fn written(&self) -> (Sources, Origins) {
        let (mut sources, mut origins) = (Sources::new(), Origins::default());
        for item in self.site.items.values().filter(|item| item.key.kind != Kind::Program) {
            let of_it =
                |other: &&Item| other.key.kind == Kind::Program && other.key.package.as_ref() == Some(&item.key.name);
            let programs: Vec<&Item> = self.site.items.values().filter(of_it).collect();
            let source = sources.add_text(format!("{}.yaml", item.key), print_item(item, &programs));
            let origin = |program| Origin { source, document: 0, program, overlaid: Vec::new() };
            for (at, program) in (0..).zip(&programs) {
                origins.insert(program.key.clone(), origin(Some(at)));
            }
            origins.insert(item.key.clone(), origin(None));
        }
        (sources, origins)
    }

    /// What the manifests declare once a safer edit was laid over them.
    fn with(&self, fix: &Fix) -> Site {
        let (sources, _) = self.written();
        let project = "apiVersion: consign/v1\nkind: Project\nmanifests: [.]\nservers:\n  lab: {api: native, url: \
                       'http://127.0.0.1:1', folders: [Own]}\n";
        let mut edited = Sources::new();
        let project = edited.add_text("consign.yaml", project);
        let project = read_project(&edited, project).0.expect("it is one");
        assert!(!fix.edits.is_empty(), "{fix:#?}");
        let mut n_edits = 0;
        let ids: Vec<_> = sources
            .iter()
            .map(|(_, source)| {
                let mut text = source.text.to_string();
                for edit in fix.edits.iter().rev().filter(|edit| edit.file == source.path.as_str()) {
                    let at = |line: usize, column: usize| {
                        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
                        start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
                    };
                    let (from, to) = (at(edit.line, edit.column), at(edit.end_line, edit.end_column));
                    text.replace_range(from..to, &edit.new_text);
                    n_edits += 1;
                }
                edited.add_text(source.path.clone(), text)
            })
            .collect();
        assert_eq!(n_edits, fix.edits.len());
        let (manifests, findings) = parse(&edited, &ids);
        assert!(findings.is_empty(), "{findings:?}");
        let (loaded, findings) = manifests.into_site(&project, Some("lab"), &Overlays::default());
        assert!(!findings.has_errors(), "{findings:?}");
        loaded.site
    }

    fn plan(&self) -> Plan {
        let (sources, origins) = self.written();
        let mut coverage: BTreeMap<Kind, Coverage> = Kind::ALL.map(|kind| (kind, Coverage::Observed)).into();
        if let Some(kind) = self.gap {
            coverage.insert(kind, Coverage::Partial { why: "it was cut".to_owned(), folders: Vec::new() });
        }
        let identity = ServerIdentity {
            instance: Guid::of(7),
            name: "test".to_owned(),
            api: Api::Native,
            version: "1".to_owned(),
        };
        let now = self.now;
        let time = self.server_now.unwrap_or(now);
        let computers = Computers { fleet: self.fleet.as_ref(), evaluated: &self.evaluated, rules: self.rules };
        let plan = make(
            &mut Input {
                observed: Observed { server: identity, state: None, time, coverage, items: self.live.clone() },
                site: self.site.clone(),
                server: "lab",
                config: &ServerConfig {
                    api: Api::Native,
                    url: "http://127.0.0.1:1".to_owned(),
                    token_from: None,
                    auth: None,
                    password_key_from: None,
                    ca_file: None,
                    legacy_tls: false,
                    proxy: Default::default(),
                    altiris: None,
                    folders: vec!["Own".to_owned()],
                    prune: self.prune,
                    variables: BTreeMap::new(),
                    overlays: Vec::new(),
                },
                policy: &self.policy,
                capabilities: &self.capabilities,
                targets: &[],
                excludes: &[],
                written: Some((&sources, &origins)),
                marks: &crate::diff::Marks::default(),
                now,
                version: "0",
            },
            computers,
        );
        checker::check(&plan).expect("every plan passes its checker");
        assert_eq!(file::read(file::write(&plan).as_bytes()).expect("a plan reads back"), plan);
        plan
    }

    #[track_caller]
    fn is_blocked_by(&self, rule: &str) -> Plan {
        let plan = self.plan();
        assert!(plan.is_blocked() && !plan.applyable, "{plan:#?}");
        assert!(plan.findings.iter().any(|finding| finding.rule == rule), "{:#?}", plan.findings);
        plan
    }
}

fn item(kind: Kind, name: &str, spec: Spec, folder: Option<&str>) -> Item {
    let mut item = Item::new(ItemKey::new(kind, name), spec);
    item.folder = folder.map(str::to_owned);
    item
}

fn package(name: &str) -> Item {
    item(Kind::Package, name, Spec::Package(Package::default()), Some("Own"))
}

fn collection(name: &str, include: &[&str]) -> Item {
    let include = include.iter().map(|name| (*name).to_owned()).collect();
    let spec = Collection { include, ..Collection::default() };
    item(Kind::Collection, name, Spec::Collection(spec), Some("Own"))
}

fn task(name: &str, collections: &[&str]) -> Item {
    let spec = serde_json::json!({"package": "p", "program": "Install", "collections": collections});
    item(Kind::Task, name, Spec::Task(serde_json::from_value(spec).unwrap()), Some("Own"))
}

fn program(name: &str) -> Item {
    let spec = serde_json::json!({"name": name, "commandLine": "a.exe /S"});
    Item::new(ItemKey::program("p", name), Spec::Program(serde_json::from_value(spec).unwrap()))
}

#[test]
fn what_is_as_it_should_be_needs_no_plan() {
    let mut case = Case::new();
    case.has(package("p")).wants(package("p"));
    let plan = case.plan();
    assert!(plan.is_empty() && !plan.applyable && plan.steps.is_empty(), "{plan:#?}");
}

#[test]
fn pln_1_nothing_is_created_or_deleted_where_not_all_was_read() {
    let mut case = Case::new();
    case.has(package("gone")).has(collection("c", &[])).wants(package("new"));
    case.gap = Some(Kind::Package);
    let plan = case.plan();
    assert!(plan.is_empty() && !plan.complete, "{plan:#?}");
    let held: Vec<&str> = plan.held.iter().map(|held| held.rule.as_str()).collect();
    assert_eq!(held, ["PLN-1", "PLN-1", "PLN-1"]); // The new one, and both deletes.
}

#[test]
fn pln_1_what_no_manifest_can_declare_is_not_deleted_for_being_undeclared() {
    let mut case = Case::new();
    case.has(package("p")).has(program("Install")).wants(package("p")).wants(program("Install"));
    case.has(task("odd", &["target Odd {0b0b0b0b-0000-0000-0000-000000000001}"]));
    let plan = case.plan();
    assert_eq!((plan.summary.delete, plan.summary.held), (0, 1));
    assert_eq!(plan.held[0].rule, "PLN-1");
    assert!(plan.held[0].because.contains("target Odd"), "{}", plan.held[0].because);
    // One that is for a collection is.
    case.live.pop();
    case.has(collection("Two {0b0b0b0b-0000-0000-0000-000000000001}", &[]));
    case.has(task("odd", &["Two {0b0b0b0b-0000-0000-0000-000000000001}"]));
    assert!(case.plan().held.is_empty());
}

#[test]
fn pln_2_a_large_share_of_deletes_blocks_and_says_the_share() {
    let mut case = Case::new();
    for n in 0..20 {
        case.has(package(&format!("p{n}")));
        if n >= 9 {
            case.wants(package(&format!("p{n}")));
        }
    }
    let plan = case.is_blocked_by("PLN-2");
    // The folder itself is one of the 21 owned items.
    assert!(plan.findings[0].message.contains("42.8% is over 30% (9/21)"), "{}", plan.findings[0].message);
    assert_eq!(plan.summary.delete, 9); // A blocked plan is shown whole.
    case.policy.limits.insert("PLN-2".to_owned(), Limit::Count(9));
    assert!(!case.plan().is_blocked());
}

#[test]
fn pln_3_a_limit_on_changes_counts_them() {
    let mut case = Case::new();
    for n in 0..3 {
        let mut changed = package(&format!("p{n}"));
        case.has(changed.clone());
        if let Spec::Package(spec) = &mut changed.spec {
            spec.version = "2.0".to_owned();
        }
        case.wants(changed);
    }
    assert!(!case.plan().is_blocked());
    case.policy.limits.insert("PLN-3".to_owned(), Limit::Count(2));
    case.is_blocked_by("PLN-3");
}

#[test]
fn pln_4_a_pin_to_nothing_or_to_another_kind_blocks() {
    let mut case = Case::new();
    let mut pinned = package("p");
    pinned.pin = Some(Guid::of(99));
    case.wants(pinned.clone());
    case.is_blocked_by("PLN-4");
    pinned.pin = Some(Guid::of(1)); // The folder.
    case.wants(pinned);
    case.is_blocked_by("PLN-4");
}

#[test]
fn pln_5_what_is_protected_is_neither_deleted_nor_changed() {
    let mut case = Case::new();
    let mut live = package("p");
    live.attributes.insert(Attribute::NoDelete);
    case.has(live).wants(collection("c", &[]));
    assert_eq!(case.is_blocked_by("PLN-5").summary.delete, 0);
    let mut case = Case::new();
    let mut live = package("p");
    live.attributes.insert(Attribute::ReadOnly);
    case.has(live);
    let mut wanted = package("p");
    wanted.attributes.insert(Attribute::ReadOnly);
    if let Spec::Package(spec) = &mut wanted.spec {
        spec.version = "2.0".to_owned();
    }
    case.wants(wanted);
    assert_eq!(case.is_blocked_by("PLN-5").summary.change, 0);
}

#[test]
fn pln_6_what_needs_something_missing_is_held_with_all_that_needs_it() {
    let mut case = Case::new();
    case.wants(collection("a", &["nowhere"])).wants(collection("b", &["a"]));
    let plan = case.is_blocked_by("PLN-6");
    assert_eq!((plan.summary.add, plan.summary.held), (0, 2));
}

#[test]
fn pln_7_an_item_outside_of_the_owned_folders_blocks() {
    let mut case = Case::new();
    case.wants(item(Kind::Package, "p", Spec::Package(Package::default()), Some("Elsewhere")));
    assert_eq!(case.is_blocked_by("PLN-7").summary.add, 0);
}

#[test]
fn pln_8_a_delete_beside_an_equal_create_is_pointed_out() {
    let mut case = Case::new();
    case.has(collection("before", &[])).wants(collection("after", &[]));
    let plan = case.plan();
    let finding = plan.findings.iter().find(|finding| finding.rule == "PLN-8").expect("it is pointed out");
    assert!(finding.help.contains("aliases: [before]"), "{}", finding.help);
    assert!(!plan.is_blocked());
}

#[test]
fn pln_9_a_project_that_declares_nothing_deletes_nothing() {
    let mut case = Case::new();
    case.has(package("p"));
    case.is_blocked_by("PLN-9");
}

#[test]
fn pln_10_a_protected_collection_is_not_newly_reached() {
    let mut case = Case::new();
    case.has(package("p")).has(program("Install")).has(collection("Servers", &[])).has(task("t", &[]));
    for wanted in [package("p"), program("Install"), collection("Servers", &[]), task("t", &["Servers"])] {
        case.wants(wanted);
    }
    case.policy.protected.push("Servers".to_owned());
    case.is_blocked_by("PLN-10");
    // What reached it before may go on.
    case.live.pop();
    case.has(task("t", &["Servers"]));
    assert!(!case.plan().is_blocked());
}

#[test]
fn pln_11_a_kind_that_the_server_cannot_hold_blocks() {
    let mut case = Case::new();
    case.wants(package("p"));
    case.capabilities.kinds.remove(&Kind::Package);
    case.is_blocked_by("PLN-11");
}

#[test]
fn pkg_8_a_package_in_use_is_not_deleted_and_its_users_are_named() {
    let mut case = Case::new();
    case.has(package("p")).has(program("Install")).has(task("t", &[])).wants(task("t", &[]));
    let plan = case.is_blocked_by("PKG-8");
    assert!(plan.findings.iter().any(|finding| finding.message.contains("`task/t`")), "{:#?}", plan.findings);
    assert_eq!(plan.summary.delete, 0);
}

#[test]
fn an_edited_plan_is_told_by_its_hash() {
    let mut case = Case::new();
    case.wants(package("p"));
    let text = file::write(&case.plan());
    let edited = text.replacen("\"p\"", "\"q\"", 1);
    assert!(matches!(file::read(edited.as_bytes()), Err(file::PlanFileError::Edited { .. })));
    assert!(matches!(file::read(&text.as_bytes()[..text.len() / 2]), Err(file::PlanFileError::NotJson(_))));
    let newer = text.replacen("\"1.0\"", "\"2.0\"", 1);
    assert!(matches!(file::read(newer.as_bytes()), Err(file::PlanFileError::OtherVersion { .. })));
}

fn runs_as(account: &str, password_from: Option<&str>) -> Item {
    let mut run_with = serde_json::json!({ "account": account });
    if let Some(name) = password_from {
        run_with["passwordFrom"] = serde_json::json!({ "env": name });
    }
    let spec = serde_json::json!({"name": "Install", "commandLine": "a.exe /S", "runWith": run_with});
    Item::new(ItemKey::program("p", "Install"), Spec::Program(serde_json::from_value(spec).unwrap()))
}

#[test]
fn pln_13_a_missing_password_is_a_field_of_its_own_and_never_the_value() {
    for (live, set, wanted, from, fields, warns) in [
        ("A", Some(false), "A", Some("PW"), &["spec.runWith.password"][..], false),
        ("A", Some(true), "A", Some("PW"), &[], false),
        ("A", None, "A", Some("PW"), &[], false), // A server that does not say.
        ("A", Some(true), "B", Some("PW"), &["spec.runWith", "spec.runWith.password"], false),
        ("A", Some(true), "B", None, &["spec.runWith"], true),
        ("A", Some(false), "B", None, &["spec.runWith"], true),
        ("A", Some(true), "a", None, &["spec.runWith"], false), // The same account in another case.
        ("A", Some(false), "A", None, &[], false),              // Nothing is written, and nothing is said.
    ] {
        let mut case = Case::new();
        case.has(package("p")).wants(package("p")).has(runs_as(live, None)).wants(runs_as(wanted, from));
        case.live.last_mut().unwrap().password_set = set;
        let plan = case.plan();
        let told = format!("{live} {set:?} {wanted} {from:?}");
        let found: Vec<&str> = plan.resource_changes.iter().flat_map(|c| &c.fields).map(|f| f.path.as_str()).collect();
        assert_eq!(found, fields, "{told}");
        assert_eq!(plan.findings.iter().any(|finding| finding.rule == "PLN-13"), warns, "{told}");
        assert!(!plan.is_blocked());
        if let Some(field) = plan.resource_changes.iter().flat_map(|c| &c.fields).find(|f| f.path.ends_with("password"))
        {
            assert_eq!((&field.before, &field.after), (&serde_json::Value::Null, &serde_json::json!({"env": "PW"})));
        }
    }
}
