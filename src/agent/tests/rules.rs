//! A test a rule.

use std::sync::Arc;

use super::*;
use crate::agent::memory::Cached;
use crate::agent::memory::Remembered;
use crate::agent::policy::Job;
use crate::agent::state::Hold;
use crate::model::agent_settings::Blockout;
use crate::model::agent_settings::BlockoutKind;
use crate::model::schedule::Clock;

const RESTART: AfterRunningAction = AfterRunningAction::Restart;

fn files(job: Job) -> Job {
    with_program(job, |program| program.has_files = true)
}

fn max(job: Job, minutes: u64) -> Job {
    with_program(job, |program| program.max_run_time = Some(Duration::minutes(minutes)))
}

fn warned(job: Job, most: Duration) -> Job {
    Job { warn: Some(most), ..job }
}

fn night() -> Window {
    window(daily("22:00"), Duration::hours(2))
}

#[test]
fn pkg_3_an_as_soon_as_possible_task_keeps_its_package_for_ever() {
    let asap = world([files(task(1))]);
    asap.does(&[
        "01 12:00 download 1",
        "01 12:05 downloaded 1",
        "01 12:05 start 1",
        "01 12:15 end 1 0",
        "01 12:15 done 1",
    ]);
    // A single start has no time to come: unused for seven days, the package goes.
    let once = world([on(files(task(1)), at("2026-06-02T08:00"))]);
    once.does(&[
        "01 12:00 download 1",
        "01 12:05 downloaded 1",
        "02 08:00 start 1",
        "02 08:10 end 1 0",
        "02 08:10 done 1",
        "09 08:10 deleted 1",
    ]);
}

#[test]
fn pkg_3_a_package_goes_at_once_when_the_last_task_leaves_long_after_its_use() {
    let world = world([files(task(1))]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-10T00:00:00Z"));
    assert_eq!(computer.memory().cached[&Guid::of(1)].last_used, instant("2026-06-01T12:15:00Z"));
    computer.policy(instant("2026-06-10T00:00:00Z"), Arc::new(Policy { jobs: Vec::new(), ..world.policy.clone() }));
    assert_lines(&lines(&computer.run_until(instant(world.to)), &world.zone()), &["10 00:00 deleted 1"]);
}

#[test]
fn pkg_3_a_package_that_nobody_ever_spoke_of_stays_where_its_time_is_unknown() {
    let remembers = |after| {
        let mut world = world([]);
        let cached = Cached { last_used: instant("2026-06-01T00:00:00Z"), delete_unused_after: after };
        world.memory.cached.insert(Guid::of(7), cached);
        lines(&world.happenings(), &world.zone())
    };
    assert_lines(&remembers(Some(Duration::days(2))), &["03 00:00 deleted 7"]);
    assert_lines(&remembers(None), &[]);
}

#[test]
fn pkg_6_a_changed_package_is_downloaded_again_whole_before_the_next_run() {
    let world = world([on(files(task(1)), daily("14:00"))]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-02T13:58:00Z"));
    computer.package_changed(instant("2026-06-02T13:58:00Z"), Guid::of(1));
    assert_lines(
        &lines(&computer.run_until(instant("2026-06-03T00:00:00Z")), &world.zone()),
        &["02 13:58 download 1", "02 14:03 downloaded 1", "02 14:03 start 1", "02 14:13 end 1 0", "02 14:13 done 1"],
    );
}

#[test]
fn prg_2_only_success_codes_decide() {
    let codes = |codes: &[i64]| with_program(task(1), |program| program.success_codes = codes.to_vec());
    let ends = |job| lines(&world([job]).plays(1, 10, 3010).happenings(), &TimeZone::UTC)[1..].join("; ");
    assert_eq!(ends(codes(&[0, 3010])), "01 12:10 end 1 3010; 01 12:10 done 1");
    assert_eq!(ends(codes(&[0])), "01 12:10 end 1 3010 failed; 01 12:10 FAILED 1");
}

#[test]
fn prg_3_at_its_limit_a_program_is_killed_and_has_failed() {
    world([max(task(1), 30)]).plays(1, 31, 0).does(&[
        "01 12:00 start 1",
        "01 12:30 end 1 killed failed",
        "01 12:30 FAILED 1",
    ]);
    // One that ends at its limit ended by itself.
    world([max(task(1), 30)]).plays(1, 30, 0).does(&["01 12:00 start 1", "01 12:30 end 1 0", "01 12:30 done 1"]);
}

#[test]
fn prg_6_a_restart_follows_a_failure_too_and_a_killed_program() {
    let job = || then(max(task(1), 30), RESTART, Duration::ZERO);
    world([job()]).plays(1, 10, 1603).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 1603 failed",
        "01 12:10 FAILED 1",
        "01 12:10 restart",
    ]);
    world([job()]).plays(1, 31, 0).does(&[
        "01 12:00 start 1",
        "01 12:30 end 1 killed failed",
        "01 12:30 FAILED 1",
        "01 12:30 restart",
    ]);
}

#[test]
fn prg_6_in_a_delivery_policy_it_follows_a_success_only() {
    let job = || then(delivery(1, &[1]), RESTART, Duration::ZERO);
    world([job()]).plays(1, 10, 1).does(&["01 12:00 start 1", "01 12:10 end 1 1 failed", "01 12:10 FAILED 1"]);
    world([job()]).does(&["01 12:00 start 1", "01 12:10 end 1 0", "01 12:10 done 1", "01 12:10 restart"]);
}

#[test]
fn prg_6_the_user_may_put_it_off_only_where_the_task_warns() {
    let restarts = |warn, users| {
        let job = Job { warn, ..then(task(1), RESTART, Duration::minutes(70)) };
        let world = world([job]).users(users);
        lines(&world.happenings(), &world.zone()).pop().unwrap()
    };
    assert_eq!(restarts(None, Users::DeferToTheEnd), "01 12:10 restart");
    assert_eq!(restarts(Some(Duration::ZERO), Users::AcceptAtOnce), "01 12:10 restart");
    assert_eq!(restarts(Some(Duration::ZERO), Users::Absent), "01 12:10 restart");
    // A minute of countdown before the start, then 70 minutes and a countdown again.
    assert_eq!(restarts(Some(Duration::ZERO), Users::DeferToTheEnd), "01 13:22 restart");
}

#[test]
fn prg_6_a_log_off_needs_somebody_who_is_logged_on() {
    let job = || then(task(1), AfterRunningAction::LogOff, Duration::ZERO);
    world([job()]).does(&["01 12:00 start 1", "01 12:10 end 1 0", "01 12:10 done 1", "01 12:10 log off"]);
    world([job()]).users(Users::Absent).does(&["01 12:00 start 1", "01 12:10 end 1 0", "01 12:10 done 1"]);
}

#[test]
fn prg_8_mw_5_with_the_rights_of_the_user_a_program_is_not_stopped() {
    let job = with_program(max(task(1), 30), |program| program.administrative = false);
    let world = world([job]).plays(1, 50, 0).change(|world| {
        world.policy.rules.stop = StopRule::AdministrativeAndUnattended;
    });
    world.does(&["01 12:00 start 1", "01 12:50 end 1 0", "01 12:50 done 1"]);
}

#[test]
fn prg_9_a_program_runs_only_with_somebody_or_only_with_nobody_logged_on() {
    let runs = |can_run, users| {
        let job = with_program(task(1), |program| program.can_run = can_run);
        let world = world([job, task(2)]).users(users);
        lines(&world.happenings(), &world.zone()).iter().filter(|line| line.ends_with("done 1")).count() == 1
    };
    for users in [Users::AcceptAtOnce, Users::DeferToTheEnd] {
        assert!(runs(CanRun::Always, users) && runs(CanRun::UserLoggedOn, users));
        assert!(!runs(CanRun::NoUserLoggedOn, users));
    }
    assert!(runs(CanRun::Always, Users::Absent) && runs(CanRun::NoUserLoggedOn, Users::Absent));
    assert!(!runs(CanRun::UserLoggedOn, Users::Absent));
}

#[test]
fn tsk_2_by_priority_then_by_what_came_due_first_then_by_place() {
    let priority = |n, priority| Job { priority, ..task(n) };
    let due = |n, time| on(task(n), at(time));
    let jobs = [
        due(1, "2026-06-01T20:00"),
        due(2, "2026-06-01T19:00"),
        due(3, "2026-06-01T20:00"),
        priority(4, Priority::Low),
        priority(5, Priority::VeryHigh),
        priority(6, Priority::High),
    ];
    world(jobs).windows([window(daily("21:00"), Duration::hours(8))]).starts(&[
        "01 21:00 5",
        "01 21:10 6",
        "01 21:20 2",
        "01 21:30 1",
        "01 21:40 3",
        "01 21:50 4",
    ]);
}

#[test]
fn tsk_4_a_failure_is_not_run_again_either_but_a_schedule_runs_whatever_was() {
    for remembered in [Remembered::Succeeded, Remembered::Failed] {
        let mut asap = world([task(1)]);
        asap.memory.ran.insert(Guid::of(1), remembered);
        asap.does(&[]);
        let mut daily = world([on(task(1), daily("13:00"))]).change(|world| world.to = "2026-06-03T12:00:00Z");
        daily.memory.ran.insert(Guid::of(1), remembered);
        daily.starts(&["01 13:00 1", "02 13:00 1"]);
    }
}

#[test]
fn tsk_4_a_changed_task_of_the_same_guid_runs_by_its_new_schedule_alone() {
    let world = world([task(1)]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-02T00:00:00Z"));
    let changed = |job: Job| Arc::new(Policy { jobs: vec![Arc::new(job)], ..world.policy.clone() });
    computer.policy(instant("2026-06-02T00:00:00Z"), changed(Job { priority: Priority::High, ..task(1) }));
    assert_eq!(computer.run_until(instant("2026-06-03T00:00:00Z")), []);
    computer.policy(instant("2026-06-03T00:00:00Z"), changed(on(task(1), at("2026-06-04T07:00"))));
    let happenings = computer.run_until(instant(world.to));
    assert_lines(&lines(&happenings, &world.zone()), &["04 07:00 start 1", "04 07:10 end 1 0", "04 07:10 done 1"]);
}

#[test]
fn a_1_what_leaves_the_policy_is_dropped_unless_it_runs() {
    let jobs = [task(1), task(2), sequence(3, &[3, 4])];
    let world = world(jobs);
    let nothing = Arc::new(Policy { jobs: Vec::new(), ..world.policy.clone() });
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-01T12:05:00Z"));
    computer.policy(instant("2026-06-01T12:05:00Z"), nothing.clone());
    let happenings = computer.run_until(instant(world.to));
    assert_lines(&lines(&happenings, &world.zone()), &["01 12:10 end 1 0", "01 12:10 done 1"]);
    // A sequence ends with the step that runs, without a result, and starts anew when it comes back.
    computer.policy(instant(world.to), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-15T00:15:00Z"));
    computer.policy(instant("2026-06-15T00:15:00Z"), nothing);
    let happenings = computer.run_until(instant("2026-06-16T00:00:00Z"));
    assert_lines(&lines(&happenings, &world.zone()), &["15 00:20 end 3 0"]);
    assert!(!computer.memory().ran.contains_key(&Guid::of(3)));
    computer.policy(instant("2026-06-16T00:00:00Z"), Arc::new(world.policy.clone()));
    let happenings = computer.run_until(instant("2026-06-17T00:00:00Z"));
    assert_eq!(lines(&happenings, &world.zone())[0], "16 00:00 start 3");
}

#[test]
fn a_1_a_changed_form_holds_from_the_end_of_the_present_run_on() {
    let world = world([on(max(task(1), 30), daily("12:00"))]).plays(1, 50, 0);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-01T12:10:00Z"));
    let longer = Policy { jobs: vec![Arc::new(on(max(task(1), 60), daily("12:00")))], ..world.policy.clone() };
    computer.policy(instant("2026-06-01T12:10:00Z"), Arc::new(longer));
    let happenings = computer.run_until(instant("2026-06-03T00:00:00Z"));
    assert_lines(
        &lines(&happenings, &world.zone()),
        &[
            "01 12:30 end 1 killed failed",
            "01 12:30 FAILED 1",
            "02 12:00 start 1",
            "02 12:50 end 1 0",
            "02 12:50 done 1",
        ],
    );
}

#[test]
fn tsk_9_the_countdown_of_a_warned_run_is_the_agents() {
    let world = world([warned(task(1), Duration::minutes(4))]).change(|world| {
        world.policy.settings.countdown = Duration::minutes(20);
    });
    // Four minutes allow no offer: only the countdown is left.
    world.starts(&["01 12:00 1"]);
    world.users(Users::DeferToTheEnd).starts(&["01 12:20 1"]);
}

#[test]
fn tsk_8_while_one_is_put_off_the_next_one_runs_and_nobody_is_asked_twice() {
    let jobs = [warned(on(task(1), daily("12:00")), Duration::hours(1)), task(2)];
    world(jobs).users(Users::DeferToTheEnd).change(|world| world.to = "2026-06-02T14:00:00Z").does(&[
        "01 12:00 deferred 1 until 01 13:00",
        "01 12:00 start 2",
        "01 12:10 end 2 0",
        "01 12:10 done 2",
        "01 13:01 start 1",
        "01 13:11 end 1 0",
        "01 13:11 done 1",
        "02 12:00 deferred 1 until 02 13:00",
        "02 13:01 start 1",
        "02 13:11 end 1 0",
        "02 13:11 done 1",
    ]);
}

#[test]
fn tsk_8_nobody_logged_on_is_asked_nothing() {
    world([warned(task(1), Duration::hours(1))]).users(Users::Absent).starts(&["01 12:00 1"]);
}

#[test]
fn tsk_10_a_task_that_is_removed_after_success_comes_never_back() {
    let job = || Job { remove_after_success: true, ..on(task(1), daily("13:00")) };
    let removed = world([job()]);
    removed.does(&["01 13:00 start 1", "01 13:10 end 1 0", "01 13:10 done 1", "01 13:10 removed 1"]);
    let mut computer = removed.computer();
    computer.policy(instant(removed.from), Arc::new(removed.policy.clone()));
    computer.run_until(instant("2026-06-02T00:00:00Z"));
    let other = Policy { jobs: vec![Arc::new(job()), Arc::new(task(2))], ..removed.policy.clone() };
    computer.policy(instant("2026-06-02T00:00:00Z"), Arc::new(other));
    let happenings = computer.run_until(instant(removed.to));
    assert_lines(&lines(&happenings, &TimeZone::UTC), &["02 00:00 start 2", "02 00:10 end 2 0", "02 00:10 done 2"]);
    // A failure leaves it where it is.
    world([job()])
        .plays(1, 10, 1)
        .change(|world| world.to = "2026-06-03T00:00:00Z")
        .starts(&["01 13:00 1", "02 13:00 1"]);
}

fn available(job: Job, from: Option<&str>, to: Option<&str>, clock: Clock) -> Job {
    let read = |text: &str| text.parse().unwrap();
    Job { availability: Availability { from: from.map(read), to: to.map(read), clock }, ..job }
}

#[test]
fn tsk_11_outside_its_availability_a_task_is_neither_downloaded_nor_run() {
    let asap = available(files(task(1)), Some("2026-06-02T06:00"), None, Clock::Computer);
    world([asap]).does(&[
        "02 06:00 download 1",
        "02 06:05 downloaded 1",
        "02 06:05 start 1",
        "02 06:15 end 1 0",
        "02 06:15 done 1",
    ]);
    // Downloaded but not started by the end, it does not run.
    let late = available(files(task(1)), None, Some("2026-06-01T12:05"), Clock::Computer);
    world([late]).does(&["01 12:00 download 1", "01 12:05 downloaded 1"]);
    // A time outside is lost.
    let lost =
        available(on(task(1), daily("13:00")), Some("2026-06-02T12:30"), Some("2026-06-04T13:00"), Clock::Computer);
    world([lost]).starts(&["02 13:00 1", "03 13:00 1"]);
}

#[test]
fn tsk_11_the_servers_clock_governs_availability_only_and_can_miss_a_zone() {
    let job = || {
        let scheduled = on(task(1), at("2026-06-02T08:00"));
        available(scheduled, Some("2026-06-02T07:00"), Some("2026-06-02T09:00"), Clock::Server)
    };
    let in_zone = |zone| world([job()]).change(|world| world.zone = zone);
    in_zone("UTC").starts(&["02 08:00 1"]);
    in_zone("Asia/Tokyo").starts(&[]); // Its 08:00 is 23:00 of the day before on the server.
}

#[test]
fn tsk_11_a_missed_single_start_is_made_up_for_where_it_was_available() {
    let job = |from| Job {
        run_missed_schedule: true,
        ..available(on(task(1), at("2026-05-31T08:00")), from, None, Clock::Computer)
    };
    world([job(None)]).starts(&["01 12:00 1"]);
    world([job(Some("2026-05-31T09:00"))]).starts(&[]);
    world([Job { run_missed_schedule: false, ..job(None) }]).starts(&[]);
    let mut ran = world([job(None)]);
    ran.memory.ran.insert(Guid::of(1), Remembered::Failed);
    ran.starts(&[]);
}

#[test]
fn seq_3_a_failed_step_stops_only_what_depends_on_it() {
    let mut job = sequence(1, &[1, 2, 3, 4, 5]);
    job.steps[1].depends_on = vec![(0, Vec::new())];
    job.steps[2].depends_on = vec![(0, vec![1603])];
    job.steps[3].depends_on = vec![(1, Vec::new())]; // The second is skipped, which counts as not having run.
    world([job]).plays(1, 10, 1603).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 1603 failed",
        "01 12:10 skip 1.1",
        "01 12:10 start 1.2",
        "01 12:20 end 1.2 0",
        "01 12:20 skip 1.3",
        "01 12:20 start 1.4",
        "01 12:30 end 1.4 0",
        "01 12:30 FAILED 1",
    ]);
}

#[test]
fn seq_4_each_step_is_a_program_of_its_own_between_which_others_run() {
    let jobs = [Job { priority: Priority::Low, ..sequence(1, &[1, 2]) }, on(task(3), at("2026-06-01T12:05"))];
    world(jobs).starts(&["01 12:00 1", "01 12:10 3", "01 12:20 1.1"]);
}

#[test]
fn seq_5_after_a_restart_by_after_running_it_goes_on_with_the_next_step() {
    let job = then(sequence(1, &[1, 2]), RESTART, Duration::ZERO);
    world([job]).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 restart",
        "01 12:15 start 1.1",
        "01 12:25 end 1.1 0",
        "01 12:25 done 1",
        "01 12:25 restart",
    ]);
}

#[test]
fn seq_5_a_restart_by_the_installer_loses_the_step() {
    world([sequence(1, &[1, 2, 3])]).exits(2, 3).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 start 1.1",
        "01 12:13 end 1.1 - failed",
        "01 12:13 restart",
        "01 12:18 start 1.1",
        "01 12:21 end 1.1 - failed",
        "01 12:21 restart",
        "01 12:26 start 1.1",
        "01 12:29 end 1.1 - failed",
        "01 12:29 restart",
        "01 12:34 start 1.2",
        "01 12:44 end 1.2 0",
        "01 12:44 FAILED 1",
    ]);
}

#[test]
fn pdf_2_without_the_mark_it_stays_pending_and_runs_again() {
    world([task(1)]).exits(1, 3).does(&[
        "01 12:00 start 1",
        "01 12:03 end 1 - failed",
        "01 12:03 restart",
        "01 12:08 start 1",
        "01 12:11 end 1 - failed",
        "01 12:11 restart",
        "01 12:16 start 1",
        "01 12:19 end 1 - failed",
        "01 12:19 FAILED 1",
        "01 12:19 restart",
    ]);
}

#[test]
fn pdf_2_with_the_mark_it_is_executed_once_it_has_started() {
    let job = || with_program(task(1), |program| program.exits_early = true);
    world([job()]).exits(1, 3).does(&["01 12:00 start 1", "01 12:00 done 1", "01 12:03 end 1 -", "01 12:03 restart"]);
    // What it returns when it lives to report does not matter any more.
    world([job()]).plays(1, 3, 5).does(&["01 12:00 start 1", "01 12:00 done 1", "01 12:03 end 1 5"]);
}

#[test]
fn rst_2_a_restart_of_a_task_blocks_too_and_one_restart_settles_all() {
    let jobs = [
        warned(then(task(1), RESTART, Duration::hours(2)), Duration::ZERO),
        warned(then(task(2), RESTART, Duration::hours(1)), Duration::ZERO),
    ];
    let world = |disregard| {
        world(jobs.clone()).users(Users::DeferToTheEnd).change(|world| {
            world.policy.settings.disregard_post_run_action = disregard;
            world.to = "2026-06-02T00:00:00Z";
        })
    };
    world(false).starts(&["01 12:01 1", "01 14:17 2"]);
    // Both are pending; the earlier moment holds for both: 12:11 and an hour, and the countdown (RST-4).
    let lines = lines(&world(true).happenings(), &TimeZone::UTC);
    let restarts: Vec<&String> = lines.iter().filter(|line| line.ends_with("restart")).collect();
    assert_eq!(restarts, ["01 13:22 restart"]);
}

#[test]
fn mw_8_a_restart_waits_for_a_general_window_and_goes_before_a_start() {
    let job = Job { ignores_windows: true, ..then(task(1), RESTART, Duration::ZERO) };
    world([job, task(2)]).windows([night()]).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 done 1",
        "01 22:00 restart",
        "01 22:05 start 2",
        "01 22:15 end 2 0",
        "01 22:15 done 2",
    ]);
}

#[test]
fn mw_8_without_any_window_nothing_is_held_back_and_losing_the_last_one_lets_all_start() {
    let world = world([task(1)]).windows([night()]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    assert_eq!(computer.run_until(instant("2026-06-01T15:00:00Z")), []);
    assert_eq!(computer.holds(), [(Guid::of(1), Some(Hold::WindowClosed))]);
    computer.policy(instant("2026-06-01T15:00:00Z"), Arc::new(Policy { windows: Vec::new(), ..world.policy.clone() }));
    let happenings = computer.run_until(instant(world.to));
    assert_eq!(lines(&happenings, &world.zone())[0], "01 15:00 start 1");
}

#[test]
fn mw_1_the_countdown_of_a_job_that_warns_counts() {
    let job = |warn| Job { warn, ..max(task(1), 60) };
    let hour = [window(daily("17:00"), Duration::hours(1))];
    world([job(None)]).windows(hour.clone()).starts(&["01 17:00 1"]);
    let warned = world([job(Some(Duration::ZERO))]).windows(hour);
    warned.does(&["01 17:00 never fits 1", "01 17:00 FAILED 1"]);
}

#[test]
fn mw_2_unknown_starts_with_a_minute_left_but_not_without_room_for_its_countdown() {
    let unknown = |n| with_program(on(task(n), at("2026-06-01T17:59")), |program| program.max_run_time = None);
    let hour = [window(daily("17:00"), Duration::hours(1))];
    world([unknown(1)]).windows(hour.clone()).starts(&["01 17:59 1"]);
    let long_countdown = world([warned(unknown(1), Duration::ZERO)]).windows(hour).change(|world| {
        world.policy.settings.countdown = Duration::minutes(2);
    });
    long_countdown.starts(&["02 17:00 1"]);
}

#[test]
fn mw_3_a_program_that_does_not_fit_is_skipped_and_the_next_is_tried() {
    let jobs = [max(task(1), 40), max(task(2), 40), max(task(3), 20)];
    world(jobs).windows([window(daily("17:00"), Duration::hours(1))]).plays(1, 40, 0).plays(3, 20, 0).starts(&[
        "01 17:00 1",
        "01 17:40 3",
        "02 17:00 2",
    ]);
}

#[test]
fn mw_4_with_an_alert_it_stays_pending_and_is_told_once() {
    let world = world([max(task(1), 90)]).windows([window(daily("17:00"), Duration::hours(1))]).change(|world| {
        world.policy.rules.never_fits = NeverFits::Alert;
    });
    world.does(&["01 17:00 never fits 1"]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-05T00:00:00Z"));
    let wider = Policy { windows: vec![window(daily("17:00"), Duration::hours(2))], ..world.policy.clone() };
    computer.policy(instant("2026-06-05T00:00:00Z"), Arc::new(wider));
    assert_eq!(lines(&computer.run_until(instant(world.to)), &TimeZone::UTC)[0], "05 17:00 start 1");
}

#[test]
fn mw_4_a_rare_long_window_is_a_hope() {
    let windows = [window(daily("17:00"), Duration::hours(1)), window(at("2027-05-01T03:00"), Duration::hours(3))];
    let world = world([max(task(1), 90)]).windows(windows).change(|world| world.to = "2027-06-01T00:00:00Z");
    world.starts(&["01 03:00 1"]);
}

#[test]
fn mw_6_windows_that_touch_or_overlap_are_one() {
    let three = [
        window(daily("17:00"), Duration::minutes(60)),
        window(daily("18:00"), Duration::minutes(30)),
        window(daily("18:15"), Duration::minutes(45)),
    ];
    world([max(task(1), 120)]).windows(three).starts(&["01 17:00 1"]);
    let apart = [window(daily("17:00"), Duration::minutes(60)), window(daily("18:01"), Duration::minutes(60))];
    world([max(task(1), 120)]).windows(apart).starts(&[]);
}

#[test]
fn mw_7_the_whole_window_counts_and_unknown_is_720_minutes() {
    let whole = |job: Job, window: Window| {
        world([job]).windows([window]).change(|world| world.policy.rules.fit = FitRule::Whole)
    };
    // At 17:50 ten minutes are left, but the window is an hour.
    let due = |max: Option<u64>| {
        with_program(on(task(1), at("2026-06-01T17:50")), |program| program.max_run_time = max.map(Duration::minutes))
    };
    whole(due(Some(60)), window(daily("17:00"), Duration::hours(1))).starts(&["01 17:50 1"]);
    whole(due(Some(61)), window(daily("17:00"), Duration::hours(1))).starts(&[]);
    whole(due(None), window(daily("17:00"), Duration::minutes(719))).starts(&[]);
    whole(due(None), window(daily("17:00"), Duration::minutes(720))).starts(&["01 17:50 1"]);
}

#[test]
fn mw_7_sequences_use_their_own_kind_where_there_is_one() {
    let of = |kind, time: &str| Window { kind, ..window(daily(time), Duration::hours(2)) };
    let windows =
        [of(WindowKind::All, "18:00"), of(WindowKind::TaskSequences, "20:00"), of(WindowKind::Updates, "14:00")];
    let jobs = || [sequence(1, &[1]), task(2)];
    world(jobs()).windows(windows.clone()).starts(&["01 18:00 2", "01 20:00 1"]);
    world(jobs()).windows([windows[0].clone()]).starts(&["01 18:00 1", "01 18:10 2"]);
    // Windows of other kinds alone hold a task back no more than none (MW-8).
    world(jobs()).windows([windows[1].clone()]).starts(&["01 12:00 2", "01 20:00 1"]);
    world(jobs()).windows([windows[2].clone()]).starts(&["01 12:00 1", "01 12:10 2"]);
}

#[test]
fn a_16_a_delivery_policy_that_failed_runs_again_at_its_next_compliance_time_and_one_that_succeeded_does_not() {
    let job = || on(delivery(1, &[1]), daily("13:00"));
    let short = |world: World| world.change(|world| world.to = "2026-06-04T00:00:00Z");
    short(world([job()])).starts(&["01 13:00 1"]);
    short(world([job()]).plays(1, 10, 1)).starts(&["01 13:00 1", "02 13:00 1", "03 13:00 1"]);
}

#[test]
fn a_16_remediation_has_times_and_windows_of_its_own() {
    let checked = || on(delivery(1, &[1]), daily("13:00"));
    let scheduled = Job { remediation: Some(daily("03:00")), ignores_windows: false, ..checked() };
    world([scheduled]).starts(&["02 03:00 1"]);
    let in_window = || Job { ignores_windows: false, ..checked() };
    world([in_window()]).windows([night()]).starts(&["01 22:00 1"]);
    world([checked()]).windows([night()]).starts(&["01 13:00 1"]);
}

#[test]
fn a_16_a_failure_aborts_goes_on_or_starts_the_whole_again_three_times() {
    let job = |on_failure| {
        let mut job = delivery(1, &[1, 2, 3]);
        job.steps[1].on_failure = on_failure;
        job
    };
    let story = |on_failure| {
        let world = world([job(on_failure)]).plays(2, 10, 1);
        let lines = lines(&world.happenings(), &world.zone());
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        (count(" start "), count(" start 1.2"), count("FAILED 1"))
    };
    assert_eq!(story(OnFailure::Abort), (2, 0, 1));
    assert_eq!(story(OnFailure::Continue), (3, 1, 1));
    assert_eq!(story(OnFailure::Restart), (8, 0, 1));
}

#[test]
fn a_18_blockouts_hold_downloads_from_starting() {
    let world = world([files(task(1))]).change(|world| {
        let from = "11:00".parse().unwrap();
        world.policy.settings.blockouts = vec![Blockout {
            from,
            duration: Duration::hours(3),
            blocks: BlockoutKind::Downloads,
            spread: Duration::ZERO,
        }];
    });
    assert_eq!(lines(&world.happenings(), &world.zone())[..2], ["01 14:00 download 1", "01 14:05 downloaded 1"]);
}

#[test]
fn lic_1_the_first_assessment_comes_once() {
    let enrolled = |scan| world([]).change(|world| world.policy.enrolled = Some(scan));
    enrolled(None).does(&["01 16:00 assessed"]);
    enrolled(Some(daily("03:00"))).does(&["02 03:00 assessed"]);
    enrolled(None).change(|world| world.memory.assessed = true).does(&[]);
    world([]).does(&[]);
}

#[test]
fn a_4_downloads_run_beside_each_other_and_what_is_there_is_not_fetched() {
    let job = with_program(sequence(1, &[1, 2, 3]), |program| program.has_files = true);
    let mut world = world([job]).change(|world| {
        world.scenario.downloads.insert("p3".to_owned(), Duration::minutes(20));
    });
    let cached = Cached { last_used: instant(world.from), delete_unused_after: None };
    world.memory.cached.insert(Guid::of(1), cached);
    assert_eq!(
        lines(&world.happenings(), &world.zone())[..5],
        [
            "01 12:00 download 2",
            "01 12:00 download 3",
            "01 12:05 downloaded 2",
            "01 12:20 downloaded 3",
            "01 12:20 start 1"
        ]
    );
}

#[test]
fn a_4_what_has_nothing_more_to_run_is_not_downloaded() {
    let mut done = world([files(task(1))]);
    done.memory.ran.insert(Guid::of(1), Remembered::Failed);
    done.does(&[]);
    let manual = Job { run: Run::Manual, ..files(task(1)) };
    world([manual]).does(&["01 12:00 download 1", "01 12:05 downloaded 1"]);
}

#[test]
fn mw_4_a_window_that_is_taken_away_is_a_hope_no_more() {
    let rare = window(at("2027-05-01T03:00"), Duration::hours(3));
    let short = window(daily("17:00"), Duration::hours(1));
    let world = world([max(task(1), 90)]).windows([short.clone(), rare]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    assert_eq!(computer.run_until(instant("2026-06-03T00:00:00Z")), []);
    computer.policy(instant("2026-06-03T00:00:00Z"), Arc::new(Policy { windows: vec![short], ..world.policy.clone() }));
    let happenings = computer.run_until(instant(world.to));
    assert_lines(&lines(&happenings, &TimeZone::UTC), &["03 17:00 never fits 1", "03 17:00 FAILED 1"]);
}

#[test]
fn a_19_what_a_user_answers_at_once_comes_before_what_begins() {
    // Killed, a program asks for its restart as one does that ends: nothing begins before the answer.
    let killed = Job { warn: Some(Duration::ZERO), ..then(max(task(1), 30), RESTART, Duration::ZERO) };
    let other = on(files(task(2)), at("2026-06-01T12:30"));
    let other = available(other, Some("2026-06-01T12:30"), None, Clock::Computer);
    let world = world([killed, other]).plays(1, 31, 0);
    assert_eq!(
        lines(&world.happenings(), &world.zone())[..5],
        [
            "01 12:00 start 1",
            "01 12:30 end 1 killed failed",
            "01 12:30 FAILED 1",
            "01 12:30 restart",
            "01 12:30 download 2",
        ]
    );
}

#[test]
fn rst_1_a_new_run_of_a_policy_does_not_wait_for_the_restart_of_the_last_one() {
    let job = on(then(delivery(1, &[1, 2]), RESTART, Duration::hours(48)), daily("13:00"));
    let mut job = with_program(job, |program| program.exits_early = false);
    job.steps[0].after.action = AfterRunningAction::None;
    job.steps[0].on_failure = OnFailure::Continue;
    let mut world = world([job]).users(Users::DeferToTheEnd).plays(1, 10, 1);
    world.policy.settings.disregard_post_run_action = true;
    let lines = lines(&world.happenings(), &world.zone());
    assert!(lines.iter().any(|line| line == "02 13:00 start 1"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("02") && line.contains("restart")), "{lines:?}");
}
