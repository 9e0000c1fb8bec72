//! Who may do what: each proposal is accepted with what happens, or refused with a reason.
//!
//! Nothing is written here, and nothing is read but the state and the proposal.

mod accounts;
mod bans;
mod door;
mod gate;
mod messages;
mod moderation;
mod names;
mod orders;
mod people;
mod raid;
mod roles;
mod rooms;
mod slow_mode;

use super::restraint::server_role;
use super::rows::RoomRow;
use super::tables::Tables;
use crate::event::What;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::order::Order;
use crate::place::Place;
use crate::proposal::{Action, Proposal};
use crate::refusal::Refusal;
use crate::room::{Retention, Role};

/// What follows from a proposal that is accepted.
pub(crate) enum Decision {
    /// Nothing: things are so already. The receipt points there.
    Unchanged(Option<Place>),
    /// An event in a room.
    InRoom(RoomId, What),
    /// An event outside of rooms.
    Outside(What),
}

type Decided = Result<Decision, Failure>;

/// Decides on a proposal.
pub(crate) fn decide(state: &impl Tables, proposal: &Proposal) -> Decided {
    let by = proposal.by;
    if !matches!(proposal.action, Action::Arrive { .. }) {
        gate::pass(state, proposal)?;
    }
    match &proposal.action {
        Action::Arrive { nickname, from } => people::arrive(state, proposal, nickname, from),
        Action::Rename { nickname } => people::rename(state, by, nickname),
        Action::Depart => people::end(by, What::Departed),
        Action::EraseMe => people::end(by, What::PersonErased),
        Action::Account { change } => accounts::change(state, proposal, change),
        Action::EndErasure { person } => people::end_erasure(state, by, *person),
        Action::CreateRoom { room, visibility, name, topic } => {
            rooms::create(state, by, *room, *visibility, name, topic)
        }
        Action::OpenDirect { room, with } => rooms::open_direct(state, by, *room, with),
        Action::Join { room } => rooms::join(state, by, *room),
        Action::Leave { room } => rooms::leave(state, by, *room),
        Action::Invite { room, person } => rooms::invite(state, by, *room, *person),
        Action::Remove { room, person } => rooms::remove(state, by, *room, *person),
        Action::SetRole { room, person, role } => rooms::set_role(state, by, *room, *person, *role),
        Action::RenameRoom { room, name } => rooms::rename(state, by, *room, name),
        Action::SetTopic { room, topic } => rooms::set_topic(state, by, *room, topic),
        Action::SetRetention { room, retention } => rooms::set_retention(state, by, *room, *retention),
        Action::SetWebAccess { room, open } => rooms::set_web_access(state, by, *room, *open),
        Action::Post { .. } => messages::post(state, proposal),
        Action::Edit { room, message, text, mentions } => {
            messages::edit(state, proposal, (*room, *message), text, mentions)
        }
        Action::Delete { room, message } => messages::delete(state, by, *room, *message),
        Action::React { room, message, reaction } => {
            messages::react(state, proposal, (*room, *message), reaction)
        }
        Action::Unreact { room, message, reaction } => {
            messages::unreact(state, by, *room, *message, reaction)
        }
        Action::Pin { room, message } => messages::pin(state, proposal, *room, *message),
        Action::Unpin { room, message } => messages::unpin(state, by, *room, *message),
        Action::Read { room, up_to } => messages::read(state, by, *room, *up_to),
        Action::Expire { room, messages } => messages::expire(state, proposal, *room, messages),
        Action::SetServerRetention { retention } => set_server_retention(state, by, *retention),
        Action::Order { order } => orders::decide(state, proposal, order),
        Action::Unknown => Err(Refusal::Unsupported.into()),
    }
}

fn set_server_retention(state: &impl Tables, by: PersonId, retention: Retention) -> Decided {
    if by != PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    check_retention(retention)?;
    if state.server()?.retention == retention {
        return Ok(Decision::Unchanged(None));
    }
    Ok(Decision::Outside(What::ServerRetentionSet { retention }))
}

fn check_retention(retention: Retention) -> Result<(), Failure> {
    match retention {
        Retention::Milliseconds(milliseconds) if milliseconds < limits::RETENTION => {
            Err(Refusal::RetentionInvalid.into())
        }
        _ => Ok(()),
    }
}

/// A room that somebody may read; to others it is as if it were not there.
fn readable(state: &impl Tables, room: RoomId, person: PersonId) -> Result<RoomRow, Failure> {
    let row = state.room(room)?.ok_or(Refusal::NoSuchRoom)?;
    if state.may_read(room, &row, person)? { Ok(row) } else { Err(Refusal::NoSuchRoom.into()) }
}

/// A room that somebody is a member of, and as what.
fn membership(state: &impl Tables, room: RoomId, person: PersonId) -> Result<(RoomRow, Role), Failure> {
    let row = readable(state, room, person)?;
    let role = state.role(room, person)?.ok_or(Refusal::NotAMember)?;
    Ok((row, role))
}

/// The answer if a room is as it should be already.
fn unchanged(room: RoomId, row: &RoomRow) -> Decided {
    Ok(Decision::Unchanged(Some(Place { room, sequence: row.sequence })))
}

/// An order that is carried out as it is.
fn as_ordered(order: Order) -> Decided {
    Ok(Decision::Outside(What::Ordered { order }))
}

/// A reason or a note: one line, perhaps empty.
fn check_reason(reason: &str) -> Result<(), Failure> {
    let fits = names::is_line(reason, limits::REASON);
    if fits { Ok(()) } else { Err(Refusal::ReasonInvalid.into()) }
}

/// Somebody whom `by` may restrain: further down, and not themselves.
fn check_is_below(state: &impl Tables, by: PersonId, person: PersonId) -> Result<(), Failure> {
    let target = state.person_here(person)?.ok_or(Refusal::NoSuchPerson)?;
    let own = server_role(state, by)?;
    let is_below = target.role.rank() < own.rank() || by == PersonId::SERVER;
    if is_below && person != by { Ok(()) } else { Err(Refusal::NotAllowed.into()) }
}
