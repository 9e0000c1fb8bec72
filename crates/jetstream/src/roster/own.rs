//! What a node tells of itself: whom it serves, and each change of that under a number.

use std::collections::BTreeMap;

use parlor_chat::{PersonId, RoomId};

use super::WATCHES;
use super::message::What;
use super::octets::Watch;
use super::part::Part;

/// Octets of a name at most.
const NAME: usize = 255;

/// The people of this node.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// By how many connections somebody watches a room.
    watches: BTreeMap<Watch, usize>,
    /// What those are called who are in no log.
    guests: BTreeMap<PersonId, String>,
    /// How many changes have been told.
    version: u64,
    /// Who came (true) or left since.
    changes: BTreeMap<Watch, bool>,
}

impl Own {
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn has_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(super) fn enter(&mut self, watch: Watch, guest: Option<&str>) {
        if self.watches.len() >= WATCHES && !self.watches.contains_key(&watch) {
            return;
        }
        let connections = self.watches.entry(watch).or_default();
        *connections += 1;
        if *connections == 1 {
            if let Some(name) = guest {
                self.guests.insert(watch.1, cut(name).to_owned());
            }
            self.note(watch, true);
        }
    }

    pub(super) fn leave(&mut self, watch: Watch) {
        let Some(connections) = self.watches.get_mut(&watch) else { return };
        *connections -= 1;
        if *connections == 0 {
            self.watches.remove(&watch);
            self.guests.remove(&watch.1);
            self.note(watch, false);
        }
    }

    /// Who left and came back in between was never away.
    fn note(&mut self, watch: Watch, came: bool) {
        if self.changes.remove(&watch).is_none() {
            self.changes.insert(watch, came);
        }
    }

    /// What changed since it was told last, as messages.
    pub(super) fn take_changes(&mut self) -> Vec<What> {
        let changes = std::mem::take(&mut self.changes);
        let of = |wanted: bool| changes.iter().filter(move |(_, came)| **came == wanted);
        let left = Part::cut(of(false).map(|(watch, _)| (*watch, None)));
        let came = Part::cut(of(true).map(|(watch, _)| (*watch, self.guest(*watch))));
        let left = left.into_iter().map(|part| (part.watches, Part::default()));
        let came = came.into_iter().map(|part| (Vec::new(), part));
        let told = left.chain(came).filter(|(left, came)| !left.is_empty() || !came.watches.is_empty());
        let number = |(left, came)| {
            self.version += 1;
            What::Change { version: self.version, left, came }
        };
        told.collect::<Vec<_>>().into_iter().map(number).collect()
    }

    /// Everything that is so, once all changes have been told.
    pub(super) fn pieces(&self) -> Vec<What> {
        let parts = Part::cut(self.watches.keys().map(|watch| (*watch, self.guest(*watch))));
        let pieces = u32::try_from(parts.len()).expect("a node has fewer people");
        let piece = |(index, part)| What::Piece { version: self.version, index, pieces, part };
        (0..pieces).zip(parts).map(piece).collect()
    }

    /// Guests are in the lobby, and in no other room.
    fn guest(&self, (room, person): Watch) -> Option<&str> {
        if room == RoomId::LOBBY { self.guests.get(&person).map(String::as_str) } else { None }
    }
}

/// As much of a name as a message holds.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(person: u64) -> Watch {
        (RoomId::LOBBY, PersonId(person))
    }

    #[test]
    fn what_comes_and_goes_in_between_is_not_told() {
        let mut own = Own::default();
        own.enter(watch(1), None);
        own.enter(watch(2), Some(&"é".repeat(200)));
        own.enter(watch(2), None);
        own.leave(watch(1));
        let changes = own.take_changes();
        let [What::Change { version: 1, left, came }] = &changes[..] else { panic!("{changes:?}") };
        assert!(left.is_empty());
        assert_eq!(came.watches, [watch(2)]);
        assert_eq!(came.guests, [(PersonId(2), "é".repeat(127))]);
        own.leave(watch(2));
        assert!(!own.has_changed(), "another connection is there still");
        own.leave(watch(2));
        own.leave(watch(2));
        let changes = own.take_changes();
        assert!(matches!(&changes[..], [What::Change { version: 2, left, .. }] if *left == [watch(2)]));
        assert_eq!(own.take_changes(), []);
    }

    #[test]
    fn ten_thousand_who_come_at_once_are_few_messages() {
        let mut own = Own::default();
        (0..10_000).for_each(|person| own.enter(watch(person), None));
        assert_eq!(own.take_changes().len(), 2);
        assert_eq!((own.version(), own.pieces().len()), (2, 2));
    }

    #[test]
    fn no_more_are_told_of_than_others_take() {
        let mut own = Own::default();
        let people = u64::try_from(WATCHES).unwrap();
        (0..=people).for_each(|person| own.enter(watch(person), None));
        own.leave(watch(people));
        assert_eq!(own.watches.len(), WATCHES);
        own.leave(watch(0));
        own.enter(watch(people), None);
        assert!(own.watches.contains_key(&watch(people)));
    }
}
