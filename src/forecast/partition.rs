//! Deals computers to kinds: those that are in the same zone and in the same sets are one part.
//!
//! A computer's sign is the sum of a random number for its zone and one for each set that it is in; equal signs are one
//! part. Each set costs its members, however many parts there are, and ranges of computers are dealt beside each other.
//! Two computers that differ have equal signs with a probability of 2^-128: for a million computers of a million kinds,
//! one forecast in 10^26 would take two kinds for one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;
use std::hash::RandomState;

use jiff::SignedDuration;
use jiff::Timestamp;
use rayon::prelude::*;

use crate::forecast::Population;
use crate::forecast::classes::is_zone;
use crate::model::fleet::Computer;
use crate::model::fleet::Computers;
use crate::model::fleet::Fleet;

/// How many computers are dealt at a time: what one container of a compressed set holds, so that a set is read in whole
/// containers, and what is written stays in a core's cache.
const RANGE: usize = 1 << 16;

/// The parts, by their first members, and who is left out.
pub(super) struct Parts {
    /// Who cannot be told apart.
    pub parts: Vec<Computers>,
    /// Whom they are made of.
    pub population: Population,
}

/// Deals those who live to parts.
pub(super) fn partition(fleet: &Fleet, not_seen_days: u32, sets: &[Cow<'_, Computers>]) -> Parts {
    let random = Random([RandomState::new(), RandomState::new()]);
    let everybody = fleet.computers.len() as u64;
    let sets: Vec<(u128, &Computers)> = (0_usize..)
        .zip(sets)
        .filter(|(_, set)| set.len() < everybody)
        .map(|(at, set)| (random.of(&at), &**set))
        .collect();
    let since = since(fleet, not_seen_days);
    let ranges: Vec<Dealt<'_>> = fleet
        .computers
        .par_chunks(RANGE)
        .enumerate()
        .map(|(at, computers)| deal(number(at * RANGE), computers, since, &sets, &random))
        .collect();
    together(ranges, Population { known: everybody, not_seen_days, ..Population::default() })
}

/// Who lives: neither retired nor out of sight for so many days before the fleet was read.
pub fn alive(fleet: &Fleet, not_seen_days: u32) -> Computers {
    let since = since(fleet, not_seen_days);
    (0_u32..).zip(&fleet.computers).filter(|(_, one)| sight(one, since) == Sight::Lives).map(|(at, _)| at).collect()
}

/// Whether a computer lives in a forecast.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Lives,
    /// It does nothing (LIC-4).
    Retired,
    NotSeen,
    NeverSeen,
}

fn sight(computer: &Computer, since: Timestamp) -> Sight {
    match computer.last_seen {
        _ if computer.retired => Sight::Retired,
        Some(at) if at >= since => Sight::Lives,
        Some(_) => Sight::NotSeen,
        None => Sight::NeverSeen,
    }
}

/// Who was seen at this instant or later is in sight.
fn since(fleet: &Fleet, not_seen_days: u32) -> Timestamp {
    let span = SignedDuration::from_hours(24 * i64::from(not_seen_days));
    fleet.read_at.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

/// Numbers that nobody can choose sets by.
struct Random([RandomState; 2]);

impl Random {
    fn of<T: std::hash::Hash + ?Sized>(&self, what: &T) -> u128 {
        let [high, low] = self.0.each_ref().map(|one| u128::from(one.hash_one(what)));
        high << 64 | low
    }
}

/// Places by sign: a sign is random as it is, and needs no hashing.
type Places = HashMap<u128, usize, BuildHasherDefault<AsItIs>>;

#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, sign: u128) {
        self.0 = sign as u64;
    }
}

/// A range of computers that was dealt.
#[derive(Default)]
struct Dealt<'f> {
    /// Signs with their computers, by the first of these.
    parts: Vec<(u128, Computers)>,
    retired: u64,
    not_seen: u64,
    never_seen: u64,
    unknown_zones: BTreeMap<&'f str, u64>,
}

fn deal<'f>(
    first: u32,
    computers: &'f [Computer],
    since: Timestamp,
    sets: &[(u128, &Computers)],
    random: &Random,
) -> Dealt<'f> {
    let mut signs = vec![0_u128; computers.len()];
    let last = first + number(computers.len() - 1);
    for (random, set) in sets {
        set.range(first..=last).for_each(|member| {
            let sign = &mut signs[(member - first) as usize];
            *sign = sign.wrapping_add(*random);
        });
    }
    let mut dealt = Dealt::default();
    // There are few zones, and names that begin alike are told apart faster than they are hashed.
    let mut zones: BTreeMap<&str, (u128, bool)> = BTreeMap::new();
    let mut places = Places::default();
    let mut parts: Vec<(u128, Vec<u32>)> = Vec::new();
    for ((at, computer), sign) in (first..).zip(computers).zip(signs) {
        match sight(computer, since) {
            Sight::Lives => {}
            Sight::Retired => {
                dealt.retired += 1;
                continue;
            }
            Sight::NotSeen => {
                dealt.not_seen += 1;
                continue;
            }
            Sight::NeverSeen => {
                dealt.never_seen += 1;
                continue;
            }
        }
        let zone = computer.zone.as_str();
        let (of_zone, is_known) = *zones.entry(zone).or_insert_with(|| {
            let is_known = is_zone(zone);
            (random.of(if is_known { zone } else { "UTC" }), is_known)
        });
        if !is_known {
            *dealt.unknown_zones.entry(zone).or_default() += 1;
        }
        let sign = sign.wrapping_add(of_zone);
        let place = *places.entry(sign).or_insert(parts.len());
        match parts.get_mut(place) {
            Some((_, members)) => members.push(at),
            None => parts.push((sign, vec![at])),
        }
    }
    let set = |members| Computers::from_sorted_iter(members).expect("computers are counted up");
    dealt.parts = parts.into_iter().map(|(sign, members)| (sign, set(members))).collect();
    dealt
}

/// Ranges one after the other; a part may be in many.
fn together(ranges: Vec<Dealt<'_>>, mut population: Population) -> Parts {
    let mut places = Places::default();
    let mut parts: Vec<Computers> = Vec::new();
    for range in ranges {
        population.retired += range.retired;
        population.not_seen += range.not_seen + range.never_seen;
        population.never_seen += range.never_seen;
        for (zone, count) in range.unknown_zones {
            *population.unknown_zones.entry(zone.to_owned()).or_default() += count;
        }
        for (sign, members) in range.parts {
            population.simulated += members.len();
            let place = *places.entry(sign).or_insert(parts.len());
            match parts.get_mut(place) {
                Some(part) => *part |= members,
                None => parts.push(members),
            }
        }
    }
    population.kinds = parts.len() as u64;
    Parts { parts, population }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a fleet has fewer than 2^32 computers")
}
