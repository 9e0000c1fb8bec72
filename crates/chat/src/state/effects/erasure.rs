//! Erasing: what was said is taken out of the tables and out of the log.
//!
//! What is left says that something was here: its position, its place in the room, and what is kept of its key.

use super::messages::{count_replies, reply_key};
use crate::account::AccountChange;
use crate::codec::Record;
use crate::entry::Entry;
use crate::event::{Event, What};
use crate::id::{AddressRange, PersonId, RoomId};
use crate::place::{Place, Position, Sequence};
use crate::state::keys::{self, Table};
use crate::state::rows::{NumberRow, PinRow, ReactionCountRow, RoomRow};
use crate::state::tables::{Tables, rows};
use crate::storage::{Direction, Read, Staged};
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Erases a message with everything about it.
pub(crate) fn erase(
    state: &mut Staged<'_>,
    room: RoomId,
    message: Sequence,
    room_row: &mut RoomRow,
) -> Result<(), Trouble> {
    let Some(row) = state.message(room, message)? else { return Ok(()) };
    let place = Place { room, sequence: message };

    for sequence in state.about(room, message)? {
        if let Some(happening) = state.happening(room, sequence)? {
            state.remove(keys::in_room(Table::Happening, room, sequence));
            erase_entry(state, happening.position)?;
        }
        state.remove(keys::of_message(Table::About, room, message).number(sequence.0).build());
    }
    remove_all::<NumberRow>(state, Table::Reaction, place)?;
    remove_all::<ReactionCountRow>(state, Table::ReactionCount, place)?;
    let pin = keys::in_room(Table::Pin, room, message);
    if state.row::<PinRow>(&pin)?.is_some() {
        state.remove(pin);
        room_row.pins -= 1;
    }
    if let Some(root) = row.thread {
        state.remove(reply_key(place, root));
        count_replies(state, room, root, |replies| replies.saturating_sub(1))?;
    }
    for mention in &row.mentions {
        state.remove(keys::mention(mention.person, mention.position));
    }
    erase_entry(state, row.position)?;
    state.remove(keys::in_room(Table::Message, room, message));
    Ok(())
}

fn remove_all<T: Record>(state: &mut Staged<'_>, table: Table, message: Place) -> Result<(), Trouble> {
    let range = keys::of_message(table, message.room, message.sequence).range();
    for (key, _) in rows::<T>(state, &range, Direction::Forwards, usize::MAX)? {
        state.remove(key);
    }
    Ok(())
}

/// Takes everything out of an entry but that it was there. One that is trimmed away has nothing to take out.
pub(crate) fn erase_entry(state: &mut Staged<'_>, position: Position) -> Result<(), Trouble> {
    rewrite(state, position, |event| {
        event.at = Timestamp(0);
        event.by = PersonId::SERVER;
        event.what = What::Erased;
    })
}

/// Takes the nickname out of the entry through which somebody got it.
pub(crate) fn erase_nickname(state: &mut Staged<'_>, position: Position) -> Result<(), Trouble> {
    rewrite(state, position, |event| {
        if let What::Arrived { nickname, .. } | What::Renamed { nickname } = &mut event.what {
            nickname.clear();
        }
    })
}

/// Takes something out of the entry of a change of an account.
pub(crate) fn erase_of_account(
    state: &mut Staged<'_>,
    position: Position,
    erase: impl FnOnce(&mut AccountChange),
) -> Result<(), Trouble> {
    rewrite(state, position, |event| {
        if let What::Account { change } = &mut event.what {
            erase(change);
        }
    })
}

/// Takes what somebody said to be let in out of the entry of their arrival.
pub(crate) fn erase_request(state: &mut Staged<'_>, position: Position) -> Result<(), Trouble> {
    rewrite(state, position, |event| {
        if let What::Arrived { asks, .. } = &mut event.what {
            *asks = None;
        }
    })
}

/// Takes where somebody came from out of the entry of their arrival, and returns what it was.
pub(crate) fn erase_origin(state: &mut Staged<'_>, position: Position) -> Result<Vec<AddressRange>, Trouble> {
    let mut taken = Vec::new();
    rewrite(state, position, |event| {
        if let What::Arrived { ranges, .. } = &mut event.what {
            taken = std::mem::take(ranges);
        }
    })?;
    Ok(taken)
}

fn rewrite(
    state: &mut Staged<'_>,
    position: Position,
    change: impl FnOnce(&mut Event),
) -> Result<(), Trouble> {
    let Some(octets) = state.entry(position.0)? else { return Ok(()) };
    let mut entry = Entry::from_octets(&octets)?;
    if let Some(event) = &mut entry.event {
        change(event);
    }
    let mut erased = entry.to_octets();
    // Of the same length, it takes exactly the place of what was there, and leaves no piece of it.
    erased.resize(octets.len().max(erased.len()), 0);
    state.writes.entries.insert(position.0, erased);
    state.writes.erases = true;
    Ok(())
}
