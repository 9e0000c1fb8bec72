//! Names: whose they are, and what looks like them.

use super::put;
use crate::id::PersonId;
use crate::state::keys;
use crate::state::look::skeleton;
use crate::state::rows::{NumberRow, PersonRow};
use crate::state::tables::{Tables, fold_name};
use crate::storage::Staged;
use crate::trouble::Trouble;

/// Makes a claimed name recognisable by its look, and a guest a member.
pub(crate) fn claimed(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    let mut row = state.person(person)?.unwrap_or_default();
    let nickname = state.nickname_of(&row)?;
    note_look(state, person, &nickname);
    row.role = row.role.once_claimed();
    put(state, keys::person(person), &row);
    Ok(())
}

pub(crate) fn note_look(state: &mut Staged<'_>, person: PersonId, nickname: &str) {
    // An erased one is empty.
    if !nickname.is_empty() {
        put(state, keys::skeleton(&skeleton(nickname)), &NumberRow { number: person.0 });
    }
}

/// A name is anybody's again, and so is its look.
pub(crate) fn free(state: &mut Staged<'_>, person: PersonId, row: &PersonRow) -> Result<(), Trouble> {
    let nickname = state.nickname_of(row)?;
    if !nickname.is_empty() {
        state.remove(keys::nickname(&fold_name(&nickname)));
    }
    free_look(state, person, row)
}

/// What looks like a name can be anybody's again.
pub(crate) fn free_look(state: &mut Staged<'_>, person: PersonId, row: &PersonRow) -> Result<(), Trouble> {
    let nickname = state.nickname_of(row)?;
    if !nickname.is_empty() && state.account(person)?.is_some() {
        state.remove(keys::skeleton(&skeleton(&nickname)));
    }
    Ok(())
}
