//! Erasure: the terms of what was deleted or edited leave the index, and the file.
//!
//! A withdrawn document cannot be found from the moment its change is taken in. Which terms it had is not known, as
//! its text is gone; so the postings of its segment are read through, once for all of its documents that wait.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::SearchError;
use super::pages;
use super::store::{self, Segment};

/// Cleans the segment with the oldest withdrawn document. Returns whether there was one.
///
/// A segment that is being merged must not be cleaned: what is written already would keep the terms.
pub(super) fn step(connection: &mut Connection) -> Result<bool, SearchError> {
    let transaction = connection.transaction()?;
    let oldest: Option<u32> = transaction
        .prepare_cached("SELECT document FROM erasures ORDER BY document LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(oldest) = oldest else { return Ok(false) };
    let segments = store::segments(&transaction)?;
    let segment = segments
        .iter()
        .find(|segment| (segment.first..=segment.last).contains(&oldest))
        .ok_or(SearchError::Damaged("a document of no segment"))?;
    let withdrawn = withdrawn(&transaction, segment)?;
    let is_withdrawn = |document: u32| {
        document.checked_sub(segment.first).is_some_and(|at| withdrawn.get(at as usize) == Some(&true))
    };
    pages::remove(&transaction, segment.number, is_withdrawn)?;
    transaction
        .prepare_cached("DELETE FROM erasures WHERE document BETWEEN ?1 AND ?2")?
        .execute(params![segment.first, segment.last])?;
    transaction.commit()?;
    Ok(true)
}

/// For each document that the segment spans, whether it is withdrawn.
fn withdrawn(connection: &Connection, segment: &Segment) -> Result<Vec<bool>, SearchError> {
    let mut withdrawn = vec![false; segment.span() as usize];
    let mut statement =
        connection.prepare_cached("SELECT document FROM erasures WHERE document BETWEEN ?1 AND ?2")?;
    let mut rows = statement.query(params![segment.first, segment.last])?;
    while let Some(row) = rows.next()? {
        withdrawn[(row.get::<_, u32>(0)? - segment.first) as usize] = true;
    }
    Ok(withdrawn)
}

/// Writes the write-ahead log back and empties it, because it still holds pages as they were. Returns whether that
/// worked; it does not while somebody reads an older state.
pub(super) fn empty_write_ahead_log(connection: &Connection) -> Result<bool, SearchError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))? == 0)
}
