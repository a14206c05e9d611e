//! Chances that follow from a seed: `SplitMix64`.

/// A row of chances.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// The row of a seed for one purpose and one place; rows have nothing to do with each other.
    pub(super) const fn of(seed: u64, what: u64, n: u64) -> Self {
        let seed = mixed(seed ^ 0x5EED_0F1E_E7C0_FFEE);
        Self(mixed(seed.wrapping_add(mixed(what)).wrapping_mul(0xD134_2543_DE82_EF95) ^ mixed(!n)))
    }

    /// 64 bits.
    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// 128 bits.
    pub(super) const fn bits128(&mut self) -> u128 {
        let (high, low) = (self.bits() as u128, self.bits() as u128);
        high << 64 | low
    }

    /// A number below another.
    pub(super) const fn below(&mut self, most: u64) -> u64 {
        ((self.bits() as u128 * most as u128) >> 64) as u64
    }

    /// True so many times of a hundred.
    pub(super) const fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent as u64
    }

    /// From 0 to 1, and never 1.
    pub(super) const fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of several, by their weights; there is at least one, and a weight above 0.
    pub(super) fn weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> T {
        let total: u64 = of.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut at = self.below(total.max(1));
        for (one, weight) in of {
            if at < u64::from(*weight) {
                return *one;
            }
            at -= u64::from(*weight);
        }
        of[of.len() - 1].0
    }
}

const fn mixed(value: u64) -> u64 {
    let mut z = value;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
