//! The end of one table, known as a whole: whether a key is there can be answered without asking the storage.
//!
//! Most keys that are looked up here are new and belong near the end. Asking the file costs more than all the rest
//! of deciding on a message.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Direction, Read, Writes};
use crate::trouble::Trouble;

/// Rows that are known at most: with 16 octets of key, some 10 MiB, and the messages of several minutes at full speed.
const KNOWN: usize = 65_536;

/// What is known of a table, from some key on.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    table: u8,
    /// Every row from here to the end of the table is in `rows`. Nothing is known as long as it is empty.
    from: Vec<u8>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Recent {
    /// Reads the end of the table whose keys begin with this octet.
    pub(crate) fn read(table: u8, state: &impl Read) -> Result<Self, Trouble> {
        let mut recent = Recent { table, from: vec![table], rows: BTreeMap::new() };
        let (start, end) = ([table], [table + 1]);
        state.scan(&start..&end, Direction::Backwards, &mut |key, value| {
            if recent.rows.len() == KNOWN / 2 {
                recent.from = after(key);
                return Ok(ControlFlow::Break(()));
            }
            recent.rows.insert(key.to_vec(), value.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(recent)
    }

    /// The value of a key, or that it has none; nothing if that is not known here.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let is_known =
            key.first() == Some(&self.table) && !self.from.is_empty() && key >= self.from.as_slice();
        is_known.then(|| self.rows.get(key).cloned())
    }

    /// Takes over what was written.
    pub(crate) fn renew(&mut self, writes: &Writes) {
        if self.from.is_empty() {
            return;
        }
        for (key, value) in writes.rows.range(self.from.clone()..vec![self.table + 1]) {
            match value {
                Some(value) => self.rows.insert(key.clone(), value.clone()),
                None => self.rows.remove(key),
            };
        }
        while self.rows.len() > KNOWN {
            if let Some((first, _)) = self.rows.pop_first() {
                self.from = after(&first);
            }
        }
    }
}

/// The smallest key after this one.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    fn key(number: usize) -> Vec<u8> {
        [b"Z".as_slice(), &number.to_be_bytes()].concat()
    }

    fn writes(numbers: impl Iterator<Item = usize>) -> Writes {
        let rows = numbers.map(|number| (key(number), Some(vec![7]))).collect();
        Writes { rows, ..Writes::default() }
    }

    #[test]
    fn what_is_known_is_right_and_what_is_not_is_not_claimed() {
        let mut memory = Memory::new();
        memory.commit(&writes((0..KNOWN).map(|number| 2 * number))).unwrap();
        let mut recent = Recent::read(b'Z', &memory).unwrap();
        assert_eq!(recent.get(&key(2 * KNOWN - 2)), Some(Some(vec![7])));
        assert_eq!(recent.get(&key(2 * KNOWN - 1)), Some(None));
        assert_eq!(recent.get(&key(2)), None, "too long ago");
        assert_eq!(recent.get(b"Y"), None, "another table");

        let added = writes((0..KNOWN).map(|number| 2 * KNOWN + number));
        memory.commit(&added).unwrap();
        recent.renew(&added);
        assert_eq!(recent.rows.len(), KNOWN);
        for number in (0..4 * KNOWN).step_by(501) {
            if let Some(known) = recent.get(&key(number)) {
                assert_eq!(known, memory.get(&key(number)).unwrap(), "{number}");
            }
        }
        assert_eq!(recent.get(&key(2 * KNOWN - 2)), None, "pushed out");
        assert_eq!(recent.get(&key(3 * KNOWN - 1)), Some(Some(vec![7])));
        assert_eq!(recent.get(&key(3 * KNOWN)), Some(None));
    }

    #[test]
    fn of_a_small_table_everything_is_known_and_of_an_unread_one_nothing() {
        let recent = Recent::read(b'Z', &Memory::new()).unwrap();
        assert_eq!(recent.get(&key(1)), Some(None));
        assert_eq!(Recent::default().get(&key(1)), None);
    }
}
