//! Chance that repeats: the same seed gives the same numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::Entropy;

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The splitmix64 number at a place of its sequence: well mixed even for neighbouring places.
pub fn splitmix64(place: u64) -> u64 {
    let mixed = place.wrapping_add(STEP);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// An [`Entropy`] that draws from splitmix64.
#[derive(Debug)]
pub struct SeededEntropy {
    place: AtomicU64,
}

impl SeededEntropy {
    /// A sequence of its own for every seed.
    pub fn new(seed: u64) -> Self {
        Self { place: AtomicU64::new(seed) }
    }
}

impl Entropy for SeededEntropy {
    fn bits(&self) -> u128 {
        let place = self.place.fetch_add(STEP.wrapping_mul(2), Ordering::Relaxed);
        let (high, low) = (splitmix64(place), splitmix64(place.wrapping_add(STEP)));
        u128::from(high) << 64 | u128::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_its_published_first_numbers() {
        assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(STEP), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_seed_repeats_and_fractions_lie_in_the_unit_interval() {
        let draw = |seed| {
            let entropy = SeededEntropy::new(seed);
            (0..1000).map(|_| entropy.fraction()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = draw(3).iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
