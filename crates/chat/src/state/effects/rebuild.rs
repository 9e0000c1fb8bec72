//! What follows from several events about one thing, put together anew when one of them is taken out or put back.

use super::put;
use crate::event::What;
use crate::id::{PersonId, RoomId};
use crate::place::{Place, Position, Sequence};
use crate::room::Visibility;
use crate::state::keys::{self, FIRST, SECOND, Table};
use crate::state::rows::{HappeningRow, MentionedRow, NumberRow, PlaceRow, ReactionCountRow, RoomRow};
use crate::state::tables::{Tables, fold_name, rows};
use crate::state::withheld;
use crate::storage::{Direction, Staged};
use crate::trouble::Trouble;

/// Puts together a message out of what was said and the edits that there are.
pub(crate) fn message(state: &mut Staged<'_>, place: Place) -> Result<(), Trouble> {
    let Some(mut row) = state.message(place.room, place.sequence)? else { return Ok(()) };
    let Some(What::Posted { mentions, .. } | What::Withheld { mentions, .. }) = state.what(row.position)?
    else {
        return Ok(());
    };
    for mention in &row.mentions {
        state.remove(keys::mention(mention.person, mention.position));
    }
    let of = |person: &PersonId, position: Position| MentionedRow { person: *person, position };
    row.mentions = mentions.iter().map(|person| of(person, row.position)).collect();
    row.text_at = row.position;
    row.edited_at = None;
    for sequence in state.about(place.room, place.sequence)? {
        let Some(happening) = state.happening(place.room, sequence)? else { continue };
        if !matches!(happening.what, What::Edited { .. }) {
            continue;
        }
        let Some(What::Edited { mentions, .. }) = state.what(happening.position)? else { continue };
        let before = std::mem::take(&mut row.mentions);
        for person in &mentions {
            let known = before.iter().find(|mention| mention.person == *person).copied();
            row.mentions.push(known.unwrap_or(of(person, happening.position)));
        }
        row.text_at = happening.position;
        row.edited_at = Some(happening.at);
    }
    for mention in &row.mentions {
        put(state, keys::mention(mention.person, mention.position), &PlaceRow { place });
    }
    put(state, keys::in_room(Table::Message, place.room, place.sequence), &row);
    Ok(())
}

/// Takes a reaction off a message that stays. Whether it was there still.
pub(crate) fn unreact(
    state: &mut Staged<'_>,
    bucket: Position,
    message: Place,
    happening: &HappeningRow,
) -> Result<bool, Trouble> {
    let Some(What::Reacted { reaction, .. }) = state.what(happening.position)? else { return Ok(false) };
    let key = keys::reaction(message.room, message.sequence, &reaction, happening.by);
    let Some(row) = state.row::<NumberRow>(&key)?.filter(|row| row.number == happening.position.0) else {
        return Ok(false);
    };
    put(state, withheld::key(bucket, &key), &row);
    state.remove(key.clone());
    let count_key = keys::reaction_count(message.room, message.sequence, &reaction);
    match state.row::<ReactionCountRow>(&count_key)? {
        Some(count) if count.count > 1 => {
            let is_first = count.first == happening.position;
            let first = if is_first { first_of(state, &key)? } else { count.first };
            put(state, count_key, &ReactionCountRow { count: count.count - 1, first });
        }
        _ => state.remove(count_key),
    }
    Ok(true)
}

/// The entry of the earliest reaction that is there of those that share a key but for the person at its end.
fn first_of(state: &Staged<'_>, key: &[u8]) -> Result<Position, Trouble> {
    let (start, mut end) = (key[..key.len() - 8].to_vec(), key[..key.len() - 8].to_vec());
    end.extend([u8::MAX; 9]);
    let found = rows::<NumberRow>(state, &(start..end), Direction::Forwards, usize::MAX)?;
    Ok(Position(found.iter().map(|(_, row)| row.number).min().unwrap_or_default()))
}

/// Puts a reaction back on a message that stayed.
pub(crate) fn react_again(state: &mut Staged<'_>, key: &[u8], position: u64) -> Result<(), Trouble> {
    let message =
        Place { room: RoomId(keys::number_at(key, FIRST)), sequence: Sequence(keys::number_at(key, SECOND)) };
    // It may have been erased meanwhile, or its author may have put the same reaction there again.
    if state.message(message.room, message.sequence)?.is_none() || state.row::<NumberRow>(key)?.is_some() {
        return Ok(());
    }
    put(state, key, &NumberRow { number: position });
    let mut count_key = key[..key.len() - 8].to_vec();
    count_key[0] = Table::ReactionCount as u8;
    let before = state.row::<ReactionCountRow>(&count_key)?;
    let before = before.unwrap_or(ReactionCountRow { count: 0, first: Position(position) });
    let first = before.first.min(Position(position));
    put(state, count_key, &ReactionCountRow { count: before.count + 1, first });
    Ok(())
}

/// Gives a room the name or the topic that it had before an event. Whether the event was the last to set it.
pub(crate) fn undescribe(
    state: &mut Staged<'_>,
    place: Place,
    what: &What,
    row: &mut RoomRow,
) -> Result<bool, Trouble> {
    let is_name = matches!(what, What::RoomRenamed { .. });
    let after = (place.sequence.next(), Sequence(u64::MAX - 1));
    if described(state, place, after, is_name)?.is_some() {
        return Ok(false);
    }
    let before = (Sequence(0), Sequence(place.sequence.0 - 1));
    let before = described(state, place, before, is_name)?;
    // Only the lobby was there before anything was said of it.
    let before = before.unwrap_or_else(|| if is_name { "lobby".to_owned() } else { String::new() });
    describe(state, place, row, is_name, before)
}

/// Does again what was taken out, if nothing of its kind came later.
pub(crate) fn redo(state: &mut Staged<'_>, place: Place, what: &What) -> Result<(), Trouble> {
    let (is_name, text) = match what {
        What::Edited { message: sequence, .. } => {
            return message(state, Place { sequence: *sequence, ..place });
        }
        What::RoomRenamed { name } => (true, name.clone()),
        What::TopicSet { topic } => (false, topic.clone()),
        _ => return Ok(()),
    };
    let after = (place.sequence.next(), Sequence(u64::MAX - 1));
    if described(state, place, after, is_name)?.is_none() {
        let mut row = state.any_room(place.room)?.unwrap_or_default();
        describe(state, place, &mut row, is_name, text)?;
        put(state, keys::room(place.room), &row);
    }
    Ok(())
}

/// The name or the topic that a room was given last between two places.
fn described(
    state: &Staged<'_>,
    place: Place,
    (first, last): (Sequence, Sequence),
    is_name: bool,
) -> Result<Option<String>, Trouble> {
    let range = keys::places(Table::Happening, place.room, first, last);
    let found = rows::<HappeningRow>(state, &range, Direction::Backwards, usize::MAX)?;
    Ok(found.into_iter().find_map(|(_, row)| match row.what {
        What::RoomRenamed { name } if is_name => Some(name),
        What::TopicSet { topic } if !is_name => Some(topic),
        What::RoomCreated { name, topic, .. } => Some(if is_name { name } else { topic }),
        _ => None,
    }))
}

/// Nothing changes if the name is another room's by now.
fn describe(
    state: &mut Staged<'_>,
    place: Place,
    row: &mut RoomRow,
    is_name: bool,
    text: String,
) -> Result<bool, Trouble> {
    if !is_name {
        row.topic = text;
        return Ok(true);
    }
    if row.visibility == Visibility::Public {
        if state.room_called(&text)?.is_some_and(|other| other != place.room) {
            return Ok(false);
        }
        state.remove(keys::room_name(&fold_name(&row.name)));
        put(state, keys::room_name(&fold_name(&text)), &NumberRow { number: place.room.0 });
    }
    row.name = text;
    Ok(true)
}
