//! What is planned over an API that cannot do all that a manifest can say: CAP-1 to CAP-5.

use super::*;
use crate::model::capabilities::Access;
use crate::model::capabilities::Forms;
use crate::model::project::Severity;
use crate::model::task::Priority;
use crate::plan::Action;
use crate::plan::Reason;
use crate::plan::step::StepAction;
use crate::plan::step::state_after;

impl Case {
    fn field(&mut self, kind: Kind, name: &str, access: Access) -> &mut Self {
        self.capabilities.fields.insert((kind, name.to_owned()), access);
        self
    }

    /// With a package, its program, and a collection, as they should be.
    fn with_things(&mut self) -> &mut Self {
        for item in [package("p"), program("Install"), collection("c", &[])] {
            self.has(item.clone()).wants(item);
        }
        self
    }
}

fn with_task(change: impl Fn(&mut crate::model::task::Task)) -> Item {
    let mut item = task("t", &["c"]);
    let Spec::Task(spec) = &mut item.spec else { unreachable!() };
    change(spec);
    item
}

#[test]
fn cap_3_a_changed_priority_makes_the_task_anew_off_first_and_on_last() {
    let mut case = Case::new();
    case.with_things().field(Kind::Task, "priority", Access::CreateOnly);
    case.capabilities.reasons.insert((Kind::Task, "priority".to_owned()), "it is given at birth".to_owned());
    case.has(task("t", &["c"])).wants(with_task(|task| task.priority = Priority::High));
    let plan = case.plan();
    assert!(plan.applyable, "{plan:#?}");
    let change = &plan.resource_changes[0];
    assert_eq!((change.action(), change.action_reason), (Action::Replace, Reason::ReplaceBecauseCreateOnly));
    assert_eq!(change.replace_paths, ["spec.priority"]);
    let steps: Vec<StepAction> = plan.steps.iter().map(|step| step.action).collect();
    assert_eq!(steps, [StepAction::Disable, StepAction::Replace, StepAction::Enable]);
    let made = state_after(change, StepAction::Replace).unwrap();
    assert_eq!((made.spec.enabled(), made.spec.targets().map(Vec::len)), (Some(false), Some(0)));
    let finding = plan.findings.iter().find(|finding| finding.rule == "CAP-3").unwrap();
    assert_eq!(
        finding.message,
        "`priority` cannot be changed over the API `native`: it is given at birth; the edit needs a new task, which \
         everyone that it reaches runs again"
    );
    let told: Vec<&str> = plan.consequences.iter().map(|one| one.code.as_str()).collect();
    assert!(told.contains(&"TSK-4"), "{told:?}");
}

#[test]
fn cap_3_a_task_that_is_off_is_made_anew_without_a_step_that_enables_it() {
    let mut case = Case::new();
    case.with_things().field(Kind::Task, "priority", Access::CreateOnly);
    let off = |priority| {
        let mut item = with_task(|task| (task.enabled, task.priority) = (false, priority));
        item.spec.targets_mut().unwrap().clear();
        item
    };
    case.has(off(Priority::Normal)).wants(off(Priority::Low));
    let steps: Vec<StepAction> = case.plan().steps.iter().map(|step| step.action).collect();
    assert_eq!(steps, [StepAction::Replace]);
}

#[test]
fn cap_3_nothing_but_a_task_is_made_anew_for_a_field() {
    let mut case = Case::new();
    case.field(Kind::Collection, "description", Access::CreateOnly);
    let mut described = collection("c", &[]);
    let Spec::Collection(spec) = &mut described.spec else { unreachable!() };
    spec.description = "d".to_owned();
    case.has(collection("c", &[])).wants(described);
    let plan = case.is_blocked_by("CAP-3");
    assert!(plan.resource_changes.is_empty() && plan.held.len() == 1, "{plan:#?}");
    assert_eq!(plan.held[0].fields[0].path, "spec.description");
}

#[test]
fn cap_5_what_is_never_seen_is_not_compared_and_told_once_for_a_kind() {
    let mut case = Case::new();
    case.with_things().field(Kind::Task, "independentExecution", Access::WriteOnly);
    case.field(Kind::Task, "userCanRun", Access::Absent);
    case.has(task("t", &["c"]))
        .wants(with_task(|task| (task.independent_execution, task.user_can_run) = (false, true)));
    let mut other = task("u", &["c"]);
    case.has(other.clone());
    let Spec::Task(spec) = &mut other.spec else { unreachable!() };
    spec.independent_execution = false;
    case.wants(other);
    let plan = case.plan();
    assert!(plan.is_empty() && !plan.is_blocked(), "{plan:#?}");
    assert_eq!(plan.coverage.unseen[&Kind::Task], ["independentExecution", "userCanRun"]);
}

#[test]
fn cap_2_a_difference_in_what_is_only_shown_holds_the_item_back() {
    let mut case = Case::new();
    case.field(Kind::Package, "description", Access::ReadOnly);
    let mut described = package("p");
    let Spec::Package(spec) = &mut described.spec else { unreachable!() };
    spec.description = "d".to_owned();
    case.has(package("p")).wants(described.clone());
    let plan = case.is_blocked_by("CAP-2");
    assert!(plan.resource_changes.is_empty() && plan.held[0].rule == "CAP-2", "{plan:#?}");
    // Equal is no difference, and a policy may have it passed over.
    case.policy.severities.insert("CAP-2".to_owned(), Severity::Warning);
    let plan = case.plan();
    assert!(plan.is_empty() && plan.findings.iter().any(|finding| finding.rule == "CAP-2"), "{plan:#?}");
    case.policy.severities.clear();
    case.live.pop();
    case.has(described);
    assert!(case.plan().is_empty());
}

#[test]
fn cap_2_a_new_item_that_could_not_be_as_declared_is_not_made() {
    let mut case = Case::new();
    case.field(Kind::Package, "description", Access::ReadOnly);
    let mut described = package("p");
    let Spec::Package(spec) = &mut described.spec else { unreachable!() };
    spec.description = "d".to_owned();
    case.wants(described);
    assert!(case.is_blocked_by("CAP-2").resource_changes.is_empty());
    case.policy.severities.insert("CAP-2".to_owned(), Severity::Warning);
    assert_eq!(case.plan().resource_changes.len(), 1);
}

#[test]
fn cap_2_a_folder_at_the_top_is_made_only_where_the_api_makes_one() {
    let mut case = Case::new();
    case.live.clear();
    assert_eq!(case.plan().resource_changes.len(), 1);
    case.capabilities.folders_at_top = false;
    assert!(case.is_blocked_by("CAP-2").resource_changes.is_empty());
}

#[test]
fn cap_4_a_change_to_a_value_that_the_api_lacks_is_refused() {
    let mut case = Case::new();
    case.with_things();
    case.capabilities.forms.insert((Kind::Task, "download.minimumSpeedKBps".to_owned()), Forms::numbers([1, 50]));
    let own = |speed: u32| {
        with_task(|task| {
            task.download = serde_json::from_value(serde_json::json!({"minimumSpeedKBps": speed})).unwrap();
        })
    };
    case.has(task("t", &["c"])).wants(own(7));
    case.is_blocked_by("CAP-4");
    case.wants(own(50));
    assert!(case.plan().applyable);
}

#[test]
fn cap_1_a_kind_that_is_only_shown_is_neither_changed_nor_deleted() {
    let mut case = Case::new();
    case.capabilities.read_only.insert(Kind::Package);
    let mut described = package("p");
    let Spec::Package(spec) = &mut described.spec else { unreachable!() };
    spec.description = "d".to_owned();
    case.has(package("p")).wants(described).has(package("undeclared"));
    let plan = case.is_blocked_by("CAP-1");
    assert!(plan.resource_changes.is_empty(), "{plan:#?}");
    assert_eq!(plan.held.iter().filter(|held| held.rule == "CAP-1").count(), 2);
    // What is as declared needs nothing.
    let mut case = Case::new();
    case.capabilities.read_only.insert(Kind::Package);
    case.has(package("p")).wants(package("p"));
    assert!(case.plan().is_empty());
    // A new one cannot be made.
    case.wants(package("new"));
    case.is_blocked_by("CAP-1");
}

#[test]
fn cap_1_what_the_api_does_not_have_is_no_gap() {
    let mut case = Case::new();
    case.capabilities.kinds.remove(&Kind::AgentSettings);
    case.gap = Some(Kind::AgentSettings);
    case.has(package("gone"));
    let plan = case.plan();
    assert!(plan.complete && plan.summary.delete == 1, "{plan:#?}");
    assert!(matches!(plan.coverage.kinds[&Kind::AgentSettings], Coverage::NotHeld { .. }));
}

#[test]
fn cap_5_what_a_change_sets_unseen_is_named_for_its_item() {
    let told = |change: &dyn Fn(&mut crate::model::task::Task)| -> Vec<String> {
        let mut case = Case::new();
        case.with_things().field(Kind::Task, "independentExecution", Access::WriteOnly);
        let with = ["notifyUser", "run.schedule.daily"].map(str::to_owned).into();
        case.capabilities.carried.insert((Kind::Task, "independentExecution".to_owned()), with);
        case.has(task("t", &["c"])).wants(with_task(change));
        let plan = case.plan();
        assert!(!plan.is_blocked(), "{plan:#?}");
        plan.findings.into_iter().filter(|finding| finding.rule == "CAP-5").map(|finding| finding.message).collect()
    };
    let to = |value: &str| {
        vec![format!("the change also sets `independentExecution` to {value}, which the server does not show")]
    };
    // The same call carries it, so that it is set to what the manifest says, default or not.
    assert_eq!(told(&|task| task.notify_user = !task.notify_user), to("true"));
    let daily = serde_json::json!({"schedule": {"daily": "17:30"}});
    assert_eq!(told(&|task| task.run = serde_json::from_value(daily.clone()).unwrap()), to("true"));
    let once = serde_json::json!({"schedule": {"at": "2027-01-01T08:00"}});
    assert!(told(&|task| task.run = serde_json::from_value(once.clone()).unwrap()).is_empty());
    assert!(told(&|task| task.description = "d".to_owned()).is_empty());
    // Another value than stands for "not shown" goes with every change, and alone it is no change.
    let other = |task: &mut crate::model::task::Task| {
        task.description = "d".to_owned();
        task.independent_execution = false;
    };
    assert_eq!(told(&other), to("false"));
    assert!(told(&|task| task.independent_execution = false).is_empty());
    assert!(told(&|task| (task.enabled, task.independent_execution) = (false, false)).is_empty());
}
