//! A log on this machine: entries and state in one storage, written in one step.

use std::io;

use super::reader::{forgotten, read_tail, state_hash};
use super::snapshot::{read_snapshot, write_snapshot};
use super::{Log, StateHash};
use crate::entry::Entry;
use crate::outcome::Outcome;
use crate::place::Position;
use crate::proposal::Proposal;
use crate::state::{self, KEYS, Tables, is_hot};
use crate::storage::{Cache, Source, Staged, Storage, Writes};
use crate::trouble::Trouble;

/// Entries that are looked at in one step of trimming.
const PIECE: usize = 10_000;

/// A log in a storage.
#[derive(Debug)]
pub struct LocalLog<S> {
    storage: S,
    cache: Cache,
    last: Position,
    /// The last write failed: what is known of the storage is read again before the next.
    is_in_doubt: bool,
    is_scrub_due: bool,
}

impl<S: Storage> LocalLog<S> {
    /// The log that is in this storage; an empty storage becomes an empty log.
    pub fn open(storage: S) -> Result<Self, Trouble> {
        // A crash may have come between erasing and scrubbing.
        let mut log = LocalLog {
            storage,
            cache: Cache::default(),
            last: Position(0),
            is_in_doubt: true,
            is_scrub_due: true,
        };
        log.settle_doubt()?;
        Ok(log)
    }

    /// The storage, for what only it can do.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    fn settle_doubt(&mut self) -> Result<(), Trouble> {
        if !self.is_in_doubt {
            return Ok(());
        }
        self.cache = Cache::default();
        // Without its own row the storage is empty, or a restore was cut short.
        if self.storage.get(state::SERVER)?.is_none() {
            let mut staged = Staged::new(&self.storage, &self.cache, is_hot);
            state::found(&mut staged);
            let writes = Writes { anew: true, ..staged.writes };
            self.storage.commit(&writes)?;
        }
        self.last = self.storage.server()?.applied;
        self.cache = Cache::with_end_of(KEYS, &self.storage)?;
        self.is_in_doubt = false;
        Ok(())
    }

    fn commit(&mut self, writes: &Writes) -> Result<(), Trouble> {
        let result = self.storage.commit(writes);
        match &result {
            Ok(()) => {
                self.cache.renew(writes, is_hot);
                self.is_scrub_due |= writes.erases || writes.removes;
            }
            Err(_) => self.is_in_doubt = true,
        }
        result
    }

    /// Runs a step on staged tables and writes what it staged, with the place that it leads to.
    fn step<T>(
        &mut self,
        run: impl FnOnce(&mut Staged<'_>, Position) -> Result<(T, Position), Trouble>,
    ) -> Result<T, Trouble> {
        self.settle_doubt()?;
        self.storage.begin()?;
        let mut staged = Staged::new(&self.storage, &self.cache, is_hot);
        let result = run(&mut staged, self.last)
            .and_then(|(result, last)| state::applied(&mut staged, last).map(|()| (result, last)));
        let writes = staged.writes;
        match result {
            Ok((result, last)) => {
                self.commit(&writes)?;
                self.last = last;
                Ok(result)
            }
            Err(trouble) => {
                self.storage.abandon();
                Err(trouble)
            }
        }
    }
}

impl<S: Storage> Log for LocalLog<S> {
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble> {
        self.step(|staged, mut last| {
            let mut outcomes = Vec::with_capacity(batch.len());
            for proposal in batch {
                last = last.next();
                outcomes.push(state::apply(staged, last, proposal)?);
            }
            Ok((outcomes, last))
        })
    }

    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble> {
        self.step(|staged, mut last| {
            for entry in entries {
                if entry.position != last.next() {
                    let what = format!("after entry {last} comes entry {}", entry.position);
                    return Err(Trouble::Corrupt(what));
                }
                last = entry.position;
                state::replay(staged, entry)?;
            }
            Ok(((), last))
        })
    }

    fn last(&self) -> Position {
        self.last
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        read_tail(&self.storage, after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.settle_doubt()?;
        let up_to = up_to.min(self.last);
        let mut from = forgotten(&self.storage)?;
        while from < up_to {
            // Each piece notes how far it got, so that what is cut short is taken up again.
            let mut writes = Writes { removes: true, ..Writes::default() };
            let piece = self.storage.entries(from.0, PIECE)?;
            for (position, octets) in piece.iter().filter(|(position, _)| *position <= up_to.0) {
                let event = Entry::from_octets(octets)?.event;
                let is_needed = event.map(|event| self.storage.needs(&event)).transpose()?;
                if is_needed != Some(true) {
                    writes.entries.insert(*position, None);
                }
            }
            from = piece.last().map_or(up_to, |(last, _)| up_to.min(Position(*last)));
            writes.rows.insert(state::TRIMMED.to_vec(), Some(from.0.to_be_bytes().to_vec()));
            self.commit(&writes)?;
        }
        Ok(())
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        if self.is_scrub_due && self.storage.scrub()? {
            self.is_scrub_due = false;
        }
        Ok(!self.is_scrub_due)
    }

    fn state_hash(&self) -> Result<StateHash, Trouble> {
        state_hash(&self.storage)
    }

    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble> {
        write_snapshot(&self.storage, to)
    }

    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.settle_doubt()?;
        if self.last != Position(0) {
            return Err(Trouble::Corrupt("a snapshot goes into an empty log; take a fresh folder".into()));
        }
        // Until the server's own row is written, which is last, the storage counts as empty.
        self.is_in_doubt = true;
        read_snapshot(from, &mut self.storage)?;
        self.settle_doubt()?;
        Ok(self.last)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.storage.source()
    }
}
