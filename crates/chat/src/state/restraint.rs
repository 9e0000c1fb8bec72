//! Whether somebody is shut out or held back, and what their role on the server makes of them in a room.

use super::keeping::{self, InviteRow, Shelf, TermRow};
use super::rows::{PersonRow, RoomRow};
use super::tables::Tables;
use crate::id::{AddressRange, PersonId, RoomId};
use crate::permission::ServerRole;
use crate::room::{Role, Visibility};
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Whether somebody is banned at this time, themselves or with everybody who came by their invitation.
pub(crate) fn is_banned(
    state: &(impl Tables + ?Sized),
    row: &PersonRow,
    at: Timestamp,
) -> Result<bool, Trouble> {
    if row.ban.as_ref().is_some_and(|ban| ban.holds(at)) {
        return Ok(true);
    }
    // Whoever keeps the peace by now is not shut out by how they came.
    let Some(invite) = row.came_by.filter(|_| row.role.rank() == 0) else { return Ok(false) };
    let invite = state.row::<InviteRow>(&keeping::invite(invite))?;
    Ok(invite.is_some_and(|invite| invite.banned))
}

/// Whether nobody new is let in from one of these ranges at this time.
pub(crate) fn is_range_banned(
    state: &(impl Tables + ?Sized),
    ranges: &[AddressRange],
    at: Timestamp,
) -> Result<bool, Trouble> {
    for range in ranges {
        let ban = state.row::<TermRow>(&keeping::range_ban(*range))?;
        if ban.is_some_and(|ban| ban.holds(at)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody may say nothing in a room at this time, because of the room or of the whole server.
pub(crate) fn is_muted(
    state: &(impl Tables + ?Sized),
    room: RoomId,
    room_row: &RoomRow,
    person: PersonId,
    at: Timestamp,
) -> Result<bool, Trouble> {
    if room_row.mutes == 0 {
        return Ok(false);
    }
    let mute = state.row::<TermRow>(&Shelf::RoomMute.numbers(room.0, person.0))?;
    Ok(mute.is_some_and(|mute| mute.holds(at)))
}

/// What somebody is on the server.
pub(crate) fn server_role(state: &(impl Tables + ?Sized), person: PersonId) -> Result<ServerRole, Trouble> {
    if person == PersonId::SERVER {
        return Ok(ServerRole::Owner);
    }
    Ok(state.person(person)?.map(|row| row.role).unwrap_or_default())
}

/// What somebody may do in a room as a member or, in a public one, because of their role on the server.
pub(crate) fn authority(
    state: &(impl Tables + ?Sized),
    room: RoomId,
    row: &RoomRow,
    person: PersonId,
) -> Result<Option<Role>, Trouble> {
    let own = state.role(room, person)?;
    if row.visibility != Visibility::Public {
        return Ok(own);
    }
    Ok(own.max(server_role(state, person)?.in_public_rooms()))
}
