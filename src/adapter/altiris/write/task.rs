//! Tasks (altiris-asdk §4.9): made switched off, told everything, read back, and switched on by the very last call.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use crate::adapter::AdapterError;
use crate::adapter::Receipt;
use crate::adapter::altiris::schedule;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::schedule::Clock;
use crate::model::schedule::Schedule;
use crate::model::task::Download;
use crate::model::task::DownloadMode;
use crate::model::task::Priority;
use crate::model::task::Run;
use crate::model::task::Task;
use crate::model::units::TimeOfDay;
use crate::sys::http::asdk::Param;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::capabilities::SPEEDS;
use super::super::read::raw::digest;
use super::super::wire::details::From;
use super::super::wire::details::TaskDetails;
use super::package::minutes;
use super::target;
use super::work::Work;
use super::work::of_kind;
use super::work::receipt;

/// The day that a daily schedule begins on: one that has passed on every clock, the same for every task.
const FIRST_DAY: &str = "2006-01-01";

/// What of a task is written, a call (or a few for one thing) a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    name: String,
    description: String,
    runs: (Guid, Guid),
    folder: Option<Guid>,
    /// `None` where what is there cannot be read.
    run: Option<Run>,
    options: Options,
    agent: Agent,
    availability: Availability,
    targets: TargetsOf,
    priority: String,
    enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    retry: bool,
    notify: bool,
    /// How long the user may put it off, in minutes; `None`: no warning.
    warn: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Agent {
    verbose: bool,
    /// `None`: as the agent's own settings say.
    own: Option<OwnSettings>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnSettings {
    from_server: bool,
    speed: i64,
    asap: bool,
    multicast: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Availability {
    remove: bool,
    from: Option<DateTime>,
    to: Option<DateTime>,
    server_time: bool,
}

/// Whom it is for: collections, and targets that are something else than one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TargetsOf {
    collections: BTreeSet<Guid>,
    others: BTreeSet<Guid>,
}

const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "Low",
        Priority::Normal => "Normal",
        Priority::High => "High",
        Priority::VeryHigh => "VeryHigh",
    }
}

fn spec<'i>(work: &Work<'_>, item: &'i Item) -> Result<&'i Task, AdapterError> {
    match &item.spec {
        Spec::Task(task) => Ok(task),
        _ => Err(work.refused("kind", "it is no task")),
    }
}

/// The GUID in the name that the reader gives a target which is no collection.
fn other_target(name: &str) -> Option<Guid> {
    name.strip_prefix("target ")?.rsplit_once('{')?.1.strip_suffix('}')?.parse().ok()
}

impl Wanted {
    fn of(work: &Work<'_>, item: &Item) -> Result<Self, AdapterError> {
        let spec = spec(work, item)?;
        let mut targets = TargetsOf::default();
        for name in &spec.collections {
            match other_target(name) {
                Some(target) => drop(targets.others.insert(target)),
                None => drop(targets.collections.insert(work.guid(&ItemKey::new(Kind::Collection, name.as_str()))?)),
            }
        }
        let own = match &spec.download {
            Download::Defaults(_) => None,
            Download::Own(own) => Some(OwnSettings {
                from_server: own.mode == DownloadMode::RunFromServer,
                speed: i64::from(own.minimum_speed_kbps),
                asap: own.as_soon_as_possible,
                multicast: own.multicast,
            }),
        };
        Ok(Self {
            name: item.key.name.clone(),
            description: spec.description.clone(),
            runs: (
                work.guid(&ItemKey::new(Kind::Package, spec.package.as_str()))?,
                work.guid(&ItemKey::program(spec.package.as_str(), spec.program.as_str()))?,
            ),
            folder: Some(work.folder(item)?),
            run: Some(spec.run.clone()),
            options: Options {
                retry: spec.run_missed_schedule,
                notify: spec.notify_user,
                warn: spec.warn_user.as_ref().map(|warn| minutes(warn.defer_up_to)),
            },
            agent: Agent { verbose: spec.verbose_status_events, own },
            availability: Availability {
                remove: spec.remove_after_success,
                from: spec.availability.from.map(|at| at.civil()),
                to: spec.availability.to.map(|at| at.civil()),
                server_time: spec.availability.clock == Clock::Server,
            },
            targets,
            priority: priority(spec.priority).to_owned(),
            enabled: spec.enabled,
        })
    }

    async fn seen(work: &Work<'_>, live: &TaskDetails) -> Result<Self, AdapterError> {
        let mut targets = TargetsOf::default();
        for guid in &live.targets {
            match target::collection_of(work, *guid).await? {
                Some(collection) => targets.collections.insert(collection),
                None => targets.others.insert(*guid),
            };
        }
        let own = OwnSettings {
            from_server: live.from_server,
            speed: if live.from_server { live.speed } else { live.bandwidth },
            asap: live.download_asap,
            multicast: live.multicast,
        };
        Ok(Self {
            name: live.name.clone(),
            description: live.description.clone(),
            runs: (live.package.unwrap_or(Guid::of(0)), live.program.unwrap_or(Guid::of(0))),
            folder: live.folder,
            run: schedule::run(live.asap, &live.schedule, work.now()).ok(),
            options: Options { retry: live.retry, notify: live.notify, warn: live.warn.then_some(live.defer_minutes) },
            agent: Agent { verbose: live.verbose, own: (!live.agent_defaults).then_some(own) },
            availability: Availability {
                remove: live.remove,
                from: live.from,
                to: live.to,
                server_time: live.server_time,
            },
            targets,
            priority: live.priority.split_whitespace().collect(),
            enabled: live.enabled,
        })
    }

    /// Every state that a change from `was` to this one passes through: each part as it was or as it is to be, and
    /// switched off in between.
    fn is_on_the_way(&self, was: &Self, seen: &Self) -> bool {
        // A schedule is taken away before another one is given.
        let runs = [was.run.as_ref(), self.run.as_ref(), Some(&Run::Manual)];
        let both = |a: &BTreeSet<Guid>, b: &BTreeSet<Guid>, seen: &BTreeSet<Guid>| {
            seen.is_subset(&(a | b)) && seen.is_superset(&(a & b))
        };
        [&was.name, &self.name].contains(&&seen.name)
            && [&was.description, &self.description].contains(&&seen.description)
            && [was.runs, self.runs].contains(&seen.runs)
            && [was.folder, self.folder].contains(&seen.folder)
            && runs.contains(&seen.run.as_ref())
            && [&was.options, &self.options].contains(&&seen.options)
            && [&was.agent, &self.agent].contains(&&seen.agent)
            && [&was.availability, &self.availability].contains(&&seen.availability)
            && both(&was.targets.collections, &self.targets.collections, &seen.targets.collections)
            && both(&was.targets.others, &self.targets.others, &seen.targets.others)
            && (!seen.enabled || was.enabled || self.enabled)
            && seen.priority.eq_ignore_ascii_case(&was.priority)
    }

    fn has_priority_of(&self, seen: &Self) -> bool {
        self.priority.eq_ignore_ascii_case(&seen.priority)
    }
}

/// A call that is to be made.
struct Call {
    service: Service,
    message: &'static str,
    params: Vec<Param>,
    /// Whether it says with `true` that it did it; the others answer nothing.
    tells: bool,
}

const TASK: &str = "sAdvertisementExGuid";

/// Everything that a change is made of, in its order; not the calls that switch it on and off.
struct Steps<'a> {
    guid: Guid,
    live: &'a TaskDetails,
    seen: &'a Wanted,
    want: &'a Wanted,
    /// Sent and never shown: with the other options of a run (CAP-5).
    independent: bool,
    /// Whether what is never shown may be another one than is wanted.
    unseen: bool,
    /// Targets to add and to remove.
    targets: (&'a [Guid], &'a [Guid]),
    /// Whether it is switched on while these are made.
    enabled: bool,
}

impl Steps<'_> {
    fn all(&self) -> Vec<Call> {
        let mut out = Vec::new();
        self.detail(&mut out);
        if self.seen.folder != self.want.folder
            && let Some(folder) = self.want.folder
        {
            let params = vec![("itemGuid", self.guid.into()), ("destinationFolderGuid", folder.into())];
            out.push(Call { service: Service::Item, message: "MoveItem", params, tells: false });
        }
        self.schedule(&mut out);
        let Options { retry, notify, warn } = self.want.options;
        if self.seen.options != self.want.options || self.unseen {
            self.push(
                &mut out,
                "SetAdvertisementExRunOptions",
                vec![
                    ("bIndependentExecution", self.independent.into()),
                    ("bScheduleRetry", retry.into()),
                    ("bNotifyUserWhenTaskAvailable", notify.into()),
                    ("bWarnUserBeforeRunning", warn.is_some().into()),
                    ("DeferTime", warn.unwrap_or_default().into()),
                ],
            );
        }
        if self.seen.agent != self.want.agent {
            self.agent(&mut out);
        }
        let availability = &self.want.availability;
        if self.seen.availability != *availability {
            let moment = |at: Option<DateTime>| Value::from(at.map_or_else(String::new, text));
            self.push(
                &mut out,
                "SetAvailabilityRemovalOptions",
                vec![
                    ("bRemoveAfterSuccessfulRun", availability.remove.into()),
                    ("sAvailableFrom", moment(availability.from)),
                    ("bExpires", availability.to.is_some().into()),
                    ("sAvaliableTo", moment(availability.to)), // the vendor's spelling
                    ("bUseServersTime", availability.server_time.into()),
                ],
            );
        }
        for (targets, action) in [(self.targets.1, "REMOVE"), (self.targets.0, "ADD")] {
            for target in targets {
                let params = vec![("sResourceTarget", Value::from(*target)), ("sAction", action.into())];
                self.push(&mut out, "ModifyResourceTargets", params);
            }
        }
        out
    }

    fn push(&self, out: &mut Vec<Call>, message: &'static str, params: Vec<Param>) {
        let params = std::iter::once((TASK, Value::from(self.guid))).chain(params).collect();
        out.push(Call { service: Service::Advertisement, message, params, tells: true });
    }

    fn detail(&self, out: &mut Vec<Call>) {
        let (seen, want) = (self.seen, self.want);
        let runs = || [("sPackageGuid", Value::from(want.runs.0)), ("sProgramGuid", Value::from(want.runs.1))];
        if seen.description != want.description {
            let mut params = vec![
                ("bEnable", self.enabled.into()),
                ("sAdvertisementExName", Value::from(want.name.as_str())),
                ("sAdvertisementExDescription", Value::from(want.description.as_str())),
            ];
            params.extend(runs());
            params.push(("sResourceTargets", Value::list(self.live.targets.iter().copied())));
            self.push(out, "ModifyAdvertisementExDetail", params);
            return;
        }
        if seen.name != want.name {
            let params = vec![("itemGuid", self.guid.into()), ("newName", Value::from(want.name.as_str()))];
            out.push(Call { service: Service::Item, message: "RenameItem", params, tells: false });
        }
        if seen.runs != want.runs {
            self.push(out, "ModifyAdvertisementExBasic", runs().to_vec());
        }
    }

    fn schedule(&self, out: &mut Vec<Call>) {
        if self.seen.run == self.want.run {
            return;
        }
        let at = |text: String| ("SetAdvertisementExScheduleRunAt", vec![("sRunAt", Value::from(text))]);
        let xml = |text: String| ("SetAdvertisementExScheduleScheduleXML", vec![("sScheduleXML", Value::from(text))]);
        let is = match &self.want.run {
            Some(Run::Schedule(Schedule::At(moment))) => Some(at(text(moment.civil()))),
            Some(Run::Schedule(Schedule::Daily(time))) => Some(xml(daily(*time, self.independent))),
            _ => None,
        };
        // What another method gave is taken away by that one.
        let gone = match &self.seen.run {
            Some(Run::Schedule(Schedule::At(_))) => Some(at("0".to_owned())),
            Some(Run::Schedule(_)) | None => Some(xml(String::new())),
            Some(Run::Manual | Run::AsSoonAsPossible) => None,
        };
        let is_replaced = matches!((&gone, &is), (Some((gone, _)), Some((is, _))) if gone == is);
        let asap = self.want.run == Some(Run::AsSoonAsPossible);
        if let Some((message, params)) = gone.filter(|_| !is_replaced) {
            self.push(out, message, params);
        }
        if self.live.asap != asap {
            self.push(out, "SetAdvertisementExScheduleRunASAP", vec![("bRunASAP", asap.into())]);
        }
        if let Some((message, params)) = is {
            self.push(out, message, params);
        }
    }

    fn agent(&self, out: &mut Vec<Call>) {
        let Agent { verbose, own } = &self.want.agent;
        // Where the agent's own settings hold, the others are kept as they are, in words that the method takes.
        let kept = OwnSettings {
            from_server: self.live.from_server,
            speed: self.live.bandwidth,
            asap: self.live.download_asap,
            multicast: self.live.multicast,
        };
        let OwnSettings { from_server, speed: kbps, asap, multicast } = own.clone().unwrap_or(kept);
        // Which of the two speeds is which the documents do not agree on (altiris-asdk §9, point 11): both are the one.
        self.push(
            out,
            "SetAdvertisementExAgentSettings",
            vec![
                ("bEnableVerboseReporting", (*verbose).into()),
                ("bUseDefaultAgentSettings", own.is_none().into()),
                ("bRunFromServer", from_server.into()),
                ("bDownloadAndRunLocally", (!from_server).into()),
                ("sDownloadLocallyBandwidth", speed(kbps)),
                ("sDownloadLocallySpeed", speed(kbps)),
                ("bDownloadPackageASAP", asap.into()),
                ("bMulticastPackage", multicast.into()),
            ],
        );
    }
}

/// A speed in the words of the method. The slowest for what it has no word for: that is kept only where the agent's own
/// settings hold.
fn speed(kbps: i64) -> Value {
    let known = SPEEDS.iter().filter_map(|speed| i64::try_from(*speed).ok()).find(|speed| *speed == kbps);
    match known.unwrap_or(1) {
        1024 => Value::from("1 MBytes/second"),
        kbps => Value::from(format!("{kbps} KBytes/second")),
    }
}

fn text(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A daily schedule, as the documents show one (altiris-asdk §5.3).
fn daily(time: TimeOfDay, independent: bool) -> String {
    format!(
        "<Schedule IndependentExecution='{independent}'><Trigger Type=\"1\" Duration=\"0\" Interval=\"0\" \
         KillAtEnd=\"false\" Disabled=\"false\" Description=\"\"><BeginDate>{FIRST_DAY} {time}:00</BeginDate>\
         <DaysInterval>1</DaysInterval></Trigger></Schedule>"
    )
}

pub async fn create(work: &Work<'_>, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item)?;
    sayable(work, &want)?;
    speed_sayable(work, &want.agent)?;
    for found in work.named(&want.name, want.folder).await? {
        if let Some(live) = of_kind(work.methods.task(found.guid).await)? {
            let seen = Wanted::seen(work, &live).await?;
            // What the call that makes a task says is ours, and it is off as ours is.
            let is_ours = !seen.enabled
                && seen.description == want.description
                && seen.runs == want.runs
                && seen.has_priority_of(&want)
                && seen.targets.others.is_empty()
                && seen.targets.collections.is_subset(&want.targets.collections);
            if work.in_doubt() && is_ours {
                return converge(work, live, item, &want, true).await;
            }
            return Err(work.there_already(found.guid));
        }
    }
    let params = [
        ("bEnable", false.into()),
        ("sAdvertisementExName", Value::from(want.name.as_str())),
        ("sAdvertisementExDescription", Value::from(want.description.as_str())),
        ("sFolderGuid", want.folder.map_or(Value::Null, Value::from)),
        ("sPackageGuid", want.runs.0.into()),
        ("sProgramGuid", want.runs.1.into()),
        ("sResourceTargets", Value::from("")),
        ("sPriority", Value::from(want.priority.as_str())),
    ];
    let reply = work.send(Service::Advertisement, "CreateAdvertisementEx", &params).await?;
    let made = reply.object(|node| TaskDetails::read(node, From::Object))?;
    let live = work.methods.task(made.guid).await?;
    converge(work, live, item, &want, true).await
}

pub async fn update(work: &Work<'_>, guid: Guid, revision: &str, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item)?;
    sayable(work, &want)?;
    let live = match work.methods.task(guid).await {
        // A replace that broke off after its delete goes on with the new one.
        Err(AdapterError::NotFound { .. }) if work.in_doubt() && is_replace(work, item)? => {
            return create(work, item).await;
        }
        other => other?,
    };
    let seen = Wanted::seen(work, &live).await?;
    if seen.agent != want.agent || !want.has_priority_of(&seen) {
        speed_sayable(work, &want.agent)?;
    }
    if digest(&live) != revision {
        let was = work.before.map(|before| Wanted::of(work, before)).transpose()?;
        let between = was.is_some_and(|was| want.is_on_the_way(&was, &seen));
        if !(work.in_doubt() && between) {
            return Err(work.stale());
        }
    }
    if !want.has_priority_of(&seen) {
        off(work, &live).await?;
        work.send(Service::Item, "DeleteItem", &[("itemGuid", guid.into())]).await?;
        return create(work, item).await;
    }
    let unseen = match work.before {
        Some(before) => spec(work, before)?.independent_execution != spec(work, item)?.independent_execution,
        None => true,
    };
    converge(work, live, item, &want, unseen).await
}

pub async fn delete(work: &Work<'_>, guid: Guid, revision: &str) -> Result<(), AdapterError> {
    let live = work.methods.task(guid).await?;
    if digest(&live) != revision {
        let was = work.before.map(|before| Wanted::of(work, before)).transpose()?;
        let seen = Wanted::seen(work, &live).await?;
        if !(work.in_doubt() && was.is_some_and(|was| was.is_on_the_way(&was, &seen))) {
            return Err(work.stale());
        }
    }
    off(work, &live).await
}

/// Whether a change gives a task a field that it has only from its making.
fn is_replace(work: &Work<'_>, item: &Item) -> Result<bool, AdapterError> {
    let before = work.before.map(|before| spec(work, before)).transpose()?;
    Ok(before.is_some_and(|before| spec(work, item).is_ok_and(|spec| spec.priority != before.priority)))
}

/// What cannot be told to the server is found before anything is sent.
fn sayable(work: &Work<'_>, want: &Wanted) -> Result<(), AdapterError> {
    if let Some(Run::Schedule(schedule)) = &want.run
        && !matches!(schedule, Schedule::At(_) | Schedule::Daily(_))
    {
        return Err(work.refused("schedule", "only a single start and a daily one are documented (CAP-4)"));
    }
    Ok(())
}

/// Whether the server has a word for a download's own speed; there is none for any speed (0).
fn speed_sayable(work: &Work<'_>, agent: &Agent) -> Result<(), AdapterError> {
    let is_known = |own: &OwnSettings| u64::try_from(own.speed).is_ok_and(|speed| SPEEDS.contains(&speed));
    if agent.own.as_ref().is_none_or(is_known) {
        return Ok(());
    }
    Err(work.refused("speed", "`download.minimumSpeedKBps` has no word in the method that sets it (CAP-4)"))
}

async fn off(work: &Work<'_>, live: &TaskDetails) -> Result<(), AdapterError> {
    if live.enabled {
        work.send(Service::Item, "DisablePolicyItem", &[("policyItemGuid", live.guid.into())]).await?;
    }
    Ok(())
}

/// Makes a task what it is to be, switched off while more than one call is made, and on last.
async fn converge(
    work: &Work<'_>,
    live: TaskDetails,
    item: &Item,
    want: &Wanted,
    unseen: bool,
) -> Result<Receipt, AdapterError> {
    let (guid, seen) = (live.guid, Wanted::seen(work, &live).await?);
    let (add, remove) = retarget(work, &live, want).await?;
    let independent = spec(work, item)?.independent_execution;
    let steps = |enabled| Steps {
        guid,
        live: &live,
        seen: &seen,
        want,
        independent,
        unseen,
        targets: (&add, &remove),
        enabled,
    };
    let is_off_meanwhile = steps(live.enabled).all().len() > 1 || !want.enabled;
    if is_off_meanwhile {
        off(work, &live).await?;
    }
    for Call { service, message, params, tells } in steps(live.enabled && !is_off_meanwhile).all() {
        if tells {
            work.done(service, message, &params).await?;
        } else {
            work.send(service, message, &params).await?;
        }
    }
    if want.enabled && (is_off_meanwhile || !live.enabled) {
        let stored = Wanted::seen(work, &work.methods.task(guid).await?).await?;
        let lacks = lacks(&stored, want);
        if !lacks.is_empty() {
            let message =
                format!("the server took {} and did not store it; the task stays switched off", lacks.join(", "));
            return Err(work.refused("not_stored", &message));
        }
        work.send(Service::Item, "EnablePolicyItem", &[("policyItemGuid", guid.into())]).await?;
    }
    Ok(receipt(guid, &work.methods.task(guid).await?))
}

/// The targets to add and to remove, so that it is for what it is to be for.
async fn retarget(work: &Work<'_>, live: &TaskDetails, want: &Wanted) -> Result<(Vec<Guid>, Vec<Guid>), AdapterError> {
    let (mut there, mut remove) = (BTreeSet::new(), Vec::new());
    for guid in &live.targets {
        let is_wanted = match target::collection_of(work, *guid).await? {
            // One target of a collection is enough.
            Some(collection) => want.targets.collections.contains(&collection) && there.insert(collection),
            None => want.targets.others.contains(guid),
        };
        if !is_wanted {
            remove.push(*guid);
        }
    }
    let mut add: Vec<Guid> = want.targets.others.iter().filter(|guid| !live.targets.contains(guid)).copied().collect();
    for collection in want.targets.collections.difference(&there) {
        add.push(target::of_collection(work, *collection).await?);
    }
    Ok((add, remove))
}

/// The parts of a task that are not stored as they were sent.
fn lacks(stored: &Wanted, want: &Wanted) -> Vec<&'static str> {
    let parts = [
        ("`name`", stored.name == want.name),
        ("`description`", stored.description == want.description),
        ("`program`", stored.runs == want.runs),
        ("`folder`", stored.folder == want.folder),
        ("`run`", stored.run == want.run),
        ("`runMissedSchedule`, `notifyUser` or `warnUser`", stored.options == want.options),
        ("`verboseStatusEvents` or `download`", stored.agent == want.agent),
        ("`availability` or `removeAfterSuccess`", stored.availability == want.availability),
        ("`collections`", stored.targets == want.targets),
        ("`priority`", stored.has_priority_of(want)),
    ];
    parts.into_iter().filter(|(_, is_stored)| !is_stored).map(|(name, _)| name).collect()
}
