//! What hangs on a person besides their row: the list of roles, the invitation that they came by, where they came from.

use super::{erasure, put};
use crate::id::{InviteId, PersonId};
use crate::permission::ServerRole;
use crate::state::keeping::{self, InviteRow, KnownRow, Shelf};
use crate::state::keys;
use crate::state::rows::{NumberRow, ServerRow};
use crate::state::tables::Tables;
use crate::storage::Staged;
use crate::trouble::Trouble;

pub(crate) fn change_server(
    state: &mut Staged<'_>,
    change: impl FnOnce(&mut ServerRow),
) -> Result<(), Trouble> {
    let mut row = state.server()?;
    change(&mut row);
    put(state, keys::SERVER, &row);
    Ok(())
}

/// Keeps the list of moderators and owners, and the number of the latter, when a role changes.
pub(crate) fn list_role(
    state: &mut Staged<'_>,
    person: PersonId,
    before: ServerRole,
    role: ServerRole,
) -> Result<(), Trouble> {
    let key = Shelf::Keeper.number(person.0);
    if role.rank() > 0 {
        put(state, key, &NumberRow::default());
    } else {
        state.remove(key);
    }
    let owner = ServerRole::Owner;
    if (before == owner) == (role == owner) {
        return Ok(());
    }
    change_server(state, |server| {
        server.owners += u64::from(role == owner);
        server.owners -= u64::from(before == owner);
    })
}

/// Counts a use of an invitation, notes who came by it, and returns what it makes of them.
pub(crate) fn used(
    state: &mut Staged<'_>,
    invite: InviteId,
    person: PersonId,
) -> Result<ServerRole, Trouble> {
    let mut row = state.row::<InviteRow>(&keeping::invite(invite))?.unwrap_or_default();
    row.used += 1;
    put(state, keeping::invite(invite), &row);
    put(state, Shelf::CameBy.numbers(invite.0, person.0), &NumberRow::default());
    Ok(row.role)
}

/// Erases where somebody came from, from the tables and from the log.
pub(crate) fn forget_origin(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    let key = Shelf::Known.number(person.0);
    let Some(known) = state.row::<KnownRow>(&key)? else { return Ok(()) };
    for range in erasure::erase_origin(state, known.position)? {
        state.remove(Shelf::Origin.numbers(range.0, person.0));
    }
    state.remove(key);
    Ok(())
}
