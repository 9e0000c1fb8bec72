//! Which places of the log the messages of the stream hold: each holds one or more, so a place is no sequence.
//!
//! A node notes it beside its own log, for messages that hold more than one place; what lies between them holds one each.

use std::fmt;

use parlor_chat::log::Mark;
use parlor_chat::{Position, Trouble};

/// Octets of a mark: a sequence, and how many places.
const OCTETS: usize = 2 * 8;

/// What the servers count the messages of the stream by: 1, 2, 3…; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct StreamSequence(pub(crate) u64);

impl StreamSequence {
    pub(crate) fn next(self) -> Self {
        StreamSequence(self.0.saturating_add(1))
    }

    pub(crate) fn before(self) -> Self {
        StreamSequence(self.0.saturating_sub(1))
    }
}

impl fmt::Display for StreamSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far something goes: through a message of the stream, and the last place that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    pub(crate) sequence: StreamSequence,
    pub(crate) position: Position,
}

impl Reach {
    /// How far a log goes, from its last place and its newest mark.
    pub(crate) fn through(position: Position, mark: Option<Mark>) -> Result<Self, Trouble> {
        let next = Held::at(position.next(), mark)?;
        Ok(Reach { sequence: next.sequence.before(), position })
    }

    /// One message further, which holds so many places.
    pub(crate) fn after(self, count: usize) -> Self {
        let position = Position(self.position.0 + count as u64);
        Reach { sequence: self.sequence.next(), position }
    }
}

/// A message, and the places that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) sequence: StreamSequence,
    pub(crate) first: Position,
    pub(crate) last: Position,
}

impl Held {
    /// The message that holds a place, from the newest mark that is not behind that.
    pub(crate) fn at(place: Position, mark: Option<Mark>) -> Result<Self, Trouble> {
        let (first, sequence, count) = match mark {
            // Without one, each message has held one place from the beginning.
            None => (1, 0, 0),
            Some(mark) => {
                let (sequence, count) = numbers(&mark.octets)
                    .ok_or_else(|| Trouble::Corrupt(format!("the mark at {} says nothing", mark.at)))?;
                (mark.at.0, sequence, count)
            }
        };
        let behind = place.0 - first;
        if behind < count {
            let (first, last) = (Position(first), Position(first + count - 1));
            return Ok(Held { sequence: StreamSequence(sequence), first, last });
        }
        let sequence = StreamSequence(sequence + 1 + behind - count);
        Ok(Held { sequence, first: place, last: place })
    }

    pub(crate) fn count(self) -> usize {
        usize::try_from(self.last.0 - self.first.0 + 1).unwrap_or(usize::MAX)
    }
}

/// What is to be noted of messages that come behind a reach and go so far.
pub(crate) fn marks(behind: Reach, messages: &[Reach]) -> Vec<Mark> {
    let before = std::iter::once(&behind).chain(messages);
    let noted = messages.iter().zip(before).filter_map(|(message, before)| {
        let count = message.position.0 - before.position.0;
        (count > 1).then(|| noted(before.position.next(), message.sequence, count))
    });
    noted.collect()
}

/// What is to be noted where a stream begins behind a place: what comes before stands in no message, which is said by a
/// sequence of 0.
pub(crate) fn beginning(after: Position) -> Option<Mark> {
    (after > Position(0)).then(|| noted(Position(1), StreamSequence(0), after.0))
}

fn noted(at: Position, sequence: StreamSequence, count: u64) -> Mark {
    Mark { at, octets: [sequence.0.to_be_bytes(), count.to_be_bytes()].concat() }
}

fn numbers(octets: &[u8]) -> Option<(u64, u64)> {
    let octets: &[u8; OCTETS] = octets.try_into().ok()?;
    let (eights, _) = octets.as_chunks::<8>();
    Some((u64::from_be_bytes(eights[0]), u64::from_be_bytes(eights[1])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn held(marks: &[Mark], place: u64) -> Held {
        let mark = marks.iter().rfind(|mark| mark.at.0 <= place).cloned();
        Held::at(Position(place), mark).unwrap()
    }

    #[test]
    fn without_marks_a_place_is_its_sequence() {
        for place in [1, 2, 1_000] {
            let (sequence, first) = (StreamSequence(place), Position(place));
            assert_eq!(held(&[], place), Held { sequence, first, last: first });
        }
    }

    #[test]
    fn a_mark_that_is_damaged_is_an_error() {
        let mark = Mark { at: Position(1), octets: vec![0; OCTETS - 1] };
        assert!(matches!(Held::at(Position(1), Some(mark)), Err(Trouble::Corrupt(_))));
    }

    proptest! {
        #[test]
        fn every_place_is_found_in_its_message(counts in vec(1..5_usize, 1..40), begins in 0..20_u64, is_fresh: bool) {
            // A stream from its beginning, or one that began behind a place.
            let (mut marks, mut reach) = match is_fresh {
                true => (Vec::new(), Reach::default()),
                false => {
                    let position = Position(begins);
                    (Vec::from_iter(beginning(position)), Reach { sequence: StreamSequence(0), position })
                }
            };
            let mut messages = Vec::new();
            for count in counts {
                let next = reach.after(count);
                marks.extend(super::marks(reach, &[next]));
                messages.push(Held { sequence: next.sequence, first: reach.position.next(), last: next.position });
                reach = next;
            }
            for message in messages {
                for place in message.first.0..=message.last.0 {
                    prop_assert_eq!(held(&marks, place), message);
                }
            }
            prop_assert_eq!(reach, Reach::through(reach.position, marks.last().cloned()).unwrap());
            if begins > 0 && !is_fresh {
                prop_assert_eq!(held(&marks, begins).sequence, StreamSequence(0));
            }
        }
    }
}
