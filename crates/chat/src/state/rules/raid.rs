//! Undoing what people did, bringing it back, and erasing it for good.

use std::collections::{BTreeMap, BTreeSet};

use super::{Decided, Decision, as_ordered};
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::order::{Order, Selection, Touched, Undone};
use crate::place::{Place, Position, Sequence};
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::room::Visibility;
use crate::state::keeping::{Shelf, WithheldRow};
use crate::state::restraint::server_role;
use crate::state::rows::Standing;
use crate::state::tables::{Tables, fold_name};
use crate::state::{deeds, withheld};

pub(crate) fn undo(state: &impl Tables, proposal: &Proposal, selection: &Selection) -> Decided {
    let people = raiders(state, proposal.by, selection)?;
    let found = deeds::of(state, &people, selection.since, limits::RAID_LOOKED_AT)?;
    let found = found.filter(|found| found.count() <= limits::RAID_DEEDS).ok_or(Refusal::TooManyAtOnce)?;
    if found.count() == 0 {
        return Ok(Decision::Unchanged(None));
    }
    let mut rooms = Vec::new();
    for room in found.rooms.into_iter().filter(|room| !room.opened) {
        rooms.push(Touched { place: next(state, room.room)?, messages: room.messages });
    }
    let people = people.into_iter().collect();
    as_ordered(Order::Undone { undone: Undone { people, since: selection.since, rooms } })
}

/// Those whose deeds `by` may undo: further down than they are.
fn raiders(state: &impl Tables, by: PersonId, selection: &Selection) -> Result<BTreeSet<PersonId>, Failure> {
    let own = server_role(state, by)?.rank();
    let mut people = deeds::people(state, selection)?;
    if people.len() > limits::RAIDERS {
        return Err(Refusal::TooManyAtOnce.into());
    }
    for person in people.clone() {
        let is_below = server_role(state, person)?.rank() < own && person != PersonId::SERVER;
        if is_below || by == PersonId::SERVER {
            continue;
        }
        // Who is named is meant; who merely came the same way is left out.
        if selection.people.contains(&person) {
            return Err(Refusal::NotAllowed.into());
        }
        people.remove(&person);
    }
    Ok(people)
}

pub(crate) fn restore(state: &impl Tables, bucket: Position) -> Decided {
    let row = state.row::<WithheldRow>(&Shelf::Withheld.number(bucket.0))?.ok_or(Refusal::NoSuchOrder)?;
    let mut messages: BTreeMap<RoomId, Vec<Sequence>> = BTreeMap::new();
    for place in withheld::messages(state, bucket)? {
        messages.entry(place.room).or_default().push(place.sequence);
    }
    let mut rooms = Vec::new();
    for room in &row.rooms {
        let is_there = state.any_room(*room)?.is_some_and(|row| row.undone.is_none());
        if is_there {
            let messages = messages.remove(room).unwrap_or_default();
            rooms.push(Touched { place: next(state, *room)?, messages });
        }
    }
    check_names(state, bucket, &row)?;
    as_ordered(Order::Restore { withheld: bucket, rooms })
}

pub(crate) fn purge(state: &impl Tables, bucket: Position) -> Decided {
    let row = state.row::<WithheldRow>(&Shelf::Withheld.number(bucket.0))?.ok_or(Refusal::NoSuchOrder)?;
    let mut messages = withheld::messages(state, bucket)?;
    for room in row.rooms {
        if state.any_room(room)?.is_some_and(|row| row.undone == Some(bucket)) {
            messages.extend(withheld::messages_of(state, room)?);
        }
    }
    as_ordered(Order::Purge { withheld: bucket, messages })
}

/// Nobody loses a name that they took while somebody else's was withheld.
fn check_names(state: &impl Tables, bucket: Position, row: &WithheldRow) -> Result<(), Failure> {
    for room in &row.rooms {
        let Some(room) = state.any_room(*room)?.filter(|row| row.undone == Some(bucket)) else { continue };
        if room.visibility == Visibility::Public && state.room_called(&room.name)?.is_some() {
            return Err(Refusal::RoomNameTaken.into());
        }
    }
    for person in &row.arrived {
        let Some(person) = state.person(*person)?.filter(|row| row.standing == Standing::Undone) else {
            continue;
        };
        let nickname = state.nickname_of(&person)?;
        if state.who_is_called(&fold_name(&nickname))?.is_some() {
            return Err(Refusal::NicknameTaken.into());
        }
    }
    Ok(())
}

fn next(state: &impl Tables, room: RoomId) -> Result<Place, Failure> {
    let row = state.any_room(room)?.ok_or(Refusal::NoSuchRoom)?;
    Ok(Place { room, sequence: row.sequence.next() })
}
