//! The loop of one thread: what completed, what woke and what is due become turns of connections, whose output goes
//! out in batches.

mod arrivals;
mod turns;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use super::engine::{Completion, Engine, Outcome};
use super::fanning;
use super::peer::{Peer, Stranger};
use super::slab::Slab;
use super::timers::Timers;
use super::wake::{Inbox, Post, Task};
use super::writing::Writer;
use crate::backend::{Start, Stop};
use crate::listener::Socket;
use crate::worker::{Local, Shared};

/// After so many octets their answers go out, before anything else is looked at: answers to large messages would
/// pile up, and memory that is used again while it is in the cache is an allocator's and a processor's friend.
const MOST_RECEIVED: usize = 16 * 1024;
/// How often it is looked, when the time for stopping is over, whether there are still connections that wait to leave.
const LOOK: Duration = Duration::from_millis(20);

/// Keys that are no connection's: those have an index below the number of file descriptors.
const BELL: u64 = u32::MAX as u64;
const CONTROL: u64 = BELL - 1;
const SWEEP: u64 = BELL - 2;
/// And, counting down, the listeners.
const FIRST_LISTENER: u64 = BELL - 3;

/// Takes connections that the loop does not drive itself.
pub(in crate::backend) type Outside = Box<dyn FnMut(Stranger)>;

/// When there is something to do again, unless a completion comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend) enum Rest {
    /// Now.
    None,
    /// When the bell has rung, or after so long.
    Until(Option<Duration>),
    /// Never: the server has stopped.
    Over,
}

/// Everything that happens on one thread.
pub(in crate::backend) struct Worker<E> {
    pub(in crate::backend) engine: E,
    start: Start,
    inbox: Arc<Inbox>,
    /// Where the bell is heard, if that is for the engine to hear.
    bell: Option<UnixStream>,
    outside: Option<Outside>,
    post: Post,
    /// Where accepted connections go, in turn.
    workers: Vec<Arc<Inbox>>,
    next_worker: usize,
    listeners: Vec<Socket>,
    peers: Slab<Peer>,
    ready: Vec<u64>,
    /// Memory for those that have their turn together.
    batch: Vec<(u64, Peer)>,
    /// Octets that were received since the last turn.
    received: usize,
    timers: Timers,
    local: Shared,
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
    Stopping,
    Over,
}

impl<E: Engine> Worker<E> {
    /// A worker on this thread. The one with `listeners` accepts for all. HTTP/2, and TLS where there is somebody
    /// outside who speaks it, is for the outside.
    pub(in crate::backend) fn new(
        engine: E,
        start: Start,
        inbox: Arc<Inbox>,
        workers: Vec<Arc<Inbox>>,
        listeners: Vec<Socket>,
    ) -> Worker<E> {
        websocket_driver::memory::keep();
        let stopping = start.clone();
        Worker {
            engine,
            local: Local::shared(start.tracker.metrics().clone()),
            start,
            writer: Writer::default(),
            sweep_task: Task::new(&inbox, SWEEP),
            control_task: Task::new(&inbox, CONTROL),
            inbox,
            bell: None,
            outside: None,
            post: Post::default(),
            workers,
            next_worker: 0,
            listeners,
            peers: Slab::new(),
            ready: Vec::new(),
            batch: Vec::new(),
            received: 0,
            timers: Timers::new(Instant::now()),
            control: Box::pin(async move { stopping.stopping().await }),
            stage: Stage::Serving,
        }
    }

    /// The engine hears the bell here.
    pub(in crate::backend) fn with_bell(mut self, bell: UnixStream) -> Self {
        self.engine.receive(bell.as_fd(), BELL);
        self.bell = Some(bell);
        self
    }

    /// Somebody takes what is not driven here.
    pub(in crate::backend) fn with_outside(mut self, outside: Outside) -> Self {
        self.outside = Some(outside);
        self
    }

    /// What is shared with tasks on this thread.
    pub(in crate::backend) fn local(&self) -> &Shared {
        &self.local
    }

    /// Begins to accept.
    pub(in crate::backend) fn begin(&mut self) {
        (0..self.listeners.len()).for_each(|index| self.accept(index));
        self.poll_control();
    }

    /// Does what there is to do, once. What completes is taken in behind it, by
    /// [`complete_all`](Worker::complete_all).
    pub(in crate::backend) fn step(&mut self) -> Rest {
        let mut post = std::mem::take(&mut self.post);
        self.inbox.take(&mut post);
        self.open_post(&mut post);
        self.post = post;
        let now = Instant::now();
        while let Some((key, time)) = self.timers.next(now) {
            self.is_due(key, time, now);
        }
        self.turn(now);
        let has_more = self.sweep(now);
        if self.stage == Stage::Over {
            Rest::Over
        } else if !has_more && self.may_sleep() {
            Rest::Until(self.timers.rest(Instant::now()))
        } else {
            Rest::None
        }
    }

    /// Takes in what has completed by now. What completes meanwhile is for the next time.
    pub(in crate::backend) fn complete_all(&mut self) {
        // What handlers send and publish here must not ring the bell for the thread that they are on.
        self.inbox.wake();
        let now = Instant::now();
        for _ in 0..self.engine.completed() {
            let Worker { engine, peers, listeners, .. } = self;
            let find = |token| {
                let socket = peers.get(token).map(Peer::socket);
                socket.or_else(|| Some(listeners.get(arrivals::listener(token)?)?.as_fd()))
            };
            let Some(completion) = engine.next(find) else { return };
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
        let is_swept = || self.local.borrow().fanout.sleep(&waker);
        self.ready.is_empty() && self.stage != Stage::Over && is_swept() && self.inbox.sleep()
    }

    /// Brings some up to date with their topics. True if there are more.
    fn sweep(&mut self, now: Instant) -> bool {
        let Worker { engine, writer, peers, local, .. } = self;
        let slice = {
            let Local { fanout, seats, .. } = &mut *local.borrow_mut();
            fanning::sweep(engine, writer, fanout, peers, seats, now)
        };
        slice.turns.into_iter().for_each(|key| self.ready(key));
        slice.has_more
    }

    fn open_post(&mut self, post: &mut Post) {
        for arrival in post.connections.drain(..) {
            self.adopt(arrival);
        }
        for resumption in post.resumptions.drain(..) {
            self.resume(resumption);
        }
        for key in post.woken.drain(..) {
            if key == CONTROL { self.poll_control() } else { self.ready(key) }
        }
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
            if self.stage == Stage::Stopping {
                let next = self.cut_off_at().unwrap_or(now).max(now + LOOK);
                self.timers.set(self.timers.count(next), CONTROL);
            }
        } else if let Some(index) = self.listener_at(key) {
            self.accept(index);
        }
    }

    fn complete(&mut self, completion: Completion<E::Buffer>, now: Instant) {
        let Completion { token, outcome, more } = completion;
        match outcome {
            Outcome::Accepted(accepted) => self.accepted(token, accepted, more, now),
            Outcome::Received(_) if token == BELL => {
                if let Some(bell) = self.bell.as_ref().filter(|_| !more) {
                    self.engine.receive(bell.as_fd(), BELL);
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

    /// Looks whether the server stops, and whether it has.
    fn poll_control(&mut self) {
        self.control_task.begin();
        let waker = self.control_task.waker();
        let mut cx = Context::from_waker(&waker);
        while self.stage != Stage::Over {
            if self.stage == Stage::Stopping
                && self.cut_off_at().is_some_and(|deadline| Instant::now() >= deadline)
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
                Stage::Stopping | Stage::Over => self.stage = Stage::Over,
            }
        }
    }

    /// When those who are left are cut off. Not while some wait to leave for another server, which has a time of its own.
    fn cut_off_at(&self) -> Option<Instant> {
        match *self.start.stop.borrow() {
            Stop::By(deadline) if !self.start.tracker.leaving().is_expected() => Some(deadline),
            _ => None,
        }
    }

    fn stop(&mut self) {
        let Stop::By(deadline) = *self.start.stop.borrow() else {
            self.stage = Stage::Over;
            return;
        };
        self.stage = Stage::Stopping;
        self.timers.set(self.timers.count(deadline), CONTROL);
        for (index, listener) in self.listeners.drain(..).enumerate() {
            self.engine.cancel_accept(listener.into(), FIRST_LISTENER - index as u64);
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
