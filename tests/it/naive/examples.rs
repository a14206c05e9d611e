//! The naive model tells what the documents' own examples say, and each assumption as it is read here.

use std::collections::BTreeMap;
use std::sync::Arc;

use consign::agent::happening::Happening;
use consign::agent::happening::What;
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
use consign::model::delivery_policy::OnFailure;
use consign::model::guid::Guid;
use consign::model::package::AfterRunningAction;
use consign::model::package::CanRun;
use consign::model::schedule::Schedule;
use consign::model::schedule::WindowClock;
use consign::model::task::Availability;
use consign::model::task::Priority;
use consign::model::task::Run;
use consign::model::units::Duration;
use consign::model::window::WindowKind;
use jiff::Timestamp;

use super::difference::first_difference;
use super::estates;
use super::estates::Estate;
use super::model;
use super::model::News;

/// 2026-11-22 is a Sunday.
const SUNDAY: &str = "2026-11-22T13:00:00Z";
const SATURDAY: &str = "2026-11-29T00:00:00Z";

fn program(name: &str, max_run_time: Option<u64>) -> Program {
    Program {
        package: Guid::of(1),
        package_name: "p".to_owned(),
        name: name.to_owned(),
        has_files: false,
        delete_unused_after: Duration::days(90),
        success_codes: vec![0],
        max_run_time: max_run_time.map(Duration::minutes),
        can_run: CanRun::Always,
        administrative: true,
        interactive: false,
        exits_early: false,
        network_kbps_min: None,
    }
}

fn step(program: Program) -> Step {
    Step { program: Arc::new(program), depends_on: Vec::new(), after: After::default(), on_failure: OnFailure::Abort }
}

fn job(id: u128, kind: JobKind, steps: Vec<Step>) -> Job {
    Job {
        id: Guid::of(id),
        name: format!("job {id}"),
        kind,
        priority: Priority::Normal,
        run: Run::AsSoonAsPossible,
        run_missed_schedule: false,
        availability: Availability::default(),
        warn: None,
        remove_after_success: false,
        ignores_windows: false,
        remediation: None,
        steps,
    }
}

fn task(id: u128, program: Program) -> Job {
    job(id, JobKind::Task, vec![step(program)])
}

fn policy(jobs: Vec<Job>, windows: Vec<Window>) -> Policy {
    Policy {
        jobs: jobs.into_iter().map(Arc::new).collect(),
        windows,
        settings: Settings { countdown: Duration::ZERO, ..Settings::default() },
        enrolled: None,
        server_zone: "UTC".to_owned(),
        rules: Rules {
            fit: FitRule::Remaining,
            never_fits: NeverFits::Fails,
            stop: StopRule::AdministrativeAndUnattended,
        },
    }
}

fn daily_window(minutes: u64) -> Window {
    Window {
        name: "daily".to_owned(),
        schedule: Schedule::Daily("17:00".parse().unwrap()),
        duration: Duration::minutes(minutes),
        kind: WindowKind::All,
        clock: WindowClock::Computer,
    }
}

fn runs(programs: &[(&str, u64)]) -> Scenario {
    let outcome = |minutes| Outcome { run_time: Duration::minutes(minutes), ..Outcome::default() };
    let programs = programs.iter().map(|(name, minutes)| (format!("p/{name}"), outcome(*minutes))).collect();
    Scenario { programs, ..Scenario::default() }
}

fn live(policy: &Policy, scenario: &Scenario) -> Vec<Happening> {
    live_with(policy, scenario, Memory::default())
}

fn live_with(policy: &Policy, scenario: &Scenario, mut memory: Memory) -> Vec<Happening> {
    let news = [(SUNDAY.parse().unwrap(), News::Policy(Arc::new(policy.clone())))];
    model::live(&news, "UTC", &mut memory, scenario, SATURDAY.parse().unwrap())
}

fn live_in(estate: &Estate, to: Timestamp) -> Vec<Happening> {
    model::live(&estate.news, &estate.zone, &mut estate.memory.clone(), &estate.scenario, to)
}

/// What happened, a line each: weekday, time, what.
fn told(happenings: &[Happening]) -> Vec<String> {
    happenings
        .iter()
        .map(|happening| {
            let what = match &happening.what {
                What::Started { job, step } => format!("start {}.{step}", job.bits()),
                What::Ended { job, step, code: Some(code), .. } => format!("end {}.{step} {code}", job.bits()),
                What::Ended { job, step, killed: true, .. } => format!("kill {}.{step}", job.bits()),
                What::Ended { job, step, .. } => format!("lost {}.{step}", job.bits()),
                What::Skipped { job, step } => format!("skip {}.{step}", job.bits()),
                What::Finished { job, success } => format!("finish {} {success}", job.bits()),
                What::NeverFits { job } => format!("never {}", job.bits()),
                What::Removed { job } => format!("remove {}", job.bits()),
                What::Deferred { job, until } => format!("defer {} {}", job.bits(), until.strftime("%H:%M")),
                What::Restarted => "restart".to_owned(),
                What::LoggedOff => "log off".to_owned(),
                What::DownloadStarted { package } => format!("download {}", package.bits()),
                What::DownloadEnded { package } => format!("downloaded {}", package.bits()),
                What::PackageDeleted { package } => format!("delete {}", package.bits()),
                What::Assessed => "assessed".to_owned(),
            };
            format!("{} {what}", happening.at.strftime("%a %H:%M"))
        })
        .collect()
}

fn four_programs() -> Vec<Job> {
    [("one", Some(30)), ("two", Some(45)), ("three", Some(90)), ("four", None)]
        .into_iter()
        .zip(1..)
        .map(|((name, max_run_time), id)| task(id, program(name, max_run_time)))
        .collect()
}

/// The table of four programs. Program 4 takes three hours, as the text has it.
#[test]
fn mw_1_the_table_of_four_programs() {
    let policy = policy(four_programs(), vec![daily_window(60)]);
    let scenario = runs(&[("one", 30), ("two", 45), ("four", 180)]);
    assert_eq!(
        told(&live(&policy, &scenario)),
        [
            "Sun 17:00 start 1.0",
            "Sun 17:30 end 1.0 0",
            "Sun 17:30 finish 1 true",
            "Sun 17:30 never 3",
            "Sun 17:30 finish 3 false",
            "Sun 17:30 start 4.0",
            "Sun 20:30 end 4.0 0",
            "Sun 20:30 finish 4 true",
            "Mon 17:00 start 2.0",
            "Mon 17:45 end 2.0 0",
            "Mon 17:45 finish 2 true",
        ],
    );
}

#[test]
fn mw_4_a_current_server_alerts_once_and_keeps_it_waiting() {
    let mut policy = policy(four_programs(), vec![daily_window(60)]);
    policy.rules.never_fits = NeverFits::Alert;
    let told = told(&live(&policy, &runs(&[])));
    let three: Vec<&String> = told.iter().filter(|line| line.contains(" 3")).collect();
    // One until 17:10, two (50 minutes are left for its 45) until 17:20; then three is looked at, that day and each day after.
    assert_eq!(three, ["Sun 17:20 never 3"]);
}

/// The note: stopped after 12 hours only with administrative rights and without users in it.
#[test]
fn mw_5_program_4_is_stopped_only_under_the_stated_conditions() {
    let scenario = runs(&[("four", 13 * 60)]);
    for (administrative, interactive, end) in [
        (true, false, "Mon 05:00 kill 4.0"),
        (true, true, "Mon 06:00 end 4.0 0"),
        (false, false, "Mon 06:00 end 4.0 0"),
    ] {
        let four = Program { administrative, interactive, ..program("four", None) };
        let policy = policy(vec![task(4, four)], vec![daily_window(60)]);
        assert_eq!(told(&live(&policy, &scenario))[1], end);
    }
}

#[test]
fn mw_2_unknown_still_minds_the_countdown_and_mw_7_the_whole_window() {
    let mut policy = policy(vec![task(1, program("one", None))], vec![daily_window(5)]);
    assert_eq!(told(&live(&policy, &runs(&[])))[0], "Sun 17:00 start 1.0");
    policy.settings.countdown = Duration::minutes(6);
    assert_eq!(told(&live(&policy, &runs(&[])))[0], "Sun 17:00 start 1.0", "it does not warn");
    let mut warns = task(1, program("one", None));
    warns.warn = Some(Duration::ZERO);
    policy.jobs = vec![Arc::new(warns)];
    assert_eq!(told(&live(&policy, &runs(&[])))[0], "Sun 17:00 never 1");

    policy.settings.countdown = Duration::ZERO;
    policy.rules.fit = FitRule::Whole;
    policy.windows = vec![daily_window(719)];
    assert_eq!(told(&live(&policy, &runs(&[])))[0], "Sun 17:00 never 1");
    policy.windows = vec![daily_window(720)];
    assert_eq!(told(&live(&policy, &runs(&[])))[0], "Sun 17:00 start 1.0");
}

/// Five hours: four now, then one, then the countdown.
#[test]
fn tsk_8_of_five_hours_four_are_offered_and_then_one() {
    let mut warns = task(1, program("one", Some(30)));
    warns.warn = Some(Duration::hours(5));
    let mut policy = policy(vec![warns], Vec::new());
    policy.settings.countdown = Duration::minutes(1);
    let defers = Scenario { users: Users::DeferToTheEnd, ..Scenario::default() };
    assert_eq!(
        told(&live(&policy, &defers))[..3],
        ["Sun 13:00 defer 1 17:00", "Sun 17:00 defer 1 18:00", "Sun 18:01 start 1.0"],
    );
    for users in [Users::AcceptAtOnce, Users::Absent] {
        let scenario = Scenario { users, ..Scenario::default() };
        assert_eq!(told(&live(&policy, &scenario))[0], "Sun 13:00 start 1.0");
    }
}

/// Two policies, whose restarts the user puts off by 8 hours and by 2: the 2 hold for both, whichever runs first.
fn two_restarts(disregard: bool) -> Vec<String> {
    let jobs = [(1, 8), (2, 2)].map(|(id, hours)| {
        let mut resource = step(program("one", Some(30)));
        resource.after = After {
            action: AfterRunningAction::Restart,
            defer_up_to: Duration::hours(hours),
            countdown: Some(Duration::minutes(3)),
        };
        job(id, JobKind::DeliveryPolicy, vec![resource, step(program("two", Some(30)))])
    });
    let mut policy = policy(jobs.into(), Vec::new());
    policy.settings.disregard_post_run_action = disregard;
    let mut scenario = runs(&[("one", 10), ("two", 10)]);
    scenario.users = Users::DeferToTheEnd;
    told(&live(&policy, &scenario))
}

#[test]
fn rst_4_the_lowest_value_holds_for_all_and_rst_1_later_resources_wait() {
    assert_eq!(
        two_restarts(true),
        [
            "Sun 13:00 start 1.0",
            "Sun 13:10 end 1.0 0",
            "Sun 13:10 start 2.0",
            "Sun 13:20 end 2.0 0",
            "Sun 15:13 restart",
            "Sun 15:18 start 1.1",
            "Sun 15:28 end 1.1 0",
            "Sun 15:28 finish 1 true",
            "Sun 15:28 start 2.1",
            "Sun 15:38 end 2.1 0",
            "Sun 15:38 finish 2 true",
        ],
    );
}

#[test]
fn rst_2_a_pending_restart_blocks_the_rest() {
    assert_eq!(
        two_restarts(false)[..6],
        [
            "Sun 13:00 start 1.0",
            "Sun 13:10 end 1.0 0",
            "Sun 15:13 restart",
            "Sun 15:18 start 1.1",
            "Sun 15:28 end 1.1 0",
            "Sun 15:28 finish 1 true",
        ],
    );
}

#[test]
fn seq_3_a_failed_step_stops_only_what_depends_on_it() {
    let mut steps: Vec<Step> = ["a", "b", "c"].into_iter().map(|name| step(program(name, Some(30)))).collect();
    steps[1].depends_on = vec![(0, Vec::new())];
    steps[0].after.action = AfterRunningAction::Restart; // PRG-6: after a failure too.
    let policy = policy(vec![job(1, JobKind::Sequence, steps)], Vec::new());
    let mut scenario = runs(&[]);
    scenario.programs.insert("p/a".to_owned(), Outcome { code: Some(1603), ..Outcome::default() });
    assert_eq!(
        told(&live(&policy, &scenario)),
        [
            "Sun 13:00 start 1.0",
            "Sun 13:10 end 1.0 1603",
            "Sun 13:10 skip 1.1",
            "Sun 13:10 restart",
            "Sun 13:15 start 1.2",
            "Sun 13:25 end 1.2 0",
            "Sun 13:25 finish 1 false",
        ],
    );
}

#[test]
fn pdf_2_a_program_that_takes_the_computer_down_is_marked_or_runs_three_times() {
    let mut scenario = runs(&[]);
    scenario.programs.insert("p/a".to_owned(), Outcome { exits_system: true, ..Outcome::default() });
    let marked = Program { exits_early: true, ..program("a", Some(30)) };
    let with_mark = told(&live(&policy(vec![task(1, marked)], Vec::new()), &scenario));
    assert_eq!(
        with_mark,
        ["Sun 13:00 start 1.0", "Sun 13:00 finish 1 true", "Sun 13:10 lost 1.0", "Sun 13:10 restart"]
    );
    let without = told(&live(&policy(vec![task(1, program("a", Some(30)))], Vec::new()), &scenario));
    assert_eq!(without[..3], ["Sun 13:00 start 1.0", "Sun 13:10 lost 1.0", "Sun 13:10 restart"]);
    assert_eq!(
        without[6..],
        ["Sun 13:30 start 1.0", "Sun 13:40 lost 1.0", "Sun 13:40 finish 1 false", "Sun 13:40 restart"],
    );
}

#[test]
fn tsk_10_and_pkg_3_a_removed_job_lets_its_package_age() {
    let program = Program { has_files: true, delete_unused_after: Duration::hours(1), ..program("a", Some(30)) };
    let mut removed = task(7, program.clone());
    removed.remove_after_success = true;
    let expected = [
        "Sun 13:00 download 1",
        "Sun 13:05 downloaded 1",
        "Sun 13:05 start 7.0",
        "Sun 13:15 end 7.0 0",
        "Sun 13:15 finish 7 true",
        "Sun 13:15 remove 7",
        "Sun 14:15 delete 1",
    ];
    assert_eq!(told(&live(&policy(vec![removed], Vec::new()), &runs(&[]))), expected);
    let stays = told(&live(&policy(vec![task(7, program)], Vec::new()), &runs(&[])));
    assert_eq!(stays, expected[..5], "a job that runs as soon as possible stays active");
}

#[test]
fn tsk_4_as_soon_as_possible_runs_once_ever_with_whatever_result() {
    let policy =
        policy(vec![task(1, program("a", None)), task(2, program("a", None)), task(3, program("a", None))], vec![]);
    let ran = BTreeMap::from([(Guid::of(1), Remembered::of(true)), (Guid::of(2), Remembered::of(false))]);
    let memory = Memory { ran, ..Memory::default() };
    let happenings = live_with(&policy, &Scenario::default(), memory);
    assert_eq!(told(&happenings), ["Sun 13:00 start 3.0", "Sun 13:10 end 3.0 0", "Sun 13:10 finish 3 true"]);
}

#[test]
fn a_longer_life_starts_with_the_shorter_one() {
    for seed in 0..40 {
        let estate = estates::random(seed);
        let live_until = |to| live_in(&estate, to);
        let middle = estate.from + jiff::SignedDuration::from_hours(50);
        let (short, mut long) = (live_until(middle), live_until(estate.to()));
        long.retain(|happening| happening.at < middle);
        assert_eq!(first_difference(&short, &long), None, "seed {seed}");
    }
}
