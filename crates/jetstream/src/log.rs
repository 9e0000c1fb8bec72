//! The log that several nodes share: append to the stream, apply what stands in it, answer from one's own copy.

mod carrying;
mod erasing;
mod gaps;
mod standing;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::Duration;

use parlor_chat::log::{LocalLog, Log, LogReader, SharedLog, StateHash};
use parlor_chat::storage::{Source, Storage};
use parlor_chat::{Entry, Outcome, Position, Proposal, Trouble};
use tokio::time::Instant;

use crate::alike;
use crate::apply::apply;
use crate::broadcast::{Broadcast, Hear};
use crate::connection::Connection;
use crate::message::{Delivered, Said};
use crate::options::Options;
use crate::publish::{Outgoing, Publishing, waves};
use crate::reach::waiting;
use crate::snapshots;
use crate::space::Space;
use crate::stream;
use crate::tail::{Arrivals, Tail};
use crate::watched::{Notes, Watched, watched};

/// Messages that are applied in one step at most.
const BATCH: usize = 1_024;
/// Octets of messages that are applied in one step at most.
const BATCH_OCTETS: usize = 4 << 20;
/// Entries that are on their way to the stream at a time, when many are put there.
const PIECE: usize = 1_000;
/// If what is in the stream does not come for so long, it is asked for anew: the server that sent it may have ended. Longer
/// than beginning to read may take.
const SILENCE: Duration = Duration::from_secs(3);
/// The time between two attempts to ask.
const AGAIN: Duration = Duration::from_millis(100);

/// A log on a stream that several nodes share, applied to a log of this node's own.
pub struct JetStreamLog<S> {
    local: LocalLog<Watched<S>>,
    written: Notes,
    connection: Connection,
    space: Space,
    replicas: usize,
    patience: Duration,
    tail: Tail,
    /// Who is told that something came.
    arrivals: Arrivals,
    /// What was read and is not applied yet.
    read: VecDeque<Delivered>,
    /// What became of what was applied since the last call began.
    heard: Vec<Outcome>,
    /// The connection at which the stream was looked at last.
    looked_at: Option<u64>,
    /// When it was asked last how far the stream goes, because nothing came.
    asked: Instant,
    /// Why nothing is taken any more.
    unfit: Option<Trouble>,
    /// What is to be erased from the stream, and when.
    owed: BTreeMap<Position, Instant>,
    /// Whether what is applied now was appended here, so that erasing is this node's.
    is_own: bool,
    /// The places whose settled entries this node has put beside the stream, the first and the last, without a gap.
    settled: Option<(Position, Position)>,
    /// The place of the newest snapshot that is known.
    snapshot: Position,
    /// Up to there nobody is expected to decide any more: up to the snapshot before the newest, so that who is a little
    /// behind finds everything, or up to where this node's own log begins.
    floor: Position,
    notes: Vec<String>,
}

impl<S: Storage> JetStreamLog<S> {
    /// Connects, makes the stream if there is none, and applies to `storage` all that is in the stream by now.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if the servers do not answer within the patience, [`Trouble::Unfit`] if the stream is
    /// not as it has to be; and what the storage says. A stream that holds less than this node has applied is no error
    /// here, but [`Self::unfit`] says so, and nothing is taken.
    pub fn open(options: Options, storage: S) -> Result<Self, Trouble> {
        let space = Space::new(&options.space)?;
        let written = Notes::default();
        let mut local = LocalLog::open(watched(storage, written.clone()))?;
        let connection = Connection::open(&options)?;
        let notes = stream::open(&connection, &space, &options)?;
        let snapshot = snapshots::newest(&connection, &space, &options)?;
        if local.last() == Position(0) && snapshot > Position(0) {
            local.restore(&mut snapshots::open(&connection, &space, options.replicas, snapshot)?)?;
        }
        written.take();
        let mut floor = Position(0);
        local.source()?.read(&mut |read| {
            floor = LogReader::new(read).forgotten()?;
            Ok(())
        })?;
        let arrivals = Arrivals::default();
        let tail = Tail::start(&connection, &space.stream(), local.last(), &arrivals);
        let mut log = JetStreamLog {
            local,
            written,
            connection,
            space,
            replicas: options.replicas,
            patience: options.patience.min(Options::LONGEST_PATIENCE),
            tail,
            arrivals,
            read: VecDeque::new(),
            heard: Vec::new(),
            looked_at: None,
            asked: Instant::now(),
            unfit: None,
            owed: BTreeMap::new(),
            is_own: false,
            settled: None,
            snapshot,
            floor,
            notes,
        };
        let looked = log.look(Instant::now() + log.patience);
        if let (Err(_), Some(unfit)) = (&looked, &log.unfit) {
            // What is here can be read, and put back.
            log.notes.insert(0, unfit.to_string());
            return Ok(log);
        }
        log.apply_through(looked?.last)?;
        log.find_owed()?;
        log.heard.clear();
        Ok(log)
    }

    /// What is worth knowing of the stream, in sentences for who runs it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What all nodes of the space know under a name of `a-z`. If there is nothing yet, that is `own` from now on.
    pub fn agree(&self, name: &str, own: &[u8]) -> Result<Vec<u8>, Trouble> {
        let deadline = Instant::now() + self.patience;
        self.connection.wait(alike::agree(&self.connection, &self.space, name, own, deadline))
    }

    /// A way to tell all nodes of the space what is not kept. `hear` is called with what each of them tells, this one too.
    pub fn broadcast(&self, hear: Hear) -> Broadcast {
        Broadcast::start(&self.connection, self.space.beside(), hear)
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

    /// Applies what is in the stream up to a place that is known to be there.
    fn apply_through(&mut self, target: Position) -> Result<(), Trouble> {
        let mut silent_until = Instant::now() + SILENCE;
        let deadline = Instant::now() + self.patience;
        while self.local.last() < target {
            if self.read.is_empty() {
                self.read.extend(self.tail.next(&self.connection, AGAIN)?);
            }
            let has_come = !self.read.is_empty();
            let before = self.local.last();
            self.step()?;
            if self.local.last() == before && self.local.last() < target && self.read.is_empty() {
                self.probe()?;
                self.step()?;
            }
            let now = Instant::now();
            // What was looked for here is slow to come: that is no reason to wait longer for what does not.
            if has_come && self.local.last() > before {
                silent_until = now + SILENCE;
            } else if now >= silent_until {
                self.tail = self.tail_after(self.local.last());
                silent_until = now + SILENCE;
            }
            if self.local.last() == before && now >= deadline {
                return Err(waiting(format!("what is at {target} of the stream does not come")));
            }
        }
        Ok(())
    }

    /// Reads what stands after a place.
    fn tail_after(&self, place: Position) -> Tail {
        Tail::start(&self.connection, &self.space.stream(), place, &self.arrivals)
    }

    /// Applies what has been read, as much as goes into one step.
    fn step(&mut self) -> Result<(), Trouble> {
        let mut octets: usize = self.read.iter().map(|message| message.payload.len()).sum();
        while self.read.len() < BATCH && octets < BATCH_OCTETS {
            let Some(message) = self.tail.next_at_once() else { break };
            octets += message.payload.len();
            self.read.push_back(message);
        }
        let space = self.space.clone();
        let said: Vec<Said> = self
            .next_in_order()?
            .into_iter()
            .map(|message| message.read(&space))
            .collect::<Result<_, _>>()?;
        let (before, heard) = (self.local.last(), self.heard.len());
        let origins = erasing::origins(&said, before);
        let result = apply(&mut self.local, said, &mut self.heard);
        self.notes_written(heard, before.next(), &origins);
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
        self.is_own = true;
        let applied = self.apply_through(places.iter().copied().max().unwrap_or_default());
        self.is_own = false;
        applied?;
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
        self.put_back(entries)?;
        self.apply_through(last)
    }

    fn last(&self) -> Position {
        self.local.last()
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        self.local.tail(after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.forget(up_to)
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        let is_scrubbed = self.local.scrub()?;
        Ok(self.erase()? && is_scrubbed)
    }

    fn state_hash(&self) -> Result<StateHash, Trouble> {
        self.local.state_hash()
    }

    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble> {
        self.local.snapshot(to)
    }

    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.heard.clear();
        self.take_in(from)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.local.source()
    }
}

impl<S: Storage> SharedLog for JetStreamLog<S> {
    fn on_arrival(&mut self, tell: Box<dyn Fn() + Send + Sync>) {
        self.arrivals.set(tell);
    }

    fn follow(&mut self, patience: Duration) -> Result<(), Trouble> {
        self.heard.clear();
        if self.unfit.is_some() {
            self.look(Instant::now())?;
        }
        if self.read.is_empty() {
            self.read.extend(self.tail.next(&self.connection, patience)?);
        }
        if self.read.is_empty() && self.asked.elapsed() >= SILENCE {
            // The last messages may be erased: then nothing comes.
            let extent = self.look(Instant::now());
            self.asked = Instant::now();
            return self.apply_through(extent?.last);
        }
        self.step()
    }

    fn heard(&self) -> &[Outcome] {
        &self.heard
    }
}
