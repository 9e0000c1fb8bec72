//! Whether the stream holds what this node has applied, and putting back what it has lost.

use std::thread;

use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Fingerprint, Position, Trouble};
use tokio::time::{Duration, Instant};

use super::{AGAIN, JetStreamLog, PIECE, id};
use crate::message::Said;
use crate::publish::Outgoing;
use crate::reach::{unusable, waiting};
use crate::stream::{self, Extent};

/// Messages at the end that are looked for at most to compare one: others are erased.
const COMPARED: u64 = 64;

impl<S: Storage> JetStreamLog<S> {
    /// Why nothing is taken any more, if that is so: the stream has lost what this node has applied. Reading goes on.
    pub fn unfit(&self) -> Option<&Trouble> {
        self.unfit.as_ref()
    }

    /// Puts back what the stream has lost and this node has, in its old order; returns how many places that were.
    ///
    /// For whoever runs the servers, on the node that has applied most, before any node takes anything new. What this
    /// node has erased stays erased.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unfit`] if something else stands in the stream already where this node has something, or if what
    /// is missing is trimmed away here.
    pub fn heal(&mut self) -> Result<u64, Trouble> {
        let deadline = Instant::now() + self.patience;
        let extent = self.extent(deadline)?;
        self.compare(extent.last.min(self.local.last()), deadline)?;
        let mut lost = 0;
        let mut after = extent.last;
        while after < self.local.last() {
            let piece = self.local.tail(after, PIECE)?;
            let Some(last) = piece.last().filter(|_| piece[0].position == after.next()) else {
                let what =
                    format!("entry {} is trimmed away on this node; heal on another one", after.next());
                return Err(unusable(what));
            };
            after = last.position;
            lost += piece.len() as u64;
            self.put_back(&piece)?;
        }
        self.look(Instant::now() + self.patience)?;
        // An older copy of the servers' data has again what was erased since.
        self.find_owed(Position(0), Duration::ZERO)?;
        self.erase()?;
        Ok(lost)
    }

    /// Publishes entries at their own places, or not at all.
    pub(super) fn put_back(&self, entries: &[Entry]) -> Result<(), Trouble> {
        let id = id()?;
        for piece in entries.chunks(PIECE) {
            let outgoing = |entry: &Entry| Outgoing {
                id: format!("{id}-{}", entry.position),
                payload: entry.to_octets().into(),
                // Nobody else writes in between, or this fails.
                after: Some(entry.position.0 - 1),
            };
            let messages: Vec<Outgoing> = piece.iter().map(outgoing).collect();
            self.publish(self.space.entries(), &messages, Instant::now() + self.patience)?;
        }
        Ok(())
    }

    /// Asks for the extent of the stream, until there is an answer.
    fn extent(&self, deadline: Instant) -> Result<Extent, Trouble> {
        self.ask(deadline, || stream::extent(&self.connection, &self.space))
    }

    /// Asks the servers something, again and again as long as they cannot be reached or have no leader.
    pub(super) fn ask<T, F>(&self, deadline: Instant, question: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        loop {
            match self.connection.wait(question()) {
                Err(Trouble::Unreachable(_)) if Instant::now() < deadline => thread::sleep(AGAIN),
                answer => return answer,
            }
        }
    }

    /// Asks for the extent of the stream, and whether it holds what was applied here.
    pub(super) fn look(&mut self, deadline: Instant) -> Result<Extent, Trouble> {
        let connection = self.connection.number();
        let extent = self.extent(deadline)?;
        if extent.last < self.local.last() {
            return Err(self.stop(format!(
                "the stream {} ends at {}, but this node has applied it up to {}: servers have lost what they \
                 acknowledged; this node has it still and takes nothing new until that is put back",
                self.space.stream(),
                extent.last,
                self.local.last()
            )));
        }
        if connection.is_none() || self.proposing.looked_at() != connection || self.unfit.is_some() {
            self.compare(self.local.last(), deadline)?;
            self.unfit = None;
            self.proposing.look(connection);
        }
        // What is not there any more does not come.
        self.expected = self.expected.min(extent.last);
        self.expect(extent.last);
        self.asked = Instant::now();
        Ok(extent)
    }

    /// Servers that came back may have lost something: before it is known that they have not, nothing is published and
    /// nothing applied.
    pub(super) fn look_if_new(&mut self) -> Result<(), Trouble> {
        let connection = self.connection.current();
        if connection.is_none() {
            return Err(waiting("there is no connection to them"));
        }
        if self.unfit.is_some() || self.proposing.looked_at() != connection {
            self.look(Instant::now())?;
        }
        Ok(())
    }

    /// Whether the stream has the same as this node at a place, or at the last before it that is not erased.
    fn compare(&mut self, place: Position, deadline: Instant) -> Result<(), Trouble> {
        let lowest = place.0.saturating_sub(COMPARED);
        for place in (lowest + 1..=place.0).rev().map(Position) {
            let Some(entry) = self.entry(place)? else { return Ok(()) };
            let message =
                self.ask(deadline, || stream::message(&self.connection, &self.space, &self.name, place))?;
            let Some(message) = message else { continue };
            if is_same(&message.read(&self.space)?, &entry) {
                return Ok(());
            }
            return Err(self.stop(format!(
                "at {place} of the stream {} stands something else than this node has applied: servers have lost what \
                 they acknowledged, and something new was taken since; start this node with an empty data folder",
                self.space.stream()
            )));
        }
        Ok(())
    }

    /// Takes nothing any more, and says why.
    pub(super) fn stop(&mut self, why: String) -> Trouble {
        let trouble = unusable(why);
        self.unfit = Some(trouble.clone());
        self.give_up(&trouble);
        self.proposing.look(None);
        trouble
    }
}

/// Whether an entry is what became of a message, as far as both say still.
fn is_same(said: &Said, entry: &Entry) -> bool {
    match said {
        Said::Entry(said) => (said.fingerprint, said.verdict) == (entry.fingerprint, entry.verdict),
        Said::Proposal(proposal) => {
            let key = proposal.key.as_ref().map(|key| Fingerprint::of(proposal.by, key));
            let event = entry.event.as_ref().filter(|event| event.what != parlor_chat::What::Erased);
            key == entry.fingerprint
                && event.is_none_or(|event| (event.by, event.at) == (proposal.by, proposal.at))
        }
    }
}
