//! Which document a message is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, params};

use super::blocks::{unzigzag, zigzag};
use super::error::SearchError;
use super::gaps::{read_varint, varint};
use super::store::signed;

/// Sequences of a room whose documents are stored together.
const PART: u64 = 128;

/// The documents of some messages of a room, by their sequences within the part.
type Part = BTreeMap<u8, u32>;

/// Parts that are being changed.
#[derive(Debug, Default)]
pub(super) struct Places {
    loaded: BTreeMap<(u32, u64), Part>,
}

impl Places {
    fn load(&mut self, connection: &Connection, room: u32, sequence: u64) -> Result<&mut Part, SearchError> {
        Ok(match self.loaded.entry((room, sequence / PART)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let part = read(connection, room, sequence)?;
                entry.insert(part)
            }
        })
    }

    /// The document that a message is, if it can be found.
    pub(super) fn get(
        &mut self,
        connection: &Connection,
        room: u32,
        sequence: u64,
    ) -> Result<Option<u32>, SearchError> {
        Ok(self.load(connection, room, sequence)?.get(&low(sequence)).copied())
    }

    /// Says which document a message is. Returns which it was.
    pub(super) fn set(
        &mut self,
        connection: &Connection,
        (room, sequence): (u32, u64),
        document: Option<u32>,
    ) -> Result<Option<u32>, SearchError> {
        let part = self.load(connection, room, sequence)?;
        Ok(match document {
            Some(document) => part.insert(low(sequence), document),
            None => part.remove(&low(sequence)),
        })
    }

    /// Writes what changed.
    pub(super) fn write(self, connection: &Connection) -> Result<(), SearchError> {
        let mut replace = connection.prepare_cached("INSERT OR REPLACE INTO places VALUES (?1, ?2, ?3)")?;
        let mut delete = connection.prepare_cached("DELETE FROM places WHERE room = ?1 AND part = ?2")?;
        for ((room, part), documents) in self.loaded {
            if documents.is_empty() {
                delete.execute(params![room, signed(part)])?;
            } else {
                replace.execute(params![room, signed(part), encode(&documents)])?;
            }
        }
        Ok(())
    }
}

fn low(sequence: u64) -> u8 {
    u8::try_from(sequence % PART).expect("a part is small")
}

fn read(connection: &Connection, room: u32, sequence: u64) -> Result<Part, SearchError> {
    let mut statement =
        connection.prepare_cached("SELECT documents FROM places WHERE room = ?1 AND part = ?2")?;
    let decode = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_blob().map(decode)?);
    match statement.query_row(params![room, signed(sequence / PART)], decode).optional()? {
        None => Ok(Part::new()),
        Some(Some(part)) => Ok(part),
        Some(None) => Err(SearchError::Damaged("places of messages")),
    }
}

fn encode(part: &Part) -> Vec<u8> {
    let mut octets = Vec::with_capacity(part.len() * 4);
    let mut before = 0;
    for (low, document) in part {
        octets.push(*low);
        varint(&mut octets, zigzag(u64::from(*document), before));
        before = u64::from(*document);
    }
    octets
}

fn decode(mut octets: &[u8]) -> Option<Part> {
    let mut part = Part::new();
    let mut before = 0;
    while let Some((&low, rest)) = octets.split_first() {
        octets = rest;
        before = unzigzag(read_varint(&mut octets)?, before);
        part.insert(low, u32::try_from(before).ok()?);
    }
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_part_comes_back(part in proptest::collection::btree_map(0..128u8, any::<u32>(), 0..128)) {
            prop_assert_eq!(decode(&encode(&part)), Some(part));
        }
    }
}
