//! Rows of the state that are durable, and wait to be put in their places together.
//!
//! A batch says something about fifty rooms in fifty places of the file, and each is a page on its way to the disk. So it
//! is written down in one piece first, behind the pieces before. Only when there is so much of it that many rows share a
//! page are all put in their places. Until then, who reads has them in memory, over what is in place.

use std::cell::{Cell, RefCell};

use rusqlite::Connection;

use super::error::trouble;
use super::read::InPlace;
use super::write;
use crate::codec::{self, Malformed, put_octets};
use crate::storage::over::Over;
use crate::storage::{Rows, Writes};
use crate::trouble::Trouble;

/// So many rows of one batch share pages among themselves and do not wait: if steps of a busy server took turns in being
/// short and long, deciding on the next would have to wait for the long ones.
const ENOUGH: usize = 512;

/// Numbers of the fields of a piece: a key and the value after it, or a key whose row is removed.
const KEY: u64 = 1;
const VALUE: u64 = 2;
const REMOVED: u64 = 3;

/// What one connection knows of the rows that wait.
#[derive(Debug, Default)]
pub(super) struct Pending {
    known: RefCell<Known>,
    /// What is known is what the connection sees now.
    is_current: Cell<bool>,
}

/// The pieces from one to another, as one.
#[derive(Debug, Default)]
struct Known {
    first: i64,
    last: i64,
    writes: Writes,
}

impl Pending {
    /// The connection may see another moment from now on.
    pub(super) fn look_again(&self) {
        self.is_current.set(false);
    }

    /// Reads what is in place with what waits over it.
    pub(super) fn over<T>(
        &self,
        connection: &Connection,
        read: impl FnOnce(&Over<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.renew(connection)?;
        read(&Over { base: &InPlace(connection), writes: &self.known.borrow().writes })
    }

    fn renew(&self, connection: &Connection) -> Result<(), Trouble> {
        if !self.is_current.get() {
            self.known.borrow_mut().renew(connection)?;
            self.is_current.set(true);
        }
        Ok(())
    }

    /// Writes what a batch says of the state into the transaction that is open, so that at most so many rows wait. If that
    /// does not become durable, this value is of no use any more.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        writes: &Writes,
        most: usize,
    ) -> Result<(), Trouble> {
        self.renew(connection)?;
        self.known.get_mut().write(connection, writes, most)
    }
}

impl Known {
    fn renew(&mut self, connection: &Connection) -> Result<(), Trouble> {
        let mut first = connection.prepare_cached("SELECT min(piece) FROM pending").map_err(trouble)?;
        let first = first.query_row([], |row| row.get::<_, Option<i64>>(0)).map_err(trouble)?;
        let first = first.unwrap_or_default();
        if first != self.first {
            // Those before are in their places.
            *self = Known { first, last: first - 1, writes: Writes::default() };
        }
        let query = "SELECT piece, rows FROM pending WHERE piece > ?1 ORDER BY piece";
        let mut later = connection.prepare_cached(query).map_err(trouble)?;
        let mut later = later.query([self.last]).map_err(trouble)?;
        while let Some(row) = later.next().map_err(trouble)? {
            let octets = row.get_ref(1).map_err(trouble)?.as_blob();
            let octets = octets.map_err(|_| Trouble::Corrupt("what waits is not octets".into()))?;
            decode(octets, &mut self.writes.rows)?;
            self.last = row.get(0).map_err(trouble)?;
        }
        Ok(())
    }

    fn write(&mut self, connection: &Connection, writes: &Writes, most: usize) -> Result<(), Trouble> {
        self.last += 1;
        if writes.anew {
            self.forget(connection)?;
        }
        let mut piece = Vec::new();
        let count = writes.rows.len();
        if count < ENOUGH && self.writes.rows.len() + count <= most {
            self.writes.rows.take_in(&writes.rows);
            encode(&writes.rows, &mut piece);
        } else if self.writes.rows.is_empty() && !writes.anew {
            // What is in place is never behind what waits.
            return write::rows(connection, &writes.rows).map_err(trouble);
        } else {
            self.writes.rows.take_in(&writes.rows);
            write::rows(connection, &self.writes.rows).map_err(trouble)?;
            self.forget(connection)?;
        }
        if self.first == 0 {
            self.first = self.last;
        }
        // A piece without rows, too: it says that those before it wait no more, and no number comes again.
        let mut insert = connection.prepare_cached("INSERT INTO pending VALUES (?1, ?2)").map_err(trouble)?;
        insert.execute((self.last, piece)).map(drop).map_err(trouble)
    }

    /// Nothing waits any more; what comes now is the first.
    fn forget(&mut self, connection: &Connection) -> Result<(), Trouble> {
        *self = Known { first: self.last, last: self.last, writes: Writes::default() };
        connection
            .prepare_cached("DELETE FROM pending")
            .and_then(|mut all| all.execute([]))
            .map_err(trouble)?;
        Ok(())
    }
}

fn encode(rows: &Rows, to: &mut Vec<u8>) {
    for (key, value) in rows.iter() {
        match value {
            Some(value) => {
                put_octets(key, KEY, to);
                put_octets(value, VALUE, to);
            }
            None => put_octets(key, REMOVED, to),
        }
    }
}

fn decode(octets: &[u8], to: &mut Rows) -> Result<(), Malformed> {
    let mut key: &[u8] = &[];
    codec::fields(octets, |number, value| {
        let octets = value.octets()?;
        match number {
            KEY => key = octets,
            VALUE => to.insert(key, octets),
            REMOVED => to.remove(octets),
            _ => return Err(Malformed::Newer),
        }
        Ok(())
    })
}
