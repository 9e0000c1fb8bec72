//! Orders: each is decided by the rules of what it is about.

use super::{Decided, bans, door, moderation, raid, roles};
use crate::order::Order;
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::state::tables::Tables;

/// Decides on an order of somebody who has the permission on the server that it takes.
pub(crate) fn decide(state: &impl Tables, proposal: &Proposal, order: &Order) -> Decided {
    let by = proposal.by;
    match order {
        Order::SetServerRole { person, role } => roles::set(state, by, *person, *role),
        Order::Mute { person, room, until, reason } => {
            bans::mute(state, proposal, *person, *room, *until, reason)
        }
        Order::Unmute { person, room } => bans::unmute(state, by, *person, *room),
        Order::Kick { person, reason } => bans::kick(state, by, *person, reason),
        Order::Ban { person, until, reason } => bans::ban(state, proposal, *person, *until, reason),
        Order::Unban { person } => bans::unban(state, by, *person),
        Order::BanRange { range, until, reason } => bans::ban_range(state, proposal, *range, *until, reason),
        Order::UnbanRange { range } => bans::unban_range(state, *range),
        Order::SetDoor { door } => door::set(state, *door),
        Order::MakeInvite { .. } => door::make_invite(state, by, order),
        Order::RevokeInvite { invite, ban } => door::revoke_invite(state, *invite, *ban),
        Order::UseInvite { shown } => door::use_invite(state, proposal, *shown),
        Order::OfferOwnership { secret } => roles::offer(state, by, *secret),
        Order::ClaimOwnership { secret } => roles::claim(state, by, *secret),
        Order::Admit { person } => door::answer(state, *person, true),
        Order::TurnAway { person } => door::answer(state, *person, false),
        Order::SetSlowMode { room, milliseconds } => {
            moderation::set_slow_mode(state, by, *room, *milliseconds)
        }
        Order::SetFilter { kind, pattern, action } => moderation::set_filter(state, *kind, pattern, *action),
        Order::RemoveFilter { kind, pattern } => moderation::remove_filter(state, *kind, pattern),
        Order::Report { room, message, note } => moderation::report(state, by, *room, *message, note),
        Order::SettleReport { report, note } => moderation::settle_report(state, *report, note),
        Order::Undo { selection } => raid::undo(state, proposal, selection),
        Order::Restore { withheld, .. } => raid::restore(state, *withheld),
        Order::Purge { withheld, .. } => raid::purge(state, *withheld),
        Order::ForgetOrigins { people } => door::forget_origins(state, by, people),
        // It follows from an order to undo, and is none.
        Order::Undone { .. } => Err(Refusal::NotAllowed.into()),
    }
}
