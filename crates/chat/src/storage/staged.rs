//! What a batch has written so far, over what is stored: read as one, written later or never.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

use super::recent::Recent;
use super::{Direction, Read, Visit, Writes};
use crate::trouble::Trouble;

/// Rows in the cache at most. They are small (people, rooms, members): this is some 30 MiB.
const CACHED: usize = 200_000;

/// Rows that were read or written lately, so that deciding on a message reads nothing from the disk.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    rows: RefCell<HashMap<Vec<u8>, Option<Vec<u8>>>>,
    recent: Recent,
}

impl Cache {
    /// An empty one, except that it knows the end of the table whose keys begin with this octet.
    pub(crate) fn with_end_of(table: u8, state: &impl Read) -> Result<Self, Trouble> {
        Ok(Cache { rows: RefCell::default(), recent: Recent::read(table, state)? })
    }

    /// Takes over what a batch wrote, once it is durable.
    pub(crate) fn renew(&mut self, writes: &Writes, is_cached: fn(u8) -> bool) {
        self.recent.renew(writes);
        let rows = self.rows.get_mut();
        for (key, value) in writes.rows.of_tables(is_cached) {
            if let Some(cached) = rows.get_mut(key) {
                cached.clone_from(value);
            }
        }
    }
}

/// A batch that is being put together.
pub(crate) struct Staged<'a> {
    base: &'a dyn Read,
    cache: &'a Cache,
    is_cached: fn(u8) -> bool,
    /// Where values are put together, so that each then takes no more memory than it needs.
    scratch: Vec<u8>,
    pub(crate) writes: Writes,
}

impl<'a> Staged<'a> {
    /// An empty batch; `is_cached` says of which tables rows are read again and again.
    pub(crate) fn new(base: &'a dyn Read, cache: &'a Cache, is_cached: fn(u8) -> bool) -> Self {
        Staged { base, cache, is_cached, scratch: Vec::new(), writes: Writes::default() }
    }

    /// Gives a key the value that `write` puts into an empty vector.
    pub(crate) fn put(&mut self, key: Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let value = self.written(write);
        self.writes.rows.insert(key, Some(value));
    }

    /// Gives a place of the log the entry that `write` puts into an empty vector.
    pub(crate) fn put_entry(&mut self, position: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let entry = self.written(write);
        self.writes.entries.insert(position, Some(entry));
    }

    fn written(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        self.scratch.clear();
        write(&mut self.scratch);
        self.scratch.as_slice().into()
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.writes.rows.insert(key, None);
    }
}

impl Read for Staged<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        let mut value = None;
        self.look(key, &mut |octets| value = Some(octets.to_vec()))?;
        Ok(value)
    }

    fn look(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<(), Trouble> {
        if let Some(written) = self.writes.rows.get(key) {
            written.iter().for_each(|value| visit(value));
            return Ok(());
        }
        if self.cache.recent.lacks(key) {
            return Ok(());
        }
        if !key.first().is_some_and(|table| (self.is_cached)(*table)) {
            return self.base.look(key, visit);
        }
        if let Some(cached) = self.cache.rows.borrow().get(key) {
            cached.iter().for_each(|value| visit(value));
            return Ok(());
        }
        let value = self.base.get(key)?;
        value.iter().for_each(|value| visit(value));
        let mut rows = self.cache.rows.borrow_mut();
        if rows.len() >= CACHED {
            rows.clear();
        }
        rows.insert(key.to_vec(), value);
        Ok(())
    }

    /// Both in one order: of the same key, what was written counts.
    fn scan(&self, keys: Range<&[u8]>, direction: Direction, visit: &mut Visit<'_>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut range = self.writes.rows.range(keys.clone());
        let next = || match direction {
            Direction::Forwards => range.next(),
            Direction::Backwards => range.next_back(),
        };
        let mut written = std::iter::from_fn(next).peekable();
        let mut flow = ControlFlow::Continue(());
        self.base.scan(keys, direction, &mut |key, value| {
            while let Some((earlier, row)) = written.next_if(|(written, _)| match direction {
                Direction::Forwards => written.as_slice() < key,
                Direction::Backwards => written.as_slice() > key,
            }) {
                flow = row.as_ref().map_or(Ok(flow), |row| visit(earlier, row))?;
                if flow.is_break() {
                    return Ok(flow);
                }
            }
            flow = match written.next_if(|(written, _)| written.as_slice() == key) {
                Some((_, None)) => flow,
                Some((_, Some(row))) => visit(key, row)?,
                None => visit(key, value)?,
            };
            Ok(flow)
        })?;
        for (key, row) in written {
            if flow.is_break() {
                break;
            }
            flow = row.as_ref().map_or(Ok(flow), |row| visit(key, row))?;
        }
        Ok(())
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        match self.writes.entries.get(&position) {
            Some(written) => Ok(written.clone()),
            None => self.base.entry(position),
        }
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        self.base.entries(after, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    #[test]
    fn a_scan_sees_what_is_stored_and_what_is_written_in_one_order() {
        let mut memory = Memory::new();
        let mut stored = Writes::default();
        for key in ["b", "d", "f", "h"] {
            stored.rows.insert(key.into(), Some("old".into()));
        }
        memory.commit(&stored).unwrap();
        let cache = Cache::default();
        let mut staged = Staged::new(&memory, &cache, |_| false);
        for key in ["a", "c", "d", "i"] {
            staged.put(key.into(), |value| value.extend(b"new"));
        }
        staged.remove("f".into());
        staged.remove("e".into());

        let look = |direction, most: usize| {
            let mut seen = Vec::new();
            let range = b"a".as_slice()..b"i".as_slice();
            staged
                .scan(range, direction, &mut |key, value| {
                    seen.push(String::from_utf8([key, b"=", value].concat()).unwrap());
                    Ok(if seen.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })
                .unwrap();
            seen
        };
        let forwards = ["a=new", "b=old", "c=new", "d=new", "h=old"];
        let backwards: Vec<&str> = forwards.iter().rev().copied().collect();
        for most in 1..=5 {
            assert_eq!(look(Direction::Forwards, most), forwards[..most]);
            assert_eq!(look(Direction::Backwards, most), backwards[..most]);
        }
    }

    #[test]
    fn the_cache_holds_what_became_durable_and_not_what_was_given_up() {
        let mut memory = Memory::new();
        let mut cache = Cache::default();
        let row = |value: &str| {
            let mut staged = Writes::default();
            staged.rows.insert("k".into(), Some(value.into()));
            staged
        };
        memory.commit(&row("1")).unwrap();
        assert_eq!(Staged::new(&memory, &cache, |_| true).get(b"k").unwrap(), Some(b"1".to_vec()));

        let mut given_up = Staged::new(&memory, &cache, |_| true);
        given_up.put("k".into(), |value| value.push(b'2'));
        assert_eq!(given_up.get(b"k").unwrap(), Some(b"2".to_vec()));
        drop(given_up);
        assert_eq!(Staged::new(&memory, &cache, |_| true).get(b"k").unwrap(), Some(b"1".to_vec()));

        memory.commit(&row("3")).unwrap();
        cache.renew(&row("3"), |_| true);
        assert_eq!(Staged::new(&memory, &cache, |_| true).get(b"k").unwrap(), Some(b"3".to_vec()));
    }
}
