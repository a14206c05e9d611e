//! Portal rights: what is inherited (PTL-2), who gains and who loses which right (PTL-3), and rights that go with a
//! program (PRG-13).

use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::portal::Grant;
use crate::model::portal::PortalRights;
use crate::model::portal::Right;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::rights::Above;
use crate::plan::rights::Rights;
use crate::plan::rights::defaults;
use crate::plan::rights::effective;
use crate::plan::rights::inherits;
use crate::plan::rights::of_folder;
use crate::plan::rights::of_item;
use crate::plan::rights::own;
use crate::reach::Estate;
use crate::reach::Placed;
use crate::rules::portal::PTL_2;
use crate::rules::portal::PTL_3;
use crate::rules::program::PRG_13;

/// What everything about new programs together is about.
const NEW: &str = "new programs";

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    let was = defaults(world.live);
    let is = defaults(world.planned);
    let mut new = Vec::new();
    for change in world.changes {
        match (change.key.kind, change.action()) {
            (Kind::Program, Action::Create) => match own(change.after.as_ref().map(|item| &item.spec)) {
                // Without rights of its own it is one of many that inherit.
                None => new.push(change.address.clone()),
                Some(rights) if rights.inherit && rights.grants.is_empty() => new.push(change.address.clone()),
                Some(rights) => out.extend(moved(change, Some(Rights::new()), effective(Some(rights), is.as_ref()))),
            },
            (Kind::Program, Action::Delete) => out.extend(gone(change)),
            (Kind::Program, _) => {
                let before = own(change.before.as_ref().map(|item| &item.spec));
                let after = own(change.after.as_ref().map(|item| &item.spec));
                if before != after {
                    out.extend(moved(change, effective(before, was.as_ref()), effective(after, is.as_ref())));
                }
            }
            (Kind::SequentialTask, _) => out.extend(bundle(world, change)),
            (Kind::Folder, _) => out.extend(handed_down(world, change)),
            (Kind::PortalDefaults, _) => out.push(inherited(world, change, was.as_ref(), is.as_ref())),
            _ => {}
        }
    }
    if !new.is_empty() {
        let of = is.as_ref().map_or_else(|| "what the server grants by default".to_owned(), list);
        let mechanism = format!("they inherit from the folder object of programs: {of}");
        let n = new.len() as u64;
        new.truncate(20);
        out.push(Told::counted(&PTL_2, NEW.to_owned(), "inherit", Some(n), "programs", mechanism).because(new));
    }
}

fn word(grant: &Grant) -> String {
    let right = match grant.right {
        Right::Install => "install",
        Right::InstallOnApproval => "install on approval",
    };
    format!("{}: {right}", grant.principal)
}

fn list(rights: &Rights) -> String {
    if rights.is_empty() { "nothing".to_owned() } else { rights.iter().map(word).collect::<Vec<_>>().join(", ") }
}

/// Who gains and who loses, as the sample names it.
fn difference(was: &Rights, is: &Rights) -> Vec<String> {
    let lost = was.difference(is).map(|grant| format!("- {}", word(grant)));
    lost.chain(is.difference(was).map(|grant| format!("+ {}", word(grant)))).collect()
}

/// Who gains and who loses which right on one item (PTL-3).
fn moved(change: &Change, was: Option<Rights>, is: Option<Rights>) -> Option<Told> {
    let because = vec![change.address.clone()];
    let (Some(was), Some(is)) = (was, is) else {
        let mechanism = "its rights change, and what it inherits is not known".to_owned();
        let told = Told::counted(&PTL_3, change.address.clone(), "changed", None, "rights", mechanism);
        return Some(told.because(because));
    };
    let difference = difference(&was, &is);
    if difference.is_empty() {
        return None;
    }
    let (gained, lost) = (is.difference(&was).count() as u64, was.difference(&is).count() as u64);
    let mechanism = format!("with inherited rights resolved it has afterwards: {}", list(&is));
    let n = Some(difference.len() as u64);
    let told = Told::counted(&PTL_3, change.address.clone(), "changed", n, "rights", mechanism);
    Some(told.part("gained", gained).part("lost", lost).sample(difference).because(because))
}

/// A sequential task inherits from its console folder (SEQ-6): its own rights change, or it moves to another folder.
fn bundle(world: &World<'_>, change: &Change) -> Option<Told> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref()?);
    let (old, new) = (own(before.map(|item| &item.spec)), own(Some(&after.spec)));
    let stays = before.is_none_or(|before| stays(world, before.folder.as_deref(), after.folder.as_deref()));
    if old == new && (stays || new.is_some_and(|rights| !rights.inherit)) || (before.is_none() && new.is_none()) {
        return None;
    }
    let whole = |estate: &Estate<'_>, item| {
        let rights = of_item(estate, item, Above::Unknown)?;
        effective(rights.own, rights.inherited.is_whole.then_some(&rights.inherited.rights))
    };
    if let Some((was, is)) = before.and_then(|before| Some((whole(world.live, before)?, whole(world.planned, after)?)))
    {
        return moved(change, Some(was), Some(is));
    }
    // What comes from above is not known; where it is the same on both sides, it makes no difference.
    let grants = |rights: Option<&PortalRights>| -> Rights {
        rights.map(|rights| rights.grants.iter().cloned().collect()).unwrap_or_default()
    };
    let known = stays && inherits(old) == inherits(new) || before.is_none();
    moved(change, known.then(|| grants(old)), known.then(|| grants(new)))
}

/// Whether an item stays in its folder, which a plan may call otherwise.
fn stays(world: &World<'_>, before: Option<&str>, after: Option<&str>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return before == after };
    let renamed = |change: &Change| {
        let is = &change.after.as_ref()?.key.name;
        let rest = before.strip_prefix(change.key.name.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{is}{rest}"))
    };
    before == after
        || world
            .changes
            .iter()
            .filter(|change| change.key.kind == Kind::Folder)
            .filter_map(renamed)
            .any(|is| is == after)
}

/// Whether a sequential task has what a folder hands down: nothing between them breaks the inheritance.
fn inherits_from(estate: &Estate<'_>, item: &Item, folder: &str) -> bool {
    let mut at = item.folder.as_deref();
    let mut breaks = own(Some(&item.spec)).is_some_and(|rights| !rights.inherit);
    while let (Some(path), false) = (at, breaks) {
        if path == folder {
            return true;
        }
        let placed = estate.get(&ItemKey::new(Kind::Folder, path));
        breaks = own(placed.map(|placed| &placed.item.spec)).is_some_and(|rights| !rights.inherit);
        at = path.rsplit_once('/').map(|(above, _)| above);
    }
    false
}

/// The sequential tasks in a folder inherit what it hands down (SEQ-6): who gains and who loses which right on them.
fn handed_down(world: &World<'_>, change: &Change) -> Option<Told> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let (old, new) = (own(Some(&before.spec)), own(Some(&after.spec)));
    let folder = change.key.name.as_str();
    let below = |one: &Placed<'_>| inherits_from(world.planned, one.item, folder);
    let sequences = world.planned.of_kind(Kind::SequentialTask).filter(below).count() as u64;
    if old == new || sequences == 0 {
        return None;
    }
    // What comes from above is the same on both sides where both inherit, unless the folder above changes too.
    let grants = |rights: Option<&PortalRights>| Some(rights?.grants.iter().cloned().collect::<Rights>());
    let both_inherit = old.zip(new).is_some_and(|(old, new)| old.inherit && new.inherit);
    let (was, is) = match both_inherit {
        true => (grants(old), grants(new)),
        false => (of_folder(world.live, folder, Above::Unknown), of_folder(world.planned, folder, Above::Unknown)),
    };
    let difference = was.as_ref().zip(is.as_ref()).map(|(was, is)| difference(was, is));
    if difference.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    let mechanism = match difference {
        Some(_) => "the sequential tasks in this folder that inherit from it get and lose these rights (SEQ-6)",
        None => {
            "its rights change, which the sequential tasks in it inherit (SEQ-6), and what the folder above it \
                 hands down is not known"
        }
    };
    let n = difference.is_some().then_some(sequences);
    let most = if n.is_none() { Some(sequences) } else { None };
    let unit = "sequential tasks";
    let told = Told::counted(&PTL_3, change.address.clone(), "inherited_rights", n, unit, mechanism.to_owned());
    let told = told.between(None, most).sample(difference.unwrap_or_default());
    Some(told.because(vec![change.address.clone()]))
}

/// Everything that inherits follows the defaults (PTL-2).
fn inherited(world: &World<'_>, change: &Change, was: Option<&Rights>, is: Option<&Rights>) -> Told {
    let inherit = |spec: &Spec| own(Some(spec)).is_none_or(|rights| rights.inherit);
    let programs = world.planned.of_kind(Kind::Program).filter(|placed| inherit(&placed.item.spec)).count() as u64;
    let sample = was.zip(is).map(|(was, is)| difference(was, is)).unwrap_or_default();
    let mechanism = "every program that inherits from the folder object gets and loses these rights; taking one away \
                     from a single program needs its inheritance broken";
    Told::counted(&PTL_2, change.address.clone(), "inherited_rights", Some(programs), "programs", mechanism.to_owned())
        .sample(sample)
        .because(vec![change.address.clone()])
}

/// A permission belongs to the program and goes with it; one of the same name elsewhere is another program (PRG-13).
fn gone(change: &Change) -> Option<Told> {
    let rights = own(change.before.as_ref().map(|item| &item.spec))?;
    let grants: Rights = rights.grants.iter().cloned().collect();
    let mechanism = "a portal right belongs to the program, not to its package: these go with it, and a program that \
                     is made in its place does not have them";
    let n = Some(grants.len() as u64);
    let told = Told::counted(&PRG_13, change.address.clone(), "rights_go", n, "rights", mechanism.to_owned());
    Some(told.sample(difference(&grants, &Rights::new())).because(vec![change.address.clone()]))
}
