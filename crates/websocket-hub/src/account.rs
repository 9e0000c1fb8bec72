//! What one connection adds to the counts.

use std::time::Instant;

use crate::metrics::Metrics;

/// What of one connection is counted as long as it lasts, and the counts that it goes to.
pub(crate) struct Account {
    pub(crate) metrics: Metrics,
    /// Octets that it was last said to hold.
    held: usize,
    /// When a ping went out that has no answer yet.
    asked: Option<Instant>,
    /// Since when its peer takes nothing, where no core counts that.
    waiting: Option<Instant>,
}

impl Account {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Account { metrics, held: 0, asked: None, waiting: None }
    }

    /// It holds so many octets now.
    pub(crate) fn holds(&mut self, octets: usize) {
        if octets != self.held {
            self.metrics.retained(signed(octets) - signed(self.held));
            self.held = octets;
        }
    }

    /// Whether its peer takes nothing now.
    pub(crate) fn waits(&mut self, waits: bool) {
        match self.waiting {
            None if waits => {
                self.metrics.waits();
                self.waiting = Some(Instant::now());
            }
            Some(since) if !waits => {
                self.metrics.waited(since.elapsed());
                self.waiting = None;
            }
            _ => {}
        }
    }

    /// The peer is asked whether it is there.
    pub(crate) fn asks(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// The peer has answered.
    pub(crate) fn is_answered(&mut self, now: Instant) {
        if let Some(asked) = self.asked.take() {
            self.metrics.round_trip(now.saturating_duration_since(asked));
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.holds(0);
        self.waits(false);
    }
}

fn signed(octets: usize) -> i64 {
    i64::try_from(octets).unwrap_or(i64::MAX)
}
