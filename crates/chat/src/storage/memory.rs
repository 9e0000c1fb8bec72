//! A storage in memory: the reference for every other, and what tests run on. Durable only as long as it lives.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow, Range};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::{Direction, Read, Refill, Source, Storage, Visit, Writes};
use crate::trouble::Trouble;

#[derive(Debug, Default)]
struct Content {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    entries: BTreeMap<u64, Vec<u8>>,
}

/// Rows and entries in two maps. A clone is the same storage, as a file that is opened once more.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    content: Arc<RwLock<Content>>,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Memory::default()
    }

    // Nothing that runs under the lock can leave the content half written, so poison says nothing.
    fn content(&self) -> RwLockReadGuard<'_, Content> {
        self.content.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn put(&mut self, writes: &Writes) {
        if writes.anew {
            self.rows.clear();
            self.entries.clear();
        }
        for (key, value) in writes.rows.iter() {
            match value {
                Some(value) => self.rows.insert(key.to_vec(), value.to_vec()),
                None => self.rows.remove(key),
            };
        }
        for (position, entry) in writes.entries.iter() {
            match entry {
                Some(entry) => self.entries.insert(position, entry.to_vec()),
                None => self.entries.remove(&position),
            };
        }
    }
}

impl Read for Content {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut rows = self.rows.range::<[u8], _>((Bound::Included(keys.start), Bound::Excluded(keys.end)));
        let next = || match direction {
            Direction::Forwards => rows.next(),
            Direction::Backwards => rows.next_back(),
        };
        for (key, value) in std::iter::from_fn(next) {
            if visit(key, value)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.entries.get(&position).cloned())
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        let later = self.entries.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(later.take(limit).map(|(position, entry)| (*position, entry.clone())).collect())
    }
}

impl Read for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        self.content().get(key)
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        self.content().scan(keys, direction, visit)
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        self.content().entry(position)
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        self.content().entries(after, limit)
    }
}

impl Source for Memory {
    fn read(&mut self, run: &mut dyn FnMut(&dyn Read) -> Result<(), Trouble>) -> Result<(), Trouble> {
        run(&*self.content())
    }

    fn another(&self) -> Result<Box<dyn Source>, Trouble> {
        self.source()
    }
}

impl Storage for Memory {
    fn commit(&mut self, writes: &Writes) -> Result<(), Trouble> {
        let mut content = self.content.write().unwrap_or_else(PoisonError::into_inner);
        content.put(writes);
        Ok(())
    }

    fn refill(&mut self, refill: &mut Refill<'_>) -> Result<(), Trouble> {
        let mut fresh = Content::default();
        refill(&mut |writes| {
            fresh.put(writes);
            Ok(())
        })?;
        *self.content.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        Ok(true)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        Ok(Box::new(self.clone()))
    }
}
