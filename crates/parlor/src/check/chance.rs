//! Chance that can be had again: everything is drawn from one seed.

use std::time::Duration;

/// A row of numbers that look random and follow from a seed (SplitMix64, by Steele, Lea and Flood).
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// The row of one of those who draw, so that none disturbs another's.
    pub(super) fn new(seed: u64, who: u64) -> Self {
        let mut chance = Chance(seed ^ who.wrapping_mul(0xd134_2543_de82_ef95));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// Whether something happens that happens once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A time between two others, in milliseconds.
    pub(super) fn milliseconds(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis(u64::try_from(from + self.below(to.saturating_sub(from))).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_row_again_and_another_one_to_everybody() {
        let row = |seed, who| {
            let mut chance = Chance::new(seed, who);
            (0..100).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(row(1, 2), row(1, 2));
        assert_ne!(row(1, 2), row(1, 3));
        assert_ne!(row(1, 2), row(2, 2));
        assert!((400..600).contains(&(row(7, 7).iter().sum::<usize>() / 100)));
        let mut chance = Chance::new(1, 1);
        assert!((0..100).all(|_| (20..30).contains(&chance.milliseconds(20, 30).as_millis())));
    }
}
