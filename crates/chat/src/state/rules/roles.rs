//! Roles on the server, and who is its first owner.

use super::{Decided, Decision, as_ordered};
use crate::id::PersonId;
use crate::order::{Order, SecretHash};
use crate::permission::ServerRole;
use crate::refusal::Refusal;
use crate::state::tables::Tables;

pub(crate) fn set(state: &impl Tables, by: PersonId, person: PersonId, role: ServerRole) -> Decided {
    let row = state.person_here(person)?.ok_or(Refusal::NoSuchPerson)?;
    if row.role == role {
        return Ok(Decision::Unchanged(None));
    }
    if row.role == ServerRole::Owner {
        // An owner steps down by themselves, unless they are the last.
        if by != person && by != PersonId::SERVER {
            return Err(Refusal::NotAllowed.into());
        }
        if state.server()?.owners <= 1 {
            return Err(Refusal::LastServerOwner.into());
        }
    }
    as_ordered(Order::SetServerRole { person, role })
}

/// The offer takes the place of the one before it.
pub(crate) fn offer(state: &impl Tables, by: PersonId, secret: SecretHash) -> Decided {
    if by != PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    if state.server()?.owners > 0 {
        return Err(Refusal::OfferInvalid.into());
    }
    as_ordered(Order::OfferOwnership { secret })
}

/// Of two who claim at once, the log lets one be first: after that nothing is offered.
pub(crate) fn claim(state: &impl Tables, by: PersonId, secret: SecretHash) -> Decided {
    if by == PersonId::SERVER || state.server()?.offer != Some(secret) {
        return Err(Refusal::OfferInvalid.into());
    }
    as_ordered(Order::ClaimOwnership { secret })
}
