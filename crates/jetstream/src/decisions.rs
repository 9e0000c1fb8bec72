//! What a node has decided, as hashes that nodes compare: one for each 100 places of the log.
//!
//! They are made of what never changes, even if it is erased later: what became of each proposal, where in its room, through
//! whom and when. A node has the hash only of places on all of which it has decided itself, one after the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::{Outcome, Position};
use sha2::{Digest, Sha256};

/// Places that one hash is of.
const PLACES: u64 = 100;
/// Blocks that wait to be told at most; of more the newest are told.
const WAITING: usize = 256;

/// Places that are compared together: the block 0 is of the places 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(pub(crate) u64);

impl Block {
    /// The places, the first and the last.
    pub fn places(self) -> (Position, Position) {
        let before = self.0.saturating_mul(PLACES);
        (Position(before.saturating_add(1)), Position(before.saturating_add(PLACES)))
    }

    /// Where a place is.
    fn of(place: Position) -> Self {
        Block(place.0.saturating_sub(1) / PLACES)
    }
}

/// What a node has decided and has not told the others.
#[derive(Debug, Clone, Default)]
pub struct Decisions(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The last place that was decided.
    last: Position,
    /// What came before in the block that it is in, if nothing of that is missing.
    hash: Option<Sha256>,
    waiting: VecDeque<(Block, u64)>,
}

impl Decisions {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what was decided next. What is left out is in no hash, nor are the places beside it.
    pub(crate) fn add(&self, outcomes: &[Outcome]) {
        let mut state = self.lock();
        outcomes.iter().for_each(|outcome| state.add(outcome));
    }

    /// The hashes of those blocks that came to their end since the last call, the newest 256.
    pub fn take(&self) -> Vec<(Block, u64)> {
        std::mem::take(&mut self.lock().waiting).into()
    }
}

impl State {
    fn add(&mut self, outcome: &Outcome) {
        let place = outcome.position;
        let block = Block::of(place);
        let (first, last) = block.places();
        if place == first {
            self.hash = Some(Sha256::new());
        } else if place != self.last.next() {
            self.hash = None;
        }
        self.last = place;
        let Some(hash) = &mut self.hash else { return };
        put(outcome, hash);
        if place == last
            && let Some(hash) = self.hash.take()
        {
            let hash = hash.finalize();
            let hash = u64::from_be_bytes(*hash.first_chunk().expect("a hash of 32 octets has eight"));
            if self.waiting.len() == WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back((block, hash));
        }
    }
}

fn put(outcome: &Outcome, hash: &mut Sha256) {
    let Outcome { position, verdict, repeated, event } = outcome;
    let (kind, number) = match verdict {
        // What it was the first time may be forgotten.
        _ if *repeated => (0, 0),
        Ok(_) => (1, 0),
        Err(refusal) => (2, refusal.number()),
    };
    let event = event.as_ref().map(|event| {
        let (room, sequence) = event.place.map_or((0, 0), |place| (place.room.0, place.sequence.0));
        [1, event.by.0, event.at.0, room, sequence]
    });
    for number in [position.0, kind, number].into_iter().chain(event.unwrap_or_default()) {
        hash.update(number.to_be_bytes());
    }
}

/// What somebody did who was accepted at each of these places.
#[cfg(test)]
pub(crate) fn outcomes(places: std::ops::RangeInclusive<u64>) -> Vec<Outcome> {
    use parlor_chat::{Event, PersonId, Place, Receipt, RoomId, Sequence, Timestamp, What};

    let outcome = |number| {
        let position = Position(number);
        let place = Some(Place { room: RoomId::LOBBY, sequence: Sequence(number) });
        let event = Event { position, at: Timestamp(number), by: PersonId(7), place, what: What::Departed };
        Outcome { position, verdict: Ok(Receipt { position, place }), repeated: false, event: Some(event) }
    };
    places.map(outcome).collect()
}

#[cfg(test)]
mod tests {
    use parlor_chat::{PersonId, Refusal, Sequence, Timestamp, What};

    use super::*;

    fn hashes(pieces: &[&[Outcome]]) -> Vec<(Block, u64)> {
        let decisions = Decisions::default();
        pieces.iter().for_each(|piece| decisions.add(piece));
        decisions.take()
    }

    #[test]
    fn a_block_has_the_same_hash_however_it_was_cut_and_only_if_all_of_it_was_decided() {
        let whole = hashes(&[&outcomes(1..=300)]);
        assert_eq!(whole.iter().map(|(block, _)| *block).collect::<Vec<_>>(), [Block(0), Block(1), Block(2)]);
        assert_eq!(Block(1).places(), (Position(101), Position(200)));
        let pieces = outcomes(1..=300);
        let pieces: Vec<&[Outcome]> = pieces.chunks(7).collect();
        assert_eq!(hashes(&pieces), whole);
        assert_eq!(hashes(&[&outcomes(2..=250)]), whole[1..2]);
        assert_eq!(hashes(&[&outcomes(1..=150), &outcomes(152..=300)]), [whole[0], whole[2]]);
        assert_eq!(hashes(&[&outcomes(1..=99)]), []);
    }

    #[test]
    fn whatever_is_decided_otherwise_makes_another_hash() {
        let expected = hashes(&[&outcomes(1..=100)]);
        let changes: [fn(&mut Outcome); 7] = [
            |outcome| outcome.repeated = true,
            |outcome| outcome.verdict = Err(Refusal::NotAMember),
            |outcome| outcome.event = None,
            |outcome| outcome.event.as_mut().unwrap().by = PersonId(8),
            |outcome| outcome.event.as_mut().unwrap().at = Timestamp(1),
            |outcome| outcome.event.as_mut().unwrap().place = None,
            |outcome| outcome.event.as_mut().unwrap().place.as_mut().unwrap().sequence = Sequence(9),
        ];
        for change in changes {
            let mut outcomes = outcomes(1..=100);
            change(&mut outcomes[50]);
            assert_ne!(hashes(&[&outcomes]), expected);
        }
        let mut erased = outcomes(1..=100);
        erased[50].event.as_mut().unwrap().what = What::PersonErased;
        assert_eq!(hashes(&[&erased]), expected, "what it was may be erased");
    }

    #[test]
    fn no_more_blocks_wait_than_a_number() {
        let found = hashes(&[&outcomes(1..=30_000)]);
        assert_eq!((found.len(), found[0].0), (WAITING, Block(44)));
    }
}
