//! What is to be written, in order: rows of the state by their keys, and entries of the log by their positions.
//!
//! All octets of a batch stand in one piece of memory, one value behind the other.

use std::collections::BTreeMap;
use std::ops::{Bound, Range, RangeBounds};

use super::row_key::RowKey;

/// Where a value stands among the octets; nothing to remove what is there.
type Place = Option<Range<usize>>;

/// Keys with a value each, or with nothing to remove what is there.
///
/// Each table has a map of its own. A batch of a thousand messages looks for people, members and rooms far more
/// often than it writes any, so such a look must not go through all the messages and keys.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// By the first octet of the keys.
    tables: BTreeMap<u8, BTreeMap<RowKey, Place>>,
    octets: Vec<u8>,
}

impl Rows {
    /// Takes in what a key is to have, in place of what it was to have before.
    pub fn insert(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.put(key.as_ref(), |to| to.extend_from_slice(value.as_ref()));
    }

    /// Gives a key the value that `write` adds to octets that are there.
    pub(crate) fn put(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        let place = self.tables.entry(first(key)).or_default().entry(RowKey::from(key)).or_default();
        put(&mut self.octets, place, write);
    }

    /// Takes in that a key is to have nothing.
    pub fn remove(&mut self, key: impl AsRef<[u8]>) {
        let key = key.as_ref();
        self.tables.entry(first(key)).or_default().insert(RowKey::from(key), None);
    }

    /// Takes in all that is written later.
    pub(crate) fn take_in(&mut self, later: &Rows) {
        for (key, value) in later.iter() {
            match value {
                Some(value) => self.insert(key, value),
                None => self.remove(key),
            }
        }
    }

    /// What a key is to have; nothing if it is not written.
    pub fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.at(&RowKey::from(key))
    }

    /// The same, for who has the key in this form.
    pub(crate) fn at(&self, key: &RowKey) -> Option<Option<&[u8]>> {
        let place = self.tables.get(&first(key))?.get(key)?;
        Some(at(&self.octets, place))
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
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], Option<&[u8]>)> {
        self.tables.values().flatten().map(|row| self.row(row))
    }

    /// Those of the tables that the first octet is said to be of, in order.
    pub(crate) fn of_tables(
        &self,
        is_wanted: fn(u8) -> bool,
    ) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let tables = self.tables.iter().filter(move |(table, _)| is_wanted(**table));
        tables.flat_map(|(_, rows)| rows).map(|row| self.row(row))
    }

    /// Those whose keys are in the range, in order.
    pub fn range(&self, keys: Range<&[u8]>) -> impl DoubleEndedIterator<Item = (&[u8], Option<&[u8]>)> {
        let tables = (!keys.is_empty()).then(|| self.tables.range(first(keys.start)..=first(keys.end)));
        let (start, end) = (RowKey::from(keys.start), RowKey::from(keys.end));
        let within = move |(_, table)| {
            let table: &BTreeMap<RowKey, Place> = table;
            table.range((Bound::Included(&start), Bound::Excluded(&end)))
        };
        tables.into_iter().flatten().flat_map(within).map(|row| self.row(row))
    }

    fn row<'a>(&'a self, (key, place): (&'a RowKey, &Place)) -> (&'a [u8], Option<&'a [u8]>) {
        (key, at(&self.octets, place))
    }
}

/// Positions with an entry each, or with nothing to remove what is there.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    places: BTreeMap<u64, Place>,
    octets: Vec<u8>,
}

impl Entries {
    /// Takes in what a position is to have, in place of what it was to have before.
    pub fn insert(&mut self, position: u64, entry: impl AsRef<[u8]>) {
        self.put(position, |to| to.extend_from_slice(entry.as_ref()));
    }

    /// Gives a position the entry that `write` adds to octets that are there.
    pub(crate) fn put(&mut self, position: u64, write: impl FnOnce(&mut Vec<u8>)) {
        put(&mut self.octets, self.places.entry(position).or_default(), write);
    }

    /// Takes in that a position is to have nothing.
    pub fn remove(&mut self, position: u64) {
        self.places.insert(position, None);
    }

    /// What a position is to have; nothing if it is not written.
    pub fn get(&self, position: u64) -> Option<Option<&[u8]>> {
        Some(at(&self.octets, self.places.get(&position)?))
    }

    /// How many positions are written.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, Option<&[u8]>)> {
        self.range(..)
    }

    /// Those whose positions are in the range, in order.
    pub fn range(
        &self,
        positions: impl RangeBounds<u64>,
    ) -> impl DoubleEndedIterator<Item = (u64, Option<&[u8]>)> {
        self.places.range(positions).map(|(position, place)| (*position, at(&self.octets, place)))
    }
}

fn at<'a>(octets: &'a [u8], place: &Place) -> Option<&'a [u8]> {
    place.clone().map(|place| &octets[place])
}

fn put(octets: &mut Vec<u8>, place: &mut Place, write: impl FnOnce(&mut Vec<u8>)) {
    let start = octets.len();
    write(octets);
    let new = start..octets.len();
    match place {
        // A row that is written again and again takes its memory once.
        Some(before) if before.len() == new.len() => {
            octets.copy_within(new, before.start);
            octets.truncate(start);
        }
        _ => *place = Some(new),
    }
}

/// What says which table a key is in.
fn first(key: &[u8]) -> u8 {
    key.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_all_tables_stand_in_one_order() {
        let keys: [&[u8]; 7] = [b"", b"A", b"B1", b"B2", b"C", b"C1", b"D"];
        let mut rows = Rows::default();
        keys.iter().rev().for_each(|key| rows.insert(key, [7]));
        let seen: Vec<&[u8]> = rows.iter().map(|(key, _)| key).collect();
        assert_eq!((seen.as_slice(), rows.len(), rows.is_empty()), (keys.as_slice(), 7, false));
        for start in 0..keys.len() {
            for end in 0..keys.len() {
                let range = || rows.range(keys[start]..keys[end]).map(|(key, _)| key);
                let expected = keys.get(start..end).unwrap_or_default();
                assert_eq!(range().collect::<Vec<_>>(), expected, "{start}..{end}");
                assert!(range().rev().eq(expected.iter().rev().copied()), "{start}..{end} backwards");
            }
        }
    }

    #[test]
    fn what_is_written_last_counts_and_removing_is_writing() {
        let (mut rows, mut entries) = (Rows::default(), Entries::default());
        assert!(rows.is_empty() && rows.get(b"A").is_none());
        assert!(entries.is_empty() && entries.get(1).is_none());
        // Of the same length, longer, shorter, none, and there again.
        for value in [Some("one"), Some("two"), Some("three"), Some(""), None, Some("four")] {
            match value {
                Some(value) => {
                    rows.insert(b"A", value);
                    entries.insert(1, value);
                }
                None => {
                    rows.remove(b"A");
                    entries.remove(1);
                }
            }
            rows.insert(b"A0", "other");
            entries.insert(2, "other");
            let value = value.map(str::as_bytes);
            assert_eq!((rows.get(b"A"), rows.get(b"A1"), rows.len()), (Some(value), None, 2));
            assert_eq!((entries.get(1), entries.get(3), entries.len()), (Some(value), None, 2));
            assert!(rows.iter().eq([(&b"A"[..], value), (&b"A0"[..], Some(&b"other"[..]))]));
            assert!(entries.iter().eq([(1, value), (2, Some(&b"other"[..]))]));
        }
    }
}
