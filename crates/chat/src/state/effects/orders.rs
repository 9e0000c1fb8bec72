//! What an order changes.

use super::standing::{change_server, forget_origin, list_role, used};
use super::{bring_back, erasure, people, put, withhold};
use crate::event::Event;
use crate::id::PersonId;
use crate::order::Order;
use crate::permission::ServerRole;
use crate::place::Place;
use crate::state::keeping::{self, FilterRow, InviteRow, ReportRow, Shelf, TermRow};
use crate::state::keys;
use crate::state::rows::{NumberRow, PersonRow, RoomRow, Standing};
use crate::state::tables::Tables;
use crate::storage::Staged;
use crate::trouble::Trouble;

/// Carries out an order that is about no single room.
pub(crate) fn carry_out(state: &mut Staged<'_>, event: &Event, order: &Order) -> Result<(), Trouble> {
    note(state, event, order);
    match order {
        Order::SetServerRole { person, role } => set_role(state, *person, *role),
        Order::Mute { .. } | Order::Unmute { .. } | Order::Ban { .. } | Order::Unban { .. } => {
            restrain(state, event, order)
        }
        Order::BanRange { range, until, reason } => {
            let row = TermRow { until: *until, reason: reason.clone(), by: event.by, at: event.at };
            put(state, keeping::range_ban(*range), &row);
            Ok(())
        }
        Order::UnbanRange { range } => {
            state.remove(keeping::range_ban(*range));
            Ok(())
        }
        Order::SetDoor { door } => change_server(state, |server| server.door = Some(*door)),
        Order::MakeInvite { .. } | Order::RevokeInvite { .. } | Order::UseInvite { .. } => {
            invite(state, event, order)
        }
        Order::OfferOwnership { secret } => change_server(state, |server| server.offer = Some(*secret)),
        Order::ClaimOwnership { .. } => {
            change_server(state, |server| server.offer = None)?;
            set_role(state, event.by, ServerRole::Owner)
        }
        Order::Admit { person } => admit(state, *person),
        Order::TurnAway { person } => people::turned_away(state, *person),
        Order::SetFilter { .. } | Order::RemoveFilter { .. } => filter(state, event, order),
        Order::Report { .. } | Order::SettleReport { .. } => report(state, event, order),
        Order::Undone { undone } => withhold::undo(state, event, undone),
        Order::Restore { withheld, rooms } => bring_back::restore(state, event, *withheld, rooms),
        Order::Purge { withheld, .. } => bring_back::purge(state, *withheld),
        Order::ForgetOrigins { people } => people.iter().try_for_each(|person| forget_origin(state, *person)),
        Order::Kick { .. } | Order::SetSlowMode { .. } | Order::Undo { .. } => Ok(()),
    }
}

/// Carries out an order about one room.
pub(crate) fn in_room(
    state: &mut Staged<'_>,
    event: &Event,
    place: Place,
    row: &mut RoomRow,
    order: &Order,
) -> Result<(), Trouble> {
    let room = place.room;
    match order {
        Order::SetSlowMode { milliseconds, .. } => row.slow_mode = *milliseconds,
        Order::Mute { person, until, reason, .. } => {
            let key = Shelf::RoomMute.numbers(room.0, person.0);
            row.mutes += u64::from(state.row::<TermRow>(&key)?.is_none());
            let term = TermRow { until: *until, reason: reason.clone(), by: event.by, at: event.at };
            put(state, key, &term);
        }
        Order::Unmute { person, .. } => {
            let key = Shelf::RoomMute.numbers(room.0, person.0);
            row.mutes -= u64::from(state.row::<TermRow>(&key)?.is_some());
            state.remove(key);
        }
        _ => {}
    }
    Ok(())
}

/// Whoever keeps the peace can look up later what was ordered; what the server does by itself is no order of theirs.
fn note(state: &mut Staged<'_>, event: &Event, order: &Order) {
    if event.by != PersonId::SERVER && !matches!(order, Order::UseInvite { .. }) {
        noted(state, event);
    }
}

/// Lists an event among the moderators' acts.
pub(crate) fn noted(state: &mut Staged<'_>, event: &Event) {
    put(state, Shelf::Audit.number(event.position.0), &NumberRow::default());
}

fn change_person(
    state: &mut Staged<'_>,
    person: PersonId,
    change: impl FnOnce(&mut PersonRow),
) -> Result<(), Trouble> {
    let mut row = state.person(person)?.unwrap_or_default();
    change(&mut row);
    put(state, keys::person(person), &row);
    Ok(())
}

/// Gives somebody a role on the server; moderators and owners are listed.
pub(crate) fn set_role(state: &mut Staged<'_>, person: PersonId, role: ServerRole) -> Result<(), Trouble> {
    let before = state.person(person)?.unwrap_or_default().role;
    change_person(state, person, |row| row.role = role)?;
    list_role(state, person, before, role)
}

fn restrain(state: &mut Staged<'_>, event: &Event, order: &Order) -> Result<(), Trouble> {
    let Some(person) = order.person() else { return Ok(()) };
    let listed = match order {
        Order::Mute { until, reason, .. } | Order::Ban { until, reason, .. } => {
            Some(TermRow { until: *until, reason: reason.clone(), by: event.by, at: event.at })
        }
        _ => None,
    };
    let is_ban = matches!(order, Order::Ban { .. } | Order::Unban { .. });
    let shelf = if is_ban { Shelf::Ban } else { Shelf::Mute };
    match &listed {
        Some(_) => put(state, shelf.number(person.0), &NumberRow::default()),
        None => state.remove(shelf.number(person.0)),
    }
    change_person(state, person, |row| if is_ban { row.ban = listed } else { row.mute = listed })
}

fn invite(state: &mut Staged<'_>, event: &Event, order: &Order) -> Result<(), Trouble> {
    match order {
        Order::MakeInvite { invite, secret, until, uses, rooms, role } => {
            let row = InviteRow {
                secret: *secret,
                until: *until,
                uses: *uses,
                rooms: rooms.clone(),
                role: *role,
                by: event.by,
                at: event.at,
                ..InviteRow::default()
            };
            put(state, keeping::invite(*invite), &row);
            change_server(state, |server| server.invites += 1)
        }
        Order::RevokeInvite { invite, ban } => {
            let mut row = state.row::<InviteRow>(&keeping::invite(*invite))?.unwrap_or_default();
            let was_revoked = std::mem::replace(&mut row.revoked, true);
            row.banned = *ban;
            put(state, keeping::invite(*invite), &row);
            change_server(state, |server| server.invites -= u64::from(!was_revoked))
        }
        Order::UseInvite { shown } => {
            let role = used(state, shown.invite, event.by)?;
            let before = state.person(event.by)?.unwrap_or_default().role;
            let role = before.max(role);
            change_person(state, event.by, |row| {
                row.came_by = Some(shown.invite);
                row.role = role;
            })?;
            list_role(state, event.by, before, role)
        }
        _ => Ok(()),
    }
}

fn admit(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    state.remove(Shelf::Waiting.number(person.0));
    change_server(state, |server| server.waiting -= 1)?;
    let row = state.person(person)?.unwrap_or_default();
    // What they said to be let in has done its work.
    erasure::erase_request(state, row.named)?;
    put(state, keys::person(person), &PersonRow { standing: Standing::Here, ..row });
    Ok(())
}

fn filter(state: &mut Staged<'_>, event: &Event, order: &Order) -> Result<(), Trouble> {
    match order {
        Order::SetFilter { kind, pattern, action } => {
            let key = keeping::filter(*kind, pattern);
            let is_new = state.row::<FilterRow>(&key)?.is_none();
            let (pattern, by, at) = (pattern.clone(), event.by, event.at);
            put(state, key, &FilterRow { kind: *kind, pattern, action: *action, by, at });
            change_server(state, |server| server.filters += u64::from(is_new))
        }
        Order::RemoveFilter { kind, pattern } => {
            state.remove(keeping::filter(*kind, pattern));
            change_server(state, |server| server.filters -= 1)
        }
        _ => Ok(()),
    }
}

fn report(state: &mut Staged<'_>, event: &Event, order: &Order) -> Result<(), Trouble> {
    match order {
        Order::Report { room, message, note } => {
            let message = Place { room: *room, sequence: *message };
            let row = ReportRow { message, by: event.by, at: event.at, note: note.clone() };
            put(state, Shelf::Report.number(event.position.0), &row);
            count_reports(state, event.by, |waiting| waiting + 1)
        }
        Order::SettleReport { report, .. } => {
            let key = Shelf::Report.number(report.0);
            let Some(row) = state.row::<ReportRow>(&key)? else { return Ok(()) };
            state.remove(key);
            count_reports(state, row.by, |waiting| waiting.saturating_sub(1))
        }
        _ => Ok(()),
    }
}

fn count_reports(
    state: &mut Staged<'_>,
    person: PersonId,
    count: impl FnOnce(u64) -> u64,
) -> Result<(), Trouble> {
    let key = Shelf::Reporter.number(person.0);
    match count(state.row::<NumberRow>(&key)?.unwrap_or_default().number) {
        0 => state.remove(key),
        number => put(state, key, &NumberRow { number }),
    }
    Ok(())
}
