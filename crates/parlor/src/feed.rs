//! What search is fed with and asked through: the log's tail, the texts, the names.

use std::error::Error;
use std::sync::Arc;

use parlor_chat::search::{Batch, Bounds, Change, Directory, Feed, Readable, Texts};
use parlor_chat::view::View;
use parlor_chat::{Chat, Failure, PersonId, Place, Position, RoomId};

/// Public rooms that one query looks at, at most, besides the asker's own.
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
        let own =
            self.0.rooms().ok()?.into_iter().find(|room| room.name.to_lowercase() == name.to_lowercase());
        let public = || {
            let rooms = self.0.public_rooms("", PUBLIC_ROOMS).ok()?;
            rooms.into_iter().find(|room| room.name.to_lowercase() == name.to_lowercase())
        };
        own.or_else(public).map(|room| room.id)
    }
}

/// The rooms that the asker may read now.
pub(crate) fn readable(view: &View<'_>) -> Result<Readable, Failure> {
    let rooms = view.rooms()?.into_iter().chain(view.public_rooms("", PUBLIC_ROOMS)?);
    Ok(rooms.map(|room| (room.id, Bounds::ALL)).collect())
}
