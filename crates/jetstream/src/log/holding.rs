//! Which messages of the stream hold what this node has applied.

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Storage;
use parlor_chat::{Position, Trouble};

use super::JetStreamLog;
use crate::layout::{Held, Reach, StreamSequence};
use crate::settled::Decided;
use crate::watched::Watched;

/// How far a node's own log goes.
pub(super) fn reach<S: Storage>(local: &LocalLog<Watched<S>>) -> Result<Reach, Trouble> {
    let last = local.last();
    Reach::through(last, local.mark(last)?)
}

impl<S: Storage> JetStreamLog<S> {
    /// How far this node's own log goes.
    pub(super) fn reach(&self) -> Result<Reach, Trouble> {
        reach(&self.local)
    }

    /// The message that holds a place.
    pub(super) fn held(&self, place: Position) -> Result<Held, Trouble> {
        Held::at(place, self.local.mark(place)?)
    }

    /// The place before the first that a message holds, or one after it.
    pub(super) fn place_before(&self, sequence: StreamSequence) -> Result<Position, Trouble> {
        // The first place that stands in this message or behind it lies after `before` and not after `found`.
        let (mut before, mut found) = (0, self.local.last().0 + 1);
        while found - before > 1 {
            let middle = before + (found - before) / 2;
            if self.held(Position(middle))?.sequence < sequence { before = middle } else { found = middle }
        }
        Ok(Position(before))
    }

    /// What became of a message that this node has applied; fewer entries if some are forgotten.
    pub(super) fn decided(&self, held: Held) -> Result<Decided, Trouble> {
        let entries = self.local.tail(Position(held.first.0 - 1), held.count())?;
        let entries = entries.into_iter().filter(|entry| entry.position <= held.last).collect();
        Ok(Decided { sequence: held.sequence, entries })
    }
}
