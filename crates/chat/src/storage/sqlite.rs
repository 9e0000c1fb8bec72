//! A storage in one SQLite file: write-ahead log, every commit synced before it is acknowledged.
//!
//! One connection writes; each [`Source`] reads on a connection of its own, at a moment of its own. A lock
//! file beside the database keeps a second process out.
//!
//! Erasing: `secure_delete` writes zeroes over what is removed, but when SQLite spreads the rows of a full
//! page over two, or joins two, copies of them stay behind in the gaps between rows. So nothing that can be
//! erased may ever move: it stands in the log alone, whose rows are only added at the end, and is overwritten
//! in its place by as many octets. Where rows are removed from the log nevertheless ([`Writes::removes`]),
//! the file is written anew.

mod error;
mod pending;
mod read;
mod reader;
mod refill;
mod schema;
mod write;

use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{Direction, Read, Refill, Source, Storage, Visit, Writes};
use crate::trouble::Trouble;
use error::trouble;
use pending::Pending;

pub use reader::SqliteReader;

/// How long a commit waits for another program that holds the file, such as a backup tool.
const PATIENCE: Duration = Duration::from_secs(2);
/// Prepared statements that are kept; there are fewer than that.
const STATEMENTS: usize = 32;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Octets that the database may take; what needs more is refused with [`Trouble::Full`]. Unbounded if nothing.
    pub size_limit: Option<u64>,
    /// A file of up to this many octets is read through and checked when it is opened. At 1 GB/s, the default of
    /// 256 MiB takes a quarter of a second; larger files are for [`Sqlite::verify`], at a time that suits.
    pub check_up_to: u64,
    /// Pages of 4 KiB in the write-ahead log after which they are moved into the file.
    pub checkpoint_pages: u32,
    /// Rows of the state that wait, durable, to be put in their places together. Everybody who reads has them in memory:
    /// 2,048 take some 150 KiB.
    pub pending_rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { size_limit: None, check_up_to: 256 << 20, checkpoint_pages: 4_000, pending_rows: 2_048 }
    }
}

/// A database that is open for writing.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    options: Options,
    pending: Pending,
    /// Rows were removed from the log: of those that moved together, pieces may be left in the gaps of pages.
    has_gaps: bool,
    /// Locked as long as this lives.
    _lock: File,
}

impl Sqlite {
    /// Opens the database at this path or makes one: `path` itself, with `-wal`, `-shm` and `.lock` beside it.
    ///
    /// # Errors
    ///
    /// [`Trouble::Locked`] if another process has it open, [`Trouble::Newer`] if a later version wrote it,
    /// [`Trouble::Corrupt`] if it is damaged or something else than a database of ours.
    pub fn open(path: impl Into<PathBuf>, options: Options) -> Result<Self, Trouble> {
        let path = path.into();
        let lock = lock(&path)?;
        refill::clean(&path)?;
        let mut connection = connect(&path, &options)?;
        schema::prepare(&mut connection, &options)?;
        Ok(Sqlite { connection, path, options, pending: Pending::default(), has_gaps: false, _lock: lock })
    }

    /// Reads the whole file and checks that it is in order; takes as long as reading it takes.
    pub fn verify(&self) -> Result<(), Trouble> {
        schema::verify(&self.connection)
    }

    fn write(&mut self, writes: &Writes) -> Result<(), Trouble> {
        self.run("BEGIN IMMEDIATE")?;
        if writes.anew {
            write::clear(&self.connection).map_err(trouble)?;
        }
        // What waits may hold what is erased.
        let most = if writes.erases || writes.removes { 0 } else { self.options.pending_rows };
        self.pending.write(&self.connection, writes, most)?;
        write::entries(&self.connection, &writes.entries).map_err(trouble)?;
        self.run("COMMIT")
    }

    /// Moves everything into the file, where what was removed is zeroes, and cuts the write-ahead log to nothing; not
    /// while somebody still reads an earlier moment.
    fn checkpoint(&self) -> Result<bool, Trouble> {
        let checkpoint = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        // Whoever reads an earlier moment, such as a backup, is not waited for: everybody's messages would wait, too.
        self.connection.busy_timeout(Duration::ZERO).map_err(trouble)?;
        let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], checkpoint);
        self.connection.busy_timeout(PATIENCE).map_err(trouble)?;
        Ok(busy.map_err(trouble)? == 0)
    }

    fn run(&self, statement: &str) -> Result<(), Trouble> {
        let mut statement = self.connection.prepare_cached(statement).map_err(trouble)?;
        statement.execute([]).map(drop).map_err(trouble)
    }
}

fn lock(path: &Path) -> Result<File, Trouble> {
    let name = beside(path, ".lock");
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Trouble::ReadOnly,
        std::io::ErrorKind::StorageFull => Trouble::Full,
        _ => Trouble::Io(format!("{}: {error}", name.display())),
    };
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Trouble::Locked),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn connect(path: &Path, options: &Options) -> Result<Connection, Trouble> {
    let connection = Connection::open(path).map_err(trouble)?;
    let configure = || {
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        // What is removed is overwritten, in the file and in its free pages.
        connection.pragma_update(None, "secure_delete", "on")?;
        connection.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
        // 64 MiB, so that a busy server decides without reading from the disk.
        connection.pragma_update(None, "cache_size", -65_536)?;
        limit_size(&connection, options)
    };
    configure().map_err(trouble)?;
    Ok(connection)
}

fn limit_size(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    let Some(limit) = options.size_limit else { return Ok(()) };
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "max_page_count", (read::integer(limit) / page).max(1))
}

/// A file beside the database, by what its name has in addition.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

impl Read for Sqlite {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        self.pending.over(&self.connection, |over| over.get(key))
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        self.pending.over(&self.connection, |over| over.scan(keys, direction, visit))
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        read::entry(&self.connection, position)
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        read::entries(&self.connection, after, limit)
    }
}

impl Storage for Sqlite {
    fn commit(&mut self, writes: &Writes) -> Result<(), Trouble> {
        let result = self.write(writes);
        self.has_gaps |= writes.removes;
        if result.is_err() {
            self.pending = Pending::default();
        }
        // Some failures have ended the transaction already; that it is over is all that matters.
        if result.is_err() && !self.connection.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
        if let Err(Trouble::Io(_)) = result
            && let Ok(fresh) = connect(&self.path, &self.options)
        {
            // What a connection believes of the file after a failed write is not to be trusted.
            self.connection = fresh;
        }
        result
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        if self.has_gaps {
            self.connection.execute_batch("VACUUM").map_err(trouble)?;
            self.has_gaps = false;
        }
        self.checkpoint()
    }

    fn refill(&mut self, refill: &mut Refill<'_>) -> Result<(), Trouble> {
        refill::make(&self.path, &self.options, refill)?;
        if !self.checkpoint()? {
            return Err(Trouble::Locked);
        }
        self.connection = Connection::open_in_memory().map_err(trouble)?;
        let placed = refill::put_in_place(&self.path);
        self.pending = Pending::default();
        self.connection = connect(&self.path, &self.options)?;
        placed
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        Ok(Box::new(SqliteReader::beside_writer(&self.path)?))
    }
}
