//! The keys of the state's rows: one octet for the table, then what the rows of the table are ordered by.
//!
//! Numbers stand in big-endian order, so that octets sort as the numbers do. The letters are in files: never
//! change one, never use one again.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::id::{PersonId, RoomId, SessionId};
use crate::key::Fingerprint;
use crate::place::{Position, Sequence};
use crate::storage::RowKey;

/// How far this log is trimmed. It is no part of the state, so it sorts before all that is.
pub(crate) const TRIMMED: &[u8] = b"0";

/// What begins the keys of marks, which stand beside places of the log. They are no part of the state, either.
pub(crate) const MARK: u8 = b'1';

/// The server's own row, the first of the state.
pub(crate) const SERVER: &[u8] = b"A";

/// Every row of the state.
pub(crate) const EVERYTHING: Range<&[u8]> = SERVER..&[u8::MAX];

/// What begins each key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Person = b'B' as isize,
    Nickname = b'C' as isize,
    Room = b'D' as isize,
    RoomName = b'E' as isize,
    Direct = b'F' as isize,
    Member = b'G' as isize,
    Membership = b'H' as isize,
    Pointer = b'I' as isize,
    Message = b'J' as isize,
    Happening = b'K' as isize,
    About = b'L' as isize,
    Reaction = b'M' as isize,
    ReactionCount = b'N' as isize,
    Pin = b'O' as isize,
    Thread = b'P' as isize,
    Reply = b'Q' as isize,
    Mention = b'R' as isize,
    Erasing = b'S' as isize,
    Account = b'T' as isize,
    Session = b'U' as isize,
    Passkey = b'V' as isize,
    RecoveryCode = b'W' as isize,
    Skeleton = b'X' as isize,
    /// What keeping the peace needs; see `keeping`.
    Keeping = b'Y' as isize,
    Identity = b'a' as isize,
    IdentityOf = b'b' as isize,
    // Last, because keys of the same hour follow each other: at the end of the file rows pack more tightly.
    Key = b'z' as isize,
}

/// What begins the rows of clients' keys.
pub(crate) const KEYS: u8 = Table::Key as u8;

/// Whether keys that begin with this octet are of rows that deciding on messages reads again and again, and that
/// are small.
pub(crate) fn is_hot(table: u8) -> bool {
    table == SERVER[0] || [Table::Person, Table::Room, Table::Member].iter().any(|hot| *hot as u8 == table)
}

/// A key, or the beginning of several.
#[derive(Debug, Clone)]
pub(crate) struct KeyBuilder(RowKey);

impl KeyBuilder {
    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend_by_number(number);
        self
    }

    pub(crate) fn octets(mut self, octets: &[u8]) -> Self {
        self.0.extend(octets);
        self
    }

    pub(crate) fn build(self) -> RowKey {
        self.0
    }

    /// Every key that begins like this.
    pub(crate) fn range(self) -> Range<Vec<u8>> {
        let mut end = self.0.to_vec();
        // No key begins with 0xff alone (tables are letters), so something is left.
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        self.0.to_vec()..end
    }
}

impl Table {
    pub(crate) fn key(self) -> KeyBuilder {
        KeyBuilder(RowKey::of_table(self as u8))
    }
}

/// The number that stands at an offset of a key.
pub(crate) fn number_at(key: &[u8], offset: usize) -> u64 {
    key.get(offset..).and_then(|rest| rest.first_chunk::<8>()).map_or(0, |eight| u64::from_be_bytes(*eight))
}

/// Where the first number of a key stands, after the table.
pub(crate) const FIRST: usize = 1;
/// Where the second part of a key stands, if the first is a number.
pub(crate) const SECOND: usize = 9;
/// Where the third part of a key stands, if the first two are numbers.
pub(crate) const THIRD: usize = 17;

pub(crate) fn person(person: PersonId) -> RowKey {
    Table::Person.key().number(person.0).build()
}

/// By a hash of the name, so that a name that is erased has never been in a key.
pub(crate) fn nickname(folded: &str) -> RowKey {
    Table::Nickname.key().octets(&short_hash(folded)).build()
}

/// Stands for a text in a key.
fn short_hash(text: &str) -> [u8; 16] {
    let hash = Sha256::digest(text.as_bytes());
    *hash.first_chunk().expect("a hash of 32 octets has 16")
}

/// How many people share a reaction to a message.
pub(crate) fn reaction_count(room: RoomId, message: Sequence, reaction: &str) -> RowKey {
    of_message(Table::ReactionCount, room, message).octets(&short_hash(reaction)).build()
}

/// One person's reaction to a message.
pub(crate) fn reaction(room: RoomId, message: Sequence, reaction: &str, person: PersonId) -> RowKey {
    of_message(Table::Reaction, room, message).octets(&short_hash(reaction)).number(person.0).build()
}

pub(crate) fn room(room: RoomId) -> RowKey {
    Table::Room.key().number(room.0).build()
}

pub(crate) fn room_name(folded: &str) -> RowKey {
    Table::RoomName.key().octets(folded.as_bytes()).build()
}

/// The people in order, each once.
pub(crate) fn direct(people: &[PersonId]) -> RowKey {
    people.iter().fold(Table::Direct.key(), |key, person| key.number(person.0)).build()
}

pub(crate) fn member(room: RoomId, person: PersonId) -> RowKey {
    Table::Member.key().number(room.0).number(person.0).build()
}

pub(crate) fn membership(person: PersonId, room: RoomId) -> RowKey {
    Table::Membership.key().number(person.0).number(room.0).build()
}

pub(crate) fn pointer(person: PersonId, room: RoomId) -> RowKey {
    Table::Pointer.key().number(person.0).number(room.0).build()
}

pub(crate) fn in_room(table: Table, room: RoomId, sequence: Sequence) -> RowKey {
    table.key().number(room.0).number(sequence.0).build()
}

/// The places of a room from one to another, both included.
pub(crate) fn places(table: Table, room: RoomId, from: Sequence, to: Sequence) -> Range<Vec<u8>> {
    let mut end = in_room(table, room, to).to_vec();
    end.push(0);
    in_room(table, room, from).to_vec()..end
}

/// All that belongs to one message in a table.
pub(crate) fn of_message(table: Table, room: RoomId, message: Sequence) -> KeyBuilder {
    table.key().number(room.0).number(message.0)
}

pub(crate) fn mention(person: PersonId, position: Position) -> RowKey {
    Table::Mention.key().number(person.0).number(position.0).build()
}

pub(crate) fn erasing(person: PersonId) -> RowKey {
    Table::Erasing.key().number(person.0).build()
}

pub(crate) fn account(person: PersonId) -> RowKey {
    Table::Account.key().number(person.0).build()
}

pub(crate) fn session(person: PersonId, session: SessionId) -> RowKey {
    Table::Session.key().number(person.0).number(session.0).build()
}

/// By the entry of the log that has the passkey.
pub(crate) fn passkey(person: PersonId, added: Position) -> RowKey {
    Table::Passkey.key().number(person.0).number(added.0).build()
}

pub(crate) fn recovery_code(person: PersonId, code: Fingerprint) -> RowKey {
    Table::RecoveryCode.key().number(person.0).octets(&code.0).build()
}

/// Who it is, by who they are at another site.
pub(crate) fn identity(identity: Fingerprint) -> RowKey {
    Table::Identity.key().octets(&identity.0).build()
}

/// By the entry of the log that has the identity.
pub(crate) fn identity_of(person: PersonId, linked: Position) -> RowKey {
    Table::IdentityOf.key().number(person.0).number(linked.0).build()
}

/// What a claimed name looks like, by a hash of it.
pub(crate) fn skeleton(skeleton: &str) -> RowKey {
    Table::Skeleton.key().octets(&short_hash(skeleton)).build()
}

pub(crate) fn key(fingerprint: Fingerprint) -> RowKey {
    Table::Key.key().octets(&fingerprint.0).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_like_it_and_nothing_else() {
        let inside = |range: &Range<Vec<u8>>, key: &RowKey| range.contains(&key.to_vec());
        let range = Table::Member.key().number(u64::MAX).range();
        assert!(inside(&range, &member(RoomId(u64::MAX), PersonId(0))));
        assert!(inside(&range, &member(RoomId(u64::MAX), PersonId(u64::MAX))));
        assert!(!inside(&range, &member(RoomId(u64::MAX - 1), PersonId(u64::MAX))));
        assert!(!inside(&range, &membership(PersonId(0), RoomId(0))));

        let range = places(Table::Message, RoomId(5), Sequence(2), Sequence(3));
        let is_inside = |sequence| inside(&range, &in_room(Table::Message, RoomId(5), Sequence(sequence)));
        assert_eq!([1, 2, 3, 4].map(is_inside), [false, true, true, false]);
    }
}
