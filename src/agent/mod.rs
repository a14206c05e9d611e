//! What one computer does: a pure `step(state, event)` over what it was told ([`policy::Policy`]) and what it remembers.
//!
//! Knows no server, no plan and no other computer. Times are instants; what is said on a clock is read on the one that is
//! named, with `jiff`'s *compatible* answer where a local time is skipped or comes twice.
//!
//! # What is assumed
//!
//! The documents leave things open. These are our readings; whoever models a computer a second time starts from the
//! same list and from the documents, not from this code.
//!
//! - **A-1 Arrival.** A job is known from the event that brings the policy. Every computer is on all the time, and its
//!   network is there and fast enough, unless the scenario says how fast it is: then a program that wants a faster one,
//!   or any where it is away, is not started (PRG-12); policies and downloads come all the same. The same policy again changes nothing. A job that left the policy is
//!   dropped with its progress, put-offs included, unless a program of it runs: that one ends, *after running* follows,
//!   and the job is remembered only if nothing of it was left to run or to skip, and is not told as removed. One that
//!   comes back while its program runs goes on as if it had never left. A changed job holds at once, but one that is
//!   under way (from its first start to its end, between steps too) keeps its form to its end; whether it is removed
//!   is read in the form that holds from then on. A job whose `run` changed, or that comes back, counts its
//!   times from then on as if new; what is pending, put off or waiting for its remediation stays so.
//! - **A-2 Order.** Of the jobs that are pending, an agent tries those of higher priority first (TSK-2), then those
//!   that came due earlier, then by their place in the policy (MW-6). One program runs at a time. Between its steps and
//!   after an early exit a job keeps the time at which it came due.
//! - **A-3 Availability.** A job is available at `t` when `from <= t < to`, both read as instants on the clock that is
//!   named (TSK-11). Outside, nothing of it is downloaded and nothing of it starts; what runs already runs on.
//! - **A-4 Downloads.** All packages with files that an available job wants and the cache lacks are downloaded at once
//!   and beside each other, from the moment the job is known and available; each takes what the scenario says. A job
//!   wants the packages of all its steps while something of it is still to run: it is manual, it has a schedule with a
//!   time to come (and is no delivery policy that complies), or it is due, put off, waiting for its remediation or
//!   under way. So one that ran as soon as possible wants nothing. A download that is under way ends, whatever becomes
//!   of the job. A job is ready when all its packages are there. A package whose files changed (PKG-6) is not there any
//!   longer from the moment the computer hears of it; one that is on its way just then comes with the new files. A
//!   restart holds no download back.
//! - **A-5 Due.** *As soon as possible* is due on arrival, unless the memory has it (TSK-4: once, ever, with whatever
//!   result); outside its availability it is due all the same and waits for it. A schedule is due at each of its times
//!   from the arrival on, that instant included, whatever the memory has; what was due before is not made up for,
//!   except that a single `at` in the past of a job that the memory lacks is due on arrival when `run_missed_schedule`
//!   is set. A time outside availability is lost (TSK-11), also with `run_missed_schedule`. A time that comes while the
//!   job is pending, asked about, put off, waiting for its remediation or under way adds nothing. Manual jobs are never
//!   due.
//! - **A-6 Start.** A pending job starts when it is available, ready, somebody or nobody is logged on as its program
//!   wants (PRG-9; in a sequence that of the step to run), the network is as it wants (PRG-12), nothing runs, the computer does not restart just now, no
//!   restart is pending that blocks it (RST-2), and a window takes it. Jobs are looked at in order until one
//!   starts or prompts; the others wait (MW-3), and those behind it are not looked at.
//! - **A-7 Windows.** A window is open from each of its times (included) for its duration of elapsed time (the end
//!   excluded). Windows of one kind are joined where they touch or overlap (MW-6); what opened more than 8 days before
//!   the windows became known is left out, and a joined window of more than 366 days is endless. Without any window at
//!   all nothing is held back (MW-8). A window of kind *updates* holds nothing back and lets nothing through here;
//!   windows of kind *task sequences* are for sequences, and where a computer has one, only these are; else those of
//!   kind *all*. A computer with windows, none of which is of a job's kind, is not held back for it.
//!   [`policy::FitRule::Remaining`]: what is left of the joined window is at least the maximum run time, *unknown*
//!   being 0 (MW-1, MW-2), plus the countdown of a job that warns (`warn` is there; whoever is logged on, and also once
//!   its countdown is over); inside the window in any case. [`policy::FitRule::Whole`]: the whole joined window is at
//!   least the maximum run time, *unknown* being 720 minutes, without countdown (MW-7); inside the window in any case.
//! - **A-8 Never fits.** When a job that could start but for its window is looked at inside a window that does not take
//!   it, and no joined window that opens later, at most 366 days from then, is as long as it needs (for `Remaining`:
//!   maximum run time plus countdown), it never fits (MW-4). Of a sequence this is asked of the step to run.
//!   [`policy::NeverFits::Fails`]: the job is told as never fitting, ends there as failed, and is remembered as such.
//!   [`policy::NeverFits::Alert`]: it stays pending, and the alert is told once while the job is on the computer.
//! - **A-9 Warning** (TSK-8, TSK-9). A job that warns, with a user logged on, prompts when it would start (all of A-6).
//!   The user accepts at once: it starts then. The user defers to the end: each offer is the longest of 5, 10, 15, 30
//!   minutes, 1, 2, 4, 8, 12 hours that what remains of the maximum allows, one right after the other whatever else
//!   happens; when no offer fits any more (at once, where none ever fits) the countdown runs, and then it starts. From
//!   the prompt to the end of the countdown the job counts as not pending; after it, it starts without another prompt
//!   as soon as A-6 lets it. Each put-off is told when it begins, the countdown is not. Nobody logged on: no prompt. A
//!   prompt comes once per due time: not between steps, not when a delivery policy starts again, not after an early
//!   exit. What remains of the maximum is read in the form that holds when the user is asked, less what was put off for
//!   this due time.
//! - **A-10 End.** A program runs for what the scenario says (a minute at least) and returns its code, or is killed at
//!   its maximum run time (PRG-3; *unknown*: 12 hours) where [`policy::StopRule`] has it killed, which is a failure;
//!   one whose run time is just its limit ends by itself. Success is a code among the success codes and nothing else
//!   (PRG-2), but for A-13. The job is remembered with its result.
//! - **A-11 After running.** Restart and log-off follow any result of a task or of a sequence's step (PRG-6), a kill
//!   too, in delivery policies only a success; none after a program that shut the computer down itself. The user may
//!   put it off only where the job warns (`warn` is there), or in a delivery policy, each up to `defer_up_to` rounded
//!   down to five minutes (the offers of A-9): accepting at once restarts at once; deferring to the end restarts after
//!   the whole deferral and the countdown (the step's own, else the agent's); where it may not be put off, and with
//!   nobody logged on: at once, without countdown. In a delivery policy, deferral and countdown of a restart are the
//!   lowest that any delivery policy in the computer's policy names for a restart, whether or not that one runs, or
//!   that it names itself in a form that the policy has no longer (RST-4; a countdown that is not named does not
//!   count). While it is pending, nothing else starts (RST-2) unless the agent disregards it; then sequences go on too,
//!   but the later resources of the same run of the delivery policy wait in any case (RST-1); a new run of it does not.
//!   Of several pending restarts the earliest moment holds for all, and one restart settles all (RST-4), log-offs too.
//!   A computer with windows of kind *all* restarts only while one of them is open; else it waits for the next one to
//!   open (MW-8). A restart does not interrupt a program that runs: it waits for its end. It is told when the computer
//!   goes down and takes what the scenario says; meanwhile no program starts. Log-offs have put-offs, blocking and
//!   waiting in common with restarts, but take no time, need no window and come only where somebody is logged on, who
//!   is logged on again at once.
//! - **A-12 Sequences.** Steps run in their order, each a program of its own for; between two steps another
//!   job may run. A step runs when every step it depends on ran and returned one of the codes asked for (none named: it
//!   succeeded); else it is skipped the moment its turn comes, which counts as not having run (SEQ-3). Progress is
//!   saved at the end of each step, a restart by *after running* goes on with the next one (SEQ-5). It succeeds when
//!   every step ran and succeeded.
//! - **A-13 Early exit.** A program that shuts the computer down itself (the scenario says so) ends when its run time
//!   is over (unless it is killed before), with a restart at that moment, in no need of a window, and without a code. A
//!   program marked `exits_early` counts as a success from its start, whatever comes after: its task is remembered and
//!   told as finished at the start, and only then; its step, its end and what depends on it count it as succeeded
//!   (PDF-2). Without the mark, the job is pending again, for the same step, at most three runs of it in all; the third
//!   counts as a failure. The end of each such run is told as no success, that of a marked program always as a success,
//!   also when it was killed or returned some other code; only a dependence that names codes asks for the code all the
//!   same, which one that was killed or shut the computer down does not have. So a sequence loses only that step
//!   (SEQ-5).
//! - **A-14 Removal.** After success a job that says so is taken off the computer when its last program has ended
//!   (TSK-10), and no policy that says so takes it up, or keeps it while it is not due, as long as the memory has it as
//!   a success; this is not told.
//! - **A-15 Cache.** A package is used when its download ends and when a program of it starts and ends. Its time is
//!   what the last job that came with a step of it says, else what the memory says; without either it is never deleted.
//!   It is deleted when it was unused for its time and no active job has a step of it (PKG-3), at the first moment when
//!   both hold. Active are, available or not: manual and as-soon-as-possible jobs, also when they ran; schedules with a
//!   time to come; jobs that are due, put off, waiting for their remediation or under way. A job that was removed or
//!   left is not, once its program has ended.
//! - **A-16 Delivery policies.** Due at the compliance times, or on arrival without any (then once, as A-5). At a
//!   compliance time, a policy that is remembered as a success complies and does nothing; one that failed is due again
//!   (RST-3). What is remembered is of the policy, whatever it installs by now: servers tell no more. Where a plan gives
//!   it another list, the plan says how many may install from it, and a forecast that they are taken to comply.
//!   `Immediately` runs it at once and ignores windows; `MaintenanceWindow` as A-7; `Schedule` makes it due at
//!   its own first time at or after the check. Resources run in their order, each as a step of A-12; a failure aborts,
//!   goes on, or starts the whole again, at most three times (four runs in all; then it fails). It succeeds when every
//!   resource succeeded. `user_must_run` ones are manual.
//! - **A-17 Enrolment.** A computer that a plug-in policy targets, and that installs it or has it, returns its first
//!   assessment at the first scan time from the arrival on, or 4 hours after arrival where the policy names no scan;
//!   the licence is the pool's matter (LIC-1, LIC-2). One whose memory has an assessment returns no first one. An
//!   enrolment that changes counts from its own arrival.
//! - **A-18 Blockouts** hold downloads from starting (and, when total, nothing more here). They are on the computer's
//!   clock and last as windows do; the random wait after them is not modelled.
//! - **A-19 Order at one instant.** Arrivals (with what is due on arrival), then ends (of downloads by GUID, of the
//!   program and what follows for its job, of a restart, of put-offs), then what comes due, then the first assessment,
//!   then what users answer who were asked by what ended, in the order in which they were asked (a put-off begins
//!   then), then what begins: the restart or log-off, downloads by GUID, jobs as A-6; deletions from the cache by GUID;
//!   last, what users answer who were asked by what began, a prompt. A restart goes before a start; one by a program
//!   itself is part of that program's end. What takes no time (a download, a restart) ends at the same instant,
//!   which goes round again, but for what comes due.
//! - **A-20 Schedules.** A local time that is skipped moves on by the gap, of one that comes twice the first counts,
//!   once. *Weekly*: weeks begin on Monday; every n-th counts from the week of `from`; no time before `from`.
//!   *Monthly*: a month without the day is passed over; `offset_days` are added to the day after the month was chosen;
//!   every n-th counts from the month of `from`; no time before `from`. *Every*: elapsed time from the instant of
//!   `from`. Two days whose time falls on one instant (a zone that skips a day) are due once.

mod arrive;
mod end;
pub mod happening;
pub mod live;
pub mod memory;
pub mod policy;
pub mod scenario;
pub mod schedule;
mod start;
pub mod state;
pub mod step;
pub mod windows;

#[cfg(test)]
mod tests;
