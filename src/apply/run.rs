//! The run of a plan.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::adapter::AdapterError;
use crate::adapter::Directory;
use crate::adapter::Effect;
use crate::adapter::Fate;
use crate::adapter::Lease;
use crate::adapter::Observation;
use crate::adapter::Receipt;
use crate::adapter::Secrets;
use crate::adapter::Write;
use crate::adapter::WriteAdapter;
use crate::apply::Failed;
use crate::apply::Outcome;
use crate::apply::Refusal;
use crate::apply::Report;
use crate::apply::StepReport;
use crate::apply::Stop;
use crate::apply::event::Event;
use crate::apply::event::Listen;
use crate::apply::journal::Earlier;
use crate::apply::journal::Entry;
use crate::apply::journal::Journal;
use crate::apply::journal::Made;
use crate::apply::lease::Keeper;
use crate::apply::lease::LEASE_TTL;
use crate::apply::send::Lost;
use crate::apply::send::Sender;
use crate::apply::send::key;
use crate::apply::verify::ReadBack;
use crate::apply::verify::moved;
use crate::diff::Marks;
use crate::model::capabilities::Capabilities;
use crate::model::capabilities::Concurrency;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::observed::Observed;
use crate::plan::Plan;
use crate::plan::make::not_held;
use crate::plan::step::Step;
use crate::plan::step::StepAction;
use crate::plan::step::state_after;
use crate::planted::Bug;
use crate::planted::planted;
use crate::sys::clock::Clock;
use crate::sys::retry::Retry;
use crate::sys::retry::Rng;

/// How an apply is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who holds the lease, for whoever finds it held.
    pub holder: String,
    /// How many requests are under way at once.
    pub parallelism: usize,
    /// The most steps in one request; the server's own limit holds too. 1: one step a request.
    pub batch_max: usize,
    /// How long to wait for another apply to end.
    pub lock_timeout: Duration,
    /// Names this run, and the request for its lease.
    pub run: String,
    /// How many times a request is sent at the most.
    pub attempts: u32,
}

/// Runs a plan through an adapter.
pub struct Applier<'a> {
    /// The connection.
    pub adapter: &'a dyn WriteAdapter,
    /// The plan; checked.
    pub plan: &'a Plan,
    /// Passwords, resolved.
    pub secrets: &'a Secrets,
    /// The marks that they have on the server once they are sent.
    pub marks: &'a Marks,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Who is told.
    pub listen: &'a dyn Listen,
    /// Set to end after the requests in flight.
    pub interrupt: &'a AtomicBool,
    /// How.
    pub options: Options,
    /// What earlier runs of this plan left behind.
    pub earlier: Earlier,
}

/// Why there is no lease.
struct NotTaken {
    refusal: Refusal,
    /// Whether the server may have given it all the same, in an answer that was lost.
    in_doubt: bool,
}

/// What is known while the steps run.
struct State {
    directory: Directory,
    /// By change: the item's GUID and revision by now.
    current: BTreeMap<usize, (Guid, String)>,
    /// By step: what the step before it does to the same item.
    previous: BTreeMap<u32, StepAction>,
    /// By step: what became of it.
    done: BTreeMap<u32, Made>,
    failed: Vec<(u32, Fate, String)>,
    /// Steps that may have their effect only after what is read back.
    late: BTreeSet<u32>,
    stop: Option<Stop>,
    writes_sent: u64,
    notes: Vec<String>,
}

impl Applier<'_> {
    /// Applies the plan.
    ///
    /// # Errors
    /// A [`Refusal`] when it did not begin; nothing was written then. What happens after the first write is in the
    /// [`Report`].
    pub async fn run(mut self, journal: &mut dyn Journal, rng: &mut Rng) -> Result<Report, Refusal> {
        self.refuse_early()?;
        if self.plan.steps.is_empty() {
            return Ok(self.report(State::new(self.plan, &Earlier::default()), None));
        }
        let identity = self.adapter.identity().await?;
        self.same_server(identity.instance)?;
        let begin = Entry::Begin {
            journal: 1,
            plan: self.plan.hash.clone(),
            instance: identity.instance,
            time: self.clock.now(),
        };
        journal.append(&[begin]).map_err(Refusal::Journal)?;
        let (lease, since) = match self.acquire(rng).await {
            Ok(taken) => taken,
            Err(NotTaken { refusal, in_doubt }) => {
                // Where no answer was lost we have no lease. After a lost one we may, and the journal says so.
                if !in_doubt {
                    journal.append(&[Entry::End { whole: false }]).map_err(Refusal::Journal)?;
                }
                return Err(refusal);
            }
        };
        let mut keeper = Keeper::new(self.adapter, &lease, since);
        match keeper.during(self.still_holds(rng)).await {
            Ok(()) => {}
            Err(refusal) => {
                // A refusal leaves no lock behind; a lease that could not be given back stays in the journal.
                if !planted(Bug::KeepLeaseOnRefusal) && self.release(&lease, rng).await.is_ok() {
                    journal.append(&[Entry::End { whole: false }]).map_err(Refusal::Journal)?;
                }
                return Err(refusal);
            }
        }
        let mut state = State::new(self.plan, &self.earlier);
        state.notes.extend(unguarded(self.adapter.capabilities()));
        self.listen.hear(&Event::ApplyStart { steps: self.plan.steps.len() });
        if let Err(error) = self.steps(&lease, &mut keeper, &mut state, journal, rng).await {
            state.notes.push(format!("{error}: {}", error.because));
            state.stop.get_or_insert(Stop::StepFailed);
        }
        if let (Some(why), Some(_)) = (keeper.lost(), &state.stop) {
            state.notes.push(format!("the lease was lost: {why}"));
        }
        // The lease goes first: with it gone no late request of ours can still have an effect, and what is read next
        // is final.
        if let Err(error) = self.release(&lease, rng).await {
            state.notes.push(format!("the lease could not be given back ({error}); it ends by itself"));
        }
        let read_back = self.read_back(&state, rng).await;
        let report = self.report(state, read_back);
        let end = Entry::End { whole: report.is_whole() };
        let _ = journal.append(&[end]); // The server has the truth; a journal without an end is read as one that broke off.
        self.listen.hear(&Event::ApplyComplete {
            applied: report.applied.len(),
            failed: report.failed.len(),
            not_attempted: report.not_attempted.len(),
        });
        Ok(report)
    }

    fn refuse_early(&self) -> Result<(), Refusal> {
        if self.plan.is_blocked() || self.plan.is_behind() {
            return Err(Refusal::Blocked);
        }
        if !self.plan.complete {
            return Err(Refusal::Incomplete);
        }
        if self.clock.now() > self.plan.expires {
            return Err(Refusal::Expired(self.plan.expires));
        }
        Ok(())
    }

    fn same_server(&self, found: Guid) -> Result<(), Refusal> {
        let planned = self.plan.server.identity.instance;
        if found == planned {
            return Ok(());
        }
        Err(Refusal::OtherServer { planned: planned.to_string(), found: found.to_string() })
    }

    fn retry(&self) -> Retry {
        Retry::new(self.options.attempts)
    }

    /// Takes the lease, waiting for somebody else's as long as is allowed. Says since when it holds at the earliest: a
    /// request whose answer was lost may have got it.
    async fn acquire(&self, rng: &mut Rng) -> Result<(Lease, Instant), NotTaken> {
        let begun = Instant::now();
        if !self.adapter.capabilities().leases {
            return Ok((Lease { id: String::new(), fence: 0 }, begun));
        }
        let mut asked = begun;
        let mut retry = self.retry();
        let mut attempt = 0;
        let (mut told, mut in_doubt) = (false, false);
        loop {
            if self.interrupt.load(Ordering::SeqCst) {
                return Err(NotTaken { refusal: Refusal::Interrupted, in_doubt });
            }
            attempt += 1;
            let key = format!("lease-{}", self.options.run);
            let error = match self.adapter.acquire(&self.options.holder, LEASE_TTL, &key).await {
                Ok(lease) => return Ok((lease, asked)),
                Err(error) => error,
            };
            if let AdapterError::LeaseHeld { holder, since, expires, .. } = &error {
                if begun.elapsed() >= self.options.lock_timeout {
                    let (holder, since, expires) = (holder.clone(), since.clone(), expires.clone());
                    return Err(NotTaken { refusal: Refusal::Locked { holder, since, expires }, in_doubt: false });
                }
                if !told {
                    self.listen.hear(&Event::Waiting { holder: holder.clone() });
                    told = true;
                }
                (attempt, in_doubt) = (0, false);
                tokio::time::sleep(Duration::from_secs(1)).await;
                asked = Instant::now();
                continue;
            }
            in_doubt |= error.fate() == Fate::Unknown;
            let delay = if error.is_passing() { retry.delay(attempt, None, rng) } else { None };
            match delay {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(NotTaken { refusal: error.into(), in_doubt }),
            }
        }
    }

    async fn release(&self, lease: &Lease, rng: &mut Rng) -> Result<(), AdapterError> {
        if !self.adapter.capabilities().leases {
            return Ok(());
        }
        let mut retry = self.retry();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.adapter.release(lease).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match if error.is_passing() { retry.delay(attempt, None, rng) } else { None } {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    /// Reads with patience; `None` when nothing has changed since the plan was made.
    async fn observe(&self, known: Option<&str>, rng: &mut Rng) -> Result<Option<Observed>, AdapterError> {
        let mut retry = self.retry();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.adapter.observe(known).await {
                Ok(Observation::Unchanged) => return Ok(None),
                Ok(Observation::Fresh(mut observed)) => {
                    // What the API does not have is no gap, and was none when the plan was made (CAP-1).
                    not_held(&mut observed, self.adapter.capabilities());
                    return Ok(Some(observed));
                }
                Err(error) => error,
            };
            match if error.is_passing() { retry.delay(attempt, None, rng) } else { None } {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    /// Reads again, under the lease, and compares with what the plan was made against.
    async fn still_holds(&mut self, rng: &mut Rng) -> Result<(), Refusal> {
        // After an earlier run of this plan the server is not as it was planned against; if it says that it is, it was
        // put back, and what that run made is gone.
        let known = self.plan.prior_state.state.as_deref().filter(|_| self.earlier == Earlier::default());
        let Some(observed) = self.observe(known, rng).await? else { return Ok(()) };
        self.same_server(observed.server.instance)?;
        let gap = self.adapter.capabilities().written().find_map(|kind| observed.gap(kind));
        if let Some(why) = gap {
            return Err(Refusal::Unreadable(why.to_owned()));
        }
        if planted(Bug::FreshOnlyAtStart) {
            return Ok(());
        }
        let moved = moved(self.plan, &observed, &self.earlier);
        if moved.is_empty() { Ok(()) } else { Err(Refusal::Stale(moved)) }
    }

    async fn steps(
        &self,
        lease: &Lease,
        keeper: &mut Keeper<'_>,
        state: &mut State,
        journal: &mut dyn Journal,
        rng: &mut Rng,
    ) -> Result<(), crate::apply::journal::JournalError> {
        let sender = Sender {
            adapter: self.adapter,
            lease,
            plan: &self.plan.hash,
            origin: self.plan.origin.as_ref(),
            secrets: self.secrets,
            listen: self.listen,
        };
        let mut retry = self.retry();
        for stage in self.plan.steps.chunk_by(|a, b| a.stage == b.stage) {
            let requests = self.requests(stage, state);
            for wave in requests.chunks(self.options.parallelism.max(1)) {
                if state.stop.is_some() && !planted(Bug::GoOnAfterFailure) {
                    return Ok(());
                }
                if self.interrupt.load(Ordering::SeqCst) {
                    state.stop.get_or_insert(Stop::Interrupted);
                    return Ok(());
                }
                keeper.renew_if_due().await;
                if keeper.lost().is_some() {
                    state.stop = Some(Stop::LeaseLost);
                    return Ok(());
                }
                keeper.during(self.wave(&sender, wave, state, journal, &mut retry, rng)).await?;
            }
        }
        Ok(())
    }

    /// The requests of a stage. What an earlier run of this plan sent together, and nobody knows of, goes together
    /// again: the same steps have the same key, and the server tells whether it made them.
    fn requests<'p>(&self, stage: &'p [Step], state: &State) -> Vec<Vec<&'p Step>> {
        let most = self.adapter.capabilities().batch_max.unwrap_or(1).min(self.options.batch_max).max(1);
        let mut open: BTreeMap<u32, &Step> =
            stage.iter().filter(|step| !state.done.contains_key(&step.id)).map(|step| (step.id, step)).collect();
        let mut out = Vec::new();
        for (steps, _) in self.earlier.together.iter().rev() {
            if steps.iter().all(|step| open.contains_key(step) && self.earlier.unknown.contains(step)) {
                out.push(steps.iter().filter_map(|step| open.remove(step)).collect());
            }
        }
        let rest: Vec<&Step> = open.into_values().collect();
        out.extend(rest.chunks(most).map(<[&Step]>::to_vec));
        out
    }

    /// Sends some requests at once: their intents first, then all of them, then what came of them.
    async fn wave(
        &self,
        sender: &Sender<'_>,
        wave: &[Vec<&Step>],
        state: &mut State,
        journal: &mut dyn Journal,
        retry: &mut Retry,
        rng: &mut Rng,
    ) -> Result<(), crate::apply::journal::JournalError> {
        let ids = |steps: &[&Step]| steps.iter().map(|step| step.id).collect::<Vec<u32>>();
        let intents: Vec<Entry> = wave
            .iter()
            .map(|steps| Entry::Intent { steps: ids(steps), key: key(&self.plan.hash, &ids(steps)) })
            .collect();
        if !planted(Bug::JournalAfterSend) {
            journal.append(&intents)?;
        }
        let mut rngs: Vec<Rng> = wave.iter().map(|_| Rng::seeded(rng.next_u64())).collect();
        let mut retries: Vec<Retry> = wave.iter().map(|_| retry.share()).collect();
        let answers = {
            let state = &*state;
            let sending = wave
                .iter()
                .zip(&mut rngs)
                .zip(&mut retries)
                .map(|((steps, rng), retry)| async move { self.request(sender, steps, state, retry, rng).await });
            join_all(sending).await
        };
        for share in retries {
            retry.settle(share);
        }
        if planted(Bug::JournalAfterSend) {
            journal.append(&intents)?;
        }
        let mut entries = Vec::new();
        let mut refused: Vec<&Vec<&Step>> = Vec::new();
        for (steps, answer) in wave.iter().zip(answers) {
            match answer {
                Ok((receipts, attempts)) => {
                    state.writes_sent += attempts;
                    entries.push(self.made(steps, receipts, state));
                }
                Err(lost) => {
                    state.writes_sent += lost.attempts;
                    // One write spoilt a batch of which nothing was made: the others are sent by themselves.
                    if steps.len() > 1 && lost.fate == Fate::NotMade && !is_fenced(&lost.error) {
                        entries.push(failed_entry(&ids(steps), &lost));
                        refused.push(steps);
                    } else {
                        entries.push(failed_entry(&ids(steps), &lost));
                        self.lose(steps, &lost, state);
                    }
                }
            }
        }
        journal.append(&entries)?;
        for steps in refused {
            for step in steps {
                if state.stop.is_some() || self.interrupt.load(Ordering::SeqCst) {
                    return Ok(());
                }
                // Boxed: a wave of one step is sent like any other.
                Box::pin(self.wave(sender, &[vec![*step]], state, journal, retry, rng)).await?;
            }
        }
        Ok(())
    }

    async fn request(
        &self,
        sender: &Sender<'_>,
        steps: &[&Step],
        state: &State,
        retry: &mut Retry,
        rng: &mut Rng,
    ) -> Result<(Vec<Receipt>, u64), Lost> {
        let states: Vec<Option<std::borrow::Cow<'_, Item>>> =
            steps.iter().map(|step| state_after(&self.plan.resource_changes[step.change], step.action)).collect();
        let fresh = if planted(Bug::FreshOnlyAtStart) { self.adapter.observe(None).await.ok() } else { None };
        let revisions: Vec<Option<(Guid, String)>> = steps
            .iter()
            .map(|step| {
                let current = state.current.get(&step.change).cloned()?;
                match &fresh {
                    Some(Observation::Fresh(observed)) => {
                        let live = observed.items.iter().find(|live| live.guid == current.0);
                        Some((current.0, live.map_or(current.1, |live| live.revision.clone())))
                    }
                    _ => Some(current),
                }
            })
            .collect();
        let befores: Vec<Option<std::borrow::Cow<'_, Item>>> =
            steps.iter().map(|step| self.before(step, &state.previous)).collect();
        let writes: Vec<Write<'_>> = steps
            .iter()
            .zip(&states)
            .zip(&revisions)
            .zip(&befores)
            .map(|(((step, state), revision), before)| {
                let change = &self.plan.resource_changes[step.change];
                let effect = match (state, revision) {
                    (Some(state), Some((guid, revision))) => Effect::Update { guid: *guid, revision, state },
                    (Some(state), None) => Effect::Create { state },
                    (None, Some((guid, revision))) => Effect::Delete { guid: *guid, revision },
                    (None, None) => unreachable!("a delete has a live item: the checker has seen it"),
                };
                Write { key: &change.key, effect, before: before.as_deref() }
            })
            .collect();
        let ids: Vec<u32> = steps.iter().map(|step| step.id).collect();
        let in_doubt = ids.iter().any(|id| self.earlier.unknown.contains(id));
        let answer = sender.send((&ids, in_doubt), &writes, &state.directory, retry, rng).await;
        match answer {
            Ok((receipts, attempts)) if receipts.len() != steps.len() => Err(Lost {
                late: false,
                index: None,
                error: AdapterError::Malformed {
                    server: self.plan.server.url.clone(),
                    what: "answer to a batch",
                    why: format!("it has {} results for {} writes", receipts.len(), steps.len()),
                },
                fate: Fate::Unknown,
                attempts,
            }),
            other => other,
        }
    }

    /// The item as it is to be right before a step: as the step before it leaves it, or as it was planned against.
    fn before(&self, step: &Step, previous: &BTreeMap<u32, StepAction>) -> Option<std::borrow::Cow<'_, Item>> {
        let change = &self.plan.resource_changes[step.change];
        match previous.get(&step.id) {
            Some(action) => state_after(change, *action),
            None => change.before.as_ref().map(std::borrow::Cow::Borrowed),
        }
    }

    /// Takes down what the server made.
    fn made(&self, steps: &[&Step], receipts: Vec<Receipt>, state: &mut State) -> Entry {
        let mut made = Vec::new();
        for (step, receipt) in steps.iter().zip(receipts) {
            let change = &self.plan.resource_changes[step.change];
            if step.action == StepAction::Delete {
                state.current.remove(&step.change);
                state.directory.remove(&change.key);
            } else {
                state.current.insert(step.change, (receipt.guid, receipt.revision.clone()));
                state.directory.insert(change.key.clone(), receipt.guid);
            }
            let revision = if step.action == StepAction::Delete { String::new() } else { receipt.revision };
            made.push(Made { guid: receipt.guid, revision });
            state.done.insert(step.id, made.last().cloned().expect("it was pushed a line above"));
            self.listen.hear(&Event::ApplyProgress {
                step: step.id,
                action: step.action,
                item: change.address.clone(),
            });
        }
        Entry::Done { steps: steps.iter().map(|step| step.id).collect(), made }
    }

    /// Takes down what the server did not make, or may have.
    fn lose(&self, steps: &[&Step], lost: &Lost, state: &mut State) {
        state.stop.get_or_insert(if is_fenced(&lost.error) { Stop::LeaseLost } else { Stop::StepFailed });
        let because = because(&lost.error);
        for (at, step) in steps.iter().enumerate() {
            // In a batch that was refused as a whole only the named write is at fault.
            let at_fault = steps.len() == 1 || lost.index.is_none_or(|index| index == at);
            // What an earlier run sent may have been made then, whatever the server says of it now.
            let fate = if self.earlier.unknown.contains(&step.id) { Fate::Unknown } else { lost.fate };
            if at_fault || fate == Fate::Unknown {
                let item = self.plan.resource_changes[step.change].address.clone();
                self.listen.hear(&Event::ApplyErrored { step: step.id, item, because: because.clone() });
                state.failed.push((step.id, fate, because.clone()));
                if lost.late {
                    state.late.insert(step.id);
                }
            }
        }
    }

    async fn read_back(&self, state: &State, rng: &mut Rng) -> Option<ReadBack<'_>> {
        if state.writes_sent == 0 && state.done.is_empty() && self.earlier.unknown.is_empty() {
            return None;
        }
        let observed = self.observe(None, rng).await.ok().flatten()?;
        let whole = self.adapter.capabilities().written().all(|kind| observed.gap(kind).is_none());
        let made = state.current.iter().map(|(change, (guid, _))| (*change, *guid)).collect();
        whole.then(|| ReadBack::new(self.plan, observed, &made, self.marks, self.adapter.capabilities()))
    }

    fn report(&self, state: State, read_back: Option<ReadBack>) -> Report {
        let name = |step: &Step| StepReport {
            step: step.id,
            action: step.action,
            item: self.plan.resource_changes[step.change].address.clone(),
        };
        let by_id: BTreeMap<u32, &Step> = self.plan.steps.iter().map(|step| (step.id, step)).collect();
        let mut failed = Vec::new();
        for (id, fate, because) in &state.failed {
            let step = by_id[id];
            let (outcome, left) = match (&read_back, fate) {
                (_, Fate::NotMade) => (Outcome::NotApplied, Vec::new()),
                (Some(read_back), Fate::Unknown) => {
                    let guid = state.current.get(&step.change).map(|(guid, _)| *guid);
                    let before = self.before(step, &state.previous);
                    read_back.outcome(self.plan, step.change, step.action, (guid, before.as_deref()))
                }
                (None, Fate::Unknown) => (Outcome::Unknown, Vec::new()),
            };
            let outcome = match outcome {
                Outcome::NotApplied if state.late.contains(id) => Outcome::Unknown,
                outcome => outcome,
            };
            failed.push(Failed { step: name(step), outcome, because: because.clone(), left });
        }
        let mut last: BTreeMap<usize, &Step> = BTreeMap::new();
        for step in &self.plan.steps {
            if state.done.contains_key(&step.id) {
                last.insert(step.change, step);
            }
        }
        // An item whose later step is in doubt is judged by that step, not by the one before.
        for (id, _, _) in &state.failed {
            last.remove(&by_id[id].change);
        }
        // What was answered as made and is not there was not made, whatever the answer said.
        let mut denied: BTreeSet<u32> = BTreeSet::new();
        if let Some(read_back) = &read_back {
            for (change, step) in &last {
                let Some(made) = state.done.get(&step.id) else { continue };
                let is_there = read_back.has(made.guid);
                if is_there != (step.action == StepAction::Delete) {
                    continue;
                }
                let because = if is_there { "it is still there" } else { "it is not there" };
                let because = format!("the server answered that it was done, and {because}");
                failed.push(Failed { step: name(step), outcome: Outcome::NotApplied, because, left: Vec::new() });
                denied.extend(self.plan.steps.iter().filter(|other| other.change == *change).map(|other| other.id));
            }
        }
        let not_stored = match &read_back {
            Some(read_back) => last
                .values()
                .filter_map(|step| {
                    let guid = state.current.get(&step.change)?.0;
                    read_back.not_stored(self.plan, step.change, step.action, guid)
                })
                .collect(),
            None => Vec::new(),
        };
        let mut notes = state.notes;
        let unverified = read_back.is_none() && (state.writes_sent > 0 || !state.done.is_empty());
        if unverified {
            notes.push("the server could not be read again: what it stored was not compared".to_owned());
        }
        let tried: BTreeSet<u32> = state.failed.iter().map(|(id, _, _)| *id).collect();
        Report {
            format_version: "1.0",
            plan: self.plan.hash.clone(),
            applied: self
                .plan
                .steps
                .iter()
                .filter(|step| state.done.contains_key(&step.id) && !denied.contains(&step.id))
                .map(name)
                .collect(),
            not_attempted: self
                .plan
                .steps
                .iter()
                .filter(|step| !state.done.contains_key(&step.id) && !tried.contains(&step.id))
                .map(name)
                .collect(),
            failed,
            not_stored,
            writes_sent: self.adapter.calls().unwrap_or(state.writes_sent),
            stopped: state.stop,
            unverified,
            notes,
        }
    }
}

impl State {
    fn new(plan: &Plan, earlier: &Earlier) -> Self {
        let mut directory: Directory = plan.directory.iter().map(|named| (named.key.clone(), named.guid)).collect();
        let mut current = BTreeMap::new();
        let revisions: BTreeMap<_, _> = plan
            .preconditions
            .iter()
            .filter_map(|precondition| Some((&precondition.key, precondition.revision.clone()?)))
            .collect();
        for (at, change) in plan.resource_changes.iter().enumerate() {
            if let (Some(guid), Some(revision)) = (change.guid, revisions.get(&change.key)) {
                current.insert(at, (guid, revision.clone()));
                directory.insert(change.key.clone(), guid);
            }
        }
        for step in &plan.steps {
            if let Some(made) = earlier.done.get(&step.id) {
                let key = &plan.resource_changes[step.change].key;
                if made.revision.is_empty() {
                    current.remove(&step.change);
                    directory.remove(key);
                } else {
                    current.insert(step.change, (made.guid, made.revision.clone()));
                    directory.insert(key.clone(), made.guid);
                }
            }
        }
        let mut last: BTreeMap<usize, StepAction> = BTreeMap::new();
        let previous = plan.steps.iter().filter_map(|step| Some((step.id, last.insert(step.change, step.action)?)));
        Self {
            directory,
            current,
            previous: previous.collect(),
            done: earlier.done.clone(),
            failed: Vec::new(),
            late: BTreeSet::new(),
            stop: None,
            writes_sent: 0,
            notes: Vec::new(),
        }
    }
}

/// What a reader should know of an apply over an API that does not keep others away.
fn unguarded(capabilities: &Capabilities) -> Option<String> {
    let no_lease = !capabilities.leases;
    let reads_again = capabilities.concurrency == Concurrency::ReadAgain;
    match (no_lease, reads_again) {
        (false, false) => None,
        (true, false) => Some("this server's API has no lease: nothing kept another apply away".to_owned()),
        (_, true) => {
            let lease = if no_lease { "no lease and " } else { "" };
            Some(format!(
                "this server's API has {lease}no revisions: each item was read again right before its write, and a change \
                 of somebody else's between the two goes unnoticed"
            ))
        }
    }
}

const fn is_fenced(error: &AdapterError) -> bool {
    matches!(error, AdapterError::Fenced { .. })
}

fn failed_entry(steps: &[u32], lost: &Lost) -> Entry {
    Entry::Failed { steps: steps.to_vec(), unknown: lost.fate == Fate::Unknown, because: because(&lost.error) }
}

/// An error with its causes, in one line.
pub(super) fn because(error: &AdapterError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
