//! Applying what was read: while some of it is being written, the next is decided.

use std::sync::mpsc::{Receiver, Sender, channel};

use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Outcome, Position, Proposal, Trouble};
use tokio::time::Instant;

use super::step::Step;
use super::{JetStreamLog, erasing};
use crate::decided;
use crate::layout::{self, Reach};
use crate::message::Said;

/// Messages that are written in one step at most, so that the first of them does not wait for long.
const STEP: usize = 1_024;

/// What comes next and is of one kind.
#[derive(Default)]
struct Next {
    /// How far each of its messages goes.
    messages: Vec<Reach>,
    proposals: Vec<Proposal>,
    entries: Vec<Entry>,
}

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
    pub(super) fn new(applied: Reach) -> Self {
        let (tell, told) = channel();
        let decided = Step::behind(applied, 0);
        Applying { tell, told, part: 0, ended: None, written: None, decided, last: 0, doubt: None }
    }

    /// How far everything is applied, durable and told.
    pub(super) fn applied(&self) -> Reach {
        self.ended.as_ref().or(self.written.as_ref()).unwrap_or(&self.decided).after
    }

    /// How far it is decided.
    pub(super) fn decided(&self) -> Reach {
        self.decided.last()
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

    /// Takes out everything that is decided, as far as the log goes.
    fn all(&mut self, last: Reach) -> Step {
        let mut all = std::mem::replace(&mut self.decided, Step::behind(last, self.part));
        if let Some(mut written) = self.written.take() {
            written.messages.append(&mut all.messages);
            written.outcomes.append(&mut all.outcomes);
            written.origins.append(&mut all.origins);
            all = written;
        }
        all.cut(last);
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
            if message.sequence > self.applying.decided().sequence {
                self.unapplied.push(message);
                self.came = Instant::now();
            }
        }
    }

    /// Decides on what was read, as much as goes into one step.
    fn decide(&mut self) -> Result<(), Trouble> {
        while self.applying.decided.len() < STEP {
            let decided = self.applying.decided();
            let Some(next) = self.unapplied.after(decided.sequence).next() else { break };
            if next.sequence != decided.sequence.next() {
                self.settle()?;
                self.pass_over(decided.sequence.next())?;
                continue;
            }
            let next = self.next_of_one_kind()?;
            if next.entries.is_empty() {
                self.take(next)?;
            } else {
                self.settle()?;
                self.take_over(&next.messages, next.entries)?;
            }
        }
        Ok(())
    }

    /// What comes next, as long as it is of one kind: there are no proposals or no entries.
    fn next_of_one_kind(&self) -> Result<Next, Trouble> {
        let mut next = Next::default();
        let decided = &self.applying.decided;
        let mut last = decided.last();
        for message in self.unapplied.after(last.sequence) {
            let count = next.proposals.len() + next.entries.len();
            if message.sequence != last.sequence.next() || decided.len() + count >= STEP {
                break;
            }
            match message.read(&self.space, last.position) {
                Ok(Said::Proposals(proposals)) if next.entries.is_empty() => next.proposals.extend(proposals),
                Ok(Said::Entries(entries)) if next.proposals.is_empty() => next.entries.extend(entries),
                Err(trouble) if count == 0 => return Err(trouble),
                // What stands before it is applied first.
                _ => break,
            }
            last = last.after(message.count);
            next.messages.push(last);
        }
        Ok(next)
    }

    /// Has the node's own log decide on what comes next.
    fn take(&mut self, next: Next) -> Result<(), Trouble> {
        let Next { messages, proposals, .. } = next;
        let after = self.applying.decided();
        let marks = layout::marks(after, &messages);
        let origins = erasing::origins(&proposals, after.position);
        if self.applying.is_idle() && self.applying.last <= 1 && proposals.len() == 1 {
            // With nothing beside it, there is no better thread than this one.
            return self.alone(&proposals, Step { after, messages, origins, ..Step::default() });
        }
        self.applying.part += 1;
        let number = self.applying.part;
        let (tell, arrivals) = (self.applying.tell.clone(), self.arrivals.clone());
        let told = move |result| {
            // Nobody waits for it if it cannot be told.
            let _ = tell.send((number, result));
            arrivals.tell();
        };
        self.local.take_behind(after.position, &proposals, &marks, Box::new(told));
        let decided = &mut self.applying.decided;
        decided.part = number;
        decided.messages.extend(messages);
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
        self.applying.decided = Step::behind(step.last(), self.applying.part);
        self.note(&step);
        self.conclude(step);
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

    /// Takes over entries that come next, and stand in so many messages. Nothing is under way.
    pub(super) fn take_over(&mut self, messages: &[Reach], entries: Vec<Entry>) -> Result<(), Trouble> {
        let mut step = Step::behind(self.applying.decided(), self.applying.part);
        step.messages.extend(messages);
        let marks = layout::marks(step.after, messages);
        match decided::take_over(&mut self.local, entries, &marks) {
            Ok(outcomes) => (step.outcomes, step.is_read) = (outcomes, true),
            Err(trouble) => {
                self.applying.doubt = Some(trouble);
                return self.settle();
            }
        }
        self.applying.decided = Step::behind(step.last(), self.applying.part);
        self.note(&step);
        self.conclude(step);
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
        let recovered = self.local.recover().and_then(|_| self.reach());
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
            step.outcomes = self.outcomes(step.after.position, step.len())?;
            step.is_read = true;
        }
        self.note(&step);
        self.conclude(step);
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
            self.conclude(ended);
        }
    }

    /// Answers and tells what became of a step.
    fn conclude(&mut self, step: Step) {
        for (before, Reach { sequence, .. }) in step.each() {
            while let Some(message) = self.unapplied.pop_through(sequence) {
                let outcomes = if message.sequence == sequence { step.outcomes.as_slice() } else { &[] };
                self.answer(&message.own, before, outcomes);
            }
            self.answer_placed(sequence);
        }
        if !step.is_read {
            self.decisions.add(&step.outcomes);
        }
        self.heard.extend(step.outcomes);
    }
}
