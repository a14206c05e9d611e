//! The documents' own examples, exactly.

use std::sync::Arc;

use super::*;
use crate::agent::policy::Job;
use crate::agent::state::OFFERS;
use crate::agent::state::offers;

/// Four programs, due once on Sunday at 13:00, a window every day at 17:00 for one hour, no countdown.
fn four_programs() -> World {
    let due = |n, max: Option<u64>| {
        let job = on(task(n), at("2026-06-07T13:00"));
        with_program(job, |program| program.max_run_time = max.map(Duration::minutes))
    };
    world([due(1, Some(30)), due(2, Some(45)), due(3, Some(90)), due(4, None)])
        .windows([window(daily("17:00"), Duration::hours(1))])
        .plays(1, 30, 0)
        .plays(2, 45, 0)
        .plays(3, 80, 0)
        .plays(4, 200, 0)
        .change(|world| {
            world.policy.settings.countdown = Duration::ZERO;
            world.policy.rules.stop = StopRule::AdministrativeAndUnattended;
        })
}

#[test]
fn mw_1_mw_2_mw_3_mw_4_the_table_of_four_programs() {
    // 7 June 2026 is a Sunday. Program 3 fails on Sunday (footnote 3); program 4 overruns (footnote 4).
    four_programs().does(&[
        "07 17:00 start 1",
        "07 17:30 end 1 0",
        "07 17:30 done 1",
        "07 17:30 never fits 3",
        "07 17:30 FAILED 3",
        "07 17:30 start 4",
        "07 20:50 end 4 0",
        "07 20:50 done 4",
        "08 17:00 start 2",
        "08 17:45 end 2 0",
        "08 17:45 done 2",
    ]);
}

#[test]
fn mw_5_program_4_is_stopped_only_with_administrative_rights_and_without_interaction() {
    let last = |administrative: bool, interactive: bool| {
        let mut world = four_programs().plays(4, 3000, 0).change(|world| world.to = "2026-06-10T00:00:00Z");
        let program_4 = with_program(Job::clone(&world.policy.jobs[3]), |program| {
            program.administrative = administrative;
            program.interactive = interactive;
        });
        world.policy.jobs = vec![Arc::new(program_4)];
        lines(&world.happenings(), &world.zone())
    };
    // Unknown counts as 12 hours for this.
    assert_lines(&last(true, false), &["07 17:00 start 4", "08 05:00 end 4 killed failed", "08 05:00 FAILED 4"]);
    for (administrative, interactive) in [(true, true), (false, false), (false, true)] {
        let runs_on = ["07 17:00 start 4", "09 19:00 end 4 0", "09 19:00 done 4"];
        assert_lines(&last(administrative, interactive), &runs_on);
    }
}

#[test]
fn tsk_8_five_hours_offer_four_and_then_one() {
    assert_eq!(offers(Duration::hours(5)).last(), Some(&Duration::hours(4)));
    assert_eq!(offers(Duration::hours(1)).last(), Some(&Duration::hours(1)));
    assert_eq!(offers(Duration::minutes(4)), &[]);
    assert_eq!(offers(Duration::hours(100)), &OFFERS);
    let job = Job { warn: Some(Duration::hours(5)), ..task(1) };
    world([job]).users(Users::DeferToTheEnd).does(&[
        "01 12:00 deferred 1 until 01 16:00",
        "01 16:00 deferred 1 until 01 17:00",
        "01 17:01 start 1", // The countdown of 60 seconds (TSK-9).
        "01 17:11 end 1 0",
        "01 17:11 done 1",
    ]);
}

#[test]
fn tsk_4_leaving_and_rejoining_runs_nothing_again() {
    let world = world([task(1)]);
    let with = Arc::new(world.policy.clone());
    let without = Arc::new(Policy { jobs: Vec::new(), ..world.policy.clone() });
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::clone(&with));
    let first = computer.run_until(instant("2026-06-02T00:00:00Z"));
    assert_lines(&lines(&first, &world.zone()), &["01 12:00 start 1", "01 12:10 end 1 0", "01 12:10 done 1"]);
    computer.policy(instant("2026-06-02T00:00:00Z"), without);
    assert_eq!(computer.run_until(instant("2026-06-03T00:00:00Z")), []);
    computer.policy(instant("2026-06-03T00:00:00Z"), with);
    assert_eq!(computer.run_until(instant(world.to)), []);
}

#[test]
fn rst_4_of_two_restart_policies_the_lower_value_holds() {
    let restart = AfterRunningAction::Restart;
    let (one, two) =
        (then(delivery(1, &[1]), restart, Duration::hours(4)), then(delivery(2, &[2]), restart, Duration::hours(1)));
    world([one.clone()]).users(Users::DeferToTheEnd).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 done 1",
        "01 16:11 restart",
    ]);
    // The second policy is not even due before Wednesday: its lower value holds for the first one all the same.
    let two = on(two, at("2026-06-03T08:00"));
    world([one, two]).users(Users::DeferToTheEnd).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 done 1",
        "01 13:11 restart",
        "03 08:00 start 2",
        "03 08:10 end 2 0",
        "03 08:10 done 2",
        "03 09:11 restart",
    ]);
}

#[test]
fn rst_4_the_lowest_countdown_that_is_named_holds() {
    let countdown = |mut job: Job, minutes| {
        job.steps[0].after.countdown = Some(Duration::minutes(minutes));
        job
    };
    let restarting = |n| then(delivery(n, &[n]), AfterRunningAction::Restart, Duration::hours(1));
    let late = on(countdown(restarting(2), 5), at("2026-12-03T08:00"));
    world([countdown(restarting(1), 20), late]).users(Users::DeferToTheEnd).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 done 1",
        "01 13:15 restart",
    ]);
}

/// A delivery policy whose first resource restarts, which the user puts off for an hour; and a task.
fn pending_restart(disregard: bool) -> World {
    let mut policy = delivery(1, &[1, 2]);
    policy.steps[0].after =
        After { action: AfterRunningAction::Restart, defer_up_to: Duration::hours(1), countdown: None };
    world([policy, task(3)]).users(Users::DeferToTheEnd).change(|world| {
        world.policy.settings.disregard_post_run_action = disregard;
    })
}

#[test]
fn rst_1_rst_2_while_a_restart_is_pending_everything_waits() {
    pending_restart(false).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 13:11 restart",
        "01 13:16 start 1.1",
        "01 13:26 end 1.1 0",
        "01 13:26 done 1",
        "01 13:26 start 3",
        "01 13:36 end 3 0",
        "01 13:36 done 3",
    ]);
}

#[test]
fn rst_1_rst_2_with_disregard_post_run_action_others_go_on_and_the_policy_itself_waits() {
    pending_restart(true).does(&[
        "01 12:00 start 1",
        "01 12:10 end 1 0",
        "01 12:10 start 3",
        "01 12:20 end 3 0",
        "01 12:20 done 3",
        "01 13:11 restart",
        "01 13:16 start 1.1",
        "01 13:26 end 1.1 0",
        "01 13:26 done 1",
    ]);
}

#[test]
fn rst_3_what_fails_before_its_restart_is_not_tried_again_unless_its_policy_repeats() {
    let needs_restart = |job| {
        let world = pending_restart(true).plays(3, 5, 1603);
        let jobs = vec![Arc::clone(&world.policy.jobs[0]), Arc::new(job)];
        World { policy: Policy { jobs, ..world.policy.clone() }, to: "2026-06-03T00:00:00Z", ..world }
    };
    let failures = |world: World| {
        let lines = lines(&world.happenings(), &world.zone());
        lines.iter().filter(|line| line.contains("FAILED 3")).count()
    };
    assert_eq!(failures(needs_restart(delivery(3, &[3]))), 1);
    assert_eq!(failures(needs_restart(on(delivery(3, &[3]), daily("12:00")))), 2);
}

#[test]
fn seq_1_a_new_guid_runs_all_of_it_again() {
    let world = world([sequence(1, &[1, 2])]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-02T00:00:00Z"));
    // The same steps in another order are another item.
    let reordered = Policy { jobs: vec![Arc::new(sequence(9, &[2, 1]))], ..world.policy.clone() };
    computer.policy(instant("2026-06-02T00:00:00Z"), Arc::new(reordered));
    assert_lines(
        &lines(&computer.run_until(instant(world.to)), &world.zone()),
        &["02 00:00 start 9", "02 00:10 end 9 0", "02 00:10 start 9.1", "02 00:20 end 9.1 0", "02 00:20 done 9"],
    );
}

#[test]
fn seq_2_a_changed_program_of_the_same_item_runs_nothing_again() {
    let world = world([sequence(1, &[1, 2])]);
    let mut computer = world.computer();
    computer.policy(instant(world.from), Arc::new(world.policy.clone()));
    computer.run_until(instant("2026-06-02T00:00:00Z"));
    let edited = with_program(sequence(1, &[1, 2]), |program| program.success_codes = vec![0, 3010]);
    let edited = Policy { jobs: vec![Arc::new(edited)], ..world.policy.clone() };
    computer.policy(instant("2026-06-02T00:00:00Z"), Arc::new(edited));
    assert_eq!(computer.run_until(instant(world.to)), []);
}
