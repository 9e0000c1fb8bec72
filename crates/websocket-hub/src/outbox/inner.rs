//! What an outbox holds, under its lock.

use std::task::Waker;

use websocket_driver::CloseCode;

use crate::charge::Charge;
use crate::fanout::Home;
use crate::holders::Holders;
use crate::outgoing::{Item, Outgoing};
use crate::together;

/// The memory that short frames begin with, in octets; it is let go once they are written.
const LEAST_FRAMES: usize = 256;

#[derive(Default)]
pub(super) struct Inner {
    /// Messages that wait to be taken.
    pub(super) messages: u64,
    pub(super) items: Vec<Item>,
    /// Octets in `items`.
    pub(super) waiting: usize,
    /// Octets that the connection took and has not written yet.
    pub(super) backlog: usize,
    /// Octets of its topics that it has not been given, as far as its socket is to blame.
    pub(super) lag: usize,
    pub(super) fell_behind: bool,
    /// Nothing can be sent any more.
    pub(super) closing: bool,
    /// That was made known, and who holds the connection has let go of it.
    pub(super) closed: bool,
    /// The connection looks here before it rests.
    pub(super) is_attended: bool,
    /// The core it lives on, if it is one of ours.
    pub(super) home: Option<Home>,
    /// Who has to be told of the end.
    pub(super) holders: Holders,
    /// What few have, boxed, so that it costs the others nothing.
    pub(super) rare: Option<Box<Rare>>,
}

#[derive(Default)]
pub(super) struct Rare {
    /// What it has been charged for what waits in it and behind it.
    pub(super) charge: Charge,
    /// Messages that will not be taken.
    pub(super) thrown_away: u64,
    /// Its task, while that sleeps, where it lives on no core of ours.
    pub(super) sleeper: Option<Waker>,
    /// Tasks that wait for room.
    pub(super) writers: Vec<Waker>,
}

impl Inner {
    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn queued(&self) -> usize {
        self.waiting + self.backlog + self.lag
    }

    /// Its core, if it is in a topic.
    pub(super) fn hears(&self) -> Option<&Home> {
        self.home.as_ref().filter(|_| !self.holders.is_empty())
    }

    pub(super) fn sequence(&self) -> u64 {
        self.home.as_ref().map_or(0, |home| home.core.sequence())
    }

    pub(super) fn push(&mut self, outgoing: Outgoing) {
        let after = self.sequence();
        self.items.push(Item { after, outgoing });
    }

    /// Frames at the end of the queue.
    pub(super) fn frames(&mut self) -> &mut Vec<u8> {
        let after = self.sequence();
        let is_open = matches!(
            self.items.last(),
            Some(Item { after: last, outgoing: Outgoing::Frames(_) }) if *last == after
        );
        if !is_open {
            self.items.push(Item { after, outgoing: Outgoing::Frames(Vec::with_capacity(LEAST_FRAMES)) });
        }
        match self.items.last_mut() {
            Some(Item { outgoing: Outgoing::Frames(frames), .. }) => frames,
            _ => unreachable!("it was just pushed"),
        }
    }

    pub(super) fn fall_behind(&mut self) {
        // What waits will never be read in time; holding it would only cost memory.
        self.items.clear();
        self.waiting = 0;
        self.rare().thrown_away += std::mem::take(&mut self.messages);
        self.push(Outgoing::Close(CloseCode::TRY_AGAIN_LATER, "fell behind".to_owned()));
        self.fell_behind = true;
        self.closing = true;
        self.announce();
    }

    /// Has the connection look here, unless it is about to.
    pub(super) fn announce(&mut self) {
        if std::mem::replace(&mut self.is_attended, true) {
            return;
        }
        match &self.home {
            Some(home) => home.core.attend(home.seat),
            None => {
                let sleeper = self.rare.as_mut().and_then(|rare| rare.sleeper.take());
                sleeper.into_iter().for_each(together::wake);
            }
        }
    }

    pub(super) fn wake_writers_within(&mut self, octets: usize) {
        if self.queued() <= octets
            && let Some(rare) = &mut self.rare
        {
            rare.writers.drain(..).for_each(Waker::wake);
        }
    }
}
