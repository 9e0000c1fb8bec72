//! Who watches a room, told at a bounded rate: the first change at once, then what changed since in one line.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use parlor_chat::{PersonId, RoomId, Timestamp};

use crate::wire::{Named, Presence as Line};

/// People that one line names at most, of those who came and of those who left.
const NAMED: usize = 20;

/// Who watches a room.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// By how many connections here, and at how many other nodes.
    people: HashMap<PersonId, usize>,
    /// Who came (true) or left since it was told.
    changes: BTreeMap<PersonId, bool>,
    told: Option<Instant>,
}

impl Presence {
    /// With people who are there already: once for each other node.
    pub(super) fn with(people: impl Iterator<Item = PersonId>) -> Self {
        let mut presence = Presence::default();
        people.for_each(|person| *presence.people.entry(person).or_default() += 1);
        presence
    }

    pub(super) fn enter(&mut self, person: PersonId) {
        let connections = self.people.entry(person).or_default();
        *connections += 1;
        if *connections == 1 {
            self.note(person, true);
        }
    }

    pub(super) fn leave(&mut self, person: PersonId) {
        let Some(connections) = self.people.get_mut(&person) else { return };
        *connections -= 1;
        if *connections == 0 {
            self.people.remove(&person);
            self.note(person, false);
        }
    }

    /// Who left and came back in between was never away.
    fn note(&mut self, person: PersonId, came: bool) {
        if self.changes.remove(&person).is_none() {
            self.changes.insert(person, came);
        }
    }

    /// Everybody knows who is there.
    pub(super) fn settle(&mut self) {
        self.changes.clear();
    }

    pub(super) fn count(&self) -> usize {
        self.people.len()
    }

    pub(super) fn people(&self) -> impl Iterator<Item = PersonId> + '_ {
        self.people.keys().copied()
    }

    pub(super) fn is_due(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The line that tells what changed, if something did and the last one was long enough ago.
    pub(super) fn line(
        &mut self,
        room: RoomId,
        now: Instant,
        interval: Duration,
        mut name_of: impl FnMut(PersonId) -> String,
    ) -> Option<String> {
        if self.changes.is_empty() || self.told.is_some_and(|told| now.duration_since(told) < interval) {
            return None;
        }
        self.told = Some(now);
        let changes = std::mem::take(&mut self.changes);
        let mut named = |wanted: bool| -> Vec<Named> {
            let them = changes.iter().filter(|(_, came)| **came == wanted).take(NAMED);
            them.map(|(person, _)| Named { id: *person, name: name_of(*person) }).collect()
        };
        let (joined, left) = (named(true), named(false));
        let more = changes.len() - joined.len() - left.len();
        let at = Timestamp::now().0;
        let line = Line { room, present: self.people.len(), joined: &joined, left: &left, more, at };
        Some(serde_json::to_string(&line).expect("these types have a JSON form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn line(presence: &mut Presence, now: Instant) -> Option<serde_json::Value> {
        let line = presence.line(RoomId::LOBBY, now, SECOND, |person| format!("user-{}", person.0))?;
        Some(serde_json::from_str(&line).unwrap())
    }

    #[test]
    fn a_thousand_who_come_at_once_cost_two_lines() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.enter(PersonId(1));
        let first = line(&mut presence, now).expect("the first change is told at once");
        assert_eq!(first["joined"][0]["name"], "user-1");
        for person in 2..=1_000 {
            presence.enter(PersonId(person));
            assert_eq!(line(&mut presence, now + SECOND / 2), None);
        }
        let second = line(&mut presence, now + SECOND).unwrap();
        assert_eq!((&second["present"], &second["more"]), (&1_000.into(), &979.into()));
        assert_eq!(second["joined"].as_array().unwrap().len(), NAMED);
        assert_eq!(line(&mut presence, now + 9 * SECOND), None, "nothing has changed since");
    }

    #[test]
    fn who_is_at_another_node_already_is_no_news_and_leaves_once() {
        let now = Instant::now();
        let mut presence = Presence::with([PersonId(1), PersonId(2), PersonId(1)].into_iter());
        assert_eq!((presence.count(), line(&mut presence, now)), (2, None));
        presence.leave(PersonId(1));
        presence.enter(PersonId(2));
        assert!(!presence.is_due(), "both are there still");
        presence.leave(PersonId(1));
        let gone = line(&mut presence, now).unwrap();
        assert_eq!((&gone["left"][0]["name"], &gone["present"]), (&"user-1".into(), &1.into()));
    }

    #[test]
    fn two_devices_are_one_person_and_a_reload_is_no_news() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.enter(PersonId(1));
        presence.enter(PersonId(1));
        line(&mut presence, now);
        presence.leave(PersonId(1));
        assert_eq!((presence.count(), presence.is_due()), (1, false));
        presence.leave(PersonId(1));
        presence.enter(PersonId(1));
        assert!(!presence.is_due());
        presence.leave(PersonId(1));
        let gone = line(&mut presence, now + SECOND).unwrap();
        assert_eq!((&gone["left"][0]["name"], &gone["present"]), (&"user-1".into(), &0.into()));
        presence.leave(PersonId(1));
        assert!(!presence.is_due(), "who is not there cannot leave");
    }
}
