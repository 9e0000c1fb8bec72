//! The loop of one ring: what completed, what woke and what is due become turns of connections, whose output goes
//! out in batches.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use super::entry::{Completion, Entry, Outcome};
use super::fanning::{self, Seats};
use super::peer::{Around, Next, Peer};
use super::ring::{BATCH, Ring};
use super::slab::Slab;
use super::speech::Speech;
use super::timers::Timers;
use super::tls::Tls;
use super::wake::{Inbox, Post, Task};
use super::writing::Writer;
use crate::backend::{Start, Stop};
use crate::fanout::Fanout;
use crate::listener::{Arrival, Socket};

/// Buffers to receive into, and the octets in each, for all connections of a ring: one that is idle has none. When
/// all are in use, whoever else has sent something waits for the next turn. What is received in small pieces is
/// acknowledged in small pieces, which costs more than the memory; of that only what was ever filled is resident.
pub(super) const BUFFERS: u16 = 64;
pub(super) const BUFFER_LEN: usize = 32 * 1024;

/// After so many octets their answers go out, before anything else is looked at: answers to large messages would
/// pile up, and the memory for them with it.
const MOST_RECEIVED: usize = 256 * 1024;

/// How long accepting rests after an error, such as a process that has no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Keys that are no connection's: those have an index below the number of file descriptors.
const BELL: u64 = u32::MAX as u64;
const CONTROL: u64 = BELL - 1;
const SWEEP: u64 = BELL - 2;
/// And, counting down, the listeners.
const FIRST_LISTENER: u64 = BELL - 3;

/// Everything that happens on one thread.
pub(super) struct Worker {
    ring: Ring,
    start: Start,
    inbox: Arc<Inbox>,
    bell: UnixStream,
    /// Where accepted connections go, in turn.
    workers: Vec<Arc<Inbox>>,
    next_worker: usize,
    listeners: Vec<Socket>,
    peers: Slab<Peer>,
    ready: Vec<u64>,
    /// Octets that were received since the last turn.
    received: usize,
    timers: Timers,
    fanout: Fanout,
    seats: Seats,
    writer: Writer,
    /// What is woken when there is something to be swept.
    sweep_task: Arc<Task>,
    /// What tells of the stop and of the end behind it.
    control: Pin<Box<dyn Future<Output = ()>>>,
    control_task: Arc<Task>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Serving,
    Stopping(Instant),
    Over,
}

impl Worker {
    /// A worker on this thread. The one with `listeners` accepts for all.
    pub(super) fn new(
        ring: Ring,
        start: Start,
        (inbox, bell): (Arc<Inbox>, UnixStream),
        workers: Vec<Arc<Inbox>>,
        listeners: Vec<Socket>,
    ) -> Worker {
        let stopping = start.clone();
        Worker {
            ring,
            start,
            fanout: Fanout::new(stopping.tracker.metrics().clone()),
            seats: Seats::default(),
            writer: Writer::default(),
            sweep_task: Task::new(&inbox, SWEEP),
            control_task: Task::new(&inbox, CONTROL),
            inbox,
            bell,
            workers,
            next_worker: 0,
            listeners,
            peers: Slab::new(),
            ready: Vec::new(),
            received: 0,
            timers: Timers::new(Instant::now()),
            control: Box::pin(async move { stopping.stopping().await }),
            stage: Stage::Serving,
        }
    }

    /// Serves until the server has stopped.
    ///
    /// # Panics
    ///
    /// When the kernel lets the ring down, after which nothing can be served.
    pub(super) fn run(mut self) {
        self.ring.push(Entry::receive(self.bell.as_fd(), BELL));
        (0..self.listeners.len()).for_each(|index| self.accept(index));
        self.poll_control();
        let mut post = Post::default();
        while self.stage != Stage::Over {
            self.inbox.take(&mut post);
            self.open_post(&mut post);
            let now = Instant::now();
            while let Some((key, time)) = self.timers.next(now) {
                self.is_due(key, time, now);
            }
            self.turn(now);
            let has_more = self.sweep(now);
            let rest = if !has_more && self.may_sleep() {
                self.timers.rest(Instant::now())
            } else {
                Some(Duration::ZERO)
            };
            self.ring.wait(rest).expect("a ring that worked goes on working");
            // What handlers send and publish below must not ring the bell for the thread that they are on.
            self.inbox.wake();
            self.complete_all(Instant::now());
        }
    }

    /// Takes in what has completed by now. What completes meanwhile is for the next time.
    fn complete_all(&mut self, now: Instant) {
        for _ in 0..self.ring.completed() {
            let Some(completion) = self.ring.next() else { return };
            self.complete(completion, now);
            if self.received >= MOST_RECEIVED {
                self.turn(now);
            }
        }
    }

    /// Whether there is nothing to do. From here on whoever has something rings the bell.
    fn may_sleep(&self) -> bool {
        self.sweep_task.begin();
        let waker = self.sweep_task.waker();
        self.ready.is_empty() && self.stage != Stage::Over && self.fanout.sleep(&waker) && self.inbox.sleep()
    }

    /// Brings some up to date with their topics. True if there are more.
    fn sweep(&mut self, now: Instant) -> bool {
        let Worker { ring, writer, fanout, peers, seats, .. } = self;
        let slice = fanning::sweep(ring, writer, fanout, peers, seats, now);
        slice.turns.into_iter().for_each(|key| self.ready(key));
        slice.has_more
    }

    fn open_post(&mut self, post: &mut Post) {
        for arrival in post.connections.drain(..) {
            self.adopt(arrival);
        }
        for key in post.woken.drain(..) {
            if key == CONTROL { self.poll_control() } else { self.ready(key) }
        }
    }

    /// Lets a connection have a turn.
    fn ready(&mut self, key: u64) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if std::mem::replace(&mut peer.is_ready, true) {
            return;
        }
        if let Some(seat) = peer.seat() {
            // What is sent to it from here on is not announced, and the sweep must not overtake it.
            self.fanout.set_busy(seat.index, true);
        }
        self.ready.push(key);
    }

    fn is_due(&mut self, key: u64, time: u64, now: Instant) {
        if let Some(peer) = self.peers.get_mut(key) {
            // Another time was set since.
            if peer.timer == Some(time) {
                peer.timeout(now);
                self.ready(key);
            }
        } else if key == CONTROL {
            self.poll_control();
        } else if let Some(index) = self.listener(key) {
            self.accept(index);
        }
    }

    fn complete(&mut self, completion: Completion, now: Instant) {
        let Completion { token, outcome, more } = completion;
        match outcome {
            Outcome::Accepted(accepted) => self.accepted(token, accepted, more, now),
            Outcome::Received(_) if token == BELL => {
                if !more {
                    self.ring.push(Entry::receive(self.bell.as_fd(), BELL));
                }
            }
            Outcome::Received(received) => {
                let buffer = received.as_ref().ok().and_then(Option::as_ref);
                self.received += buffer.map_or(0, |buffer| buffer.len());
                if let Some(peer) = self.peers.get_mut(token) {
                    peer.received(received, more, now);
                    self.ready(token);
                }
            }
            Outcome::Writable => {
                if let Some(peer) = self.peers.get_mut(token) {
                    peer.unblocked();
                    self.ready(token);
                }
            }
        }
    }

    fn listener(&self, key: u64) -> Option<usize> {
        let index = usize::try_from(FIRST_LISTENER.checked_sub(key)?).ok()?;
        (index < self.listeners.len()).then_some(index)
    }

    fn accept(&mut self, index: usize) {
        self.ring.push(Entry::accept(self.listeners[index].as_fd(), FIRST_LISTENER - index as u64));
    }

    fn accepted(&mut self, token: u64, accepted: io::Result<OwnedFd>, more: bool, now: Instant) {
        // Who comes when nobody listens any more is not served.
        let Some(index) = self.listener(token) else { return };
        let handed_over = accepted.and_then(|stream| {
            let arrival = self.listeners[index].accepted(stream)?;
            arrival.set_nodelay()?;
            let worker = &self.workers[self.next_worker % self.workers.len()];
            self.next_worker = self.next_worker.wrapping_add(1);
            worker.connection(arrival);
            Ok(())
        });
        match handed_over {
            _ if more => {}
            Ok(()) => self.accept(index),
            Err(_) => self.timers.set(self.timers.count(now + ACCEPT_REST), token),
        }
    }

    /// Takes a new connection. One that comes while the server stops is not served.
    fn adopt(&mut self, arrival: Arrival) {
        if self.stage != Stage::Serving {
            return;
        }
        let tls = self.start.tls.as_ref().map(|config| Tls::new(config).map(Box::new)).transpose();
        // It was possible when the server started.
        let Ok(tls) = tls else { return };
        let key = self.peers.insert_with(|key| {
            let task = Task::new(&self.inbox, key);
            let speech = Speech::http(arrival.remote.into(), &self.start, task, Instant::now());
            Peer::new(arrival.stream, speech, tls)
        });
        self.ready(key);
    }

    /// A turn of those that are ready, as many as one batch has room for.
    fn turn(&mut self, now: Instant) {
        self.received = 0;
        if self.ready.is_empty() {
            return;
        }
        let count = self.ready.len().min(BATCH);
        let keys = self.ready.drain(..count);
        let mut batch: Vec<(u64, Peer)> =
            keys.filter_map(|key| self.peers.take(key).map(|peer| (key, peer))).collect();
        batch.iter_mut().for_each(|(_, peer)| peer.advance(now));
        let wrote = self.writer.write(&mut self.ring, &mut batch, &mut self.fanout, now);
        for ((key, mut peer), wrote) in batch.into_iter().zip(wrote) {
            let had_seat = peer.seat().is_some();
            let (ring, plan, fanout) = (&mut self.ring, &mut self.writer.plans[0], &mut self.fanout);
            let next = peer.settle(&mut Around { ring, plan, fanout }, key, wrote, now);
            if next == Next::Close {
                self.close(key, peer);
                continue;
            }
            if let Some(seat) = peer.seat().filter(|_| !had_seat) {
                self.seats.take(seat, key);
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
                self.ready(key);
            }
        }
    }

    fn close(&mut self, key: u64, peer: Peer) {
        if let Some(seat) = peer.seat() {
            self.fanout.leave(seat);
        }
        peer.close(&mut self.ring, key);
        self.peers.remove(key);
    }

    /// Looks whether the server stops, and whether it has.
    fn poll_control(&mut self) {
        self.control_task.begin();
        let waker = self.control_task.waker();
        let mut cx = Context::from_waker(&waker);
        while self.stage != Stage::Over {
            if let Stage::Stopping(deadline) = self.stage
                && Instant::now() >= deadline
            {
                self.start.tracker.give_up();
                self.stage = Stage::Over;
                return;
            }
            if self.control.as_mut().poll(&mut cx).is_pending() {
                return;
            }
            match self.stage {
                Stage::Serving => self.stop(),
                Stage::Stopping(_) | Stage::Over => self.stage = Stage::Over,
            }
        }
    }

    fn stop(&mut self) {
        let Stop::By(deadline) = *self.start.stop.borrow() else {
            self.stage = Stage::Over;
            return;
        };
        self.stage = Stage::Stopping(deadline);
        self.timers.set(self.timers.count(deadline), CONTROL);
        for (index, listener) in self.listeners.drain(..).enumerate() {
            self.ring.push(Entry::cancel_accept(FIRST_LISTENER - index as u64));
            self.ring.push(Entry::close(listener.into()));
        }
        let tracker = self.start.tracker.clone();
        self.control = Box::pin(async move { tracker.idle().await });
        for key in self.peers.keys() {
            if let Some(peer) = self.peers.get_mut(key) {
                peer.stop();
            }
            self.ready(key);
        }
    }
}
