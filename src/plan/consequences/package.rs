//! Packages: what ages out (PKG-3), what is downloaded (PKG-6), who keeps the old place (PKG-7), what a delete leaves
//! on computers (PKG-8).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::fleet::Computers as Set;
use crate::model::fleet::PackageKnowledge;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Package;
use crate::model::package::Source;
use crate::plan::Action;
use crate::plan::Basis;
use crate::plan::Change;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::either;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::sets::minus;
use crate::plan::consequences::world::uses;
use crate::reach::Known;
use crate::rules::package::PKG_3;
use crate::rules::package::PKG_5;
use crate::rules::package::PKG_6;
use crate::rules::package::PKG_7;
use crate::rules::package::PKG_8;

/// Who has an active job for a package, as it is and as it would be, whom one comes to and whom one leaves, and for whose
/// sake.
struct Active {
    was: Known<Set>,
    is: Known<Set>,
    comes: Known<Set>,
    goes: Known<Set>,
    because: Vec<String>,
}

impl Active {
    /// Who has none now, and would have one.
    fn begins(&self) -> Known<Set> {
        minus(&self.comes, &self.was)
    }

    /// Who has one now, and would have none.
    fn ends(&self) -> Known<Set> {
        minus(&self.goes, &self.is)
    }
}

impl Default for Active {
    fn default() -> Self {
        let [was, is, comes, goes] = std::array::from_fn(|_| Known::Is(Set::new()));
        Self { was, is, comes, goes, because: Vec::new() }
    }
}

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    for (name, active) in active(world) {
        let Some((guid, package)) = World::package(world.planned, name) else { continue };
        let key = ItemKey::new(Kind::Package, name);
        let change = world.change(&key);
        let stays = World::package(world.live, name).is_some_and(|(live, _)| live == guid);
        let about = About { world, key: &key, guid, package, active: &active, change };
        if stays {
            out.extend(about.ages_out());
        }
        out.extend(about.downloads());
        if stays && change.is_some_and(moves) {
            out.push(about.old_place());
        }
    }
    for change in world.changes.iter().filter(|change| change.key.kind == Kind::Package) {
        if change.action() == Action::Delete {
            out.extend(left_behind(world, change));
        }
    }
}

/// The packages that a change may move something for, with their active jobs.
fn active<'w>(world: &World<'w>) -> BTreeMap<&'w str, Active> {
    let mut out: BTreeMap<&str, Active> = BTreeMap::new();
    for actor in world.jobs() {
        let is_open = |set: &Known<Set>| set.value().is_none_or(|set| !set.is_empty());
        let moved = actor.change.is_some() || is_open(&actor.newly()) || is_open(&actor.no_longer());
        let (old, new) = [actor.old_spec(), actor.spec()].map(|spec| spec.map(uses).unwrap_or_default()).into();
        let packages = |uses: &[(&'w str, &str)]| uses.iter().map(|(package, _)| *package).collect::<BTreeSet<_>>();
        let (old, new) = (packages(&old), packages(&new));
        for package in old.union(&new) {
            let entry = out.entry(package).or_default();
            let add = |side: &mut Known<Set>, set: &Known<Set>| {
                *side = either(std::mem::replace(side, Known::Is(Set::new())), set);
            };
            // A job that takes up a package, or leaves one, does so for all whom it reaches.
            if old.contains(package) {
                add(&mut entry.was, &actor.was);
                add(&mut entry.goes, &if new.contains(package) { actor.no_longer() } else { actor.was.clone() });
            }
            if new.contains(package) {
                add(&mut entry.is, &actor.is);
                add(&mut entry.comes, &if old.contains(package) { actor.newly() } else { actor.is.clone() });
            }
            if moved && entry.because.len() < 20 {
                entry.because.extend(world.causes(actor));
            }
        }
    }
    out.retain(|name, active| {
        active.because.sort();
        active.because.dedup();
        !active.because.is_empty() || world.change(&ItemKey::new(Kind::Package, *name)).is_some()
    });
    out
}

const fn has_files(package: &Package) -> bool {
    !matches!(package.source, Source::None(_))
}

/// Whether a package's files move to another place.
fn moves(change: &Change) -> bool {
    change.fields.iter().any(|field| field.path.starts_with("spec.source"))
}

fn knowledge(world: &World<'_>, guid: Guid) -> Known<PackageKnowledge> {
    match world.fleet.gaps.get(&Part::Packages) {
        Some(why) => Known::Unknown(why.clone()),
        None => Known::Is(world.fleet.packages.get(&guid).cloned().unwrap_or_default()),
    }
}

/// Who has a package's files. Of one whose agents report no downloads nobody knows (PKG-5); what they report from now on
/// says nothing of what is there.
fn cached(world: &World<'_>, guid: Guid, live: Option<&Package>) -> Known<Set> {
    if live.is_some_and(|live| !live.verbose_status_events) {
        return Known::Unknown(format!(
            "agents report no downloads of it: `verboseStatusEvents` is off ({})",
            PKG_5.id
        ));
    }
    knowledge(world, guid).map(|known| known.cached)
}

struct About<'a, 'w> {
    world: &'a World<'w>,
    key: &'a ItemKey,
    guid: Guid,
    package: &'a Package,
    active: &'a Active,
    change: Option<&'a Change>,
}

impl About<'_, '_> {
    fn cached(&self) -> Known<Set> {
        let live = World::package(self.world.live, &self.key.name).filter(|(guid, _)| *guid == self.guid);
        cached(self.world, self.guid, live.map(|(_, package)| package))
    }

    /// Copies that no active job holds any more are deleted when they were unused for their time (PKG-3).
    fn ages_out(&self) -> Option<Told> {
        let ends = self.active.ends();
        if !has_files(self.package) || ends.value().is_some_and(Set::is_empty) {
            return None;
        }
        let mechanism = format!(
            "no task holds it there any more: agents delete it when it was unused for {}",
            self.package.delete_unused_after
        );
        let most = len(&ends);
        let whom = both(&self.cached(), &ends);
        let high = if whom.value().is_none() { most } else { None };
        let told = Told::computers_of(&PKG_3, self.key.to_string(), "ages_out", whom, mechanism);
        Some(told.between(None, high).because(self.because(false)))
    }

    /// Who downloads it: those who newly get a job for it and lack it, and where its files change everyone (PKG-6).
    fn downloads(&self) -> Option<Told> {
        if !has_files(self.package) {
            return None;
        }
        let anew = self.change.is_some_and(|change| change.before.is_some() && moves(change));
        let newly = self.active.begins();
        let most = if anew { None } else { len(&newly) };
        let lacking = minus(&newly, &self.cached());
        let whom = if anew { self.active.is.clone() } else { lacking };
        if whom.value().is_some_and(Set::is_empty) {
            return None;
        }
        let mechanism = if anew {
            "its files are others after the next update of the distribution point, and changed ones are downloaded whole"
        } else {
            "they get work that needs it, and do not have it"
        };
        let bytes = knowledge(self.world, self.guid).value().and_then(|known| known.bytes);
        let total = bytes.zip(whom.value()).map(|(bytes, whom)| bytes.saturating_mul(whom.len()));
        let mechanism = match (bytes, anew) {
            (None, _) => format!("{mechanism}; how many bytes that is nobody knows before a snapshot is taken"),
            (Some(_), true) => format!("{mechanism}; bytes by its last snapshot"),
            (Some(_), false) => mechanism.to_owned(),
        };
        let basis = if anew { Basis::Estimated } else { Basis::Derived };
        let high = if whom.value().is_none() { most } else { None };
        let told = Told::computers_of(&PKG_6, self.key.to_string(), "download", whom, mechanism);
        Some(told.between(None, high).parts_of(&[("bytes", total)]).basis(basis).because(self.because(anew)))
    }

    /// The files are where they were until the distribution point is updated (PKG-7).
    fn old_place(&self) -> Told {
        let mechanism = "its codebases stay as they are until the distribution point is updated, a snapshot is taken \
                         and package servers have fetched it: until then these download from the old place";
        Told::computers_of(&PKG_7, self.key.to_string(), "old_codebases", self.active.is.clone(), mechanism.to_owned())
            .because(self.because(true))
    }

    fn because(&self, own_only: bool) -> Vec<String> {
        let own = self.change.map(|change| change.address.clone());
        let rest = self.active.because.iter().filter(|_| !own_only).cloned();
        let mut out: Vec<String> = own.into_iter().chain(rest).collect();
        out.dedup();
        out
    }
}

/// Copies on computers outlive a deleted package until they age out (PKG-8, PKG-3).
fn left_behind(world: &World<'_>, change: &Change) -> Option<Told> {
    let Some(Spec::Package(package)) = change.before.as_ref().map(|before| &before.spec) else { return None };
    let guid = change.guid.filter(|_| has_files(package))?;
    let cached = cached(world, guid, Some(package)).map(|cached| cached - world.was.retired());
    let mechanism = format!(
        "it goes from the server; its copies stay on these until they were unused for {}",
        package.delete_unused_after
    );
    let told = Told::computers_of(&PKG_8, change.address.clone(), "left_behind", cached, mechanism);
    Some(told.basis(Basis::Confirmed).because(vec![change.address.clone()]))
}
