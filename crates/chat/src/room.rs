//! What rooms are like: who can find them, who may do what in them, and how long they remember.

use serde::{Deserialize, Serialize};

/// Who can find a room and read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody reads it; members write. The lobby is public, and everybody is a member of it.
    #[default]
    Public,
    /// Members alone know that it exists; members invite.
    Private,
    /// As private, between the same few people for ever, without a name.
    Direct,
}

/// What a member may do, each more than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Speaks, reacts, pins, invites.
    #[default]
    Member,
    /// Also removes members and messages, sets name and topic.
    Moderator,
    /// Also gives roles and sets how long messages stay. A room with members keeps at least one owner.
    Owner,
}

/// How long messages stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// As the server says.
    #[default]
    Inherit,
    /// Until somebody deletes them.
    Forever,
    /// This many milliseconds.
    Milliseconds(u64),
}
