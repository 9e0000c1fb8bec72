//! The floors: syncs of a file, and rows through SQLite that nothing is decided about.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Result, TEXT, Turn, turn};
use crate::rounds::cpu_time;
use crate::server::histogram::Histogram;

/// A page is written behind the others and synced, again and again.
pub fn syncs(path: &Path, duration: Duration) -> Result<Turn> {
    let mut file = File::create(path)?;
    let page = [7; 4096];
    let (start, before, mut commit) = (Instant::now(), cpu_time(), Histogram::default());
    let mut count = 0;
    while start.elapsed() < duration {
        let begun = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        commit.add(begun.elapsed());
        count += 1;
    }
    Ok(turn(count, start, cpu_time() - before, commit, Histogram::default()))
}

/// Rows as large as a message, with a unique index on room and sequence, so many in each commit.
pub fn commits(path: &Path, in_flight: usize, duration: Duration) -> Result<Turn> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full;
         CREATE TABLE message (
             id INTEGER PRIMARY KEY, room INTEGER, sequence INTEGER, at INTEGER, by INTEGER, text TEXT
         );
         CREATE UNIQUE INDEX place ON message (room, sequence)",
    )?;
    let text = "x".repeat(TEXT);
    let (start, before, mut commit) = (Instant::now(), cpu_time(), Histogram::default());
    let mut sequence = 0_i64;
    while start.elapsed() < duration {
        let begun = Instant::now();
        let transaction = connection.transaction()?;
        let mut insert =
            transaction.prepare_cached("INSERT INTO message VALUES (NULL, ?1, ?2, ?3, ?4, ?5)")?;
        for _ in 0..in_flight {
            sequence += 1;
            insert.execute((sequence % 50, sequence, 1_763_744_400_000_i64, sequence % 1_000, &text))?;
        }
        drop(insert);
        transaction.commit()?;
        commit.add(begun.elapsed());
    }
    Ok(turn(sequence.unsigned_abs(), start, cpu_time() - before, commit, Histogram::default()))
}
