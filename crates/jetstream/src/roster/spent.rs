//! What was spent at one node of what people may do everywhere.

use super::Foreign;
use super::octets::{Reader, put_count, put_number};

/// How much somebody spent at one node since it told that last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Of what. Numbers that a node does not know are for it to pass over.
    pub purse: u8,
    /// Who, by a number that means the same at all nodes.
    pub key: u64,
    /// How often. Less than 0 if something was given back.
    pub count: i32,
}

impl Spent {
    /// How many octets one takes.
    const OCTETS: usize = 1 + 8 + 4;

    pub(super) fn put_all(spent: &[Spent], to: &mut Vec<u8>) {
        put_count(spent.len(), to);
        for Spent { purse, key, count } in spent {
            to.push(*purse);
            put_number(*key, to);
            to.extend_from_slice(&count.to_le_bytes());
        }
    }

    pub(super) fn read_all(from: &mut Reader<'_>) -> Result<Vec<Spent>, Foreign> {
        let count = from.count(Self::OCTETS)?;
        let mut one = || Ok(Spent { purse: from.octet()?, key: from.number()?, count: from.amount()? });
        (0..count).map(|_| one()).collect()
    }
}
