//! Rows and entries as a stream of octets with a SHA-256 of all of them at its end: what snapshots and backups are.

use std::io;
use std::ops::{ControlFlow, Range};

use sha2::{Digest, Sha256};

use super::mark;
use crate::entry::Entry;
use crate::state::{self, EVERYTHING, Tables};
use crate::storage::{Direction, Read, Writes};
use crate::trouble::Trouble;

/// What begins the key of an entry, which no table has.
const ENTRY: u8 = b'l';
/// A value longer than this is damage. The longest there are hold a message's text.
const LONGEST: u32 = 1 << 20;
/// Rows that are written in one step, so that a stream of any size takes little memory.
const STEP: usize = 10_000;

/// Which entries of the log go into a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    /// Those that the state needs.
    Needed,
    /// All that are there, and how far others are forgotten.
    All,
}

/// A stream that is being written.
pub(super) struct Output<'a> {
    to: &'a mut dyn io::Write,
    hash: Sha256,
}

impl<'a> Output<'a> {
    pub(super) fn new(to: &'a mut dyn io::Write) -> Self {
        Output { to, hash: Sha256::new() }
    }

    pub(super) fn octets(&mut self, octets: &[u8]) -> Result<(), Trouble> {
        self.hash.update(octets);
        self.to.write_all(octets).map_err(io_trouble)
    }

    /// Octets with their length before them.
    pub(super) fn value(&mut self, octets: &[u8]) -> Result<(), Trouble> {
        let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        self.octets(&length.to_le_bytes())?;
        self.octets(octets)
    }

    /// Rows and entries, and the end.
    pub(super) fn finish(mut self, read: &(impl Read + ?Sized), which: Entries) -> Result<(), Trouble> {
        if which == Entries::All {
            if let Some(forgotten) = read.get(state::TRIMMED)? {
                self.pair(state::TRIMMED, &forgotten)?;
            }
            self.rows(read, mark::ALL)?;
        }
        self.rows(read, EVERYTHING)?;
        let mut after = 0;
        loop {
            let entries = read.entries(after, STEP)?;
            let Some((last, _)) = entries.last() else { break };
            after = *last;
            for (position, octets) in &entries {
                let key = [&[ENTRY], position.to_be_bytes().as_slice()].concat();
                match which {
                    Entries::All => self.pair(&key, octets)?,
                    Entries::Needed => {
                        if let Some(octets) = needed(read, octets)? {
                            self.pair(&key, &octets)?;
                        }
                    }
                }
            }
        }
        // No key is empty, so this ends the rows.
        self.octets(&0_u32.to_le_bytes())?;
        self.to.write_all(&self.hash.finalize()).and_then(|()| self.to.flush()).map_err(io_trouble)
    }

    fn rows(&mut self, read: &(impl Read + ?Sized), keys: Range<&[u8]>) -> Result<(), Trouble> {
        read.scan(keys, Direction::Forwards, &mut |key, value| {
            self.pair(key, value)?;
            Ok(ControlFlow::Continue(()))
        })
    }

    fn pair(&mut self, key: &[u8], value: &[u8]) -> Result<(), Trouble> {
        self.value(key)?;
        self.value(value)
    }
}

/// An entry that the state needs, without what fills the place of something in it that was erased.
fn needed(read: &(impl Read + ?Sized), octets: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
    let entry = Entry::from_octets(octets)?;
    let is_needed = entry.event.as_ref().map(|event| read.needs(event)).transpose()? == Some(true);
    Ok(is_needed.then(|| entry.to_octets()))
}

/// A stream that is being read.
pub(super) struct Input<'a> {
    from: &'a mut dyn io::Read,
    hash: Sha256,
}

impl<'a> Input<'a> {
    pub(super) fn new(from: &'a mut dyn io::Read) -> Self {
        Input { from, hash: Sha256::new() }
    }

    pub(super) fn octets(&mut self, length: usize) -> Result<Vec<u8>, Trouble> {
        let mut octets = vec![0; length];
        self.fill(&mut octets)?;
        Ok(octets)
    }

    fn fill(&mut self, octets: &mut [u8]) -> Result<(), Trouble> {
        self.from.read_exact(octets).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Corrupt("it ends too early".into()),
            _ => io_trouble(error),
        })?;
        self.hash.update(octets);
        Ok(())
    }

    pub(super) fn value(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut octets = Vec::new();
        self.value_into(&mut octets)?;
        Ok(octets)
    }

    /// Reads a value into memory that is there already.
    fn value_into(&mut self, octets: &mut Vec<u8>) -> Result<(), Trouble> {
        let mut length = [0; 4];
        self.fill(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Err(Trouble::Corrupt("it has a row of an impossible length".into()));
        }
        octets.resize(usize::try_from(length).expect("this length fits in memory"), 0);
        self.fill(octets)
    }

    /// Hands out rows and entries in steps, checks the end, and returns the server's own row: whoever writes it
    /// last has either everything or nothing.
    pub(super) fn finish(
        mut self,
        step: &mut dyn FnMut(&Writes) -> Result<(), Trouble>,
    ) -> Result<Vec<u8>, Trouble> {
        let mut writes = Writes::default();
        let mut server = None;
        let (mut key, mut value) = (Vec::new(), Vec::new());
        loop {
            self.value_into(&mut key)?;
            if key.is_empty() {
                break;
            }
            self.value_into(&mut value)?;
            if key == state::SERVER {
                server = Some(value.clone());
            } else if let [ENTRY, position @ ..] = key.as_slice() {
                let position =
                    position.try_into().map_err(|_| Trouble::Corrupt("an entry has no place".into()))?;
                writes.entries.insert(u64::from_be_bytes(position), &value);
            } else {
                writes.rows.insert(&key, &value);
            }
            if writes.rows.len() + writes.entries.len() == STEP {
                step(&std::mem::take(&mut writes))?;
            }
        }
        step(&writes)?;
        let hash = self.hash.clone().finalize();
        match (self.octets(hash.len())? == hash[..], server) {
            (true, Some(server)) => Ok(server),
            _ => Err(Trouble::Corrupt("it was changed or cut since it was written".into())),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
pub(super) fn io_trouble(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::StorageFull => Trouble::Full,
        _ => Trouble::Io(error.to_string()),
    }
}
