//! The view of a drift: what the manifests say is `before`, what the server has is `after`.

use crate::diff::FieldChange;
use crate::plan::Action;
use crate::plan::Plan;
use crate::report::drift;
use crate::report::view::About;
use crate::report::view::ChangeView;
use crate::report::view::FieldView;
use crate::report::view::Level;
use crate::report::view::Origin;
use crate::report::view::View;
use crate::report::view::plan;

impl<'a> View<'a> {
    /// The view of how a server differs from the manifests.
    pub fn of_drift(plan: &'a Plan, about: &About) -> Self {
        let mut view = View::new("drift", about, Origin::Drift(plan));
        view.of_server(plan);
        let differing = plan.resource_changes.iter().filter(|change| change.action() != Action::Delete);
        for change in differing {
            let is_missing = change.action() == Action::Create;
            let (action, sign) = if is_missing { ("missing", "-") } else { ("changed", "~") };
            view.differs(&change.address, change.key.kind.short(), (action, sign), &change.fields, about);
        }
        for held in drift::held(plan) {
            let address = held.key.to_string();
            view.differs(&address, held.key.kind.short(), ("differs", "~"), &held.fields, about);
            if let Some(last) = view.changes.last_mut() {
                last.reason = Some(format!("{}: {}", held.rule, held.because));
            }
        }
        for (address, _) in drift::unmanaged(plan) {
            let kind = crate::model::kind::ItemKey::parse(&address).map_or("item", |key| key.kind.short());
            view.differs(&address, kind, ("unmanaged", "?"), &[], about);
            if let Some(last) = view.changes.last_mut() {
                last.level = Level::Note;
            }
        }
        view.findings = plan::findings(plan, about);
        // An apply would be blocked by these; a drift only tells them.
        view.findings.iter_mut().for_each(|finding| finding.level = Level::Warning);
        view.not_assessed = plan::not_read(plan);
        view.summary = vec![drift::summary(plan)];
        let n = view.changes.iter().filter(|change| change.action != "unmanaged").count();
        view.headline = match (drift::is_drift(plan), plan.complete, n) {
            (true, _, 1) => "1 item differs from the manifests".to_owned(),
            (true, _, n) => format!("{n} items differ from the manifests"),
            (false, true, _) => "the server is as the manifests say".to_owned(),
            (false, false, _) => {
                "not everything could be read, so this does not mean that there is no drift".to_owned()
            }
        };
        view.counts.insert("drift", n as u64);
        view.group();
        view
    }

    fn differs(
        &mut self,
        address: &str,
        kind: &'static str,
        (action, sign): (&'static str, &'static str),
        fields: &[FieldChange],
        about: &About,
    ) {
        let fields = fields.iter().map(|field| FieldView {
            path: field.path.clone(),
            before: field.after.clone(),
            after: field.before.clone(),
            effect: field.effect.name(),
            remark: String::new(),
        });
        self.changes.push(ChangeView {
            address: address.to_owned(),
            kind,
            action,
            sign,
            level: Level::Warning,
            danger: None,
            acts: false,
            reason: None,
            fields: fields.collect(),
            place: about.place(address),
        });
    }
}
