//! Randomness that is the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use jeton::{Random, RandomError};

/// Bytes that look random and follow from a seed. For tests only: whoever knows the seed knows every key.
///
/// ```
/// use jeton::Random;
/// use jeton_testkit::SeededRandom;
///
/// let (mut one, mut other) = ([0; 16], [0; 16]);
/// SeededRandom::new(7).fill(&mut one).unwrap();
/// SeededRandom::new(7).fill(&mut other).unwrap();
/// assert_eq!(one, other);
/// ```
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// The sequence of that seed, from its beginning.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): a counter, hashed.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_repeats_and_fills_every_length() {
        let random = SeededRandom::new(1);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            let mut bytes = [0; 11];
            random.fill(&mut bytes).unwrap();
            assert!(seen.insert(bytes));
        }
    }
}
