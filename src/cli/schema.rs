//! `consign schema`

use crate::cli::args::SchemaArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::manifest;
use crate::sys::disk;

/// Runs it.
pub fn run(context: &Context, args: &SchemaArgs) -> Outcome {
    let directory = context.directory.join(&args.out);
    disk::make_directory(&directory).map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    let schemas = manifest::schemas();
    for (name, text) in &schemas {
        context.write_file(&args.out.join(name), text)?;
    }
    context.talk(&format!("{} schemas in `{}`\n", schemas.len(), args.out));
    Ok(exit::OK)
}
