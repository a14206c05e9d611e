//! When to send again, and when to stop: a decision over numbers, without a clock.

use std::time::Duration;

/// The wait before the first repeat, at the most.
const BASE: Duration = Duration::from_millis(200);
/// No wait of our own is longer.
const CAP: Duration = Duration::from_secs(20);
/// However long a server asks to be left alone, no wait is longer.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// What a whole run may spend on repeats.
const BUDGET: u32 = 500;
/// What one repeat costs.
const COST: u32 = 5;

/// How often a request is sent again, over a whole run: a number of attempts each, full jitter between them, and one
/// budget for all, so that a broken server is not made worse.
#[derive(Clone, Debug)]
pub struct Retry {
    attempts_max: u32,
    budget: u32,
    spent: u32,
}

impl Retry {
    /// At most so many attempts a request.
    pub const fn new(attempts_max: u32) -> Self {
        Self { attempts_max, budget: BUDGET, spent: 0 }
    }

    /// How long to wait after attempt number `attempt` (from 1) failed; `None`: give up.
    pub fn delay(&mut self, attempt: u32, retry_after: Option<Duration>, rng: &mut Rng) -> Option<Duration> {
        if attempt >= self.attempts_max || self.budget < COST {
            return None;
        }
        self.budget -= COST;
        self.spent += COST;
        let most = BASE.saturating_mul(1 << (attempt - 1).min(10)).min(CAP);
        let most_ms = u64::try_from(most.as_millis()).expect("the cap is seconds");
        let jitter = Duration::from_millis(rng.next_u64() % (most_ms + 1));
        Some(retry_after.map_or(jitter, |asked| asked.min(RETRY_AFTER_MAX) + jitter))
    }

    /// A request went through: a little of the budget comes back.
    pub fn succeeded(&mut self) {
        self.budget = (self.budget + 1).min(BUDGET);
    }

    /// The same budget for a request that runs beside others; [`Self::settle`] takes down what it spent.
    pub const fn share(&self) -> Self {
        Self { attempts_max: self.attempts_max, budget: self.budget, spent: 0 }
    }

    /// Takes down what a share spent.
    pub fn settle(&mut self, share: Self) {
        self.budget = self.budget.saturating_sub(share.spent);
        if share.spent == 0 {
            self.succeeded();
        }
    }
}

/// Random numbers from a seed (SplitMix64): the same seed, the same numbers. Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Starts from a seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`; 0 for 0.
    pub const fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next_u64() % n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_attempts_end() {
        let mut rng = Rng::seeded(1);
        let mut retry = Retry::new(20);
        for attempt in 1..20 {
            let delay = retry.delay(attempt, None, &mut rng).unwrap();
            assert!(delay <= CAP, "{attempt}: {delay:?}");
        }
        assert_eq!(retry.delay(20, None, &mut rng), None);
    }

    #[test]
    fn retry_after_is_honoured_but_clamped() {
        let mut rng = Rng::seeded(1);
        let mut retry = Retry::new(3);
        assert!(retry.delay(1, Some(Duration::from_secs(5)), &mut rng).unwrap() >= Duration::from_secs(5));
        let long = retry.delay(1, Some(Duration::from_secs(86_400)), &mut rng).unwrap();
        assert!(long <= RETRY_AFTER_MAX + CAP);
    }

    #[test]
    fn the_budget_ends_over_a_whole_run() {
        let mut rng = Rng::seeded(1);
        let mut retry = Retry::new(3);
        let granted = (0..1000).filter(|_| retry.delay(1, None, &mut rng).is_some()).count();
        assert_eq!(granted, (BUDGET / COST) as usize);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut a, mut b) = (Rng::seeded(7), Rng::seeded(7));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
    }
}
