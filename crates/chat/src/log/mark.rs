//! Marks: what whoever feeds a log from somewhere else keeps beside places of it, such as where that stands there.

use std::ops::{ControlFlow, Range};

use crate::place::Position;
use crate::state::MARK;
use crate::storage::{Direction, Read, Staged};
use crate::trouble::Trouble;

/// The keys of all marks.
pub(super) const ALL: Range<&[u8]> = &[MARK]..&[MARK + 1];

/// Octets beside a place of the log: durable with what stands there, in snapshots, and no part of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The place.
    pub at: Position,
    /// What is kept beside it.
    pub octets: Vec<u8>,
}

fn key(at: Position) -> [u8; 9] {
    let mut key = [MARK; 9];
    key[1..].copy_from_slice(&at.0.to_be_bytes());
    key
}

/// Keeps marks with a step.
pub(super) fn put(staged: &mut Staged<'_>, marks: &[Mark]) {
    for Mark { at, octets } in marks {
        staged.put(key(*at), |to| to.extend_from_slice(octets));
    }
}

/// Removes all marks with a step.
pub(super) fn remove_all(staged: &mut Staged<'_>) -> Result<(), Trouble> {
    let mut keys = Vec::new();
    staged.scan(ALL, Direction::Forwards, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    keys.into_iter().for_each(|key| staged.remove(key));
    Ok(())
}

/// The newest mark at a place or before it.
pub(super) fn newest(read: &(impl Read + ?Sized), at: Position) -> Result<Option<Mark>, Trouble> {
    let mut found = None;
    let up_to = key(at.next());
    read.scan(ALL.start..&up_to, Direction::Backwards, &mut |key, octets| {
        let place = key.last_chunk().map(|eight| Position(u64::from_be_bytes(*eight)));
        found = place.map(|at| Mark { at, octets: octets.to_vec() });
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}
