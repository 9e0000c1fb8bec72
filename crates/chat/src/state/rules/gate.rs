//! Who may do anything at all: whoever is here, is not shut out, and has the permission that it takes.

use crate::failure::Failure;
use crate::id::PersonId;
use crate::order::Order;
use crate::permission::Permission;
use crate::proposal::{Action, Proposal};
use crate::refusal::Refusal;
use crate::state::restraint::is_banned;
use crate::state::tables::Tables;

/// Lets pass whoever may wish for something of this kind; what they may do in a room is another question.
pub(crate) fn pass(state: &impl Tables, proposal: &Proposal) -> Result<(), Failure> {
    if proposal.by == PersonId::SERVER {
        return Ok(());
    }
    let person = state.person_here(proposal.by)?.ok_or(Refusal::UnknownPerson)?;
    if matches!(proposal.action, Action::Depart | Action::EraseMe) {
        // Nobody is kept from going.
        return Ok(());
    }
    if is_banned(state, &person, proposal.at)? {
        return Err(Refusal::Banned.into());
    }
    let permission = needed(&proposal.action);
    let door = state.server()?.door.unwrap_or_default();
    person.role.check(permission, door)?;
    // A name is read by others, too.
    let is_name = matches!(proposal.action, Action::Rename { .. });
    let is_seen = is_name || matches!(permission, Permission::Speak | Permission::OpenRooms);
    if is_seen && person.mute.is_some_and(|mute| mute.holds(proposal.at)) {
        return Err(Refusal::Muted.into());
    }
    Ok(())
}

/// The permission on the server that a wish takes.
fn needed(action: &Action) -> Permission {
    match action {
        Action::Join { .. }
        | Action::Invite { .. }
        | Action::Remove { .. }
        | Action::SetRole { .. }
        | Action::RenameRoom { .. }
        | Action::SetTopic { .. }
        | Action::SetRetention { .. }
        | Action::SetWebAccess { .. }
        | Action::Post { .. }
        | Action::Edit { .. }
        | Action::React { .. }
        | Action::Pin { .. }
        | Action::Unpin { .. } => Permission::Speak,
        Action::CreateRoom { .. } | Action::OpenDirect { .. } => Permission::OpenRooms,
        Action::Order { order } => ordered(order),
        _ => Permission::Oneself,
    }
}

/// The permission on the server that an order takes. What is about one room is the room's to allow.
fn ordered(order: &Order) -> Permission {
    match order {
        Order::SetServerRole { .. } => Permission::SetServerRoles,
        Order::Mute { room: None, .. }
        | Order::Unmute { room: None, .. }
        | Order::Kick { .. }
        | Order::Ban { .. }
        | Order::Unban { .. }
        | Order::BanRange { .. }
        | Order::UnbanRange { .. } => Permission::Restrain,
        Order::SetDoor { .. } => Permission::SetDoor,
        Order::MakeInvite { .. }
        | Order::RevokeInvite { .. }
        | Order::Admit { .. }
        | Order::TurnAway { .. } => Permission::LetIn,
        Order::SetFilter { .. } | Order::RemoveFilter { .. } => Permission::Filter,
        Order::Report { .. } => Permission::Report,
        Order::SettleReport { .. } => Permission::Review,
        Order::Undo { .. } | Order::Restore { .. } | Order::Purge { .. } => Permission::Undo,
        _ => Permission::Oneself,
    }
}
