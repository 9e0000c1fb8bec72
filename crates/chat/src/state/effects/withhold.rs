//! Taking out of the tables what somebody did, so that everything is as if it had never been, and putting it back.
//!
//! What is taken out is kept row by row under the position of the order ([`withheld`]). Counts are counted down and up
//! again, because others may have gone on meanwhile; everything else goes back as it was.

use std::collections::BTreeSet;

use super::messages::{count_replies, reply_key};
use super::{members, put, rebuild};
use crate::codec::Record;
use crate::event::{Event, What};
use crate::id::{PersonId, RoomId};
use crate::order::{Touched, Undone};
use crate::place::{Place, Position, Sequence};
use crate::room::Visibility;
use crate::state::deeds::{self, RoomDeeds};
use crate::state::keeping::{Shelf, WithheldRow};
use crate::state::keys::{self, SECOND, Table};
use crate::state::rows::{
    HappeningRow, MemberRow, NumberRow, PersonRow, PinRow, ReactionCountRow, RoomRow, Standing,
};
use crate::state::tables::{Tables, fold_name, rows};
use crate::state::withheld;
use crate::storage::{Direction, Read, Staged};
use crate::trouble::Trouble;

/// Keeps back a message that was just said.
pub(crate) fn hold_back(
    state: &mut Staged<'_>,
    event: &Event,
    place: Place,
    row: &mut RoomRow,
) -> Result<(), Trouble> {
    hide_message(state, event.position, place, row)?;
    let people = vec![event.by];
    let kept = WithheldRow { at: event.at, people, rooms: vec![place.room], ..WithheldRow::default() };
    put(state, Shelf::Withheld.number(event.position.0), &kept);
    Ok(())
}

/// Takes out what people did.
pub(crate) fn undo(state: &mut Staged<'_>, event: &Event, undone: &Undone) -> Result<(), Trouble> {
    let bucket = event.position;
    let people: BTreeSet<PersonId> = undone.people.iter().copied().collect();
    let found = deeds::of(state, &people, undone.since, usize::MAX)?.unwrap_or_default();
    tell_rooms(state, event, &undone.rooms)?;
    let mut rooms: Vec<RoomId> = undone.rooms.iter().map(|touched| touched.place.room).collect();
    for room in &found.rooms {
        if room.opened {
            rooms.push(room.room);
            close_room(state, bucket, room.room)?;
        } else {
            reverse(state, bucket, room)?;
        }
    }
    for person in &found.arrived {
        uninvite(state, bucket, *person)?;
    }
    let (people, arrived) = (undone.people.clone(), found.arrived);
    let row = WithheldRow { at: event.at, by: Some(event.by), people, rooms, arrived };
    put(state, Shelf::Withheld.number(bucket.0), &row);
    Ok(())
}

/// Gives each room that an order touches the place at which it is told of it.
pub(crate) fn tell_rooms(state: &mut Staged<'_>, event: &Event, touched: &[Touched]) -> Result<(), Trouble> {
    for told in event.in_rooms() {
        let Some(place) = told.place else { continue };
        let Some(mut row) = state.any_room(place.room)? else {
            return Err(Trouble::Corrupt(format!("the order at {} is in no room", event.position)));
        };
        if place.sequence != row.sequence.next() {
            return Err(Trouble::Corrupt(format!("the order at {} leaves a gap in a room", event.position)));
        }
        row.sequence = place.sequence;
        put(state, keys::room(place.room), &row);
        let row = HappeningRow { position: told.position, at: told.at, by: told.by, what: told.what };
        put(state, keys::in_room(Table::Happening, place.room, place.sequence), &row);
    }
    debug_assert_eq!(touched.len(), event.in_rooms().len());
    Ok(())
}

/// Takes a row out of its table.
fn take(state: &mut Staged<'_>, bucket: Position, key: impl AsRef<[u8]>) -> Result<(), Trouble> {
    if let Some(value) = state.get(key.as_ref())? {
        state.put(withheld::key(bucket, key.as_ref()), |to| to.extend_from_slice(&value));
        state.remove(key);
    }
    Ok(())
}

fn take_all<T: Record>(
    state: &mut Staged<'_>,
    bucket: Position,
    table: Table,
    message: Place,
) -> Result<(), Trouble> {
    let range = keys::of_message(table, message.room, message.sequence).range();
    for (key, _) in rows::<T>(state, &range, Direction::Forwards, usize::MAX)? {
        take(state, bucket, key)?;
    }
    Ok(())
}

/// Takes out a message with everything about it, as erasing it would.
fn hide_message(
    state: &mut Staged<'_>,
    bucket: Position,
    message: Place,
    room_row: &mut RoomRow,
) -> Result<(), Trouble> {
    let Place { room, sequence } = message;
    let Some(row) = state.message(room, sequence)? else { return Ok(()) };
    for about in state.about(room, sequence)? {
        take_happening(state, bucket, message, about)?;
    }
    take_all::<NumberRow>(state, bucket, Table::Reaction, message)?;
    take_all::<ReactionCountRow>(state, bucket, Table::ReactionCount, message)?;
    let pin = keys::in_room(Table::Pin, room, sequence);
    if state.row::<PinRow>(&pin)?.is_some() {
        take(state, bucket, pin)?;
        room_row.pins -= 1;
    }
    if let Some(root) = row.thread {
        take(state, bucket, reply_key(message, root))?;
        count_replies(state, room, root, |replies| replies.saturating_sub(1))?;
    }
    for mention in &row.mentions {
        take(state, bucket, keys::mention(mention.person, mention.position))?;
    }
    take(state, bucket, keys::in_room(Table::Message, room, sequence))
}

/// Takes an event about a message out of its room's past.
fn take_happening(
    state: &mut Staged<'_>,
    bucket: Position,
    message: Place,
    sequence: Sequence,
) -> Result<(), Trouble> {
    take(state, bucket, keys::in_room(Table::Happening, message.room, sequence))?;
    let about = keys::of_message(Table::About, message.room, message.sequence);
    take(state, bucket, about.number(sequence.0).build())
}

fn reverse(state: &mut Staged<'_>, bucket: Position, deeds: &RoomDeeds) -> Result<(), Trouble> {
    let room = deeds.room;
    let mut row = state.any_room(room)?.unwrap_or_default();
    for sequence in &deeds.messages {
        hide_message(state, bucket, Place { room, sequence: *sequence }, &mut row)?;
    }
    for (sequence, happening) in &deeds.happenings {
        // What was about one of those messages has gone with it.
        if state.happening(room, *sequence)?.is_some() {
            reverse_one(state, bucket, Place { room, sequence: *sequence }, happening, &mut row)?;
        }
    }
    put(state, keys::room(room), &row);
    Ok(())
}

/// Reverses one event, if what it did is still so.
fn reverse_one(
    state: &mut Staged<'_>,
    bucket: Position,
    place: Place,
    happening: &HappeningRow,
    row: &mut RoomRow,
) -> Result<(), Trouble> {
    let room = place.room;
    match &happening.what {
        What::Reacted { message, .. } => {
            let message = Place { room, sequence: *message };
            if rebuild::unreact(state, bucket, message, happening)? {
                take_happening(state, bucket, message, place.sequence)?;
            }
        }
        What::Edited { message, .. } => {
            let message = Place { room, sequence: *message };
            take_happening(state, bucket, message, place.sequence)?;
            rebuild::message(state, message)?;
        }
        What::Pinned { message } => {
            let pin = keys::in_room(Table::Pin, room, *message);
            let is_theirs = |pin: &PinRow| pin.by == happening.by && pin.at == happening.at;
            if state.row::<PinRow>(&pin)?.as_ref().is_some_and(is_theirs) {
                take(state, bucket, pin)?;
                row.pins -= 1;
                take_happening(state, bucket, Place { room, sequence: *message }, place.sequence)?;
            }
        }
        What::Joined { person } => {
            let member = state.row::<MemberRow>(&keys::member(room, *person))?;
            if member.is_some_and(|member| member.since == happening.at) {
                take_member(state, bucket, room, row, *person)?;
                take(state, bucket, keys::in_room(Table::Happening, room, place.sequence))?;
            }
        }
        what @ (What::RoomRenamed { .. } | What::TopicSet { .. })
            if rebuild::undescribe(state, place, what, row)? =>
        {
            take(state, bucket, keys::in_room(Table::Happening, room, place.sequence))?;
        }
        _ => {}
    }
    Ok(())
}

fn take_member(
    state: &mut Staged<'_>,
    bucket: Position,
    room: RoomId,
    row: &mut RoomRow,
    person: PersonId,
) -> Result<(), Trouble> {
    let taken = [keys::member(room, person), keys::membership(person, room), keys::pointer(person, room)];
    for key in &taken {
        if let Some(value) = state.get(key)? {
            state.put(withheld::key(bucket, key), |to| to.extend_from_slice(&value));
        }
    }
    members::remove(state, room, row, person)
}

/// Takes out a whole room. What was said in it stays in its tables, where nobody finds it.
fn close_room(state: &mut Staged<'_>, bucket: Position, room: RoomId) -> Result<(), Trouble> {
    let mut row = state.any_room(room)?.unwrap_or_default();
    let range = Table::Member.key().number(room.0).range();
    let members = rows::<MemberRow>(state, &range, Direction::Forwards, usize::MAX)?;
    let people: Vec<PersonId> =
        members.iter().map(|(key, _)| PersonId(keys::number_at(key, SECOND))).collect();
    for person in &people {
        take_member(state, bucket, room, &mut row, *person)?;
    }
    match row.visibility {
        Visibility::Public => take(state, bucket, keys::room_name(&fold_name(&row.name)))?,
        Visibility::Direct => take(state, bucket, keys::direct(&people))?,
        Visibility::Private => {}
    }
    row.undone = Some(bucket);
    put(state, keys::room(room), &row);
    Ok(())
}

/// Makes as if somebody had never come.
fn uninvite(state: &mut Staged<'_>, bucket: Position, person: PersonId) -> Result<(), Trouble> {
    for room in state.rooms_of(person)? {
        let mut row = state.any_room(room)?.unwrap_or_default();
        take_member(state, bucket, room, &mut row, person)?;
        put(state, keys::room(room), &row);
    }
    take(state, bucket, keys::pointer(person, RoomId::LOBBY))?;
    let row = state.person(person)?.unwrap_or_default();
    take(state, bucket, keys::nickname(&fold_name(&state.nickname_of(&row)?)))?;
    put(state, keys::person(person), &PersonRow { standing: Standing::Undone, ..row });
    Ok(())
}
