//! `consign explain`

use crate::cli::args::ExplainArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::visible;
use crate::rules;

/// Runs it.
pub fn run(context: &Context, args: &ExplainArgs) -> Outcome {
    if args.list {
        let list: String = rules::all().map(|rule| format!("{:<7} {}\n", rule.id, rule.title)).collect();
        context.out(&list)?;
        return Ok(exit::OK);
    }
    let asked = args.id.as_deref().unwrap_or_default();
    let id = asked.to_ascii_uppercase();
    let Some(rule) = rules::find(&id) else {
        let failure = Failure::new(exit::USAGE, format!("there is no rule `{}`", visible(asked)));
        let near = crate::diag::nearest(&id, rules::all().map(|rule| rule.id));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean {near}? `consign explain --list` names them all")),
            None => failure.help("`consign explain --list` names them all"),
        });
    };
    let acts: Vec<String> = rule.acts.iter().map(|act| format!("{act:?}").to_lowercase()).collect();
    let text = format!(
        "{}: {}\n\n{}\n\nacts in: {}\nsource: {}\n",
        rule.id,
        rule.title,
        rule.explain,
        acts.join(", "),
        rule.source
    );
    context.out(&text)?;
    Ok(exit::OK)
}
