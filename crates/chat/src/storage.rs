//! Where log and state are kept: one ordered map of octets for the state, one list for the log, written together.
//!
//! Everything that has a meaning stands above this, and is the same for every storage.

mod intercepted;
mod memory;
mod over;
mod recent;
mod row_key;
mod rows;
mod sqlite;
mod staged;

use std::ops::{ControlFlow, Range};

use crate::trouble::Trouble;

pub use intercepted::Intercepted;
pub use memory::Memory;
pub(crate) use row_key::RowKey;
pub use rows::{Entries, Rows};
pub use sqlite::{Options, Sqlite, SqliteReader};
pub(crate) use staged::{Cache, Ground, Staged};

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Forwards,
    /// Largest key first.
    Backwards,
}

/// What a scan calls for each row, until it breaks.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, Trouble> + 'a;

/// Reading, all of it at one moment of the log.
pub trait Read {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble>;

    /// Calls with the value of a key, if it has one: without a copy, where that can be.
    fn look(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        if let Some(value) = self.get(key)? {
            visit(&value);
        }
        Ok(())
    }

    /// Visits the rows whose keys are in the range, in order.
    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble>;

    /// The entry at a position of the log; nothing if it was trimmed away or is not there yet.
    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble>;

    /// Up to `limit` entries after a position, in order.
    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble>;
}

/// What is to be written in one step: a value, or nothing to remove what is there.
#[derive(Debug, Clone, Default)]
pub struct Writes {
    /// Rows of the state.
    pub rows: Rows,
    /// Entries of the log.
    pub entries: Entries,
    /// Every row and entry that is not written in the same step is removed.
    pub anew: bool,
    /// Something is erased by this, by other octets of the same length in its place: [`Storage::scrub`] is due.
    pub erases: bool,
    /// Entries are removed by this: [`Storage::scrub`] is due and may take as long as writing everything anew.
    pub removes: bool,
}

/// Something that reads from another thread than the one that writes.
pub trait Source: Send {
    /// Calls once with a view of one moment.
    fn read(&mut self, run: &mut dyn FnMut(&dyn Read) -> Result<(), Trouble>) -> Result<(), Trouble>;

    /// One more that reads the same.
    fn another(&self) -> Result<Box<dyn Source>, Trouble>;
}

/// What hands out everything that a storage is to have, step by step.
pub type Refill<'a> = dyn FnMut(&mut dyn FnMut(&Writes) -> Result<(), Trouble>) -> Result<(), Trouble> + 'a;

/// The one place that is written to.
pub trait Storage: Read + Send + 'static {
    /// Writes all of it or, with an error, nothing. When it returns, it is durable.
    fn commit(&mut self, writes: &Writes) -> Result<(), Trouble>;

    /// Puts what is handed out in the place of everything that is there: all of it or, with an error, nothing. When it
    /// returns, it is durable. What is read through an earlier [`Source`] may be what was there before.
    ///
    /// Faster than commits, above all if keys and positions ascend.
    fn refill(&mut self, refill: &mut Refill<'_>) -> Result<(), Trouble>;

    /// Makes sure that nothing that was removed or overwritten can be read from the files.
    ///
    /// Without success, as long as somebody still reads an earlier moment, it says so with `false`.
    fn scrub(&mut self) -> Result<bool, Trouble>;

    /// Another way to read the same storage.
    fn source(&self) -> Result<Box<dyn Source>, Trouble>;
}
