//! A part of who is there: as much of it as goes into one message.

use parlor_chat::PersonId;

use super::Foreign;
use super::octets::{Reader, Watch, put_count, put_number, put_watches};

/// Octets of a part at most. Servers take messages of 64 KiB and more.
const OCTETS: usize = 48 << 10;
/// Octets that a room takes, and each of its people.
const ROOM: usize = 12;
const PERSON: usize = 8;

/// Who watches what, and the names of those who are in no log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) watches: Vec<Watch>,
    pub(super) guests: Vec<(PersonId, String)>,
}

impl Part {
    /// Whoever is there, in order of their rooms, cut so that each part fits. It is one part at least.
    pub(super) fn cut<'a>(all: impl Iterator<Item = (Watch, Option<&'a str>)>) -> Vec<Part> {
        let (mut parts, mut octets, mut last) = (vec![Part::default()], 0, None);
        for (watch, guest) in all {
            let name = guest.map_or(0, |name| PERSON + 1 + name.len());
            let room = if last == Some(watch.0) { 0 } else { ROOM };
            octets += room + PERSON + name;
            if octets > OCTETS {
                octets = ROOM + PERSON + name;
                parts.push(Part::default());
            }
            last = Some(watch.0);
            if let Some(part) = parts.last_mut() {
                part.watches.push(watch);
                part.guests.extend(guest.map(|name| (watch.1, name.to_owned())));
            }
        }
        parts
    }

    pub(super) fn put(&self, to: &mut Vec<u8>) {
        put_watches(&self.watches, to);
        put_count(self.guests.len(), to);
        for (person, name) in &self.guests {
            put_number(person.0, to);
            to.push(u8::try_from(name.len()).expect("a name is cut to what fits"));
            to.extend_from_slice(name.as_bytes());
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Foreign> {
        let watches = from.watches()?;
        let guests = (0..from.count(PERSON + 1)?).map(|_| Ok((PersonId(from.number()?), from.text()?)));
        Ok(Part { watches, guests: guests.collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use parlor_chat::RoomId;

    use super::*;

    #[test]
    fn ten_thousand_in_one_room_take_two_messages() {
        let all = (0..10_000).map(|person| ((RoomId::LOBBY, PersonId(person)), None));
        let parts = Part::cut(all.clone());
        assert_eq!(parts.len(), 2);
        let mut octets = Vec::new();
        parts[0].put(&mut octets);
        assert!(octets.len() <= OCTETS + 8, "{}", octets.len());
        let together: Vec<Watch> = parts.into_iter().flat_map(|part| part.watches).collect();
        assert!(together.into_iter().eq(all.map(|(watch, _)| watch)));
    }

    #[test]
    fn many_rooms_and_long_names_fit_too() {
        let name = "é".repeat(100);
        let all: Vec<_> = (0..3_000).map(|room| ((RoomId(room), PersonId(room)), Some(&*name))).collect();
        let parts = Part::cut(all.iter().copied());
        assert!(parts.len() > 10);
        let mut count = 0;
        for part in parts {
            let mut octets = Vec::new();
            part.put(&mut octets);
            assert!(octets.len() <= OCTETS + 8);
            assert_eq!(Part::read(&mut Reader(&octets)), Ok(part.clone()));
            count += part.watches.len();
        }
        assert_eq!(count, 3_000);
        assert_eq!(Part::cut(std::iter::empty()), [Part::default()]);
    }
}
