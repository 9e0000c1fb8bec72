//! Rows that are to be written, in the order of their keys.
//!
//! Each table has a map of its own. A batch of a thousand messages looks for people, members and rooms far more
//! often than it writes any, so such a look must not go through all the messages and keys.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

type Table = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Keys with a value each, or with nothing to remove what is there.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// By the first octet of the keys.
    tables: BTreeMap<u8, Table>,
}

impl Rows {
    /// Takes in what a key is to have, in place of what it was to have before.
    pub fn insert(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.tables.entry(first(&key)).or_default().insert(key, value);
    }

    /// What a key is to have; nothing if it is not written.
    pub fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.tables.get(&first(key))?.get(key)
    }

    /// How many keys are written.
    pub fn len(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Vec<u8>, &Option<Vec<u8>>)> {
        self.tables.values().flatten()
    }

    /// Those of the tables that the first octet is said to be of, in order.
    pub(crate) fn of_tables(
        &self,
        is_wanted: fn(u8) -> bool,
    ) -> impl Iterator<Item = (&Vec<u8>, &Option<Vec<u8>>)> {
        self.tables.iter().filter(move |(table, _)| is_wanted(**table)).flat_map(|(_, rows)| rows)
    }

    /// Those whose keys are in the range, in order.
    pub fn range(&self, keys: Range<&[u8]>) -> impl DoubleEndedIterator<Item = (&Vec<u8>, &Option<Vec<u8>>)> {
        let bounds = (Bound::Included(keys.start), Bound::Excluded(keys.end));
        let tables = (!keys.is_empty()).then(|| self.tables.range(first(keys.start)..=first(keys.end)));
        tables.into_iter().flatten().flat_map(move |(_, table)| table.range::<[u8], _>(bounds))
    }
}

/// What says which table a key is in.
fn first(key: &[u8]) -> u8 {
    key.first().copied().unwrap_or_default()
}

impl FromIterator<(Vec<u8>, Option<Vec<u8>>)> for Rows {
    fn from_iter<T: IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>>(rows: T) -> Self {
        let mut found = Rows::default();
        rows.into_iter().for_each(|(key, value)| found.insert(key, value));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_all_tables_stand_in_one_order() {
        let keys: [&[u8]; 7] = [b"", b"A", b"B1", b"B2", b"C", b"C1", b"D"];
        let rows: Rows = keys.iter().rev().map(|key| (key.to_vec(), Some(vec![7]))).collect();
        let seen: Vec<&[u8]> = rows.iter().map(|(key, _)| key.as_slice()).collect();
        assert_eq!((seen.as_slice(), rows.len(), rows.is_empty()), (keys.as_slice(), 7, false));
        for start in 0..keys.len() {
            for end in 0..keys.len() {
                let range = || rows.range(keys[start]..keys[end]).map(|(key, _)| key.as_slice());
                let expected = keys.get(start..end).unwrap_or_default();
                assert_eq!(range().collect::<Vec<_>>(), expected, "{start}..{end}");
                assert!(range().rev().eq(expected.iter().rev().copied()), "{start}..{end} backwards");
            }
        }
    }

    #[test]
    fn what_is_written_last_counts_and_removing_is_writing() {
        let mut rows = Rows::default();
        assert!(rows.is_empty() && rows.get(b"A").is_none());
        rows.insert(b"A".to_vec(), Some(vec![1]));
        rows.insert(b"A".to_vec(), None);
        assert_eq!((rows.get(b"A"), rows.get(b"A1"), rows.len()), (Some(&None), None, 1));
    }
}
