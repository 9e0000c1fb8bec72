//! What some people did since a time: found by looking at each room from its end.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::keeping::{self, Shelf};
use super::keys::{self, FIRST, SECOND, Table};
use super::rows::{HappeningRow, MessageRow, NumberRow, RoomRow, Standing};
use super::tables::{Tables, rows};
use crate::codec::Record;
use crate::id::{PersonId, RoomId};
use crate::order::Selection;
use crate::place::Sequence;
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Milliseconds by which clocks may have gone backwards: so much further back it is looked.
const SLACK: u64 = 60_000;

/// What they did.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    pub(crate) rooms: Vec<RoomDeeds>,
    /// Who of them arrived since.
    pub(crate) arrived: Vec<PersonId>,
}

/// What they did in one room.
#[derive(Debug, Default)]
pub(crate) struct RoomDeeds {
    pub(crate) room: RoomId,
    /// Whether they opened it: then all of it is theirs.
    pub(crate) opened: bool,
    /// Oldest first.
    pub(crate) messages: Vec<Sequence>,
    /// Newest first.
    pub(crate) happenings: Vec<(Sequence, HappeningRow)>,
}

impl Deeds {
    pub(crate) fn count(&self) -> usize {
        let rooms = self.rooms.iter().map(|room| room.messages.len() + room.happenings.len()).sum::<usize>();
        rooms + self.arrived.len()
    }
}

/// Whom a selection names.
pub(crate) fn people(
    state: &(impl Tables + ?Sized),
    selection: &Selection,
) -> Result<BTreeSet<PersonId>, Trouble> {
    let mut people: BTreeSet<PersonId> = selection.people.iter().copied().collect();
    let by_invite = selection.invite.map(|invite| Shelf::CameBy.of_number(invite.0));
    let by_range = selection.range.map(|range| Shelf::Origin.of_number(range.0));
    for range in by_invite.into_iter().chain(by_range) {
        let found = rows::<NumberRow>(state, &range, Direction::Forwards, usize::MAX)?;
        people.extend(found.iter().map(|(key, _)| PersonId(keys::number_at(key, keeping::SECOND))));
    }
    Ok(people)
}

/// What they did since a time; nothing if more than `most` messages and events would have to be looked at.
pub(crate) fn of(
    state: &(impl Tables + ?Sized),
    people: &BTreeSet<PersonId>,
    since: Timestamp,
    most: usize,
) -> Result<Option<Deeds>, Trouble> {
    let (mut deeds, mut left) = (Deeds::default(), most);
    for (key, row) in rows::<RoomRow>(state, &Table::Room.key().range(), Direction::Forwards, usize::MAX)? {
        if row.undone.is_some() {
            continue;
        }
        let room = RoomId(keys::number_at(&key, FIRST));
        let mut found = RoomDeeds { room, ..RoomDeeds::default() };
        found.opened = people.contains(&row.created_by) && row.created_at >= since;
        newest::<MessageRow>(state, Table::Message, room, since, &mut left, |sequence, row| {
            if people.contains(&row.by) && row.at >= since {
                found.messages.push(sequence);
            }
        })?;
        found.messages.reverse();
        newest::<HappeningRow>(state, Table::Happening, room, since, &mut left, |sequence, row| {
            if people.contains(&row.by) && row.at >= since {
                found.happenings.push((sequence, row));
            }
        })?;
        if left == 0 {
            return Ok(None);
        }
        if found.opened || !found.messages.is_empty() || !found.happenings.is_empty() {
            deeds.rooms.push(found);
        }
    }
    for person in people {
        let row = state.person(*person)?;
        if row.is_some_and(|row| row.arrived_at >= since && row.standing == Standing::Here) {
            deeds.arrived.push(*person);
        }
    }
    Ok(Some(deeds))
}

/// A row that says when it came to be.
pub(crate) trait Timed: Record {
    fn at(&self) -> Timestamp;
}

impl Timed for MessageRow {
    fn at(&self) -> Timestamp {
        self.at
    }
}

impl Timed for HappeningRow {
    fn at(&self) -> Timestamp {
        self.at
    }
}

/// Calls with a room's rows since a time, newest first, until nothing is left of what may be looked at.
pub(crate) fn newest<T: Timed>(
    state: &(impl Tables + ?Sized),
    table: Table,
    room: RoomId,
    since: Timestamp,
    left: &mut usize,
    mut each: impl FnMut(Sequence, T),
) -> Result<(), Trouble> {
    let range = keys::places(table, room, Sequence(0), Sequence(u64::MAX - 1));
    state.scan(&range.start..&range.end, Direction::Backwards, &mut |key, value| {
        let row = T::decode(value)?;
        if row.at().0.saturating_add(SLACK) < since.0 || *left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        *left -= 1;
        each(Sequence(keys::number_at(key, SECOND)), row);
        Ok(ControlFlow::Continue(()))
    })
}
