//! Places of the stream whose messages are gone: what stood there is taken from the settled entries.

use std::thread;

use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Position, Trouble};
use tokio::time::Instant;

use super::{AGAIN, JetStreamLog};
use crate::reach::{unusable, waiting};
use crate::{settled, stream};

impl<S: Storage> JetStreamLog<S> {
    /// Looks itself for the message after the last one that is decided, because it does not come. Nothing is under way.
    pub(super) fn probe(&mut self) -> Result<(), Trouble> {
        let next = self.applying.decided().next();
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

    /// Takes settled entries from a place on, as far as they say that they have to be taken, in one step: a node that
    /// ends in the middle of them would decide on the rest without what has been erased.
    pub(super) fn pass_over(&mut self, from: Position) -> Result<(), Trouble> {
        let deadline = Instant::now() + self.patience;
        let mut entries: Vec<Entry> = Vec::new();
        let (mut next, mut until) = (from, from);
        while next <= until {
            let found = self.ask(deadline, || settled::get(&self.connection, &self.space, next))?;
            match found {
                Some(settled) => {
                    until = until.max(settled.until);
                    entries.push(settled.entry);
                    next = next.next();
                }
                None if next == from => return Err(self.nothing_at(from)),
                // Somebody is about to put it there, the highest places first.
                None if Instant::now() < deadline => thread::sleep(AGAIN),
                None => return Err(waiting(format!("the settled entry {next} is missing"))),
            }
        }
        self.take_over(entries)
    }

    pub(super) fn nothing_at(&self, place: Position) -> Trouble {
        unusable(format!(
            "message {place} of the stream {} is erased or trimmed away, and this node has not applied it; start it \
             again, and it goes on with the newest snapshot; if there is none that fits, with an empty data folder",
            self.space.stream()
        ))
    }
}
