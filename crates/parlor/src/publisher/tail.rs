//! The newest lines: what was told between the moment that a reader saw and now.

use std::collections::VecDeque;

use parlor_chat::{PersonId, Position, RoomId};

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

/// Something that was told.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) position: Position,
    /// Whoever watches this room heard it.
    pub(super) room: Option<RoomId>,
    /// These people heard it wherever they were.
    pub(super) people: Vec<PersonId>,
    /// Everybody heard it.
    pub(super) everyone: bool,
    pub(super) text: String,
    /// Whether somebody may read the room no longer because of it.
    pub(super) shuts_out: bool,
}

impl Tail {
    /// A tail of a log that has come to this place.
    pub(super) fn after(position: Position) -> Self {
        Tail { complete_after: position, ..Tail::default() }
    }

    /// Everything after this place of the log is here.
    pub(super) fn complete_after(&self) -> Position {
        self.complete_after
    }

    pub(super) fn push(&mut self, line: Line) {
        self.octets += line.text.len();
        self.lines.push_back(line);
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
        let lines = self.lines.range(first..).filter(|line| line.room == Some(room));
        lines.map(|line| (!line.shuts_out).then_some(line.text.as_str())).collect()
    }

    /// What concerns one person after a place of the log, whatever they watch; nothing if not all of it is here.
    pub(super) fn for_person(&self, position: Position, person: PersonId) -> Option<Vec<&str>> {
        if position < self.complete_after {
            return None;
        }
        let first = self.lines.partition_point(|line| line.position <= position);
        let lines = self.lines.range(first..).filter(|line| line.everyone || line.people.contains(&person));
        Some(lines.map(|line| line.text.as_str()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(position: u64, room: u64, text: &str) -> Line {
        let (position, room) = (Position(position), Some(RoomId(room)));
        Line { position, room, people: vec![], everyone: false, text: text.into(), shuts_out: false }
    }

    #[test]
    fn what_came_since_a_moment_is_all_there_or_nothing() {
        let mut tail = Tail::after(Position(10));
        for position in 11..=20 {
            tail.push(line(position, position % 2, &position.to_string()));
        }
        assert_eq!(tail.since(Position(16), RoomId(0)).unwrap(), ["18", "20"]);
        assert_eq!(tail.since(Position(20), RoomId(0)).unwrap(), [""; 0]);
        assert_eq!(tail.since(Position(10), RoomId(1)).unwrap(), ["11", "13", "15", "17", "19"]);
        assert_eq!(tail.since(Position(9), RoomId(1)), None, "before the first that is known");
        tail.push(Line { shuts_out: true, ..line(21, 0, "left") });
        assert_eq!(tail.since(Position(20), RoomId(0)), None, "somebody left");
        assert_eq!(tail.since(Position(20), RoomId(1)).unwrap(), [""; 0]);
    }

    #[test]
    fn what_concerns_a_person_is_found_whatever_they_watch() {
        let mut tail = Tail::after(Position(0));
        tail.push(line(1, 5, "in a room"));
        tail.push(Line { people: vec![PersonId(7), PersonId(8)], ..line(2, 5, "mentioned") });
        tail.push(Line { everyone: true, room: None, ..line(3, 0, "renamed") });
        assert_eq!(tail.for_person(Position(0), PersonId(7)).unwrap(), ["mentioned", "renamed"]);
        assert_eq!(tail.for_person(Position(2), PersonId(8)).unwrap(), ["renamed"]);
        assert_eq!(tail.for_person(Position(0), PersonId(9)).unwrap(), ["renamed"]);
    }

    #[test]
    fn what_is_kept_is_bounded_in_lines_and_octets() {
        let mut tail = Tail::default();
        for position in 1..=2 * LINES as u64 {
            tail.push(line(position, 0, "x"));
        }
        assert_eq!(tail.since(Position(LINES as u64 - 1), RoomId(0)), None);
        assert_eq!(tail.for_person(Position(LINES as u64 - 1), PersonId(1)), None);
        assert_eq!(tail.since(Position(LINES as u64), RoomId(0)).unwrap().len(), LINES);
        for position in 1..=9 {
            tail.push(line(3 * LINES as u64 + position, 0, &"x".repeat(1 << 20)));
        }
        assert!(tail.octets <= OCTETS && tail.lines.len() == 4);
    }
}
