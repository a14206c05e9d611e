//! What an apply did, as text and as JSON.

use std::io;
use std::io::Write;

use serde_json::Value;
use serde_json::json;

use crate::apply::Report;
use crate::apply::Stop;
use crate::diag::visible;
use crate::diag::visible_at_start;
use crate::report::paint::Paint;
use crate::report::paint::Tone;
use crate::report::plan::sides;

/// Writes a report as text, the summary last; `full` names the steps that were made too.
///
/// # Errors
/// When `out` fails.
pub fn text(report: &Report, paint: Paint, full: bool, out: &mut dyn Write) -> io::Result<()> {
    for step in report.applied.iter().filter(|_| full) {
        writeln!(out, "made: {} {}", step.action.word(), visible(&step.item))?;
    }
    for failed in &report.failed {
        let head =
            paint.on(Tone::Remove, format!("failed: {} {}", failed.step.action.word(), visible(&failed.step.item)));
        writeln!(out, "{head}: {}", visible(&failed.outcome_in_words()))?;
        writeln!(out, "  {}", visible_at_start(&failed.because))?;
    }
    for not_stored in &report.not_stored {
        let item = not_stored.item.to_string();
        writeln!(out, "{}", paint.on(Tone::Remove, format!("not stored as sent: {}", visible(&item))))?;
        for field in &not_stored.fields {
            let (has, sent) = sides(field);
            writeln!(
                out,
                "  {}: sent {}, the server has {}",
                visible_at_start(&field.path),
                visible(&sent),
                visible(&has)
            )?;
        }
    }
    if let Some(stop) = &report.stopped {
        let why = match stop {
            Stop::Interrupted => "it was asked to stop",
            Stop::StepFailed => "a step failed",
            Stop::LeaseLost => "the lease was lost: another apply took over, or it ran out",
        };
        writeln!(out, "Stopped: {why}. Run it again to go on; what was done is not done twice.")?;
    }
    let told = if full { report.not_attempted.len() } else { 10 };
    for step in report.not_attempted.iter().take(told) {
        writeln!(out, "  not attempted: {} {}", step.action.word(), visible(&step.item))?;
    }
    if report.not_attempted.len() > told {
        writeln!(out, "  … and {} more not attempted", report.not_attempted.len() - told)?;
    }
    for note in &report.notes {
        writeln!(out, "note: {}", visible(note))?;
    }
    writeln!(out, "{}", paint.on(Tone::Strong, summary(report)))
}

/// `Applied: 3 steps made, 0 failed, 0 not attempted; 3 writes sent.`
pub fn summary(report: &Report) -> String {
    format!(
        "Applied: {} made, {} failed, {} not attempted; {} sent.",
        counted(report.applied.len() as u64, "step"),
        report.failed.len(),
        report.not_attempted.len(),
        counted(report.writes_sent, "write")
    )
}

/// A number with what it counts, whose plural has an `s`.
fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// The report as JSON, with the exit code it leads to.
pub fn json(report: &Report, code: u8, name: &str) -> Value {
    let mut value = serde_json::to_value(report).expect("the report prints as JSON: it has no maps");
    value["exit"] = json!({ "code": code, "name": name });
    value
}
