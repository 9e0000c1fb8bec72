//! What stands around an index: texts in a database of their own, and a log that is read again from the seed.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parlor_chat::search::{Batch, Change, Feed, Texts};
use parlor_chat::{Place, Position, RoomId, Sequence};
use rusqlite::{Connection, OptionalExtension, params};

use super::corpus::{Corpus, Message};

/// Messages in order, each with its place in its room.
pub struct Stream {
    corpus: Arc<Corpus>,
    next: u64,
    last: HashMap<RoomId, u64>,
}

impl Stream {
    pub fn new(corpus: Arc<Corpus>) -> Self {
        Stream { corpus, next: 1, last: HashMap::new() }
    }

    pub fn next(&mut self) -> (Position, Place, Message) {
        let message = self.corpus.message(self.next);
        let sequence = self.last.entry(message.room).or_default();
        *sequence += 1;
        let place = Place { room: message.room, sequence: Sequence(*sequence) };
        let position = Position(self.next);
        self.next += 1;
        (position, place, message)
    }
}

/// The log up to what is durable.
pub struct Log {
    pub stream: Stream,
    pub durable: Arc<AtomicU64>,
}

impl Feed for Log {
    fn after(&mut self, position: Position, most: usize) -> Result<Batch, Box<dyn Error + Send + Sync>> {
        assert_eq!(position.next(), Position(self.stream.next), "the index reads in order");
        let durable = self.durable.load(Ordering::Acquire);
        let mut batch = Batch { changes: Vec::new(), up_to: position };
        while batch.up_to.0 < durable && batch.changes.len() < most {
            let (position, message, said) = self.stream.next();
            let change = Change::Posted {
                message,
                author: said.author,
                at: said.at,
                text: said.text,
                thread: false,
                file: false,
            };
            batch.changes.push((position, change));
            batch.up_to = position;
        }
        Ok(batch)
    }
}

/// The texts, as a projection of the log keeps them.
pub struct Messages {
    connection: Connection,
}

impl Messages {
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS messages (
                 room INTEGER, sequence INTEGER, text TEXT, PRIMARY KEY (room, sequence)
             ) WITHOUT ROWID",
        )?;
        Ok(Messages { connection })
    }

    /// Stores some more messages in one transaction. Returns how many octets of text they have.
    pub fn store(&mut self, stream: &mut Stream, count: u64) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction()?;
        let mut octets = 0;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO messages VALUES (?1, ?2, ?3)")?;
            for _ in 0..count {
                let (_, place, message) = stream.next();
                octets += message.text.len() as u64;
                insert.execute(params![
                    place.room.0.cast_signed(),
                    place.sequence.0.cast_signed(),
                    message.text
                ])?;
            }
        }
        transaction.commit()?;
        Ok(octets)
    }
}

impl Texts for Messages {
    fn text(&self, message: Place) -> Option<String> {
        let mut select = self
            .connection
            .prepare_cached("SELECT text FROM messages WHERE room = ?1 AND sequence = ?2")
            .ok()?;
        let key = params![message.room.0.cast_signed(), message.sequence.0.cast_signed()];
        select.query_row(key, |row| row.get(0)).optional().ok()?
    }
}
