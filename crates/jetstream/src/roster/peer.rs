//! What is known of another node's people.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use parlor_chat::{PersonId, RoomId};

use super::octets::Watch;
use super::part::Part;
use super::spent::Spent;
use super::{Foreign, Heard, WATCHES};

/// Pieces of one state at most.
const PIECES: u32 = 1_024;

/// Another node in one of its lives.
#[derive(Debug, Default)]
pub(super) struct Peer {
    watches: BTreeSet<Watch>,
    guests: BTreeMap<PersonId, String>,
    /// How many of its changes are in this; nothing while it is not known what was before.
    version: Option<u64>,
    /// A state that is coming piece by piece.
    coming: Option<Coming>,
    /// Its state was asked for and has not come yet.
    pub(super) is_asked: bool,
    /// The number of the last message about what was spent there.
    spent: u64,
    /// It has decided otherwise than this node.
    pub(super) differs: bool,
    /// It has ended, and its people are kept for a while.
    pub(super) has_left: bool,
    /// At this own heartbeat it is gone, unless something is heard of it.
    pub(super) gone_at: u64,
}

#[derive(Debug)]
struct Coming {
    version: u64,
    pieces: u32,
    seen: BTreeSet<u32>,
    watches: BTreeSet<Watch>,
    guests: BTreeMap<PersonId, String>,
}

impl Peer {
    /// Whether everything is known that it has told up to a version. Nothing is left to ask of who never told anything.
    pub(super) fn knows(&mut self, version: u64) -> bool {
        if version == 0 && self.version.is_none() {
            self.version = Some(0);
        }
        self.version.is_some_and(|known| known >= version)
    }

    /// Takes over a change, if nothing is missing before it; returns whether nothing is missing now.
    pub(super) fn change(
        &mut self,
        version: u64,
        left: &[Watch],
        came: Part,
        heard: &mut impl Extend<Heard>,
    ) -> Result<bool, Foreign> {
        if self.knows(version) {
            return Ok(true);
        }
        if self.version != version.checked_sub(1) {
            return Ok(false);
        }
        if self.watches.len() + came.watches.len() > WATCHES {
            return Err(Foreign);
        }
        self.version = Some(version);
        for watch in left {
            if self.watches.remove(watch) {
                heard.extend([left_of(*watch)]);
                self.guests.remove(&watch.1);
            }
        }
        self.guests.extend(came.guests);
        for watch in came.watches {
            if self.watches.insert(watch) {
                heard.extend([self.came(watch)]);
            }
        }
        Ok(true)
    }

    /// Takes a piece of a state, and the state once that is whole.
    pub(super) fn piece(
        &mut self,
        (version, index, pieces): (u64, u32, u32),
        part: Part,
        heard: &mut impl Extend<Heard>,
    ) -> Result<(), Foreign> {
        if index >= pieces || pieces > PIECES {
            return Err(Foreign);
        }
        if self.knows(version) {
            return Ok(());
        }
        if self.coming.as_ref().is_none_or(|coming| coming.version < version) {
            let (seen, watches, guests) = Default::default();
            self.coming = Some(Coming { version, pieces, seen, watches, guests });
        }
        let Some(coming) = self.coming.as_mut().filter(|coming| coming.version == version) else {
            return Ok(());
        };
        if coming.pieces != pieces || coming.watches.len() + part.watches.len() > WATCHES {
            return Err(Foreign);
        }
        coming.seen.insert(index);
        coming.watches.extend(part.watches);
        coming.guests.extend(part.guests);
        if coming.seen.len() < pieces as usize {
            return Ok(());
        }
        let Some(Coming { watches, guests, .. }) = self.coming.take() else { return Ok(()) };
        self.version = Some(version);
        self.is_asked = false;
        let before = mem::replace(&mut self.watches, watches);
        self.guests = guests;
        heard.extend(before.difference(&self.watches).copied().map(left_of));
        heard.extend(self.watches.difference(&before).map(|watch| self.came(*watch)));
        Ok(())
    }

    /// So much was spent there, unless that was heard before, or comes after what was said later.
    pub(super) fn spent(&mut self, number: u64, spent: Vec<Spent>, heard: &mut impl Extend<Heard>) {
        if number > self.spent {
            self.spent = number;
            heard.extend(spent.into_iter().map(Heard::Spent));
        }
    }

    /// All of its people are gone.
    pub(super) fn end(self, heard: &mut impl Extend<Heard>) {
        heard.extend(self.watches.into_iter().map(left_of));
    }

    pub(super) fn people(&self, room: RoomId) -> impl Iterator<Item = PersonId> + '_ {
        let all = (room, PersonId(0))..=(room, PersonId(u64::MAX));
        self.watches.range(all).map(|(_, person)| *person)
    }

    fn came(&self, (room, person): Watch) -> Heard {
        let guest = if room == RoomId::LOBBY { self.guests.get(&person).cloned() } else { None };
        Heard::Came { room, person, guest }
    }
}

fn left_of((room, person): Watch) -> Heard {
    Heard::Left { room, person }
}
