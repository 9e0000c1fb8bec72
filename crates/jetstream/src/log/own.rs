//! What this node has proposed and not answered.
//!
//! Once a proposal is read from the stream, a majority of the servers has it; it is answered when the node's own log
//! has it, too. That the servers acknowledge it says only in which message it has to come.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use parlor_chat::storage::Storage;
use parlor_chat::{Answer, Outcome, Position, Proposal, Trouble};
use tokio::time::Instant;

use super::JetStreamLog;
use crate::layout::StreamSequence;
use crate::proposing::Report;
use crate::queue::Proposed;
use crate::reach::waiting;

/// Proposals that are under way at most before others wait.
const MOST: usize = 4_096;
/// Octets of proposals that are under way at most before others wait.
const MOST_OCTETS: usize = 16 << 20;

/// Proposals of this node, by their numbers.
#[derive(Default)]
pub(super) struct Own {
    waiting: HashMap<u64, Waiting>,
    /// Which of them were acknowledged in these messages.
    placed: BTreeMap<StreamSequence, Vec<u64>>,
    last: u64,
    octets: usize,
}

struct Waiting {
    answer: Answer,
    /// The last message that was applied when it was proposed.
    after: StreamSequence,
    octets: usize,
}

impl Own {
    fn add(&mut self, answer: Answer, after: StreamSequence, octets: usize) -> u64 {
        self.last += 1;
        self.octets += octets;
        self.waiting.insert(self.last, Waiting { answer, after, octets });
        self.last
    }

    /// Takes out the answer of one.
    pub(super) fn take(&mut self, number: u64) -> Option<Answer> {
        let waiting = self.waiting.remove(&number)?;
        self.octets -= waiting.octets;
        Some(waiting.answer)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST || self.octets >= MOST_OCTETS
    }

    /// Answers all of them that nothing is acknowledged.
    pub(super) fn fail(&mut self, trouble: &Trouble) {
        let failed = std::mem::replace(self, Own { last: self.last, ..Own::default() });
        failed.waiting.into_values().for_each(|waiting| (waiting.answer)(Err(trouble.clone())));
    }
}

impl<S: Storage> JetStreamLog<S> {
    /// Hands proposals over to what publishes them.
    pub(super) fn hand_in(&mut self, proposals: Vec<(Proposal, Answer)>) {
        if let Some(unfit) = &self.unfit {
            proposals.into_iter().for_each(|(_, answer)| answer(Err(unfit.clone())));
            return;
        }
        let deadline = Instant::now() + self.patience;
        let after = self.applying.applied().sequence;
        let propose = |(proposal, answer): (Proposal, Answer)| {
            let payload = Bytes::from(proposal.to_octets());
            let number = self.own.add(answer, after, payload.len());
            Proposed { number, by: proposal.by, payload, deadline }
        };
        self.proposing.propose(proposals.into_iter().map(propose).collect());
    }

    /// Takes note of what became of proposals on their way.
    ///
    /// # Errors
    ///
    /// Why one of them is given up, or that the servers have lost something.
    pub(super) fn hear_reports(&mut self) -> Result<(), Trouble> {
        let mut failed = Ok(());
        while let Some(Report { numbers, result }) = self.proposing.report() {
            match result {
                Ok(sequence) => self.acknowledged(numbers, sequence)?,
                Err(trouble) => {
                    for answer in numbers.into_iter().filter_map(|number| self.own.take(number)) {
                        answer(Err(trouble.clone()));
                        failed = Err(trouble.clone());
                    }
                }
            }
        }
        failed
    }

    fn acknowledged(&mut self, numbers: Vec<u64>, sequence: StreamSequence) -> Result<(), Trouble> {
        let mut waiting = numbers.iter().filter_map(|number| self.own.waiting.get(number)).peekable();
        if waiting.peek().is_none() {
            return Ok(());
        }
        if waiting.any(|waiting| sequence <= waiting.after) {
            return Err(self.stop(format!(
                "the stream {} gave message {sequence} again, which this node has applied already: servers have lost \
                 what they acknowledged",
                self.space.stream()
            )));
        }
        self.expect(sequence);
        self.own.placed.insert(sequence, numbers);
        if sequence <= self.applying.applied().sequence {
            // Something else was applied there, or it was not known again.
            self.answer_placed(sequence);
        }
        Ok(())
    }

    /// Answers what was proposed here, by its numbers, of which the first has the place behind one. If the log is not sure what was written, it says nothing of some.
    pub(super) fn answer(&mut self, numbers: &[u64], behind: Position, outcomes: &[Outcome]) {
        for (number, place) in numbers.iter().zip(behind.0 + 1..) {
            let Some(answer) = self.own.take(*number) else { continue };
            match outcomes.binary_search_by_key(&place, |outcome| outcome.position.0) {
                Ok(at) => answer(Ok(&outcomes[at])),
                Err(_) => answer(Err(unknown())),
            }
        }
    }

    /// Answers what was acknowledged in messages up to one, unless it is answered. It is not what was applied there: the
    /// servers have lost it, or it came in a way in which it is not known again.
    pub(super) fn answer_placed(&mut self, up_to: StreamSequence) {
        while let Some(first) = self.own.placed.first_entry().filter(|first| *first.key() <= up_to) {
            let numbers = first.remove();
            self.answer(&numbers, Position(0), &[]);
        }
    }
}

fn unknown() -> Trouble {
    waiting("what became of it is not known, ask again")
}
