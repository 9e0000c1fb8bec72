//! The door: who comes in, by which invitation, and who waits in front of it.

use super::{Decided, Decision, as_ordered, check_reason, membership};
use crate::event::What;
use crate::failure::Failure;
use crate::id::{InviteId, PersonId};
use crate::limits;
use crate::order::{Order, Origin, ShownInvite};
use crate::permission::{Door, RoomPermission, ServerRole, permits_in_room};
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::state::keeping::{self, InviteRow, KnownRow, Shelf};
use crate::state::restraint::{is_range_banned, server_role};
use crate::state::rows::Standing;
use crate::state::tables::Tables;
use crate::time::Timestamp;

/// What becomes of somebody new who comes from there.
pub(crate) fn arrive(state: &impl Tables, nickname: &str, from: &Origin, at: Timestamp) -> Decided {
    if from.ranges.len() > limits::RANGES {
        return Err(Refusal::TooManyAtOnce.into());
    }
    if let Some(note) = &from.asks {
        check_reason(note)?;
    }
    if is_range_banned(state, &from.ranges, at)? {
        return Err(Refusal::RangeBanned.into());
    }
    let shown = from.invite.map(|shown| usable(state, shown, at)).transpose()?;
    let server = state.server()?;
    let is_open = matches!(server.door.unwrap_or_default(), Door::Open | Door::Claimed);
    let waits = !is_open && shown.is_none();
    if waits && from.asks.is_none() {
        return Err(Refusal::NotInvited.into());
    }
    if waits && server.waiting >= limits::WAITING {
        return Err(Refusal::TooManyOrders.into());
    }
    Ok(Decision::Outside(What::Arrived {
        nickname: nickname.into(),
        ranges: from.ranges.clone(),
        invite: from.invite.map(|shown| shown.invite),
        asks: from.asks.clone().filter(|_| waits),
        waits,
        role: shown.map(|invite| invite.role).unwrap_or_default(),
    }))
}

pub(crate) fn set(state: &impl Tables, door: Door) -> Decided {
    if state.server()?.door == Some(door) {
        return Ok(Decision::Unchanged(None));
    }
    as_ordered(Order::SetDoor { door })
}

pub(crate) fn make_invite(state: &impl Tables, by: PersonId, order: &Order) -> Decided {
    let Order::MakeInvite { invite, rooms, role, .. } = order else { return Err(Refusal::NotAllowed.into()) };
    if invite.0 == 0 || state.row::<InviteRow>(&keeping::invite(*invite))?.is_some() {
        return Err(Refusal::IdTaken.into());
    }
    if rooms.len() > limits::INVITE_ROOMS {
        return Err(Refusal::TooManyAtOnce.into());
    }
    // Nobody gives away what they have not got, and nobody becomes a bot by coming in.
    if role.rank() >= server_role(state, by)?.rank() || *role == ServerRole::Bot {
        return Err(Refusal::NotAllowed.into());
    }
    for room in rooms {
        let (_, role) = membership(state, *room, by)?;
        if !permits_in_room(Some(role), RoomPermission::Invite) {
            return Err(Refusal::NotAllowed.into());
        }
    }
    if state.server()?.invites >= limits::INVITES {
        return Err(Refusal::TooManyOrders.into());
    }
    as_ordered(order.clone())
}

pub(crate) fn revoke_invite(state: &impl Tables, invite: InviteId, ban: bool) -> Decided {
    let row = state.row::<InviteRow>(&keeping::invite(invite))?.ok_or(Refusal::NoSuchOrder)?;
    if row.revoked && row.banned == ban {
        return Ok(Decision::Unchanged(None));
    }
    as_ordered(Order::RevokeInvite { invite, ban })
}

pub(crate) fn use_invite(state: &impl Tables, proposal: &Proposal, shown: ShownInvite) -> Decided {
    usable(state, shown, proposal.at)?;
    let row = state.person_here(proposal.by)?.ok_or(Refusal::UnknownPerson)?;
    if row.came_by == Some(shown.invite) {
        return Ok(Decision::Unchanged(None));
    }
    as_ordered(Order::UseInvite { shown })
}

/// Lets in or turns away who waits.
pub(crate) fn answer(state: &impl Tables, person: PersonId, admits: bool) -> Decided {
    let waits = state.person(person)?.is_some_and(|row| row.standing == Standing::Waiting);
    if !waits {
        return Err(Refusal::NoSuchPerson.into());
    }
    as_ordered(if admits { Order::Admit { person } } else { Order::TurnAway { person } })
}

pub(crate) fn forget_origins(state: &impl Tables, by: PersonId, people: &[PersonId]) -> Decided {
    if by != PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    if people.len() > limits::ORIGINS_AT_ONCE {
        return Err(Refusal::TooManyAtOnce.into());
    }
    let mut known = Vec::new();
    for person in people {
        if state.row::<KnownRow>(&Shelf::Known.number(person.0))?.is_some() {
            known.push(*person);
        }
    }
    if known.is_empty() {
        return Ok(Decision::Unchanged(None));
    }
    as_ordered(Order::ForgetOrigins { people: known })
}

/// An invitation that lets somebody in at this time. Whoever guesses is told the same, whatever is wrong.
fn usable(state: &impl Tables, shown: ShownInvite, at: Timestamp) -> Result<InviteRow, Failure> {
    let row = state.row::<InviteRow>(&keeping::invite(shown.invite))?;
    let is_usable = |row: &InviteRow| {
        let is_in_time = row.until.is_none_or(|until| at < until);
        row.secret == shown.secret && !row.revoked && is_in_time && (row.uses == 0 || row.used < row.uses)
    };
    row.filter(is_usable).ok_or_else(|| Refusal::InviteInvalid.into())
}
