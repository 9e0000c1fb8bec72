//! The log that several nodes share: append to the stream, apply what stands in it, answer from one's own copy.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use parlor_chat::log::{LocalLog, Log, StateHash};
use parlor_chat::storage::{Source, Storage};
use parlor_chat::{Entry, Outcome, Position, Proposal, Trouble};
use tokio::time::{Instant, sleep};

use crate::apply::apply;
use crate::connection::Connection;
use crate::message::Delivered;
use crate::options::Options;
use crate::publish::{Outgoing, Publishing, waves};
use crate::reach::{unusable, waiting};
use crate::space::Space;
use crate::stream::{self, Extent};
use crate::tail::Tail;

/// Messages that are applied in one step at most.
const BATCH: usize = 1_024;
/// Octets of messages that are applied in one step at most.
const BATCH_OCTETS: usize = 4 << 20;
/// Entries that are on their way to the stream at a time, when many are put there.
const PIECE: usize = 1_000;
/// If what is in the stream does not come for so long, it is asked for anew: the server that sent it may have ended.
const SILENCE: Duration = Duration::from_secs(2);
/// The time between two attempts to ask.
const AGAIN: Duration = Duration::from_millis(100);

/// A log on a stream that several nodes share, applied to a log of this node's own.
pub struct JetStreamLog<S> {
    local: LocalLog<S>,
    connection: Connection,
    space: Space,
    patience: Duration,
    tail: Tail,
    /// What was read and is not applied yet.
    read: VecDeque<Delivered>,
    /// What became of what was applied since the last call began.
    heard: Vec<Outcome>,
    /// The connection at which the stream was looked at last.
    looked_at: Option<u64>,
    /// Why nothing is taken any more.
    unfit: Option<Trouble>,
    notes: Vec<String>,
}

impl<S: Storage> JetStreamLog<S> {
    /// Connects, makes the stream if there is none, and applies to `storage` all that is in the stream by now.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if the servers do not answer within the patience, [`Trouble::Unfit`] if the stream is
    /// not as it has to be, or holds less than this node has applied; and what the storage says.
    pub fn open(options: Options, storage: S) -> Result<Self, Trouble> {
        let space = Space::new(&options.space)?;
        let local = LocalLog::open(storage)?;
        let connection = Connection::open(&options)?;
        let notes = stream::open(&connection, &space, &options)?;
        let tail = Tail::start(&connection, &space.stream(), local.last());
        let mut log = JetStreamLog {
            local,
            connection,
            space,
            patience: options.patience.min(Options::LONGEST_PATIENCE),
            tail,
            read: VecDeque::new(),
            heard: Vec::new(),
            looked_at: None,
            unfit: None,
            notes,
        };
        let extent = log.look(Instant::now() + log.patience)?;
        log.apply_through(extent.last)?;
        log.heard.clear();
        Ok(log)
    }

    /// What is worth knowing of the stream, in sentences for who runs it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Applies what others have appended, and waits for it up to `patience` if there is nothing. [`Self::heard`] says
    /// what became of it.
    pub fn follow(&mut self, patience: Duration) -> Result<(), Trouble> {
        self.heard.clear();
        if let Some(trouble) = &self.unfit {
            return Err(trouble.clone());
        }
        if self.read.is_empty() {
            self.read.extend(self.tail.next(&self.connection, patience)?);
        }
        self.step()
    }

    /// What became of every proposal that was applied since the last append or following began, in the order of the
    /// log, others' and one's own; with an error of that call, too.
    pub fn heard(&self) -> &[Outcome] {
        &self.heard
    }

    /// Asks for the extent of the stream, until there is an answer, and whether it holds what was applied.
    fn look(&mut self, deadline: Instant) -> Result<Extent, Trouble> {
        if let Some(trouble) = &self.unfit {
            return Err(trouble.clone());
        }
        let connects = self.connection.connects();
        let extent = loop {
            match self.connection.wait(stream::extent(&self.connection, &self.space)) {
                Ok(extent) => break extent,
                Err(trouble) if Instant::now() >= deadline => return Err(trouble),
                Err(_) => self.connection.wait(sleep(AGAIN)),
            }
        };
        if extent.last < self.local.last() {
            return Err(self.stop(format!(
                "the stream {} ends at {}, but this node has applied it up to {}: servers have lost what they \
                 acknowledged, and this node has it still",
                self.space.stream(),
                extent.last,
                self.local.last()
            )));
        }
        self.looked_at = Some(connects);
        Ok(extent)
    }

    /// Takes nothing any more, and says why.
    fn stop(&mut self, why: String) -> Trouble {
        let trouble = unusable(why);
        self.unfit = Some(trouble.clone());
        trouble
    }

    /// Servers that came back may have lost something: then nothing may be added.
    fn look_if_new(&mut self, deadline: Instant) -> Result<(), Trouble> {
        if self.unfit.is_some() || self.looked_at != Some(self.connection.connects()) {
            self.look(deadline)?;
        }
        Ok(())
    }

    fn publish(
        &self,
        subject: String,
        messages: &[Outgoing],
        deadline: Instant,
    ) -> Result<Vec<Position>, Trouble> {
        let (context, stream) = (&self.connection.publishing, self.space.stream());
        let publishing = Publishing { context, stream: &stream, subject, deadline };
        self.connection.wait(publishing.all(messages))
    }

    /// Publishes proposals and returns their places.
    fn propose(&mut self, batch: &[Proposal], deadline: Instant) -> Result<Vec<Position>, Trouble> {
        let id = id()?;
        let mut places = vec![Position(0); batch.len()];
        for wave in waves(batch) {
            let outgoing = |at: &usize| Outgoing {
                id: format!("{id}-{at}"),
                payload: batch[*at].to_octets().into(),
                after: None,
            };
            let messages: Vec<Outgoing> = wave.iter().map(outgoing).collect();
            let given = self.publish(self.space.proposals(), &messages, deadline)?;
            for (at, place) in wave.into_iter().zip(given) {
                places[at] = place;
            }
        }
        match places.iter().min() {
            Some(first) if *first <= self.local.last() => Err(self.stop(format!(
                "the stream {} gave the place {first} again, which this node has applied already: servers have lost \
                 what they acknowledged",
                self.space.stream()
            ))),
            _ => Ok(places),
        }
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

    /// Applies what is in the stream up to a place that is known to be there.
    fn apply_through(&mut self, target: Position) -> Result<(), Trouble> {
        let mut silent_until = Instant::now() + SILENCE;
        let deadline = Instant::now() + self.patience;
        while self.local.last() < target {
            if self.read.is_empty() {
                self.read.extend(self.tail.next(&self.connection, AGAIN)?);
            }
            let before = self.local.last();
            self.step()?;
            let now = Instant::now();
            if self.local.last() > before {
                silent_until = now + SILENCE;
            } else if now >= deadline {
                return Err(waiting(format!("what is at {target} of the stream does not come")));
            } else if now >= silent_until {
                self.tail = Tail::start(&self.connection, &self.space.stream(), self.local.last());
                silent_until = now + SILENCE;
            }
        }
        Ok(())
    }

    /// Applies what has been read, as much as goes into one step.
    fn step(&mut self) -> Result<(), Trouble> {
        let mut octets: usize = self.read.iter().map(|message| message.payload.len()).sum();
        while self.read.len() < BATCH && octets < BATCH_OCTETS {
            let Some(message) = self.tail.next_at_once() else { break };
            octets += message.payload.len();
            self.read.push_back(message);
        }
        let mut said = Vec::with_capacity(self.read.len());
        let mut last = self.local.last();
        for message in &self.read {
            // After a disturbance some come again.
            if message.position <= last {
                continue;
            }
            if message.position != last.next() {
                return Err(Trouble::Corrupt(format!("message {} of the stream is missing", last.next())));
            }
            said.push(message.read(&self.space)?);
            last = message.position;
        }
        let result = apply(&mut self.local, said, &mut self.heard);
        let applied = self.local.last();
        self.read.retain(|message| message.position > applied);
        result
    }
}

/// What the servers know a message by: drawn at random, so that no other has it.
fn id() -> Result<String, Trouble> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| Trouble::Io(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(octets)))
}

impl<S: Storage> Log for JetStreamLog<S> {
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble> {
        self.heard.clear();
        if batch.is_empty() {
            return self.local.append(batch);
        }
        let deadline = Instant::now() + self.patience;
        self.look_if_new(deadline)?;
        let places = self.propose(batch, deadline)?;
        self.apply_through(places.iter().copied().max().unwrap_or_default())?;
        let find = |place: &Position| {
            let at = self.heard.binary_search_by_key(place, |outcome| outcome.position);
            at.map(|at| self.heard[at].clone())
        };
        let outcomes: Result<Vec<Outcome>, usize> = places.iter().map(find).collect();
        outcomes.map_err(|_| Trouble::Corrupt("a place of the stream was passed over".into()))
    }

    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble> {
        self.heard.clear();
        let deadline = Instant::now() + self.patience;
        let extent = self.look(deadline)?;
        self.apply_through(extent.last)?;
        let mut last = self.local.last();
        for entry in entries {
            if entry.position != last.next() {
                let what = format!("after entry {last} comes entry {}", entry.position);
                return Err(Trouble::Corrupt(what));
            }
            last = entry.position;
        }
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
        self.apply_through(last)
    }

    fn last(&self) -> Position {
        self.local.last()
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        self.local.tail(after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.local.trim(up_to)
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.local.scrub()
    }

    fn state_hash(&self) -> Result<StateHash, Trouble> {
        self.local.state_hash()
    }

    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble> {
        self.local.snapshot(to)
    }

    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.heard.clear();
        let extent = self.look(Instant::now() + self.patience)?;
        if extent.last != Position(0) {
            let what =
                "a snapshot goes into an empty log, and something is in the stream; take another space";
            return Err(Trouble::Corrupt(what.into()));
        }
        let position = self.local.restore(from)?;
        self.fill(position)?;
        self.tail = Tail::start(&self.connection, &self.space.stream(), position);
        Ok(position)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.local.source()
    }
}
