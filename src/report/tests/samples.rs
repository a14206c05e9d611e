//! Plans, reports and findings to render, with a text of one's own in every field that has one.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::adapter::Done;
use crate::apply;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::Sources;
use crate::diff::FieldChange;
use crate::diff::PolicyChange;
use crate::diff::effects::Effect;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::observed::Coverage;
use crate::model::observed::ServerIdentity;
use crate::model::project::Api;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Basis;
use crate::plan::Change;
use crate::plan::Consequence;
use crate::plan::CoverageReport;
use crate::plan::Edit;
use crate::plan::Endpoints;
use crate::plan::Finding;
use crate::plan::Fix;
use crate::plan::Held;
use crate::plan::Magnitude;
use crate::plan::Plan;
use crate::plan::PlannedServer;
use crate::plan::PriorState;
use crate::plan::Reason;
use crate::plan::Selection;
use crate::plan::Summary;
use crate::plan::Unmanaged;
use crate::plan::Verb;
use crate::plan::drift::Accepted;
use crate::plan::drift::Note;
use crate::plan::drift::Verdict;
use crate::plan::origin;
use crate::plan::revisions;
use crate::plan::revisions::RevisionDiff;
use crate::plan::step::StepAction;
use crate::reach::Known;
use crate::report::drift::Beside;
use crate::report::render::Form;
use crate::report::render::Options;
use crate::report::render::render;
use crate::report::view::About;
use crate::report::view::Place;
use crate::report::view::Revision;
use crate::report::view::View;
use crate::rules::package::PKG_2;

/// A plan with nothing in it.
pub fn empty_plan() -> Plan {
    Plan {
        format_version: "1.0".to_owned(),
        consign_version: "0.1.0".to_owned(),
        timestamp: "2026-12-01T12:00:00Z".parse().unwrap(),
        expires: "2026-12-02T12:00:00Z".parse().unwrap(),
        server: PlannedServer {
            name: "prod".to_owned(),
            url: "https://ns01.example".to_owned(),
            identity: ServerIdentity {
                instance: Guid::of(7),
                name: "ns01".to_owned(),
                api: Api::Native,
                version: "1".to_owned(),
            },
        },
        applyable: true,
        complete: true,
        errored: false,
        prior_state: PriorState { state: None, items: 0 },
        resource_changes: Vec::new(),
        held: Vec::new(),
        unmanaged: Vec::new(),
        consequences: Vec::new(),
        endpoints: Endpoints::default(),
        findings: Vec::new(),
        preconditions: Vec::new(),
        bounds: Vec::new(),
        coverage: CoverageReport::default(),
        directory: Vec::new(),
        selection: None,
        steps: Vec::new(),
        origin: None,
        policy_changes: Vec::new(),
        summary: Summary::default(),
        hash: "5ab1cd".repeat(10) + "0123",
    }
}

/// A plan of these changes.
pub fn plan_of(changes: Vec<Change>) -> Plan {
    let count = |action| changes.iter().filter(|change| change.action() == action).count();
    let summary = Summary {
        add: count(Action::Create),
        change: count(Action::Update),
        replace: count(Action::Replace),
        delete: count(Action::Delete),
        ..Summary::default()
    };
    Plan { resource_changes: changes, summary, ..empty_plan() }
}

/// A task that runs a program of a package for a collection.
pub fn task(name: &str, package: &str) -> Item {
    let spec = json!({
        "package": package, "program": "Install", "collections": ["Desktops"], "run": {"schedule": {"daily": "17:00"}},
    });
    Item::new(ItemKey::new(Kind::Task, name), Spec::Task(serde_json::from_value(spec).expect("a task")))
}

/// A program with a command line.
pub fn program(package: &str, name: &str, line: &str) -> Item {
    let spec = json!({ "name": name, "commandLine": line });
    Item::new(ItemKey::program(package, name), Spec::Program(serde_json::from_value(spec).expect("a program")))
}

/// A change of an item.
pub fn change(item: Item, action: Action, fields: Vec<FieldChange>) -> Change {
    let (is_new, is_gone) = (action == Action::Create, action == Action::Delete);
    Change {
        address: item.key.to_string(),
        key: item.key.clone(),
        actions: action.verbs(),
        action_reason: match action {
            Action::Create => Reason::CreateBecauseNotFound,
            Action::Update => Reason::UpdateBecauseFieldsDiffer,
            Action::Replace => Reason::ReplaceBecauseIdentityRegenerates,
            Action::Delete => Reason::DeleteBecauseNoManifest,
        },
        replace_paths: Vec::new(),
        guid: (!is_new).then(|| Guid::of(3)),
        fields,
        before: (!is_new).then(|| item.clone()),
        after: (!is_gone).then_some(item),
        after_unknown: Vec::new(),
        after_sensitive: Vec::new(),
    }
}

pub fn field(path: &str, before: Value, after: Value) -> FieldChange {
    FieldChange { path: path.to_owned(), before, after, effect: Effect::FutureRuns }
}

/// Gives each place of a sample its text.
pub type Texts<'t> = &'t mut dyn FnMut(&str) -> String;

pub fn consequence(code: &str, severity: Severity, subject: String, t: Texts<'_>) -> Consequence {
    Consequence {
        code: code.to_owned(),
        doc_url: format!("docs/rules.md#{}", code.to_lowercase()),
        severity,
        subject: subject.clone(),
        kind: "re_run".to_owned(),
        magnitude: Magnitude { value: Some(4812), unit: "computers".to_owned(), low: None, high: None, of: Some(5000) },
        parts: [("succeeded".to_owned(), 4655)].into(),
        basis: Basis::Confirmed,
        observed_at: Some("2026-12-01T10:00:00Z".parse().unwrap()),
        mechanism: t("mechanism"),
        sample: vec![t("sample")],
        sample_truncated: true,
        because: vec![subject, t("because")],
        fixes: vec![Fix {
            message: t("fix"),
            edits: vec![Edit { file: t("file"), line: 3, column: 1, end_line: 4, end_column: 1, new_text: t("text") }],
            forecast: [("re_run".to_owned(), Some(0))].into(),
        }],
        acknowledged: None,
        accepted_up_to: None,
        over: Some(t("over")),
        lapsed: Some(t("lapsed")),
    }
}

/// A plan with every kind of entry, each text from `t`.
pub fn full_plan(t: Texts<'_>) -> Plan {
    let text = |value: String| Value::String(value);
    let long = format!("{}\n{}\nline three", t("line"), t("line"));
    let fields = vec![
        field("spec.commandLine", text(t("before")), text(t("after"))),
        field("spec.description", Value::Null, text(long)),
        field(&t("path"), json!([t("entry"), 1]), json!([1, {"a": t("entry")}])),
    ];
    let mut plan = plan_of(vec![
        change(task(&t("create"), &t("package")), Action::Create, Vec::new()),
        change(task(&t("update"), "P"), Action::Update, fields),
        change(task(&t("replace"), "P"), Action::Replace, vec![field("spec.steps", json!([1]), json!([2]))]),
        change(task(&t("delete"), "P"), Action::Delete, Vec::new()),
        change(program(&t("package"), &t("program"), "msiexec /x {1} /qn"), Action::Update, Vec::new()),
    ]);
    plan.applyable = false;
    plan.server.name = t("server");
    plan.server.url = t("url");
    let subject = plan.resource_changes[2].address.clone();
    plan.consequences = vec![
        consequence("SEQ-1", Severity::Error, subject, t),
        consequence("COL-2", Severity::Warning, format!("task/{}", t("subject")), t),
    ];
    plan.consequences[1].over = None;
    plan.consequences[1].lapsed = None;
    plan.consequences[1].acknowledged = Some(t("acknowledged"));
    plan.findings = vec![finding("PLN-4", Severity::Error, t), finding("PLN-9", Severity::Warning, t)];
    plan.held = vec![Held {
        key: ItemKey::new(Kind::Collection, t("held")),
        would: Verb::Update,
        rule: "PLN-6".to_owned(),
        because: t("because"),
        fields: vec![field("spec.query", text(t("before")), text(t("after")))],
    }];
    let base = origin::Base { revision: t("base"), commit: "c0ffee".repeat(6), behind: 0 };
    plan.origin =
        Some(origin::Origin { commit: t("commit"), branch: Some(t("branch")), clean: false, base: Some(base) });
    plan.policy_changes = policy_changes(t);
    plan.unmanaged = vec![Unmanaged { key: ItemKey::new(Kind::Task, t("unmanaged")), guid: Guid::of(9), folder: None }];
    plan.coverage.kinds = [
        (Kind::Task, Coverage::Partial { why: t("why"), folders: Vec::new() }),
        (Kind::Package, Coverage::Unreadable { why: t("why") }),
    ]
    .into();
    plan.coverage.computers.gaps = vec![t("gap")];
    plan.coverage.unmodelled = vec![t("unmodelled")];
    plan.selection = Some(Selection { left_out: 3, ..Selection::default() });
    plan
}

/// Changes of the policy, one of which allows more, each text from `t`.
pub fn policy_changes(t: Texts<'_>) -> Vec<PolicyChange> {
    let mut one = |loosens| PolicyChange {
        path: format!("policy.limits.{}", t("limit")),
        before: json!(t("was")),
        after: json!(t("becomes")),
        loosens,
    };
    vec![one(false), one(true)]
}

/// What is known of the drift of a full plan: who did it, and why that is known.
pub fn beside(t: Texts<'_>, plan: &Plan) -> Beside {
    let address = &plan.resource_changes[1].address;
    let accepted = Accepted { reason: t("accepted"), expires: "2099-12-31".parse().expect("a day") };
    let note = Note { rule: "DRF-1", item: format!("task/{}", t("lapsed")), message: t("expired") };
    let done = Done {
        time: "2026-11-21T10:00:00Z".to_owned(),
        by: t("by"),
        role: t("role"),
        action: "update".to_owned(),
        kind: Some("Task".to_owned()),
        name: None,
        plan: None,
        commit: None,
    };
    Beside {
        verdict: Verdict { known: [(address.clone(), accepted)].into(), notes: vec![note] },
        streaks: None,
        did: [(address.clone(), Known::Unknown(t("untold")))].into(),
        history: [(address.clone(), done)].into(),
    }
}

/// What two revisions differ in, each text from `t`.
pub fn full_diff(t: Texts<'_>) -> RevisionDiff {
    let plan = full_plan(t);
    let revision = revisions::Revision { revision: Some(t("revision")), commit: Some("c0ffee".repeat(6)) };
    RevisionDiff {
        format_version: revisions::FORMAT_VERSION.to_owned(),
        consign_version: "0.1.0".to_owned(),
        from: revision.clone(),
        to: revision,
        server: Some(t("server")),
        complete: false,
        policy_changes: policy_changes(t),
        summary: revisions::Counts::of(&plan.resource_changes),
        changes: plan.resource_changes,
        not_compared: vec![ItemKey::new(Kind::Task, t("uncompared"))],
    }
}

pub fn finding(rule: &str, severity: Severity, t: Texts<'_>) -> Finding {
    let subject = format!("task/{}", t("subject"));
    Finding { rule: rule.to_owned(), severity, subject, message: t("message"), help: t("help") }
}

/// Findings in two files, each text from `t`.
pub fn full_findings(t: Texts<'_>) -> (Diagnostics, Sources) {
    let mut sources = Sources::new();
    let a = sources.add_text(format!("delivery/{}.yaml", t("file")), format!("a: 1\nb: {}\n", t("source")));
    let b = sources.add_text("delivery/b.yaml", "x\n");
    let at = |source| Location::Span { source, start: 0, end: 1 };
    let found = [
        Diagnostic::error(&PKG_2, at(a), t("message")).label(t("label")).help(t("help")).also(at(b), t("also")),
        Diagnostic::warning(&PKG_2, Location::File(b), t("message")).fix(t("fix"), at(b), t("new")),
        Diagnostic::warning(&PKG_2, Location::Nowhere, t("message")),
    ];
    (found.into_iter().collect(), sources)
}

/// The report of an apply that went wrong in every way.
pub fn full_report(t: Texts<'_>) -> apply::Report {
    let mut step = |step| apply::StepReport { step, action: StepAction::Update, item: format!("task/{}", t("item")) };
    let steps = [step(1), step(2), step(3)];
    let [made, failed, not_begun] = steps;
    apply::Report {
        format_version: "1.0",
        plan: "0".repeat(64),
        applied: vec![made],
        failed: vec![apply::Failed {
            step: failed,
            outcome: apply::Outcome::Partly,
            because: t("because"),
            left: vec![t("left")],
        }],
        not_attempted: vec![not_begun],
        not_stored: vec![apply::NotStored {
            item: ItemKey::new(Kind::Task, t("item")),
            fields: vec![field("spec.description", Value::String(t("has")), Value::String(t("sent")))],
        }],
        writes_sent: 5,
        stopped: Some(apply::Stop::StepFailed),
        unverified: true,
        notes: vec![t("note")],
    }
}

/// What stands beside a plan, each text from `t`.
pub fn about(t: Texts<'_>, plan: &Plan) -> About {
    let place = Place { file: t("file"), line: Some(3), column: Some(1), end_line: Some(3), end_column: Some(9) };
    About {
        consign_version: "0.1.0".to_owned(),
        exit: (3, "blocked"),
        revision: Some(Revision { commit: t("commit"), branch: Some(t("branch")), dirty: true }),
        directory: Some(t("directory")),
        plan_file: Some(t("planfile")),
        places: plan.resource_changes.iter().map(|change| (change.key.clone(), place.clone())).collect(),
    }
}

/// Calls with a view of each origin.
pub fn each_view(t: Texts<'_>, then: &mut dyn FnMut(&View<'_>)) {
    let plan = full_plan(t);
    let about = about(t, &plan);
    then(&View::of_plan(&plan, &about));
    let beside = beside(t, &plan);
    then(&View::of_drift(&plan, &beside, &about));
    let (gone, why, mend) = (t("gone"), t("message"), t("help"));
    let servers = [
        (plan.server.name.clone(), View::of_drift(&plan, &beside, &about)),
        (gone, View::of_failure("drift", &why, Some(&mend), None, &about)),
    ];
    then(&View::of_servers(&servers, &about));
    let diff = full_diff(t);
    then(&View::of_diff(&diff, &[], &about));
    let (found, sources) = full_findings(t);
    then(&View::of_findings(&found, &sources, &about));
    let report = full_report(t);
    then(&View::of_apply(&report, &plan, &about));
    let (message, help) = (t("message"), t("help"));
    then(&View::of_failure("plan", &message, Some(&help), Some((&found, &sources)), &about));
    let mut blocked = View::of_failure("apply", &message, Some(&help), None, &about);
    blocked.because_of(View::of_plan(&plan, &about));
    then(&blocked);
    let clean = empty_plan();
    then(&View::of_plan(&clean, &About { places: BTreeMap::new(), ..about.clone() }));
    let none = Diagnostics::new();
    then(&View::of_findings(&none, &Sources::new(), &about));
}

/// A view in a format, with everything that goes beside it.
pub fn whole(view: &View<'_>, form: Form) -> String {
    let mut out = render(view, form, Options { full: true, ..Options::default() });
    if form == Form::Github {
        out.push_str(&crate::report::github::summary(view));
        out.push_str(&crate::report::github::outputs(view));
    }
    out
}
