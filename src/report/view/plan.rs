//! The view of a plan.

use std::collections::BTreeSet;

use crate::diag::visible;
use crate::model::kind::ItemKey;
use crate::model::observed::Coverage;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Consequence;
use crate::plan::Held;
use crate::plan::Plan;
use crate::plan::Verb;
use crate::report::plan::consequences;
use crate::report::plan::consequences::Acting;
use crate::report::plan::endpoints_line;
use crate::report::plan::headline::Danger;
use crate::report::plan::headline::headline;
use crate::report::plan::headline::removers;
use crate::report::plan::not_shown;
use crate::report::plan::remark;
use crate::report::plan::sides;
use crate::report::plan::sign;
use crate::report::plan::summary_line;
use crate::report::view::About;
use crate::report::view::ChangeView;
use crate::report::view::ConsequenceView;
use crate::report::view::Edge;
use crate::report::view::FieldView;
use crate::report::view::FindingView;
use crate::report::view::Level;
use crate::report::view::Origin;
use crate::report::view::Revision;
use crate::report::view::View;

impl<'a> View<'a> {
    /// The view of a plan.
    pub fn of_plan(plan: &'a Plan, about: &About) -> Self {
        let mut view = View::new("plan", about, Origin::Plan(plan));
        view.of_server(plan);
        let acting = Acting::of(plan);
        let removers = removers(&plan.resource_changes);
        view.policy_changes.clone_from(&plan.policy_changes);
        view.changes = plan.resource_changes.iter().map(|one| change(one, acting.has(one), &removers, about)).collect();
        view.consequences = consequences::in_order(plan).into_iter().map(|one| consequence(plan, one, about)).collect();
        view.findings = findings(plan, about);
        view.findings.extend(plan.held.iter().map(|held| self::held(held, about)));
        view.to_accept = consequences::acceptances(plan);
        view.not_assessed = not_assessed(plan);
        view.notes = notes(plan);
        view.references = references(plan);
        view.summary = vec![summary_line(plan)];
        if view.changes.iter().any(|change| change.acts) {
            view.summary.push(endpoints_line(&plan.endpoints));
        }
        view.headline = headline(plan);
        if plan.applyable {
            let file = about.plan_file.as_deref().unwrap_or("PLAN");
            view.apply = Some(format!("consign apply {} --expect-plan-hash {}", quoted(file), plan.hash));
        }
        view.group();
        view
    }

    /// What a plan says of its server, its revision and itself.
    pub(super) fn of_server(&mut self, plan: &Plan) {
        if let Some(origin) = &plan.origin {
            let (commit, branch) = (origin.commit.clone(), origin.branch.clone());
            self.revision = Some(Revision { commit, branch, dirty: !origin.clean });
        }
        self.server = Some(plan.server.name.clone());
        self.url = Some(plan.server.url.clone());
        self.made_at = Some(plan.timestamp);
        self.expires = Some(plan.expires);
        self.hash = Some(plan.hash.clone());
        let of = |n: usize| n as u64;
        let known = |n: Option<u64>| n.unwrap_or(0);
        self.counts = [
            ("add", of(plan.summary.add)),
            ("change", of(plan.summary.change)),
            ("replace", of(plan.summary.replace)),
            ("delete", of(plan.summary.delete)),
            ("held", of(plan.summary.held)),
            ("unmanaged", of(plan.summary.unmanaged)),
            ("re_run", known(plan.endpoints.re_run)),
            ("newly_targeted", known(plan.endpoints.newly_targeted)),
        ]
        .into();
    }
}

/// A file's name as a shell takes it.
fn quoted(file: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    if file.chars().all(is_plain) && !file.starts_with('-') {
        return file.to_owned();
    }
    format!("'{}'", visible(file).replace('\'', "'\\''"))
}

/// A change as a view has it; `acts`: computers act because of it.
pub(super) fn change(one: &Change, acts: bool, removers: &BTreeSet<ItemKey>, about: &About) -> ChangeView {
    let action = one.action();
    let danger = Danger::of(one, removers);
    let kind = one.key.kind;
    let fields = one
        .fields
        .iter()
        .map(|field| FieldView {
            path: field.path.clone(),
            before: field.before.clone(),
            after: field.after.clone(),
            effect: field.effect.name(),
            remark: remark(kind, field, one.replace_paths.contains(&field.path)),
        })
        .collect();
    ChangeView {
        address: one.address.clone(),
        kind: kind.short(),
        action: match action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete => "delete",
        },
        sign: sign(action),
        level: if danger.is_some() { Level::Warning } else { Level::Note },
        danger,
        acts,
        reason: Some(one.action_reason).filter(|reason| reason.says_more()).map(|reason| reason.words().to_owned()),
        remarks: Vec::new(),
        fields,
        place: about.place(&one.address),
    }
}

fn consequence(plan: &Plan, one: &Consequence, about: &About) -> ConsequenceView {
    let policy = match (&one.over, one.severity, &one.acknowledged) {
        (Some(over), Severity::Error, _) | (Some(over), _, None) => format!("over the limit: {over}"),
        (Some(over), _, Some(_)) => format!("acknowledged: {over}"),
        (None, Severity::Error, _) => "must be acknowledged".to_owned(),
        (None, _, Some(_)) => "acknowledged".to_owned(),
        _ => "ok".to_owned(),
    };
    ConsequenceView {
        rule: one.code.clone(),
        level: if one.severity == Severity::Error { Level::Error } else { Level::Warning },
        subject: one.subject.clone(),
        what: consequences::words(&one.kind),
        number: format!("{}{}", consequences::magnitude(one), consequences::parts(one)),
        value: one.magnitude.value,
        basis: consequences::basis(plan, one),
        policy,
        acts: consequences::acts(&one.kind) && one.magnitude.unit == "computers",
        because: one.because.clone(),
        details: consequences::details(one),
        place: about.place(&one.subject),
    }
}

/// A plan's findings.
pub(super) fn findings(plan: &Plan, about: &About) -> Vec<FindingView> {
    plan.findings
        .iter()
        .filter(|finding| finding.severity != Severity::Off)
        .map(|finding| FindingView {
            rule: finding.rule.clone(),
            level: if finding.severity == Severity::Error { Level::Error } else { Level::Warning },
            subject: finding.subject.clone(),
            message: finding.message.clone(),
            help: Some(finding.help.clone()).filter(|help| !help.is_empty()),
            place: about.place(&finding.subject),
            related: Vec::new(),
        })
        .collect()
}

fn held(held: &Held, about: &About) -> FindingView {
    let verb = match held.would {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Delete => "delete",
    };
    let address = held.key.to_string();
    FindingView {
        rule: held.rule.clone(),
        level: Level::Warning,
        message: format!("held back: would {verb}; {}", held.because),
        help: None,
        place: about.place(&address),
        related: held
            .fields
            .iter()
            .map(|field| {
                let (before, after) = sides(field);
                (None, format!("{}: {before} -> {after}", field.path))
            })
            .collect(),
        subject: address,
    }
}

/// What was not read, or not known of the computers.
fn not_assessed(plan: &Plan) -> Vec<String> {
    let mut out = not_read(plan);
    out.extend(consequences::not_assessed_lines(plan));
    out.extend(plan.coverage.unmodelled.iter().map(|what| format!("{what} is not modelled")));
    out.extend(not_shown(plan));
    out
}

/// What was not read.
pub(super) fn not_read(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    for (kind, coverage) in &plan.coverage.kinds {
        match coverage {
            Coverage::Observed | Coverage::NotHeld { .. } => {}
            Coverage::Partial { why, .. } => out.push(format!("{} was read in part: {why}", kind.name())),
            Coverage::Unreadable { why } => out.push(format!("{} could not be read: {why}", kind.name())),
        }
    }
    out
}

fn notes(plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(base) = plan.origin.as_ref().and_then(|origin| origin.base.as_ref()) {
        let commit: String = base.commit.chars().take(12).collect();
        out.push(format!("Limits, severities, protected sets and servers are those of {} ({commit}).", base.revision));
    }
    if plan.summary.delete == 0 && !plan.unmanaged.is_empty() {
        let n = plan.unmanaged.len();
        out.push(format!("No item will be deleted; {n} that no manifest declares would be with `prune: true`."));
    }
    if let Some(selection) = &plan.selection {
        let n = selection.left_out;
        out.push(format!("Only a part was asked for: {n} changes are left out, and nothing is deleted."));
    }
    out
}

/// Who refers to whom among the items that change.
fn references(plan: &Plan) -> Vec<Edge> {
    let mut out = BTreeSet::new();
    for change in &plan.resource_changes {
        for item in [&change.before, &change.after].into_iter().flatten() {
            let to_package =
                item.key.package.as_ref().map(|name| ItemKey::new(crate::model::kind::Kind::Package, name));
            let targets = item.spec.references().into_iter().map(|(_, key)| key).chain(to_package);
            out.extend(targets.map(|key| Edge { from: change.address.clone(), to: key.to_string() }));
        }
    }
    out.into_iter().collect()
}
