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
//! - **A-1 Arrival.** A job is known from the event that brings the policy. Every computer is on all the time.
//! - **A-2 Order.** Of the jobs that are pending, an agent tries those of higher priority first (TSK-2), then those that
//!   came due earlier, then by their place in the policy (MW-6). One program runs at a time.
//! - **A-3 Availability.** A job is available at `t` when `from <= t < to` on the clock that is named (TSK-11). Outside,
//!   nothing of it is downloaded and nothing of it starts; what runs already runs on.
//! - **A-4 Downloads.** All packages with files that an available job needs and the cache lacks are downloaded at once
//!   and beside each other, from the moment the job is known and available; each takes what the scenario says. A
//!   download that is under way ends, whatever becomes of the job. A job is ready when all its packages are there.
//! - **A-5 Due.** *As soon as possible* is due on arrival, unless the memory has it (TSK-4: once, ever, with whatever
//!   result). A schedule is due at each of its times from the arrival on; what was due before is not made up for, except
//!   that a single `at` in the past of a job that the memory lacks is due on arrival when `run_missed_schedule` is set.
//!   A time outside availability is lost (TSK-11), also with `run_missed_schedule`. A time that comes while the job
//!   is pending or running adds nothing. Manual jobs are never due.
//! - **A-6 Start.** A pending job starts when it is available, ready, somebody or nobody is logged on as its program
//!   wants (PRG-9; in a sequence that of the step to run), nothing runs, no restart is pending that blocks it (RST-2),
//!   and a window takes it. The first in order that can start does; the others wait (MW-3).
//! - **A-7 Windows.** Windows of a computer are joined where they touch or overlap (MW-6). Without any window at all
//!   nothing is held back (MW-8). A window of kind *updates* holds nothing back and lets nothing through here; windows
//!   of kind *task sequences* are for sequences, and where a computer has one, only these are; else those of kind *all*.
//!   A computer with windows, none of which is of a job's kind, is not held back for it. [`policy::FitRule::Remaining`]:
//!   what is left of the joined window, less the countdown of a job that warns (else 0), is at least the maximum run
//!   time, *unknown* being 0 (MW-1, MW-2); inside the window in any case. [`policy::FitRule::Whole`]: the whole joined
//!   window is at least the maximum run time, *unknown* being 720 minutes (MW-7).
//! - **A-8 Never fits.** When a job that could start but for its window is looked at inside a window that does not take
//!   it, and no joined window of the 366 days from then would take it whole either (for `Remaining`: length less
//!   countdown), it never fits (MW-4). [`policy::NeverFits::Fails`]: it ends there, failed, and is remembered as such.
//!   [`policy::NeverFits::Alert`]: it stays pending, and the alert is told once a job.
//! - **A-9 Warning** (TSK-8, TSK-9). A job that warns, with a user logged on, prompts when it would start. The user
//!   accepts at once: it starts then. The user defers to the end: each offer is the longest of 5, 10, 15, 30 minutes, 1,
//!   2, 4, 8, 12 hours that what remains of the maximum allows; when no offer fits any more the countdown runs and then
//!   it starts. A job whose user has deferred counts as not pending until the deferral ends; after all of it it starts
//!   without another prompt as soon as A-6 lets it. Nobody logged on: no prompt. A prompt comes once per due time.
//! - **A-10 End.** A program runs for what the scenario says and returns its code, or is killed at its maximum run time
//!   (PRG-3; *unknown*: 12 hours) where [`policy::StopRule`] has it killed, which is a failure. Success is a code among
//!   the success codes and nothing else (PRG-2). The job is remembered with its result.
//! - **A-11 After running.** Restart and log-off follow any result of a task or of a sequence's step (PRG-6), in
//!   delivery policies only a success. The user may put it off only where the job warns (PRG-6) or, in a delivery policy,
//!   by the resource's own time: accepting at once restarts at once; deferring to the end restarts after the whole
//!   deferral and the countdown; nobody logged on: at once. While it is pending, nothing else starts (RST-2) unless the
//!   agent disregards it; the later resources of the same delivery policy wait in any case (RST-1). Of several pending
//!   restarts the earliest moment holds for all, and one restart settles all (RST-4). A computer with windows restarts
//!   only while one of its windows of kind *all* is open; else it waits for the next one to open (MW-8). A restart does
//!   not interrupt a program that runs: it waits for its end. It takes what the scenario says; meanwhile nothing starts.
//! - **A-12 Sequences.** Steps run in their order, each a program of its own for; between two steps another
//!   job may run. A step runs when every step it depends on ran and returned one of the codes asked for (none named: a
//!   success code); else it is skipped, which counts as not having run (SEQ-3). Progress is saved at the end of each
//!   step, a restart by *after running* goes on with the next one (SEQ-5). It succeeds when every step ran and
//!   succeeded.
//! - **A-13 Early exit.** A program that shuts the computer down itself (the scenario says so) ends when its run time
//!   is over, with a restart and without a result. With `exits_early` its task was remembered as a success when it
//!   started (PDF-2). Without, it is pending again after the restart, at most three runs in all; the third counts as a
//!   failure. The same for a step of a sequence, which loses only that step (SEQ-5).
//! - **A-14 Removal.** After success a job that says so is taken off the computer (TSK-10); its packages are unused from
//!   then on.
//! - **A-15 Cache.** A package is deleted when it was unused (not run and not downloaded) for its time and no active
//!   job needs it (PKG-3). Active are: as-soon-as-possible jobs, also when they ran; schedules with a time to come;
//!   pending and running ones. Manual jobs are active too.
//! - **A-16 Delivery policies.** Due at the compliance times, or on arrival without any. A policy that is remembered as
//!   a success complies and does nothing. Else: `Immediately` runs it at once and ignores windows; `MaintenanceWindow`
//!   as A-7; `Schedule` makes it due at its own next time. Resources run in their order; a failure aborts, goes on, or
//!   starts the whole again, at most three times. `user_must_run` ones are manual.
//! - **A-17 Enrolment.** A computer that a plug-in policy targets, and that installs it or has it, returns its first
//!   assessment at the first scan time from the arrival on, or 4 hours after arrival where the policy names no scan; the
//!   licence is the pool's matter (LIC-1, LIC-2).
//! - **A-18 Blockouts** hold downloads from starting (and, when total, nothing more here). They are on the computer's
//!   clock; the random wait after them is not modelled.
//! - **A-19 Order at one instant.** Arrivals, then ends (of downloads, programs, restarts, deferrals), then what comes
//!   due, then starts. A restart goes before a start.

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
