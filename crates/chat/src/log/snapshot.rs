//! A state as a stream of octets: its rows and the entries that it needs.

use std::io;

use super::stream::{Entries, Input, Output};
use crate::codec::Record;
use crate::place::Position;
use crate::state::rows::ServerRow;
use crate::state::{self, Tables};
use crate::storage::{Read, Storage, Writes};
use crate::trouble::Trouble;

const FIRST_LINE: &[u8] = b"parlor snapshot 1\n";

/// Writes out the state as it is seen, and returns the place in the log that it belongs to.
pub fn write_snapshot(read: &(impl Read + ?Sized), to: &mut dyn io::Write) -> Result<Position, Trouble> {
    let mut output = Output::new(to);
    output.octets(FIRST_LINE)?;
    output.finish(read, Entries::Needed)?;
    Ok(read.server()?.applied)
}

/// Puts a snapshot's rows in the place of those that are there; the server's own row comes last.
pub(crate) fn read_snapshot(from: &mut dyn io::Read, storage: &mut impl Storage) -> Result<(), Trouble> {
    let mut input = Input::new(from);
    if input.octets(FIRST_LINE.len())? != FIRST_LINE {
        return Err(Trouble::Corrupt("this is no snapshot, or one of another version".into()));
    }
    storage.commit(&Writes { anew: true, erases: true, ..Writes::default() })?;
    let server = input.finish(&mut |writes| storage.commit(writes))?;
    // Of the log there is only what the state needs.
    let applied = ServerRow::decode(&server)?.applied;
    let mut writes = Writes::default();
    writes.rows.insert(state::TRIMMED, applied.0.to_be_bytes());
    writes.rows.insert(state::SERVER, server);
    storage.commit(&writes)
}
