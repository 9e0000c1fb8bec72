//! Numbers and lists of them as octets, and back: what comes from elsewhere is never taken at its word.

use parlor_chat::{PersonId, RoomId};

use super::Foreign;

/// Somebody who watches a room.
pub(super) type Watch = (RoomId, PersonId);

pub(super) fn put_number(number: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(&number.to_le_bytes());
}

pub(super) fn put_count(count: usize, to: &mut Vec<u8>) {
    to.extend_from_slice(&u32::try_from(count).expect("a message is smaller").to_le_bytes());
}

/// Writes who watches what: each room once, if they are in order.
pub(super) fn put_watches(watches: &[Watch], to: &mut Vec<u8>) {
    let rooms = watches.chunk_by(|one, next| one.0 == next.0);
    put_count(rooms.clone().count(), to);
    for people in rooms {
        put_number(people[0].0.0, to);
        put_count(people.len(), to);
        people.iter().for_each(|(_, person)| put_number(person.0, to));
    }
}

/// What is left to read of a message.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Foreign> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Foreign)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn octet(&mut self) -> Result<u8, Foreign> {
        self.take::<1>().map(|[octet]| octet)
    }

    pub(super) fn number(&mut self) -> Result<u64, Foreign> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn amount(&mut self) -> Result<i32, Foreign> {
        self.take().map(i32::from_le_bytes)
    }

    /// How many follow, each of which takes so many octets at least.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, Foreign> {
        let count = usize::try_from(self.take().map(u32::from_le_bytes)?).map_err(|_| Foreign)?;
        if count > self.0.len() / least { Err(Foreign) } else { Ok(count) }
    }

    pub(super) fn text(&mut self) -> Result<String, Foreign> {
        let length = usize::from(self.octet()?);
        let (text, rest) = self.0.split_at_checked(length).ok_or(Foreign)?;
        self.0 = rest;
        str::from_utf8(text).map(ToOwned::to_owned).map_err(|_| Foreign)
    }

    pub(super) fn watches(&mut self) -> Result<Vec<Watch>, Foreign> {
        let mut watches = Vec::new();
        for _ in 0..self.count(12)? {
            let room = RoomId(self.number()?);
            for _ in 0..self.count(8)? {
                watches.push((room, PersonId(self.number()?)));
            }
        }
        Ok(watches)
    }
}
