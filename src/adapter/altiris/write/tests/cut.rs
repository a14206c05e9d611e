//! Plans made true over a server whose answers get lost, at each request in turn: the runs after it end what was begun,
//! nothing is there twice, and no task is ever on before it is whole.

use std::sync::Arc;

use super::*;
use crate::adapter::Fate;
use crate::adapter::Observation;
use crate::adapter::ReadAdapter;
use crate::agent::policy::Rules;
use crate::diff::Marks;
use crate::model::observed::Observed;
use crate::model::project::Api;
use crate::model::project::Policy;
use crate::model::project::ServerConfig;
use crate::model::site::Site;
use crate::plan::Plan;
use crate::plan::checker;
use crate::plan::consequences::Computers;
use crate::plan::make;
use crate::plan::step::state_after;
use crate::reach::Evaluated;
use estate::Cut;

/// Runs after which every change is made.
const RUNS: usize = 4;

fn site(items: &[Item]) -> Site {
    let mut site = Site::default();
    let mut folder = Item::new(ItemKey::new(Kind::Folder, "Own"), Spec::Folder(Default::default()));
    folder.folder = None;
    site.insert(folder);
    for item in items {
        site.insert(item.clone());
    }
    site
}

fn config(prune: bool) -> ServerConfig {
    let text = json!({"api": "altiris", "url": "https://ns.example/Altiris", "folders": ["Own"], "prune": prune});
    serde_json::from_value(text).unwrap()
}

fn plan(observed: Observed, site: Site, config: &ServerConfig, adapter: &AltirisWriter) -> Plan {
    let (policy, marks) = (Policy::default(), Marks::default());
    let mut input = make::Input {
        observed,
        site,
        server: "ns",
        config,
        policy: &policy,
        capabilities: adapter.capabilities(),
        targets: &[],
        excludes: &[],
        written: None,
        marks: &marks,
        now: "2026-10-01T00:00:00Z".parse().unwrap(),
        version: "0",
    };
    let evaluated = Evaluated::new();
    let plan = make::make(&mut input, Computers { fleet: None, evaluated: &evaluated, rules: Rules::of(Api::Altiris) });
    checker::check(&plan).unwrap();
    plan
}

/// One run, as an apply does it: a plan, its steps in order, each with one repeat. Whether all of it was made.
async fn run(estate: &Arc<Estate>, wanted: &Site, prune: bool) -> bool {
    let writer = writer(estate);
    let Ok(Observation::Fresh(observed)) = writer.observe(None).await else { return false };
    let config = config(prune);
    let plan = plan(observed, wanted.clone(), &config, &writer);
    assert!(!plan.is_blocked(), "{:#?} {:#?}", plan.findings, plan.consequences);
    if !plan.complete {
        return false;
    }
    let mut directory: Directory = plan.directory.iter().map(|named| (named.key.clone(), named.guid)).collect();
    let mut current: BTreeMap<usize, (Guid, String)> = BTreeMap::new();
    for (at, change) in plan.resource_changes.iter().enumerate() {
        let revision = plan.preconditions.iter().find(|one| one.key == change.key).and_then(|one| one.revision.clone());
        if let (Some(guid), Some(revision)) = (change.guid, revision) {
            current.insert(at, (guid, revision));
            directory.insert(change.key.clone(), guid);
        }
    }
    let mut last: BTreeMap<usize, crate::plan::step::StepAction> = BTreeMap::new();
    for step in &plan.steps {
        let change = &plan.resource_changes[step.change];
        let state = state_after(change, step.action);
        let before = match last.get(&step.change) {
            Some(action) => state_after(change, *action).map(|state| state.into_owned()),
            None => change.before.clone(),
        };
        let known = current.get(&step.change).cloned();
        let effect = match (&state, &known) {
            (Some(state), Some((guid, revision))) => Effect::Update { guid: *guid, revision, state },
            (Some(state), None) => Effect::Create { state },
            (None, Some((guid, revision))) => Effect::Delete { guid: *guid, revision },
            (None, None) => unreachable!(),
        };
        let mut secrets = Secrets::new();
        secrets.insert("env:TOOL".to_owned(), SecretString::from("tr0ub4dor"));
        let lease = Lease { id: String::new(), fence: 0 };
        let (mut in_doubt, mut made) = (false, None);
        for _ in 0..2 {
            let envelope = Envelope {
                lease: &lease,
                idempotency_key: "k",
                in_doubt,
                plan: "p",
                origin: None,
                directory: &directory,
                secrets: &secrets,
            };
            match writer.write(&envelope, &Write { key: &change.key, effect, before: before.as_ref() }).await {
                Ok(receipt) => {
                    made = Some(receipt);
                    break;
                }
                Err(error) if error.is_passing() => in_doubt |= error.fate() == Fate::Unknown,
                Err(error) => panic!("{:?} of {}: {error}", step.action, change.address),
            }
        }
        let Some(receipt) = made else { return false };
        last.insert(step.change, step.action);
        if state.is_none() {
            current.remove(&step.change);
            directory.remove(&change.key);
        } else {
            current.insert(step.change, (receipt.guid, receipt.revision));
            directory.insert(change.key.clone(), receipt.guid);
        }
    }
    true
}

/// What is to be and is: the plan of it is empty.
async fn is_settled(estate: &Arc<Estate>, wanted: &Site, prune: bool) {
    let writer = writer(estate);
    let Ok(Observation::Fresh(observed)) = writer.observe(None).await else { panic!("it answers") };
    let plan = plan(observed, wanted.clone(), &config(prune), &writer);
    assert!(plan.complete && plan.is_empty() && !plan.is_blocked(), "{:#?}", plan.resource_changes);
}

/// Every item once, and each task switched on only as it is to be.
fn is_sound(estate: &Estate, wanted: &Site, at: Cut) {
    let held = estate.held.lock().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (guid, thing) in &held.things {
        let place = (thing.of, thing.name.clone(), thing.folder, thing.get("Package").to_owned());
        assert!(seen.insert(place), "{at:?}: {guid} is there twice: {thing:?}");
        assert!(!thing.name.contains("(consign makes it"), "{at:?}: {thing:?}");
    }
    for (guid, then) in &held.switched_on {
        let Some(now) = held.things.get(guid) else { continue };
        let is_wanted = wanted.items.values().any(|item| item.key.kind == Kind::Task && item.key.name == now.name);
        if is_wanted && now.get("Enable") == "true" {
            let differs: Vec<_> = now.fields.iter().filter(|(name, value)| then.get(name) != value.as_str()).collect();
            // A later change of one call is made while the task is on.
            assert!(differs.len() <= 2, "{at:?}: switched on before {differs:?}");
        }
    }
}

/// Makes `from` true, then `to` with the cut at each request; the runs that follow end it. An answer that is lost is looked
/// at where the request wrote something: a lost answer to a question is a lost question.
async fn sweep(from: &[Item], to: &[Item], prune: bool) {
    let (from, to) = (site(from), site(to));
    let estate = start(&from, prune).await;
    let begun = estate.requests();
    assert!(run(&estate, &to, prune).await);
    let asked = estate.held.lock().unwrap().calls[begun..].to_vec();
    let writes = |call: &String| !call.starts_with("Get") && !call.starts_with("Export");
    assert!(asked.iter().filter(|call| writes(call)).count() > 4, "{asked:?}");
    is_settled(&estate, &to, prune).await;
    for (n, call) in (1..).zip(&asked) {
        let cuts = if writes(call) { vec![Cut::Before(n), Cut::After(n), Cut::Dead(n)] } else { vec![Cut::Before(n)] };
        for cut in cuts {
            let estate = start(&from, prune).await;
            *estate.cut.lock().unwrap() = cut.later(estate.requests());
            run(&estate, &to, prune).await;
            *estate.cut.lock().unwrap() = Cut::Never;
            let mut runs = 0;
            while !run(&estate, &to, prune).await {
                runs += 1;
                assert!(runs < RUNS, "{cut:?} ({call}): no end");
            }
            is_settled(&estate, &to, prune).await;
            is_sound(&estate, &to, cut);
        }
    }
}

/// A server that holds this.
async fn start(from: &Site, prune: bool) -> Arc<Estate> {
    let estate = served();
    if from.items.len() > 1 {
        assert!(run(&estate, from, prune).await);
        estate.held.lock().unwrap().switched_on.clear();
    }
    estate
}

fn new_package() -> Vec<Item> {
    let mut package =
        item(Kind::Package, "Editor", json!({"source": {"unc": "\\\\files\\editor"}, "agentDisplayName": "An editor"}));
    package.folder = Some("Own".to_owned());
    let spec = json!({"Program": {"name": "Install", "commandLine": "e.exe", "afterRunning": {"action": "restart"},
        "runWith": {"account": "D\\svc", "passwordFrom": {"env": "TOOL"}}}});
    let program = Item::new(ItemKey::program("Editor", "Install"), serde_json::from_value(spec).unwrap());
    vec![package, program]
}

fn everything() -> Vec<Item> {
    let mut items = new_package();
    items.push(item(
        Kind::Collection,
        "Pilot",
        json!({"include": ["Desktops"], "exclude": ["Kiosks"], "members": ["PC-1"]}),
    ));
    let mut spec = whole();
    spec["package"] = "Editor".into();
    spec["program"] = "Install".into();
    spec["collections"] = json!(["Pilot", "Desktops"]);
    items.push(item(Kind::Task, "Install Editor", spec));
    items
}

#[tokio::test]
async fn what_is_made_is_made_once_wherever_it_is_cut() {
    sweep(&[], &everything(), false).await;
}

#[tokio::test]
async fn what_is_changed_ends_as_it_is_to_be_wherever_it_is_cut() {
    let mut changed = everything();
    let Spec::Task(spec) = &mut changed[3].spec else { unreachable!() };
    spec.collections = vec!["Kiosks".to_owned()];
    spec.notify_user = false;
    spec.run = serde_json::from_value(json!({"schedule": {"at": "2026-12-24T18:00"}})).unwrap();
    spec.remove_after_success = false;
    let Spec::Package(spec) = &mut changed[0].spec else { unreachable!() };
    spec.version = "2".to_owned();
    spec.agent_display_name = "The editor".to_owned();
    let Spec::Program(spec) = &mut changed[1].spec else { unreachable!() };
    spec.command_line = "e.exe /S".to_owned();
    spec.after_running = Default::default();
    let Spec::Collection(spec) = &mut changed[2].spec else { unreachable!() };
    spec.include = vec!["Kiosks".to_owned()];
    spec.exclude = vec!["Desktops".to_owned()];
    sweep(&everything(), &changed, false).await;
}

#[tokio::test]
async fn cap_3_a_task_that_is_made_anew_is_there_once_wherever_it_is_cut() {
    let mut changed = everything();
    let Spec::Task(spec) = &mut changed[3].spec else { unreachable!() };
    spec.priority = crate::model::task::Priority::Low;
    sweep(&everything(), &changed, false).await;
}

#[tokio::test]
async fn what_is_deleted_is_gone_wherever_it_is_cut() {
    let mut kept: Vec<Item> = vec![item(Kind::Package, "Tool", json!({}))];
    kept.push(program("Install", json!({"commandLine": "setup.exe /S"})));
    kept.push(item(Kind::Collection, "Desktops", json!({})));
    kept.push(item(Kind::Collection, "Kiosks", json!({})));
    let mut from = kept.clone();
    from.extend(everything());
    sweep(&from, &kept, true).await;
}
