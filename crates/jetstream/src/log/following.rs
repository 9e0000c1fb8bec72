//! Going on with the stream: what comes is applied, what does not come is asked for.

use std::time::Duration;

use parlor_chat::Trouble;
use parlor_chat::storage::Storage;
use tokio::time::Instant;

use super::{AGAIN, JetStreamLog};
use crate::layout::StreamSequence;
use crate::proposing::Proposing;
use crate::reach::waiting;

/// If what is known to be in the stream does not come for so long, it is asked for: it may be erased.
const PATIENCE: Duration = Duration::from_millis(500);
/// If it does not come for so long, the stream is read anew: the server that sent it may have ended. Longer than beginning to
/// read may take.
const SILENCE: Duration = Duration::from_secs(3);

impl<S: Storage> JetStreamLog<S> {
    /// Goes on as far as that is possible without waiting, and asks the servers what there is to ask.
    pub(super) fn go_on_beside_servers(&mut self) -> Result<(), Trouble> {
        // What fails on the way to the servers is told when everything else is done.
        let reported = self.hear_reports();
        if let Err(trouble) = self.look_if_new() {
            // What was decided before is told all the same.
            self.settle()?;
            return Err(trouble);
        }
        self.go_on_or_say_why()?;
        self.look_for_what_is_missing(PATIENCE)?;
        if self.came.elapsed() >= SILENCE && self.asked.elapsed() >= SILENCE {
            // The last messages may be erased: then nothing comes.
            self.asked = Instant::now();
            self.look(Instant::now())?;
        }
        reported
    }

    /// Goes on. Who waits for an answer is told if that fails again: a disk may be full.
    fn go_on_or_say_why(&mut self) -> Result<(), Trouble> {
        let result = self.go_on();
        match &result {
            Ok(()) => self.failures = 0,
            Err(Trouble::Unreachable(_)) => {}
            Err(trouble) => {
                self.failures += 1;
                if self.failures > 1 {
                    self.own.fail(trouble);
                }
            }
        }
        result
    }

    /// Answers all that was handed in that nothing is acknowledged.
    pub(super) fn give_up(&mut self, trouble: &Trouble) {
        self.own.fail(trouble);
        let looked_at = self.proposing.looked_at();
        self.proposing = Proposing::start(&self.connection, &self.space, &self.name, &self.arrivals);
        self.proposing.look(looked_at);
    }

    /// Something stands in the stream up to this message, or has stood there.
    pub(super) fn expect(&mut self, sequence: StreamSequence) {
        if self.expected <= self.applying.decided().sequence {
            self.came = Instant::now();
        }
        self.expected = self.expected.max(sequence);
    }

    /// Applies what is in the stream up to a message that is known to be there.
    pub(super) fn apply_through(&mut self, target: StreamSequence) -> Result<(), Trouble> {
        self.expect(target);
        let deadline = Instant::now() + self.patience;
        while self.applying.applied().sequence < target {
            let before = self.applying.applied();
            self.go_on()?;
            self.look_for_what_is_missing(AGAIN)?;
            if self.applying.applied() == before {
                if Instant::now() >= deadline {
                    return Err(waiting(format!("message {target} of the stream does not come")));
                }
                self.arrivals.wait(&self.connection, AGAIN);
            }
        }
        Ok(())
    }

    /// Asks for what has to be there and does not come for so long, and reads anew after a longer time.
    fn look_for_what_is_missing(&mut self, patience: Duration) -> Result<(), Trouble> {
        let decided = self.applying.decided().sequence;
        if decided >= self.expected || self.unapplied.after(decided).next().is_some() {
            return Ok(());
        }
        if self.came.elapsed() >= patience && self.probed.elapsed() >= patience {
            self.settle()?;
            self.probed = Instant::now();
            self.probe()?;
            self.go_on()?;
        }
        // That it was found by asking, one by one, is no reason to wait longer for what does not come.
        if self.came.elapsed() >= SILENCE {
            self.tail = self.tail_after(self.applying.decided().sequence);
            self.came = Instant::now();
        }
        Ok(())
    }
}
