//! How long to wait before connecting again.

use std::time::Duration;

/// How long to wait before connecting again: delays that double from [`first`](Backoff::first) to
/// [`max`](Backoff::max), each drawn by lot between its half and its whole, so that those who lost a server
/// together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use websocket_client::Backoff;
///
/// let backoff = Backoff { max: Duration::from_secs(5), ..Backoff::default() };
/// assert_eq!(backoff.delay(0, 0), Duration::from_millis(250));
/// assert_eq!(backoff.delay(1, u32::MAX), Duration::from_secs(1));
/// assert_eq!(backoff.delay(99, u32::MAX), Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The whole of the first delay. Default: 0.5 s.
    pub first: Duration,
    /// The whole of the longest delay. Default: 30 s.
    pub max: Duration,
    /// After a connection that was up for so long the delays begin anew; shorter ones count as failures, so that
    /// a server which takes connections and drops them is left in peace more and more. Default: 10 s.
    pub steady: Duration,
    /// The longest `Retry-After` that is believed; a longer one is cut to this. Default: 1 h.
    pub max_retry_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            first: Duration::from_millis(500),
            max: Duration::from_secs(30),
            steady: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60 * 60),
        }
    }
}

impl Backoff {
    /// The delay after `failures` failures before this one. `random` is the lot: 0 gives the half, the greatest
    /// number the whole.
    pub fn delay(&self, failures: u32, random: u32) -> Duration {
        let whole = 2u32
            .checked_pow(failures)
            .and_then(|factor| self.first.checked_mul(factor))
            .map_or(self.max, |whole| whole.min(self.max));
        whole / 2 + share(whole / 2, random)
    }

    /// A delay of at least `least`, with a lot of up to the first step on top.
    pub(crate) fn at_least(&self, least: Duration, random: u32) -> Duration {
        least.saturating_add(share(self.first, random))
    }
}

/// So much of `whole` as `random` is of its greatest.
fn share(whole: Duration, random: u32) -> Duration {
    let nanos = whole.as_nanos().saturating_mul(u128::from(random)) / u128::from(u32::MAX);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let backoff = Backoff::default();
        for (failures, whole) in [
            (0, 500),
            (1, 1000),
            (2, 2000),
            (5, 16_000),
            (6, 30_000),
            (31, 30_000),
            (32, 30_000),
            (u32::MAX, 30_000),
        ] {
            let whole = Duration::from_millis(whole);
            assert_eq!(backoff.delay(failures, 0), whole / 2, "{failures}");
            assert_eq!(backoff.delay(failures, u32::MAX), whole, "{failures}");
            let middle = backoff.delay(failures, u32::MAX / 2);
            assert!(middle > whole * 7 / 10 && middle < whole * 8 / 10, "{failures}: {middle:?}");
        }
    }

    #[test]
    fn no_setting_overflows() {
        let huge = Backoff { first: Duration::MAX, max: Duration::MAX, ..Backoff::default() };
        assert!(huge.delay(u32::MAX, u32::MAX) >= Duration::MAX / 2);
        assert_eq!(huge.at_least(Duration::MAX, u32::MAX), Duration::MAX);
        let zero = Backoff { first: Duration::ZERO, ..Backoff::default() };
        assert_eq!(zero.delay(3, 7), Duration::ZERO);
    }
}
