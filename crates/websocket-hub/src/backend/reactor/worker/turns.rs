//! Turns of connections: the app goes on, what there is to say goes out, and what follows is seen to.

use std::rc::Rc;
use std::time::Instant;

use super::super::engine::Engine;
use super::super::peer::{Around, Next, Peer};
use super::super::writing::Writer;
use super::Worker;
use crate::fanout::SLICE;
use crate::worker::{Local, Sitter};

/// How many connections have their turn together.
const BATCH: usize = SLICE;

impl<E: Engine> Worker<E> {
    /// Lets a connection have a turn.
    pub(super) fn ready(&mut self, key: u64) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if std::mem::replace(&mut peer.is_ready, true) {
            return;
        }
        if let Some(seat) = peer.seat() {
            // What is sent to it from here on is not announced, and the sweep must not overtake it.
            self.local.borrow_mut().fanout.set_busy(seat.index, true);
        }
        self.ready.push(key);
    }

    /// A turn of those that are ready, as many as one batch has room for.
    pub(super) fn turn(&mut self, now: Instant) {
        self.received = 0;
        if self.ready.is_empty() {
            return;
        }
        let count = self.ready.len().min(BATCH);
        let mut batch = std::mem::take(&mut self.batch);
        let keys = self.ready.drain(..count);
        batch.extend(keys.filter_map(|key| self.peers.take(key).map(|peer| (key, peer))));
        batch.iter_mut().for_each(|(_, peer)| peer.advance(now));
        let others = self.write(&mut batch, now);
        self.batch = batch;
        for (key, peer, next) in others {
            self.go_on(key, peer, next);
        }
    }

    /// Writes what a batch has to say, puts it back, and says what else is to follow: with the connections that end here, of whose
    /// end their handlers have to be told while the fan-out is not borrowed.
    fn write(&mut self, batch: &mut Vec<(u64, Peer)>, now: Instant) -> Vec<(u64, Option<Peer>, Next)> {
        let mut others = Vec::new();
        let local = Rc::clone(&self.local);
        let Local { fanout, seats, .. } = &mut *local.borrow_mut();
        self.writer.write(&mut self.engine, batch, fanout, now);
        let Writer { writes, plans, .. } = &mut self.writer;
        for ((key, mut peer), wrote) in batch.drain(..).zip(writes.drain(..)) {
            let had_seat = peer.seat().is_some();
            let plan = &mut plans[0];
            let mut around = Around { engine: &mut self.engine, plan, fanout };
            let next = peer.settle(&mut around, key, wrote, now);
            if let Next::Close | Next::Leave | Next::Carry = next {
                if let Some(seat) = peer.seat() {
                    fanout.leave(seat);
                    seats.take(seat, Sitter::Nobody);
                }
                others.push((key, Some(peer), next));
                continue;
            }
            if let Some(seat) = peer.seat().filter(|_| !had_seat) {
                seats.take(seat, Sitter::Looped(key));
            }
            if let Some(deadline) = peer.deadline() {
                let time = self.timers.count(deadline);
                // The deadline moves with every sign of life. A time that comes too early finds nothing due, which
                // is cheaper than moving it each time.
                if peer.timer.is_none_or(|set| time < set) {
                    peer.timer = Some(time);
                    self.timers.set(time, key);
                }
            }
            self.peers.put_back(key, peer);
            if next == Next::Again {
                others.push((key, None, next));
            }
        }
        others
    }

    /// What follows a turn.
    fn go_on(&mut self, key: u64, peer: Option<Peer>, next: Next) {
        match (peer, next) {
            (Some(peer), Next::Leave) => {
                let stranger = peer.leave(&mut self.engine, key);
                self.peers.remove(key);
                if let (Some(outside), Some(stranger)) = (&mut self.outside, stranger) {
                    outside(stranger);
                }
            }
            (Some(peer), Next::Carry) => {
                peer.carry(&mut self.engine, key);
                self.peers.remove(key);
            }
            (Some(peer), _) => {
                peer.close(&mut self.engine, key);
                self.peers.remove(key);
            }
            (None, _) => self.ready(key),
        }
    }
}
