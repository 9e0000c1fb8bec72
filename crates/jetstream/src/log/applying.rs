//! Applying what was read: while some of it is being written, the next is decided.

use std::sync::mpsc::{Receiver, Sender, channel};

use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Outcome, Position, Proposal, Trouble};
use tokio::time::Instant;

use super::step::Step;
use super::{JetStreamLog, erasing};
use crate::decided;
use crate::message::Said;

/// Messages that are written in one step at most, so that the first of them does not wait for long.
const STEP: usize = 1_024;

/// What became of a part.
type Told = (u64, Result<Vec<Outcome>, Trouble>);

/// How far the node's own log is.
pub(super) struct Applying {
    tell: Sender<Told>,
    told: Receiver<Told>,
    /// The number of the last part that was given to the log.
    part: u64,
    /// What was written and is not told yet, if there is something.
    ended: Option<Step>,
    /// What is being written, if there is something.
    written: Option<Step>,
    /// What is decided and comes after that.
    decided: Step,
    /// How many messages were in the last step.
    last: usize,
    /// Why something could not be decided or written: how far the log is has to be asked.
    doubt: Option<Trouble>,
}

impl Applying {
    pub(super) fn new(applied: Position) -> Self {
        let (tell, told) = channel();
        let decided = Step::behind(applied, 0);
        Applying { tell, told, part: 0, ended: None, written: None, decided, last: 0, doubt: None }
    }

    /// The last place that is applied, durable and told.
    pub(super) fn applied(&self) -> Position {
        self.ended.as_ref().or(self.written.as_ref()).unwrap_or(&self.decided).after
    }

    /// The last place that is decided.
    pub(super) fn decided(&self) -> Position {
        self.decided.last
    }

    fn is_idle(&self) -> bool {
        self.ended.is_none() && self.written.is_none() && self.decided.len() == 0
    }

    /// Hears what became of parts.
    fn hear(&mut self) {
        while let Ok((part, result)) = self.told.try_recv() {
            let written = self.written.as_mut().filter(|written| part <= written.part);
            match result {
                Ok(outcomes) => written.unwrap_or(&mut self.decided).outcomes.extend(outcomes),
                Err(trouble) => self.doubt = Some(trouble),
            }
        }
    }

    /// Takes out everything that is decided; it ends at a place.
    fn all(&mut self, last: Position) -> Step {
        let mut decided = std::mem::replace(&mut self.decided, Step::behind(last, self.part));
        decided.last = last;
        let Some(mut all) = self.written.take() else { return decided };
        all.last = last;
        all.outcomes.append(&mut decided.outcomes);
        all.origins.append(&mut decided.origins);
        all
    }

    /// Takes note of the end of what was being written, if that has ended.
    fn end_step(&mut self) {
        self.ended = self.written.take_if(|written| written.is_told());
    }
}

impl<S: Storage> JetStreamLog<S> {
    /// Goes on as far as that is possible without waiting: reads, decides, writes and answers.
    pub(super) fn go_on(&mut self) -> Result<(), Trouble> {
        self.read_on();
        self.applying.hear();
        if self.applying.doubt.is_some() {
            return self.settle();
        }
        self.applying.end_step();
        if let Some(ended) = self.applying.ended.take() {
            self.note(&ended);
            self.applying.ended = Some(ended);
        }
        let result = self.decide();
        let has_ended = self.applying.ended.is_some();
        if self.applying.written.is_none() && (has_ended || self.applying.decided.len() > 0) {
            self.write();
        }
        self.conclude_ended();
        result
    }

    /// Reads what has come, as much as there is room for.
    fn read_on(&mut self) {
        while self.unapplied.has_room() {
            let Some(message) = self.tail.next() else { break };
            if message.position > self.applying.decided() {
                self.unapplied.push(message);
                self.came = Instant::now();
            }
        }
    }

    /// Decides on what was read, as much as goes into one step.
    fn decide(&mut self) -> Result<(), Trouble> {
        while self.applying.decided.len() < STEP {
            let decided = self.applying.decided();
            let Some(next) = self.unapplied.after(decided).next() else { break };
            if next.position != decided.next() {
                self.settle()?;
                self.pass_over(decided.next())?;
                continue;
            }
            let (proposals, entries) = self.next_of_one_kind()?;
            if entries.is_empty() {
                self.take(&proposals)?;
            } else {
                self.settle()?;
                self.take_over(entries)?;
            }
        }
        Ok(())
    }

    /// What comes next, as long as it is of one kind: one of the two is empty.
    fn next_of_one_kind(&self) -> Result<(Vec<Proposal>, Vec<Entry>), Trouble> {
        let (mut proposals, mut entries) = (Vec::new(), Vec::new());
        let decided = &self.applying.decided;
        let mut expected = decided.last.next();
        for message in self.unapplied.after(decided.last).take(STEP - decided.len()) {
            if message.position != expected {
                break;
            }
            match message.read(&self.space) {
                Ok(Said::Proposal(proposal)) if entries.is_empty() => proposals.push(proposal),
                Ok(Said::Entry(entry)) if proposals.is_empty() => entries.push(entry),
                Err(trouble) if proposals.is_empty() && entries.is_empty() => return Err(trouble),
                // What stands before it is applied first.
                _ => break,
            }
            expected = expected.next();
        }
        Ok((proposals, entries))
    }

    /// Has the node's own log decide on what comes next.
    fn take(&mut self, proposals: &[Proposal]) -> Result<(), Trouble> {
        let after = self.applying.decided();
        let origins = erasing::origins(proposals, after);
        let last = Position(after.0 + proposals.len() as u64);
        if self.applying.is_idle() && self.applying.last <= 1 && proposals.len() == 1 {
            // With nothing beside it, there is no better thread than this one.
            return self.alone(proposals, Step { after, last, origins, ..Step::default() });
        }
        self.applying.part += 1;
        let number = self.applying.part;
        let (tell, arrivals) = (self.applying.tell.clone(), self.arrivals.clone());
        let told = move |result| {
            // Nobody waits for it if it cannot be told.
            let _ = tell.send((number, result));
            arrivals.tell();
        };
        self.local.take_behind(after, proposals, Box::new(told));
        let decided = &mut self.applying.decided;
        (decided.last, decided.part) = (last, number);
        decided.origins.extend(origins);
        self.applying.hear();
        // Nothing is decided on top of what failed.
        if self.applying.doubt.is_some() { self.settle() } else { Ok(()) }
    }

    /// Decides and writes a step here and now.
    fn alone(&mut self, proposals: &[Proposal], mut step: Step) -> Result<(), Trouble> {
        match self.local.append(proposals) {
            Ok(outcomes) => step.outcomes = outcomes,
            Err(trouble) => {
                self.applying.doubt = Some(trouble);
                return self.settle();
            }
        }
        self.applying.decided = Step::behind(step.last, self.applying.part);
        self.note(&step);
        self.conclude(step.last, step.outcomes);
        Ok(())
    }

    /// Begins to write what is decided. What was being written before has ended.
    fn write(&mut self) {
        self.local.flush();
        let next = Step::behind(self.applying.decided(), self.applying.part);
        let decided = std::mem::replace(&mut self.applying.decided, next);
        self.applying.last = decided.len();
        if decided.len() > 0 {
            self.applying.written = Some(decided);
        }
    }

    /// Takes over entries that come next. Nothing is under way.
    pub(super) fn take_over(&mut self, entries: Vec<Entry>) -> Result<(), Trouble> {
        let after = self.applying.decided();
        let outcomes = match decided::take_over(&mut self.local, entries) {
            Ok(outcomes) => outcomes,
            Err(trouble) => {
                self.applying.doubt = Some(trouble);
                return self.settle();
            }
        };
        let last = self.local.last();
        self.applying.decided = Step::behind(last, self.applying.part);
        let step = Step { after, last, outcomes, ..Step::default() };
        self.note(&step);
        self.conclude(last, step.outcomes);
        Ok(())
    }

    /// Waits until all that is decided is durable and told, or has failed.
    ///
    /// # Errors
    ///
    /// Why something failed. It is decided anew, from where the log ends.
    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        if self.applying.is_idle() && self.applying.doubt.is_none() {
            return Ok(());
        }
        self.conclude_ended();
        let after = self.applying.applied();
        let recovered = self.local.recover();
        self.applying.hear();
        let last = match recovered {
            Ok(last) => last,
            Err(trouble) => {
                self.applying.doubt = Some(trouble.clone());
                return Err(trouble);
            }
        };
        let mut step = self.applying.all(last);
        let doubt = self.applying.doubt.take();
        if doubt.is_some() {
            // Some of it may have been written all the same.
            step.outcomes = self.outcomes(after, step.len())?;
        }
        self.note(&step);
        self.conclude(last, step.outcomes);
        doubt.map_or(Ok(()), Err)
    }

    /// What became of so many proposals after a place, as far as the node's own log says it.
    fn outcomes(&self, after: Position, count: usize) -> Result<Vec<Outcome>, Trouble> {
        let entries = self.local.tail(after, count)?;
        entries.into_iter().map(|entry| decided::outcome(&self.local, entry)).collect()
    }

    /// Answers and tells what became of what was written.
    fn conclude_ended(&mut self) {
        if let Some(ended) = self.applying.ended.take() {
            self.conclude(ended.last, ended.outcomes);
        }
    }

    /// Answers and tells what became of everything up to a place.
    fn conclude(&mut self, last: Position, outcomes: Vec<Outcome>) {
        let mut numbers = Vec::new();
        while let Some(message) = self.unapplied.pop_through(last) {
            numbers.extend(message.own.map(|number| (message.position, number)));
        }
        for outcome in &outcomes {
            let found = numbers.binary_search_by_key(&outcome.position, |(place, _)| *place);
            self.answer(found.ok().map(|at| numbers[at].1), outcome);
        }
        // The log says nothing of some, if it is not sure what was written.
        numbers.into_iter().for_each(|(_, number)| self.answer_unknown(number));
        self.heard.extend(outcomes);
    }
}
