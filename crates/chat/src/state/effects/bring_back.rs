//! Putting back what was taken out, or erasing it for good.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::messages::count_replies;
use super::withhold::tell_rooms;
use super::{erasure, members, people, put, rebuild};
use crate::codec::Record;
use crate::event::{Event, What};
use crate::id::{PersonId, RoomId};
use crate::order::Touched;
use crate::place::{Place, Position, Sequence};
use crate::state::keeping::{Shelf, WithheldRow};
use crate::state::keys::{self, FIRST, SECOND, Table};
use crate::state::rows::{HappeningRow, MemberRow, MessageRow, NumberRow, PersonRow, RoomRow, Standing};
use crate::state::tables::Tables;
use crate::state::withheld::{self, PREFIX};
use crate::storage::{Direction, Read, Staged};
use crate::trouble::Trouble;

/// Puts back what was taken out.
pub(crate) fn restore(
    state: &mut Staged<'_>,
    event: &Event,
    bucket: Position,
    touched: &[Touched],
) -> Result<(), Trouble> {
    tell_rooms(state, event, touched)?;
    // Of a message that was held back and has been erased since, there is nothing to put back.
    let Some(kept) = state.row::<WithheldRow>(&Shelf::Withheld.number(bucket.0))? else { return Ok(()) };
    for person in &kept.arrived {
        if let Some(row) = state.person(*person)?.filter(|row| row.standing == Standing::Undone) {
            put(state, keys::person(*person), &PersonRow { standing: Standing::Here, ..row });
        }
    }
    for room in &kept.rooms {
        if let Some(row) = state.any_room(*room)?.filter(|row| row.undone == Some(bucket)) {
            put(state, keys::room(*room), &RoomRow { undone: None, ..row });
        }
    }
    let hidden = taken_out(state, bucket)?;
    let whole: BTreeSet<Place> = withheld::messages(state, bucket)?.into_iter().collect();
    let mut changed = Vec::new();
    for (key, value) in hidden {
        state.remove(key.clone());
        put_back(state, &key[PREFIX..], &value, &whole, &mut changed)?;
    }
    for (place, what) in changed {
        rebuild::redo(state, place, &what)?;
    }
    state.remove(Shelf::Withheld.number(bucket.0));
    Ok(())
}

/// Rows as they stand in the storage: key and value.
type RawRows = Vec<(Vec<u8>, Vec<u8>)>;

fn taken_out(state: &Staged<'_>, bucket: Position) -> Result<RawRows, Trouble> {
    let range = Shelf::Hidden.of_number(bucket.0);
    let mut hidden = Vec::new();
    state.scan(&range.start..&range.end, Direction::Forwards, &mut |key, value| {
        hidden.push((key.to_vec(), value.to_vec()));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(hidden)
}

/// Puts one row back, and counts what it counts for. Events whose effect is more than rows are handed back.
fn put_back(
    state: &mut Staged<'_>,
    key: &[u8],
    value: &[u8],
    whole: &BTreeSet<Place>,
    changed: &mut Vec<(Place, What)>,
) -> Result<(), Trouble> {
    let place = withheld::place_of(key);
    let is = |table: Table| key.first() == Some(&(table as u8));
    let room = RoomId(keys::number_at(key, FIRST));
    if is(Table::Reaction) && !whole.contains(&place) {
        return rebuild::react_again(state, key, NumberRow::decode(value)?.number);
    }
    if is(Table::Member) {
        return add_again(state, room, PersonId(keys::number_at(key, SECOND)), &MemberRow::decode(value)?);
    }
    if is(Table::Membership) {
        // It came back with its member, if it did.
        return Ok(());
    }
    // Whoever went on meanwhile is further than this.
    if (is(Table::Pointer) || is(Table::Nickname) || is(Table::Direct)) && state.get(key)?.is_some() {
        return Ok(());
    }
    if is(Table::Pin) && state.get(key)?.is_none() {
        let mut row = state.any_room(room)?.unwrap_or_default();
        row.pins += 1;
        put(state, keys::room(room), &row);
    }
    if is(Table::Reply) {
        count_replies(state, room, Sequence(keys::number_at(key, SECOND)), |replies| replies + 1)?;
    }
    if is(Table::About) && !whole.contains(&place) && state.message(place.room, place.sequence)?.is_none() {
        return Ok(());
    }
    if is(Table::Happening) {
        let happening = HappeningRow::decode(value)?;
        // What it was about may have been erased meanwhile, and this goes with it.
        if let Some(sequence) = message_of(&happening.what)
            && !whole.contains(&Place { sequence, room })
            && state.message(room, sequence)?.is_none()
        {
            return erasure::erase_entry(state, happening.position);
        }
        if matches!(happening.what, What::RoomRenamed { .. } | What::TopicSet { .. })
            || matches!(happening.what, What::Edited { message, .. }
                if !whole.contains(&Place { room, sequence: message }))
        {
            changed.push((place, happening.what));
        }
    }
    state.put(key, |to| to.extend_from_slice(value));
    Ok(())
}

/// Makes somebody a member again, unless they are one by now or have gone.
fn add_again(
    state: &mut Staged<'_>,
    room: RoomId,
    person: PersonId,
    member: &MemberRow,
) -> Result<(), Trouble> {
    let is_here = state.person(person)?.is_some_and(|row| row.standing == Standing::Here);
    if !is_here || state.row::<MemberRow>(&keys::member(room, person))?.is_some() {
        return Ok(());
    }
    let mut row = state.any_room(room)?.unwrap_or_default();
    members::add(state, room, &mut row, person, member.role, member.since)?;
    put(state, keys::room(room), &row);
    Ok(())
}

/// Erases what was taken out, from the log, too.
pub(crate) fn purge(state: &mut Staged<'_>, bucket: Position) -> Result<(), Trouble> {
    let Some(kept) = state.row::<WithheldRow>(&Shelf::Withheld.number(bucket.0))? else { return Ok(()) };
    for (key, value) in taken_out(state, bucket)? {
        let table = key[PREFIX];
        if table == Table::Message as u8 {
            erasure::erase_entry(state, MessageRow::decode(&value)?.position)?;
        }
        if table == Table::Happening as u8 {
            let happening = HappeningRow::decode(&value)?;
            if message_of(&happening.what).is_some() {
                erasure::erase_entry(state, happening.position)?;
            }
        }
        state.remove(key);
    }
    for room in &kept.rooms {
        let Some(mut row) = state.any_room(*room)?.filter(|row| row.undone == Some(bucket)) else { continue };
        for message in withheld::messages_of(state, *room)? {
            erasure::erase(state, *room, message.sequence, &mut row)?;
        }
        put(state, keys::room(*room), &row);
    }
    for person in &kept.arrived {
        people::never_come(state, *person)?;
    }
    state.remove(Shelf::Withheld.number(bucket.0));
    Ok(())
}

/// The message that an event is about.
fn message_of(what: &What) -> Option<Sequence> {
    match what {
        What::Edited { message, .. }
        | What::Reacted { message, .. }
        | What::Unreacted { message, .. }
        | What::Pinned { message }
        | What::Unpinned { message } => Some(*message),
        _ => None,
    }
}
