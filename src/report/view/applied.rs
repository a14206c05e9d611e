//! The view of what an apply did.

use crate::apply::NotStored;
use crate::apply::Report;
use crate::apply::StepReport;
use crate::apply::Stop;
use crate::model::kind::ItemKey;
use crate::plan::Plan;
use crate::report::apply;
use crate::report::view::About;
use crate::report::view::ChangeView;
use crate::report::view::FieldView;
use crate::report::view::FindingView;
use crate::report::view::Level;
use crate::report::view::Origin;
use crate::report::view::View;

impl<'a> View<'a> {
    /// The view of an apply of a plan.
    pub fn of_apply(report: &'a Report, plan: &'a Plan, about: &About) -> Self {
        let mut view = View::new("apply", about, Origin::Applied(report, plan));
        view.of_server(plan);
        view.expires = None;
        for step in &report.applied {
            view.step(step, ("applied", "="), Level::Note, None, about);
        }
        for failed in &report.failed {
            let because = format!("it {}: {}", failed.outcome_in_words(), failed.because);
            view.step(&failed.step, ("failed", "x"), Level::Error, Some(because), about);
        }
        for step in &report.not_attempted {
            view.step(step, ("not_attempted", "."), Level::Warning, None, about);
        }
        for one in &report.not_stored {
            view.not_stored(one, about);
        }
        if let Some(stop) = &report.stopped {
            let why = match stop {
                Stop::Interrupted => "it was asked to stop",
                Stop::StepFailed => "a step failed",
                Stop::LeaseLost => "the lease was lost: another apply took over, or it ran out",
            };
            view.findings.push(FindingView {
                rule: String::new(),
                level: Level::Error,
                subject: String::new(),
                message: format!("stopped: {why}"),
                help: Some("run it again to go on; what was done is not done twice".to_owned()),
                place: None,
                related: Vec::new(),
            });
        }
        if report.unverified {
            view.not_assessed.push("what the server stored: it could not be read back".to_owned());
        }
        view.notes.clone_from(&report.notes);
        view.summary = vec![apply::summary(report)];
        let steps = report.applied.len() + report.failed.len() + report.not_attempted.len();
        view.headline = match (report.is_whole(), report.applied.len()) {
            (true, 0) => "nothing to do; the server was as planned".to_owned(),
            (true, n) => format!("all {n} steps were made and read back"),
            (false, n) => format!("{n} of {steps} steps were made"),
        };
        view.counts.insert("applied", report.applied.len() as u64);
        view.counts.insert("failed", report.failed.len() as u64);
        view.counts.insert("not_attempted", report.not_attempted.len() as u64);
        view.group();
        view
    }

    fn step(
        &mut self,
        step: &StepReport,
        (action, sign): (&'static str, &'static str),
        level: Level,
        because: Option<String>,
        about: &About,
    ) {
        let because = because.map(|because| format!(": {because}")).unwrap_or_default();
        self.changes.push(ChangeView {
            address: step.item.clone(),
            kind: ItemKey::parse(&step.item).map_or("item", |key| key.kind.short()),
            action,
            sign,
            level,
            danger: None,
            acts: false,
            reason: Some(format!("{}{because}", step.action.word())),
            remarks: Vec::new(),
            fields: Vec::new(),
            place: about.place(&step.item),
        });
    }

    fn not_stored(&mut self, one: &NotStored, about: &About) {
        let address = one.item.to_string();
        let fields = one.fields.iter().map(|field| FieldView {
            path: field.path.clone(),
            before: field.after.clone(),
            after: field.before.clone(),
            effect: field.effect.name(),
            remark: "# sent, and what the server has".to_owned(),
        });
        self.changes.push(ChangeView {
            kind: one.item.kind.short(),
            action: "not_stored",
            sign: "x",
            level: Level::Error,
            danger: None,
            acts: false,
            reason: Some("the server took it and did not store it as sent".to_owned()),
            remarks: Vec::new(),
            fields: fields.collect(),
            place: about.place(&address),
            address,
        });
    }
}
