//! What search is fed with and asked through: the log's tail, the texts, the names.

use std::error::Error;
use std::sync::Arc;

use parlor_chat::search::{Batch, Bounds, Change, Directory, Feed, Readable, Texts};
use parlor_chat::view::View;
use parlor_chat::{Chat, Failure, PersonId, Place, Position, RoomId};

/// Public rooms that one query looks at, at most, besides the asker's own and those that it names.
const PUBLIC_ROOMS: usize = 200;

/// The log, as the index reads it.
pub(crate) struct LogFeed(pub(crate) Arc<Chat>);

impl Feed for LogFeed {
    fn after(&mut self, position: Position, most: usize) -> Result<Batch, Box<dyn Error + Send + Sync>> {
        let entries = self.0.tail(position, most)?;
        let up_to = entries.last().map_or(position, |entry| entry.position);
        let events = entries.into_iter().filter_map(|entry| Some((entry.position, entry.event?)));
        let changes = events.flat_map(|(position, event)| {
            Change::of(event).into_iter().map(move |change| (position, change))
        });
        Ok(Batch { changes: changes.collect(), up_to })
    }
}

/// What the asker sees of the texts.
pub(crate) struct Seen<'a, 'b>(pub(crate) &'a View<'b>, pub(crate) PersonId);

impl Texts for Seen<'_, '_> {
    fn text(&self, message: Place) -> Option<String> {
        // What cannot be read, for whatever reason, is not found.
        self.0.message(message.room, message.sequence).ok().map(|message| message.text)
    }
}

impl Directory for Seen<'_, '_> {
    fn person(&self, name: &str) -> Option<PersonId> {
        if name.eq_ignore_ascii_case("me") {
            return Some(self.1);
        }
        self.0.person_called(name).ok().flatten().map(|person| person.id)
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        let mut own = self.0.rooms().ok()?.into_iter();
        let own = own.find(|room| room.name.to_lowercase() == name.to_lowercase());
        own.map(|room| room.id).or_else(|| self.0.public_room_called(name).ok().flatten())
    }
}

/// The rooms that the asker may read now, as far as a query looks at them that names these.
pub(crate) fn readable(view: &View<'_>, named: &[RoomId]) -> Result<Readable, Failure> {
    let rooms = view.rooms()?.into_iter().chain(view.public_rooms("", "", PUBLIC_ROOMS)?);
    let named = named.iter().filter(|room| view.room(**room).is_ok());
    let rooms = rooms.map(|room| room.id).chain(named.copied());
    Ok(rooms.map(|room| (room, Bounds::ALL)).collect())
}

#[cfg(test)]
mod tests {
    use parlor_chat::log::LocalLog;
    use parlor_chat::storage::Memory;
    use parlor_chat::{Action, Origin, Proposal, Timestamp, Visibility};

    use super::*;

    const OWNER: PersonId = PersonId(7);
    const OTHER: PersonId = PersonId(8);

    fn ask(chat: &Chat, by: PersonId, action: Action) {
        let proposal = Proposal { at: Timestamp(1_763_744_400_000), by, key: None, action };
        chat.ask(proposal).unwrap().verdict.unwrap();
    }

    fn create(chat: &Chat, number: u64, visibility: Visibility, name: String) -> RoomId {
        let room = RoomId(100 + number);
        ask(chat, OWNER, Action::CreateRoom { room, visibility, name, topic: String::new() });
        room
    }

    #[test]
    fn every_public_room_is_searched_by_who_names_it_and_no_private_one() {
        let chat = Chat::start(LocalLog::open(Memory::default()).unwrap(), Box::new(|_| {})).unwrap();
        for person in [OWNER, OTHER] {
            ask(
                &chat,
                person,
                Action::Arrive { nickname: format!("user-{}", person.0), from: Origin::default() },
            );
        }
        let rooms: Vec<RoomId> = (0..=PUBLIC_ROOMS as u64)
            .map(|number| create(&chat, number, Visibility::Public, format!("room {number:03}")))
            .collect();
        let private = create(&chat, 999, Visibility::Private, "attic".into());
        let last = rooms[PUBLIC_ROOMS];
        let looked_at = |named: &[RoomId]| {
            let found = chat.view(OTHER, |view| readable(view, named)).unwrap();
            (found.contains_key(&last), found.contains_key(&private))
        };
        assert_eq!(looked_at(&[]), (false, false));
        assert_eq!(looked_at(&[last, private]), (true, false));
        let called = |name: &str| chat.view(OTHER, |view| Ok(Seen(view, OTHER).room(name)));
        assert_eq!(called(&format!("ROOM {PUBLIC_ROOMS}")).unwrap(), Some(last));
        assert_eq!(called("attic").unwrap(), None);
    }
}
