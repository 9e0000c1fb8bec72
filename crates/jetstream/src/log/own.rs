//! What this node has proposed and not answered.
//!
//! Once a proposal is read from the stream, a majority of the servers has it; it is answered when the node's own log
//! has it, too. That the servers acknowledge it says only at which place it has to come.

use std::collections::HashMap;

use bytes::Bytes;
use parlor_chat::storage::Storage;
use parlor_chat::{Answer, Outcome, Position, Proposal, Trouble};
use tokio::time::Instant;

use super::JetStreamLog;
use crate::proposing::{Proposed, Report};
use crate::reach::waiting;

/// Proposals that are under way at most before others wait.
const MOST: usize = 4_096;
/// Octets of proposals that are under way at most before others wait.
const MOST_OCTETS: usize = 16 << 20;

/// Proposals of this node, by their numbers.
#[derive(Default)]
pub(super) struct Own {
    waiting: HashMap<u64, Waiting>,
    /// Which of them were acknowledged at these places.
    placed: HashMap<Position, u64>,
    last: u64,
    octets: usize,
}

struct Waiting {
    answer: Answer,
    /// The last place that was applied when it was proposed.
    after: Position,
    octets: usize,
    place: Option<Position>,
}

impl Own {
    fn add(&mut self, answer: Answer, after: Position, octets: usize) -> u64 {
        self.last += 1;
        self.octets += octets;
        self.waiting.insert(self.last, Waiting { answer, after, octets, place: None });
        self.last
    }

    /// Takes out the answer of one.
    pub(super) fn take(&mut self, number: u64) -> Option<Answer> {
        let waiting = self.waiting.remove(&number)?;
        self.octets -= waiting.octets;
        if let Some(place) = waiting.place {
            self.placed.remove(&place);
        }
        Some(waiting.answer)
    }

    /// Takes out the answer of the one that was acknowledged at a place.
    pub(super) fn take_at(&mut self, place: Position) -> Option<Answer> {
        self.take(*self.placed.get(&place)?)
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
        let after = self.applying.applied();
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
        while let Some(Report { number, result }) = self.proposing.report() {
            match result {
                Ok(place) => self.acknowledged(number, place)?,
                Err(trouble) => {
                    if let Some(answer) = self.own.take(number) {
                        answer(Err(trouble.clone()));
                        failed = Err(trouble);
                    }
                }
            }
        }
        failed
    }

    fn acknowledged(&mut self, number: u64, place: Position) -> Result<(), Trouble> {
        let Some(waiting) = self.own.waiting.get_mut(&number) else { return Ok(()) };
        if place <= waiting.after {
            return Err(self.stop(format!(
                "the stream {} gave the place {place} again, which this node has applied already: servers have lost \
                 what they acknowledged",
                self.space.stream()
            )));
        }
        waiting.place = Some(place);
        self.own.placed.insert(place, number);
        self.expect(place);
        if place <= self.applying.applied() {
            // Something else was applied there, or it was not known again.
            self.answer_unknown(number);
        }
        Ok(())
    }

    /// Answers one that has its place, unless it is answered: nothing else is known of it.
    pub(super) fn answer_unknown(&mut self, number: u64) {
        if let Some(answer) = self.own.take(number) {
            answer(Err(unknown()));
        }
    }

    /// Answers what was proposed here, by its number. What was acknowledged at a place and is not what was applied there
    /// was lost by the servers, or came in a way in which it is not known again.
    pub(super) fn answer(&mut self, number: Option<u64>, outcome: &Outcome) {
        if let Some(answer) = number.and_then(|number| self.own.take(number)) {
            answer(Ok(outcome));
        } else if let Some(answer) = self.own.take_at(outcome.position) {
            answer(Err(unknown()));
        }
    }
}

fn unknown() -> Trouble {
    waiting("what became of it is not known, ask again")
}
