//! What keeps the peace: who is let in, who is what, who is restrained, and what is undone.
//!
//! An order that is accepted is an event by itself ([`What::Ordered`](crate::What)): it says all that there is to say.
//! An end is a time that is compared with the time of each later proposal, so every node agrees when it has come.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{AddressRange, InviteId, PersonId, RoomId};
use crate::permission::{Door, ServerRole};
use crate::place::{Place, Position, Sequence};
use crate::time::Timestamp;

/// What is kept of a secret that was handed out: the first half of its SHA-256. In JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SecretHash(pub u128);

impl SecretHash {
    /// The hash of a secret, which must be too long to be guessed.
    pub fn of(secret: &str) -> Self {
        let hash = Sha256::digest(secret.as_bytes());
        SecretHash(u128::from_be_bytes(*hash.first_chunk().expect("a hash of 32 octets has 16")))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

impl From<SecretHash> for String {
    fn from(hash: SecretHash) -> String {
        format!("{:032x}", hash.0)
    }
}

impl TryFrom<String> for SecretHash {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(SecretHash)
    }
}

/// An invitation that somebody shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShownInvite {
    /// Which.
    pub invite: InviteId,
    /// What is kept of its secret.
    pub secret: SecretHash,
}

/// Where somebody new comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The ranges that the address is in, narrowest first: up to [`RANGES`](crate::limits::RANGES). Kept for a short
    /// time, then erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<AddressRange>,
    /// The invitation that they show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<ShownInvite>,
    /// What they say to be let in, where nobody comes in unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
}

/// What a filter does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterAction {
    /// It is not taken, and its author is told so.
    #[default]
    Refuse,
    /// It is kept back until a moderator lets it through or throws it away.
    Hold,
}

/// What a filter looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    /// A word or several, whatever the case.
    #[default]
    Word,
    /// A link to a host or to one below it.
    Link,
}

/// Whose deeds are undone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// These people's: up to [`RAIDERS`](crate::limits::RAIDERS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonId>,
    /// Theirs who came by this invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<InviteId>,
    /// Theirs who came from this range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<AddressRange>,
    /// What they did from this time on.
    pub since: Timestamp,
}

/// What was undone in a room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Touched {
    /// Where the room is told of it.
    pub place: Place,
    /// The messages that are not shown because of it, or are again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Sequence>,
}

/// What was undone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Undone {
    /// Whose deeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonId>,
    /// From this time on.
    pub since: Timestamp,
    /// In which rooms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<Touched>,
}

/// What can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum Order {
    /// To give somebody a role on the server; for owners.
    SetServerRole {
        /// Whom.
        person: PersonId,
        /// Which.
        role: ServerRole,
    },
    /// To keep somebody from saying anything, everywhere or in one room.
    Mute {
        /// Whom.
        person: PersonId,
        /// Where; everywhere without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        /// Until when; until it is lifted without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why: they are told.
        reason: String,
    },
    /// To lift a mute.
    Unmute {
        /// Whose.
        person: PersonId,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
    },
    /// To close somebody's connections; they may come back.
    Kick {
        /// Whose.
        person: PersonId,
        /// Why: they are told.
        reason: String,
    },
    /// To shut somebody out.
    Ban {
        /// Whom.
        person: PersonId,
        /// Until when; until it is lifted without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why: they are told.
        reason: String,
    },
    /// To lift a ban.
    Unban {
        /// Whose.
        person: PersonId,
    },
    /// To shut out whoever comes from a range of addresses, except members and those above them.
    BanRange {
        /// Which.
        range: AddressRange,
        /// Until when; until it is lifted without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why: they are told.
        reason: String,
    },
    /// To lift the ban of a range.
    UnbanRange {
        /// Which.
        range: AddressRange,
    },
    /// To say who is let in; for owners.
    SetDoor {
        /// Who.
        door: Door,
    },
    /// To make an invitation.
    MakeInvite {
        /// The id it shall have.
        invite: InviteId,
        /// What is kept of its secret.
        secret: SecretHash,
        /// Until when it can be used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// How many people can use it; 0 for any number.
        uses: u64,
        /// The rooms that it opens, private ones of the author's, too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rooms: Vec<RoomId>,
        /// What it makes of who uses it: below the author's own role.
        role: ServerRole,
    },
    /// To make an invitation useless, and if so said to shut out everybody who came by it.
    RevokeInvite {
        /// Which.
        invite: InviteId,
        /// Whether all who came by it are banned.
        ban: bool,
    },
    /// To use an invitation when one is here already.
    UseInvite {
        /// Which.
        shown: ShownInvite,
    },
    /// To let whoever knows a secret own the server, once; for the server alone, while it has no owner.
    OfferOwnership {
        /// What is kept of the secret.
        secret: SecretHash,
    },
    /// To own the server, by the secret that it offered.
    ClaimOwnership {
        /// What is kept of the secret.
        secret: SecretHash,
    },
    /// To let in who asks.
    Admit {
        /// Whom.
        person: PersonId,
    },
    /// Not to let in who asks.
    TurnAway {
        /// Whom.
        person: PersonId,
    },
    /// To let everybody say something in a room only so often; moderators of the room are not held to it.
    SetSlowMode {
        /// Where.
        room: RoomId,
        /// The least milliseconds between two messages of one person; 0 for none.
        milliseconds: u64,
    },
    /// To refuse or hold back what has a word or a link in it.
    SetFilter {
        /// What it looks for.
        kind: FilterKind,
        /// The words, or the host: 1 to [`FILTER`](crate::limits::FILTER) characters.
        pattern: String,
        /// What it does.
        action: FilterAction,
    },
    /// To take a filter away.
    RemoveFilter {
        /// What it looks for.
        kind: FilterKind,
        /// The words or the host.
        pattern: String,
    },
    /// To report a message to the moderators.
    Report {
        /// Where.
        room: RoomId,
        /// Which message.
        message: Sequence,
        /// What is wrong with it.
        note: String,
    },
    /// To say what became of a report.
    SettleReport {
        /// Which.
        report: Position,
        /// What.
        note: String,
    },
    /// To undo what people did.
    Undo {
        /// Whose deeds.
        selection: Selection,
    },
    /// What was undone, as it stands in the log.
    Undone {
        /// What.
        undone: Undone,
    },
    /// To bring back what was undone, or to let through what was held back.
    Restore {
        /// The position of what undid it, or of the message.
        withheld: Position,
        /// Where rooms are told of it; empty in a proposal.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rooms: Vec<Touched>,
    },
    /// To erase for good what was undone or held back.
    Purge {
        /// The position of what undid it, or of the message.
        withheld: Position,
        /// The messages that are erased; empty in a proposal.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        messages: Vec<Place>,
    },
    /// To erase where people came from; for the server alone, when the time to keep it is over.
    ForgetOrigins {
        /// Whose.
        people: Vec<PersonId>,
    },
}

impl Default for Order {
    fn default() -> Self {
        Order::SetDoor { door: Door::Open }
    }
}

impl Order {
    /// Whom it is about.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Order::SetServerRole { person, .. }
            | Order::Mute { person, .. }
            | Order::Unmute { person, .. }
            | Order::Kick { person, .. }
            | Order::Ban { person, .. }
            | Order::Unban { person }
            | Order::Admit { person }
            | Order::TurnAway { person } => Some(*person),
            _ => None,
        }
    }

    /// The rooms that it changed, each with its place in them.
    pub fn touched(&self) -> &[Touched] {
        match self {
            Order::Undone { undone } => &undone.rooms,
            Order::Restore { rooms, .. } => rooms,
            _ => &[],
        }
    }
}
