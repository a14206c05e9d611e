//! Where new GUIDs and tokens come from, as a parameter: random in production, from a seed where a run must repeat.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use sha2::Digest;
use sha2::Sha256;

use crate::model::guid::Guid;

/// A source of what must never come twice.
pub trait Ids: Send + Sync {
    /// A GUID that no item has.
    fn guid(&self) -> Guid;
    /// 256 bits that nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// The machine's secure source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn guid(&self) -> Guid {
        Guid::of(uuid::Uuid::new_v4().as_u128())
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut bytes)
            .expect("a machine without a source of randomness cannot make tokens");
        bytes
    }
}

/// The same IDs for the same seed, in the same order. For simulation: anyone who knows the seed knows the tokens. A store
/// that has seen a seed needs the same value, not a new one of that seed: its GUIDs are there already.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    next: AtomicU64,
}

impl SeededIds {
    /// IDs of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }
}

impl Ids for SeededIds {
    fn guid(&self) -> Guid {
        let bytes = self.secret();
        let mut half = [0; 16];
        half.copy_from_slice(&bytes[..16]);
        Guid::of(uuid::Builder::from_random_bytes(half).into_uuid().as_u128())
    }

    fn secret(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_chance_does_not() {
        let (one, two, other) = (SeededIds::new(7), SeededIds::new(7), SeededIds::new(8));
        assert_eq!((one.guid(), one.secret()), (two.guid(), two.secret()));
        assert_ne!(SeededIds::new(7).guid(), other.guid());
        assert_ne!(RandomIds.secret(), RandomIds.secret());
        assert_ne!(RandomIds.guid(), RandomIds.guid());
    }
}
