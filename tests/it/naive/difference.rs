//! The first difference between what two models of a computer say.

use std::collections::BTreeSet;
use std::fmt::Write;

use consign::agent::happening::Happening;
use jiff::Timestamp;

/// The first instant at which two lists differ, told; `None`: they are equal.
///
/// What differs in substance is told before what differs only in the order at one instant.
pub fn first_difference(naive: &[Happening], engine: &[Happening]) -> Option<String> {
    let instants: BTreeSet<Timestamp> = naive.iter().chain(engine).map(|happening| happening.at).collect();
    let mut only_order = None;
    for at in instants {
        let (left, right) = (happenings_at(naive, at), happenings_at(engine, at));
        if left == right {
            continue;
        }
        let is_order = sorted(&left) == sorted(&right);
        if is_order && only_order.is_none() {
            only_order = Some(told("in order alone", at, &left, &right));
        }
        if !is_order {
            return Some(told("", at, &left, &right));
        }
    }
    if only_order.is_none() && naive != engine {
        return Some("equal at each instant, but one of the two is not in the order of time".to_owned());
    }
    only_order
}

fn happenings_at(all: &[Happening], at: Timestamp) -> Vec<&Happening> {
    all.iter().filter(|happening| happening.at == at).collect()
}

fn sorted<'a>(happenings: &[&'a Happening]) -> Vec<&'a Happening> {
    let mut sorted = happenings.to_vec();
    sorted.sort();
    sorted
}

fn told(how: &str, at: Timestamp, naive: &[&Happening], engine: &[&Happening]) -> String {
    let mut out = format!("they differ {how} at {at}\n");
    for (name, happenings) in [("naive", naive), ("engine", engine)] {
        writeln!(out, "  {name}:").expect("a string takes all");
        for happening in happenings {
            writeln!(out, "    {:?}", happening.what).expect("a string takes all");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use consign::agent::happening::What;

    use super::*;

    fn at(minute: i64, what: What) -> Happening {
        Happening { at: Timestamp::from_second(minute * 60).unwrap(), what }
    }

    #[test]
    fn a_difference_in_substance_is_told_before_one_in_order() {
        let both = [at(1, What::Restarted), at(1, What::LoggedOff), at(2, What::Assessed)];
        assert_eq!(first_difference(&both, &both), None);
        let turned = [at(1, What::LoggedOff), at(1, What::Restarted), at(2, What::Assessed)];
        assert!(first_difference(&both, &turned).unwrap().contains("in order alone at 1970-01-01T00:01:00Z"));
        let other = [at(1, What::LoggedOff), at(1, What::Restarted), at(3, What::Assessed)];
        assert!(first_difference(&both, &other).unwrap().contains("differ  at 1970-01-01T00:02:00Z"));
        assert!(first_difference(&both, &both[..2]).unwrap().contains("00:02:00Z"));
        let late = [at(2, What::Assessed), at(1, What::Restarted), at(1, What::LoggedOff)];
        assert!(first_difference(&both, &late).unwrap().contains("order of time"));
    }
}
