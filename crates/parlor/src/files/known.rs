//! What is known of files, in a database of its own beside the log: it can be made anew from the files and the log.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use parlor_chat::{PersonId, Place, Position, RoomId, Sequence, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::about::About;
use super::error::FilesError;
use super::id::FileId;
use crate::data::remove_database;

/// Raised whenever the tables change; a database of another version is made anew.
const VERSION: i64 = 2;

/// - `files`: whose they are and what, and since when they are known here.
/// - `claims`: which messages name them.
/// - `leaving`: those that are known no longer and whose octets are still to be removed.
/// - `spent`: how many octets people have brought on a day since 1970.
/// - `about`: how far the log is known, and how far the files that nodes share.
const TABLES: &str = "
CREATE TABLE files (
    id TEXT PRIMARY KEY, owner INTEGER NOT NULL, room INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    size INTEGER NOT NULL, at INTEGER NOT NULL, after INTEGER NOT NULL, since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_owner ON files (owner, at);
CREATE INDEX files_since ON files (since);
CREATE TABLE claims (
    room INTEGER NOT NULL, message INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (room, message, id)
) WITHOUT ROWID;
CREATE INDEX claims_id ON claims (id, message);
CREATE TABLE leaving (id TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spent (owner INTEGER NOT NULL, day INTEGER NOT NULL, octets INTEGER NOT NULL, PRIMARY KEY (owner, day))
WITHOUT ROWID;
CREATE TABLE about (version INTEGER NOT NULL, position INTEGER NOT NULL, learned INTEGER NOT NULL);
";

/// Messages that are looked at to find one that somebody may read.
const LOOKED_AT: u32 = 100;

const COLUMNS: &str = "id, owner, room, name, type, size, at, after";

type Known<T> = Result<T, FilesError>;

/// The database.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: Connection,
}

impl Ledger {
    /// Opens the database, or begins it anew if it is missing, damaged, of another version, or of another log: one that
    /// ends before the place up to which the database knows it.
    pub(super) fn open(path: &Path, log_ends: Position) -> Known<Self> {
        let opened = connect(path).and_then(|connection| {
            let ledger = Ledger { connection };
            Ok(if ledger.is_usable(log_ends)? { Some(ledger) } else { None })
        });
        match opened {
            Ok(Some(ledger)) => return Ok(ledger),
            Ok(None) => {}
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error),
        }
        remove_database(path)?;
        let ledger = Ledger { connection: connect(path)? };
        ledger.atomically(|ledger| {
            ledger.connection.execute_batch(TABLES)?;
            ledger.run("INSERT INTO about VALUES (?1, 0, 0)", params![VERSION])
        })?;
        Ok(ledger)
    }

    fn is_usable(&self, log_ends: Position) -> Known<bool> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'about'";
        let has_tables: bool = self.connection.query_row(sql, [], |row| row.get(0))?;
        if !has_tables {
            return Ok(false);
        }
        let version: i64 = self.connection.query_row("SELECT version FROM about", [], |row| row.get(0))?;
        Ok(version == VERSION && self.position()? <= log_ends)
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Known<()> {
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Makes all that `change` does durable, or nothing of it.
    pub(super) fn atomically<T>(&self, change: impl FnOnce(&Self) -> Known<T>) -> Known<T> {
        let transaction = self.connection.unchecked_transaction()?;
        let result = change(self)?;
        transaction.commit()?;
        Ok(result)
    }

    /// The place up to which the log is known.
    pub(super) fn position(&self) -> Known<Position> {
        let position = self.connection.query_row("SELECT position FROM about", [], |row| row.get(0))?;
        Ok(Position(unsigned(position)))
    }

    pub(super) fn set_position(&self, position: Position) -> Known<()> {
        self.run("UPDATE about SET position = ?1", params![signed(position.0)])
    }

    /// The place up to which the files that nodes share are known.
    pub(super) fn learned(&self) -> Known<u64> {
        Ok(unsigned(self.connection.query_row("SELECT learned FROM about", [], |row| row.get(0))?))
    }

    pub(super) fn set_learned(&self, place: u64) -> Known<()> {
        self.run("UPDATE about SET learned = ?1", params![signed(place)])
    }

    /// Adds a file that is known since a time by the clock of this machine.
    pub(super) fn add(&self, id: FileId, about: &About, since: Timestamp) -> Known<()> {
        self.run(
            "INSERT OR IGNORE INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                id.to_string(),
                signed(about.owner.0),
                signed(about.room.0),
                about.name,
                about.r#type,
                signed(about.size),
                signed(about.at.0),
                signed(about.after.0),
                signed(since.0)
            ],
        )
    }

    /// Counts octets that somebody has brought on a day, and forgets the days before the one before.
    pub(super) fn spend(&self, owner: PersonId, day: u64, octets: u64) -> Known<()> {
        self.run("DELETE FROM spent WHERE day < ?1", params![signed(day.saturating_sub(1))])?;
        self.run(
            "INSERT INTO spent VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET octets = octets + ?3",
            params![signed(owner.0), signed(day), signed(octets)],
        )
    }

    /// How many octets people have brought on a day.
    pub(super) fn spent(&self, day: u64) -> Known<Vec<(PersonId, u64)>> {
        let mut found = self.connection.prepare_cached("SELECT owner, octets FROM spent WHERE day = ?1")?;
        let rows = found
            .query_map([signed(day)], |row| Ok((PersonId(unsigned(row.get(0)?)), unsigned(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The octets of all files, those that are to be removed among them.
    pub(super) fn octets(&self) -> Known<u64> {
        let sum =
            "SELECT coalesce(sum(size), 0) FROM (SELECT size FROM files UNION ALL SELECT size FROM leaving)";
        Ok(unsigned(self.connection.query_row(sum, [], |row| row.get(0))?))
    }

    pub(super) fn is_empty(&self) -> Known<bool> {
        Ok(!self
            .connection
            .query_row("SELECT EXISTS (SELECT 1 FROM files)", [], |row| row.get::<_, bool>(0))?)
    }

    /// A file.
    pub(super) fn find(&self, id: FileId) -> Known<Option<About>> {
        let sql = format!("SELECT {COLUMNS} FROM files WHERE id = ?1");
        let mut found = self.connection.prepare_cached(&sql)?;
        Ok(found.query_row([id.to_string()], |row| Ok(read(row)?.1)).optional()?)
    }

    /// All files.
    pub(super) fn all(&self) -> Known<BTreeSet<FileId>> {
        self.ids("SELECT id FROM files", [])
    }

    /// Somebody's files, oldest first.
    pub(super) fn of(&self, owner: PersonId) -> Known<Vec<(FileId, About)>> {
        let sql = format!("SELECT {COLUMNS} FROM files WHERE owner = ?1 ORDER BY at, id");
        let mut found = self.connection.prepare_cached(&sql)?;
        let rows = found.query_map([signed(owner.0)], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The messages that name a file, the newest first.
    pub(super) fn claims(&self, id: FileId) -> Known<Vec<Place>> {
        let sql = "SELECT room, message FROM claims WHERE id = ?1 ORDER BY message DESC LIMIT ?2";
        let mut found = self.connection.prepare_cached(sql)?;
        let rows = found.query_map(params![id.to_string(), LOOKED_AT], |row| {
            let (room, sequence) = (RoomId(unsigned(row.get(0)?)), Sequence(unsigned(row.get(1)?)));
            Ok(Place { room, sequence })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The files that a message names.
    pub(super) fn claimed_by(&self, message: Place) -> Known<BTreeSet<FileId>> {
        let sql = "SELECT id FROM claims WHERE room = ?1 AND message = ?2";
        self.ids(sql, params![signed(message.room.0), signed(message.sequence.0)])
    }

    pub(super) fn claim(&self, message: Place, id: FileId) -> Known<()> {
        let (room, message) = (signed(message.room.0), signed(message.sequence.0));
        self.run("INSERT OR IGNORE INTO claims VALUES (?1, ?2, ?3)", params![room, message, id.to_string()])
    }

    /// A message names a file no longer. A file that no other names is left.
    pub(super) fn disclaim(&self, message: Place, id: FileId) -> Known<()> {
        let (room, message) = (signed(message.room.0), signed(message.sequence.0));
        self.run(
            "DELETE FROM claims WHERE room = ?1 AND message = ?2 AND id = ?3",
            params![room, message, id.to_string()],
        )?;
        if self.claims(id)?.is_empty() { self.leave(id) } else { Ok(()) }
    }

    /// A file is known no longer, and its octets are to be removed.
    pub(super) fn leave(&self, id: FileId) -> Known<()> {
        let id = id.to_string();
        let size = "coalesce((SELECT size FROM files WHERE id = ?1), 0)";
        self.run(&format!("INSERT OR IGNORE INTO leaving VALUES (?1, {size})"), params![id])?;
        self.run("DELETE FROM files WHERE id = ?1", params![id])?;
        self.run("DELETE FROM claims WHERE id = ?1", params![id])
    }

    /// The octets of a file are removed.
    pub(super) fn left(&self, id: FileId) -> Known<()> {
        self.run("DELETE FROM leaving WHERE id = ?1", params![id.to_string()])
    }

    /// Files whose octets are to be removed, with how many these are.
    pub(super) fn leaving(&self) -> Known<BTreeMap<FileId, u64>> {
        let mut found = self.connection.prepare_cached("SELECT id, size FROM leaving")?;
        let rows =
            found.query_map([], |row| Ok((id_of(&row.get::<_, String>(0)?)?, unsigned(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Files that are known since before this time, and no message names.
    pub(super) fn unclaimed(&self, before: Timestamp) -> Known<BTreeSet<FileId>> {
        let sql = "SELECT id FROM files WHERE since < ?1 AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.id = files.id)";
        self.ids(sql, [signed(before.0)])
    }

    /// Nothing of what was removed is left in the write-ahead log.
    pub(super) fn scrub(&self) -> Known<()> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    fn ids(&self, sql: &str, values: impl rusqlite::Params) -> Known<BTreeSet<FileId>> {
        let mut found = self.connection.prepare_cached(sql)?;
        let rows = found.query_map(values, |row| id_of(&row.get::<_, String>(0)?))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn connect(path: &Path) -> Known<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // What is acknowledged here has to be found after a power failure.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "secure_delete", "on")?;
    Ok(connection)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(FileId, About)> {
    let number = |column: usize| Ok::<_, rusqlite::Error>(unsigned(row.get(column)?));
    let about = About {
        owner: PersonId(number(1)?),
        room: RoomId(number(2)?),
        name: row.get(3)?,
        r#type: row.get(4)?,
        size: number(5)?,
        at: Timestamp(number(6)?),
        after: Position(number(7)?),
    };
    Ok((id_of(&row.get::<_, String>(0)?)?, about))
}

fn id_of(text: &str) -> rusqlite::Result<FileId> {
    text.parse().map_err(|_| rusqlite::Error::InvalidQuery)
}

/// A number of 64 bits as the database stores it.
fn signed(number: u64) -> i64 {
    i64::from_le_bytes(number.to_le_bytes())
}

/// A number of 64 bits as it was before the database stored it.
fn unsigned(number: i64) -> u64 {
    u64::from_le_bytes(number.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn about(size: u64) -> About {
        let (name, r#type) = ("a.txt".to_owned(), "application/octet-stream".to_owned());
        let (owner, room) = (PersonId(1), RoomId(1));
        About { owner, room, name, r#type, size, at: Timestamp(1_000), after: Position(5) }
    }

    #[test]
    fn what_leaves_counts_until_it_is_gone() {
        let folder = Scratch::new();
        std::fs::create_dir(folder.path()).unwrap();
        let ledger = Ledger::open(&folder.path().join("files.sqlite"), Position(9)).unwrap();
        let [one, other] = [FileId::random(), FileId::random()];
        ledger.add(one, &about(100), Timestamp(1_000)).unwrap();
        // By the clock of another node it came long ago; here it is counted from when it was learnt of.
        ledger.add(other, &about(30), Timestamp(2_000)).unwrap();
        assert_eq!(ledger.unclaimed(Timestamp(1_500)).unwrap(), [one].into());
        ledger.leave(one).unwrap();
        ledger.leave(one).unwrap();
        assert_eq!((ledger.octets().unwrap(), ledger.leaving().unwrap()), (130, [(one, 100)].into()));
        ledger.left(one).unwrap();
        assert_eq!((ledger.octets().unwrap(), ledger.find(one).unwrap()), (30, None));
        let place = Place { room: RoomId(1), sequence: Sequence(1) };
        ledger.claim(place, other).unwrap();
        assert!(ledger.unclaimed(Timestamp(9_000)).unwrap().is_empty());
        ledger.disclaim(place, other).unwrap();
        assert_eq!(ledger.leaving().unwrap(), [(other, 30)].into());
    }

    #[test]
    fn how_far_everything_is_known_is_kept_and_belongs_to_one_log() {
        let folder = Scratch::new();
        std::fs::create_dir(folder.path()).unwrap();
        let path = folder.path().join("files.sqlite");
        let ledger = Ledger::open(&path, Position(9)).unwrap();
        ledger.set_learned(u64::MAX).unwrap();
        ledger.set_position(Position(9)).unwrap();
        drop(ledger);
        let ledger = Ledger::open(&path, Position(9)).unwrap();
        assert_eq!((ledger.learned().unwrap(), ledger.position().unwrap()), (u64::MAX, Position(9)));
        drop(ledger);
        let ledger = Ledger::open(&path, Position(8)).unwrap();
        assert_eq!((ledger.learned().unwrap(), ledger.position().unwrap()), (0, Position(0)));
    }
}
