//! Messages of the stream that are gone: what stood there is taken from the settled entries.

use std::thread;

use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Trouble};
use tokio::time::Instant;

use super::{AGAIN, JetStreamLog};
use crate::layout::StreamSequence;
use crate::reach::{unusable, waiting};
use crate::{settled, stream};

impl<S: Storage> JetStreamLog<S> {
    /// Looks itself for the message after the last one that is decided, because it does not come. Nothing is under way.
    pub(super) fn probe(&mut self) -> Result<(), Trouble> {
        let next = self.applying.decided().sequence.next();
        let deadline = Instant::now() + self.patience;
        let message =
            self.ask(deadline, || stream::message(&self.connection, &self.space, &self.name, next))?;
        match message {
            Some(message) => {
                self.unapplied.push(message);
                Ok(())
            }
            None => self.pass_over(next),
        }
    }

    /// Takes settled entries from a message on, as far as they say that they have to be taken, in one step: a node that
    /// ends in the middle of them would decide on the rest without what has been erased.
    pub(super) fn pass_over(&mut self, from: StreamSequence) -> Result<(), Trouble> {
        let deadline = Instant::now() + self.patience;
        let mut entries: Vec<Entry> = Vec::new();
        let mut messages = Vec::new();
        let mut last = self.applying.decided();
        let (mut next, mut until) = (from, from);
        while next <= until {
            let found = self.ask(deadline, || settled::get(&self.connection, &self.space, next))?;
            match found {
                Some(settled) => {
                    until = until.max(settled.until);
                    last = last.after(settled.entries.len());
                    messages.push(last);
                    entries.extend(settled.entries);
                    next = next.next();
                }
                None if next == from => return Err(self.nothing_at(from)),
                // Somebody is about to put it there, the highest first.
                None if Instant::now() < deadline => thread::sleep(AGAIN),
                None => return Err(waiting(format!("what became of message {next} is missing"))),
            }
        }
        self.take_over(&messages, entries)
    }

    pub(super) fn nothing_at(&self, sequence: StreamSequence) -> Trouble {
        unusable(format!(
            "message {sequence} of the stream {} is erased or trimmed away, and this node has not applied it; start it \
             again, and it goes on with the newest snapshot; if there is none that fits, with an empty data folder",
            self.space.stream()
        ))
    }
}
