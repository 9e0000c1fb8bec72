//! What waits to be written to one connection alone: filled from anywhere, emptied by the connection, bounded.

mod inner;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use websocket_driver::frame::{Header, OpCode};
use websocket_driver::{CloseCode, Kind, Message, Prepared, memory};

use crate::charge::STEP;
use crate::config::Config;
use crate::fanout::Home;
use crate::holders::Forget;
use crate::metrics::Metrics;
use crate::outgoing::{Outgoing, Queued, Taken};
use crate::send_error::SendError;
use inner::Inner;

/// Shorter frames are copied one behind the other, in octets; longer ones are written from where they are.
const COPY_BELOW: usize = 4096;

/// How many octets of a handler's answers may wait until everything is handled that was read with the question.
const PRESSING: usize = 16 * 1024;

pub(crate) struct Outbox {
    config: Arc<Config>,
    /// Messages are given as they are, because they may have to be compressed.
    compresses: bool,
    metrics: Metrics,
    /// How many octets wait for the connection to take them; the most possible behind which there is a close.
    untaken: AtomicUsize,
    inner: Mutex<Inner>,
}

impl Outbox {
    /// `metrics` are told what it holds.
    pub(crate) fn new(config: Arc<Config>, compresses: bool, metrics: Metrics) -> Self {
        Outbox {
            config,
            compresses,
            metrics,
            untaken: AtomicUsize::new(0),
            inner: Mutex::new(Inner { is_attended: true, ..Inner::default() }),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the connection should not go on without taking what waits.
    pub(crate) fn is_pressing(&self) -> bool {
        self.untaken.load(Ordering::Relaxed) >= PRESSING
    }

    /// Whether there is a close among what waits to be taken.
    pub(crate) fn is_closing(&self) -> bool {
        self.untaken.load(Ordering::Relaxed) == usize::MAX
    }

    /// Whether messages may have to be compressed.
    pub(crate) fn compresses(&self) -> bool {
        self.compresses
    }

    /// The connection lives here from now on.
    pub(crate) fn settle(&self, home: Home) {
        self.lock().home = Some(home);
    }

    /// Adds a message and says how many octets wait now.
    pub(crate) fn send(&self, message: Message<'_>) -> Result<Queued, SendError> {
        if self.compresses {
            return self.send_prepared(&Prepared::new(message));
        }
        let opcode = match message.kind() {
            Kind::Text => OpCode::Text,
            Kind::Binary => OpCode::Binary,
        };
        let header = Header { fin: true, rsv1: false, opcode, mask: None, length: message.len() as u64 };
        let mut octets = [0; Header::MAX_LEN];
        let len = header.write(&mut octets);
        let octets_len = len + message.len();
        if message.len() >= COPY_BELOW {
            let header = Bytes::copy_from_slice(&octets[..len]);
            let payload =
                if message.is_borrowed() { copied(message.as_bytes()) } else { message.into_bytes() };
            return self.add(octets_len, |inner| inner.push(Outgoing::Frame(header, payload)));
        }
        let payload = message.as_bytes();
        self.add(octets_len, |inner| {
            let frames = inner.frames();
            frames.extend_from_slice(&octets[..len]);
            frames.extend_from_slice(payload);
        })
    }

    /// Adds a message that was encoded before.
    pub(crate) fn send_prepared(&self, prepared: &Prepared) -> Result<Queued, SendError> {
        let frame = prepared.server_frame();
        self.add(frame.len(), |inner| {
            if self.compresses || frame.len() >= COPY_BELOW {
                inner.push(Outgoing::Message(prepared.clone()));
            } else {
                inner.frames().extend_from_slice(frame);
            }
        })
    }

    /// Adds so many octets, unless too many wait.
    fn add(&self, octets: usize, add: impl FnOnce(&mut Inner)) -> Result<Queued, SendError> {
        let mut inner = self.lock();
        if inner.closing {
            return Err(SendError::Closed);
        }
        if inner.backlog + inner.waiting >= self.config.queue_limit {
            return Err(self.give_up(&mut inner));
        }
        inner.waiting += octets;
        self.untaken.store(inner.waiting, Ordering::Relaxed);
        inner.messages += 1;
        add(&mut inner);
        if !self.charge(&mut inner) {
            return Err(self.give_up(&mut inner));
        }
        inner.announce();
        Ok(Queued { bytes: inner.queued() })
    }

    /// Adds a ping, which no queue is too full for.
    pub(crate) fn ping(&self, payload: Vec<u8>) -> Result<(), SendError> {
        let mut inner = self.lock();
        if inner.closing {
            return Err(SendError::Closed);
        }
        inner.push(Outgoing::Ping(payload));
        inner.announce();
        Ok(())
    }

    /// Adds what is about the connection's place; says whether it will be taken.
    pub(crate) fn direct(&self, outgoing: Outgoing) -> bool {
        let mut inner = self.lock();
        if !inner.closing {
            inner.push(outgoing);
            inner.announce();
        }
        !inner.closing
    }

    /// Whether nothing waits to be taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Adds a close, behind which nothing can be sent; connection number `id` leaves its topics.
    pub(crate) fn close(&self, code: CloseCode, reason: &str, id: u64) -> Result<(), SendError> {
        let mut inner = self.lock();
        if inner.closing {
            return Err(SendError::Closed);
        }
        inner.push(Outgoing::Close(code, reason.to_owned()));
        inner.closing = true;
        self.untaken.store(usize::MAX, Ordering::Relaxed);
        inner.announce();
        drop(inner);
        self.end(id);
        Ok(())
    }

    /// Throws away what waits and closes with 1013.
    pub(crate) fn fall_behind(&self, id: u64) {
        let mut inner = self.lock();
        if !inner.closing {
            self.give_up(&mut inner);
            drop(inner);
            self.end(id);
        }
    }

    /// Octets that wait to be written, those that a core has not offered yet among them.
    pub(crate) fn queued(&self) -> usize {
        let inner = self.lock();
        let unswept = inner.hears().map_or(0, |home| home.core.unswept());
        inner.queued() + unswept
    }

    /// So many octets of its topics are published and not written.
    pub(crate) fn set_lag(&self, octets: usize) {
        let mut inner = self.lock();
        inner.lag = octets;
        inner.wake_writers_within(self.config.low_water());
    }

    /// So many octets were taken and are not written.
    pub(crate) fn set_backlog(&self, octets: usize) {
        let mut inner = self.lock();
        inner.backlog = octets;
        // What it has taken it may write, however little memory there is.
        self.charge(&mut inner);
        inner.wake_writers_within(self.config.low_water());
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.lock().closed
    }

    /// The number of the newest publication that the connection may have heard.
    pub(crate) fn sequence(&self) -> u64 {
        self.lock().sequence()
    }

    /// Ready when at most so many octets wait, or nothing can be sent any more.
    pub(crate) fn poll_queued_within(&self, cx: &mut Context<'_>, octets: usize) -> Poll<()> {
        let mut inner = self.lock();
        let queued = inner.queued();
        if inner.closing {
            return Poll::Ready(());
        }
        if queued > octets {
            let writers = &mut inner.rare().writers;
            if !writers.iter().any(|waker| waker.will_wake(cx.waker())) {
                writers.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        match inner.hears() {
            Some(home) => home.core.poll_swept(cx.waker(), octets - queued),
            None => Poll::Ready(()),
        }
    }

    /// The connection takes everything; `backlog` is what it has not written yet of what it took before.
    pub(crate) fn take(&self, backlog: usize) -> Taken {
        let mut inner = self.lock();
        inner.is_attended = true;
        inner.backlog = backlog + inner.waiting;
        inner.waiting = 0;
        self.untaken.store(0, Ordering::Relaxed);
        inner.wake_writers_within(self.config.low_water());
        Taken {
            items: std::mem::take(&mut inner.items),
            messages: std::mem::take(&mut inner.messages),
            thrown_away: inner.rare.as_mut().map_or(0, |rare| std::mem::take(&mut rare.thrown_away)),
            fell_behind: std::mem::take(&mut inner.fell_behind),
        }
    }

    /// The connection is about to look here, so that it need not be told of what comes until then.
    pub(crate) fn attend(&self) {
        self.lock().is_attended = true;
    }

    /// The connection will be told when there is something to take: by its core, or `waker` is woken. False if
    /// there is already.
    pub(crate) fn sleep(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        if !inner.items.is_empty() {
            return false;
        }
        inner.is_attended = false;
        if inner.home.is_none() {
            match &mut inner.rare().sleeper {
                Some(sleeper) => sleeper.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        true
    }

    /// Nothing more can be sent; whoever holds the connection lets go of it.
    pub(crate) fn end(&self, id: u64) {
        let mut inner = self.lock();
        inner.closing = true;
        let writers = inner.rare.as_mut().map(|rare| std::mem::take(&mut rare.writers)).unwrap_or_default();
        let holders = std::mem::take(&mut inner.holders);
        // A holder takes its own lock, and takes ours while holding it: never the other way round.
        drop(inner);
        for holder in holders {
            if let Some(holder) = holder.upgrade() {
                holder.forget(id);
            }
        }
        self.lock().closed = true;
        writers.into_iter().for_each(Waker::wake);
    }

    /// Asks to be told of the end, and is told where the connection lives; `None` if the end has come already.
    pub(crate) fn hold(&self, holder: Weak<dyn Forget>) -> Option<Home> {
        let mut inner = self.lock();
        let home = inner.home.clone().filter(|_| !inner.closing)?;
        inner.holders.add(holder);
        Some(home)
    }

    /// Throws away what waits and says goodbye instead.
    fn give_up(&self, inner: &mut Inner) -> SendError {
        self.untaken.store(usize::MAX, Ordering::Relaxed);
        inner.fall_behind();
        self.charge(inner);
        SendError::FellBehind
    }

    /// Lets go of what will never be written, since the connection is gone.
    pub(crate) fn let_go(&self) {
        let mut inner = self.lock();
        (inner.items, inner.waiting, inner.backlog) = (Vec::new(), 0, 0);
        self.charge(&mut inner);
    }

    /// False if it holds more than before, and there is no memory for that.
    fn charge(&self, inner: &mut Inner) -> bool {
        let holds = inner.waiting + inner.backlog;
        if inner.rare.is_none() && holds < STEP {
            return true;
        }
        inner.rare().charge.settle(holds, &self.metrics, self.config.connection.budget.as_deref())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code of the user's runs under the lock, so it cannot be left half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy in memory that is given back when it is written.
fn copied(payload: &[u8]) -> Bytes {
    let mut octets = memory::take(payload.len());
    octets.extend_from_slice(payload);
    octets.into()
}

/// Of a connection that never came to be.
impl Drop for Outbox {
    fn drop(&mut self) {
        self.let_go();
    }
}
