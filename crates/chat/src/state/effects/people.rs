//! Who is here, and what they are called.

use super::{accounts, erasure, members, names, put};
use crate::event::Event;
use crate::id::{PersonId, RoomId};
use crate::place::Position;
use crate::state::keys;
use crate::state::rows::{NumberRow, PersonRow, Standing};
use crate::state::tables::{Tables, fold_name};
use crate::storage::Staged;
use crate::trouble::Trouble;

pub(crate) fn arrived(state: &mut Staged<'_>, event: &Event, nickname: &str) -> Result<(), Trouble> {
    let row = PersonRow { arrived_at: event.at, ..PersonRow::default() };
    call(state, event, row, nickname);
    Ok(())
}

pub(crate) fn renamed(state: &mut Staged<'_>, event: &Event, nickname: &str) -> Result<(), Trouble> {
    let row = state.person(event.by)?.unwrap_or_default();
    names::free(state, event.by, &row)?;
    // What somebody was called before is nobody's business.
    erasure::erase_nickname(state, row.named)?;
    call(state, event, row, nickname);
    if state.account(event.by)?.is_some() {
        names::note_look(state, event.by, nickname);
    }
    Ok(())
}

fn call(state: &mut Staged<'_>, event: &Event, mut row: PersonRow, nickname: &str) {
    row.named = event.position;
    // An erased one is empty.
    if !nickname.is_empty() {
        put(state, keys::nickname(&fold_name(nickname)), &NumberRow { number: event.by.0 });
    }
    put(state, keys::person(event.by), &row);
}

pub(crate) fn departed(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    end(state, person, Standing::Departed)?;
    Ok(())
}

pub(crate) fn erased(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    let mut row = end(state, person, Standing::Erasing)?;
    erasure::erase_nickname(state, row.named)?;
    row.named = Position(0);
    put(state, keys::erasing(person), &NumberRow::default());
    put(state, keys::person(person), &row);
    Ok(())
}

pub(crate) fn erasure_ended(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    let row = PersonRow { standing: Standing::Erased, ..state.person(person)?.unwrap_or_default() };
    state.remove(keys::erasing(person));
    put(state, keys::person(person), &row);
    Ok(())
}

/// Frees the nickname and leaves every room; `limits::ROOMS` bounds how many those are.
fn end(state: &mut Staged<'_>, person: PersonId, standing: Standing) -> Result<PersonRow, Trouble> {
    for room in state.rooms_of(person)? {
        let mut row = state.room(room)?.unwrap_or_default();
        members::remove(state, room, &mut row, person)?;
        put(state, keys::room(room), &row);
    }
    state.remove(keys::pointer(person, RoomId::LOBBY));
    let row = PersonRow { standing, ..state.person(person)?.unwrap_or_default() };
    names::free(state, person, &row)?;
    accounts::end(state, person)?;
    put(state, keys::person(person), &row);
    Ok(row)
}
