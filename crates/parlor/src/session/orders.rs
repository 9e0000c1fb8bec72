//! Orders: requests that keep the peace become proposals, as wishes do.

use parlor_chat::{
    Action, AddressRange, InviteId, Key, Order, Position, SecretHash, Selection, ServerRole, ShownInvite,
    Timestamp,
};
use serde_json::value::RawValue;

use super::asker::Asker;
use super::wishes;
use crate::gate::Gate;
use crate::identity::{new_secret, random};
use crate::wire::{Order as Asked, WireError};

/// Hands in an order, and answers it when it is durable.
pub(super) fn propose(asker: &Asker, id: Option<Box<RawValue>>, key: Option<Key>, asked: Asked) {
    let now = Timestamp::now();
    let new = matches!(asked, Asked::MakeInvite(_)).then(NewInvite::draw);
    match order(&asker.space.gate, asked, now, new.as_ref()) {
        Ok(order) => {
            let told = new.map(|new| new.told);
            wishes::hand_in_order(asker, id, key, Action::Order { order }, told);
        }
        Err(error) => asker.refuse(id.as_deref(), error),
    }
}

/// An invitation in the making.
struct NewInvite {
    id: InviteId,
    secret: SecretHash,
    /// All of it, for whoever made it.
    told: String,
}

impl NewInvite {
    fn draw() -> Self {
        let id = InviteId::new(Timestamp::now(), random());
        let secret = new_secret();
        NewInvite { id, secret: SecretHash::of(&secret), told: format!("{id}.{secret}") }
    }
}

/// An invitation as it stands in a link; nothing if it is none.
pub(super) fn shown_invite(text: &str) -> Option<ShownInvite> {
    let (invite, secret) = text.split_once('.')?;
    Some(ShownInvite { invite: invite.parse().ok()?, secret: SecretHash::of(secret) })
}

fn order(gate: &Gate, asked: Asked, now: Timestamp, new: Option<&NewInvite>) -> Result<Order, WireError> {
    let until = |seconds: Option<u64>| {
        seconds.map(|seconds| Timestamp(now.0.saturating_add(seconds.saturating_mul(1_000))))
    };
    Ok(match asked {
        Asked::ClaimOwnership(wish) => Order::ClaimOwnership { secret: SecretHash::of(&wish.secret) },
        Asked::SetServerRole(wish) => Order::SetServerRole { person: wish.person, role: wish.role },
        Asked::SetDoor(wish) => Order::SetDoor { door: wish.door },
        Asked::MakeInvite(wish) => Order::MakeInvite {
            invite: new.map(|new| new.id).unwrap_or_default(),
            secret: new.map(|new| new.secret).unwrap_or_default(),
            until: until(wish.seconds),
            uses: wish.uses.unwrap_or(0),
            rooms: wish.rooms.unwrap_or_default(),
            role: wish.role.unwrap_or(ServerRole::Member),
        },
        Asked::RevokeInvite(wish) => {
            Order::RevokeInvite { invite: wish.invite, ban: wish.ban.unwrap_or(false) }
        }
        Asked::UseInvite(wish) => {
            let shown = shown_invite(&wish.invite).ok_or(parlor_chat::Refusal::InviteInvalid)?;
            Order::UseInvite { shown }
        }
        Asked::Admit(wish) => Order::Admit { person: wish.person },
        Asked::TurnAway(wish) => Order::TurnAway { person: wish.person },
        Asked::Mute(wish) => Order::Mute {
            person: wish.person,
            room: wish.room,
            until: until(wish.seconds),
            reason: wish.reason.unwrap_or_default(),
        },
        Asked::Unmute(wish) => Order::Unmute { person: wish.person, room: wish.room },
        Asked::Kick(wish) => Order::Kick { person: wish.person, reason: wish.reason.unwrap_or_default() },
        Asked::Ban(wish) => {
            let reason = wish.reason.unwrap_or_default();
            Order::Ban { person: wish.person, until: until(wish.seconds), reason }
        }
        Asked::Unban(wish) => Order::Unban { person: wish.person },
        Asked::BanRange(wish) => Order::BanRange {
            range: range(gate, &wish.range)?,
            until: until(wish.seconds),
            reason: wish.reason.unwrap_or_default(),
        },
        Asked::UnbanRange(wish) => Order::UnbanRange { range: range(gate, &wish.range)? },
        Asked::SetSlowMode(wish) => {
            Order::SetSlowMode { room: wish.room, milliseconds: wish.seconds.saturating_mul(1_000) }
        }
        Asked::SetFilter(wish) => {
            Order::SetFilter { kind: wish.kind, pattern: wish.pattern, action: wish.action }
        }
        Asked::RemoveFilter(wish) => Order::RemoveFilter { kind: wish.kind, pattern: wish.pattern },
        Asked::Report(wish) => {
            let note = wish.note.unwrap_or_default();
            Order::Report { room: wish.room, message: wish.message, note }
        }
        Asked::SettleReport(wish) => {
            Order::SettleReport { report: Position(wish.report), note: wish.note.unwrap_or_default() }
        }
        Asked::Undo(wish) => {
            let range = wish.range.as_deref();
            Order::Undo { selection: selection(gate, wish.people, wish.invite, range, wish.minutes, now)? }
        }
        Asked::Restore(wish) => Order::Restore { withheld: Position(wish.withheld), rooms: Vec::new() },
        Asked::Purge(wish) => Order::Purge { withheld: Position(wish.withheld), messages: Vec::new() },
    })
}

/// Whose deeds of the last minutes are meant.
pub(super) fn selection(
    gate: &Gate,
    people: Option<Vec<parlor_chat::PersonId>>,
    invite: Option<InviteId>,
    named: Option<&str>,
    minutes: u64,
    now: Timestamp,
) -> Result<Selection, WireError> {
    let since = Timestamp(now.0.saturating_sub(minutes.saturating_mul(60_000)));
    let range = named.map(|named| range(gate, named)).transpose()?;
    Ok(Selection { people: people.unwrap_or_default(), invite, range, since })
}

/// A range by its addresses or as it is listed.
fn range(gate: &Gate, text: &str) -> Result<AddressRange, WireError> {
    gate.named(text).or_else(|| text.parse().ok()).ok_or_else(not_a_range)
}

fn not_a_range() -> WireError {
    let message =
        "This is no range of addresses: 192.0.2.0/24 is one, of the lengths 16, 24, 32, or 32, 48, 56, 64.";
    WireError::new("bad-request", message)
}
