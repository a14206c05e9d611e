//! `consign drift`: reads only. The connection it makes cannot write.

use crate::cli::args::DriftArgs;
use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::failure::reported;
use crate::cli::plan::Computers;
use crate::cli::plan::Select;
use crate::cli::plan::make_plan;
use crate::report::drift;

/// Runs it.
pub fn run(context: &Context, args: &DriftArgs) -> Outcome {
    reported(context, args.format, args.json_into.as_deref(), compare_and_show(context, args))
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
    let json = format!("{:#}\n", drift::json(&made.plan, exit.code, exit.name));
    if let Some(path) = &args.json_into {
        context.write_file(path, &json)?;
    }
    match args.format {
        Format::Json => context.out_json(&json)?,
        Format::Text => {
            let mut out = Vec::new();
            drift::text(&made.plan, context.paint, &mut out)
                .map_err(|error| Failure::new(exit::ERROR, error.to_string()))?;
            context.out(&String::from_utf8_lossy(&out))?;
        }
    }
    Ok(exit)
}
