//! Reading rows and entries through a connection.

use std::ops::{ControlFlow, Range};

use rusqlite::{Connection, OptionalExtension};

use super::error::trouble;
use crate::storage::{Direction, Read, Visit};
use crate::trouble::Trouble;

/// SQLite's integers have a sign; positions stay far below 2⁶³.
pub(crate) fn integer(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

pub(crate) fn get(connection: &Connection, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM state WHERE key = ?1").map_err(trouble)?;
    statement.query_row([key], |row| row.get(0)).optional().map_err(trouble)
}

pub(crate) fn scan(
    connection: &Connection,
    keys: Range<&[u8]>,
    direction: Direction,
    visit: &mut Visit<'_>,
) -> Result<(), Trouble> {
    let query = match direction {
        Direction::Forwards => "SELECT key, value FROM state WHERE key >= ?1 AND key < ?2 ORDER BY key",
        Direction::Backwards => "SELECT key, value FROM state WHERE key >= ?1 AND key < ?2 ORDER BY key DESC",
    };
    let mut statement = connection.prepare_cached(query).map_err(trouble)?;
    let mut rows = statement.query((keys.start, keys.end)).map_err(trouble)?;
    while let Some(row) = rows.next().map_err(trouble)? {
        let octets = |column| -> Result<&[u8], Trouble> {
            let value = row.get_ref(column).map_err(trouble)?;
            value.as_blob().map_err(|_| Trouble::Corrupt("a row of the state is not octets".into()))
        };
        if visit(octets(0)?, octets(1)?)? == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

pub(crate) fn entry(connection: &Connection, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
    let mut statement =
        connection.prepare_cached("SELECT entry FROM log WHERE position = ?1").map_err(trouble)?;
    statement.query_row([integer(position)], |row| row.get(0)).optional().map_err(trouble)
}

pub(crate) fn entries(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
    let query = "SELECT position, entry FROM log WHERE position > ?1 ORDER BY position LIMIT ?2";
    let mut statement = connection.prepare_cached(query).map_err(trouble)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((integer(after), limit), |row| {
        Ok((u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(), row.get(1)?))
    });
    rows.and_then(Iterator::collect).map_err(trouble)
}

/// What stands in its place, without what waits to be put there.
pub(super) struct InPlace<'a>(pub(super) &'a Connection);

impl Read for InPlace<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        get(self.0, key)
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        scan(self.0, keys, direction, visit)
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        entry(self.0, position)
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        entries(self.0, after, limit)
    }
}
