//! Reading a database on a connection of its own, beside whoever writes it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::trouble;
use super::{PATIENCE, STATEMENTS, read, schema};
use crate::storage::{Read, Source};
use crate::trouble::Trouble;

/// A database that is open for reading, whether or not a server writes to it meanwhile.
///
/// Each [`Source::read`] sees one moment. As long as it runs, the write-ahead log grows with what is written, and
/// what is erased stays in it.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
    path: PathBuf,
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
        Ok(SqliteReader { connection, path: path.into() })
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
        run(&read::Moment(&transaction))
    }

    fn another(&self) -> Result<Box<dyn Source>, Trouble> {
        Ok(Box::new(SqliteReader::beside_writer(&self.path)?))
    }
}
