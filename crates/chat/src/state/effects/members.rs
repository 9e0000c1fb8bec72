//! Who is in which room.

use super::put;
use crate::id::{PersonId, RoomId};
use crate::room::Role;
use crate::state::keys;
use crate::state::rows::{MemberRow, NumberRow, RoomRow};
use crate::state::tables::Tables;
use crate::storage::Staged;
use crate::time::Timestamp;
use crate::trouble::Trouble;

pub(crate) fn add(
    state: &mut Staged<'_>,
    room: RoomId,
    row: &mut RoomRow,
    person: PersonId,
    role: Role,
    since: Timestamp,
) -> Result<(), Trouble> {
    put(state, keys::member(room, person), &MemberRow { role, since });
    put(state, keys::membership(person, room), &NumberRow::default());
    row.members += 1;
    row.owners += u64::from(role == Role::Owner);
    count_rooms(state, person, |rooms| rooms + 1)
}

pub(crate) fn remove(
    state: &mut Staged<'_>,
    room: RoomId,
    row: &mut RoomRow,
    person: PersonId,
) -> Result<(), Trouble> {
    let Some(member) = state.row::<MemberRow>(&keys::member(room, person))? else { return Ok(()) };
    state.remove(keys::member(room, person));
    state.remove(keys::membership(person, room));
    state.remove(keys::pointer(person, room));
    row.members -= 1;
    row.owners -= u64::from(member.role == Role::Owner);
    count_rooms(state, person, |rooms| rooms.saturating_sub(1))
}

/// In the lobby, where nobody needs a row to be a member, the first role makes one.
pub(crate) fn set_role(
    state: &mut Staged<'_>,
    room: RoomId,
    row: &mut RoomRow,
    person: PersonId,
    role: Role,
    at: Timestamp,
) -> Result<(), Trouble> {
    let Some(member) = state.row::<MemberRow>(&keys::member(room, person))? else {
        return add(state, room, row, person, role, at);
    };
    row.owners -= u64::from(member.role == Role::Owner);
    row.owners += u64::from(role == Role::Owner);
    put(state, keys::member(room, person), &MemberRow { role, ..member });
    Ok(())
}

fn count_rooms(
    state: &mut Staged<'_>,
    person: PersonId,
    count: impl FnOnce(u64) -> u64,
) -> Result<(), Trouble> {
    if let Some(mut row) = state.person(person)? {
        row.rooms = count(row.rooms);
        put(state, keys::person(person), &row);
    }
    Ok(())
}
