//! A log at one moment, for who only reads it: what is in it, how far it goes, and what its state comes to.

use std::fmt;
use std::io;

use sha2::{Digest, Sha256};

use super::StateHash;
use super::mark::{self, Mark};
use super::snapshot::write_state;
use crate::entry::Entry;
use crate::id::{PersonId, RoomId};
use crate::place::{Position, Sequence};
use crate::state::{self, Tables};
use crate::storage::Read;
use crate::trouble::Trouble;

/// A log in what can be read of a storage.
#[derive(Clone, Copy)]
pub struct LogReader<'a> {
    read: &'a dyn Read,
}

impl fmt::Debug for LogReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogReader").finish_non_exhaustive()
    }
}

impl<'a> LogReader<'a> {
    /// The log that is in this storage.
    pub fn new(read: &'a dyn Read) -> Self {
        LogReader { read }
    }

    /// The place up to which entries are forgotten; 0 if all are there.
    pub fn forgotten(&self) -> Result<Position, Trouble> {
        forgotten(self.read)
    }

    /// The place of the last entry; 0 before the first.
    pub fn last(&self) -> Result<Position, Trouble> {
        Ok(self.read.server()?.applied)
    }

    /// The newest mark at a place or before it.
    pub fn mark(&self, at: Position) -> Result<Option<Mark>, Trouble> {
        mark::newest(self.read, at)
    }

    /// Up to `limit` entries after a place, in order. If the first is not the next one, those between are forgotten.
    pub fn entries(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        read_tail(self.read, after, limit)
    }

    /// One value for the whole state: equal exactly if the states are.
    pub fn state_hash(&self) -> Result<StateHash, Trouble> {
        state_hash(self.read)
    }

    /// What somebody is called now; nothing if they are unknown or that is erased.
    pub fn nickname(&self, person: PersonId) -> Result<Option<String>, Trouble> {
        let Some(row) = self.read.person(person)? else { return Ok(None) };
        Ok(Some(self.read.nickname_of(&row)?).filter(|nickname| !nickname.is_empty()))
    }

    /// What a room is called now; nothing if there is none, or it has no name.
    pub fn room_name(&self, room: RoomId) -> Result<Option<String>, Trouble> {
        Ok(self.read.any_room(room)?.map(|row| row.name).filter(|name| !name.is_empty()))
    }

    /// The last place in a room; 0 if there is no such room.
    pub fn last_in_room(&self, room: RoomId) -> Result<Sequence, Trouble> {
        self.read.last_in_room(room)
    }

    pub(super) fn storage(&self) -> &'a dyn Read {
        self.read
    }
}

pub(super) fn forgotten(read: &(impl Read + ?Sized)) -> Result<Position, Trouble> {
    let row = read.get(state::TRIMMED)?.unwrap_or_default();
    Ok(Position(row.first_chunk().map_or(0, |eight| u64::from_be_bytes(*eight))))
}

/// Up to `limit` entries after a place, as they are seen, in order. If the first is not the next one, those between
/// are trimmed.
pub fn read_tail(read: &(impl Read + ?Sized), after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
    // Up to there only those are left that hold a text which is shown still.
    let entries = read.entries(after.max(forgotten(read)?).0, limit)?;
    entries.iter().map(|(_, octets)| Ok(Entry::from_octets(octets)?)).collect()
}

pub(super) fn state_hash(read: &(impl Read + ?Sized)) -> Result<StateHash, Trouble> {
    let mut hash = Hash(Sha256::new());
    write_state(read, &mut hash)?;
    Ok(StateHash(hash.0.finalize().into()))
}

/// Takes octets for their hash alone.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.update(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
