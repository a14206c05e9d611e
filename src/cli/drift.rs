//! `consign drift`: reads only. The connection it makes cannot write.

use crate::cli::args::DriftArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::plan::Computers;
use crate::cli::plan::Select;
use crate::cli::plan::make_plan;
use crate::cli::report;
use crate::cli::report::reported;
use crate::report::drift;
use crate::report::view::View;

/// Runs it.
pub fn run(context: &Context, args: &DriftArgs) -> Outcome {
    reported(context, "drift", &args.report, compare_and_show(context, args))
}

fn compare_and_show(context: &Context, args: &DriftArgs) -> Outcome {
    let made = make_plan(context, args.server.server.as_deref(), &Select::default(), Computers::LeftOut)?;
    let exit = if !made.plan.complete {
        exit::INCOMPLETE
    } else if drift::is_drift(&made.plan) {
        exit::CHANGES
    } else {
        exit::OK
    };
    let about = made.about(exit, args.report.needs_places(), None);
    report::write(context, &View::of_drift(&made.plan, &about), &args.report, false)?;
    Ok(exit)
}
