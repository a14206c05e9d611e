//! Sequential tasks: who runs a changed one again (SEQ-1), who keeps what it has (SEQ-2), what a delete leaves (SEQ-7).

use std::collections::BTreeMap;

use crate::model::fleet::Computers as Set;
use crate::model::fleet::History;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::sequence::SequenceStep;
use crate::model::sequence::SequentialTask;
use crate::model::task::Run;
use crate::model::task::Task;
use crate::plan::Action;
use crate::plan::Fix;
use crate::plan::consequences::Actor;
use crate::plan::consequences::Told;
use crate::plan::consequences::World;
use crate::plan::consequences::fix;
use crate::plan::consequences::sets::both;
use crate::plan::consequences::sets::len;
use crate::plan::consequences::world::free_name;
use crate::plan::consequences::world::item_of;
use crate::reach::Known;
use crate::rules::Rule;
use crate::rules::sequence::SEQ_1;
use crate::rules::sequence::SEQ_2;
use crate::rules::sequence::SEQ_7;

pub(super) fn tell(world: &World<'_>, out: &mut Vec<Told>) {
    for actor in world.of_kind(Kind::SequentialTask) {
        let action = actor.change.map(|at| world.changes[at].action());
        match action {
            Some(Action::Replace) => out.push(re_run(world, actor)),
            Some(Action::Delete) => out.extend(hidden_entries(world, actor)),
            _ => {}
        }
        out.extend(keeps(world, actor));
    }
}

/// Everyone who ran the sequence runs all of it again, under its new GUID (SEQ-1).
fn re_run(world: &World<'_>, actor: &Actor<'_>) -> Told {
    let again = match actor.spec() {
        Some(Spec::SequentialTask(spec)) if matches!(spec.run, Run::Schedule(_)) => {
            "its step list changed, so the server gives it a new GUID, which no computer has run yet; its schedule \
             runs all of it again"
        }
        _ => "its step list changed, so the server gives it a new GUID, which no computer has run yet",
    };
    let told = run_again(world, actor, &SEQ_1, again);
    told.fix(keep_the_list(world, actor))
}

/// Who runs an item again that gets a new GUID: those who ran the old one and have the new one.
pub(super) fn run_again(world: &World<'_>, actor: &Actor<'_>, rule: &Rule, mechanism: &str) -> Told {
    let guid = actor.before.map_or(Guid::of(0), |before| before.guid);
    let history = world.history(guid);
    let ran = history.clone().map(|history| &history.succeeded | &history.failed | &history.unknown);
    let again = both(&actor.is, &ran);
    let split = |part: fn(&History) -> &Set| match (&actor.is, &history) {
        (Known::Is(reached), Known::Is(history)) => Some(reached.intersection_len(part(history))),
        _ => None,
    };
    let (succeeded, failed) = (split(|history| &history.succeeded), split(|history| &history.failed));
    let silent = split(|history| &history.unknown);
    let never_ran = len(&actor.is).zip(len(&again)).map(|(all, ran)| all - ran);
    // Who did not say how it went may have run it or not.
    let low = succeeded.zip(failed).map(|(a, b)| a + b).filter(|_| silent.is_some_and(|n| n > 0));
    // Whom it reaches may not be known where who ran it is.
    let high = if again.value().is_none() { len(&ran) } else { low.and(len(&again)) };
    Told::computers_of(rule, actor.key.to_string(), "re_run", again, mechanism.to_owned())
        .parts_of(&[("succeeded", succeeded), ("failed", failed), ("unknown", silent), ("never_ran", never_ran)])
        .between(low, high)
        .of(len(&actor.is))
        .basis(world.basis(actor))
        .because(world.causes(actor))
}

/// The list as it was, and for steps that were only added a task each.
fn keep_the_list(world: &World<'_>, actor: &Actor<'_>) -> Option<Fix> {
    let (Some(Spec::SequentialTask(old)), Some(after)) = (actor.old_spec(), item_of(actor.after)) else { return None };
    let Spec::SequentialTask(new) = &after.spec else { return None };
    let added = added_steps(old, new);
    let mut kept = after.clone();
    if let Spec::SequentialTask(kept) = &mut kept.spec {
        kept.steps.clone_from(&old.steps);
    }
    let Some(added) = added.filter(|added| !added.is_empty()) else {
        let message =
            "keep the step list; what a step does is changed by its program, which runs nothing again (SEQ-2)";
        return Some(fix::edit(world, message.to_owned(), &after, &kept, &[("re_run", Some(0))]));
    };
    let tasks: Vec<Item> = added.iter().map(|step| task_for(world, &after, new, step)).collect();
    let message = "keep the step list, and run what is new as a task of its own".to_owned();
    let runs = len(&actor.is).map(|n| n * tasks.len() as u64);
    let edit = fix::edit(world, message, &after, &kept, &[("re_run", Some(0)), ("runs", runs)]);
    Some(fix::with_new(world, edit, &after, &tasks))
}

/// The steps that a list has more than an older one; `None` where more than that differs.
fn added_steps<'s>(old: &SequentialTask, new: &'s SequentialTask) -> Option<Vec<&'s SequenceStep>> {
    let is = |a: &SequenceStep, b: &SequenceStep| a.package == b.package && a.program == b.program;
    let mut rest = old.steps.iter().peekable();
    let mut added = Vec::new();
    for step in &new.steps {
        if rest.next_if(|kept| is(kept, step)).is_none() {
            added.push(step);
        }
    }
    rest.peek().is_none().then_some(added)
}

fn task_for(world: &World<'_>, sequence: &Item, spec: &SequentialTask, step: &SequenceStep) -> Item {
    let name = free_name(world, Kind::Task, &format!("{}: {}", sequence.key.name, step.program));
    let task = Task {
        description: String::new(),
        enabled: spec.enabled,
        package: step.package.clone(),
        program: step.program.clone(),
        collections: spec.collections.clone(),
        priority: spec.priority,
        run: spec.run.clone(),
        run_missed_schedule: spec.run_missed_schedule,
        independent_execution: true,
        user_can_run: false,
        user_optional: false,
        wake_on_lan: spec.wake_on_lan,
        notify_immediately: false,
        notify_user: spec.notify_user,
        warn_user: spec.warn_user.clone(),
        availability: spec.availability.clone(),
        remove_after_success: spec.remove_after_success,
        agent_display_name: String::new(),
        agent_display_description: String::new(),
        verbose_status_events: spec.verbose_status_events,
        download: spec.download.clone(),
    };
    let mut item = Item::new(ItemKey::new(Kind::Task, name), Spec::Task(task));
    item.folder.clone_from(&sequence.folder);
    item
}

/// What changed in a step's package or program reaches nobody who already ran the sequence (SEQ-2).
fn keeps(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let spec = actor.spec().filter(|_| actor.keeps_identity())?;
    let because = world.content_changes(spec);
    if because.is_empty()
        || matches!(actor.spec(), Some(Spec::SequentialTask(spec)) if spec.run != Run::AsSoonAsPossible)
    {
        return None;
    }
    let kept = both(&actor.is, &world.ran(actor));
    let mechanism = "its step list stays, so it keeps its GUID: who already ran it keeps what it has, and runs nothing \
                     again";
    let told = Told::computers_of(&SEQ_2, actor.key.to_string(), "keeps_what_it_has", kept, mechanism.to_owned());
    Some(told.of(len(&actor.is)).basis(world.basis(actor)).because(because))
}

/// The hidden tasks of its steps stay when it is deleted (SEQ-7), but for those that another one that stays shares (SEQ-8).
fn hidden_entries(world: &World<'_>, actor: &Actor<'_>) -> Option<Told> {
    let Some(Spec::SequentialTask(spec)) = actor.old_spec() else { return None };
    let count = |spec: &SequentialTask| {
        let mut out: BTreeMap<(String, String), u64> = BTreeMap::new();
        for step in &spec.steps {
            *out.entry((step.package.clone(), step.program.clone())).or_default() += 1;
        }
        out
    };
    let mut left = count(spec);
    let own = left.clone();
    for other in world.of_kind(Kind::SequentialTask).filter(|other| other.keeps_identity()) {
        let Some(Spec::SequentialTask(other)) = other.spec() else { continue };
        for (step, shared) in count(other) {
            if let (Some(left), Some(own)) = (left.get_mut(&step), own.get(&step)) {
                *left = (*left).min(own.saturating_sub(shared));
            }
        }
    }
    let steps = left.values().sum();
    let mechanism = "the hidden tasks of its steps stay on the server until they are purged".to_owned();
    let told = Told::counted(&SEQ_7, actor.key.to_string(), "hidden_entries_left", Some(steps), "entries", mechanism);
    Some(told.because(world.causes(actor)))
}
