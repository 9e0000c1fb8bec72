//! Messages, and what is kept beside them: threads, mentions, reactions, pins.

use super::put;
use crate::event::{Event, What};
use crate::id::{PersonId, RoomId};
use crate::place::{Place, Sequence};
use crate::state::keys::{self, Table};
use crate::state::rows::{MentionedRow, MessageRow, NumberRow, PinRow, PlaceRow, ReactionCountRow, RoomRow};
use crate::state::tables::Tables;
use crate::storage::{RowKey, Staged};
use crate::trouble::Trouble;

pub(crate) fn reply_key(place: Place, root: Sequence) -> RowKey {
    keys::of_message(Table::Reply, place.room, root).number(place.sequence.0).build()
}

pub(crate) fn posted(state: &mut Staged<'_>, event: &Event, place: Place) -> Result<(), Trouble> {
    let (What::Posted { reply_to, thread, mentions, .. } | What::Withheld { reply_to, thread, mentions, .. }) =
        &event.what
    else {
        return Ok(());
    };
    if let Some(root) = thread {
        put(state, reply_key(place, *root), &NumberRow::default());
        count_replies(state, place.room, *root, |replies| replies + 1)?;
    }
    let position = event.position;
    let mentions = mentions.iter().map(|person| MentionedRow { person: *person, position }).collect();
    mention(state, place, &mentions);
    let row = MessageRow {
        position,
        at: event.at,
        by: event.by,
        text_at: position,
        reply_to: *reply_to,
        thread: *thread,
        mentions,
        edited_at: None,
    };
    put_message(state, place, &row);
    Ok(())
}

fn put_message(state: &mut Staged<'_>, place: Place, row: &MessageRow) {
    put(state, keys::in_room(Table::Message, place.room, place.sequence), row);
}

fn mention(state: &mut Staged<'_>, place: Place, mentions: &Vec<MentionedRow>) {
    for mention in mentions {
        put(state, keys::mention(mention.person, mention.position), &PlaceRow { place });
    }
}

/// Adds to the replies of a thread or takes from them. Without any there is no thread.
pub(crate) fn count_replies(
    state: &mut Staged<'_>,
    room: RoomId,
    root: Sequence,
    count: impl FnOnce(u64) -> u64,
) -> Result<(), Trouble> {
    let key = keys::in_room(Table::Thread, room, root);
    let replies = state.row::<NumberRow>(&key)?.unwrap_or_default().number;
    match count(replies) {
        0 => state.remove(key),
        number => put(state, key, &NumberRow { number }),
    }
    Ok(())
}

pub(crate) fn edited(
    state: &mut Staged<'_>,
    event: &Event,
    place: Place,
    mentions: &[PersonId],
) -> Result<(), Trouble> {
    about(state, event, place);
    let Some(mut row) = state.message(place.room, place.sequence)? else { return Ok(()) };
    // Who was mentioned before keeps that place in their list, and who is mentioned no longer loses it.
    let before = std::mem::take(&mut row.mentions);
    for person in mentions {
        let known = before.iter().find(|mention| mention.person == *person).copied();
        row.mentions.push(known.unwrap_or(MentionedRow { person: *person, position: event.position }));
    }
    for mention in before.iter().filter(|mention| !mentions.contains(&mention.person)) {
        state.remove(keys::mention(mention.person, mention.position));
    }
    mention(state, place, &row.mentions);
    row.text_at = event.position;
    row.edited_at = Some(event.at);
    put_message(state, place, &row);
    Ok(())
}

pub(crate) fn reacted(
    state: &mut Staged<'_>,
    event: &Event,
    place: Place,
    reaction: &str,
) -> Result<(), Trouble> {
    about(state, event, place);
    let key = keys::reaction(place.room, place.sequence, reaction, event.by);
    put(state, key, &NumberRow { number: event.position.0 });
    let key = keys::reaction_count(place.room, place.sequence, reaction);
    let before = state.row::<ReactionCountRow>(&key)?;
    let mut row = before.unwrap_or(ReactionCountRow { count: 0, first: event.position });
    row.count += 1;
    put(state, key, &row);
    Ok(())
}

pub(crate) fn unreacted(
    state: &mut Staged<'_>,
    event: &Event,
    place: Place,
    reaction: &str,
) -> Result<(), Trouble> {
    about(state, event, place);
    state.remove(keys::reaction(place.room, place.sequence, reaction, event.by));
    let key = keys::reaction_count(place.room, place.sequence, reaction);
    match state.row::<ReactionCountRow>(&key)? {
        Some(row) if row.count > 1 => put(state, key, &ReactionCountRow { count: row.count - 1, ..row }),
        _ => state.remove(key),
    }
    Ok(())
}

pub(crate) fn pinned(
    state: &mut Staged<'_>,
    event: &Event,
    room: RoomId,
    message: Sequence,
    row: &mut RoomRow,
) {
    about(state, event, Place { room, sequence: message });
    row.pins += 1;
    put(state, keys::in_room(Table::Pin, room, message), &PinRow { by: event.by, at: event.at });
}

pub(crate) fn unpinned(
    state: &mut Staged<'_>,
    event: &Event,
    room: RoomId,
    message: Sequence,
    row: &mut RoomRow,
) {
    about(state, event, Place { room, sequence: message });
    row.pins -= 1;
    state.remove(keys::in_room(Table::Pin, room, message));
}

/// Notes that an event is about a message, so that it goes when the message is erased.
fn about(state: &mut Staged<'_>, event: &Event, message: Place) {
    if let Some(place) = event.place {
        let key = keys::of_message(Table::About, message.room, message.sequence);
        put(state, key.number(place.sequence.0).build(), &NumberRow::default());
    }
}
