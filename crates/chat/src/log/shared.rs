//! A log to which other nodes append, too.

use std::time::Duration;

use super::Log;
use crate::answer::Answer;
use crate::outcome::Outcome;
use crate::proposal::Proposal;
use crate::trouble::Trouble;

/// A log that several nodes share: entries come into it that nobody here has appended.
pub trait SharedLog: Log {
    /// Has `tell` called, on any thread, each time that something may have come which [`SharedLog::follow`] would take
    /// up. It does not block.
    fn on_arrival(&mut self, tell: Box<dyn Fn() + Send + Sync>);

    /// Begins to append proposals, and does not wait for it. Each is answered by a later [`SharedLog::follow`], once it
    /// is durable here and in what is shared, in the order in which they came to stand; nobody's own are turned round.
    ///
    /// An error in the answer says that nothing is acknowledged. The proposal may be in the log all the same, or come
    /// into it; with a key it can be handed in again.
    fn propose(&mut self, proposals: Vec<(Proposal, Answer)>);

    /// How many proposals were handed in and are not answered.
    fn under_way(&self) -> usize;

    /// Whether so much is under way that whatever else there is should wait.
    fn is_full(&self) -> bool;

    /// Takes up what has come, others' and what was proposed here, and waits for it up to `patience` if there is
    /// nothing. [`SharedLog::heard`] says what became of it.
    ///
    /// # Errors
    ///
    /// What was taken up before the error is heard; the rest is taken up later.
    fn follow(&mut self, patience: Duration) -> Result<(), Trouble>;

    /// What became of every proposal that was taken up since the last call that changes something began, in the order
    /// of the log, others' and one's own; with an error of that call, too.
    fn heard(&self) -> &[Outcome];
}
