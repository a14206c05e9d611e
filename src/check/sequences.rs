//! Sequential tasks: SEQ-3.

use std::collections::BTreeSet;

use super::context::Context;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::sequence::Dependency;
use crate::rules::sequence::SEQ_3;

/// A step depends on earlier steps, each named once (SEQ-3).
pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::SequentialTask) {
        let Spec::SequentialTask(task) = &item.spec else { continue };
        for (index, step) in task.steps.iter().enumerate() {
            let here = index + 1; // Steps are counted from 1.
            let mut named = BTreeSet::new();
            for (at, dependency) in step.depends_on.iter().enumerate() {
                let needed = dependency.step() as usize;
                let pointer = match dependency {
                    Dependency::Step(_) => format!("steps/{index}/dependsOn/{at}"),
                    Dependency::Codes(_) => format!("steps/{index}/dependsOn/{at}/step"),
                };
                let problem = if needed == 0 {
                    Some(("steps are counted from 1".to_owned(), "the first step is 1".to_owned()))
                } else if needed > task.steps.len() {
                    let message = format!("step {here} depends on step {needed}, and there are {}", task.steps.len());
                    Some((message, earlier(here)))
                } else if needed == here {
                    Some((format!("step {here} depends on itself"), earlier(here)))
                } else if needed > here {
                    Some((format!("step {here} depends on step {needed}, which comes after it"), earlier(here)))
                } else if !named.insert(needed) {
                    let message = format!("step {here} depends on step {needed} twice");
                    Some((message, "name it once; its `returnCodes` can list several".to_owned()))
                } else {
                    None
                };
                if let Some((message, help)) = problem {
                    context.value(&SEQ_3, &item.key, &pointer, message, help);
                }
            }
        }
    }
}

fn earlier(here: usize) -> String {
    match here {
        1 => "the first step can depend on none".to_owned(),
        2 => "it can depend on step 1".to_owned(),
        _ => format!("it can depend on steps 1 to {}; moving steps gives the task a new GUID (SEQ-1)", here - 1),
    }
}
