//! Latencies, counted in buckets that are a thirty-second of their value wide.

use std::time::Duration;

/// Buckets for each doubling.
const STEPS: usize = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// How often each duration occurred.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; STEPS * 60], total: 0 }
    }
}

impl Histogram {
    pub fn add(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// The duration that this share of all does not exceed, in milliseconds; 0 if there is none.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted.max(1) {
                return middle(bucket) / 1e6;
            }
        }
        0.0
    }
}

fn bucket(value: u64) -> usize {
    if value < STEPS as u64 {
        return value as usize;
    }
    let doublings = value.ilog2() - STEP_BITS;
    (doublings as usize + 1) * STEPS + ((value >> doublings) as usize - STEPS)
}

fn middle(bucket: usize) -> f64 {
    if bucket < STEPS {
        return bucket as f64;
    }
    let doublings = (bucket / STEPS - 1) as i32;
    (bucket % STEPS + STEPS) as f64 * 2f64.powi(doublings) + 2f64.powi(doublings) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_thirtieth() {
        let mut histogram = Histogram::default();
        for microseconds in 1..=10_000 {
            histogram.add(Duration::from_micros(microseconds));
        }
        for (share, milliseconds) in [(0.01, 0.1), (0.5, 5.0), (0.99, 9.9), (1.0, 10.0)] {
            let found = histogram.quantile(share);
            assert!((found / milliseconds - 1.0).abs() < 1.0 / 30.0, "{share}: {found}");
        }
    }

    #[test]
    fn every_duration_has_a_bucket() {
        let mut histogram = Histogram::default();
        histogram.add(Duration::ZERO);
        histogram.add(Duration::MAX);
        assert_eq!(histogram.quantile(0.5), 0.0);
        assert!(histogram.quantile(1.0) > 1e12);
    }
}
