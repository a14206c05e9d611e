//! Client policy documents of an Altiris agent (DLV-2; SWD 6.1 guide, Client Policy XML).
//!
//! A policy is a task, or a step of a sequential task (SEQ-4); its package and program stand in it. What the document
//! does not hold is assumed, and said: the program's name, the collections, where the files are.

mod delivery;
mod xml;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Document;
use super::Draft;
use super::Parsed;
use super::named;
use crate::check::is_reserved;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Location;
use crate::diag::SourceId;
use crate::diag::Sources;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::sequence::Dependency;
use crate::model::sequence::DependencyOnCodes;
use crate::model::sequence::SequenceStep;
use crate::model::sequence::SequentialTask;
use crate::model::task::Run;
use crate::model::task::Task;
use crate::rules::import::IMP_2;
use crate::rules::import::IMP_4;
use crate::rules::import::IMP_5;
use crate::rules::import::IMP_7;
use crate::rules::import::IMP_8;
use crate::rules::task::TSK_1;
use delivery::Delivered;
use xml::Element;

/// What the names of steps begin with (SEQ-4).
const STEP: &str = "Software Delivery Task for program : ";
/// What the name of a sequential task's policy begins with.
const SEQUENCE: &str = "Synchronization Task for Sequential Software Delivery Task : ";

/// One policy of a document.
pub(super) struct Policy {
    source: SourceId,
    at: Location,
    /// Of the task, in lower case and without braces.
    guid: String,
    name: String,
    what: What,
}

enum What {
    Delivery(Box<Delivered>),
    Sequence(Box<Sequence>),
}

struct Sequence {
    steps: Vec<Step>,
    task: SequentialTask,
    notes: Vec<(String, String)>,
}

/// A step of a sequential task: the GUID of its policy, and the steps that it needs with the return codes that will do.
struct Step {
    guid: String,
    needs: Vec<(String, Vec<i64>)>,
}

/// A GUID as it is compared.
fn guid(text: &str) -> String {
    text.trim().trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase()
}

/// The same text with the password of each account blotted out, byte by byte, so that all places stay where they are.
pub(super) fn masked(text: &str) -> String {
    const NAME: &str = "logonpassword";
    let mut bytes = text.as_bytes().to_vec();
    let lower = text.to_ascii_lowercase();
    for (found, _) in lower.match_indices(NAME) {
        let rest = &lower[found + NAME.len()..];
        let value = rest.trim_start().strip_prefix('=').map(str::trim_start);
        let Some((quote, value)) = value.and_then(|value| Some((value.chars().next()?, value.get(1..)?))) else {
            continue;
        };
        if matches!(quote, '"' | '\'') {
            let start = lower.len() - value.len();
            let end = start + value.find(quote).unwrap_or(value.len());
            bytes[start..end].fill(b'*');
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Reads one document.
pub(super) fn read(document: &Document) -> Parsed {
    let mut out = Parsed::default();
    let span = |from: usize, to: usize| Location::Span { source: document.id, start: from, end: to };
    let root = match xml::parse(&document.text) {
        Ok(root) => root,
        Err(_) if !document.is_named && !document.text.contains("<Policy") => {
            return Parsed { other: Some("it holds no `<Policy>`"), ..Parsed::default() };
        }
        Err(refused) => {
            let at = span(refused.at, refused.at);
            out.findings.push(Diagnostic::error(&IMP_7, at, refused.message).help(refused.help));
            return out;
        }
    };
    let mut policies = Vec::new();
    root.all("Policy", &mut policies);
    if policies.is_empty() {
        if !document.is_named {
            return Parsed { other: Some("it holds no `<Policy>`"), ..Parsed::default() };
        }
        let message = format!("the document `<{}>` holds no `<Policy>`", visible(&root.name));
        let at = span(root.span.0, root.span.1);
        out.findings.push(
            Diagnostic::error(&IMP_2, at, message)
                .help("client policies lie in `Client Policies` below the agent's directory"),
        );
        return out;
    }
    for policy in policies {
        let at = span(policy.span.0, policy.span.1);
        let (id, name) = (guid(policy.attribute("guid")), policy.attribute("name"));
        let Some(client) = policy.child("ClientPolicy") else {
            let message = format!("the policy `{}` has no `<ClientPolicy>`", visible(name));
            out.findings.push(Diagnostic::warning(&IMP_2, at, message).help("it was left out"));
            continue;
        };
        let what = match client.attribute("agentClsid").to_ascii_lowercase().as_str() {
            "altiris.swd" => {
                let mut packages = Vec::new();
                client.all("SoftPkg", &mut packages);
                let Some(package) = packages.first() else {
                    let message = format!("the policy `{}` delivers no `<SoftPkg>`", visible(name));
                    out.findings.push(Diagnostic::warning(&IMP_2, at, message).help("it was left out"));
                    continue;
                };
                delivery::read(document.id, package, &mut out.findings).map(|one| What::Delivery(Box::new(one)))
            }
            "altiris.synch" => Some(What::Sequence(Box::new(sequence(document.id, client, &mut out.findings)))),
            other => {
                let message = format!("the policy `{}` is for the agent `{}`", visible(name), visible(other));
                out.findings.push(
                    Diagnostic::warning(&IMP_4, at.clone(), message)
                        .help("only software delivery is imported; it was left out"),
                );
                None
            }
        };
        if let Some(what) = what {
            let name = name.to_owned();
            out.policies.push(Policy { source: document.id, at, guid: id, name, what });
        }
    }
    if out.findings.has_errors() {
        out.policies.clear();
    }
    out
}

fn sequence(source: SourceId, client: &Element, findings: &mut Diagnostics) -> Sequence {
    let mut notes = Vec::new();
    let mut elements: Vec<&Element> =
        client.children.iter().filter(|child| child.name.eq_ignore_ascii_case("Task")).collect();
    elements.sort_by_key(|task| task.attribute("priority").parse::<u32>().unwrap_or(u32::MAX));
    let steps = elements.iter().map(|task| {
        let needs = task.children.iter().filter(|child| child.name.eq_ignore_ascii_case("Dependency"));
        let needs = needs.map(|need| (guid(need.attribute("guid")), delivery::codes(need.attribute("returncodes"))));
        Step { guid: guid(task.attribute("guid")), needs: needs.collect() }
    });
    let steps = steps.collect();
    let minimal = serde_json::json!({ "steps": [] });
    let mut task: SequentialTask =
        serde_json::from_value(minimal).expect("all else of a sequential task has a default");
    let mut reading = delivery::Reading { source, findings, notes: &mut notes, at: "/spec".to_owned() };
    reading.availability(client.child("ValidPeriod"), &mut task.availability);
    let outer = client.child("Schedule");
    task.run_missed_schedule = outer.is_some_and(|outer| outer.attribute("ScheduleRetry").eq_ignore_ascii_case("true"));
    task.run = reading.run(outer);
    if task.run == Run::Manual {
        // Nobody can start it by hand (SEQ-4), so what cannot be said must not run at once instead.
        task.run = Run::AsSoonAsPossible;
        task.enabled = false;
        notes.push(("/spec/enabled".to_owned(), "switched off: when it runs could not be read".to_owned()));
    }
    Sequence { steps, task, notes }
}

/// Where a delivery's program is among the packages.
#[derive(Clone)]
struct Place {
    package: usize,
    program: usize,
}

/// A package that several policies deliver.
struct Gathered {
    source: SourceId,
    name: String,
    package: Package,
    programs: Vec<Program>,
    notes: Vec<(String, String)>,
}

/// Puts the policies of all documents together: one package however many deliver it. Returns how many gave nothing.
pub(super) fn assemble(
    policies: Vec<Policy>,
    sources: &Sources,
    drafts: &mut Vec<Draft>,
    findings: &mut Diagnostics,
) -> usize {
    let mut steps: BTreeSet<String> = BTreeSet::new();
    for policy in &policies {
        if let What::Sequence(sequence) = &policy.what {
            steps.extend(sequence.steps.iter().map(|step| step.guid.clone()));
        }
    }
    let mut all = Assembly::default();
    let (mut places, mut sequences) = (BTreeMap::new(), Vec::new());
    for policy in policies {
        let is_step = steps.contains(&policy.guid) || policy.name.starts_with(STEP);
        match policy.what {
            What::Sequence(sequence) => sequences.push((policy.source, policy.at, policy.guid, policy.name, *sequence)),
            What::Delivery(_) if places.contains_key(&policy.guid) => {
                let message = format!("the policy `{}` is there twice", visible(&policy.name));
                findings.push(Diagnostic::warning(&IMP_5, policy.at, message).help("the first counts"));
            }
            What::Delivery(delivered) => {
                let place = all.package(policy.source, &policy.name, &delivered, sources, findings);
                places.insert(policy.guid.clone(), place.clone());
                if !is_step {
                    all.tasks.push((policy.source, policy.at, policy.guid, policy.name, *delivered, place));
                }
            }
        }
    }
    all.finish(sequences, &places, drafts, findings)
}

#[derive(Default)]
struct Assembly {
    by_guid: BTreeMap<String, usize>,
    packages: Vec<Gathered>,
    tasks: Vec<(SourceId, Location, String, String, Delivered, Place)>,
}

impl Assembly {
    /// The place of a delivery's package and program, which may be there already.
    fn package(
        &mut self,
        source: SourceId,
        policy: &str,
        delivered: &Delivered,
        sources: &Sources,
        findings: &mut Diagnostics,
    ) -> Place {
        let package = *self.by_guid.entry(delivered.package_guid.clone()).or_insert_with(|| {
            let mut notes = delivered.package_notes.clone();
            let file = sources.path(source).file_name().unwrap_or_default().to_owned();
            notes.insert(0, (String::new(), format!("from {file}: package {{{}}}", delivered.package_guid)));
            let name = delivered.package_name.clone();
            let mut package = delivered.package.clone();
            package.source = super::source(None, delivered.has_files, &mut notes);
            self.packages.push(Gathered { source, name, package, programs: Vec::new(), notes });
            self.packages.len() - 1
        });
        let gathered = &mut self.packages[package];
        let same = |program: &Program| Program { name: String::new(), ..program.clone() };
        if let Some(program) = gathered.programs.iter().position(|program| same(program) == same(&delivered.program)) {
            return Place { package, program };
        }
        let at = gathered.programs.len();
        let wanted = named(policy.strip_prefix(STEP).unwrap_or(policy)).unwrap_or_else(|| "Program".to_owned());
        let (mut name, mut number) = (wanted.clone(), 1);
        while gathered.programs.iter().any(|program| program.name.to_lowercase() == name.to_lowercase()) {
            number += 1;
            name = format!("{wanted} ({number})");
        }
        if number > 1 {
            let message = format!("two programs of `{}` are called `{}`", visible(&gathered.name), visible(&wanted));
            let help = format!("this one became `{}`", visible(&name));
            findings.push(Diagnostic::warning(&IMP_8, Location::File(source), message).help(help));
        }
        if !policy.starts_with(STEP) {
            let note = "assumed: called as its task is; a policy does not name the program";
            gathered.notes.push((format!("/spec/programs/{at}/name"), note.to_owned()));
        }
        let below = delivered.program_notes.iter();
        gathered.notes.extend(below.map(|(pointer, note)| (format!("/spec/programs/{at}{pointer}"), note.clone())));
        gathered.programs.push(Program { name, ..delivered.program.clone() });
        Place { package, program: at }
    }

    fn finish(
        self,
        sequences: Vec<(SourceId, Location, String, String, Sequence)>,
        places: &BTreeMap<String, Place>,
        drafts: &mut Vec<Draft>,
        findings: &mut Diagnostics,
    ) -> usize {
        let Self { packages, tasks, .. } = self;
        // References are by name, so names of packages are settled here, before tasks refer to them.
        let names = package_names(&packages);
        let mut n_refused = 0;
        let target = |place: &Place| {
            (names[place.package].clone(), packages[place.package].programs[place.program].name.clone())
        };
        for (source, at, guid, name, delivered, place) in tasks {
            let Some(key) = task_key(Kind::Task, &name, &at, findings) else { continue };
            let (package, program) = target(&place);
            let mut task = Task { package, program, ..delivered.task };
            // Agents are told the name again where there is no other.
            if task.agent_display_name == name {
                task.agent_display_name.clear();
            }
            drafts.push(task_draft(source, key, Spec::Task(task), &guid, delivered.task_notes));
        }
        for (source, at, guid, name, sequence) in sequences {
            let name = name.strip_prefix(SEQUENCE).unwrap_or(&name).to_owned();
            let Some(key) = task_key(Kind::SequentialTask, &name, &at, findings) else { continue };
            let place = |guid: &String| sequence.steps.iter().position(|step| step.guid == *guid);
            let mut steps = Vec::new();
            let mut missing = Vec::new();
            for Step { guid: step, needs } in &sequence.steps {
                let Some(found) = places.get(step) else {
                    missing.push(format!("{{{step}}}"));
                    continue;
                };
                let (package, program) = target(found);
                let depends_on = needs.iter().filter_map(|(on, codes)| {
                    let step = u32::try_from(place(on)? + 1).ok()?;
                    Some(if codes.is_empty() {
                        Dependency::Step(step)
                    } else {
                        Dependency::Codes(DependencyOnCodes { step, return_codes: codes.clone() })
                    })
                });
                steps.push(SequenceStep { package, program, depends_on: depends_on.collect() });
            }
            if !missing.is_empty() || steps.is_empty() {
                let message = format!(
                    "the sequential task `{}` has steps that are in no document: {}",
                    visible(&name),
                    visible(&missing.join(", "))
                );
                findings.push(
                    Diagnostic::error(&IMP_2, at, message)
                        .help("import the whole document; each step has a policy of its own in it"),
                );
                n_refused += 1;
                continue;
            }
            let task = SequentialTask { steps, ..sequence.task };
            drafts.push(task_draft(source, key, Spec::SequentialTask(task), &guid, sequence.notes));
        }
        for (gathered, name) in packages.into_iter().zip(names) {
            let mut notes = gathered.notes;
            if name != gathered.name {
                let note = format!("called `{}` on its server; another package has that name too", gathered.name);
                notes.push(("/metadata".to_owned(), note));
                let message = format!("several packages are called `{}`", visible(&gathered.name));
                let help = format!("this one became `{}`", visible(&name));
                findings.push(Diagnostic::warning(&IMP_8, Location::File(gathered.source), message).help(help));
            }
            let draft = Draft::package(gathered.source, &name, gathered.package, gathered.programs);
            drafts.push(Draft { notes, ..draft });
        }
        n_refused
    }
}

fn package_names(packages: &[Gathered]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let free = |name: &str, taken: &mut BTreeSet<String>| {
        let mut number = 1;
        loop {
            let name = if number == 1 { name.to_owned() } else { format!("{name} ({number})") };
            if taken.insert(name.to_lowercase()) {
                return name;
            }
            number += 1;
        }
    };
    packages.iter().map(|package| free(&package.name, &mut taken)).collect()
}

/// The key of a task, unless the portal made it for a request (TSK-1).
fn task_key(kind: Kind, name: &str, at: &Location, findings: &mut Diagnostics) -> Option<ItemKey> {
    if is_reserved(name) {
        let message = format!("`{}` was made by the portal for a request", visible(name));
        findings.push(
            Diagnostic::warning(&TSK_1, at.clone(), message)
                .help("the portal looks after its own tasks; it was left out"),
        );
        return None;
    }
    Some(ItemKey::new(kind, named(name).unwrap_or_else(|| "Task".to_owned())))
}

fn task_draft(source: SourceId, key: ItemKey, spec: Spec, guid: &str, notes: Vec<(String, String)>) -> Draft {
    let mut all = vec![
        (
            "/metadata".to_owned(),
            format!("{{{guid}}} on the server that wrote the policy; `guid` pins the manifest to it there"),
        ),
        (
            "/spec".to_owned(),
            "for nobody yet: a policy does not say which collections; name them in `collections`".to_owned(),
        ),
    ];
    all.extend(notes);
    Draft { source, item: Item::new(key, spec), programs: Vec::new(), notes: all }
}
