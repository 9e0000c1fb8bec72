//! The log that several nodes share: append to the stream, apply what stands in it, answer from one's own copy.

mod applying;
mod carrying;
mod erasing;
mod following;
mod gaps;
mod holding;
mod opening;
mod own;
mod standing;
mod step;
mod unapplied;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use parlor_chat::log::{LocalLog, Log, SharedLog, StateHash};
use parlor_chat::storage::{Source, Storage};
use parlor_chat::{Answer, Entry, Outcome, Position, Proposal, Trouble};
use tokio::time::Instant;

use crate::alike;
use crate::arrivals::Arrivals;
use crate::broadcast::{Broadcast, Hear};
use crate::connection::Connection;
use crate::decisions::Decisions;
use crate::drawn::id;
use crate::files::SharedFiles;
use crate::layout::StreamSequence;
use crate::message;
use crate::options::Options;
use crate::proposing::Proposing;
use crate::settled::Decided;
use crate::snapshots::{Keeper, Shared};
use crate::space::Space;
use crate::tail::Tail;
use crate::watched::{Notes, Watched};
use applying::Applying;
use own::Own;
use unapplied::Unapplied;

/// Messages that are on their way to the stream at a time, when many are put there.
const PIECE: usize = 100;
/// The time between two attempts to ask.
const AGAIN: Duration = Duration::from_millis(100);

/// A log on a stream that several nodes share, applied to a log of this node's own.
pub struct JetStreamLog<S> {
    /// Ends first: it reads what the others hold.
    keeper: Option<Keeper>,
    local: LocalLog<Watched<S>>,
    written: Notes,
    connection: Arc<Connection>,
    space: Space,
    /// What the servers know this node's proposals by, before their numbers.
    name: String,
    replicas: usize,
    patience: Duration,
    tail: Tail,
    proposing: Proposing,
    own: Own,
    /// Who is told that something came.
    arrivals: Arrivals,
    /// What was read and is not applied yet.
    unapplied: Unapplied,
    applying: Applying,
    /// What became of what was applied since the last call began.
    heard: Vec<Outcome>,
    /// How often going on has failed in a row.
    failures: u32,
    /// A message up to which something has to come.
    expected: StreamSequence,
    /// When something came that was expected, or began to be expected.
    came: Instant,
    /// When a message was asked for by its sequence.
    probed: Instant,
    /// When it was asked last how far the stream goes, because nothing came.
    asked: Instant,
    /// Why nothing is taken any more.
    unfit: Option<Trouble>,
    /// Since when the servers have said that they have less than was applied here.
    short_since: Option<Instant>,
    /// What is to be erased from the stream, and when.
    owed: BTreeMap<Position, Instant>,
    /// The messages whose settled entries this node has put beside the stream, the first and the last, without a gap.
    settled: Option<(StreamSequence, StreamSequence)>,
    /// The snapshots that are known.
    snapshots: Shared,
    /// Up to there this node's own log has forgotten everything.
    forgotten: Position,
    /// What was decided here, for the others.
    decisions: Decisions,
    notes: Vec<String>,
}

impl<S: Storage> JetStreamLog<S> {
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

    /// What this node decides, for [`Roster::decided`](crate::Roster::decided).
    pub fn decisions(&self) -> Decisions {
        self.decisions.clone()
    }

    /// The files that all nodes of the space share, in an object store that is made as these options say if there is none.
    pub fn files(&self, options: &Options) -> Result<SharedFiles, Trouble> {
        SharedFiles::open(Arc::clone(&self.connection), self.space.clone(), options)
    }

    /// Reads what stands after a message.
    fn tail_after(&self, sequence: StreamSequence) -> Tail {
        Tail::start(&self.connection, (&self.space, &self.name), sequence, &self.arrivals)
    }
}

impl<S: Storage> Log for JetStreamLog<S> {
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble> {
        self.heard.clear();
        if batch.is_empty() {
            self.settle()?;
            return self.local.append(batch);
        }
        if self.unfit.is_some() {
            self.look(Instant::now() + self.patience)?;
        }
        let (tell, told) = channel();
        let asked = batch.iter().enumerate().map(|(at, proposal)| {
            let tell = tell.clone();
            let answer = move |outcome: Result<&Outcome, Trouble>| _ = tell.send((at, outcome.cloned()));
            (proposal.clone(), Box::new(answer) as Answer)
        });
        self.hand_in(asked.collect());
        let mut outcomes = vec![None; batch.len()];
        let mut missing = batch.len();
        while missing > 0 {
            match self.go_on_beside_servers() {
                // What was handed in ends with its patience.
                Ok(()) | Err(Trouble::Unreachable(_)) => {}
                Err(trouble) => {
                    self.give_up(&trouble);
                    return Err(trouble);
                }
            }
            for (at, outcome) in told.try_iter() {
                outcomes[at] = Some(outcome);
                missing -= 1;
            }
            if missing > 0 {
                self.arrivals.wait(&self.connection, AGAIN);
            }
        }
        self.settle()?;
        outcomes.into_iter().flatten().collect()
    }

    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble> {
        self.heard.clear();
        self.settle()?;
        let extent = self.look(Instant::now() + self.patience)?;
        self.apply_through(extent.last)?;
        let mut last = self.local.last();
        for entry in entries {
            if entry.position != last.next() {
                let what = format!("after entry {last} comes entry {}", entry.position);
                return Err(Trouble::Corrupt(what));
            }
            last = entry.position;
        }
        let mut after = extent.last;
        let mut messages = Vec::new();
        for together in message::together(entries) {
            after = after.next();
            messages.push(Decided { sequence: after, entries: together.to_vec() });
        }
        self.put_back(&messages)?;
        self.apply_through(after)
    }

    fn last(&self) -> Position {
        self.local.last()
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        self.local.tail(after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.heard.clear();
        self.forget(up_to)
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.heard.clear();
        self.settle()?;
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

    fn propose(&mut self, proposals: Vec<(Proposal, Answer)>) {
        self.hand_in(proposals);
    }

    fn under_way(&self) -> usize {
        self.own.len()
    }

    fn is_full(&self) -> bool {
        self.own.is_full()
    }

    fn follow(&mut self, patience: Duration) -> Result<(), Trouble> {
        self.heard.clear();
        let until = Instant::now() + patience;
        loop {
            self.go_on_beside_servers()?;
            let left = until.saturating_duration_since(Instant::now());
            if !self.heard.is_empty() || left.is_zero() {
                return Ok(());
            }
            self.arrivals.wait(&self.connection, left.min(AGAIN));
        }
    }

    fn heard(&self) -> &[Outcome] {
        &self.heard
    }
}
