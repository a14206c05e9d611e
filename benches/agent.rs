//! How many events a second the agent engine takes on one core: `cargo bench --bench agent`.
//!
//! An event is one call of `step`: something that happened, or the wake after it. `CONSIGN_BENCH_JOBS` sets how many
//! jobs a computer has. Nothing here fails on a number.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a benchmark measures and prints")]

use std::sync::Arc;
use std::time::Instant;

use consign::agent::live::Computer;
use consign::agent::memory::Memory;
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
use consign::agent::scenario::Scenario;
use consign::agent::scenario::Users;
use consign::agent::schedule::zone;
use consign::model::delivery_policy::OnFailure;
use consign::model::guid::Guid;
use consign::model::package::CanRun;
use consign::model::schedule::Schedule;
use consign::model::schedule::WindowClock;
use consign::model::task::Availability;
use consign::model::task::Priority;
use consign::model::task::Run;
use consign::model::units::Duration;
use consign::model::window::WindowKind;
use jiff::SignedDuration;
use jiff::Timestamp;

fn main() {
    let n = std::env::var("CONSIGN_BENCH_JOBS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    measure("no windows, every job daily", n, &[], Users::AcceptAtOnce);
    let night = [window("20:00", 10 * 60)];
    measure("a window at night, every job daily", n, &night, Users::AcceptAtOnce);
    measure("a window at night, users defer", n, &night, Users::DeferToTheEnd);
    two_weeks(200);
}

/// A year of one computer.
fn measure(what: &str, n_jobs: u16, windows: &[Window], users: Users) {
    let policy = Arc::new(policy(n_jobs, windows));
    let scenario = Arc::new(Scenario { users, ..Scenario::default() });
    let from: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
    let (mut n_events, mut n_happenings) = (0, 0);
    let start = Instant::now();
    for _ in 0..20 {
        let mut computer = Computer::new(zone("Europe/Berlin"), Memory::default(), Arc::clone(&scenario));
        computer.policy(from, Arc::clone(&policy));
        n_happenings += computer.run_until(from + SignedDuration::from_hours(24 * 365)).len();
        n_events += computer.n_events();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{what}, {n_jobs} jobs: {:.2} million events a second (at least 2), {:.2} million happenings a second",
        n_events as f64 / seconds / 1e6,
        n_happenings as f64 / seconds / 1e6
    );
}

/// Many short lives: what a forecast does for each kind of computer.
fn two_weeks(n_jobs: u16) {
    let policy = Arc::new(policy(n_jobs, &[window("20:00", 10 * 60)]));
    let scenario = Arc::new(Scenario::default());
    let from: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
    let n = 500_u32;
    let start = Instant::now();
    for _ in 0..n {
        let mut computer = Computer::new(zone("Europe/Berlin"), Memory::default(), Arc::clone(&scenario));
        computer.policy(from, Arc::clone(&policy));
        computer.run_until(from + SignedDuration::from_hours(24 * 14));
    }
    println!("14 days of {n_jobs} jobs: {:.3} ms a computer", start.elapsed().as_secs_f64() * 1e3 / f64::from(n));
}

fn window(time: &str, minutes: u64) -> Window {
    Window {
        name: "Night".to_owned(),
        schedule: Schedule::Daily(time.parse().expect("a time of day")),
        duration: Duration::minutes(minutes),
        kind: WindowKind::All,
        clock: WindowClock::Computer,
    }
}

fn policy(n_jobs: u16, windows: &[Window]) -> Policy {
    Policy {
        jobs: (0..n_jobs).map(|n| Arc::new(job(n))).collect(),
        windows: windows.to_vec(),
        settings: Settings::default(),
        enrolled: None,
        server_zone: "UTC".to_owned(),
        rules: Rules { fit: FitRule::Remaining, never_fits: NeverFits::Alert, stop: StopRule::Always },
    }
}

fn job(n: u16) -> Job {
    let id = Guid::of(u128::from(n) + 1);
    let time = format!("{:02}:{:02}", n % 24, n * 7 % 60).parse().expect("a time of day");
    let program = Program {
        package: id,
        package_name: format!("Package {n}"),
        name: "install".to_owned(),
        has_files: true,
        delete_unused_after: Duration::days(7),
        success_codes: vec![0],
        max_run_time: Some(Duration::minutes(30)),
        can_run: CanRun::Always,
        administrative: true,
        interactive: false,
        exits_early: false,
        network_kbps_min: None,
    };
    let step = |_| Step {
        program: Arc::new(program.clone()),
        depends_on: Vec::new(),
        after: After::default(),
        on_failure: OnFailure::Abort,
    };
    let kind = if n.is_multiple_of(8) { JobKind::Sequence } else { JobKind::Task };
    Job {
        id,
        name: format!("Job {n}"),
        kind,
        priority: if n.is_multiple_of(5) { Priority::High } else { Priority::Normal },
        run: Run::Schedule(Schedule::Daily(time)),
        run_missed_schedule: false,
        availability: Availability::default(),
        warn: n.is_multiple_of(4).then_some(Duration::minutes(90)),
        remove_after_success: false,
        ignores_windows: false,
        remediation: None,
        steps: (0..if kind == JobKind::Sequence { 3 } else { 1 }).map(step).collect(),
    }
}
