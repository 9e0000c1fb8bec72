//! What happened: the one event that an accepted proposal causes, if it changes anything.

use serde::{Deserialize, Serialize};

use crate::account::AccountChange;
use crate::id::{AddressRange, InviteId, PersonId, RoomId};
use crate::order::{Order, Touched};
use crate::permission::ServerRole;
use crate::place::{Place, Position, Sequence};
use crate::room::{Retention, Role, Visibility};
use crate::time::Timestamp;

/// Something that happened, where, when and through whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log.
    pub position: Position,
    /// When the proposal was made. 0 in [`What::Erased`].
    pub at: Timestamp,
    /// Whose proposal it was. [`PersonId::SERVER`] in [`What::Erased`].
    pub by: PersonId,
    /// Its place in its room, if it happened in one. A room's events have the sequences 1, 2, 3… without a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// Somebody is known here from now on.
    Arrived {
        /// What they are called; empty once it is erased.
        nickname: String,
        /// The ranges that their address is in; none once they are erased.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ranges: Vec<AddressRange>,
        /// The invitation that they came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invite: Option<InviteId>,
        /// What they say to be let in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asks: Option<String>,
        /// Whether they are not let in yet.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        waits: bool,
        /// What they are.
        #[serde(default)]
        role: ServerRole,
    },
    /// Somebody is called something else.
    Renamed {
        /// What they are called; empty once it is erased.
        nickname: String,
    },
    /// Somebody is gone for good, and with that out of every room.
    Departed,
    /// Somebody is gone for good; their name and all that they said is to be shown no longer.
    PersonErased,
    /// Something about somebody's account changed. It is nobody's business.
    Account {
        /// What.
        change: AccountChange,
    },

    /// A room was opened. Whoever opened it is its owner, except in a direct one.
    RoomCreated {
        /// Who can find it.
        visibility: Visibility,
        /// What it is called; empty in a direct one.
        name: String,
        /// The line under the name.
        topic: String,
        /// The others in a direct one.
        with: Vec<PersonId>,
    },
    /// Somebody became a member, by themselves or invited by `by`.
    Joined {
        /// Who.
        person: PersonId,
    },
    /// Somebody is a member no longer, by themselves or removed by `by`.
    Left {
        /// Who.
        person: PersonId,
    },
    /// A member has another role.
    RoleSet {
        /// Who.
        person: PersonId,
        /// Which.
        role: Role,
    },
    /// A room is called something else.
    RoomRenamed {
        /// What.
        name: String,
    },
    /// The line under a room's name is another.
    TopicSet {
        /// Which.
        topic: String,
    },
    /// A room remembers longer or shorter.
    RetentionSet {
        /// How long.
        retention: Retention,
    },
    /// The whole web may read a public room from now on, or not any more.
    WebAccessSet {
        /// Whether it may.
        open: bool,
    },

    /// Something was said. When it comes out of the past, the text is the one that the message has by now.
    Posted {
        /// What.
        text: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Sequence>,
        /// The message whose thread it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Sequence>,
        /// Who is mentioned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<PersonId>,
    },
    /// A message has another text. When it comes out of the past, the text is the one that it has by now.
    Edited {
        /// Which message.
        message: Sequence,
        /// The new text.
        text: String,
        /// Who is mentioned now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<PersonId>,
    },
    /// A message was deleted, and with it its edits, reactions and pin.
    Deleted {
        /// Which message.
        message: Sequence,
        /// Whose it was, if somebody else deleted it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<PersonId>,
    },
    /// A reaction was put on a message.
    Reacted {
        /// Which message.
        message: Sequence,
        /// Which reaction.
        reaction: String,
    },
    /// A reaction was taken back.
    Unreacted {
        /// Which message.
        message: Sequence,
        /// Which reaction.
        reaction: String,
    },
    /// A message was pinned.
    Pinned {
        /// Which message.
        message: Sequence,
    },
    /// A message was unpinned.
    Unpinned {
        /// Which message.
        message: Sequence,
    },
    /// Messages were erased by the server, as if deleted: their time had passed, or their author wished it.
    Expired {
        /// Which messages.
        messages: Vec<Sequence>,
    },

    /// Somebody has read a room up to here. For their own devices; it has no place in the room.
    Read {
        /// Which room.
        room: RoomId,
        /// The last place that was read.
        up_to: Sequence,
    },
    /// Rooms that say nothing of their own remember longer or shorter.
    ServerRetentionSet {
        /// How long.
        retention: Retention,
    },
    /// Nothing is left of what somebody said who erased themselves.
    ErasureEnded {
        /// Who.
        person: PersonId,
    },

    /// Somebody who keeps the peace ordered something.
    Ordered {
        /// What.
        order: Order,
    },
    /// Something was said that a filter keeps back. It has its place, and nobody is shown it until a moderator lets it
    /// through.
    Withheld {
        /// What.
        text: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Sequence>,
        /// The message whose thread it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Sequence>,
        /// Who is mentioned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<PersonId>,
    },
    /// What some people did in a room is undone. It stands in the room's past; in the log it is an order.
    Hidden {
        /// The messages that are not shown any longer.
        messages: Vec<Sequence>,
    },
    /// What was undone or held back in a room is there again. It stands in the room's past; in the log it is an order.
    Shown {
        /// The messages that are shown from now on.
        messages: Vec<Sequence>,
    },

    /// A message or something about one was here, and is erased. Only ever met in the log.
    #[default]
    Erased,
}

/// Who is to be told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever is connected.
    Everyone,
    /// Whoever watches this room and may read it.
    Room(RoomId),
    /// One person, on all their devices.
    Person(PersonId),
    /// Nobody.
    Nobody,
    /// Whoever may review what was ordered.
    Keepers,
}

impl Event {
    /// Who is to be told.
    pub fn audience(&self) -> Audience {
        match (&self.what, self.place) {
            (_, Some(place)) => Audience::Room(place.room),
            (What::Read { .. }, None) => Audience::Person(self.by),
            (What::Account { .. }, None) => Audience::Nobody,
            // That somebody asks to be let in.
            (What::Ordered { .. } | What::Arrived { waits: true, .. }, None) => Audience::Keepers,
            _ => Audience::Everyone,
        }
    }

    /// What rooms are told of an order that touches several of them, each at its own place.
    pub fn in_rooms(&self) -> Vec<Event> {
        let What::Ordered { order } = &self.what else { return Vec::new() };
        let shows = matches!(order, Order::Restore { .. });
        let told = |touched: &Touched| {
            let messages = touched.messages.clone();
            let what = if shows { What::Shown { messages } } else { What::Hidden { messages } };
            Event { place: Some(touched.place), what, ..self.clone() }
        };
        order.touched().iter().map(told).collect()
    }

    /// Who is to be told besides, because they cannot be watching the room yet, or must stop watching it.
    pub fn also_for(&self) -> Vec<PersonId> {
        match &self.what {
            What::RoomCreated { with, .. } => [self.by].iter().chain(with).copied().collect(),
            What::Joined { person } | What::Left { person } => vec![*person],
            What::Ordered { order } => order.person().into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
