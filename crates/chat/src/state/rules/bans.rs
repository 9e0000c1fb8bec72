//! Muting, disconnecting and banning.

use super::{Decided, Decision, as_ordered, check_is_below, check_reason, readable};
use crate::event::What;
use crate::failure::Failure;
use crate::id::{AddressRange, PersonId, RoomId};
use crate::order::Order;
use crate::permission::{RoomPermission, permits_in_room};
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::state::keeping::{self, Shelf, TermRow};
use crate::state::restraint::authority;
use crate::state::tables::Tables;
use crate::time::Timestamp;

pub(crate) fn mute(
    state: &impl Tables,
    proposal: &Proposal,
    person: PersonId,
    room: Option<RoomId>,
    until: Option<Timestamp>,
    reason: &str,
) -> Decided {
    check_reason(reason)?;
    check_until(until, proposal.at)?;
    let order = Order::Mute { person, room, until, reason: reason.into() };
    match room {
        Some(room) => {
            check_above_in(state, proposal.by, room, person)?;
            Ok(Decision::InRoom(room, What::Ordered { order }))
        }
        None => {
            check_is_below(state, proposal.by, person)?;
            as_ordered(order)
        }
    }
}

pub(crate) fn unmute(state: &impl Tables, by: PersonId, person: PersonId, room: Option<RoomId>) -> Decided {
    let order = Order::Unmute { person, room };
    match room {
        Some(room) => {
            check_above_in(state, by, room, person)?;
            if state.row::<TermRow>(&Shelf::RoomMute.numbers(room.0, person.0))?.is_none() {
                return Ok(Decision::Unchanged(None));
            }
            Ok(Decision::InRoom(room, What::Ordered { order }))
        }
        None => {
            check_is_below(state, by, person)?;
            let is_muted = state.person(person)?.is_some_and(|row| row.mute.is_some());
            if is_muted { as_ordered(order) } else { Ok(Decision::Unchanged(None)) }
        }
    }
}

pub(crate) fn kick(state: &impl Tables, by: PersonId, person: PersonId, reason: &str) -> Decided {
    check_reason(reason)?;
    check_is_below(state, by, person)?;
    as_ordered(Order::Kick { person, reason: reason.into() })
}

pub(crate) fn ban(
    state: &impl Tables,
    proposal: &Proposal,
    person: PersonId,
    until: Option<Timestamp>,
    reason: &str,
) -> Decided {
    check_reason(reason)?;
    check_until(until, proposal.at)?;
    check_is_below(state, proposal.by, person)?;
    as_ordered(Order::Ban { person, until, reason: reason.into() })
}

pub(crate) fn unban(state: &impl Tables, by: PersonId, person: PersonId) -> Decided {
    check_is_below(state, by, person)?;
    let is_banned = state.person(person)?.is_some_and(|row| row.ban.is_some());
    if is_banned { as_ordered(Order::Unban { person }) } else { Ok(Decision::Unchanged(None)) }
}

pub(crate) fn ban_range(
    _: &impl Tables,
    proposal: &Proposal,
    range: AddressRange,
    until: Option<Timestamp>,
    reason: &str,
) -> Decided {
    check_reason(reason)?;
    check_until(until, proposal.at)?;
    as_ordered(Order::BanRange { range, until, reason: reason.into() })
}

pub(crate) fn unban_range(state: &impl Tables, range: AddressRange) -> Decided {
    match state.row::<TermRow>(&keeping::range_ban(range))? {
        Some(_) => as_ordered(Order::UnbanRange { range }),
        None => Ok(Decision::Unchanged(None)),
    }
}

/// An end that is over restrains nobody.
fn check_until(until: Option<Timestamp>, at: Timestamp) -> Result<(), Failure> {
    if until.is_some_and(|until| until <= at) { Err(Refusal::ReasonInvalid.into()) } else { Ok(()) }
}

/// A room whose moderator `by` is, and whose moderator `person` is not.
fn check_above_in(state: &impl Tables, by: PersonId, room: RoomId, person: PersonId) -> Result<(), Failure> {
    let row = readable(state, room, by)?;
    state.person_here(person)?.ok_or(Refusal::NoSuchPerson)?;
    let own = authority(state, room, &row, by)?;
    let is_above = own > authority(state, room, &row, person)? || by == PersonId::SERVER;
    if permits_in_room(own, RoomPermission::Restrain) && is_above {
        Ok(())
    } else {
        Err(Refusal::NotAllowed.into())
    }
}
