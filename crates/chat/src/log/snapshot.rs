//! A log and its state as a stream of octets: where another node begins.

use std::io;

use super::stream::{Entries, Input, Output};
use crate::entry::Entry;
use crate::event::What;
use crate::place::Position;
use crate::state;
use crate::state::Tables;
use crate::storage::{Read, Storage, Writes};
use crate::trouble::Trouble;

const FIRST_LINE: &[u8] = b"parlor snapshot 3\n";
/// The same without marks, from before there were any.
const UNMARKED: &[u8] = b"parlor snapshot 2\n";
/// What the hash of a state begins with.
const STATE_LINE: &[u8] = b"parlor snapshot 1\n";

/// Writes out the state as it is seen, with all entries that are not forgotten and all marks. Returns the place in the log that it
/// belongs to.
pub fn write_snapshot(read: &(impl Read + ?Sized), to: &mut dyn io::Write) -> Result<Position, Trouble> {
    let mut output = Output::new(to);
    output.octets(FIRST_LINE)?;
    output.finish(read, Entries::All)?;
    Ok(read.server()?.applied)
}

/// Writes out the state alone, with the entries that it needs: the same for every log that came to it.
pub(super) fn write_state(read: &(impl Read + ?Sized), to: &mut dyn io::Write) -> Result<(), Trouble> {
    let mut output = Output::new(to);
    output.octets(STATE_LINE)?;
    output.finish(read, Entries::Needed)
}

/// Puts what is in a snapshot in the place of what is there, if the entry `own` stands in it.
pub(super) fn read_snapshot(
    from: &mut dyn io::Read,
    storage: &mut impl Storage,
    own: Option<&Entry>,
) -> Result<(), Trouble> {
    storage.refill(&mut |step| {
        let mut input = Input::new(&mut *from);
        let first_line = input.octets(FIRST_LINE.len())?;
        if first_line != FIRST_LINE && first_line != UNMARKED {
            return Err(Trouble::Corrupt("this is no snapshot, or one of another version".into()));
        }
        let mut is_found = own.is_none();
        let server = input.finish(&mut |writes| {
            if let Some(own) = own
                && let Some(Some(octets)) = writes.entries.get(own.position.0)
            {
                is_found = is_same(&Entry::from_octets(octets)?, own);
            }
            step(writes)
        })?;
        if !is_found {
            return Err(Trouble::Corrupt("the snapshot does not have what is in this log".into()));
        }
        let mut writes = Writes::default();
        writes.rows.insert(state::SERVER, server);
        step(&writes)
    })
}

/// Whether both are of the same past: what happened may be erased in one of them.
fn is_same(one: &Entry, other: &Entry) -> bool {
    let settled = |entry: &Entry| (entry.position, entry.fingerprint, entry.verdict);
    let happened = |entry: &Entry| {
        let event = entry.event.as_ref().filter(|event| event.what != What::Erased);
        event.map(|event| (event.at, event.by, event.place))
    };
    let (first, second) = (happened(one), happened(other));
    settled(one) == settled(other) && (first.is_none() || second.is_none() || first == second)
}
