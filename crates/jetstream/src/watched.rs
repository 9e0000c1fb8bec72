//! A storage that remembers which entries were written, so that what is erased here is erased in the stream, too.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::storage::{Direction, Read, Source, Storage, Visit, Writes};
use parlor_chat::{Position, Trouble};

/// What was written since it was asked last.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The places of all entries that were written.
    pub(crate) entries: Vec<Position>,
    /// Whether something was erased.
    pub(crate) erases: bool,
}

/// What a watched storage and its owner share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Written>>);

impl Notes {
    /// What was written since the last call.
    pub(crate) fn take(&self) -> Written {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A storage with notes.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    storage: S,
    notes: Notes,
}

impl<S> Watched<S> {
    pub(crate) fn new(storage: S, notes: Notes) -> Self {
        Watched { storage, notes }
    }
}

impl<S: Read> Read for Watched<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        self.storage.get(key)
    }

    fn look(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        self.storage.look(key, visit)
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        self.storage.scan(keys, direction, visit)
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        self.storage.entry(position)
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        self.storage.entries(after, limit)
    }
}

impl<S: Storage> Storage for Watched<S> {
    fn commit(&mut self, writes: &Writes) -> Result<(), Trouble> {
        self.storage.commit(writes)?;
        let mut written = self.notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = writes.entries.iter().filter(|(_, entry)| entry.is_some());
        written.entries.extend(kept.map(|(position, _)| Position(*position)));
        written.erases |= writes.erases;
        Ok(())
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.storage.scrub()
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.storage.source()
    }
}
