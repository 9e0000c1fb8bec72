//! Backups: everything of a log and its state at one moment, and what its server needs beside them, in one stream.
//!
//! Unlike a snapshot, which is for another node, a backup says what its state comes to, which is checked.

use std::io;

use super::stream::{Entries, Input, Output};
use super::{LogReader, StateHash};
use crate::codec::Record;
use crate::place::Position;
use crate::state;
use crate::state::rows::ServerRow;
use crate::storage::{Storage, Writes};
use crate::trouble::Trouble;

const FIRST_LINE: &[u8] = b"parlor backup 1\n";

/// What a backup is of.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupHeader {
    /// What its server needs beside the log: handed back as it was given. At most 1 MiB.
    pub beside: Vec<u8>,
    /// The place of the last entry.
    pub last: Position,
    /// What the state comes to.
    pub state: StateHash,
}

/// Writes out everything of this moment, with octets that belong to it.
pub fn write_backup(
    log: &LogReader<'_>,
    beside: &[u8],
    to: &mut dyn io::Write,
) -> Result<BackupHeader, Trouble> {
    let header = BackupHeader { beside: beside.to_vec(), last: log.last()?, state: log.state_hash()? };
    let mut output = Output::new(to);
    output.octets(FIRST_LINE)?;
    output.value(beside)?;
    output.octets(&header.last.0.to_le_bytes())?;
    output.octets(&header.state.0)?;
    output.finish(log.storage(), Entries::All)?;
    Ok(header)
}

/// Reads a backup through to its end and checks that it is as it was written.
///
/// # Errors
///
/// [`Trouble::Corrupt`] if it is not, or if it is something else.
pub fn check_backup(from: &mut dyn io::Read) -> Result<BackupHeader, Trouble> {
    let (header, input) = begin(from)?;
    let server = input.finish(&mut |_| Ok(()))?;
    settle(header, &server)
}

/// Puts a backup into an empty storage, in which a log can be opened afterwards. If it fails, or is cut short, the
/// storage stays empty.
///
/// # Errors
///
/// [`Trouble::Corrupt`] if the backup is not as it was written, or comes to another state than it says.
pub fn restore_backup(from: &mut dyn io::Read, storage: &mut impl Storage) -> Result<BackupHeader, Trouble> {
    let mut restored = Err(Trouble::Stopped);
    storage.refill(&mut |step| {
        let (header, input) = begin(&mut *from)?;
        let server = input.finish(step)?;
        restored = Ok(settle(header, &server)?);
        let mut writes = Writes::default();
        writes.rows.insert(state::SERVER, server);
        step(&writes)
    })?;
    let header = restored?;
    if super::reader::state_hash(storage)? != header.state {
        storage.commit(&Writes { anew: true, ..Writes::default() })?;
        return Err(Trouble::Corrupt("the state that it holds is not the one that it says".into()));
    }
    Ok(header)
}

fn begin(from: &mut dyn io::Read) -> Result<(BackupHeader, Input<'_>), Trouble> {
    let mut input = Input::new(from);
    if input.octets(FIRST_LINE.len())? != FIRST_LINE {
        return Err(Trouble::Corrupt("this is no backup, or one of another version".into()));
    }
    let beside = input.value()?;
    let last = input.octets(8)?.try_into().expect("eight octets were read");
    let state = input.octets(32)?.try_into().expect("as many were read");
    let header = BackupHeader { beside, last: Position(u64::from_le_bytes(last)), state: StateHash(state) };
    Ok((header, input))
}

fn settle(header: BackupHeader, server: &[u8]) -> Result<BackupHeader, Trouble> {
    if ServerRow::decode(server)?.applied != header.last {
        return Err(Trouble::Corrupt("it ends at another place than it says".into()));
    }
    Ok(header)
}
