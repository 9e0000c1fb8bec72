//! What became of some proposals is told to the log's thread, whatever happens to whoever was to tell it.

use std::sync::mpsc::Sender;

use crate::outcome::Outcome;
use crate::trouble::Trouble;

/// What became of some proposals, or why nothing did.
pub(super) type Result = std::result::Result<Vec<Outcome>, Trouble>;

/// Tells it once, with the number of the part that it is about.
pub(super) struct ToldOnce {
    number: u64,
    tell: Option<Sender<(u64, Result)>>,
}

impl ToldOnce {
    pub(super) fn new(number: u64, tell: Sender<(u64, Result)>) -> Self {
        ToldOnce { number, tell: Some(tell) }
    }

    pub(super) fn tell(&mut self, result: Result) {
        if let Some(tell) = self.tell.take() {
            // Whoever has ended needs not be told.
            let _ = tell.send((self.number, result));
        }
    }
}

impl Drop for ToldOnce {
    fn drop(&mut self) {
        self.tell(Err(Trouble::Stopped));
    }
}
