//! Sweeping: messages whose time has passed or whose author erased themselves are found and proposed for erasure.
//!
//! Looking happens beside the thread that writes, and in pieces; whether something is erased is decided in
//! the log.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::chat::Chat;
use crate::codec::Record;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::order::Order;
use crate::place::{Position, Sequence};
use crate::proposal::{Action, Proposal};
use crate::room::Retention;
use crate::state::keeping::{self, KnownRow, Shelf, WithheldRow};
use crate::state::keys::{self, FIRST, SECOND, Table};
use crate::state::rows::{MessageRow, NumberRow, RoomRow};
use crate::state::{Standing, Tables, rows, withheld};
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Messages that are looked at in one moment, so that no reading holds the write-ahead log for long.
const PIECE: usize = 5_000;

/// Erases what is to be erased at this time, and returns how many messages that were.
///
/// Where people came from is forgotten after `origins_for` milliseconds. For a thread of its own, once a minute or so. It
/// blocks; what it could not finish, the next call does.
pub fn sweep(chat: &Chat, now: Timestamp, origins_for: u64) -> Result<u64, Failure> {
    forget_origins(chat, now, origins_for)?;
    purge_withheld(chat, now)?;
    Ok(expire_rooms(chat, now)? + finish_erasures(chat, now)?)
}

fn forget_origins(chat: &Chat, now: Timestamp, origins_for: u64) -> Result<(), Failure> {
    let people = chat.read(|state| {
        let found = rows::<KnownRow>(state, &Shelf::Known.range(), Direction::Forwards, usize::MAX)?;
        let is_over = |row: &KnownRow| row.at.0.saturating_add(origins_for) <= now.0;
        let people = found.iter().filter(|(_, row)| is_over(row));
        let people = people.map(|(key, _)| PersonId(keys::number_at(key, keeping::FIRST)));
        Ok::<_, Trouble>(people.collect::<Vec<_>>())
    })?;
    for people in people.chunks(limits::ORIGINS_AT_ONCE) {
        propose(chat, now, Action::Order { order: Order::ForgetOrigins { people: people.to_vec() } })?;
    }
    Ok(())
}

/// Erases what was withheld for long enough, what would have been erased by now if it were not withheld, and what is of
/// somebody who erased themselves.
fn purge_withheld(chat: &Chat, now: Timestamp) -> Result<(), Failure> {
    let over = chat.read(|state| {
        let mut over = Vec::new();
        let range = Shelf::Withheld.range();
        for (key, row) in rows::<WithheldRow>(state, &range, Direction::Forwards, usize::MAX)? {
            let bucket = Position(keys::number_at(&key, keeping::FIRST));
            if row.at.0.saturating_add(limits::WITHHELD_FOR) <= now.0
                || has_expired(state, bucket, now)?
                || has_erased(state, &row.people)?
            {
                over.push(bucket);
            }
        }
        Ok::<_, Trouble>(over)
    })?;
    for withheld in over {
        propose(chat, now, Action::Order { order: Order::Purge { withheld, messages: Vec::new() } })?;
    }
    Ok(())
}

fn has_expired(state: &(impl Tables + ?Sized), bucket: Position, now: Timestamp) -> Result<bool, Trouble> {
    let server = state.server()?.retention;
    for (place, row) in withheld::rows_of(state, bucket)? {
        let room = state.any_room(place.room)?.unwrap_or_default();
        let retention = if room.retention == Retention::Inherit { server } else { room.retention };
        if let Retention::Milliseconds(kept_for) = retention
            && row.at.0.saturating_add(kept_for) <= now.0
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_erased(state: &(impl Tables + ?Sized), people: &[PersonId]) -> Result<bool, Trouble> {
    for person in people {
        if state.person(*person)?.is_some_and(|row| row.standing == Standing::Erasing) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn expire_rooms(chat: &Chat, now: Timestamp) -> Result<u64, Failure> {
    let forgetful = chat.read(|state| {
        let server = state.server()?.retention;
        let rooms = rows::<RoomRow>(state, &Table::Room.key().range(), Direction::Forwards, usize::MAX)?;
        let kept = |(key, row): (Vec<u8>, RoomRow)| {
            let retention = if row.retention == Retention::Inherit { server } else { row.retention };
            let Retention::Milliseconds(kept_for) = retention else { return None };
            Some((RoomId(keys::number_at(&key, FIRST)), kept_for))
        };
        Ok::<_, Trouble>(rooms.into_iter().filter_map(kept).collect::<Vec<_>>())
    })?;
    let mut erased = 0;
    for (room, kept_for) in forgetful {
        loop {
            let old = chat.read(|state| {
                let range = keys::places(Table::Message, room, Sequence(0), Sequence(u64::MAX - 1));
                let mut old = Vec::new();
                state.scan(&range.start..&range.end, Direction::Forwards, &mut |key, value| {
                    if MessageRow::decode(value)?.at.0.saturating_add(kept_for) > now.0 {
                        return Ok(ControlFlow::Break(()));
                    }
                    old.push(Sequence(keys::number_at(key, SECOND)));
                    let is_enough = old.len() == limits::ERASED_AT_ONCE;
                    Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
                Ok::<_, Trouble>(old)
            })?;
            if old.is_empty() {
                break;
            }
            let length = old.len() as u64;
            if !propose(chat, now, Action::Expire { room, messages: old })? {
                // Since it was looked up, somebody has said that messages stay longer.
                break;
            }
            erased += length;
        }
    }
    Ok(erased)
}

fn finish_erasures(chat: &Chat, now: Timestamp) -> Result<u64, Failure> {
    let people = chat.read(|state| {
        let found = rows::<NumberRow>(state, &Table::Erasing.key().range(), Direction::Forwards, usize::MAX)?;
        let people = found.iter().map(|(key, _)| PersonId(keys::number_at(key, FIRST)));
        Ok::<_, Trouble>(people.collect::<BTreeSet<_>>())
    })?;
    if people.is_empty() {
        return Ok(0);
    }
    let mut range = Table::Message.key().range();
    let mut erased = 0;
    loop {
        let piece = chat.read(|state| rows::<MessageRow>(state, &range, Direction::Forwards, PIECE))?;
        let mut theirs: BTreeMap<RoomId, Vec<Sequence>> = BTreeMap::new();
        for (key, _) in piece.iter().filter(|(_, row)| people.contains(&row.by)) {
            let sequences = theirs.entry(RoomId(keys::number_at(key, FIRST))).or_default();
            sequences.push(Sequence(keys::number_at(key, SECOND)));
        }
        for (room, sequences) in theirs {
            for messages in sequences.chunks(limits::ERASED_AT_ONCE) {
                erased += messages.len() as u64;
                propose(chat, now, Action::Expire { room, messages: messages.to_vec() })?;
            }
        }
        let Some((last, _)) = piece.last() else { break };
        range.start.clone_from(last);
        range.start.push(0);
    }
    // Nothing of theirs can have come after it was looked for: they are not here to say it.
    for person in people {
        propose(chat, now, Action::EndErasure { person })?;
    }
    Ok(erased)
}

/// Whether something came of it.
fn propose(chat: &Chat, at: Timestamp, action: Action) -> Result<bool, Failure> {
    let outcome = chat.ask(Proposal { at, by: PersonId::SERVER, key: None, action })?;
    outcome.verdict?;
    Ok(outcome.event.is_some())
}
