//! The rows that keeping the peace needs: their keys, and what they say.
//!
//! They share one table; a second letter tells them apart. The letters are in files: never change one.

use std::ops::Range;

use super::keys::{KeyBuilder, Table};
use crate::codec::record;
use crate::id::{AddressRange, InviteId, PersonId, RoomId};
use crate::order::{FilterAction, FilterKind, SecretHash};
use crate::permission::ServerRole;
use crate::place::{Place, Position};
use crate::storage::RowKey;
use crate::time::Timestamp;

/// What a key is about, after the table's letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// Orders and moderators' acts, by position.
    Audit = b'a' as isize,
    /// People who are banned.
    Ban = b'b' as isize,
    /// Ranges that are banned.
    RangeBan = b'c' as isize,
    /// Invitations.
    Invite = b'd' as isize,
    /// Who came by an invitation: the invitation, then the person.
    CameBy = b'e' as isize,
    /// Filters: kind, then pattern.
    Filter = b'f' as isize,
    /// Moderators and owners of the server.
    Keeper = b'g' as isize,
    /// People who are muted everywhere.
    Mute = b'h' as isize,
    /// People who are muted in a room: room, then person.
    RoomMute = b'i' as isize,
    /// Who came from a range: the range, then the person.
    Origin = b'j' as isize,
    /// Whose origin is known: the person.
    Known = b'k' as isize,
    /// Reports, by position.
    Report = b'l' as isize,
    /// How many reports of somebody wait: the person.
    Reporter = b'm' as isize,
    /// People who wait to be let in.
    Waiting = b'o' as isize,
    /// What was undone or held back: its position.
    Withheld = b'p' as isize,
    /// The rows that were taken out: position, then the row's own key.
    Hidden = b'q' as isize,
}

/// Where the first number of a key stands, after both letters.
pub(crate) const FIRST: usize = 2;
/// Where the second number stands.
pub(crate) const SECOND: usize = 10;

impl Shelf {
    pub(crate) fn key(self) -> KeyBuilder {
        Table::Keeping.key().octets(&[self as u8])
    }

    pub(crate) fn range(self) -> Range<Vec<u8>> {
        self.key().range()
    }

    pub(crate) fn number(self, number: u64) -> RowKey {
        self.key().number(number).build()
    }

    pub(crate) fn numbers(self, first: u64, second: u64) -> RowKey {
        self.key().number(first).number(second).build()
    }

    pub(crate) fn of_number(self, number: u64) -> Range<Vec<u8>> {
        self.key().number(number).range()
    }
}

/// One filter's key.
pub(crate) fn filter(kind: FilterKind, folded: &str) -> RowKey {
    Shelf::Filter.key().octets(&[kind as u8]).octets(folded.as_bytes()).build()
}

/// Something that holds for a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TermRow {
    /// Until when; until it is lifted without.
    pub(crate) until: Option<Timestamp>,
    pub(crate) reason: String,
    pub(crate) by: PersonId,
    pub(crate) at: Timestamp,
}
record!(TermRow { 1 until, 2 reason, 3 by, 4 at });

impl TermRow {
    pub(crate) fn holds(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InviteRow {
    pub(crate) secret: SecretHash,
    pub(crate) until: Option<Timestamp>,
    /// How many can use it; 0 for any number.
    pub(crate) uses: u64,
    pub(crate) used: u64,
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) role: ServerRole,
    pub(crate) by: PersonId,
    pub(crate) at: Timestamp,
    pub(crate) revoked: bool,
    /// Whether all who came by it are banned.
    pub(crate) banned: bool,
}
record!(InviteRow {
    1 secret, 2 until, 3 uses, 4 used, 5 rooms, 6 role, 7 by, 8 at, 9 revoked, 10 banned
});

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FilterRow {
    pub(crate) kind: FilterKind,
    /// Folded.
    pub(crate) pattern: String,
    pub(crate) action: FilterAction,
    pub(crate) by: PersonId,
    pub(crate) at: Timestamp,
}
record!(FilterRow { 1 kind, 2 pattern, 3 action, 4 by, 5 at });

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ReportRow {
    pub(crate) message: Place,
    pub(crate) by: PersonId,
    pub(crate) at: Timestamp,
    pub(crate) note: String,
}
record!(ReportRow { 1 message, 2 by, 3 at, 4 note });

/// What was undone or held back and can be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct WithheldRow {
    pub(crate) at: Timestamp,
    /// Who undid it; nobody if a filter held it back.
    pub(crate) by: Option<PersonId>,
    /// Whose deeds they are.
    pub(crate) people: Vec<PersonId>,
    /// The rooms that are touched.
    pub(crate) rooms: Vec<RoomId>,
    /// Who of them is as if they had never come.
    pub(crate) arrived: Vec<PersonId>,
}
record!(WithheldRow { 1 at, 2 by, 3 people, 4 rooms, 5 arrived });

/// When somebody came whose origin is known, and the entry of the log that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KnownRow {
    pub(crate) at: Timestamp,
    pub(crate) position: Position,
}
record!(KnownRow { 1 at, 2 position });

pub(crate) fn invite(invite: InviteId) -> RowKey {
    Shelf::Invite.number(invite.0)
}

pub(crate) fn range_ban(range: AddressRange) -> RowKey {
    Shelf::RangeBan.number(range.0)
}
