//! The newest lines of all rooms: what was published between the moment that a reader saw and now.

use std::collections::VecDeque;

use parlor_chat::{Position, RoomId};

/// Lines that are kept at most.
const LINES: usize = 4_096;
/// Octets of lines that are kept at most.
const OCTETS: usize = 4 << 20;

/// The newest lines.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<Line>,
    octets: usize,
    /// Everything after this place is here.
    complete_after: Position,
}

#[derive(Debug)]
struct Line {
    position: Position,
    room: RoomId,
    text: String,
    /// Whether somebody may read the room no longer because of it.
    shuts_out: bool,
}

impl Tail {
    /// A tail of a log that has come to this place.
    pub(super) fn after(position: Position) -> Self {
        Tail { complete_after: position, ..Tail::default() }
    }

    pub(super) fn push(&mut self, position: Position, room: RoomId, text: String, shuts_out: bool) {
        self.octets += text.len();
        self.lines.push_back(Line { position, room, text, shuts_out });
        while self.lines.len() > LINES || self.octets > OCTETS {
            let Some(first) = self.lines.pop_front() else { break };
            self.octets -= first.text.len();
            self.complete_after = first.position;
        }
    }

    /// A room's lines after a place of the log; nothing if not all of them are here, or if who may read the room
    /// has changed since.
    pub(super) fn since(&self, position: Position, room: RoomId) -> Option<Vec<&str>> {
        if position < self.complete_after {
            return None;
        }
        let first = self.lines.partition_point(|line| line.position <= position);
        let lines = self.lines.range(first..).filter(|line| line.room == room);
        lines.map(|line| (!line.shuts_out).then_some(line.text.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_since_a_moment_is_all_there_or_nothing() {
        let mut tail = Tail::after(Position(10));
        for position in 11..=20 {
            let room = RoomId(position % 2);
            tail.push(Position(position), room, position.to_string(), false);
        }
        assert_eq!(tail.since(Position(16), RoomId(0)).unwrap(), ["18", "20"]);
        assert_eq!(tail.since(Position(20), RoomId(0)).unwrap(), [""; 0]);
        assert_eq!(tail.since(Position(10), RoomId(1)).unwrap(), ["11", "13", "15", "17", "19"]);
        assert_eq!(tail.since(Position(9), RoomId(1)), None, "before the first that is known");
        tail.push(Position(21), RoomId(0), "left".into(), true);
        assert_eq!(tail.since(Position(20), RoomId(0)), None, "somebody left");
        assert_eq!(tail.since(Position(20), RoomId(1)).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_kept_is_bounded_in_lines_and_octets() {
        let mut tail = Tail::default();
        for position in 1..=2 * LINES as u64 {
            tail.push(Position(position), RoomId(0), "x".into(), false);
        }
        assert_eq!(tail.since(Position(LINES as u64 - 1), RoomId(0)), None);
        assert_eq!(tail.since(Position(LINES as u64), RoomId(0)).unwrap().len(), LINES);
        for position in 1..=9 {
            tail.push(Position(3 * LINES as u64 + position), RoomId(0), "x".repeat(1 << 20), false);
        }
        assert!(tail.octets <= OCTETS && tail.lines.len() == 4);
    }
}
