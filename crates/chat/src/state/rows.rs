//! What the rows of the state say.
//!
//! What can be erased (texts, nicknames, reactions) is not in them: they name the entry of the log that has it. So
//! it is stored once, in a place that never moves, and can be overwritten there.

use super::keeping::TermRow;
use crate::codec::{Field, Malformed, Value, put_number, record};
use crate::event::What;
use crate::id::{InviteId, PersonId};
use crate::key::Fingerprint;
use crate::order::SecretHash;
use crate::outcome::Receipt;
use crate::permission::{Door, ServerRole};
use crate::place::{Place, Position, Sequence};
use crate::refusal::Refusal;
use crate::room::{Retention, Role, Visibility};
use crate::time::Timestamp;

/// The server's own row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ServerRow {
    /// How far the log is applied.
    pub(crate) applied: Position,
    pub(crate) retention: Retention,
    /// Nothing until somebody said.
    pub(crate) door: Option<Door>,
    /// Who knows this secret can own the server.
    pub(crate) offer: Option<SecretHash>,
    /// How many own it.
    pub(crate) owners: u64,
    /// Invitations that are not revoked.
    pub(crate) invites: u64,
    pub(crate) filters: u64,
    /// How many wait to be let in.
    pub(crate) waiting: u64,
}
record!(ServerRow {
    1 applied, 2 retention, 20 door, 21 offer, 22 owners, 23 invites, 24 filters, 25 waiting
});

/// Whether somebody can still do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    #[default]
    Here,
    Departed,
    /// What they said is being erased, and shown no longer.
    Erasing,
    Erased,
    /// Not let in yet.
    Waiting,
    /// That they came was undone.
    Undone,
}

impl Field for Standing {
    fn is_absent(&self) -> bool {
        *self == Standing::Here
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_number(*self as u64, number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        *self = match value.number()? {
            0 => Standing::Here,
            1 => Standing::Departed,
            2 => Standing::Erasing,
            3 => Standing::Erased,
            4 => Standing::Waiting,
            5 => Standing::Undone,
            _ => return Err(Malformed::Newer),
        };
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PersonRow {
    pub(crate) arrived_at: Timestamp,
    /// The entry of the log that has the nickname; 0 once that is erased.
    pub(crate) named: Position,
    pub(crate) standing: Standing,
    /// In how many rooms they are, the lobby not counted.
    pub(crate) rooms: u64,
    pub(crate) role: ServerRole,
    /// The invitation that they came by.
    pub(crate) came_by: Option<InviteId>,
    pub(crate) ban: Option<TermRow>,
    /// Everywhere; those of rooms are elsewhere.
    pub(crate) mute: Option<TermRow>,
}
record!(PersonRow {
    1 arrived_at, 2 named, 3 standing, 4 rooms, 20 role, 21 came_by, 22 ban, 23 mute
});

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RoomRow {
    pub(crate) visibility: Visibility,
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: PersonId,
    /// The last place that was given out.
    pub(crate) sequence: Sequence,
    pub(crate) retention: Retention,
    pub(crate) members: u64,
    pub(crate) owners: u64,
    pub(crate) pins: u64,
    /// Whether those may read it who are not here.
    pub(crate) open_to_web: bool,
    /// The least milliseconds between two messages of one person.
    pub(crate) slow_mode: u64,
    /// How many are muted in it.
    pub(crate) mutes: u64,
    /// What undid that it was opened: as long as it is so, there is no such room.
    pub(crate) undone: Option<Position>,
}
record!(RoomRow {
    1 visibility, 2 name, 3 topic, 4 created_at, 5 created_by, 6 sequence, 7 retention, 8 members, 9 owners, 10 pins,
    11 open_to_web, 20 slow_mode, 21 mutes, 22 undone
});

/// Of a room's row, what each event changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LastRow {
    pub(crate) sequence: Sequence,
}
record!(LastRow { 6 sequence });

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MemberRow {
    pub(crate) role: Role,
    pub(crate) since: Timestamp,
}
record!(MemberRow { 1 role, 2 since });

/// Somebody who is mentioned, and the entry of the log through which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MentionedRow {
    pub(crate) person: PersonId,
    pub(crate) position: Position,
}
record!(MentionedRow { 1 person, 2 position });

/// A message as it is now. An erased one has no row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MessageRow {
    pub(crate) position: Position,
    pub(crate) at: Timestamp,
    pub(crate) by: PersonId,
    /// The entry of the log that has the text.
    pub(crate) text_at: Position,
    pub(crate) reply_to: Option<Sequence>,
    pub(crate) thread: Option<Sequence>,
    pub(crate) mentions: Vec<MentionedRow>,
    pub(crate) edited_at: Option<Timestamp>,
}
record!(MessageRow {
    1 position, 2 at, 3 by, 4 text_at, 5 reply_to, 6 thread, 7 mentions, 8 edited_at
});

/// An event of a room that is no message. Text and reaction are not in here: the entry of the log has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HappeningRow {
    pub(crate) position: Position,
    pub(crate) at: Timestamp,
    pub(crate) by: PersonId,
    pub(crate) what: What,
}
record!(HappeningRow { 1 position, 2 at, 3 by, 4 what });

/// How many people share a reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ReactionCountRow {
    pub(crate) count: u64,
    /// The entry of the log through which the first of them put it there, and that has its text. Reactions are
    /// shown in this order.
    pub(crate) first: Position,
}
record!(ReactionCountRow { 1 count, 2 first });

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PinRow {
    pub(crate) by: PersonId,
    pub(crate) at: Timestamp,
}
record!(PinRow { 1 by, 2 at });

/// One number: replies in a thread, or a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NumberRow {
    pub(crate) number: u64,
}
record!(NumberRow { 1 number });

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PlaceRow {
    pub(crate) place: Place,
}
record!(PlaceRow { 1 place });

/// The account of somebody whose name is their own. Guests have none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AccountRow {
    pub(crate) claimed_at: Timestamp,
    /// The entry of the log that has the password's hash; 0 without a password.
    pub(crate) password: Position,
    /// The entry of the log that has the sealed secret of codes; 0 without.
    pub(crate) totp: Position,
    /// The time step of the last code that was used.
    pub(crate) totp_step: u64,
    /// The link that lets somebody in, if one was issued.
    pub(crate) link: Option<Fingerprint>,
    pub(crate) link_until: Timestamp,
}
record!(AccountRow { 1 claimed_at, 2 password, 3 totp, 4 totp_step, 5 link, 6 link_until });

/// A device on which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SessionRow {
    pub(crate) started_at: Timestamp,
    /// The entry of the log that has its label.
    pub(crate) labelled: Position,
}
record!(SessionRow { 1 started_at, 2 labelled });

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PasskeyRow {
    pub(crate) added_at: Timestamp,
    /// How often it said to have been used when it was used last; 0 if it does not count.
    pub(crate) count: u64,
    /// When it was used last; 0 if it was not yet.
    pub(crate) used_at: Timestamp,
    /// The entry of the log that has its label; 0 if it has none but what it was added with.
    pub(crate) labelled: Position,
}
record!(PasskeyRow { 1 added_at, 2 count, 3 used_at, 4 labelled });

/// What another site vouches for, of somebody who signs in by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct IdentityRow {
    pub(crate) linked_at: Timestamp,
    /// When it was shown last; 0 for never.
    pub(crate) used_at: Timestamp,
    /// Whom the site means.
    pub(crate) identity: Fingerprint,
}
record!(IdentityRow { 1 linked_at, 2 used_at, 3 identity });

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeyRow {
    pub(crate) receipt: Receipt,
    pub(crate) refusal: Option<Refusal>,
}
record!(KeyRow { 1 receipt, 2 refusal });
