//! The end of one table, known as a whole: whether a key is there can be answered without asking the storage.
//!
//! Most keys that are looked up here are new and belong near the end. Asking the file costs more than all the rest
//! of deciding on a message.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::{Direction, Read, Writes};
use crate::trouble::Trouble;

/// Keys that are known at most: some 2 MiB, and the messages of several seconds at full speed.
const KNOWN: usize = 65_536;

/// Which keys there are in a table whose keys have 16 octets after its own, from some key on.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    table: u8,
    /// Every key from here to the end of the table is in `keys`. Nothing is known as long as there is none.
    from: Option<u128>,
    keys: BTreeSet<u128>,
}

impl Recent {
    /// Reads the end of the table whose keys begin with this octet.
    pub(crate) fn read(table: u8, state: &impl Read) -> Result<Self, Trouble> {
        let mut recent = Recent { table, from: Some(0), keys: BTreeSet::new() };
        let (start, end) = ([table], [table + 1]);
        state.scan(&start..&end, Direction::Backwards, &mut |key, _| {
            // A key of another length ends what is known, for it cannot be known itself.
            let number = recent.number(key).filter(|_| recent.keys.len() < KNOWN / 2);
            let Some(number) = number else {
                recent.from = recent.keys.first().copied();
                return Ok(ControlFlow::Break(()));
            };
            recent.keys.insert(number);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(recent)
    }

    /// What stands in a key after the table.
    fn number(&self, key: &[u8]) -> Option<u128> {
        let (table, number) = key.split_first()?;
        (*table == self.table).then_some(())?;
        number.try_into().ok().map(u128::from_be_bytes)
    }

    /// Whether it is known that a key has no row.
    pub(crate) fn lacks(&self, key: &[u8]) -> bool {
        let Some((number, from)) = self.number(key).zip(self.from) else { return false };
        number >= from && !self.keys.contains(&number)
    }

    /// Takes over what was written.
    pub(crate) fn renew(&mut self, writes: &Writes) {
        let Some(from) = self.from else { return };
        let (start, end) = ([self.table], [self.table + 1]);
        for (key, value) in writes.rows.range(&start..&end) {
            match (self.number(key), value) {
                (Some(number), Some(_)) if number >= from => _ = self.keys.insert(number),
                (Some(number), None) => _ = self.keys.remove(&number),
                _ => {}
            }
        }
        while self.keys.len() > KNOWN {
            self.keys.pop_first();
            self.from = self.keys.first().copied();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Memory, Storage};

    fn key(number: usize) -> Vec<u8> {
        [b"Z".as_slice(), &(number as u128).to_be_bytes()].concat()
    }

    fn writes(numbers: impl Iterator<Item = usize>) -> Writes {
        let mut writes = Writes::default();
        numbers.for_each(|number| writes.rows.insert(key(number), [7]));
        writes
    }

    #[test]
    fn what_is_known_is_right_and_what_is_not_is_not_claimed() {
        let mut memory = Memory::new();
        memory.commit(&writes((0..KNOWN).map(|number| 2 * number))).unwrap();
        let mut recent = Recent::read(b'Z', &memory).unwrap();
        assert!(!recent.lacks(&key(2 * KNOWN - 2)), "it is there");
        assert!(recent.lacks(&key(2 * KNOWN - 1)));
        assert!(!recent.lacks(&key(1)), "too long ago");
        assert!(!recent.lacks(b"Y"), "another table");

        let added = writes((0..KNOWN).map(|number| 2 * KNOWN + number));
        memory.commit(&added).unwrap();
        recent.renew(&added);
        assert_eq!(recent.keys.len(), KNOWN);
        for number in (0..4 * KNOWN).step_by(501) {
            let is_there = memory.get(&key(number)).unwrap().is_some();
            assert!(!(is_there && recent.lacks(&key(number))), "{number}");
        }
        assert!(!recent.lacks(&key(2 * KNOWN - 1)), "pushed out");
        assert!(!recent.lacks(&key(3 * KNOWN - 1)), "it is there");
        assert!(recent.lacks(&key(3 * KNOWN)));

        let mut removed = Writes::default();
        removed.rows.remove(key(3 * KNOWN - 1));
        recent.renew(&removed);
        assert!(recent.lacks(&key(3 * KNOWN - 1)), "removed");
    }

    #[test]
    fn of_a_small_table_everything_is_known_and_of_an_unread_one_nothing() {
        let recent = Recent::read(b'Z', &Memory::new()).unwrap();
        assert!(recent.lacks(&key(1)));
        assert!(!Recent::default().lacks(&key(1)));
    }
}
