//! Who is here, and what they are called.

use super::{accounts, erasure, members, names, put, standing};
use crate::event::{Event, What};
use crate::id::{PersonId, RoomId};
use crate::permission::ServerRole;
use crate::place::Position;
use crate::state::keeping::{KnownRow, Shelf};
use crate::state::keys;
use crate::state::rows::{NumberRow, PersonRow, Standing};
use crate::state::tables::{Tables, fold_name};
use crate::storage::Staged;
use crate::trouble::Trouble;

pub(crate) fn arrived(state: &mut Staged<'_>, event: &Event) -> Result<(), Trouble> {
    let What::Arrived { nickname, ranges, invite, waits, role, .. } = &event.what else { return Ok(()) };
    let person = event.by;
    let row = PersonRow {
        arrived_at: event.at,
        standing: if *waits { Standing::Waiting } else { Standing::Here },
        role: *role,
        came_by: *invite,
        ..PersonRow::default()
    };
    call(state, event, row, nickname);
    if let Some(invite) = invite {
        standing::used(state, *invite, person)?;
    }
    standing::list_role(state, person, ServerRole::Guest, *role)?;
    if *waits {
        put(state, Shelf::Waiting.number(person.0), &NumberRow { number: event.position.0 });
        standing::change_server(state, |server| server.waiting += 1)?;
    }
    for range in ranges {
        put(state, Shelf::Origin.numbers(range.0, person.0), &NumberRow { number: event.at.0 });
    }
    if !ranges.is_empty() {
        let known = KnownRow { at: event.at, position: event.position };
        put(state, Shelf::Known.number(person.0), &known);
    }
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
    standing::forget_origin(state, person)?;
    let mut row = end(state, person, Standing::Erasing)?;
    erasure::erase_request(state, row.named)?;
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

/// Whoever waited is gone, and what they said of themselves with them.
pub(crate) fn turned_away(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    let row = end(state, person, Standing::Departed)?;
    standing::forget_origin(state, person)?;
    erasure::erase_request(state, row.named)
}

/// Whose coming was undone is gone for good, and nothing is left of them.
pub(crate) fn never_come(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    let Some(row) = state.person(person)?.filter(|row| row.standing == Standing::Undone) else {
        return Ok(());
    };
    standing::forget_origin(state, person)?;
    standing::list_role(state, person, row.role, ServerRole::Guest)?;
    names::free_look(state, person, &row)?;
    accounts::end(state, person)?;
    erasure::erase_nickname(state, row.named)?;
    let row = PersonRow { standing: Standing::Departed, role: ServerRole::Guest, named: Position(0), ..row };
    put(state, keys::person(person), &row);
    Ok(())
}

/// Frees the nickname and leaves every room; `limits::ROOMS` bounds how many those are.
fn end(state: &mut Staged<'_>, person: PersonId, how: Standing) -> Result<PersonRow, Trouble> {
    for room in state.rooms_of(person)? {
        let mut row = state.any_room(room)?.unwrap_or_default();
        members::remove(state, room, &mut row, person)?;
        put(state, keys::room(room), &row);
    }
    state.remove(keys::pointer(person, RoomId::LOBBY));
    let before = state.person(person)?.unwrap_or_default();
    if before.standing == Standing::Waiting {
        state.remove(Shelf::Waiting.number(person.0));
        standing::change_server(state, |server| server.waiting -= 1)?;
    }
    standing::list_role(state, person, before.role, ServerRole::Guest)?;
    let row = PersonRow { standing: how, role: ServerRole::Guest, ..before };
    names::free(state, person, &row)?;
    accounts::end(state, person)?;
    put(state, keys::person(person), &row);
    Ok(row)
}
