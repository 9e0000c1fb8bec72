//! What anybody may read without being here: rooms that are open to the web, and nothing else of the state.

use super::{From, History, Message, Room, View};
use crate::failure::Failure;
use crate::id::RoomId;
use crate::place::Sequence;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// What anybody may read, at the moment of a view and through it. A room that is not open to the web is as if it were not
/// there.
pub struct Web<'v, 'a>(&'v View<'a>);

impl<'a> View<'a> {
    /// The part of this view that anybody may read.
    pub fn web(&self) -> Web<'_, 'a> {
        Web(self)
    }
}

impl Web<'_, '_> {
    /// A room.
    pub fn room(&self, room: RoomId) -> Result<Room, Failure> {
        let room = self.0.room(room)?;
        if room.open_to_web { Ok(room) } else { Err(Refusal::NoSuchRoom.into()) }
    }

    /// The room of this name, whatever its case.
    pub fn room_called(&self, name: &str) -> Result<Room, Failure> {
        let room = self.0.public_room_called(name)?.ok_or(Refusal::NoSuchRoom)?;
        self.room(room)
    }

    /// The rooms among up to `limit` public ones after a name, in the order of their folded names, and the name to go on
    /// after if there may be more.
    pub fn rooms(&self, after: &str, limit: usize) -> Result<(Vec<Room>, Option<String>), Trouble> {
        let mut rooms = self.0.public_rooms("", after, limit)?;
        let last = rooms.last().map(|room| room.name.clone());
        rooms.retain(|room| room.open_to_web);
        Ok((rooms, last))
    }

    /// A page of a room's messages, as [`View::history`].
    pub fn history(&self, room: RoomId, from: From, limit: usize) -> Result<History, Failure> {
        self.room(room)?;
        self.0.history(room, from, limit)
    }

    /// One message.
    pub fn message(&self, room: RoomId, sequence: Sequence) -> Result<Message, Failure> {
        self.room(room)?;
        self.0.message(room, sequence)
    }
}
