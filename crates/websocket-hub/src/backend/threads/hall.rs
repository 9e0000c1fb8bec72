//! Who is there: the threads of a server's connections, how many there may be, and how all of them are told something.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::alarm::Alarm;

/// What a server wants of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// End what has begun, begin nothing.
    Stopping,
    /// End now.
    Closed,
}

#[derive(Clone, Debug)]
pub(super) struct Hall(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    phase: AtomicU8,
    present: Mutex<Present>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Present {
    alarms: HashMap<u64, Arc<Alarm>>,
    next: u64,
}

impl Hall {
    pub(super) fn new(limit: usize) -> Self {
        let (phase, present) = (AtomicU8::new(Phase::Open as u8), Mutex::default());
        Hall(Arc::new(Inner { limit, phase, present, left: Condvar::new() }))
    }

    /// A place for a connection whose thread is reached by `alarm`; none when the hall is full.
    pub(super) fn enter(&self, alarm: &Arc<Alarm>) -> Option<Place> {
        let mut present = self.lock();
        if present.alarms.len() >= self.0.limit {
            return None;
        }
        let number = present.next;
        present.next += 1;
        present.alarms.insert(number, Arc::clone(alarm));
        Some(Place { hall: self.clone(), number })
    }

    pub(super) fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Open,
            1 => Phase::Stopping,
            _ => Phase::Closed,
        }
    }

    /// Tells everybody.
    pub(super) fn tell(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
        self.lock().alarms.values().for_each(|alarm| alarm.ring());
    }

    /// Waits until everybody has left, not for longer than `time`.
    pub(super) fn wait_empty(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut present = self.lock();
        while !present.alarms.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.left.wait_timeout(present, left);
            present = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.0.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    hall: Hall,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hall.lock().alarms.remove(&self.number);
        self.hall.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let (hall, alarm) = (Hall::new(2), Alarm::new().unwrap());
        let first = hall.enter(&alarm).unwrap();
        let second = hall.enter(&alarm).unwrap();
        assert!(hall.enter(&alarm).is_none());
        drop(first);
        let third = hall.enter(&alarm).unwrap();
        assert!(hall.enter(&alarm).is_none());
        drop((second, third));
        hall.wait_empty(Duration::ZERO);
        assert!(hall.enter(&alarm).is_some());
    }

    #[test]
    fn everybody_hears_what_is_told() {
        let (hall, alarm) = (Hall::new(1), Alarm::new().unwrap());
        let _place = hall.enter(&alarm).unwrap();
        assert_eq!(hall.phase(), Phase::Open);
        hall.tell(Phase::Stopping);
        // It hangs if nobody has rung.
        alarm.sleep(&mut [alarm.fd()], None);
        assert_eq!(hall.phase(), Phase::Stopping);
        hall.tell(Phase::Closed);
        assert_eq!(hall.phase(), Phase::Closed);
    }
}
