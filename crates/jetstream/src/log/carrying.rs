//! Carrying a whole state: out to where new nodes find it, and into a space that is empty.

use std::future::pending;
use std::io;

use bytes::Bytes;
use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Position, Trouble};
use tokio::time::Instant;

use super::applying::Applying;
use super::{JetStreamLog, PIECE, id};
use crate::publish::Outgoing;
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
        if extent.last != Position(0) {
            let what =
                "a snapshot goes into an empty log, and something is in the stream; take another space";
            return Err(Trouble::Corrupt(what.into()));
        }
        self.settle()?;
        let position = self.local.restore(from)?;
        self.applying = Applying::new(position);
        self.forgotten = position;
        self.written.take();
        self.fill(position)?;
        self.tail = self.tail_after(position);
        self.publish_snapshot()
    }

    /// Lets the empty stream begin after a place. Servers give places from 1 on, so these are used up and forgotten:
    /// a million of them in some 20 seconds.
    fn fill(&mut self, up_to: Position) -> Result<(), Trouble> {
        let id = id()?;
        let mut filled = Position(0);
        while filled < up_to {
            let piece = filled.0 + 1..=up_to.0.min(filled.0 + PIECE as u64);
            let outgoing =
                |place| Outgoing { id: format!("{id}-{place}"), payload: Bytes::new(), after: None };
            let messages: Vec<Outgoing> = piece.map(outgoing).collect();
            let given = self.publish(self.space.entries(), &messages, Instant::now() + self.patience)?;
            filled = given.into_iter().max().unwrap_or(up_to);
        }
        if filled > up_to {
            let what =
                "somebody else wrote to the stream meanwhile; stop the other nodes, and take another space";
            return Err(self.stop(what.into()));
        }
        self.connection.wait(stream::forget(&self.connection, &self.space, up_to))
    }
}
