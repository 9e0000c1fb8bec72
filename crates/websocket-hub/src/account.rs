//! What one connection adds to the counts.

use std::time::Instant;

use crate::memory::Use;
use crate::metrics::Metrics;
use crate::resting::Driver;

/// What of one connection is counted as long as it lasts, and the counts that it goes to.
pub(crate) struct Account {
    pub(crate) metrics: Metrics,
    /// What it was last said to hold; most hold nothing most of the time.
    held: Option<Box<Holdings>>,
    /// When a ping went out that has no answer yet.
    asked: Option<Instant>,
    /// Since when its peer takes nothing, where no core counts that.
    waiting: Option<Instant>,
}

/// Octets that a connection holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) unfinished: usize,
    pub(crate) windows: usize,
    pub(crate) queue: usize,
}

impl Holdings {
    /// Beside what the driver holds there are `unread` octets that arrived and were not looked at. What waits in the
    /// outbox and behind it is charged there.
    pub(crate) fn of(driver: &Driver, unread: usize) -> Self {
        let (unfinished, windows) = (driver.unfinished(), driver.windows());
        let queue = driver.retained().saturating_sub(unfinished + windows);
        Holdings { unfinished: unfinished + unread, windows, queue }
    }
}

impl Account {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Account { metrics, held: None, asked: None, waiting: None }
    }

    /// It holds so much now.
    pub(crate) fn holds(&mut self, holdings: Holdings) {
        let before = self.held.as_deref().copied().unwrap_or_default();
        if holdings == before {
            return;
        }
        self.metrics.retains(Use::Unfinished, before.unfinished, holdings.unfinished);
        self.metrics.retains(Use::Windows, before.windows, holdings.windows);
        self.metrics.retains(Use::Queues, before.queue, holdings.queue);
        self.held = (holdings != Holdings::default()).then(|| Box::new(holdings));
    }

    /// Something arrived, of which so many octets were not looked at. Most leave nothing behind.
    pub(crate) fn received(&mut self, driver: &Driver, unread: usize) {
        if self.held.is_some() || unread > 0 || driver.unfinished() > 0 {
            self.holds(Holdings::of(driver, unread));
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
        self.holds(Holdings::default());
        self.waits(false);
    }
}
