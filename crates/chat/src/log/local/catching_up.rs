//! Taking over a snapshot: a log that is new, or far behind, goes on from there.

use std::io;

use super::LocalLog;
use crate::entry::Entry;
use crate::log::Log;
use crate::log::snapshot::read_snapshot;
use crate::place::Position;
use crate::storage::Storage;
use crate::trouble::Trouble;

impl<S: Storage> LocalLog<S> {
    /// Takes a snapshot's state and entries in place of its own, which are an earlier part of the same.
    ///
    /// # Errors
    ///
    /// [`Trouble::Corrupt`] if the snapshot ends earlier, or has something else at the last place of this log, or has
    /// forgotten what stood there. Then everything is as it was.
    pub fn catch_up(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.settle();
        self.settle_doubt()?;
        let own = self.writer.storage().entry(self.last.0)?;
        let own = own.map(|octets| Entry::from_octets(&octets)).transpose()?;
        if own.is_none() && self.last > Position(0) {
            return Err(Trouble::Corrupt("this log has forgotten its last entry".into()));
        }
        self.refill(from, own.as_ref())
    }

    pub(super) fn refill(
        &mut self,
        from: &mut dyn io::Read,
        own: Option<&Entry>,
    ) -> Result<Position, Trouble> {
        // A storage that failed is read again before it is relied on.
        self.is_in_doubt = true;
        read_snapshot(from, &mut *self.writer.storage(), own)?;
        self.settle_doubt()?;
        Ok(self.last)
    }
}
