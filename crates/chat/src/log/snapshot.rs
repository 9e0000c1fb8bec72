//! A state as a stream of octets: a first line, its rows, the entries that it needs, and a SHA-256 of all that.

use std::io;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use crate::codec::Record;
use crate::entry::Entry;
use crate::place::Position;
use crate::state::rows::ServerRow;
use crate::state::{self, EVERYTHING, Tables};
use crate::storage::{Direction, Read, Storage, Writes};
use crate::trouble::Trouble;

const FIRST_LINE: &[u8] = b"parlor snapshot 1\n";
/// What begins the key of an entry, which no table has.
const ENTRY: u8 = b'l';
/// A key or value longer than this is damage. The longest there are hold a message's text.
const LONGEST: u32 = 1 << 20;
/// Rows that are written in one step, so that a snapshot of any size takes little memory.
const STEP: usize = 10_000;

/// Writes out the state as it is seen, and returns the place in the log that it belongs to.
pub fn write_snapshot(read: &(impl Read + ?Sized), to: &mut dyn io::Write) -> Result<Position, Trouble> {
    let mut hash = Sha256::new();
    let mut write = |octets: &[u8]| {
        hash.update(octets);
        to.write_all(octets).map_err(io_trouble)
    };
    write(FIRST_LINE)?;
    let mut pair = |key: &[u8], value: &[u8]| {
        for octets in [key, value] {
            let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
            write(&length.to_le_bytes())?;
            write(octets)?;
        }
        Ok::<_, Trouble>(())
    };
    read.scan(EVERYTHING, Direction::Forwards, &mut |key, value| {
        pair(key, value)?;
        Ok(ControlFlow::Continue(()))
    })?;
    let mut after = 0;
    loop {
        let entries = read.entries(after, STEP)?;
        let Some((last, _)) = entries.last() else { break };
        after = *last;
        for (position, octets) in &entries {
            let event = Entry::from_octets(octets)?.event;
            if event.map(|event| read.needs(&event)).transpose()? == Some(true) {
                pair(&[&[ENTRY], position.to_be_bytes().as_slice()].concat(), octets)?;
            }
        }
    }
    // No key is empty, so this ends the rows.
    write(&0_u32.to_le_bytes())?;
    to.write_all(&hash.finalize()).and_then(|()| to.flush()).map_err(io_trouble)?;
    Ok(read.server()?.applied)
}

/// Puts a snapshot's rows in the place of those that are there; the server's own row comes last.
pub(crate) fn read_snapshot(from: &mut dyn io::Read, storage: &mut impl Storage) -> Result<(), Trouble> {
    let mut input = Input { from, hash: Sha256::new() };
    if input.octets(FIRST_LINE.len())? != FIRST_LINE {
        return Err(Trouble::Corrupt("this is no snapshot, or one of another version".into()));
    }
    storage.commit(&Writes { anew: true, erases: true, ..Writes::default() })?;
    let mut writes = Writes::default();
    let mut server = None;
    loop {
        let key = input.value()?;
        if key.is_empty() {
            break;
        }
        let value = input.value()?;
        if key == state::SERVER {
            server = Some(value);
        } else if let [ENTRY, position @ ..] = key.as_slice() {
            let position =
                position.try_into().map_err(|_| Trouble::Corrupt("an entry has no place".into()))?;
            writes.entries.insert(u64::from_be_bytes(position), Some(value));
        } else {
            writes.rows.insert(key, Some(value));
        }
        if writes.rows.len() + writes.entries.len() == STEP {
            storage.commit(&std::mem::take(&mut writes))?;
        }
    }
    let hash = input.hash.clone().finalize();
    let (true, Some(server)) = (input.octets(hash.len())? == hash[..], server) else {
        return Err(Trouble::Corrupt("the snapshot was changed or cut since it was written".into()));
    };
    // Of the log there is only what the state needs.
    let applied = ServerRow::decode(&server)?.applied;
    writes.rows.insert(state::TRIMMED.to_vec(), Some(applied.0.to_be_bytes().to_vec()));
    writes.rows.insert(state::SERVER.to_vec(), Some(server));
    storage.commit(&writes)
}

struct Input<'a> {
    from: &'a mut dyn io::Read,
    hash: Sha256,
}

impl Input<'_> {
    fn octets(&mut self, length: usize) -> Result<Vec<u8>, Trouble> {
        let mut octets = vec![0; length];
        self.from.read_exact(&mut octets).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Corrupt("the snapshot ends too early".into()),
            _ => io_trouble(error),
        })?;
        self.hash.update(&octets);
        Ok(octets)
    }

    fn value(&mut self) -> Result<Vec<u8>, Trouble> {
        let length = self.octets(4)?;
        let length = u32::from_le_bytes(length.try_into().expect("four octets were read"));
        if length > LONGEST {
            return Err(Trouble::Corrupt("the snapshot has a row of an impossible length".into()));
        }
        self.octets(usize::try_from(length).expect("this length fits in memory"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn io_trouble(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::StorageFull => Trouble::Full,
        _ => Trouble::Io(error.to_string()),
    }
}
