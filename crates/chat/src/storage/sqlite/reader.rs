//! Reading a database on a connection of its own, beside whoever writes it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::trouble;
use super::pending::Pending;
use super::{PATIENCE, STATEMENTS, read, schema};
use crate::storage::{Direction, Read, Source, Visit};
use crate::trouble::Trouble;

/// A database that is open for reading, whether or not a server writes to it meanwhile.
///
/// Each [`Source::read`] sees one moment. As long as it runs, the write-ahead log grows with what is written, and
/// what is erased stays in it.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
    path: PathBuf,
    pending: Pending,
}

impl SqliteReader {
    /// Opens a database that is there.
    ///
    /// # Errors
    ///
    /// [`Trouble::Io`] if there is none, [`Trouble::Older`], [`Trouble::Newer`] or [`Trouble::Corrupt`] if it is not
    /// one of this version's.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Trouble> {
        let reader = SqliteReader::beside_writer(&path.into())?;
        schema::recognize(&reader.connection)?;
        Ok(reader)
    }

    /// One of a database that is known to be in order.
    pub(super) fn beside_writer(path: &Path) -> Result<Self, Trouble> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(trouble)?;
        connection.busy_timeout(PATIENCE).map_err(trouble)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(SqliteReader { connection, path: path.into(), pending: Pending::default() })
    }

    /// Reads the whole file and checks that it is in order; takes as long as reading it takes.
    pub fn verify(&self) -> Result<(), Trouble> {
        schema::verify(&self.connection)
    }
}

impl Source for SqliteReader {
    fn read(&mut self, run: &mut dyn FnMut(&dyn Read) -> Result<(), Trouble>) -> Result<(), Trouble> {
        // One transaction sees one moment.
        let transaction = self.connection.transaction().map_err(trouble)?;
        self.pending.look_again();
        run(&Moment { connection: &transaction, pending: &self.pending })
    }

    fn another(&self) -> Result<Box<dyn Source>, Trouble> {
        Ok(Box::new(SqliteReader::beside_writer(&self.path)?))
    }
}

/// What a connection sees within one transaction.
struct Moment<'a> {
    connection: &'a Connection,
    pending: &'a Pending,
}

impl Read for Moment<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        self.pending.over(self.connection, |over| over.get(key))
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        self.pending.over(self.connection, |over| over.scan(keys, direction, visit))
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        read::entry(self.connection, position)
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        read::entries(self.connection, after, limit)
    }
}
