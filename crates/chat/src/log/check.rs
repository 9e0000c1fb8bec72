//! Whether a log holds what it promises: every place filled, every room without a gap, and the state that it says.

use std::collections::HashMap;

use super::{LocalLog, Log, LogReader, StateHash};
use crate::entry::Entry;
use crate::id::RoomId;
use crate::place::{Place, Position, Sequence};
use crate::storage::Storage;
use crate::trouble::Trouble;

/// Entries that are looked at in one step: with the longest texts there are, 128 MiB.
const PIECE: usize = 2_000;

/// What was found of a log that is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The place up to which entries are forgotten.
    pub forgotten: Position,
    /// The place of the last entry.
    pub last: Position,
    /// The rooms in which something happened after what is forgotten.
    pub rooms: usize,
    /// What the state comes to.
    pub state: StateHash,
    /// Whether replaying the log came to the same state. It needs the log from its first entry on.
    pub is_replayed: bool,
}

/// Checks a log, and replays it into an empty storage, which takes as much room as the log's own.
///
/// # Errors
///
/// [`Trouble::Corrupt`] says what is not as it should be.
pub fn check(log: &LogReader<'_>, scratch: impl Storage) -> Result<Checked, Trouble> {
    let (forgotten, last) = (log.forgotten()?, log.last()?);
    let mut places = Places { position: forgotten, forgotten, rooms: HashMap::new() };
    let mut replayed = LocalLog::open(scratch)?;
    if replayed.last() != Position(0) {
        return Err(Trouble::Corrupt("what the log is to be replayed into is not empty".into()));
    }
    loop {
        let entries = log.entries(places.position, PIECE)?;
        if entries.is_empty() {
            break;
        }
        entries.iter().try_for_each(|entry| places.add(entry))?;
        if forgotten == Position(0) {
            replayed.replay(&entries)?;
        }
    }
    if places.position != last {
        let what = format!("the log ends at {}, and the state at {last}", places.position);
        return Err(Trouble::Corrupt(what));
    }
    for (room, sequence) in &places.rooms {
        let known = log.last_in_room(*room)?;
        if known != *sequence {
            let what = format!("room {room} ends at {sequence} in the log, and at {known} in the state");
            return Err(Trouble::Corrupt(what));
        }
    }
    let state = log.state_hash()?;
    let is_replayed = forgotten == Position(0);
    if is_replayed && replayed.state_hash()? != state {
        return Err(Trouble::Corrupt("replaying the log comes to another state".into()));
    }
    Ok(Checked { forgotten, last, rooms: places.rooms.len(), state, is_replayed })
}

/// How far log and rooms are counted.
struct Places {
    position: Position,
    forgotten: Position,
    rooms: HashMap<RoomId, Sequence>,
}

impl Places {
    fn add(&mut self, entry: &Entry) -> Result<(), Trouble> {
        if entry.position != self.position.next() {
            let what = format!("after entry {} comes entry {}", self.position, entry.position);
            return Err(Trouble::Corrupt(what));
        }
        self.position = entry.position;
        let Some(event) = &entry.event else { return Ok(()) };
        // An order may have a place in several rooms.
        let told = event.in_rooms();
        let places = event.place.into_iter().chain(told.iter().filter_map(|event| event.place));
        places.into_iter().try_for_each(|place| self.count(entry.position, place))
    }

    fn count(&mut self, position: Position, place: Place) -> Result<(), Trouble> {
        let before = self.rooms.insert(place.room, place.sequence);
        // What a room had before is not known if it is forgotten.
        let is_first = before.is_none() && self.forgotten > Position(0);
        if !is_first && place.sequence != before.unwrap_or_default().next() {
            return Err(Trouble::Corrupt(format!(
                "entry {} has the place {} in room {} after {}",
                position,
                place.sequence,
                place.room,
                before.unwrap_or_default()
            )));
        }
        Ok(())
    }
}
