//! A room that somebody watches here: its topic, who is there, who is writing.

use parlor_chat::{PersonId, RoomId};
use websocket_hub::Topic;

use super::presence::Presence;
use super::typing::Typing;

/// A room that somebody watches.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) room: RoomId,
    pub(super) topic: Topic,
    /// Connections of this node.
    pub(super) watching: usize,
    pub(super) presence: Presence,
    pub(super) typing: Typing,
}

impl Desk {
    /// That of a room which these people watch at other nodes.
    pub(super) fn new(room: RoomId, elsewhere: impl Iterator<Item = PersonId>) -> Self {
        let presence = Presence::with(elsewhere);
        Desk { room, topic: Topic::new(), watching: 0, presence, typing: Typing::default() }
    }

    /// Whether something is to be told yet, now or later.
    pub(super) fn is_due(&self) -> bool {
        self.presence.is_due() || self.typing.is_due()
    }

    /// Whether nobody would miss it.
    pub(super) fn is_idle(&self) -> bool {
        self.watching == 0
    }
}
