//! Small estates at random, that reach every rule: one computer, what it is told, and what its users and programs do.
//! All times are whole minutes.

mod changes;

use std::collections::BTreeMap;
use std::sync::Arc;

use consign::agent::memory::Cached;
use consign::agent::memory::Memory;
use consign::agent::memory::Remembered;
use consign::agent::policy::After;
use consign::agent::policy::FitRule;
use consign::agent::policy::Job;
use consign::agent::policy::JobKind;
use consign::agent::policy::NeverFits;
use consign::agent::policy::Policy;
use consign::agent::policy::Program;
use consign::agent::policy::Rules;
use consign::agent::policy::Settings;
use consign::agent::policy::Step;
use consign::agent::policy::StopRule;
use consign::agent::policy::Window;
use consign::agent::scenario::Outcome;
use consign::agent::scenario::Scenario;
use consign::agent::scenario::Users;
use consign::model::agent_settings::Blockout;
use consign::model::agent_settings::BlockoutKind;
use consign::model::delivery_policy::OnFailure;
use consign::model::guid::Guid;
use consign::model::package::AfterRunningAction;
use consign::model::package::CanRun;
use consign::model::schedule::Clock;
use consign::model::schedule::DateOfMonth;
use consign::model::schedule::Every;
use consign::model::schedule::LastDay;
use consign::model::schedule::MonthDay;
use consign::model::schedule::Monthly;
use consign::model::schedule::Schedule;
use consign::model::schedule::WeekOfMonth;
use consign::model::schedule::Weekday;
use consign::model::schedule::WeekdayOfMonth;
use consign::model::schedule::Weekly;
use consign::model::schedule::WindowClock;
use consign::model::task::Availability;
use consign::model::task::Priority;
use consign::model::task::Run;
use consign::model::units::Duration;
use consign::model::units::LocalDateTime;
use consign::model::units::TimeOfDay;
use consign::model::window::WindowKind;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::calendar;
use super::model::News;

/// One computer and all that is said of it.
#[derive(Clone, Debug)]
pub struct Estate {
    /// What it hears and when: first a policy, at `from`.
    pub news: Vec<(Timestamp, News)>,
    pub zone: String,
    /// What it remembers at first.
    pub memory: Memory,
    pub scenario: Scenario,
    pub from: Timestamp,
    pub days: i64,
}

impl Estate {
    /// The policies that it is told, in the order in which they arrive.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.news.iter().filter_map(|(_, news)| match news {
            News::Policy(policy) => Some(policy),
            News::PackageChanged(_) => None,
        })
    }

    /// The first form of a job that a policy has.
    pub fn job(&self, id: Guid) -> &Arc<Job> {
        self.policies().flat_map(|policy| &policy.jobs).find(|job| job.id == id).expect("a job of a policy")
    }

    /// The end of the time it is watched for.
    pub fn to(&self) -> Timestamp {
        calendar::timestamp_of(calendar::minute_of(self.from) + self.days * calendar::DAY)
    }
}

/// Zones, with the moments near which their clocks change.
const ZONES: [(&str, &[&str]); 5] = [
    ("Europe/Berlin", &["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
    ("America/New_York", &["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]),
    ("Australia/Lord_Howe", &["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"]),
    ("Asia/Kolkata", &["2026-02-27T20:00:00Z"]),
    ("UTC", &["2026-12-30T12:00:00Z"]),
];

/// The estate of a seed.
pub fn random(seed: u64) -> Estate {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
    let (zone, changes) = *dice.one_of(&ZONES);
    let change: Timestamp = dice.one_of(changes).parse().expect("a moment");
    let before = if dice.often(3) { dice.of(0..180) } else { dice.of(0..5 * 1440) };
    let from = calendar::timestamp_of(calendar::minute_of(change) - i64::try_from(before).expect("small"));
    let days = dice.of(7..15);
    let local = calendar::zone_of(zone).to_datetime(from);
    let mut maker = Maker { dice, zone: calendar::zone_of(zone), from, local, days, packages: Vec::new() };
    maker.packages = (0..maker.dice.of(1..5)).map(|index| maker.package(index)).collect();
    maker.estate(zone)
}

/// A small generator of numbers: the same seed, the same estate, everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
    fn of(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }
    /// True in about so many of ten.
    fn often(&mut self, of_ten: u64) -> bool {
        self.of(0..10) < of_ten
    }
    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let index = self.of(0..u64::try_from(all.len()).expect("small"));
        &all[usize::try_from(index).expect("small")]
    }
    fn minutes(&mut self, of: &[u64]) -> Duration {
        Duration::minutes(*self.one_of(of))
    }
}

struct Maker {
    dice: Dice,
    zone: TimeZone,
    from: Timestamp,
    local: DateTime,
    days: u64,
    packages: Vec<Vec<Arc<Program>>>,
}

impl Maker {
    fn estate(mut self, zone: &str) -> Estate {
        let jobs: Vec<Arc<Job>> = (0..self.dice.of(1..7)).map(|index| Arc::new(self.job(index))).collect();
        let policy = Policy {
            windows: self.windows(),
            settings: self.settings(),
            enrolled: self.enrolled(),
            server_zone: self.dice.one_of(&ZONES).0.to_owned(),
            rules: Rules {
                fit: *self.dice.one_of(&[FitRule::Remaining, FitRule::Whole]),
                never_fits: *self.dice.one_of(&[NeverFits::Fails, NeverFits::Alert]),
                stop: *self.dice.one_of(&[StopRule::Always, StopRule::AdministrativeAndUnattended]),
            },
            jobs,
        };
        let scenario = self.scenario();
        let news = self.news(policy);
        let memory = self.memory(&news);
        let days = i64::try_from(self.days).expect("small");
        Estate { news, zone: zone.to_owned(), memory, scenario, from: self.from, days }
    }

    fn enrolled(&mut self) -> Option<Option<Schedule>> {
        let named = self.dice.often(6);
        self.dice.often(3).then(|| named.then(|| self.schedule()))
    }

    /// What it remembers of any job that comes, and what is there of any package.
    fn memory(&mut self, news: &[(Timestamp, News)]) -> Memory {
        let mut memory = Memory::default();
        let News::Policy(first) = &news[0].1 else { unreachable!("a policy comes first") };
        for job in &first.jobs {
            if self.dice.often(2) {
                memory.ran.insert(job.id, Remembered::of(self.dice.often(6)));
            }
        }
        for programs in &self.packages {
            if programs[0].has_files && self.dice.often(4) {
                let unused = i64::try_from(self.dice.of(0..200)).expect("small");
                let last_used = calendar::timestamp_of(calendar::minute_of(self.from) - unused);
                let delete_unused_after = self.dice.often(9).then_some(programs[0].delete_unused_after);
                memory.cached.insert(programs[0].package, Cached { last_used, delete_unused_after });
            }
        }
        memory.assessed = self.dice.often(1);
        memory
    }

    fn package(&mut self, index: u64) -> Vec<Arc<Program>> {
        let package = Guid::of(0xA000_0000 + u128::from(index));
        let has_files = self.dice.often(8);
        let delete_unused_after = self.dice.minutes(&[30, 30, 240, 240, 1440, 3 * 1440, 90 * 1440]);
        (0..self.dice.of(1..4))
            .map(|program| {
                Arc::new(Program {
                    package,
                    package_name: format!("package{index}"),
                    name: format!("program{program}"),
                    has_files,
                    delete_unused_after,
                    success_codes: self.dice.one_of(&[vec![0], vec![0], vec![0, 3010], vec![3010, 7], vec![]]).clone(),
                    max_run_time: if self.dice.often(3) {
                        None
                    } else {
                        Some(self.dice.minutes(&[5, 10, 20, 30, 45, 60, 60, 90, 180, 360, 780]))
                    },
                    can_run: *self.dice.one_of(&[
                        CanRun::Always,
                        CanRun::Always,
                        CanRun::Always,
                        CanRun::UserLoggedOn,
                        CanRun::NoUserLoggedOn,
                    ]),
                    administrative: self.dice.often(6),
                    interactive: self.dice.often(3),
                    exits_early: self.dice.often(3),
                    network_kbps_min: None,
                })
            })
            .collect()
    }

    fn scenario(&mut self) -> Scenario {
        let mut programs = BTreeMap::new();
        let mut downloads = BTreeMap::new();
        for program in self.packages.concat() {
            if self.dice.often(8) {
                let outcome = Outcome {
                    run_time: self.dice.minutes(&[1, 5, 10, 20, 30, 31, 45, 60, 100, 400, 800]),
                    code: *self.dice.one_of(&[None, None, None, Some(0), Some(3010), Some(1603), Some(7)]),
                    exits_system: self.dice.often(2),
                };
                programs.insert(format!("{}/{}", program.package_name, program.name), outcome);
            }
            if self.dice.often(4) {
                downloads.insert(program.package_name.clone(), self.dice.minutes(&[1, 7, 60, 300]));
            }
        }
        Scenario {
            users: *self.dice.one_of(&[Users::AcceptAtOnce, Users::DeferToTheEnd, Users::DeferToTheEnd, Users::Absent]),
            programs,
            downloads,
            download: self.dice.minutes(&[0, 1, 5, 30]),
            restart: self.dice.minutes(&[0, 1, 5, 12]),
            network_kbps: None,
        }
    }

    fn settings(&mut self) -> Settings {
        let blockouts = if self.dice.often(3) {
            (0..self.dice.of(1..3))
                .map(|_| Blockout {
                    from: self.time_of_day(),
                    duration: self.dice.minutes(&[15, 60, 240, 600]),
                    blocks: *self.dice.one_of(&[BlockoutKind::Total, BlockoutKind::Downloads]),
                    spread: Duration::ZERO,
                })
                .collect()
        } else {
            Vec::new()
        };
        Settings {
            countdown: self.dice.minutes(&[0, 1, 5, 15, 60, 60]),
            disregard_post_run_action: self.dice.often(6),
            blockouts,
        }
    }

    fn windows(&mut self) -> Vec<Window> {
        if self.dice.often(2) {
            return Vec::new(); // MW-8
        }
        (0..self.dice.of(1..4))
            .map(|index| Window {
                name: format!("window{index}"),
                schedule: self.schedule(),
                duration: self.dice.minutes(&[5, 15, 15, 30, 60, 60, 120, 120, 240, 720, 1440]),
                kind: *self.dice.one_of(&[
                    WindowKind::All,
                    WindowKind::All,
                    WindowKind::All,
                    WindowKind::Updates,
                    WindowKind::TaskSequences,
                ]),
                clock: *self.dice.one_of(&[WindowClock::Computer, WindowClock::Utc]),
            })
            .collect()
    }

    fn job(&mut self, index: u64) -> Job {
        let kind = *self.dice.one_of(&[
            JobKind::Task,
            JobKind::Task,
            JobKind::Sequence,
            JobKind::DeliveryPolicy,
            JobKind::DeliveryPolicy,
        ]);
        let is_policy = kind == JobKind::DeliveryPolicy;
        let steps = self.steps(kind);
        Job {
            id: Guid::of(0xB000_0000 + u128::from(index)),
            name: format!("job{index}"),
            kind,
            priority: *self.dice.one_of(&[
                Priority::Low,
                Priority::Normal,
                Priority::Normal,
                Priority::High,
                Priority::VeryHigh,
            ]),
            run: self.run(),
            run_missed_schedule: self.dice.often(6),
            // Only tasks and sequences say when they are available.
            availability: if is_policy { Availability::default() } else { self.availability() },
            warn: self.warn(),
            remove_after_success: !is_policy && self.dice.often(5),
            ignores_windows: is_policy && self.dice.often(4),
            remediation: if is_policy && self.dice.often(4) { Some(self.schedule()) } else { None },
            steps,
        }
    }

    fn run(&mut self) -> Run {
        match self.dice.of(0..10) {
            0 => Run::Manual,
            1..=3 => Run::AsSoonAsPossible,
            _ => Run::Schedule(self.schedule()),
        }
    }

    fn warn(&mut self) -> Option<Duration> {
        let most = self.dice.minutes(&[0, 4, 5, 12, 60, 90, 300, 300, 1440, 2000]);
        self.dice.often(5).then_some(most)
    }

    fn steps(&mut self, kind: JobKind) -> Vec<Step> {
        let count = if kind == JobKind::Task { 1 } else { self.dice.of(1..5) };
        let mut steps = Vec::new();
        for _ in 0..count {
            let step = self.step(kind, steps.len());
            steps.push(step);
        }
        steps
    }

    fn step(&mut self, kind: JobKind, index: usize) -> Step {
        let programs = self.dice.one_of(&self.packages).clone();
        let program = self.dice.one_of(&programs).clone();
        let mut depends_on = Vec::new();
        if kind == JobKind::Sequence {
            for earlier in 0..index {
                if self.dice.often(4) {
                    let codes = self.dice.one_of(&[vec![], vec![], vec![0], vec![0, 3010], vec![1603, 7]]).clone();
                    depends_on.push((earlier, codes));
                }
            }
        }
        let is_policy = kind == JobKind::DeliveryPolicy;
        let action = *self.dice.one_of(&[
            AfterRunningAction::None,
            AfterRunningAction::None,
            AfterRunningAction::Restart,
            AfterRunningAction::Restart,
            AfterRunningAction::LogOff,
        ]);
        let defer_up_to = self.dice.minutes(&[0, 4, 10, 13, 60, 240, 480, 480, 2000]);
        let countdown = if is_policy && self.dice.often(7) { Some(self.dice.minutes(&[0, 2, 30, 90])) } else { None };
        let on_failure = *self.dice.one_of(&[OnFailure::Abort, OnFailure::Continue, OnFailure::Restart]);
        Step {
            program,
            depends_on,
            after: After { action, defer_up_to, countdown },
            on_failure: if is_policy { on_failure } else { OnFailure::Abort },
        }
    }

    fn availability(&mut self) -> Availability {
        if self.dice.often(6) {
            return Availability::default();
        }
        let from = if self.dice.often(5) { Some(self.local_time(3)) } else { None };
        let to = if self.dice.often(5) { Some(self.local_time(self.days)) } else { None };
        Availability { from, to, clock: *self.dice.one_of(&[Clock::Computer, Clock::Server]) }
    }

    fn schedule(&mut self) -> Schedule {
        match self.dice.of(0..10) {
            0..=1 => Schedule::At(self.local_time(self.days)),
            2..=4 => Schedule::Daily(self.time_of_day()),
            5..=6 => Schedule::Weekly(self.weekly()),
            7 => Schedule::Monthly(self.monthly()),
            _ => Schedule::Every(Every {
                interval: self.dice.minutes(&[45, 240, 360, 720, 1440, 1500, 7 * 1440]),
                from: self.local_time(2),
            }),
        }
    }

    fn weekly(&mut self) -> Weekly {
        let all = [
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
            Weekday::Sat,
            Weekday::Sun,
            Weekday::Sun,
        ];
        let days = (0..self.dice.of(1..4)).map(|_| *self.dice.one_of(&all)).collect();
        let every = if self.dice.often(3) { 2 } else { 1 };
        let from = if every > 1 || self.dice.often(2) { Some(self.local_time(2)) } else { None };
        Weekly { days, time: self.time_of_day(), every, from }
    }

    fn monthly(&mut self) -> Monthly {
        let near = u8::try_from(self.dice.of(1..29)).expect("a day of a month");
        let today = u8::try_from(self.local.day()).expect("a day of a month");
        let on = match self.dice.of(0..5) {
            0 => MonthDay::Last(LastDay::Last),
            1 => MonthDay::Date(DateOfMonth { date: near }),
            2 => MonthDay::Date(DateOfMonth { date: (today + 1).min(31) }),
            _ => MonthDay::Weekday(WeekdayOfMonth {
                week: *self.dice.one_of(&[
                    WeekOfMonth::First,
                    WeekOfMonth::Second,
                    WeekOfMonth::Third,
                    WeekOfMonth::Fourth,
                    WeekOfMonth::Last,
                ]),
                weekday: *self.dice.one_of(&[Weekday::Tue, Weekday::Sat, Weekday::Sun]),
            }),
        };
        let every = if self.dice.often(2) { 3 } else { 1 };
        let from = if every > 1 { Some(self.local_time(2)) } else { None };
        let offset_days = if self.dice.often(3) { u8::try_from(self.dice.of(1..6)).expect("small") } else { 0 };
        Monthly { day: on, offset_days, time: self.time_of_day(), every, from }
    }

    /// Often in the hour that a clock skips or repeats.
    fn time_of_day(&mut self) -> TimeOfDay {
        if self.dice.often(5) {
            let (hour, minute) = *self.dice.one_of(&[(1, 30), (1, 45), (2, 0), (2, 15), (2, 30), (3, 0), (17, 0)]);
            return TimeOfDay { hour, minute };
        }
        let hour = u8::try_from(self.dice.of(0..24)).expect("small");
        TimeOfDay { hour, minute: *self.dice.one_of(&[0, 0, 15, 30, 59]) }
    }

    /// From two days before the arrival to so many days after it; now and then exactly then.
    fn local_time(&mut self, days: u64) -> LocalDateTime {
        if self.dice.often(1) {
            return LocalDateTime::from(self.local);
        }
        let offset = i64::try_from(self.dice.of(0..days + 2)).expect("small") - 2;
        let at = calendar::timestamp_of(calendar::minute_of(self.from) + offset * calendar::DAY);
        let date = self.zone.to_datetime(at).date();
        let time = self.time_of_day();
        let (hour, minute) = (i8::try_from(time.hour).expect("small"), i8::try_from(time.minute).expect("small"));
        LocalDateTime::from(date.at(hour, minute, 0, 0))
    }
}
