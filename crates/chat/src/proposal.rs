//! What can be asked for: one person, one wish, with the time and the ids that it needs.
//!
//! A proposal says everything that deciding on it depends on besides the state, so that every node that
//! applies the same log comes to the same state. Nothing in here is checked yet; [`Refusal`](crate::Refusal)
//! lists what can come of it.

use serde::{Deserialize, Serialize};

use crate::account::AccountChange;
use crate::id::{PersonId, RoomId};
use crate::key::Key;
use crate::order::{Order, Origin};
use crate::place::Sequence;
use crate::room::{Retention, Role, Visibility};
use crate::time::Timestamp;

/// A wish of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proposal {
    /// When the server took it from the client.
    pub at: Timestamp,
    /// Whose wish it is. Whether the client may speak for this person was settled before.
    pub by: PersonId,
    /// The client's own name for it: the same key again has the first outcome again, for ever. Without one,
    /// repeating it does it again, which is right only for what can be done twice without harm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// What is wished for.
    pub action: Action,
}

/// What is wished for.
///
/// Asking for what is so already (joining twice, the same reaction again) is accepted and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// To be known here from now on, as a guest; `by` is the new person's id. Everybody is in the lobby.
    Arrive {
        /// 1 to [`NICKNAME`](crate::limits::NICKNAME) characters that nobody else here has, whatever the case.
        nickname: String,
        /// Where they come from.
        #[serde(default)]
        from: Origin,
    },
    /// To be called something else.
    Rename {
        /// As in [`Action::Arrive`].
        nickname: String,
    },
    /// To be gone for good: the nickname is free, every room is left, and what was said stays.
    Depart,
    /// To be gone for good with everything one said: as [`Action::Depart`], and the texts and the name are erased.
    EraseMe,

    /// To change something about one's account.
    Account {
        /// What.
        change: AccountChange,
    },

    /// To open a public or a private room and to own it.
    CreateRoom {
        /// The id it shall have.
        room: RoomId,
        /// Who can find it; [`Visibility::Direct`] is refused here.
        visibility: Visibility,
        /// 1 to [`ROOM_NAME`](crate::limits::ROOM_NAME) characters; public rooms all have different ones.
        name: String,
        /// One line, up to [`TOPIC`](crate::limits::TOPIC) characters.
        #[serde(default)]
        topic: String,
    },
    /// To talk with these people alone. There is one such room for the same people: the receipt says which.
    OpenDirect {
        /// The id it shall have if there is none yet.
        room: RoomId,
        /// The others: 1 to [`DIRECT_PEOPLE`](crate::limits::DIRECT_PEOPLE) − 1.
        with: Vec<PersonId>,
    },
    /// To be a member of a public room.
    Join {
        /// Which.
        room: RoomId,
    },
    /// To be a member of a public or a private room no longer.
    Leave {
        /// Which.
        room: RoomId,
    },
    /// To make somebody a member of a room that one is in.
    Invite {
        /// Where.
        room: RoomId,
        /// Whom.
        person: PersonId,
    },
    /// To end somebody's membership; for moderators, and of people below their own role.
    Remove {
        /// Where.
        room: RoomId,
        /// Whom.
        person: PersonId,
    },
    /// To give a member another role; for owners.
    SetRole {
        /// Where.
        room: RoomId,
        /// Whom.
        person: PersonId,
        /// The new role.
        role: Role,
    },
    /// To call a room something else; for moderators.
    RenameRoom {
        /// Which.
        room: RoomId,
        /// As in [`Action::CreateRoom`].
        name: String,
    },
    /// To set the line under a room's name; for moderators.
    SetTopic {
        /// Where.
        room: RoomId,
        /// As in [`Action::CreateRoom`].
        topic: String,
    },
    /// To say how long messages stay in a room; for owners, and in the lobby for the server.
    SetRetention {
        /// Where.
        room: RoomId,
        /// How long.
        retention: Retention,
    },
    /// To let the whole web read a public room, people who are not here and search engines among them, or to end
    /// that; for moderators.
    SetWebAccess {
        /// Which.
        room: RoomId,
        /// Whether the web may read it.
        open: bool,
    },

    /// To say something.
    Post {
        /// Where.
        room: RoomId,
        /// Up to [`TEXT`](crate::limits::TEXT) octets; may be empty.
        text: String,
        /// The message that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Sequence>,
        /// The message whose thread this one belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Sequence>,
        /// Who is mentioned: up to [`MENTIONS`](crate::limits::MENTIONS). Who cannot read the room is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<PersonId>,
    },
    /// To put another text in the place of one's own message's.
    Edit {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
        /// As in [`Action::Post`].
        text: String,
        /// As in [`Action::Post`]; only those who were not mentioned before are told.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<PersonId>,
    },
    /// To erase a message: one's own, or any for moderators.
    Delete {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
    },
    /// To put a reaction on a message.
    React {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
        /// 1 to [`REACTION`](crate::limits::REACTION) octets without white space.
        reaction: String,
    },
    /// To take one's own reaction back.
    Unreact {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
        /// Which reaction.
        reaction: String,
    },
    /// To pin a message for everybody.
    Pin {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
    },
    /// To unpin a message.
    Unpin {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
    },

    /// To have read a room up to here; a smaller sequence than before marks as unread.
    Read {
        /// Where.
        room: RoomId,
        /// The last place that was read; 0 for none.
        up_to: Sequence,
    },

    /// To erase messages whose time has passed or whose author erased themselves; for the server alone.
    ///
    /// Messages for which neither holds are left as they are.
    Expire {
        /// Where.
        room: RoomId,
        /// Up to [`ERASED_AT_ONCE`](crate::limits::ERASED_AT_ONCE) messages.
        messages: Vec<Sequence>,
    },
    /// To say how long messages stay in rooms that say nothing of their own; for the server alone.
    SetServerRetention {
        /// How long; [`Retention::Inherit`] means for ever.
        retention: Retention,
    },
    /// To note that nothing is left of what somebody said who erased themselves; for the server alone.
    EndErasure {
        /// Who.
        person: PersonId,
    },

    /// To keep the peace.
    Order {
        /// What is ordered.
        order: Order,
    },

    /// Something that a later version can ask for and this one does not know. It is refused, never stored.
    #[default]
    #[serde(other)]
    Unknown,
}
