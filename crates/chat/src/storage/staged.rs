//! What a batch has written so far, over what is stored: read as one, written later or never.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::over::Over;
use super::recent::Recent;
use super::{Direction, Read, RowKey, Visit, Writes};
use crate::trouble::Trouble;

/// Rows in the cache at most. They are small (people, rooms, members): this is some 30 MiB.
const CACHED: usize = 200_000;

/// Rows that were read or written lately, so that deciding on a message reads nothing from the disk.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    rows: RefCell<HashMap<RowKey, Option<Vec<u8>>>>,
    recent: Recent,
}

impl Cache {
    /// An empty one, except that it knows the end of the table whose keys begin with this octet.
    pub(crate) fn with_end_of(table: u8, state: &impl Read) -> Result<Self, Trouble> {
        Ok(Cache { rows: RefCell::default(), recent: Recent::read(table, state)? })
    }

    /// Takes over what a batch wrote. If it does not become durable after all, the cache is of no use any more.
    pub(crate) fn renew(&mut self, writes: &Writes, is_cached: fn(u8) -> bool) {
        self.recent.renew(writes);
        let rows = self.rows.get_mut();
        for (key, value) in writes.rows.of_tables(is_cached) {
            if let Some(cached) = rows.get_mut(&RowKey::from(key)) {
                *cached = value.map(<[u8]>::to_vec);
            }
        }
    }
}

/// What a batch is put together on.
pub(crate) struct Ground<'a> {
    /// What is durable. While a batch is under way, this may or may not have it already.
    pub(crate) base: &'a dyn Read,
    /// The batch that is on its way into the base; the cache has taken it over.
    pub(crate) under_way: Option<&'a Writes>,
    pub(crate) cache: &'a Cache,
    /// Of which tables rows are read again and again.
    pub(crate) is_cached: fn(u8) -> bool,
}

/// A batch that is being put together.
pub(crate) struct Staged<'a> {
    ground: Ground<'a>,
    pub(crate) writes: Writes,
}

impl<'a> Staged<'a> {
    /// A batch that goes on from what it wrote before.
    pub(crate) fn new(ground: Ground<'a>, writes: Writes) -> Self {
        Staged { ground, writes }
    }

    /// Gives a key the value that `write` adds to octets that are there.
    pub(crate) fn put(&mut self, key: impl AsRef<[u8]>, write: impl FnOnce(&mut Vec<u8>)) {
        self.writes.rows.put(key.as_ref(), write);
    }

    /// Gives a place of the log the entry that `write` adds to octets that are there.
    pub(crate) fn put_entry(&mut self, position: u64, write: impl FnOnce(&mut Vec<u8>)) {
        self.writes.entries.put(position, write);
    }

    /// What is stored with what is on its way there, and with this batch.
    fn over<T>(&self, read: impl FnOnce(&Over<'_>) -> T) -> T {
        let base = self.ground.base;
        match self.ground.under_way {
            Some(writes) => read(&Over { base: &Over { base, writes }, writes: &self.writes }),
            None => read(&Over { base, writes: &self.writes }),
        }
    }

    pub(crate) fn remove(&mut self, key: impl AsRef<[u8]>) {
        self.writes.rows.remove(key);
    }
}

impl Read for Staged<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        let mut value = None;
        self.look(key, &mut |octets| value = Some(octets.to_vec()))?;
        Ok(value)
    }

    fn look(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        let row_key = RowKey::from(key);
        if let Some(written) = self.writes.rows.at(&row_key) {
            written.iter().for_each(|value| visit(value));
            return Ok(());
        }
        let Ground { base, under_way, cache, is_cached } = &self.ground;
        if cache.recent.lacks(key) {
            return Ok(());
        }
        let is_cached = key.first().is_some_and(|table| is_cached(*table));
        if is_cached && let Some(cached) = cache.rows.borrow().get(&row_key) {
            cached.iter().for_each(|value| visit(value));
            return Ok(());
        }
        if let Some(written) = under_way.and_then(|writes| writes.rows.at(&row_key)) {
            written.iter().for_each(|value| visit(value));
            return Ok(());
        }
        if !is_cached {
            return base.look(key, visit);
        }
        let value = base.get(key)?;
        value.iter().for_each(|value| visit(value));
        let mut rows = cache.rows.borrow_mut();
        if rows.len() >= CACHED {
            rows.clear();
        }
        rows.insert(row_key, value);
        Ok(())
    }

    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        self.over(|over| over.scan(keys, direction, visit))
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        self.over(|over| over.entry(position))
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        self.over(|over| over.entries(after, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    fn row(value: &str) -> Writes {
        let mut staged = Writes::default();
        staged.rows.insert("k", value);
        staged
    }

    fn on<'a>(base: &'a Memory, cache: &'a Cache, under_way: Option<&'a Writes>) -> Staged<'a> {
        Staged::new(Ground { base, under_way, cache, is_cached: |_| true }, Writes::default())
    }

    #[test]
    fn the_cache_holds_what_became_durable_and_not_what_was_given_up() {
        let mut memory = Memory::new();
        let mut cache = Cache::default();
        memory.commit(&row("1")).unwrap();
        assert_eq!(on(&memory, &cache, None).get(b"k").unwrap(), Some(b"1".to_vec()));

        let mut given_up = on(&memory, &cache, None);
        given_up.put("k", |value| value.push(b'2'));
        assert_eq!(given_up.get(b"k").unwrap(), Some(b"2".to_vec()));
        drop(given_up);
        assert_eq!(on(&memory, &cache, None).get(b"k").unwrap(), Some(b"1".to_vec()));

        memory.commit(&row("3")).unwrap();
        cache.renew(&row("3"), |_| true);
        assert_eq!(on(&memory, &cache, None).get(b"k").unwrap(), Some(b"3".to_vec()));
    }

    #[test]
    fn what_is_on_its_way_is_read_whether_or_not_the_cache_had_it() {
        let mut memory = Memory::new();
        memory.commit(&row("1")).unwrap();
        let under_way = row("2");
        for is_read_before in [false, true] {
            let mut cache = Cache::default();
            if is_read_before {
                assert_eq!(on(&memory, &cache, None).get(b"k").unwrap(), Some(b"1".to_vec()));
            }
            cache.renew(&under_way, |_| true);
            assert_eq!(on(&memory, &cache, Some(&under_way)).get(b"k").unwrap(), Some(b"2".to_vec()));
        }
    }
}
