//! Reading what is stored as it will be once a batch is written into it.

use std::ops::{ControlFlow, Range};

use super::{Direction, Read, Visit, Writes};
use crate::trouble::Trouble;

/// What is stored, with a batch over it. It reads the same whether or not the batch is stored already.
pub(crate) struct Over<'a> {
    pub(crate) base: &'a dyn Read,
    pub(crate) writes: &'a Writes,
}

impl Read for Over<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        match self.writes.rows.get(key) {
            Some(written) => Ok(written.map(<[u8]>::to_vec)),
            None => self.base.get(key),
        }
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
                Direction::Forwards => *written < key,
                Direction::Backwards => *written > key,
            }) {
                flow = row.map_or(Ok(flow), |row| visit(earlier, row))?;
                if flow.is_break() {
                    return Ok(flow);
                }
            }
            flow = match written.next_if(|(written, _)| *written == key) {
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
            flow = row.map_or(Ok(flow), |row| visit(key, row))?;
        }
        Ok(())
    }

    fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, Trouble> {
        match self.writes.entries.get(position) {
            Some(written) => Ok(written.map(<[u8]>::to_vec)),
            None => self.base.entry(position),
        }
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        let mut entries = self.base.entries(after, limit)?;
        let stored_to = entries.last().map_or(after, |(position, _)| *position);
        for (position, entry) in &mut entries {
            if let Some(Some(written)) = self.writes.entries.get(*position) {
                written.clone_into(entry);
            }
        }
        // What is written is added at the end or stands in the place of what is there; only trimming removes entries,
        // and nothing is decided on top of that.
        let added = self.writes.entries.range(stored_to.saturating_add(1)..);
        let added = added.filter_map(|(position, entry)| Some((position, entry?.to_vec())));
        entries.extend(added.take(limit - entries.len().min(limit)));
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    fn written(rows: &[(&str, Option<&str>)], entries: &[(u64, &str)]) -> Writes {
        let mut writes = Writes::default();
        for (key, value) in rows {
            match value {
                Some(value) => writes.rows.insert(key, value),
                None => writes.rows.remove(key),
            }
        }
        entries.iter().for_each(|(position, entry)| writes.entries.insert(*position, entry));
        writes
    }

    fn scanned(read: &dyn Read, direction: Direction, most: usize) -> Vec<String> {
        let mut seen = Vec::new();
        let range = b"a".as_slice()..b"i".as_slice();
        read.scan(range, direction, &mut |key, value| {
            seen.push(String::from_utf8([key, b"=", value].concat()).unwrap());
            Ok(if seen.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .unwrap();
        seen
    }

    /// A storage, with a batch on the way into it and one that is put together on top.
    fn layers() -> (Memory, Writes, Writes) {
        let mut memory = Memory::new();
        let old = ["b", "d", "f", "h"].map(|key| (key, Some("old")));
        memory.commit(&written(&old, &[(1, "first"), (2, "second")])).unwrap();
        let lower =
            written(&[("c", Some("new")), ("d", Some("gone over")), ("g", Some("new"))], &[(3, "third")]);
        let upper =
            [("a", Some("new")), ("d", Some("new")), ("e", None), ("f", None), ("g", None), ("i", None)];
        (memory, lower, written(&upper, &[(2, "erased"), (4, "fourth")]))
    }

    #[test]
    fn what_is_stored_and_what_is_written_are_read_in_one_order() {
        let (mut memory, lower, upper) = layers();
        // The lower batch may arrive at any time, and nobody can tell.
        for _ in 0..2 {
            let below = Over { base: &memory, writes: &lower };
            let read = Over { base: &below, writes: &upper };
            let forwards = ["a=new", "b=old", "c=new", "d=new", "h=old"];
            let backwards: Vec<&str> = forwards.iter().rev().copied().collect();
            for most in 1..=5 {
                assert_eq!(scanned(&read, Direction::Forwards, most), forwards[..most]);
                assert_eq!(scanned(&read, Direction::Backwards, most), backwards[..most]);
            }
            for (key, value) in [("a", Some("new")), ("b", Some("old")), ("c", Some("new")), ("g", None)] {
                assert_eq!(read.get(key.as_bytes()).unwrap(), value.map(Into::into), "{key}");
            }
            memory.commit(&lower).unwrap();
        }
    }

    #[test]
    fn entries_are_those_stored_with_what_was_written_over_and_behind_them() {
        let (mut memory, lower, upper) = layers();
        for _ in 0..2 {
            let below = Over { base: &memory, writes: &lower };
            let read = Over { base: &below, writes: &upper };
            let all = [(1, "first"), (2, "erased"), (3, "third"), (4, "fourth")];
            for after in 0..=4 {
                for limit in 0..=5 {
                    let found = read.entries(after as u64, limit).unwrap();
                    let expected = all[after..].iter().take(limit);
                    let expected = expected.map(|(position, entry)| (*position, entry.as_bytes().to_vec()));
                    assert!(found.into_iter().eq(expected), "{limit} after {after}");
                }
            }
            for (position, entry) in all {
                assert_eq!(read.entry(position).unwrap(), Some(entry.into()));
            }
            memory.commit(&lower).unwrap();
        }
    }
}
