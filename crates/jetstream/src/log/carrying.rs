//! Carrying a whole state: out to where new nodes find it, and into a space that is empty.

use std::future::pending;
use std::io;

use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Position, Trouble};
use tokio::time::Instant;

use super::JetStreamLog;
use super::applying::Applying;
use crate::layout::{self, StreamSequence};
use crate::snapshots::{self, record};
use crate::{settled, stream};

impl<S: Storage> JetStreamLog<S> {
    /// Writes a snapshot of the state to where new nodes find it, and returns its place.
    pub fn publish_snapshot(&mut self) -> Result<Position, Trouble> {
        let source = self.local.source()?;
        let (connection, space) = (&self.connection, &self.space);
        let position = snapshots::write(connection, space, self.replicas, source, pending())?;
        let noting = record::add(connection, space, position, Instant::now() + self.patience);
        self.snapshots.learn(connection.wait(noting)?);
        Ok(position)
    }

    /// Forgets places of this log, of the stream and of the settled entries; a snapshot lies behind them.
    pub(super) fn forget(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.settle()?;
        let up_to = up_to.min(self.local.last());
        if self.snapshots.get().newest < up_to {
            self.publish_snapshot()?;
        }
        self.local.trim(up_to)?;
        self.forgotten = self.forgotten.max(up_to);
        // A message stays as long as one of its places does.
        let up_to = self.held(up_to.next())?.sequence.before();
        self.settled =
            self.settled.filter(|(_, to)| *to > up_to).map(|(from, to)| (from.max(up_to.next()), to));
        self.connection.wait(async {
            stream::forget(&self.connection, &self.space, up_to).await?;
            settled::forget(&self.connection, &self.space, up_to).await
        })
    }

    /// Takes a snapshot's state into a space in which nothing has happened yet.
    pub(super) fn take_in(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        let extent = self.look(Instant::now() + self.patience)?;
        if extent.last != StreamSequence(0) {
            let what =
                "a snapshot goes into an empty log, and something is in the stream; take another space";
            return Err(Trouble::Corrupt(what.into()));
        }
        self.settle()?;
        let position = self.local.restore(from)?;
        self.local.replay_with(&[], layout::beginning(position).as_slice())?;
        let reach = self.reach()?;
        self.applying = Applying::new(reach);
        self.forgotten = position;
        self.written.take();
        self.tail = self.tail_after(reach.sequence);
        self.publish_snapshot()
    }
}
