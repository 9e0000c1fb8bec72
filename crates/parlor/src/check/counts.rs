//! What is counted while the check runs, and says nothing about right or wrong.

use std::collections::BTreeMap;
use std::time::Duration;

/// Acknowledgements whose time is kept: 8 MB of them. Of more, the first ones count.
const KEPT: usize = 1_000_000;

/// How often what happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) acknowledged: u64,
    /// Events that somebody was told of, when they happened or afterwards.
    pub(super) told: u64,
    /// Connections that were opened again.
    pub(super) reconnects: u64,
    /// Of these, those after a frame that was cut in the middle by the client itself.
    pub(super) cut_frames: u64,
    /// Requests that were sent again with the same key.
    pub(super) resends: u64,
    /// Answers that asked to try again later, by what they said.
    pub(super) try_again: u64,
    pub(super) too_busy: u64,
    /// How often a client was too far behind to be told everything.
    pub(super) skipped: u64,
    pub(super) kills: u64,
    /// How often the server was succeeded by another process.
    pub(super) upgrades: u64,
    pub(super) full_disks: u64,
    /// What was done to the parts of a cluster.
    pub(super) faults: BTreeMap<&'static str, u64>,
    /// Seconds between the clocks of those two nodes of a cluster that are furthest apart.
    pub(super) clocks_apart: u64,
    /// How often the log was healed, because its servers had forgotten something, and how many entries that were.
    pub(super) healed: u64,
    pub(super) put_back: u64,
    /// How often a client knew more of a room than the node that it came to.
    pub(super) ahead: u64,
    /// What the network did: connections broken off, pieces delayed, frames repeated.
    pub(super) broken_off: u64,
    pub(super) delayed: u64,
    pub(super) repeated: u64,
    /// From the first time that a wish was sent to its acknowledgement.
    latencies: Vec<Duration>,
}

impl Counts {
    pub(super) fn acknowledged(&mut self, after: Duration) {
        self.acknowledged += 1;
        if self.latencies.len() < KEPT {
            self.latencies.push(after);
        }
    }

    /// The latency that so many of a thousand acknowledgements do not exceed.
    pub(super) fn latency(&self, of_thousand: usize) -> Duration {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let rank = (latencies.len() * of_thousand).div_ceil(1_000);
        latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_least_that_so_many_do_not_exceed() {
        let mut counts = Counts::default();
        assert_eq!(counts.latency(990), Duration::ZERO);
        for milliseconds in (1..=1_000).rev() {
            counts.acknowledged(Duration::from_millis(milliseconds));
        }
        assert_eq!(counts.latency(500), Duration::from_millis(500));
        assert_eq!(counts.latency(990), Duration::from_millis(990));
    }
}
