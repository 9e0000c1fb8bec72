//! When to look at which connection again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// Times with keys, the soonest first. A time that is not wanted any more stays until it has come.
pub(super) struct Timers {
    /// Times are in milliseconds from here, which is half the size of an `Instant`.
    start: Instant,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Timers {
    pub(super) fn new(start: Instant) -> Timers {
        Timers { start, heap: BinaryHeap::new() }
    }

    /// A time as it is counted here.
    pub(super) fn count(&self, time: Instant) -> u64 {
        // Rounded up: a key that comes back too early would find nothing due.
        let count = time.saturating_duration_since(self.start).as_nanos().div_ceil(1_000_000);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Remembers a key until a time.
    pub(super) fn set(&mut self, time: u64, key: u64) {
        self.heap.push(Reverse((time, key)));
    }

    /// A key whose time has come, and that time.
    pub(super) fn next(&mut self, now: Instant) -> Option<(u64, u64)> {
        let Reverse((time, key)) = *self.heap.peek()?;
        if Duration::from_millis(time) > now.saturating_duration_since(self.start) {
            return None;
        }
        self.heap.pop();
        if self.heap.len() < self.heap.capacity() / 4 {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        Some((key, time))
    }

    /// How long there is nothing to do, from `now`.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let Reverse((time, _)) = self.heap.peek()?;
        Some(Duration::from_millis(*time).saturating_sub(now.saturating_duration_since(self.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_of_their_times_and_never_early() {
        let start = Instant::now();
        let after = |micros| start + Duration::from_micros(micros);
        let mut timers = Timers::new(start);
        assert_eq!(timers.rest(start), None);
        for (time, key) in [(5_000, 5), (1_200, 1), (1_200, 2)] {
            timers.set(timers.count(after(time)), key);
        }
        assert_eq!(timers.rest(start), Some(Duration::from_millis(2)));
        assert_eq!(timers.next(after(1_999)), None);
        assert_eq!([timers.next(after(2_000)), timers.next(after(2_000))], [Some((1, 2)), Some((2, 2))]);
        assert_eq!((timers.next(after(2_000)), timers.rest(after(6_000))), (None, Some(Duration::ZERO)));
        assert_eq!((timers.next(after(6_000)), timers.rest(after(6_000))), (Some((5, 5)), None));
    }

    #[test]
    fn a_heap_that_was_large_becomes_small_again() {
        let start = Instant::now();
        let mut timers = Timers::new(start);
        (0..10_000).for_each(|key| timers.set(0, key));
        while timers.next(start).is_some() {}
        assert!(timers.heap.capacity() < 64, "{}", timers.heap.capacity());
    }
}
