//! Writing a batch through a connection: many rows with each statement.

use rusqlite::{CachedStatement, Connection, ToSql};

use super::read::integer;
use crate::storage::{Entries, Rows};

/// Rows that one statement writes, so that beginning and ending one is shared among them.
const TOGETHER: usize = 32;

/// Removes everything that is in its place, within the transaction that is open.
pub(crate) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM state; DELETE FROM log")
}

/// Puts rows in their places, within the transaction that is open.
pub(crate) fn rows(connection: &Connection, rows: &Rows) -> rusqlite::Result<()> {
    let mut removed = connection.prepare_cached("DELETE FROM state WHERE key = ?1")?;
    put(connection, "state", rows.iter().filter_map(|(key, value)| Some((key, value?))))?;
    for (key, _) in rows.iter().filter(|(_, value)| value.is_none()) {
        removed.execute([key])?;
    }
    Ok(())
}

/// Writes entries, within the transaction that is open.
pub(crate) fn entries(connection: &Connection, entries: &Entries) -> rusqlite::Result<()> {
    let mut removed = connection.prepare_cached("DELETE FROM log WHERE position = ?1")?;
    let written = entries.iter().filter_map(|(position, entry)| Some((integer(position), entry?)));
    put(connection, "log", written)?;
    for (position, _) in entries.iter().filter(|(_, entry)| entry.is_none()) {
        removed.execute([integer(position)])?;
    }
    Ok(())
}

/// Writes rows of two columns, of which the first says where; what was there is overwritten.
fn put<K: ToSql, V: ToSql>(
    connection: &Connection,
    table: &str,
    mut rows: impl Iterator<Item = (K, V)>,
) -> rusqlite::Result<()> {
    let mut many = connection.prepare_cached(&statement(table, TOGETHER))?;
    let mut one = connection.prepare_cached(&statement(table, 1))?;
    let mut waiting = Vec::with_capacity(TOGETHER);
    loop {
        waiting.extend(rows.by_ref().take(TOGETHER));
        if waiting.len() < TOGETHER {
            break;
        }
        execute(&mut many, &waiting)?;
        waiting.clear();
    }
    waiting.chunks(1).try_for_each(|row| execute(&mut one, row))
}

fn execute<K: ToSql, V: ToSql>(statement: &mut CachedStatement<'_>, rows: &[(K, V)]) -> rusqlite::Result<()> {
    let mut parameter = 0;
    for (key, value) in rows {
        statement.raw_bind_parameter(parameter + 1, key)?;
        statement.raw_bind_parameter(parameter + 2, value)?;
        parameter += 2;
    }
    statement.raw_execute().map(drop)
}

/// That a row replaces another is said in the table (`schema.rs`): so its place is looked for once, and with
/// `ON CONFLICT DO UPDATE` it would be twice.
fn statement(table: &str, rows: usize) -> String {
    let rows = vec!["(?, ?)"; rows].join(", ");
    format!("INSERT INTO {table} VALUES {rows}")
}
