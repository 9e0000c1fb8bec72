//! A room that somebody watches: its topic, who is there, who is writing.

use parlor_chat::RoomId;
use websocket_hub::Topic;

use super::presence::Presence;
use super::typing::Typing;

/// A room that somebody watches.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) room: RoomId,
    pub(super) topic: Topic,
    pub(super) presence: Presence,
    pub(super) typing: Typing,
}

impl Desk {
    pub(super) fn new(room: RoomId) -> Self {
        Desk { room, topic: Topic::new(), presence: Presence::default(), typing: Typing::default() }
    }

    /// Whether something is to be told yet, now or later.
    pub(super) fn is_due(&self) -> bool {
        self.presence.is_due() || self.typing.is_due()
    }

    /// Whether nobody would miss it.
    pub(super) fn is_idle(&self) -> bool {
        self.presence.count() == 0
    }
}
