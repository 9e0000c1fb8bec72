//! What was said in a room and who has heard what, while it happens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

const QUIET: u8 = 0;
const TALKING: u8 = 1;
const ENDED: u8 = 2;

/// A room, as everybody in it knows it together.
pub struct Room {
    pub id: String,
    phase: AtomicU8,
    /// How many messages were acknowledged, and the last of their sequences. Complete once `is_settled`.
    acknowledged: AtomicUsize,
    last: AtomicU64,
    is_settled: AtomicU8,
    /// How often each was heard first by somebody, by its number: more than one place is a doubled one.
    places: Mutex<HashMap<u64, Vec<u64>>>,
}

impl Room {
    pub fn new(id: String) -> Room {
        Room {
            id,
            phase: AtomicU8::new(QUIET),
            acknowledged: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            is_settled: AtomicU8::new(0),
            places: Mutex::default(),
        }
    }

    /// Who speaks here begins to.
    pub fn begin(&self) {
        self.phase.store(TALKING, Ordering::Relaxed);
    }

    /// Who speaks here says no more.
    pub fn end(&self) {
        self.phase.store(ENDED, Ordering::Relaxed);
    }

    pub fn is_talking(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == TALKING
    }

    pub fn has_ended(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == ENDED
    }

    /// A message was acknowledged, with this sequence.
    pub fn acknowledged(&self, sequence: u64) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        self.last.fetch_max(sequence, Ordering::Relaxed);
    }

    /// Everything that was said is acknowledged.
    pub fn settle(&self) {
        self.is_settled.store(1, Ordering::Release);
    }

    /// The sequence of the last message, once there will be no further one.
    pub fn last(&self) -> Option<u64> {
        (self.is_settled.load(Ordering::Acquire) == 1).then(|| self.last.load(Ordering::Relaxed))
    }

    /// Somebody has heard a message, by its number, at this place.
    pub fn heard(&self, number: u64, sequence: u64) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let places = places.entry(number).or_default();
        if !places.contains(&sequence) {
            places.push(sequence);
        }
    }

    /// How many messages were acknowledged, how many of them nobody has heard, and how many have several places.
    pub fn account(&self) -> (usize, usize, usize) {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let said = self.acknowledged.load(Ordering::Relaxed);
        let doubled = places.values().map(|places| places.len() - 1).sum();
        (said, said.saturating_sub(places.len()), doubled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_heard_is_lost_and_what_has_two_places_is_doubled() {
        let room = Room::new("r".to_owned());
        for (number, sequence) in [(1, 1), (1, 1), (2, 2), (2, 4)] {
            room.heard(number, sequence);
        }
        (1..=3).for_each(|sequence| room.acknowledged(sequence));
        assert_eq!(room.account(), (3, 1, 1));
        assert_eq!(room.last(), None);
        room.settle();
        assert_eq!(room.last(), Some(3));
    }
}
