//! A query that is understood: what must be in a message, what must not, and which messages are meant at all.

use super::analysis::{Analysis, Kind};
use super::terms::Feature;
use crate::{PersonId, RoomId, Timestamp};

/// A query that is understood. [`Query::parse`] makes one out of what a person types.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    pub(super) wanted: Vec<Piece>,
    pub(super) unwanted: Vec<Piece>,
    pub(super) filters: Filters,
}

impl Query {
    /// Whether it asks for nothing at all; then it finds nothing, rather than everything.
    pub fn is_empty(&self) -> bool {
        *self == Query::default()
    }

    /// The rooms that it names to look in.
    pub fn rooms(&self) -> &[RoomId] {
        &self.filters.rooms
    }
}

/// Units that stand together: a word, something written together such as `a::b`, or a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// What must stand right before it: `#` or `@`.
    pub(super) lead: Vec<char>,
    /// At least one.
    pub(super) elements: Vec<Element>,
    /// What must stand right behind it: `++` or `#`.
    pub(super) trail: Vec<char>,
    /// Whether the last element may go on, because it is still being typed.
    pub(super) open: bool,
    /// Whether what stands between the elements matters; in a phrase it does not.
    pub(super) as_written: bool,
}

/// One unit of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    pub(super) letters: Vec<char>,
    /// What stands between the element before and this one.
    pub(super) between: Vec<char>,
}

/// Which messages are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filters {
    /// By one of these, unless empty.
    pub(super) from: Vec<PersonId>,
    pub(super) not_from: Vec<PersonId>,
    /// In one of these, unless empty.
    pub(super) rooms: Vec<RoomId>,
    pub(super) not_rooms: Vec<RoomId>,
    /// All of these.
    pub(super) with: Vec<Property>,
    /// None of these.
    pub(super) without: Vec<Property>,
    /// Said at this time or later.
    pub(super) since: Option<Timestamp>,
    /// Said before this time.
    pub(super) until: Option<Timestamp>,
}

/// What a message can have or be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Feature(Feature),
    Mark(Mark),
}

/// What others put on a message and take off it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Mark {
    Reaction = 1,
    Pin = 2,
}

impl Piece {
    /// The units of a text as a piece, or nothing if it has none.
    pub(super) fn new(written: &str, as_written: bool, open: bool) -> Option<Self> {
        let text = Analysis::new(written);
        let last = text.len().checked_sub(1)?;
        let elements = (0..text.len()).map(|unit| {
            let from = if unit == 0 { text.range(0).start } else { text.range(unit - 1).end };
            Element {
                kind: text.kind(unit),
                letters: text.letters(unit).to_vec(),
                between: text.slice(from..text.range(unit).start).to_vec(),
            }
        });
        let elements = elements.collect();
        let before = text.slice(0..text.range(0).start);
        let behind = text.slice(text.range(last).end..text.letter_count());
        let (mut lead, mut trail) = (Vec::new(), Vec::new());
        if as_written {
            lead.extend(before.last().filter(|letter| matches!(letter, '#' | '@')));
            trail.extend(behind.iter().take_while(|letter| matches!(letter, '+' | '#')));
        }
        let open = trail.is_empty() && (open || (as_written && behind.first() == Some(&'*')));
        Some(Piece { lead, elements, trail, open, as_written })
    }
}
