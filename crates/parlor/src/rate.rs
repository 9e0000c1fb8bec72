//! How much may be asked: a bucket of tokens that fills at a steady rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::spending::{Purse, Spending};

/// What was spent elsewhere counts up to so many times what the bucket holds, or what comes into it in a second.
const DEBT: f64 = 10.0;
/// Whoever spends less than this part of what comes into the bucket in a second is not told of.
const WORTH_TELLING: f64 = 0.125;

/// Tokens, one for each request.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
    refused: u32,
    /// Where what is taken is known to other nodes, and as whose.
    told: Option<(Arc<Spending>, Purse, u64)>,
}

impl Rate {
    /// A full bucket.
    pub(crate) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst.max(1));
        Rate {
            per_second: f64::from(per_second.max(1)),
            burst,
            tokens: burst,
            filled: now,
            refused: 0,
            told: None,
        }
    }

    /// A full bucket into which one token comes each time that so much time has passed.
    pub(crate) fn every(time: Duration, burst: u32, now: Instant) -> Self {
        Rate { per_second: 1.0 / time.as_secs_f64(), ..Rate::new(1, burst, now) }
    }

    /// One that is the same at other nodes, which are told of what is taken here.
    pub(crate) fn told(self, spending: &Arc<Spending>, purse: Purse, key: u64) -> Self {
        Rate { told: Some((Arc::clone(spending), purse, key)), ..self }
    }

    /// Whether it is as if it had never been used.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens + passed * self.per_second >= self.burst
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// After what time there will be one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.fill(now);
        if self.tokens < 1.0 {
            self.refused = self.refused.saturating_add(1);
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second));
        }
        self.tokens -= 1.0;
        self.refused = 0;
        if let Some((spending, purse, key)) = &self.told {
            spending.note(*purse, *key, 1, self.per_second * WORTH_TELLING);
        }
        Ok(())
    }

    /// So many were taken at other nodes. They are missing here, even if there are not so many: what was taken too often is
    /// waited for.
    pub(crate) fn taken_elsewhere(&mut self, count: i32, now: Instant) {
        self.fill(now);
        let least = -DEBT * self.burst.max(self.per_second);
        self.tokens = (self.tokens - f64::from(count)).clamp(least, self.burst);
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.filled = now;
    }

    /// How many requests found no token since the last that did.
    pub(crate) fn refused_in_a_row(&self) -> u32 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One at each of some nodes, and what tells the others.
    fn nodes(count: usize, per_second: u32, burst: u32, now: Instant) -> Vec<(Rate, Arc<Spending>)> {
        let node = || {
            let spending = Arc::new(Spending::default());
            spending.begin();
            (Rate::new(per_second, burst, now).told(&spending, Purse::REQUESTS, 1), spending)
        };
        (0..count).map(|_| node()).collect()
    }

    /// All nodes are told what was spent at the others.
    fn tell(nodes: &mut [(Rate, Arc<Spending>)], now: Instant) {
        for from in 0..nodes.len() {
            for spent in nodes[from].1.take() {
                let others = nodes.iter_mut().enumerate().filter(|(to, _)| *to != from);
                others.for_each(|(_, (rate, _))| rate.taken_elsewhere(spent.count, now));
            }
        }
    }

    #[test]
    fn what_several_nodes_let_pass_is_what_one_does_but_for_the_first_interval() {
        for count in [1, 2, 3, 8] {
            let start = Instant::now();
            let mut nodes = nodes(count, 20, 100, start);
            let (mut passed, seconds) = (0, 300);
            for step in 0..seconds * 50 {
                let now = start + Duration::from_millis(20 * step);
                if step % 50 == 49 {
                    tell(&mut nodes, now);
                }
                passed += nodes.iter_mut().filter_map(|(rate, _)| rate.take(now).ok()).count();
            }
            let one = 100 + 20 * usize::try_from(seconds).unwrap();
            assert!((one - 21..=one + (count - 1) * 150).contains(&passed), "{passed} at {count} nodes");
        }
    }

    #[test]
    fn what_was_spent_elsewhere_is_owed_up_to_a_bound_and_given_back_up_to_what_the_bucket_holds() {
        let now = Instant::now();
        let mut rate = Rate::new(1, 5, now);
        rate.taken_elsewhere(8, now);
        assert_eq!(rate.take(now), Err(Duration::from_secs(4)));
        rate.taken_elsewhere(i32::MAX, now);
        assert_eq!(rate.take(now), Err(Duration::from_secs(51)));
        rate.taken_elsewhere(i32::MIN, now);
        assert_eq!((0..9).filter(|_| rate.take(now).is_ok()).count(), 5);
    }

    #[test]
    fn who_spends_a_little_is_not_told_of() {
        let now = Instant::now();
        let mut nodes = nodes(1, 20, 100, now);
        let (rate, spending) = &mut nodes[0];
        for (taken, told) in [(2, 0), (3, 1), (2, 0)] {
            (0..taken).for_each(|_| rate.take(now).unwrap());
            assert_eq!(spending.take().len(), told, "{taken}");
        }
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_does() {
        let start = Instant::now();
        let mut rate = Rate::new(10, 5, start);
        for _ in 0..5 {
            assert_eq!(rate.take(start), Ok(()));
        }
        let wait = rate.take(start).unwrap_err();
        assert_eq!(wait.as_millis(), 100);
        assert_eq!(rate.take(start + wait), Ok(()));
        assert!(rate.take(start + wait).is_err());
        let passed =
            (0..1_000).filter(|step| rate.take(start + wait + Duration::from_millis(10 * step)).is_ok());
        assert_eq!(passed.count(), 99, "ten a second, whatever is asked");
        let much_later = start + Duration::from_secs(3_600);
        assert_eq!((0..9).filter(|_| rate.take(much_later).is_ok()).count(), 5);
    }
}
