//! Plays the world to one computer: what a [`Scenario`] says of users, programs and downloads.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::happening::Happening;
use crate::agent::memory::Memory;
use crate::agent::policy::Policy;
use crate::agent::policy::Program;
use crate::agent::scenario::Scenario;
use crate::agent::scenario::Users;
use crate::agent::schedule::later;
use crate::agent::state::Hold;
use crate::agent::state::State;
use crate::agent::step::Answer;
use crate::agent::step::Effect;
use crate::agent::step::Event;
use crate::agent::step::Question;
use crate::agent::step::step;
use crate::model::guid::Guid;
use crate::model::units::Duration;

/// A program runs a minute at least.
const SHORTEST_RUN: Duration = Duration::minutes(1);

/// What one computer does from an instant until just before another, told its policy at the first of them.
///
/// The happenings are in the order of time, at one instant in that of A-19. A longer life begins with the shorter one;
/// the same in, the same out. `memory` is moved on.
pub fn live(
    policy: &Arc<Policy>,
    zone: TimeZone,
    memory: &mut Memory,
    scenario: &Arc<Scenario>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Happening> {
    let mut computer = Computer::new(zone, std::mem::take(memory), Arc::clone(scenario));
    computer.policy(from, Arc::clone(policy));
    let happenings = computer.run_until(to);
    *memory = computer.memory();
    happenings
}

/// A computer that lives under a scenario, as far as it is let.
#[derive(Clone, Debug)]
pub struct Computer {
    state: State,
    scenario: Arc<Scenario>,
    now: Timestamp,
    /// When it is to be woken.
    wake: Option<Timestamp>,
    downloads: Vec<(Timestamp, Guid)>,
    program: Option<RunningProgram>,
    up_again: Option<Timestamp>,
    /// What a run of a program does, by slot and step, with the program that it was worked out for.
    outcomes: Vec<BySteps>,
    effects: Vec<Effect>,
    answers: Vec<Event>,
    happenings: Vec<Happening>,
    events: u64,
}

type BySteps = Vec<Option<(Arc<Program>, Played)>>;

#[derive(Clone, Copy, Debug)]
struct RunningProgram {
    ends: Timestamp,
    played: Played,
}

/// What a run of a program does.
#[derive(Clone, Copy, Debug)]
struct Played {
    run_time: Duration,
    code: Option<i64>,
    exits_system: bool,
}

impl Computer {
    /// A computer that was told nothing yet.
    pub fn new(zone: TimeZone, memory: Memory, scenario: Arc<Scenario>) -> Self {
        Self {
            state: State::new(zone, memory, scenario.is_logged_on(), scenario.network_kbps),
            scenario,
            now: Timestamp::MIN,
            wake: None,
            downloads: Vec::new(),
            program: None,
            up_again: None,
            outcomes: Vec::new(),
            effects: Vec::new(),
            answers: Vec::new(),
            happenings: Vec::new(),
            events: 0,
        }
    }

    /// It is told its policy; what this starts comes with the next [`Self::run_until`] of a later instant. `now` is not
    /// before the last one.
    pub fn policy(&mut self, now: Timestamp, policy: Arc<Policy>) {
        self.outside(now, Event::PolicyArrived(policy));
    }

    /// A package's files changed, and it heard of it (PKG-6).
    pub fn package_changed(&mut self, now: Timestamp, package: Guid) {
        self.outside(now, Event::PackageChanged(package));
    }

    fn outside(&mut self, now: Timestamp, event: Event) {
        self.now = self.now.max(now);
        self.tell(event);
        self.wake = Some(self.now);
    }

    /// Lets it live until just before an instant; what it did since the last time.
    pub fn run_until(&mut self, to: Timestamp) -> Vec<Happening> {
        while let Some(at) = self.next_instant().filter(|at| *at < to) {
            self.now = self.now.max(at);
            self.instant();
        }
        std::mem::take(&mut self.happenings)
    }

    /// When something happens next, if nothing comes from outside.
    pub fn next_instant(&self) -> Option<Timestamp> {
        let downloads = self.downloads.iter().map(|(at, _)| *at).min();
        let program = self.program.map(|program| program.ends);
        [self.wake, downloads, program, self.up_again].into_iter().flatten().min()
    }

    /// What it remembers now.
    pub fn memory(&self) -> Memory {
        self.state.memory()
    }

    /// Its state, for those who want to know why something does not start.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What holds each of its jobs now, in the order of the policy; `None`: it starts now.
    pub fn holds(&mut self) -> Vec<(Guid, Option<Hold>)> {
        self.state.holds()
    }

    /// How many events it was told in its life.
    pub const fn n_events(&self) -> u64 {
        self.events
    }

    /// Tells it what ends at this instant, in the order of A-19, and lets it begin what it may.
    fn instant(&mut self) {
        let now = self.now;
        if self.downloads.iter().any(|(at, _)| *at <= now) {
            self.downloads.sort_unstable();
            let n = self.downloads.partition_point(|(at, _)| *at <= now);
            let ended: Vec<(Timestamp, Guid)> = self.downloads.drain(..n).collect();
            for (_, package) in ended {
                self.tell(Event::Downloaded(package));
            }
        }
        if let Some(program) = self.program.filter(|program| program.ends <= now) {
            self.program = None;
            let Played { code, exits_system, .. } = program.played;
            self.tell(Event::Exited { code, exits_system });
        }
        if self.up_again.is_some_and(|at| at <= now) {
            self.up_again = None;
            self.tell(Event::RestartDone);
        }
        self.wake = None;
        self.tell(Event::Wake);
    }

    fn tell(&mut self, event: Event) {
        self.events += 1;
        step(&mut self.state, self.now, event, &mut self.effects);
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            self.follow(effect);
        }
        self.effects = effects;
        if !self.answers.is_empty() {
            let answers = std::mem::take(&mut self.answers);
            for answer in answers {
                self.tell(answer);
            }
            self.wake = Some(self.now);
        }
    }

    fn follow(&mut self, effect: Effect) {
        match effect {
            Effect::Report(happening) => self.happenings.push(happening),
            Effect::StartDownload(package) => {
                let takes = self
                    .state
                    .package_name(package)
                    .map_or(self.scenario.download, |name| self.scenario.download(name));
                self.downloads.push((later(self.now, takes), package));
            }
            Effect::StartProgram { slot, step } => {
                let played = self.played(slot, step);
                self.program = Some(RunningProgram { ends: later(self.now, played.run_time), played });
            }
            Effect::KillProgram => self.program = None,
            Effect::Ask { question, offers } => self.answer(question, offers),
            Effect::Restart => self.up_again = Some(later(self.now, self.scenario.restart)),
            Effect::WakeAt(at) => self.wake = at,
        }
    }

    fn answer(&mut self, question: Question, offers: &[Duration]) {
        let answer = match (self.scenario.users, offers.last()) {
            (Users::AcceptAtOnce, _) => Answer::Accept,
            (Users::DeferToTheEnd, Some(longest)) => Answer::Defer(*longest),
            (Users::DeferToTheEnd, None) | (Users::Absent, _) => Answer::Wait,
        };
        self.answers.push(Event::Answered { question, answer });
    }

    fn played(&mut self, slot: usize, step: usize) -> Played {
        let program = self.state.program(slot, step).expect("the engine starts what it has");
        if let Some(Some((of, played))) = self.outcomes.get(slot).and_then(|steps| steps.get(step))
            && Arc::ptr_eq(of, program)
        {
            return *played;
        }
        let played = play(&self.scenario, program);
        if self.outcomes.len() <= slot {
            self.outcomes.resize_with(slot + 1, Vec::new);
        }
        if self.outcomes[slot].len() <= step {
            self.outcomes[slot].resize(step + 1, None);
        }
        self.outcomes[slot][step] = Some((Arc::clone(program), played));
        played
    }
}

fn play(scenario: &Scenario, program: &Program) -> Played {
    let outcome = scenario.outcome(&program.package_name, &program.name);
    let code = outcome.code.unwrap_or_else(|| program.success_codes.first().copied().unwrap_or(0));
    Played {
        run_time: outcome.run_time.max(SHORTEST_RUN),
        code: (!outcome.exits_system).then_some(code),
        exits_system: outcome.exits_system,
    }
}
