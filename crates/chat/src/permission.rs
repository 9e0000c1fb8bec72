//! Who may do what: two tables, one for the server and one for its rooms, which the rules ask and documents show.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::room::Role;

/// What somebody is on this server, whatever they are in its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    /// Has arrived, and has claimed no name.
    #[default]
    Guest,
    /// A program that speaks for somebody.
    Bot,
    /// Has claimed a name, or was invited as a member.
    Member,
    /// Keeps the peace.
    Moderator,
    /// Whose server it is.
    Owner,
}

/// Who is let in, and who of them may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Whoever comes is a guest and may talk.
    #[default]
    Open,
    /// Whoever comes is a guest and may read; who has claimed a name may talk.
    Claimed,
    /// Who has an invitation comes in; others may ask to be let in.
    Invite,
    /// Nobody new comes in, except whom a moderator lets in.
    Closed,
}

/// What somebody may do on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read public rooms and one's own, and search.
    Read,
    /// Change one's own name, leave, erase oneself, say how far one has read.
    Oneself,
    /// Say something, react, pin and join where the room allows it.
    Speak,
    /// Open rooms and direct conversations.
    OpenRooms,
    /// Report a message to the moderators.
    Report,
    /// Make, list and revoke invitations, and let in who asks.
    LetIn,
    /// Mute, disconnect and ban people below one's own role.
    Restrain,
    /// Read reports and the audit log, and settle what waits for a moderator.
    Review,
    /// Undo what people did, and bring it back.
    Undo,
    /// Say which words and links are refused or held back.
    Filter,
    /// Act in every public room as its moderator; an owner as its owner.
    ModerateRooms,
    /// Say who is let in.
    SetDoor,
    /// Give others a role on the server.
    SetServerRoles,
}

/// What somebody may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomPermission {
    /// Read it, search it and watch it.
    Read,
    /// Post, edit one's own messages, react and pin.
    Speak,
    /// Delete one's own messages.
    DeleteOwn,
    /// Make others members.
    Invite,
    /// Delete other people's messages.
    DeleteOthers,
    /// Remove members below one's own role.
    RemoveMembers,
    /// Mute people in it, and set its slow mode.
    Restrain,
    /// Set its name and topic, and open it to the web.
    Describe,
    /// Give roles.
    SetRoles,
    /// Say how long messages stay.
    SetRetention,
}

/// A cell of the server's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Whatever the door.
    Always,
    /// Unless only those who have claimed a name may talk ([`Door::Claimed`]).
    UnlessClaimed,
    /// Not at all.
    Never,
}

use Allowed::{Always, Never, UnlessClaimed};

impl Permission {
    /// Every permission: its name in documents, what it is, and who has it: guest, bot, member, moderator, owner.
    pub const TABLE: &[(Permission, &str, &str, [Allowed; 5])] = &[
        (Permission::Read, "read", "read public rooms and one's own, and search", [Always; 5]),
        (Permission::Oneself, "oneself", "be called something else, go, be erased", [Always; 5]),
        (
            Permission::Speak,
            "speak",
            "join rooms, and say, react and pin where the room allows it",
            [UnlessClaimed, Always, Always, Always, Always],
        ),
        (
            Permission::OpenRooms,
            "open-rooms",
            "open rooms and direct conversations",
            [UnlessClaimed, Never, Always, Always, Always],
        ),
        (
            Permission::Report,
            "report",
            "report messages to the moderators",
            [Always, Never, Always, Always, Always],
        ),
        (
            Permission::LetIn,
            "let-in",
            "make and revoke invitations, let in who asks",
            [Never, Never, Never, Always, Always],
        ),
        (
            Permission::Restrain,
            "restrain",
            "mute, disconnect and ban people below one's own role",
            [Never, Never, Never, Always, Always],
        ),
        (
            Permission::Review,
            "review",
            "read reports and the audit log, settle what waits",
            [Never, Never, Never, Always, Always],
        ),
        (
            Permission::Undo,
            "undo",
            "undo what people did, and bring it back",
            [Never, Never, Never, Always, Always],
        ),
        (
            Permission::Filter,
            "filter",
            "say which words and links are refused or held back",
            [Never, Never, Never, Always, Always],
        ),
        (
            Permission::ModerateRooms,
            "moderate-rooms",
            "act in every public room as its moderator, an owner as its owner",
            [Never, Never, Never, Always, Always],
        ),
        (Permission::SetDoor, "set-door", "say who is let in", [Never, Never, Never, Never, Always]),
        (
            Permission::SetServerRoles,
            "set-server-roles",
            "give others a role on the server",
            [Never, Never, Never, Never, Always],
        ),
    ];
}

impl RoomPermission {
    /// Every permission: its name in documents, what it is, and who has it: anybody (in a public room), member,
    /// moderator, owner.
    pub const TABLE: &[(RoomPermission, &str, &str, [bool; 4])] = &[
        (RoomPermission::Read, "read", "read, search and watch it", [true; 4]),
        (RoomPermission::DeleteOwn, "delete-own", "delete one's own messages", [true; 4]),
        (
            RoomPermission::Speak,
            "speak",
            "post, edit one's own messages, react, pin",
            [false, true, true, true],
        ),
        (RoomPermission::Invite, "invite", "make others members", [false, true, true, true]),
        (
            RoomPermission::DeleteOthers,
            "delete-others",
            "delete other people's messages",
            [false, false, true, true],
        ),
        (
            RoomPermission::RemoveMembers,
            "remove-members",
            "remove members below one's own role",
            [false, false, true, true],
        ),
        (
            RoomPermission::Restrain,
            "restrain",
            "mute people in it, set its slow mode",
            [false, false, true, true],
        ),
        (
            RoomPermission::Describe,
            "describe",
            "set its name and topic, open it to the web",
            [false, false, true, true],
        ),
        (RoomPermission::SetRoles, "set-roles", "give roles", [false, false, false, true]),
        (
            RoomPermission::SetRetention,
            "set-retention",
            "say how long messages stay",
            [false, false, false, true],
        ),
    ];
}

impl ServerRole {
    /// All of them, as the columns of [`Permission::TABLE`].
    pub const ALL: [ServerRole; 5] =
        [ServerRole::Guest, ServerRole::Bot, ServerRole::Member, ServerRole::Moderator, ServerRole::Owner];

    /// Lets pass whom it allows something while the door is so.
    ///
    /// # Errors
    ///
    /// [`Refusal::ClaimFirst`] for a guest who would be let pass as a member, [`Refusal::NotAllowed`] for everybody else.
    pub fn check(self, permission: Permission, door: Door) -> Result<(), Refusal> {
        if self.permits(permission, door) {
            return Ok(());
        }
        let would_if_claimed = self == ServerRole::Guest && ServerRole::Member.permits(permission, door);
        Err(if would_if_claimed { Refusal::ClaimFirst } else { Refusal::NotAllowed })
    }

    /// Whether it allows something while the door is so.
    pub fn permits(self, permission: Permission, door: Door) -> bool {
        let row = Permission::TABLE.iter().find(|row| row.0 == permission);
        let column = ServerRole::ALL.iter().position(|role| *role == self);
        match row.zip(column).map_or(Never, |(row, column)| row.3[column]) {
            Always => true,
            UnlessClaimed => door != Door::Claimed,
            Never => false,
        }
    }

    /// What a guest is once they have claimed a name; everybody else stays what they are.
    #[must_use]
    pub fn once_claimed(self) -> Self {
        self.max(ServerRole::Member)
    }

    /// How far up somebody is: who is to be restrained must be further down.
    pub(crate) fn rank(self) -> u8 {
        match self {
            ServerRole::Guest | ServerRole::Bot | ServerRole::Member => 0,
            ServerRole::Moderator => 1,
            ServerRole::Owner => 2,
        }
    }

    /// What somebody is in a public room because of this.
    pub(crate) fn in_public_rooms(self) -> Option<Role> {
        match self {
            ServerRole::Owner => Some(Role::Owner),
            ServerRole::Moderator => Some(Role::Moderator),
            _ => None,
        }
    }
}

/// Whether somebody with this role in a room, or without one in a public room, may do something there.
pub fn permits_in_room(role: Option<Role>, permission: RoomPermission) -> bool {
    let column = match role {
        None => 0,
        Some(Role::Member) => 1,
        Some(Role::Moderator) => 2,
        Some(Role::Owner) => 3,
    };
    RoomPermission::TABLE.iter().any(|row| row.0 == permission && row.3[column])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_further_up_may_do_everything_that_those_below_may() {
        for door in [Door::Open, Door::Claimed, Door::Invite, Door::Closed] {
            for (permission, name, ..) in Permission::TABLE {
                let people =
                    [ServerRole::Guest, ServerRole::Member, ServerRole::Moderator, ServerRole::Owner];
                let allowed = people.map(|role| role.permits(*permission, door));
                assert!(allowed.is_sorted(), "{name}: {allowed:?}");
            }
        }
        for (_, name, _, allowed) in RoomPermission::TABLE {
            assert!(allowed.is_sorted(), "{name}");
        }
    }

    #[test]
    fn a_claim_makes_a_guest_a_member_and_nobody_less_than_they_were() {
        assert_eq!(ServerRole::Guest.once_claimed(), ServerRole::Member);
        for role in [ServerRole::Member, ServerRole::Moderator, ServerRole::Owner] {
            assert_eq!(role.once_claimed(), role);
        }
    }
}
