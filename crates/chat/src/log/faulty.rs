//! A log that fails as logs do, for tests of what stands on one: slow, mute, or dead in the middle.

use std::collections::VecDeque;
use std::io;
use std::thread;
use std::time::Duration;

use super::{Log, StateHash, Told};
use crate::entry::Entry;
use crate::outcome::Outcome;
use crate::place::Position;
use crate::proposal::Proposal;
use crate::storage::Source;
use crate::trouble::Trouble;

/// What happens to one append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing out of the ordinary.
    None,
    /// It takes this much longer.
    Delay(Duration),
    /// It does not happen, and that is told.
    Fail(Trouble),
    /// It happens, and the contrary is told.
    LoseAcknowledgement(Trouble),
    /// Only so many of the batch's proposals happen, and then nothing ever again: the machine is off.
    Crash(usize),
}

/// A log with faults in front of it.
#[derive(Debug)]
pub struct Faulty<L> {
    log: L,
    faults: VecDeque<Fault>,
    is_dead: bool,
}

impl<L: Log> Faulty<L> {
    /// One fault for each append in turn; when they are used up, all goes well.
    pub fn new(log: L, faults: impl IntoIterator<Item = Fault>) -> Self {
        Faulty { log, faults: faults.into_iter().collect(), is_dead: false }
    }

    /// The log behind the faults: what is left after the crash.
    pub fn into_inner(self) -> L {
        self.log
    }

    fn alive(&self) -> Result<(), Trouble> {
        if self.is_dead { Err(Trouble::Stopped) } else { Ok(()) }
    }
}

impl<L: Log> Log for Faulty<L> {
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble> {
        self.alive()?;
        match self.faults.pop_front().unwrap_or(Fault::None) {
            Fault::None => self.log.append(batch),
            Fault::Delay(delay) => {
                thread::sleep(delay);
                self.log.append(batch)
            }
            Fault::Fail(trouble) => Err(trouble),
            Fault::LoseAcknowledgement(trouble) => {
                self.log.append(batch)?;
                Err(trouble)
            }
            Fault::Crash(survivors) => {
                self.is_dead = true;
                self.log.append(&batch[..survivors.min(batch.len())])?;
                Err(Trouble::Stopped)
            }
        }
    }

    /// As the log behind it, as long as nothing is wrong. What fails fails after what was taken before it.
    fn take(&mut self, batch: &[Proposal], told: Told) {
        match self.faults.front() {
            Some(Fault::None) | None if !self.is_dead => {
                self.faults.pop_front();
                self.log.take(batch, told);
            }
            _ => {
                self.log.settle();
                told(self.append(batch));
            }
        }
    }

    fn flush(&mut self) {
        self.log.flush();
    }

    fn settle(&mut self) {
        self.log.settle();
    }

    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble> {
        self.alive()?;
        self.log.replay(entries)
    }

    fn last(&self) -> Position {
        self.log.last()
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        self.alive()?;
        self.log.tail(after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.alive()?;
        self.log.trim(up_to)
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.alive()?;
        self.log.scrub()
    }

    fn state_hash(&self) -> Result<StateHash, Trouble> {
        self.alive()?;
        self.log.state_hash()
    }

    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble> {
        self.alive()?;
        self.log.snapshot(to)
    }

    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.alive()?;
        self.log.restore(from)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.alive()?;
        self.log.source()
    }
}
