//! Whether the stream holds what this node has applied, and putting back what it has lost.

use std::thread;

use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Fingerprint, Position, Proposal, Trouble};
use tokio::time::{Duration, Instant};

use super::{AGAIN, JetStreamLog, PIECE, id};
use crate::layout::StreamSequence;
use crate::message::{self, Said};
use crate::publish::{Outgoing, Publishing};
use crate::reach::{unusable, waiting};
use crate::settled::Decided;
use crate::stream::{self, Extent};

/// For so long the servers have to say that they lack something until that is believed: a leader that was paused says what
/// it knew before, until it has heard that there is another.
const SURE: Duration = Duration::from_secs(15);
/// Messages at the end that are looked for at most to compare one: others are erased.
const COMPARED: usize = 64;

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
        self.compare(self.place_before(extent.last.next())?, deadline)?;
        let lost = self.put_back_after(extent.last)?;
        self.look(Instant::now() + self.patience)?;
        // An older copy of the servers' data has again what was erased since.
        self.find_owed(Position(0), Duration::ZERO)?;
        self.erase()?;
        Ok(lost)
    }

    /// Puts back what this node has behind a message, and returns how many places that were.
    fn put_back_after(&self, after: StreamSequence) -> Result<u64, Trouble> {
        let begin = self.place_before(after.next())?;
        let mut at = begin;
        while at < self.local.last() {
            let mut piece = Vec::new();
            while at < self.local.last() && piece.len() < PIECE {
                let held = self.held(at.next())?;
                let decided = self.decided(held)?;
                if decided.entries.len() != held.count() {
                    let what =
                        format!("entry {} is trimmed away on this node; heal on another one", at.next());
                    return Err(unusable(what));
                }
                at = held.last;
                piece.push(decided);
            }
            self.put_back(&piece)?;
        }
        Ok(at.0 - begin.0)
    }

    /// Publishes what became of messages at their own places, or not at all.
    pub(super) fn put_back(&self, messages: &[Decided]) -> Result<(), Trouble> {
        let id = id()?;
        let (context, stream) = (&self.connection.publishing, &self.space.stream());
        let publishing = Publishing { context, stream, gate: None };
        for piece in messages.chunks(PIECE) {
            let outgoing = |Decided { sequence, entries }: &Decided| {
                let (subject, payload) = message::of_entries(&self.space, entries);
                // Nobody else writes in between, or this fails.
                let after = Some(sequence.before().0);
                Outgoing { id: format!("{id}-{sequence}"), subject: subject.into(), payload, after }
            };
            let outgoing: Vec<Outgoing> = piece.iter().map(outgoing).collect();
            self.connection.wait(publishing.all(&outgoing, Instant::now() + self.patience))?;
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
        let reach = self.reach()?;
        if extent.last < reach.sequence {
            return Err(self.is_short(extent.last, reach.sequence));
        }
        self.short_since = None;
        if connection.is_none() || self.proposing.looked_at() != connection || self.unfit.is_some() {
            self.compare(reach.position, deadline)?;
            self.unfit = None;
            self.proposing.look(connection);
        }
        // What is not there any more does not come.
        self.expected = self.expected.min(extent.last);
        self.expect(extent.last);
        self.asked = Instant::now();
        Ok(extent)
    }

    /// As [`Self::look`], and if the servers lack something, waits until that is sure.
    pub(super) fn look_until_sure(&mut self, deadline: Instant) -> Result<Extent, Trouble> {
        loop {
            match self.look(deadline) {
                Err(Trouble::Unreachable(_))
                    if self.short_since.is_some() && Instant::now() < deadline + SURE =>
                {
                    thread::sleep(AGAIN);
                }
                looked => return looked,
            }
        }
    }

    /// Nothing is published any more, because the servers say that the stream ends before what was applied here.
    fn is_short(&mut self, last: StreamSequence, applied: StreamSequence) -> Trouble {
        let since = *self.short_since.get_or_insert_with(Instant::now);
        self.asked = Instant::now();
        let what = format!(
            "the stream {} ends at message {last}, but this node has applied it up to {applied}",
            self.space.stream()
        );
        if self.unfit.is_some() || since.elapsed() >= SURE {
            return self.stop(format!(
                "{what}: servers have lost what they acknowledged; this node has it still and takes nothing new until \
                 that is put back"
            ));
        }
        self.proposing.look(None);
        waiting(what)
    }

    /// Servers that came back may have lost something: before it is known that they have not, nothing is published and
    /// nothing applied.
    pub(super) fn look_if_new(&mut self) -> Result<(), Trouble> {
        let connection = self.connection.current();
        if connection.is_none() {
            return Err(waiting("there is no connection to them"));
        }
        if self.unfit.is_some() || self.proposing.looked_at() != connection {
            if self.short_since.is_some() && self.asked.elapsed() < AGAIN {
                let doubt = || waiting("they have less than this node, or do not know it yet");
                return Err(self.unfit.clone().unwrap_or_else(doubt));
            }
            self.look(Instant::now())?;
        }
        Ok(())
    }

    /// Whether the stream has the same as this node in the message that holds a place, or in the last before it that is not
    /// erased.
    fn compare(&mut self, place: Position, deadline: Instant) -> Result<(), Trouble> {
        let mut place = place;
        for _ in 0..COMPARED {
            if place == Position(0) {
                break;
            }
            let held = self.held(place)?;
            let decided = self.decided(held)?;
            if held.sequence == StreamSequence(0) || decided.entries.len() != held.count() {
                break;
            }
            let before = Position(held.first.0 - 1);
            let message = self.ask(deadline, || {
                stream::message(&self.connection, &self.space, &self.name, held.sequence)
            })?;
            if let Some(message) = message {
                if is_same(&message.read(&self.space, before)?, &decided.entries) {
                    return Ok(());
                }
                return Err(self.stop(format!(
                    "in message {} of the stream {} stands something else than this node has applied: servers have lost \
                     what they acknowledged, and something new was taken since; start this node with an empty data folder",
                    held.sequence,
                    self.space.stream()
                )));
            }
            place = before;
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

/// Whether entries are what became of a message, as far as both say still.
fn is_same(said: &Said, entries: &[Entry]) -> bool {
    match said {
        Said::Entries(said) => {
            said.len() == entries.len()
                && said.iter().zip(entries).all(|(said, entry)| is_same_entry(said, entry))
        }
        Said::Proposals(said) => {
            said.len() == entries.len()
                && said.iter().zip(entries).all(|(said, entry)| is_decided(said, entry))
        }
    }
}

fn is_same_entry(said: &Entry, entry: &Entry) -> bool {
    (said.fingerprint, said.verdict) == (entry.fingerprint, entry.verdict)
}

fn is_decided(proposal: &Proposal, entry: &Entry) -> bool {
    let key = proposal.key.as_ref().map(|key| Fingerprint::of(proposal.by, key));
    let event = entry.event.as_ref().filter(|event| event.what != parlor_chat::What::Erased);
    key == entry.fingerprint && event.is_none_or(|event| (event.by, event.at) == (proposal.by, proposal.at))
}
