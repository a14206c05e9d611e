//! `consign explain`

mod field;

pub(in crate::cli) use field::servers;

use crate::cli::args::ExplainArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::diag::nearest;
use crate::diag::visible;
use crate::model::kind::Kind;
use crate::rules;
use crate::rules::Rule;

/// Runs it.
pub fn run(context: &Context, args: &ExplainArgs) -> Outcome {
    if args.all {
        context.out(&rules::manual())?;
        return Ok(exit::OK);
    }
    if args.list {
        let list: String = rules::all().map(|rule| format!("{:<7} {}\n", rule.id, rule.title)).collect();
        context.out(&list)?;
        return Ok(exit::OK);
    }
    context.out(&answer(args.id.as_deref().unwrap_or_default())?)?;
    Ok(exit::OK)
}

/// What is told of a rule, a kind, or a field.
fn answer(asked: &str) -> Result<String, Failure> {
    let id = asked.to_ascii_uppercase();
    if let Some(rule) = rules::find(&id) {
        return Ok(rule_text(rule));
    }
    if let Some(told) = field::of_every_kind(asked) {
        return told;
    }
    if let Some((kind, path)) = asked.split_once('.') {
        return field::text(self::kind(kind)?, path);
    }
    if let Some(kind) = Kind::from_short(asked) {
        return Ok(field::list(kind));
    }
    let is_rule = asked.contains('-') || asked.ends_with(|last: char| last.is_ascii_digit());
    if !is_rule {
        return kind(asked).map(field::list);
    }
    Err(no_such_rule(asked))
}

/// That there is no such rule, with the nearest that there is.
pub(in crate::cli) fn no_such_rule(asked: &str) -> Failure {
    let failure = Failure::new(exit::USAGE, format!("there is no rule `{}`", visible(asked)));
    match nearest(&asked.to_ascii_uppercase(), rules::all().map(|rule| rule.id)) {
        Some(near) => failure.help(format!("did you mean {near}? `consign explain --list` names them all")),
        None => failure.help("`consign explain --list` names them all"),
    }
}

/// The kind of this name, in any case.
fn kind(asked: &str) -> Result<Kind, Failure> {
    if let Some(kind) = Kind::from_short(asked) {
        return Ok(kind);
    }
    let failure = Failure::new(exit::USAGE, format!("there is no kind and no rule `{}`", visible(asked)));
    let lower = asked.to_ascii_lowercase();
    let names = Kind::ALL.map(|kind| (kind, kind.name().to_ascii_lowercase()));
    let near = nearest(&lower, names.iter().map(|(_, name)| name.as_str()));
    let all = Kind::ALL.map(Kind::name).join(", ");
    Err(match near.and_then(|near| names.iter().find(|(_, name)| name == near)) {
        Some((near, _)) => failure.help(format!("did you mean {near}? The kinds are {all}")),
        None => failure.help(format!("the kinds are {all}; `consign explain --list` names the rules")),
    })
}

fn rule_text(rule: &Rule) -> String {
    let acts: Vec<&str> = rule.acts.iter().map(|act| act.word()).collect();
    let example = rules::example::of(rule.id).map(|example| format!("{}\n", example.text())).unwrap_or_default();
    format!(
        "{}: {}\n\n{}\n\n{example}acts in: {}\nsource: {}\n",
        rule.id,
        rule.title,
        rule.explain,
        acts.join(", "),
        rule.source
    )
}

#[cfg(test)]
mod tests;
