//! What the rules look at: the items as they are and as they would be, and whom each reaches.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::agent::policy::Rules;
use crate::diff::effects::Effect;
use crate::manifest::Written;
use crate::model::fleet::Computers as Set;
use crate::model::fleet::Fleet;
use crate::model::fleet::History;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Program;
use crate::model::task::Run;
use crate::model::units::Duration;
use crate::plan::Action;
use crate::plan::Basis;
use crate::plan::Change;
use crate::plan::consequences::sets::lowest_wins;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::task::removes;
use crate::plan::consequences::window::Windows;
use crate::reach::Estate;
use crate::reach::Evaluated;
use crate::reach::Fate;
use crate::reach::Known;
use crate::reach::Placed;
use crate::reach::Reach;

/// The kinds that reach computers.
const REACHING: [Kind; 7] = [
    Kind::Task,
    Kind::SequentialTask,
    Kind::DeliveryPolicy,
    Kind::MaintenanceWindow,
    Kind::AgentSettings,
    Kind::PortalSettings,
    Kind::PatchPlugin,
];

/// What is known of the computers, for a plan.
#[derive(Clone, Copy, Debug)]
pub struct Computers<'a> {
    /// The fleet; `None`: nothing is known, and every number is unknown.
    pub fleet: Option<&'a Fleet>,
    /// What the queries would find that no collection has stored.
    pub evaluated: &'a Evaluated,
    /// How the kind of server reads what the documents leave open (MW-7).
    pub rules: Rules,
}

/// What no fleet at all looks like.
pub(in crate::plan) fn no_fleet() -> Fleet {
    let parts = [Part::Computers, Part::Members, Part::History, Part::Packages, Part::Licences];
    Fleet { gaps: parts.map(|part| (part, "no fleet data was read".to_owned())).into(), ..Fleet::default() }
}

/// An item that reaches computers.
#[derive(Debug)]
pub struct Actor<'w> {
    /// What it is called.
    pub key: &'w ItemKey,
    /// Its place among the changes, if it is changed.
    pub change: Option<usize>,
    /// As it is.
    pub before: Option<Placed<'w>>,
    /// As it would be.
    pub after: Option<Placed<'w>>,
    /// Whom it reaches as it is.
    pub was: Known<Set>,
    /// Whom it would reach.
    pub is: Known<Set>,
    /// Whether that may be others than now; where nothing moved nobody comes and goes, though nobody knows who is there.
    pub may_move: bool,
}

impl<'w> Actor<'w> {
    /// Who is newly reached.
    pub fn newly(&self) -> Known<Set> {
        if self.may_move { minus(&self.is, &self.was) } else { Known::Is(Set::new()) }
    }

    /// Who is no longer reached.
    pub fn no_longer(&self) -> Known<Set> {
        if self.may_move { minus(&self.was, &self.is) } else { Known::Is(Set::new()) }
    }

    /// Whether it keeps its GUID.
    pub fn keeps_identity(&self) -> bool {
        matches!((self.before, self.after), (Some(before), Some(after)) if before.guid == after.guid)
    }

    /// What it would say.
    pub fn spec(&self) -> Option<&'w Spec> {
        self.after.map(|placed| &placed.item.spec)
    }

    /// What it says now.
    pub fn old_spec(&self) -> Option<&'w Spec> {
        self.before.map(|placed| &placed.item.spec)
    }

    /// Whether it runs programs.
    pub const fn is_job(&self) -> bool {
        matches!(self.key.kind, Kind::Task | Kind::SequentialTask | Kind::DeliveryPolicy)
    }
}

/// What the rules look at.
pub struct World<'w> {
    /// The changes, by key.
    pub changes: &'w [Change],
    /// The items as they are.
    pub live: &'w Estate<'w>,
    /// The items as they would be.
    pub planned: &'w Estate<'w>,
    /// Who is in which collection as it is.
    pub was: Reach<'w, 'w>,
    /// Who would be in which collection.
    pub is: Reach<'w, 'w>,
    /// What is known of the computers.
    pub fleet: &'w Fleet,
    /// Whether anything is.
    pub has_fleet: bool,
    /// How the kind of server reads what the documents leave open.
    pub rules: Rules,
    /// The server's clock.
    pub now: Timestamp,
    /// The manifests as they are written, for safer edits of them; `None`: what is not planned from manifests has none.
    pub written: Option<&'w Written<'w>>,
    /// The items that reach computers, as they are or would be.
    pub actors: Vec<Actor<'w>>,
    by_key: HashMap<&'w ItemKey, usize>,
    /// The changed collections, and all that are made of any of them, as they are or would be.
    pub(super) above_changed: HashSet<&'w str>,
    windows: OnceCell<[Known<Windows<'w>>; 2]>,
    countdowns: OnceCell<[Known<BTreeMap<u64, Set>>; 2]>,
}

/// What becomes of the items.
pub fn fates(changes: &[Change]) -> impl Iterator<Item = (ItemKey, Fate<'_>)> {
    changes.iter().filter_map(|change| {
        let fate = match (change.action(), &change.after, change.guid) {
            (Action::Delete, _, _) => Fate::Gone,
            (Action::Update, Some(after), Some(guid)) => Fate::Says(guid, after),
            (_, Some(after), _) => Fate::New(after),
            (_, None, _) => return None,
        };
        Some((change.key.clone(), fate))
    })
}

/// The changed collections and those above them, found once from below.
fn above_changed<'w>(changes: &'w [Change], live: &'w Estate<'w>, planned: &'w Estate<'w>) -> HashSet<&'w str> {
    let changed = changes.iter().filter(|change| change.key.kind == Kind::Collection);
    let mut open: Vec<&str> = changed.map(|change| change.key.name.as_str()).collect();
    if open.is_empty() {
        return HashSet::new();
    }
    let mut users: HashMap<&str, Vec<&str>> = HashMap::new();
    for placed in [live, planned].into_iter().flat_map(|estate| estate.of_kind(Kind::Collection)) {
        if let Spec::Collection(spec) = &placed.item.spec {
            for part in spec.include.iter().chain(&spec.exclude).chain(&spec.limited_to) {
                users.entry(part).or_default().push(&placed.item.key.name);
            }
        }
    }
    let mut out = HashSet::new();
    while let Some(name) = open.pop() {
        if out.insert(name) {
            open.extend(users.get(name).into_iter().flatten());
        }
    }
    out
}

impl<'w> World<'w> {
    /// Puts it together; the estates are those before and after the changes. `nobody` is what no fleet at all looks like, which has to live
    /// as long.
    pub fn new(
        changes: &'w [Change],
        live: &'w Estate<'w>,
        planned: &'w Estate<'w>,
        computers: Computers<'w>,
        nobody: &'w Fleet,
        now: Timestamp,
    ) -> Self {
        let fleet = computers.fleet.unwrap_or(nobody);
        let has_fleet = !fleet.gaps.contains_key(&Part::Computers);
        let was = Reach::new(live, live, fleet, computers.evaluated);
        let is = Reach::new(planned, live, fleet, computers.evaluated);
        let by_key = changes.iter().enumerate().map(|(at, change)| (&change.key, at)).collect();
        let mut world = Self {
            changes,
            live,
            planned,
            was,
            is,
            fleet,
            has_fleet,
            rules: computers.rules,
            now,
            written: None,
            actors: Vec::new(),
            by_key,
            above_changed: above_changed(changes, live, planned),
            windows: OnceCell::new(),
            countdowns: OnceCell::new(),
        };
        world.actors = world.find_actors();
        world
    }

    fn find_actors(&self) -> Vec<Actor<'w>> {
        let moved = self.moved_collections();
        let mut actors = Vec::new();
        for kind in REACHING {
            let mut pairs: BTreeMap<&'w ItemKey, (Option<Placed<'w>>, Option<Placed<'w>>)> = BTreeMap::new();
            for placed in self.live.of_kind(kind) {
                pairs.entry(&placed.item.key).or_default().0 = Some(placed);
            }
            for placed in self.planned.of_kind(kind) {
                pairs.entry(&placed.item.key).or_default().1 = Some(placed);
            }
            for (key, (before, after)) in pairs {
                let change = self.by_key.get(key).copied();
                let reached = |reach: &Reach<'w, 'w>, placed: Option<Placed<'w>>| {
                    placed.map_or_else(
                        || Known::Is(Set::new()),
                        |placed| reach.of_item(placed.item).map(Arc::unwrap_or_clone),
                    )
                };
                let was = reached(&self.was, before);
                let targets = after.and_then(|placed| placed.item.spec.targets());
                let is_as_it_was = change.is_none() && !targets.into_iter().flatten().any(|name| moved.contains(name));
                let is = if is_as_it_was { was.clone() } else { reached(&self.is, after) };
                actors.push(Actor { key, change, before, after, was, is, may_move: !is_as_it_was });
            }
        }
        actors
    }

    /// The collections whose members are not known to stay.
    fn moved_collections(&self) -> BTreeSet<String> {
        if self.above_changed.is_empty() {
            return BTreeSet::new();
        }
        let names = self.planned.of_kind(Kind::Collection).map(|placed| placed.item.key.name.as_str());
        let stays = |name: &str| match (self.was.members(name), self.is.members(name)) {
            (Known::Is(was), Known::Is(is)) => was == is,
            // Unknown both ways and for the same reason: nothing of it is changed by this plan.
            (Known::Unknown(_), Known::Unknown(_)) => self.changed_below(&[name.to_owned()]).is_empty(),
            _ => false,
        };
        names.filter(|name| !stays(name)).map(str::to_owned).collect()
    }

    /// The change of an item.
    pub fn change(&self, key: &ItemKey) -> Option<&'w Change> {
        self.by_key.get(key).map(|at| &self.changes[*at])
    }

    /// The addresses of the changed collections that these are made of, themselves among them.
    pub fn changed_below(&self, names: &[String]) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        if self.above_changed.is_empty() {
            return out;
        }
        let mut open: Vec<String> = names.to_vec();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(name) = open.pop() {
            // What no change stands below need not be gone into.
            if !self.above_changed.contains(name.as_str()) || !seen.insert(name.clone()) {
                continue;
            }
            let key = ItemKey::new(Kind::Collection, name);
            if let Some(change) = self.change(&key) {
                out.insert(change.address.clone());
            }
            for placed in [self.live.get(&key), self.planned.get(&key)].into_iter().flatten() {
                if let Spec::Collection(spec) = &placed.item.spec {
                    open.extend(spec.include.iter().chain(&spec.exclude).chain(&spec.limited_to).cloned());
                }
            }
        }
        out
    }

    /// The addresses of the changes because of which an item reaches whom it reaches.
    pub fn causes(&self, actor: &Actor<'_>) -> Vec<String> {
        let mut targets: Vec<String> = Vec::new();
        for spec in [actor.old_spec(), actor.spec()].into_iter().flatten() {
            targets.extend(spec.targets().into_iter().flatten().cloned());
        }
        let own = actor.change.map(|at| self.changes[at].address.clone());
        own.into_iter().chain(self.changed_below(&targets)).collect()
    }

    /// Whether a number about an item was read, or worked out over collections that change.
    pub fn basis(&self, actor: &Actor<'_>) -> Basis {
        let targets = actor.spec().and_then(Spec::targets).cloned().unwrap_or_default();
        if self.changed_below(&targets).is_empty() { Basis::Confirmed } else { Basis::Derived }
    }

    /// Who did what with a task; nobody anything, where all is known and nothing of it.
    pub fn history(&self, guid: Guid) -> Known<History> {
        match self.fleet.gaps.get(&Part::History) {
            Some(why) => Known::Unknown(why.clone()),
            None => Known::Is(self.fleet.history.get(&guid).cloned().unwrap_or_default()),
        }
    }

    /// Who already ran what an item is now, with whatever result.
    pub fn ran(&self, actor: &Actor<'_>) -> Known<Set> {
        match actor.before {
            Some(before) => self.history(before.guid).map(|history| history.succeeded | history.failed),
            None => Known::Is(Set::new()),
        }
    }

    /// The jobs as they would be, and those that go.
    pub fn jobs(&self) -> impl Iterator<Item = &Actor<'w>> {
        self.actors.iter().filter(|actor| actor.is_job())
    }

    /// The items of one kind that reach computers.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Actor<'w>> {
        self.actors.iter().filter(move |actor| actor.key.kind == kind)
    }

    /// Who runs a job because of the plan: on arrival, or at times that are new to them.
    pub fn runs(&self, actor: &Actor<'_>) -> Known<Set> {
        let Some(spec) = actor.spec() else { return Known::Is(Set::new()) };
        let old = if actor.keeps_identity() { actor.old_spec() } else { None };
        let was_on = old.is_some_and(|old| old.enabled() == Some(true));
        let whom = |is_as_it_was: bool| if is_as_it_was && was_on { actor.newly() } else { actor.is.clone() };
        match (spec, run_of(spec)) {
            (Spec::DeliveryPolicy(spec), _) if spec.user_must_run => Known::Is(Set::new()),
            (Spec::DeliveryPolicy(_), _) => {
                let done = match actor.before.filter(|_| actor.keeps_identity()) {
                    Some(before) => self.history(before.guid).map(|history| history.succeeded),
                    None => Known::Is(Set::new()),
                };
                minus(&whom(true), &done)
            }
            (_, Some(Run::AsSoonAsPossible)) => {
                let whom = whom(old.and_then(run_of) == Some(&Run::AsSoonAsPossible));
                // TSK-4: once, ever; leaving and coming back is no second run.
                if actor.keeps_identity() { minus(&whom, &self.ran(actor)) } else { whom }
            }
            (_, Some(run @ Run::Schedule(_))) => {
                let whom = whom(old.and_then(run_of) == Some(run));
                match actor.before.filter(|_| actor.keeps_identity() && removes(spec)) {
                    // TSK-10: who succeeded is done with it, whenever it comes to have it.
                    Some(before) => minus(&whom, &self.history(before.guid).map(|history| history.succeeded)),
                    None => whom,
                }
            }
            _ => Known::Is(Set::new()),
        }
    }

    /// A package of one of the estates.
    pub fn package(estate: &Estate<'w>, name: &str) -> Option<(Guid, &'w Package)> {
        let placed = estate.get(&ItemKey::new(Kind::Package, name))?;
        match &placed.item.spec {
            Spec::Package(package) => Some((placed.guid, package)),
            _ => None,
        }
    }

    /// A program of one of the estates.
    pub fn program(estate: &Estate<'w>, package: &str, name: &str) -> Option<&'w Program> {
        match &estate.get(&ItemKey::program(package, name))?.item.spec {
            Spec::Program(program) => Some(program),
            _ => None,
        }
    }

    /// The programs of a job.
    pub fn programs(estate: &Estate<'w>, spec: &Spec) -> Vec<&'w Program> {
        uses(spec).iter().filter_map(|(package, program)| Self::program(estate, package, program)).collect()
    }

    /// The addresses of the changes that make other files or another command of what a job runs.
    pub fn content_changes(&self, spec: &Spec) -> Vec<String> {
        let mut out = BTreeSet::new();
        for (package, program) in uses(spec) {
            let keys = [ItemKey::new(Kind::Package, package), ItemKey::program(package, program)];
            for change in keys.iter().filter_map(|key| self.change(key)) {
                if changes_content(change) {
                    out.insert(change.address.clone());
                }
            }
        }
        out.into_iter().collect()
    }

    /// The windows as they are, and as they would be.
    pub fn windows(&self) -> &[Known<Windows<'w>>; 2] {
        self.windows.get_or_init(|| {
            let is_as_it_was = self
                .of_kind(Kind::MaintenanceWindow)
                .all(|actor| actor.change.is_none() && actor.was.value().is_some() && actor.was == actor.is);
            let before = Windows::find(self, true);
            let after =
                if is_as_it_was && before.value().is_some() { before.clone() } else { Windows::find(self, false) };
            [before, after]
        })
    }

    /// The agents' countdowns where settings name one (TSK-9), by seconds, as they are and as they would be. Where
    /// several settings reach a computer the lowest counts.
    pub fn countdowns(&self) -> &[Known<BTreeMap<u64, Set>>; 2] {
        self.countdowns.get_or_init(|| [self.find_countdowns(true), self.find_countdowns(false)])
    }

    fn find_countdowns(&self, before: bool) -> Known<BTreeMap<u64, Set>> {
        let mut by_value: BTreeMap<u64, Set> = BTreeMap::new();
        for actor in self.of_kind(Kind::AgentSettings) {
            let (spec, reached) = if before { (actor.old_spec(), &actor.was) } else { (actor.spec(), &actor.is) };
            let Some(Spec::AgentSettings(settings)) = spec else { continue };
            match reached {
                Known::Is(set) => *by_value.entry(settings.notify_in_advance.as_seconds()).or_default() |= set,
                Known::Unknown(why) => return Known::Unknown(why.clone()),
            }
        }
        Known::Is(lowest_wins(by_value))
    }

    /// Everyone who is not retired.
    pub fn active(&self) -> Option<Set> {
        if self.fleet.gaps.contains_key(&Part::Computers) {
            return None;
        }
        let all = 0..u32::try_from(self.fleet.computers.len()).expect("a fleet has fewer than 2^32 computers");
        Some(Set::from_iter(all) - self.was.retired())
    }
}

/// The packages and programs that a job runs, in order.
pub(super) fn uses(spec: &Spec) -> Vec<(&str, &str)> {
    match spec {
        Spec::Task(spec) => vec![(&spec.package, &spec.program)],
        Spec::SequentialTask(spec) => spec.steps.iter().map(|one| (&*one.package, &*one.program)).collect(),
        Spec::DeliveryPolicy(spec) => spec.resources.iter().map(|one| (&*one.package, &*one.program)).collect(),
        _ => Vec::new(),
    }
}

/// When a task or a sequential task runs.
pub(super) const fn run_of(spec: &Spec) -> Option<&Run> {
    match spec {
        Spec::Task(spec) => Some(&spec.run),
        Spec::SequentialTask(spec) => Some(&spec.run),
        _ => None,
    }
}

/// How long a user may put the start of a job off; `None`: it does not warn (TSK-8).
pub(super) fn warning_of(spec: &Spec) -> Option<Duration> {
    match spec {
        Spec::Task(spec) => spec.warn_user.as_ref().map(|warn| warn.defer_up_to),
        Spec::SequentialTask(spec) => spec.warn_user.as_ref().map(|warn| warn.defer_up_to),
        Spec::DeliveryPolicy(spec) => spec.prompt_user.then_some(spec.defer_up_to),
        _ => None,
    }
}

/// Whether a change of a package or a program makes other files or another run of it.
fn changes_content(change: &Change) -> bool {
    change.fields.iter().any(|field| matches!(field.effect, Effect::FutureRuns | Effect::ReDownload))
}

/// The item of a placed one, for the copy that a fix edits.
pub(super) fn item_of(placed: Option<Placed<'_>>) -> Option<Item> {
    placed.map(|placed| placed.item.clone())
}

/// A name that no item of a kind has, before or after the plan: this one, or this one with a number.
pub(super) fn free_name(world: &World<'_>, kind: Kind, name: &str) -> String {
    let is_free = |name: &String| {
        let key = ItemKey::new(kind, name.as_str());
        world.live.get(&key).is_none() && world.planned.get(&key).is_none()
    };
    let numbered = (2_u32..).map(|n| format!("{name} ({n})"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).expect("a server has fewer than 2^32 items")
}
