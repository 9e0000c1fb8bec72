//! What was read of the stream and is not applied yet.

use std::collections::VecDeque;

use crate::layout::StreamSequence;
use crate::message::Delivered;

/// Messages that are kept at most: those that are being written, those that are decided, and those that come next.
const MOST: usize = 4_096;
/// Octets of messages that are kept at most, but for the last.
const MOST_OCTETS: usize = 16 << 20;

/// Messages in the order of the stream, each once.
#[derive(Default)]
pub(super) struct Unapplied {
    messages: VecDeque<Delivered>,
    octets: usize,
}

impl Unapplied {
    pub(super) fn has_room(&self) -> bool {
        self.messages.len() < MOST && self.octets < MOST_OCTETS
    }

    /// The last.
    pub(super) fn last(&self) -> Option<StreamSequence> {
        self.messages.back().map(|message| message.sequence)
    }

    /// Adds what comes behind the others. What does not has come before.
    pub(super) fn push(&mut self, message: Delivered) {
        if self.last().is_none_or(|last| message.sequence > last) {
            self.octets += message.payload.len();
            self.messages.push_back(message);
        }
    }

    /// Those behind one.
    pub(super) fn after(&self, sequence: StreamSequence) -> impl Iterator<Item = &Delivered> {
        let from = self.messages.partition_point(|message| message.sequence <= sequence);
        self.messages.range(from..)
    }

    /// Takes out the next up to one.
    pub(super) fn pop_through(&mut self, sequence: StreamSequence) -> Option<Delivered> {
        let message = self.messages.pop_front_if(|message| message.sequence <= sequence)?;
        self.octets -= message.payload.len();
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sequence: u64, octets: usize) -> Delivered {
        let (sequence, payload) = (StreamSequence(sequence), vec![0; octets].into());
        Delivered { sequence, count: 1, own: Vec::new(), subject: "x".into(), payload }
    }

    #[test]
    fn each_message_is_there_once_and_in_order() {
        let mut unapplied = Unapplied::default();
        [3, 4, 4, 2, 6].into_iter().for_each(|place| unapplied.push(message(place, 1)));
        let after = |sequence| {
            unapplied.after(StreamSequence(sequence)).map(|message| message.sequence.0).collect::<Vec<_>>()
        };
        assert_eq!((after(0), after(3), after(5), after(6)), (vec![3, 4, 6], vec![4, 6], vec![6], vec![]));
        let mut pop =
            |sequence| unapplied.pop_through(StreamSequence(sequence)).map(|message| message.sequence.0);
        assert_eq!(
            [pop(2), pop(4), pop(4), pop(4), pop(9), pop(9)],
            [None, Some(3), Some(4), None, Some(6), None]
        );
    }

    #[test]
    fn there_is_room_up_to_a_number_of_messages_and_of_octets() {
        let mut many = Unapplied::default();
        (1..=MOST as u64).for_each(|place| {
            assert!(many.has_room());
            many.push(message(place, 0));
        });
        assert!(!many.has_room());
        many.pop_through(StreamSequence(1)).unwrap();
        assert!(many.has_room());

        let mut large = Unapplied::default();
        large.push(message(1, MOST_OCTETS));
        assert!(!large.has_room());
        large.pop_through(StreamSequence(1)).unwrap();
        assert!(large.has_room());
    }
}
