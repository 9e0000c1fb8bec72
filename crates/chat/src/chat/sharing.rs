//! The thread of a log that several nodes share: what others append is told together with what was handed in here, in
//! the one order of the log.

use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::{Answer, Asked, Listener, Standing};
use crate::log::{Log, SharedLog};
use crate::proposal::Proposal;
use crate::trouble::Trouble;

type Result<T> = std::result::Result<T, Trouble>;

/// Proposals that are appended at once at most, so that the first of them does not wait for long.
const STEP: usize = 1_024;
/// Octets of texts that are appended at once at most, for the same reason.
const STEP_OCTETS: usize = 4 << 20;
/// How often it is looked for what has come without a sign, and for what is to be erased.
const TICK: Duration = Duration::from_secs(1);

pub(super) struct Sharing<L> {
    log: L,
    listener: Listener,
    standing: Standing,
    asked: Receiver<Asked>,
    /// Octets that wait to be taken up.
    waiting: Arc<AtomicUsize>,
    bell: Arc<Bell>,
    scrubbed: Instant,
    /// Why the last attempt to do something failed.
    trouble: Option<Trouble>,
}

impl<L: SharedLog + 'static> Sharing<L> {
    pub(super) fn new(
        mut log: L,
        (listener, standing): (Listener, Standing),
        asked: Receiver<Asked>,
        waiting: Arc<AtomicUsize>,
        bell: Arc<Bell>,
    ) -> Self {
        let arrivals = Arc::clone(&bell);
        log.on_arrival(Box::new(move || arrivals.ring()));
        Sharing { log, listener, standing, asked, waiting, bell, scrubbed: Instant::now(), trouble: None }
    }

    /// Goes on until nobody can hand in anything any more.
    pub(super) fn run(mut self) -> Box<dyn Log> {
        loop {
            let (proposals, answers, has_ended) = self.gather();
            if !proposals.is_empty() {
                self.append(&proposals, answers);
            } else if has_ended {
                break;
            } else if !self.follow() {
                self.bell.wait(TICK);
            }
            if self.scrubbed.elapsed() >= TICK {
                self.scrub();
            }
        }
        // If servers cannot be reached, nobody waits for them: the next start does it, or another node.
        if self.trouble.is_none() {
            self.scrub();
        }
        Box::new(self.log)
    }

    /// Picks up what waits and has room in one step, and says whether nothing will come any more.
    fn gather(&mut self) -> (Vec<Proposal>, Vec<Answer>, bool) {
        let (mut proposals, mut answers, mut octets) = (Vec::new(), Vec::new(), 0);
        let mut has_ended = false;
        while proposals.len() < STEP && octets < STEP_OCTETS {
            match self.asked.try_recv() {
                Ok(asked) => {
                    octets += asked.octets;
                    proposals.push(asked.proposal);
                    answers.push(asked.answer);
                }
                Err(error) => {
                    has_ended = error == TryRecvError::Disconnected;
                    break;
                }
            }
        }
        self.waiting.fetch_sub(octets, Ordering::Relaxed);
        (proposals, answers, has_ended)
    }

    fn append(&mut self, proposals: &[Proposal], answers: Vec<Answer>) {
        let result = self.log.append(proposals);
        self.stand(&result);
        match result {
            Ok(outcomes) => {
                outcomes.iter().zip(answers).for_each(|(outcome, answer)| answer(Ok(outcome)));
            }
            // They may be in the log still; who hands them in again with their keys is told what became of them.
            Err(trouble) => answers.into_iter().for_each(|answer| answer(Err(trouble.clone()))),
        }
        self.tell();
    }

    /// Takes up what others have appended; returns whether there was anything.
    fn follow(&mut self) -> bool {
        let result = self.log.follow(Duration::ZERO);
        let has_heard = self.tell();
        // That nothing comes says nothing of whether anything would be taken.
        if result.is_err() || has_heard {
            self.stand(&result);
        }
        has_heard
    }

    /// Tells what was taken up.
    fn tell(&mut self) -> bool {
        let heard = self.log.heard();
        if !heard.is_empty() {
            (self.listener)(heard);
        }
        !heard.is_empty()
    }

    fn scrub(&mut self) {
        // What fails now is tried again in a second.
        let result = self.log.scrub();
        if result.is_err() {
            self.stand(&result);
        }
        self.scrubbed = Instant::now();
    }

    /// Says how the log stands, if it stands otherwise than before.
    fn stand<T>(&mut self, result: &Result<T>) {
        let (before, now) = (self.trouble.as_ref().map(discriminant), result.as_ref().err());
        if before != now.map(discriminant) {
            (self.standing)(now.map_or(Ok(()), Err));
        }
        self.trouble = now.cloned();
    }
}
