//! Times in buckets that double, which is as exact as a look at a running server needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The buckets end at 1, 2, 4 … microseconds; the last one has no end.
pub(crate) const BUCKETS: usize = 32;

/// How many times fell into which bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    micros: u64,
}

impl Histogram {
    /// How many times were noted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.micros)
    }

    /// Each bucket's upper end and how many times were below it, from the shortest to the longest; what is longer
    /// than the last one is in [`count`](Histogram::count) alone.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let mut below = 0;
        (0..BUCKETS - 1).map(move |bucket| {
            below += self.counts[bucket];
            (Duration::from_micros(1 << bucket), below)
        })
    }

    /// The end of the bucket below which this share of the times lies, from 0 to 1: 0.99 for the slowest of a
    /// hundred. `None` if there are no times.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        // As exact as doubling buckets can be, so the rounding of large counts is no matter.
        #[expect(clippy::cast_precision_loss, reason = "explained above")]
        let is_enough = |below: u64| below as f64 >= count as f64 * share && below > 0;
        let found = self.cumulative().find(|(_, below)| is_enough(*below)).map(|(end, _)| end);
        found.or_else(|| (count > 0).then_some(Duration::from_micros(1 << (BUCKETS - 1))))
    }
}

/// A histogram that grows from several threads.
#[derive(Debug, Default)]
pub(crate) struct Times {
    counts: [AtomicU64; BUCKETS],
    micros: AtomicU64,
}

impl Times {
    pub(crate) fn note(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn add_to(&self, histogram: &mut Histogram) {
        for (sum, count) in histogram.counts.iter_mut().zip(&self.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        histogram.micros += self.micros.load(Ordering::Relaxed);
    }
}

/// The first bucket whose end is not below this.
fn bucket(micros: u64) -> usize {
    let bits = u64::BITS - micros.saturating_sub(1).leading_zeros();
    (bits as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_double() {
        for (micros, expected) in
            [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11), (u64::MAX, BUCKETS - 1)]
        {
            assert_eq!(bucket(micros), expected, "{micros} µs");
        }
    }

    #[test]
    fn quantiles_are_the_ends_of_buckets() {
        let times = Times::default();
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        (0..98).for_each(|_| times.note(Duration::from_micros(100)));
        times.note(Duration::from_millis(10));
        times.note(Duration::from_secs(100_000));
        times.add_to(&mut histogram);
        for (share, micros) in [(0.0, 128), (0.5, 128), (0.98, 128), (0.99, 16_384), (1.0, 1 << 31)] {
            assert_eq!(histogram.quantile(share), Some(Duration::from_micros(micros)), "{share}");
        }
        assert_eq!(
            (histogram.count(), histogram.sum()),
            (100, Duration::from_micros(98 * 100 + 10_000 + 100_000_000_000))
        );
        let last = histogram.cumulative().last().unwrap();
        assert_eq!(last, (Duration::from_micros(1 << 30), 99));
    }
}
