//! A storage whose commits pass through somebody else's hands: to be noted, delayed or refused.

use std::fmt;
use std::ops::Range;

use super::{Direction, Read, Refill, Source, Storage, Visit, Writes};
use crate::trouble::Trouble;

/// A storage of which everything is as it is, but for how it commits.
pub struct Intercepted<S, C> {
    storage: S,
    commit: C,
}

impl<S, C> Intercepted<S, C>
where
    C: FnMut(&mut S, &Writes) -> Result<(), Trouble>,
{
    /// `commit` is called in place of [`Storage::commit`], with the storage, and promises the same.
    pub fn new(storage: S, commit: C) -> Self {
        Intercepted { storage, commit }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Intercepted<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepted").field("storage", &self.storage).finish_non_exhaustive()
    }
}

impl<S: Read, C> Read for Intercepted<S, C> {
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

impl<S, C> Storage for Intercepted<S, C>
where
    S: Storage,
    C: FnMut(&mut S, &Writes) -> Result<(), Trouble> + Send + 'static,
{
    fn commit(&mut self, writes: &Writes) -> Result<(), Trouble> {
        (self.commit)(&mut self.storage, writes)
    }

    fn refill(&mut self, refill: &mut Refill<'_>) -> Result<(), Trouble> {
        self.storage.refill(refill)
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.storage.scrub()
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.storage.source()
    }
}
