//! Places of the stream whose messages are gone: what stood there is taken from the settled entries.

use std::thread;

use parlor_chat::log::Log;
use parlor_chat::storage::Storage;
use parlor_chat::{Entry, Position, Trouble};
use tokio::time::Instant;

use super::{AGAIN, JetStreamLog};
use crate::message::{Delivered, Said};
use crate::reach::{unusable, waiting};
use crate::{apply, settled, stream};

impl<S: Storage> JetStreamLog<S> {
    /// Looks itself for the message after the last one that is applied, because it does not come.
    pub(super) fn probe(&mut self) -> Result<(), Trouble> {
        let next = self.local.last().next();
        let deadline = Instant::now() + self.patience;
        let message = self.ask(deadline, || stream::message(&self.connection, &self.space, next))?;
        match message {
            Some(message) => {
                self.read.push_front(message);
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
        let said = entries.into_iter().map(Said::Entry).collect();
        let result = apply::apply(&mut self.local, said, &mut self.heard);
        // What they erase was erased by others.
        let heard = self.heard.len();
        self.notes_written(heard, from, &[]);
        result
    }

    fn nothing_at(&mut self, place: Position) -> Trouble {
        unusable(format!(
            "message {place} of the stream {} is erased or trimmed away, and this node has not applied it; start it \
             with an empty data folder, and it begins with the newest snapshot",
            self.space.stream()
        ))
    }

    /// The messages that come next, without those that were applied, and up to a gap.
    pub(super) fn next_in_order(&mut self) -> Result<Vec<&Delivered>, Trouble> {
        let applied = self.local.last();
        self.read.retain(|message| message.position > applied);
        if let Some(first) = self.read.front()
            && first.position != applied.next()
        {
            self.pass_over(applied.next())?;
            let applied = self.local.last();
            self.read.retain(|message| message.position > applied);
        }
        let mut expected = self.local.last().next();
        let in_order = self.read.iter().take_while(|message| {
            let is_next = message.position == expected;
            expected = expected.next();
            is_next
        });
        Ok(in_order.collect())
    }
}
