//! The index's own database file: its tables, opening it, and the one row about it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use super::error::SearchError;
use crate::{Position, Timestamp};

/// Raised whenever analysis, terms or tables change; an index of another version is built anew from the log.
const VERSION: i64 = 1;

/// Documents are the index's own numbers for texts, 1, 2, 3… in the order in which it learns of them. An edited
/// message is a new document.
///
/// - `segments`: what parts of `pages` there are, by the documents that they span. Others are being made or
///   going away.
/// - `pages`: terms and the documents that have them; see [`pages`](super::pages).
/// - `blocks`: whose and where documents are, [`BLOCK`](super::blocks::BLOCK) of them together.
/// - `places`: which document a message is, many messages of a room together.
/// - `marks`: which documents have reactions (how many) and pins.
/// - `erasures`: documents whose postings are still to be removed.
pub(super) const TABLES: &str = "
CREATE TABLE about (
    version INTEGER NOT NULL, parts INTEGER NOT NULL, epoch INTEGER NOT NULL,
    position INTEGER NOT NULL, next_document INTEGER NOT NULL, next_segment INTEGER NOT NULL,
    messages INTEGER NOT NULL
);
CREATE TABLE segments (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, number INTEGER NOT NULL);
CREATE TABLE pages (
    number INTEGER PRIMARY KEY, segment INTEGER NOT NULL, term BLOB NOT NULL, first INTEGER NOT NULL,
    entries BLOB NOT NULL
);
CREATE UNIQUE INDEX pages_names ON pages (segment, term, first);
CREATE TABLE blocks (number INTEGER PRIMARY KEY, earliest INTEGER, latest INTEGER, documents BLOB NOT NULL);
CREATE INDEX blocks_earliest ON blocks (earliest);
CREATE INDEX blocks_latest ON blocks (latest);
CREATE TABLE places (
    room INTEGER NOT NULL, part INTEGER NOT NULL, documents BLOB NOT NULL,
    PRIMARY KEY (room, part)
) WITHOUT ROWID;
CREATE TABLE rooms (number INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, messages INTEGER NOT NULL);
CREATE TABLE people (number INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE);
CREATE TABLE marks (
    mark INTEGER NOT NULL, document INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (mark, document)
) WITHOUT ROWID;
CREATE TABLE erasures (document INTEGER PRIMARY KEY);
";

/// Statements that a connection keeps prepared: all that there are.
const STATEMENTS: usize = 48;
/// Octets of its pages that a connection keeps in memory.
const PAGES: i64 = 16 << 20;
/// Octets of write-ahead log that are kept between checkpoints; merging makes it grow for a moment.
const WRITE_AHEAD: i64 = 64 << 20;

/// Of how many pages one may be free before pages are given back.
const FREE_SHARE: i64 = 10;
/// Pages that are given back at once.
const GIVEN_BACK: i64 = 512;

/// The row about the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// When it was begun; cursors of another one are refused.
    pub(super) epoch: u64,
    /// The position of the log up to which it knows everything.
    pub(super) position: Position,
    /// The number of the next document.
    pub(super) next_document: u32,
    /// The number of the next segment.
    pub(super) next_segment: i64,
    /// Messages that can be found.
    pub(super) messages: i64,
}

/// A span of documents whose postings are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) number: i64,
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Segment {
    /// How many documents it spans.
    pub(super) fn span(&self) -> u32 {
        self.last - self.first + 1
    }
}

/// Opens the index for writing. One that is missing, damaged, of another version or of the other kind is begun anew.
pub(super) fn open(path: &Path, parts: bool) -> Result<Connection, SearchError> {
    match connect(path).and_then(|connection| Ok((is_usable(&connection, parts)?, connection))) {
        Ok((true, connection)) => return Ok(connection),
        Ok((false, _)) => {}
        Err(error) if error.is_damage() => {}
        Err(error) => return Err(error),
    }
    begin(path, parts)
}

/// Begins the index anew. Whoever still reads the old file goes on reading that.
pub(super) fn begin(path: &Path, parts: bool) -> Result<Connection, SearchError> {
    remove(path).map_err(SearchError::File)?;
    let connection = connect(path)?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO about VALUES (?1, ?2, ?3, 0, 1, 1, 0)",
        params![VERSION, parts, signed(Timestamp::now().0)],
    )?;
    transaction.commit()?;
    Ok(connection)
}

/// Opens the index for reading.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, SearchError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    set_up(&connection)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, SearchError> {
    let connection = Connection::open(path)?;
    set_up(&connection)?;
    // Takes effect only before the first table: whole pages can be given back when much of the file is free.
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // The log is the truth: what a power failure takes from the index is read from the log again.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "journal_size_limit", WRITE_AHEAD)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), SearchError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Negative: in KiB rather than in pages.
    connection.pragma_update(None, "cache_size", -(PAGES >> 10))?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(())
}

fn is_usable(connection: &Connection, parts: bool) -> Result<bool, SearchError> {
    let has_tables: bool =
        connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'about'", [], |row| row.get(0))?;
    if !has_tables {
        return Ok(false);
    }
    let version: i64 = connection.query_row("SELECT version FROM about", [], |row| row.get(0))?;
    // Only after the version, because another one may have other columns.
    Ok(version == VERSION
        && connection.query_row("SELECT parts = ?1 FROM about", [parts], |row| row.get(0))?)
}

fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Reads the row about the index.
pub(super) fn about(connection: &Connection) -> Result<About, SearchError> {
    let mut statement = connection
        .prepare_cached("SELECT epoch, position, next_document, next_segment, messages FROM about")?;
    Ok(statement.query_row([], |row| {
        Ok(About {
            epoch: unsigned(row.get(0)?),
            position: Position(unsigned(row.get(1)?)),
            next_document: row.get(2)?,
            next_segment: row.get(3)?,
            messages: row.get(4)?,
        })
    })?)
}

/// Writes what changes in the row about the index.
pub(super) fn set_about(connection: &Connection, about: &About) -> Result<(), SearchError> {
    let mut statement = connection.prepare_cached(
        "UPDATE about SET position = ?1, next_document = ?2, next_segment = ?3, messages = ?4",
    )?;
    statement.execute(params![
        signed(about.position.0),
        about.next_document,
        about.next_segment,
        about.messages
    ])?;
    Ok(())
}

/// Gives some of the file back to the file system if much of it is free. Returns whether it was.
pub(super) fn give_back(connection: &Connection) -> Result<bool, SearchError> {
    let ask = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let (free, all) = (ask("PRAGMA freelist_count")?, ask("PRAGMA page_count")?);
    if free <= all / FREE_SHARE || free <= GIVEN_BACK {
        return Ok(false);
    }
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({GIVEN_BACK})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}

/// The segments, oldest first.
pub(super) fn segments(connection: &Connection) -> Result<Vec<Segment>, SearchError> {
    let mut statement =
        connection.prepare_cached("SELECT number, first, last FROM segments ORDER BY first")?;
    let rows = statement
        .query_map([], |row| Ok(Segment { number: row.get(0)?, first: row.get(1)?, last: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A number of 64 bits as the database stores it.
pub(super) fn signed(number: u64) -> i64 {
    i64::from_le_bytes(number.to_le_bytes())
}

/// A number of 64 bits as it was before the database stored it.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::from_le_bytes(number.to_le_bytes())
}
