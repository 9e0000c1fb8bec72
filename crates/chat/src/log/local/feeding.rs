//! A log that is fed from somewhere else: what comes next stands there already, and so does where it is to stand here.

use super::{LocalLog, decide, replay};
use crate::entry::Entry;
use crate::log::mark::{self, Mark};
use crate::log::{Log, LogReader, Told};
use crate::place::Position;
use crate::proposal::Proposal;
use crate::storage::Storage;
use crate::trouble::Trouble;

impl<S: Storage> LocalLog<S> {
    /// [`Log::take`] for a batch that has to stand right behind a place, with marks that become durable with it. If the log
    /// does not end there, because something before it failed, the batch fails with [`Trouble::Stopped`], and so does
    /// whatever is decided and not written.
    pub fn take_behind(&mut self, place: Position, batch: &[Proposal], marks: &[Mark], told: Told) {
        let decided = self.stage(|staged, last| {
            if last != place {
                return Err(Trouble::Stopped);
            }
            mark::put(staged, marks);
            decide(staged, last, batch)
        });
        self.keep(decided, told);
    }

    /// [`Log::replay`] with marks that become durable with the entries.
    pub fn replay_with(&mut self, entries: &[Entry], marks: &[Mark]) -> Result<(), Trouble> {
        self.step(|staged, last| {
            mark::put(staged, marks);
            Ok(((), replay(staged, last, entries)?))
        })
    }

    /// The newest mark at a place or before it, of those that are durable.
    pub fn mark(&self, at: Position) -> Result<Option<Mark>, Trouble> {
        LogReader::new(&*self.writer.storage()).mark(at)
    }

    /// Forgets all marks: what they say is of another place that the log was fed from.
    pub(super) fn forget_marks(&mut self) -> Result<(), Trouble> {
        self.step(|staged, last| {
            mark::remove_all(staged)?;
            Ok(((), last))
        })
    }

    /// Makes what was taken durable, reads again what is known of the storage if that failed, and returns the last
    /// place: a write that was said to have failed may have succeeded.
    pub fn recover(&mut self) -> Result<Position, Trouble> {
        self.settle();
        self.settle_doubt()?;
        Ok(self.last)
    }
}
