//! The thread of a log that several nodes share: what others append is told together with what was handed in here, in
//! the one order of the log.

use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::{Asked, Listener, Standing};
use crate::log::{Log, SharedLog};
use crate::trouble::Trouble;

type Result<T> = std::result::Result<T, Trouble>;

/// Proposals that are handed to the log at once at most, so that what comes from elsewhere does not wait for long.
const PART: usize = 256;
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

    /// Goes on until nobody can hand in anything any more and everybody is answered.
    pub(super) fn run(mut self) -> Box<dyn Log> {
        loop {
            let (has_proposed, has_ended) = self.propose();
            let has_heard = self.follow();
            if has_ended && self.log.under_way() == 0 {
                break;
            }
            if !has_proposed && !has_heard {
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

    /// Hands what waits to the log, as far as there is room. Returns whether there was anything, and whether nothing will
    /// come any more.
    fn propose(&mut self) -> (bool, bool) {
        let (mut proposals, mut octets) = (Vec::new(), 0);
        let mut has_ended = false;
        while proposals.len() < PART && !self.log.is_full() {
            match self.asked.try_recv() {
                Ok(asked) => {
                    octets += asked.octets;
                    proposals.push((asked.proposal, asked.answer));
                }
                Err(error) => {
                    has_ended = error == TryRecvError::Disconnected;
                    break;
                }
            }
        }
        self.waiting.fetch_sub(octets, Ordering::Relaxed);
        let is_any = !proposals.is_empty();
        if is_any {
            self.log.propose(proposals);
        }
        (is_any, has_ended)
    }

    /// Takes up what has come; returns whether there was anything.
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
        self.tell();
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
