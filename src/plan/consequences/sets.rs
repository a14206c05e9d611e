//! Sets of computers that are known, or not.

use std::collections::BTreeMap;

use crate::model::fleet::Computers as Set;
use crate::reach::Known;

/// Takes from each set who is in one of a lower value.
pub(super) fn lowest_wins(mut by_value: BTreeMap<u64, Set>) -> BTreeMap<u64, Set> {
    let mut taken = Set::new();
    for set in by_value.values_mut() {
        *set -= &taken;
        taken |= &*set;
    }
    by_value
}

/// One set without another, where both are known.
pub(super) fn minus(a: &Known<Set>, b: &Known<Set>) -> Known<Set> {
    match (a, b) {
        (Known::Is(a), Known::Is(b)) => Known::Is(a - b),
        // Nobody stays nobody, whoever is taken away.
        (Known::Is(a), Known::Unknown(_)) if a.is_empty() => Known::Is(Set::new()),
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => Known::Unknown(why.clone()),
    }
}

/// What two sets share, where both are known.
pub(super) fn both(a: &Known<Set>, b: &Known<Set>) -> Known<Set> {
    match (a, b) {
        (Known::Is(a), Known::Is(b)) => Known::Is(a & b),
        (Known::Is(none), _) | (_, Known::Is(none)) if none.is_empty() => Known::Is(Set::new()),
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => Known::Unknown(why.clone()),
    }
}

/// Two sets together, where both are known.
pub(super) fn either(a: Known<Set>, b: &Known<Set>) -> Known<Set> {
    match (a, b) {
        (Known::Is(a), Known::Is(b)) => Known::Is(a | b),
        (Known::Unknown(why), _) => Known::Unknown(why),
        (_, Known::Unknown(why)) => Known::Unknown(why.clone()),
    }
}

/// How many, where it is known.
pub(super) fn len(set: &Known<Set>) -> Option<u64> {
    set.value().map(Set::len)
}
