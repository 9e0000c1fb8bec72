//! Documents: whose and where they are, many of them together so that each takes only a few octets.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::SearchError;
use super::gaps::{read_varint, varint};
use super::store::{signed, unsigned};

/// Documents in one block. Reading one document costs reading a block, storing one costs writing one.
pub(super) const BLOCK: u32 = 256;

/// A text that can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document {
    /// The room's number.
    pub(super) room: u32,
    /// The message in it.
    pub(super) sequence: u64,
    /// The author's number.
    pub(super) author: u32,
    /// When it was said, in milliseconds since 1970.
    pub(super) at: u64,
    /// Whether it belongs to a thread.
    pub(super) thread: bool,
    /// Whether files belong to it.
    pub(super) file: bool,
}

/// The documents of a block; those that are erased leave a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    documents: Vec<Option<Document>>,
}

impl Block {
    fn new() -> Self {
        Block { documents: Vec::new() }
    }

    /// The document with this number, which belongs to this block.
    pub(super) fn get(&self, document: u32) -> Option<Document> {
        *self.documents.get(index(document))?
    }

    fn set(&mut self, document: u32, value: Option<Document>) {
        let index = index(document);
        if self.documents.len() <= index {
            self.documents.resize(index + 1, None);
        }
        self.documents[index] = value;
    }

    fn span(&self) -> Option<(u64, u64)> {
        let times = || self.documents.iter().flatten().map(|document| document.at);
        Some((times().min()?, times().max()?))
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.documents.len() * 10);
        let mut last = BTreeMap::new();
        let mut before_at = 0;
        for document in &self.documents {
            let Some(document) = document else {
                octets.push(0);
                continue;
            };
            varint(&mut octets, document.room);
            // Messages of a room follow each other, so their distance is shorter than they are.
            let before = last.insert(document.room, document.sequence).unwrap_or(0);
            varint(&mut octets, zigzag(document.sequence, before));
            varint(&mut octets, document.author);
            let flags = u64::from(document.thread) | u64::from(document.file) << 1;
            varint(&mut octets, zigzag(document.at, before_at) << 2 | flags);
            before_at = document.at;
        }
        octets
    }

    /// Decodes what [`Block::encode`] made.
    fn decode(mut octets: &[u8]) -> Option<Self> {
        let octets = &mut octets;
        let mut block = Block { documents: Vec::with_capacity(BLOCK as usize) };
        let mut last = BTreeMap::new();
        let mut at = 0;
        while !octets.is_empty() {
            let room: u32 = read_varint(octets)?;
            if room == 0 {
                block.documents.push(None);
                continue;
            }
            let before = last.get(&room).copied().unwrap_or(0);
            let sequence = unzigzag(read_varint(octets)?, before);
            last.insert(room, sequence);
            let author = read_varint(octets)?;
            let time: u64 = read_varint(octets)?;
            at = unzigzag(time >> 2, at);
            block.documents.push(Some(Document {
                room,
                sequence,
                author,
                at,
                thread: time & 1 != 0,
                file: time & 2 != 0,
            }));
        }
        (block.documents.len() <= BLOCK as usize).then_some(block)
    }
}

fn index(document: u32) -> usize {
    (document % BLOCK) as usize
}

/// The way from one number to another, short when they are near each other.
pub(super) fn zigzag(to: u64, from: u64) -> u64 {
    let way = signed(to.wrapping_sub(from));
    unsigned(way << 1 ^ way >> 63)
}

/// The number to which [`zigzag`] leads.
pub(super) fn unzigzag(way: u64, from: u64) -> u64 {
    from.wrapping_add((way >> 1) ^ (way & 1).wrapping_neg())
}

/// Reads the block in which a document is. `None` if there is none.
pub(super) fn read(connection: &Connection, document: u32) -> Result<Option<Block>, SearchError> {
    let mut statement = connection.prepare_cached("SELECT documents FROM blocks WHERE number = ?1")?;
    let decode = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_blob().map(Block::decode)?);
    match statement.query_row([document / BLOCK], decode).optional()? {
        None => Ok(None),
        Some(Some(block)) => Ok(Some(block)),
        Some(None) => Err(SearchError::Damaged("a block of documents")),
    }
}

/// Blocks that are being changed.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    loaded: BTreeMap<u32, Block>,
}

impl Blocks {
    fn load(&mut self, connection: &Connection, document: u32) -> Result<&mut Block, SearchError> {
        use std::collections::btree_map::Entry;
        Ok(match self.loaded.entry(document / BLOCK) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(read(connection, document)?.unwrap_or_else(Block::new)),
        })
    }

    /// Puts a document in.
    pub(super) fn insert(
        &mut self,
        connection: &Connection,
        document: u32,
        value: Document,
    ) -> Result<(), SearchError> {
        self.load(connection, document)?.set(document, Some(value));
        Ok(())
    }

    /// Takes a document out.
    pub(super) fn remove(
        &mut self,
        connection: &Connection,
        document: u32,
    ) -> Result<Option<Document>, SearchError> {
        let block = self.load(connection, document)?;
        let old = block.get(document);
        block.set(document, None);
        Ok(old)
    }

    /// Writes what changed.
    pub(super) fn write(self, connection: &Connection) -> Result<(), SearchError> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO blocks VALUES (?1, ?2, ?3, ?4) ON CONFLICT (number)
             DO UPDATE SET earliest = excluded.earliest, latest = excluded.latest, documents = excluded.documents",
        )?;
        for (number, block) in self.loaded {
            let span = block.span();
            let (earliest, latest) = (span.map(|span| signed(span.0)), span.map(|span| signed(span.1)));
            statement.execute(params![number, earliest, latest, block.encode()])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document() -> impl Strategy<Value = Document> {
        (1..4u32, any::<u64>(), any::<u32>(), 0..1u64 << 42, any::<bool>(), any::<bool>()).prop_map(
            |(room, sequence, author, at, thread, file)| Document {
                room,
                sequence,
                author,
                at,
                thread,
                file,
            },
        )
    }

    proptest! {
        #[test]
        fn any_block_comes_back(documents in proptest::collection::vec(proptest::option::of(document()), 0..256)) {
            let block = Block { documents };
            prop_assert_eq!(Block::decode(&block.encode()), Some(block));
        }

        #[test]
        fn any_way_leads_back(to: u64, from: u64) {
            prop_assert_eq!(unzigzag(zigzag(to, from), from), to);
        }

        #[test]
        fn any_octets_are_a_block_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(block) = Block::decode(&octets) {
                prop_assert!(block.documents.len() <= BLOCK as usize);
            }
        }
    }

    #[test]
    fn a_message_takes_about_seven_octets() {
        let document = |at: u64| Document {
            room: 1 + (at % 50) as u32,
            sequence: 100_000 + at / 50,
            author: (at * 7 % 2_000) as u32,
            at: 1_763_744_400_000 + at * 5_000,
            thread: false,
            file: false,
        };
        let block = Block { documents: (0..256).map(|at| Some(document(at))).collect() };
        let octets = block.encode().len();
        assert!(octets <= 256 * 15 / 2, "{octets}");
    }
}
