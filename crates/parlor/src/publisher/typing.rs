//! Who is writing in a room, told at a bounded rate and forgotten by itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parlor_chat::{PersonId, RoomId};

use crate::wire::{Named, Typing as Line};

/// How long it holds that somebody is writing.
const HOLDS: Duration = Duration::from_secs(6);
/// The shortest time between two lines of one room.
const PAUSE: Duration = Duration::from_secs(1);
/// People that one line names at most.
const NAMED: usize = 5;

/// Who is writing.
#[derive(Debug, Default)]
pub(super) struct Typing {
    until: BTreeMap<PersonId, Instant>,
    has_changed: bool,
    told: Option<Instant>,
}

impl Typing {
    pub(super) fn writes(&mut self, person: PersonId, now: Instant) {
        self.has_changed |= self.until.insert(person, now + HOLDS).is_none();
    }

    /// Somebody has said it, or gone.
    pub(super) fn stops(&mut self, person: PersonId) {
        self.has_changed |= self.until.remove(&person).is_some();
    }

    /// Nobody writes any more, as far as is known here.
    pub(super) fn all_stop(&mut self) {
        self.has_changed |= !self.until.is_empty();
        self.until.clear();
    }

    pub(super) fn is_due(&self) -> bool {
        self.has_changed || !self.until.is_empty()
    }

    /// The line that tells who is writing, if that has changed and the last one was long enough ago.
    pub(super) fn line(
        &mut self,
        room: RoomId,
        now: Instant,
        mut name_of: impl FnMut(PersonId) -> String,
    ) -> Option<String> {
        let before = self.until.len();
        self.until.retain(|_, until| *until > now);
        self.has_changed |= self.until.len() != before;
        if !self.has_changed || self.told.is_some_and(|told| now.duration_since(told) < PAUSE) {
            return None;
        }
        self.has_changed = false;
        self.told = Some(now);
        let named = |person: &PersonId| Named { id: *person, name: name_of(*person) };
        let people: Vec<Named> = self.until.keys().take(NAMED).map(named).collect();
        let line = Line { room, people: &people, count: self.until.len() };
        Some(serde_json::to_string(&line).expect("these types have a JSON form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(typing: &mut Typing, now: Instant) -> Option<(usize, usize)> {
        let line = typing.line(RoomId::LOBBY, now, |person| format!("user-{}", person.0))?;
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let count = usize::try_from(line["count"].as_u64().unwrap()).unwrap();
        Some((line["people"].as_array().unwrap().len(), count))
    }

    #[test]
    fn who_writes_is_told_at_most_once_a_second_and_ends_by_itself() {
        let (mut typing, now) = (Typing::default(), Instant::now());
        typing.writes(PersonId(1), now);
        assert_eq!(line(&mut typing, now), Some((1, 1)));
        for person in 2..=100 {
            typing.writes(PersonId(person), now);
        }
        assert_eq!(line(&mut typing, now), None);
        assert_eq!(line(&mut typing, now + PAUSE), Some((NAMED, 100)));
        typing.writes(PersonId(1), now + 5 * PAUSE);
        assert_eq!(line(&mut typing, now + 5 * PAUSE), None, "that somebody still writes is no news");
        assert_eq!(line(&mut typing, now + HOLDS), Some((1, 1)));
        typing.stops(PersonId(1));
        assert_eq!(line(&mut typing, now + HOLDS + PAUSE), Some((0, 0)));
        assert!(!typing.is_due());
    }
}
