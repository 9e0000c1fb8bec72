//! What a queue holds, charged in steps to the server's counts and to the driver's budget.

use websocket_driver::Budget;

use crate::memory::Use;
use crate::metrics::Metrics;

/// Smaller changes are not charged, in octets, so that messages that go right on cost nothing here. What is empty
/// is charged nothing.
pub(crate) const STEP: usize = 4096;

/// What one queue has been charged. Who drops one that is not empty [settles](Charge::settle) it before.
#[derive(Debug, Default)]
pub(crate) struct Charge(usize);

impl Charge {
    /// The queue holds so many octets. False if it has grown and the budget is full.
    pub(crate) fn settle(&mut self, holds: usize, metrics: &Metrics, budget: Option<&Budget>) -> bool {
        let before = self.0;
        if holds.abs_diff(before) < STEP && (holds > 0 || before == 0) {
            return true;
        }
        self.0 = holds;
        metrics.retains(Use::Queues, before, holds);
        let Some(budget) = budget else { return true };
        if let Some(more) = holds.checked_sub(before) {
            budget.charge(more);
            return !budget.is_full();
        }
        budget.release(before - holds);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_charged_in_steps_and_nothing_when_it_is_empty() {
        let (metrics, budget) = (Metrics::default(), Budget::new(100_000));
        let mut charge = Charge::default();
        for (holds, charged) in [
            (0, 0),
            (4095, 0),
            (4096, 4096),
            (8000, 4096),
            (9000, 9000),
            (5000, 9000),
            (4900, 4900),
            (1000, 4900),
            (0, 0),
        ] {
            assert!(charge.settle(holds, &metrics, Some(&budget)));
            assert_eq!(budget.used(), charged, "{holds}");
            assert_eq!(metrics.snapshot().memory.queues, charged as u64, "{holds}");
        }
    }

    #[test]
    fn whoever_grows_when_the_budget_is_full_is_told() {
        let (metrics, budget) = (Metrics::default(), Budget::new(100_000));
        let (mut one, mut other) = (Charge::default(), Charge::default());
        assert!(one.settle(60_000, &metrics, Some(&budget)));
        assert!(!other.settle(60_000, &metrics, Some(&budget)));
        assert!(one.settle(50_000, &metrics, Some(&budget)), "it did not grow");
        assert!(other.settle(0, &metrics, Some(&budget)));
        assert!(one.settle(60_000, &metrics, Some(&budget)));
    }
}
