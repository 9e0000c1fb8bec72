//! What an event changes in the tables and, where something is erased, in the log.
//!
//! Nothing is decided here. An effect must come out the same if what it is about has been erased from the log in
//! between: then erasing finds nothing, and what is left of both is the same.

mod accounts;
mod bring_back;
mod erasure;
mod members;
mod messages;
mod names;
mod orders;
mod people;
mod rebuild;
mod standing;
mod withhold;

use super::keys::{self, Table};
use super::rows::{HappeningRow, KeyRow, NumberRow, RoomRow, ServerRow};
use super::tables::{Tables, fold_name};
use crate::codec::Record;
use crate::entry::{Entry, Verdict};
use crate::event::{Event, What};
use crate::id::{PersonId, RoomId};
use crate::outcome::Receipt;
use crate::place::Place;
use crate::room::{Role, Visibility};
use crate::storage::Staged;
use crate::trouble::Trouble;

/// What is there before anything happened: the lobby.
pub(crate) fn found(state: &mut Staged<'_>) {
    let lobby = RoomRow { name: "lobby".into(), ..RoomRow::default() };
    put(state, keys::SERVER, &ServerRow::default());
    put(state, keys::room_name(&lobby.name), &NumberRow { number: RoomId::LOBBY.0 });
    put(state, keys::room(RoomId::LOBBY), &lobby);
}

/// Stages a settled entry: itself, its key, and what its event changes.
pub(crate) fn replay(state: &mut Staged<'_>, entry: &Entry) -> Result<(), Trouble> {
    let row = match entry.verdict {
        Verdict::Accepted(receipt) => Some(KeyRow { receipt, refusal: None }),
        Verdict::Refused(refusal) => {
            let receipt = Receipt { position: entry.position, place: None };
            Some(KeyRow { receipt, refusal: Some(refusal) })
        }
        Verdict::Repeated(_) => None,
    };
    if let (Some(fingerprint), Some(row)) = (entry.fingerprint, row) {
        put(state, keys::key(fingerprint), &row);
    }
    state.put_entry(entry.position.0, |to| entry.write(to));
    match &entry.event {
        Some(event) => effect(state, event),
        None => Ok(()),
    }
}

fn effect(state: &mut Staged<'_>, event: &Event) -> Result<(), Trouble> {
    match (&event.what, event.place) {
        (_, Some(place)) => in_room(state, event, place),
        (What::Arrived { .. }, _) => people::arrived(state, event),
        (What::Ordered { order }, None) => orders::carry_out(state, event, order),
        (What::Renamed { nickname }, _) => people::renamed(state, event, nickname),
        (What::Departed, _) => people::departed(state, event.by),
        (What::PersonErased, _) => people::erased(state, event.by),
        (What::Account { change }, _) => accounts::changed(state, event, change),
        (What::ErasureEnded { person }, _) => people::erasure_ended(state, *person),
        (What::Read { room, up_to }, _) => {
            put(state, keys::pointer(event.by, *room), &NumberRow { number: up_to.0 });
            Ok(())
        }
        (What::ServerRetentionSet { retention }, _) => {
            let row = ServerRow { retention: *retention, ..state.server()? };
            put(state, keys::SERVER, &row);
            Ok(())
        }
        _ => Err(Trouble::Corrupt(format!(
            "the event at {} of the log has no place in a room",
            event.position
        ))),
    }
}

fn in_room(state: &mut Staged<'_>, event: &Event, place: Place) -> Result<(), Trouble> {
    let mut room = match &event.what {
        What::RoomCreated { .. } => RoomRow::default(),
        _ => state
            .any_room(place.room)?
            .ok_or_else(|| Trouble::Corrupt(format!("the event at {} is in no room", event.position)))?,
    };
    if place.sequence != room.sequence.next() {
        return Err(Trouble::Corrupt(format!("the event at {} leaves a gap in its room", event.position)));
    }
    room.sequence = place.sequence;
    let changed = &mut room;
    match &event.what {
        What::Posted { .. } => messages::posted(state, event, place)?,
        What::Withheld { .. } => {
            messages::posted(state, event, place)?;
            withhold::hold_back(state, event, place, changed)?;
        }
        What::Erased => {}
        _ => happened(state, event, place),
    }
    match &event.what {
        What::RoomCreated { .. } => created(state, event, place.room, changed)?,
        What::Joined { person } => members::add(state, place.room, changed, *person, Role::Member, event.at)?,
        What::Left { person } => members::remove(state, place.room, changed, *person)?,
        What::RoleSet { person, role } => {
            members::set_role(state, place.room, changed, *person, *role, event.at)?;
        }
        What::RoomRenamed { name } => {
            unname(state, changed);
            changed.name.clone_from(name);
            if changed.visibility == Visibility::Public {
                put(state, keys::room_name(&fold_name(name)), &NumberRow { number: place.room.0 });
            }
        }
        What::TopicSet { topic } => changed.topic.clone_from(topic),
        What::RetentionSet { retention } => changed.retention = *retention,
        What::WebAccessSet { open } => changed.open_to_web = *open,
        What::Edited { message, mentions, .. } => {
            messages::edited(state, event, Place { sequence: *message, ..place }, mentions)?;
        }
        What::Reacted { message, reaction } => {
            messages::reacted(state, event, Place { sequence: *message, ..place }, reaction)?;
        }
        What::Unreacted { message, reaction } => {
            messages::unreacted(state, event, Place { sequence: *message, ..place }, reaction)?;
        }
        What::Pinned { message } => messages::pinned(state, event, place.room, *message, changed),
        What::Unpinned { message } => messages::unpinned(state, event, place.room, *message, changed),
        What::Deleted { message, .. } => erasure::erase(state, place.room, *message, changed)?,
        What::Ordered { order } => orders::in_room(state, event, place, changed, order)?,
        What::Expired { messages } => {
            for message in messages {
                erasure::erase(state, place.room, *message, changed)?;
            }
        }
        _ => {}
    }
    if is_moderators(event) {
        orders::noted(state, event);
    }
    put(state, keys::room(place.room), &room);
    Ok(())
}

/// Whether it is an act of whoever moderates the room.
fn is_moderators(event: &Event) -> bool {
    match &event.what {
        What::Deleted { of, .. } => of.is_some(),
        What::Left { person } => *person != event.by,
        What::RoleSet { .. }
        | What::RoomRenamed { .. }
        | What::TopicSet { .. }
        | What::RetentionSet { .. }
        | What::WebAccessSet { .. }
        | What::Ordered { .. } => event.by != PersonId::SERVER,
        _ => false,
    }
}

/// Keeps an event that is no message, for those who catch up.
fn happened(state: &mut Staged<'_>, event: &Event, place: Place) {
    let what = match &event.what {
        // What can be erased is in the log alone.
        What::Edited { message, .. } => {
            What::Edited { message: *message, text: String::new(), mentions: Vec::new() }
        }
        What::Reacted { message, .. } => What::Reacted { message: *message, reaction: String::new() },
        What::Unreacted { message, .. } => What::Unreacted { message: *message, reaction: String::new() },
        other => other.clone(),
    };
    let row = HappeningRow { position: event.position, at: event.at, by: event.by, what };
    put(state, keys::in_room(Table::Happening, place.room, place.sequence), &row);
}

fn created(state: &mut Staged<'_>, event: &Event, room: RoomId, row: &mut RoomRow) -> Result<(), Trouble> {
    let What::RoomCreated { visibility, name, topic, with } = &event.what else { return Ok(()) };
    row.visibility = *visibility;
    row.name.clone_from(name);
    row.topic.clone_from(topic);
    row.created_at = event.at;
    row.created_by = event.by;
    match visibility {
        Visibility::Public => {
            put(state, keys::room_name(&fold_name(name)), &NumberRow { number: room.0 });
            members::add(state, room, row, event.by, Role::Owner, event.at)
        }
        Visibility::Private => members::add(state, room, row, event.by, Role::Owner, event.at),
        Visibility::Direct => {
            let mut people = with.clone();
            people.push(event.by);
            people.sort_unstable();
            put(state, keys::direct(&people), &NumberRow { number: room.0 });
            people
                .iter()
                .try_for_each(|person| members::add(state, room, row, *person, Role::Member, event.at))
        }
    }
}

fn unname(state: &mut Staged<'_>, row: &RoomRow) {
    if row.visibility == Visibility::Public {
        state.remove(keys::room_name(&fold_name(&row.name)));
    }
}

fn put(state: &mut Staged<'_>, key: impl AsRef<[u8]>, row: &impl Record) {
    state.put(key, |to| row.put_fields(to));
}
