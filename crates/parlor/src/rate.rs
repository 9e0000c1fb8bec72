//! How much may be asked: a bucket of tokens that fills at a steady rate.

use std::time::{Duration, Instant};

/// Tokens, one for each request.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
    refused: u32,
}

impl Rate {
    /// A full bucket.
    pub(crate) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst.max(1));
        Rate { per_second: f64::from(per_second.max(1)), burst, tokens: burst, filled: now, refused: 0 }
    }

    /// A full bucket into which one token comes each time that so much time has passed.
    pub(crate) fn every(time: Duration, burst: u32, now: Instant) -> Self {
        Rate { per_second: 1.0 / time.as_secs_f64(), ..Rate::new(1, burst, now) }
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
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.filled = now;
        if self.tokens < 1.0 {
            self.refused = self.refused.saturating_add(1);
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second));
        }
        self.tokens -= 1.0;
        self.refused = 0;
        Ok(())
    }

    /// How many requests found no token since the last that did.
    pub(crate) fn refused_in_a_row(&self) -> u32 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
