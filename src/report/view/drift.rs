//! The view of a drift: what the manifests say is `before`, what the server has is `after`.

use crate::diff::PolicyChange;
use crate::model::kind::ItemKey;
use crate::plan::Plan;
use crate::plan::drift::Entry;
use crate::plan::drift::State;
use crate::plan::drift::entries;
use crate::plan::drift::is_drift;
use crate::report::drift;
use crate::report::drift::Beside;
use crate::report::view::About;
use crate::report::view::ChangeView;
use crate::report::view::FieldView;
use crate::report::view::FindingView;
use crate::report::view::Level;
use crate::report::view::Origin;
use crate::report::view::View;
use crate::report::view::plan;

impl<'a> View<'a> {
    /// The view of how a server differs from the manifests. What is known is a note and says why and until when; of
    /// each difference it is told who made it, as far as that is known.
    pub fn of_drift(plan: &'a Plan, beside: &'a Beside, about: &About) -> Self {
        let mut view = View::new("drift", about, Origin::Drift(plan, beside));
        view.of_server(plan);
        // The plan that it was found with is no plan to apply.
        (view.hash, view.expires) = (None, None);
        view.changes = entries(plan).iter().map(|entry| differing(entry, beside, about)).collect();
        view.changes.extend(drift::unmanaged(plan).map(|(address, _)| unmanaged(address, about)));
        view.findings = plan::findings(plan, about);
        view.findings.extend(beside.verdict.notes.iter().map(|note| FindingView {
            rule: note.rule.to_owned(),
            level: Level::Warning,
            subject: note.item.clone(),
            message: note.message.clone(),
            help: None,
            place: about.place(&note.item),
            related: Vec::new(),
        }));
        // An apply would be blocked by these; a drift only tells them.
        view.findings.iter_mut().for_each(|finding| finding.level = Level::Warning);
        view.not_assessed = plan::not_read(plan);
        view.summary = vec![drift::summary(plan, &beside.verdict)];
        let (n, known) = (entries(plan).len(), beside.verdict.known.len());
        let all = match (is_drift(plan, &beside.verdict), plan.complete, n.saturating_sub(known)) {
            (true, _, 0) => "it cannot be told whether all items are as the manifests say".to_owned(),
            (true, _, 1) => "1 item differs from the manifests".to_owned(),
            (true, _, n) => format!("{n} items differ from the manifests"),
            (false, true, _) if known > 0 => "nothing differs from the manifests but what is known".to_owned(),
            (false, true, _) => "the server is as the manifests say".to_owned(),
            (false, false, _) => {
                "not everything could be read, so this does not mean that there is no drift".to_owned()
            }
        };
        view.headline = if known > 0 { format!("{all} ({known} known)") } else { all };
        view.counts.insert("drift", n as u64);
        view.counts.insert("known", known as u64);
        view.group();
        view
    }

    /// One view of several servers, each with its name before what is told of it: differences of [`Self::of_drift`],
    /// and failures of those that could not be compared.
    pub fn of_servers(servers: &'a [(String, View<'a>)], about: &About) -> Self {
        let mut view = View::new("drift", about, Origin::Servers(servers));
        for (name, one) in servers {
            view.add(name, one);
        }
        view.made_at = servers.iter().filter_map(|(_, one)| one.made_at).min();
        view.revision = servers.iter().find_map(|(_, one)| one.revision.clone());
        view.headline = headline(servers, view.counts.get("drift").copied().unwrap_or(0));
        view.group();
        view
    }

    fn add(&mut self, name: &str, one: &View<'_>) {
        let named = |text: &String| format!("{name}: {text}");
        self.policy_changes.extend(
            one.policy_changes.iter().map(|change| PolicyChange { path: named(&change.path), ..change.clone() }),
        );
        self.changes
            .extend(one.changes.iter().map(|change| ChangeView { address: named(&change.address), ..change.clone() }));
        self.findings.extend(one.findings.iter().map(|finding| FindingView {
            subject: if finding.subject.is_empty() { name.to_owned() } else { named(&finding.subject) },
            ..finding.clone()
        }));
        self.not_assessed.extend(one.not_assessed.iter().map(named));
        self.notes.extend(one.notes.iter().map(named));
        self.summary.extend(one.summary.iter().map(named));
        for (what, n) in &one.counts {
            *self.counts.entry(*what).or_default() += n;
        }
    }
}

fn headline(servers: &[(String, View<'_>)], n: u64) -> String {
    let all = servers.len();
    let failed = servers.iter().filter(|(_, one)| matches!(one.origin, Origin::Failed(..))).count();
    let drifted = servers.iter().filter(|(_, one)| one.exit.name == "changes").count();
    let is_partial = servers.iter().any(|(_, one)| one.exit.name == "incomplete");
    let mut parts = Vec::new();
    if drifted > 0 {
        parts.push(format!(
            "{drifted} of {all} servers differ from the manifests, in {n} items with those that are known"
        ));
    }
    if failed > 0 {
        parts.push(format!("{failed} of {all} servers could not be compared"));
    }
    if is_partial {
        parts.push("not everything could be read".to_owned());
    }
    if parts.is_empty() {
        parts.push(match n {
            0 => format!("all {all} servers are as the manifests say"),
            _ => format!("all {all} servers are as the manifests say but for what is known"),
        });
    }
    parts.join("; ")
}

fn differing(entry: &Entry<'_>, beside: &Beside, about: &About) -> ChangeView {
    let (action, sign) = match entry.state {
        State::Missing => ("missing", "-"),
        State::Changed => ("changed", "~"),
        State::Differs => ("differs", "~"),
    };
    let known = beside.verdict.known.get(&entry.address);
    let remarks = drift::remarks(&entry.address, beside).into_iter();
    let fields = entry.fields.iter().map(|field| FieldView {
        path: field.path.clone(),
        before: field.after.clone(),
        after: field.before.clone(),
        effect: field.effect.name(),
        remark: String::new(),
    });
    ChangeView {
        address: entry.address.clone(),
        kind: entry.key.kind.short(),
        action,
        sign,
        level: if known.is_some() { Level::Note } else { Level::Warning },
        danger: None,
        acts: false,
        reason: entry.held.map(|held| format!("{}: {}", held.rule, held.because)),
        remarks: remarks.chain(known.map(drift::known_until)).collect(),
        fields: fields.collect(),
        place: about.place(&entry.address),
    }
}

fn unmanaged(address: String, about: &About) -> ChangeView {
    ChangeView {
        kind: ItemKey::parse(&address).map_or("item", |key| key.kind.short()),
        action: "unmanaged",
        sign: "?",
        level: Level::Note,
        danger: None,
        acts: false,
        reason: None,
        remarks: Vec::new(),
        fields: Vec::new(),
        place: about.place(&address),
        address,
    }
}
