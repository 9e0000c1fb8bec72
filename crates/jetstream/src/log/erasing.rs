//! Erasing from the stream what must not stay: what was refused, and what was erased from the log.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Action, Entry, Event, Origin, Outcome, Position, Proposal, Trouble, What};
use tokio::time::Instant;

use super::JetStreamLog;
use super::step::Step;
use crate::layout::{Held, StreamSequence};
use crate::settled::Decided;
use crate::{settled, stream};

/// What others have to erase is looked after if they have not done it for so long.
pub(super) const OTHERS: Duration = Duration::from_secs(60);
/// Places that are erased in one step at most, so that nobody who speaks waits for long.
const STEP: usize = 500;
/// Entries that are looked through in one step when a node starts.
const PIECE: usize = 10_000;

/// Where those come from who arrive by these, of which the first stands after a place.
pub(super) fn origins(proposals: &[Proposal], after: Position) -> Vec<(Position, Origin)> {
    let places = (after.next().0..).map(Position);
    let arrivals = places.zip(proposals).filter_map(|(place, proposal)| match &proposal.action {
        Action::Arrive { from, .. } => Some((place, from.clone())),
        _ => None,
    });
    arrivals.collect()
}

/// Whether an arrival keeps less than was proposed: what somebody says to be let in is kept only where that is asked.
fn says_less(event: &Event, origins: &[(Position, Origin)]) -> bool {
    let What::Arrived { ranges, asks, .. } = &event.what else { return false };
    let found = origins.binary_search_by_key(&event.position, |(place, _)| *place);
    found.is_ok_and(|at| origins[at].1.ranges != *ranges || origins[at].1.asks != *asks)
}

impl<S: Storage> JetStreamLog<S> {
    /// Notes what has to be erased from the stream after a step, before anything else is written.
    pub(super) fn note(&mut self, step: &Step) {
        let written = self.written.take();
        let last = step.last().sequence;
        let messages =
            self.unapplied.after(step.after.sequence).take_while(|message| message.sequence <= last);
        let own: HashSet<_> =
            messages.filter(|message| !message.own.is_empty()).map(|message| message.sequence).collect();
        let own: Vec<(Position, Position)> = step
            .each()
            .filter(|(_, message)| own.contains(&message.sequence))
            .map(|(before, message)| (before, message.position))
            .collect();
        let is_own = |place: Position| {
            own.get(own.partition_point(|(_, last)| *last < place)).is_some_and(|(before, _)| *before < place)
        };
        let now = Instant::now();
        let due = |is_own: bool| if is_own { now } else { now + OTHERS };
        let before = written.entries.iter().copied().filter(|position| *position <= step.after.position);
        // What was refused, repeated or changed nothing is in no log.
        let is_kept = |outcome: &&Outcome| match &outcome.event {
            None => false,
            Some(event) => !(written.erases && self.is_erased(outcome) || says_less(event, &step.origins)),
        };
        let gone = step.outcomes.iter().filter(|outcome| !is_kept(outcome)).map(|outcome| outcome.position);
        let before = before.map(|position| (position, due(!own.is_empty())));
        let gone = gone.map(|position| (position, due(is_own(position))));
        let owed: Vec<_> = before.chain(gone).collect();
        self.owed.extend(owed);
    }

    /// Whether something was erased of what just happened, in the same step.
    fn is_erased(&self, outcome: &Outcome) -> bool {
        self.entry(outcome.position).is_ok_and(|entry| entry.is_none_or(|entry| entry.event != outcome.event))
    }

    pub(super) fn entry(&self, position: Position) -> Result<Option<Entry>, Trouble> {
        let entries = self.local.tail(Position(position.0.saturating_sub(1)), 1)?;
        Ok(entries.into_iter().find(|entry| entry.position == position))
    }

    /// Finds what a node that ended too early has left, to be erased after a time: messages behind a place of which the log
    /// has nothing any more.
    pub(super) fn find_owed(&mut self, behind: Position, after_so_long: Duration) -> Result<(), Trouble> {
        let missing = self.connection.wait(stream::missing(&self.connection, &self.space))?;
        let due = Instant::now() + after_so_long;
        let mut after = behind.max(self.place_before(missing.first)?);
        loop {
            let entries = self.local.tail(after, PIECE)?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.position;
            let is_gone = |entry: &Entry| {
                let event = entry.event.as_ref();
                event.is_none_or(|event| event.what == What::Erased)
            };
            for entry in entries.iter().filter(|entry| is_gone(entry)) {
                let sequence = self.held(entry.position)?.sequence;
                if sequence >= missing.first && !missing.behind.contains(&sequence) {
                    self.owed.insert(entry.position, due);
                }
            }
        }
    }

    /// Erases what is due. Returns whether nothing is left to be erased.
    pub(super) fn erase(&mut self) -> Result<bool, Trouble> {
        let now = Instant::now();
        let due: Vec<Position> =
            self.owed.iter().filter(|(_, due)| **due <= now).map(|(place, _)| *place).take(STEP).collect();
        if !due.is_empty() {
            self.erase_at(&due)?;
        }
        due.iter().for_each(|position| _ = self.owed.remove(position));
        Ok(self.owed.is_empty())
    }

    fn erase_at(&mut self, places: &[Position]) -> Result<(), Trouble> {
        let deadline = Instant::now() + self.patience;
        // Up to there nobody is expected to decide any more: who is further behind begins with a snapshot, and who is a
        // little behind finds everything.
        let floor = self.snapshots.get().before.max(self.forgotten);
        let (connection, space) = (&self.connection, &self.space);
        // By the messages that hold them, and whether something was in one that is erased now.
        let mut messages: BTreeMap<StreamSequence, (Held, bool)> = BTreeMap::new();
        for place in places {
            let held = self.held(*place)?;
            // What came before the stream began stands in none of its messages.
            if held.sequence == StreamSequence(0) {
                continue;
            }
            let entry = if held.last > floor { self.entry(*place)? } else { None };
            if entry.is_some() || held.last <= floor {
                let (_, is_rewritten) = messages.entry(held.sequence).or_insert((held, false));
                *is_rewritten |= entry.is_some_and(|entry| entry.event.is_some());
            }
        }
        let (mut decided, mut rewritten) = (Vec::new(), Vec::new());
        for (held, is_rewritten) in messages.values() {
            if held.last <= floor {
                connection.wait(settled::remove(connection, space, held.sequence))?;
            } else if *is_rewritten {
                rewritten.push(*held);
            } else {
                decided.push(self.decided(*held)?);
            }
        }
        // Of these nothing will be erased but in messages that are put anew then.
        connection.wait(settled::put(connection, space, &decided, |sequence| sequence, deadline))?;
        if let Some(first) = rewritten.first() {
            let last = self.reach()?;
            let others = self.not_settled(*first, last.position)?;
            connection.wait(settled::put(connection, space, &others, |_| last.sequence, deadline))?;
            // In their order, because what belongs together is erased from the end on.
            for held in rewritten.iter().rev() {
                let one = [self.decided(*held)?];
                connection.wait(settled::put(connection, space, &one, |_| last.sequence, deadline))?;
            }
            self.settled = Some(match self.settled {
                Some((from, to)) if first.sequence <= to.next() => (from.min(first.sequence), last.sequence),
                _ => (first.sequence, last.sequence),
            });
        }
        connection.wait(async {
            let stream = stream::get(connection, space).await?;
            // If servers do not answer, one waits for that, and not hundreds again and again.
            let mut sequences = messages.keys();
            let Some(first) = sequences.next() else { return Ok(()) };
            settled::erase(&stream, first.0).await?;
            let erased = sequences.map(|sequence| settled::erase(&stream, sequence.0));
            join_all(erased).await.into_iter().collect()
        })
    }

    /// What became of the messages from one up to a place that this node has not settled before.
    fn not_settled(&self, from: Held, to: Position) -> Result<Vec<Decided>, Trouble> {
        let mut found = Vec::new();
        let mut next = from.first;
        while next <= to {
            let held = self.held(next)?;
            next = held.last.next();
            if self.settled.is_none_or(|(first, last)| held.sequence < first || held.sequence > last) {
                found.push(self.decided(held)?);
            }
        }
        Ok(found)
    }
}
