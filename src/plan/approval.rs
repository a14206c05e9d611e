//! What a policy says of consequences: limits, severities, and what manifests acknowledge.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::item::Acknowledgement;
use crate::model::item::Item;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::project::Limit;
use crate::model::project::Policy;
use crate::model::project::Severity;
use crate::plan::Action;
use crate::plan::Consequence;
use crate::plan::make::Draft;

/// Judges each consequence: over a limit, or an error by the policy, it blocks unless it is acknowledged. Those that the
/// policy switched off are left out.
pub(super) fn judge(draft: &Draft<'_>, consequences: &mut Vec<Consequence>) {
    let policy = draft.input.policy;
    let today = draft.input.now.to_zoned(TimeZone::UTC).date();
    consequences.retain(|one| policy.severities.get(&one.code) != Some(&Severity::Off));
    for one in consequences {
        one.over = over(policy, one, is_created(draft, one));
        let by_policy = policy.severities.get(&one.code) == Some(&Severity::Error);
        if one.over.is_none() && !by_policy {
            continue;
        }
        one.severity = Severity::Error;
        let mut lapsed = Vec::new();
        for given in given(draft, one) {
            match holds(given, one, today) {
                Ok(()) => {
                    one.severity = Severity::Warning;
                    one.acknowledged = Some(given.reason.clone());
                    one.accepted_up_to = one.accepted_up_to.max(given.up_to);
                }
                Err(why) => lapsed.push(why),
            }
        }
        if one.severity == Severity::Error && !lapsed.is_empty() {
            one.lapsed = Some(lapsed.join("; "));
        }
    }
}

/// Whether its subject is made by this plan.
fn is_created(draft: &Draft<'_>, one: &Consequence) -> bool {
    let mut own = draft.changes.iter().filter(|change| change.address == one.subject);
    own.any(|change| change.action() == Action::Create)
}

/// Whether more are reached than before: these are no part of the whole that they are compared with.
fn grows(one: &Consequence) -> bool {
    matches!(one.kind.as_str(), "enter" | "newly_targeted" | "comes_under" | "enrolled")
}

/// Which limit a consequence passes, in words. A number that is not known is within no limit.
///
/// A share is one of those who were there. The floor is held against everyone who was there or is, so that a growth from
/// a few, or from none, to many is judged. What is created reaches nobody other than before: there is nothing that its
/// computers are a share of, and only a count limits them.
fn over(policy: &Policy, one: &Consequence, is_created: bool) -> Option<String> {
    let limit = policy.limits.get(&one.code)?;
    let most = one.magnitude.value.map(|value| value.max(one.magnitude.high.unwrap_or(0)));
    match (limit, most) {
        (Limit::Count(limit), None) => Some(format!("the number is not known, and the limit is {limit}")),
        (Limit::Count(limit), Some(n)) if n > *limit => Some(format!("{n} is over {limit}")),
        (Limit::Count(_), Some(_)) => None,
        (Limit::Share(share), most) => match (most, one.magnitude.of) {
            _ if is_created && grows(one) => None,
            // Judged by count alone, in whole numbers: 9 of 20 is 45.0 %.
            (Some(n), Some(of)) if (if grows(one) { of.saturating_add(n) } else { of.max(n) }) < share.floor => None,
            (None, Some(of)) if of < share.floor && !grows(one) => None,
            (Some(0), _) => None,
            (Some(n), Some(of)) if u128::from(n) * 100 <= u128::from(of) * u128::from(share.share.0) => None,
            (Some(n), Some(of)) if of > 0 => {
                let tenths = u128::from(n) * 1000 / u128::from(of);
                Some(format!("{}.{}% is over {}.0% ({n}/{of})", tenths / 10, tenths % 10, share.share.0))
            }
            (Some(n), Some(_)) => Some(format!("{n} of none is over {}", share.share)),
            (Some(n), None) => Some(format!("{n} of nobody knows how many, and the limit is {}", share.share)),
            (None, _) => Some(format!("the number is not known, and the limit is {}", share.share)),
        },
    }
}

/// What the manifests say about it: that of its subject, and those whose change it follows from.
fn given<'d>(draft: &'d Draft<'_>, one: &Consequence) -> Vec<&'d Acknowledgement> {
    items(draft, one).flat_map(|item| &item.acknowledge).filter(|given| given.rule == one.code).collect()
}

fn items<'d>(draft: &'d Draft<'_>, one: &Consequence) -> impl Iterator<Item = &'d Item> {
    let subject = ItemKey::parse(&one.subject).filter(|_| !one.because.contains(&one.subject));
    let causes: Vec<ItemKey> = one.because.iter().filter_map(|address| ItemKey::parse(address)).collect();
    subject.into_iter().chain(causes).filter_map(|key| match &key.package {
        // A program is written in its package's manifest, and so is what is accepted of it (PRG-13).
        Some(package) => draft.input.site.get(&ItemKey::new(Kind::Package, package.as_str())),
        None => draft.input.site.get(&key),
    })
}

/// Whether an acknowledgement covers a consequence; if not, why.
fn holds(given: &Acknowledgement, one: &Consequence, today: Date) -> Result<(), String> {
    if given.expires.civil() < today {
        return Err(format!("the acknowledgement expired on {}", given.expires));
    }
    let most = one.magnitude.value.map(|value| value.max(one.magnitude.high.unwrap_or(0)));
    match (given.up_to, most) {
        (None, None) => Ok(()),
        (None, Some(n)) => {
            Err(format!("an acknowledgement without `upTo` accepts that the number is not known; it is {n}"))
        }
        (Some(up_to), None) => Err(format!("up to {up_to} is acknowledged, and the number is not known")),
        (Some(up_to), Some(n)) if n <= up_to => Ok(()),
        (Some(up_to), Some(n)) => Err(format!("up to {up_to} is acknowledged, and {n} is {} more", n - up_to)),
    }
}
