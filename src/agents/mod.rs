//! Lets computers live against a server: the engine of [`crate::agent`], a policy asked for over the wire, files looked
//! for, everything reported. Their clock is as fast as the machine: a week takes seconds.
//!
//! What a forecast predicts from sets and kinds, these do one by one from what the server tells each: the two agree, or
//! one of them is wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::adapter::AdapterError;
use crate::adapter::AgentAdapter;
use crate::adapter::Told;
use crate::agent::happening::Happening;
use crate::agent::happening::What;
use crate::agent::live::Computer;
use crate::agent::memory::Memory;
use crate::agent::policy::Policy;
use crate::agent::policy::Rules;
use crate::agent::scenario::Scenario;
use crate::forecast::Unassessed;
use crate::forecast::classes::time_zone;
use crate::forecast::compile::Library;
use crate::forecast::compile::policy_of;
use crate::forecast::partition::alive;
use crate::model::fleet::Fleet;
use crate::model::guid::Guid;
use crate::model::kind::Kind;
use crate::reach::Placed;
use crate::sys::retry::Retry;
use crate::sys::retry::Rng;

/// How they live.
#[derive(Clone, Debug)]
pub struct Life {
    /// What nobody can know beforehand.
    pub scenario: Arc<Scenario>,
    /// How the server reads what the documents leave open.
    pub rules: Rules,
    /// When they begin.
    pub from: Timestamp,
    /// When they end; nothing at it or after it is done.
    pub to: Timestamp,
    /// How often they ask for their policy and report.
    pub refresh: SignedDuration,
    /// Computers that were not seen for so many days are left out, as in a forecast.
    pub not_seen_days: u32,
    /// Names this run for good, in the keys of its requests.
    pub run: String,
    /// How many requests are under way at most.
    pub parallelism: usize,
    /// How often a request is sent at most.
    pub attempts: u32,
}

/// What one computer did.
#[derive(Clone, Debug, PartialEq)]
pub struct Lived {
    /// Its number in the fleet.
    pub number: u32,
    /// Its identity.
    pub guid: Guid,
    /// In the order of time.
    pub happenings: Vec<Happening>,
}

/// What all did.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    /// By number.
    pub computers: Vec<Lived>,
    /// What was assigned and says nothing to a computer, and why.
    pub left_out: BTreeSet<Unassessed>,
    /// Computers that the server does not know any more, by name.
    pub gone: Vec<String>,
    /// Packages that were to be downloaded and have no codebase, by GUID.
    pub without_files: BTreeSet<Guid>,
}

/// Why they stopped living.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The server did not answer, or refused.
    #[error("computer `{computer}` at {at}")]
    Server {
        /// Which one.
        computer: String,
        /// At which time on the computers' clock.
        at: Timestamp,
        /// What happened.
        #[source]
        source: AdapterError,
    },
    /// They cannot ask every so often.
    #[error("computers ask for their policy at least every minute apart, and end after they begin")]
    Times,
}

/// One that lives, between two rounds.
struct Alive {
    number: u32,
    guid: Guid,
    name: String,
    computer: Computer,
    lived: Vec<Happening>,
    gone: bool,
}

/// What a computer did in a round.
struct Round {
    place: usize,
    happenings: Vec<Happening>,
    left_out: Vec<Unassessed>,
    without_files: Vec<Guid>,
    gone: bool,
}

/// Lets them live from `from` to `to`. `hear` is told the time that was reached after each round.
///
/// At one round all ask, live and report; first assessments are reported last, in the order of time, since the pool
/// gives licences to who comes first (LIC-1).
///
/// # Errors
/// When the server fails for good; what was reported until then stays.
pub async fn live(
    server: &dyn AgentAdapter,
    fleet: &Fleet,
    life: &Life,
    hear: &mut (dyn FnMut(Timestamp) + Send),
) -> Result<Lives, Stopped> {
    if life.refresh < SignedDuration::from_mins(1) || life.to <= life.from {
        return Err(Stopped::Times);
    }
    let mut alive: Vec<Alive> =
        alive(fleet, life.not_seen_days).iter().map(|number| begin(fleet, life, number)).collect();
    let mut lives = Lives::default();
    let (mut at, mut round) = (life.from, 0_u32);
    while at < life.to {
        let end = at.saturating_add(life.refresh).unwrap_or(life.to).min(life.to);
        let rounds = all_live(server, life, &mut alive, (at, end), round).await?;
        let mut assessed: Vec<(Timestamp, usize, Happening)> = Vec::new();
        for Round { place, happenings, left_out, without_files, gone } in rounds {
            let one = &mut alive[place];
            one.gone |= gone;
            let first = |happening: &&Happening| happening.what == What::Assessed;
            assessed.extend(happenings.iter().filter(first).map(|happening| (happening.at, place, happening.clone())));
            one.lived.extend(happenings);
            lives.left_out.extend(left_out);
            lives.without_files.extend(without_files);
        }
        assessed.sort();
        for (at, place, happening) in assessed {
            let one = &alive[place];
            let key = format!("agents-{}-{}-{round}-assessed", life.run, one.guid);
            let sent = || server.report(one.guid, std::slice::from_ref(&happening), &key);
            again(life, one.guid, sent).await.map_err(|source| stopped(one, at, source))?;
        }
        hear(end);
        (at, round) = (end, round + 1);
    }
    lives.gone = alive.iter().filter(|one| one.gone).map(|one| one.name.clone()).collect();
    lives.computers =
        alive.into_iter().map(|one| Lived { number: one.number, guid: one.guid, happenings: one.lived }).collect();
    Ok(lives)
}

/// A computer as the server knows it: it remembers what it reported.
fn begin(fleet: &Fleet, life: &Life, number: u32) -> Alive {
    let known = &fleet.computers[number as usize];
    // How long a package stays is told with the policy.
    let mut memory = Memory::of(fleet, number, |_| None);
    for cached in memory.cached.values_mut() {
        cached.last_used = life.from; // A-15 knows no earlier use, and this clock is their own.
    }
    let computer = Computer::new(time_zone(&known.zone), memory, Arc::clone(&life.scenario));
    Alive { number, guid: known.guid, name: known.name.clone(), computer, lived: Vec::new(), gone: false }
}

/// All of them ask, live until the end of the round, and report.
async fn all_live(
    server: &dyn AgentAdapter,
    life: &Life,
    alive: &mut [Alive],
    span: (Timestamp, Timestamp),
    round: u32,
) -> Result<Vec<Round>, Stopped> {
    let living = alive.iter_mut().enumerate().filter(|(_, one)| !one.gone);
    // In order, so that the same seed sends the same requests in the same order.
    stream::iter(living.map(|(place, one)| one_lives(server, life, one, place, span, round)))
        .buffered(life.parallelism.max(1))
        .try_collect()
        .await
}

async fn one_lives(
    server: &dyn AgentAdapter,
    life: &Life,
    one: &mut Alive,
    place: usize,
    (from, to): (Timestamp, Timestamp),
    round: u32,
) -> Result<Round, Stopped> {
    let mut done =
        Round { place, happenings: Vec::new(), left_out: Vec::new(), without_files: Vec::new(), gone: false };
    let key = format!("agents-{}-{}-{round}", life.run, one.guid);
    let told = match again(life, one.guid, || server.policy(one.guid, from, &key)).await {
        Ok(told) => told,
        Err(AdapterError::NotFound { .. }) => {
            done.gone = true;
            return Ok(done);
        }
        Err(source) => return Err(stopped(one, from, source)),
    };
    let (policy, left_out) = policy(&told, life.rules);
    done.left_out = left_out;
    one.computer.policy(from, Arc::new(policy));
    done.happenings = one.computer.run_until(to);
    let downloads: BTreeSet<Guid> = done
        .happenings
        .iter()
        .filter_map(|happening| match happening.what {
            What::DownloadStarted { package } => Some(package),
            _ => None,
        })
        .collect();
    for package in downloads {
        match again(life, one.guid, || server.find_files(one.guid, package)).await {
            Ok(()) => {}
            Err(AdapterError::NotFound { .. }) => done.without_files.push(package),
            Err(source) => return Err(stopped(one, from, source)),
        }
    }
    let report: Vec<Happening> =
        done.happenings.iter().filter(|happening| happening.what != What::Assessed).cloned().collect();
    if !report.is_empty() {
        let key = format!("{key}-report");
        let sent = || server.report(one.guid, &report, &key);
        again(life, one.guid, sent).await.map_err(|source| stopped(one, to, source))?;
    }
    Ok(done)
}

/// What a computer makes of what it is told.
fn policy(told: &Told, rules: Rules) -> (Policy, Vec<Unassessed>) {
    let placed: Vec<Placed<'_>> = told.items.iter().map(|(guid, item)| Placed { guid: *guid, item }).collect();
    let library = Library::of(placed.iter().copied());
    let is_part = |one: &Placed<'_>| matches!(one.item.key.kind, Kind::Package | Kind::Program);
    let assigned: Vec<Placed<'_>> = placed.iter().copied().filter(|one| !is_part(one)).collect();
    policy_of(&assigned, &library, told.has_plugin, &told.server_zone, rules)
}

fn stopped(one: &Alive, at: Timestamp, source: AdapterError) -> Stopped {
    Stopped::Server { computer: one.name.clone(), at, source }
}

/// Sends a request until it is answered, or until that is not worth trying any more.
async fn again<T, F>(life: &Life, one: Guid, mut send: impl FnMut() -> F) -> Result<T, AdapterError>
where
    F: Future<Output = Result<T, AdapterError>>,
{
    let mut retry = Retry::new(life.attempts);
    // Computers that fail together are not to come back together; nothing else hangs on it.
    let run = u64::from_le_bytes(std::array::from_fn(|n| life.run.as_bytes().get(n).copied().unwrap_or_default()));
    let mut rng = Rng::seeded(run ^ one.bits() as u64);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let asked: Option<Duration> = match &error {
            AdapterError::Busy { retry_after, .. } => *retry_after,
            _ => None,
        };
        let wait = if error.is_passing() { retry.delay(attempt, asked, &mut rng) } else { None };
        let Some(wait) = wait else { return Err(error) };
        tokio::time::sleep(wait).await;
    }
}
