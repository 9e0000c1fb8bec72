//! A log to which other nodes append, too.

use std::time::Duration;

use super::Log;
use crate::outcome::Outcome;
use crate::trouble::Trouble;

/// A log that several nodes share: entries come into it that nobody here has appended.
pub trait SharedLog: Log {
    /// Has `tell` called, on any thread, each time that something may have come which [`SharedLog::follow`] would take
    /// up. It does not block.
    fn on_arrival(&mut self, tell: Box<dyn Fn() + Send + Sync>);

    /// Takes up what others have appended, and waits for it up to `patience` if there is nothing.
    /// [`SharedLog::heard`] says what became of it.
    ///
    /// # Errors
    ///
    /// What was taken up before the error is heard; the rest is taken up later.
    fn follow(&mut self, patience: Duration) -> Result<(), Trouble>;

    /// What became of every proposal that was taken up since the last append or following began, in the order of the
    /// log, others' and one's own; with an error of that call, too.
    fn heard(&self) -> &[Outcome];
}
