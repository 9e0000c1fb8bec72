//! What waits to be written to one connection: filled from anywhere, emptied by the connection alone, bounded.

use std::fmt;
use std::sync::{Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, Waker};

use websocket_driver::{CloseCode, Prepared};

/// Something to be sent.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Frame(Prepared),
    Ping(Vec<u8>),
    Close(CloseCode, String),
}

/// What a connection finds when it looks into its outbox.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) outgoing: Vec<Outgoing>,
    /// The connection fell behind: what waits in the driver is to be thrown away.
    pub(crate) fell_behind: bool,
}

/// Something that holds connections and must let go of one that has ended.
pub(crate) trait Forget: Send + Sync {
    fn forget(&self, id: u64);
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closing or closed.
    Closed,
    /// The connection's queue was full; it is now being closed with 1013.
    FellBehind,
    /// The argument cannot be sent.
    Usage(websocket_driver::UsageError),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed => write!(f, "the connection is closing: nothing more can be sent"),
            SendError::FellBehind => {
                write!(f, "the connection's queue is full: it reads too slowly and is closed with 1013")
            }
            SendError::Usage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SendError {}

pub(crate) struct Outbox {
    limit: usize,
    inner: Mutex<Inner>,
}

struct Inner {
    outgoing: Vec<Outgoing>,
    /// Octets in `outgoing`.
    waiting: usize,
    /// Octets that the connection took and has not written yet.
    backlog: usize,
    fell_behind: bool,
    open: bool,
    /// The connection's task, while it sleeps.
    connection: Option<Waker>,
    /// Tasks that wait for room.
    writers: Vec<Waker>,
    /// Who has to be told of the end.
    holders: Vec<Weak<dyn Forget>>,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        let inner = Inner {
            outgoing: Vec::new(),
            waiting: 0,
            backlog: 0,
            fell_behind: false,
            open: true,
            connection: None,
            writers: Vec::new(),
            holders: Vec::new(),
        };
        Outbox { limit, inner: Mutex::new(inner) }
    }

    /// Adds a frame and says how many octets wait now.
    pub(crate) fn send(&self, frame: Prepared) -> Result<usize, SendError> {
        let mut inner = self.lock();
        if !inner.open {
            return Err(SendError::Closed);
        }
        let result = if inner.queued() >= self.limit {
            // What waits will never be read in time; holding it would only cost memory.
            inner.outgoing = vec![Outgoing::Close(CloseCode::TRY_AGAIN_LATER, "fell behind".to_owned())];
            inner.waiting = 0;
            inner.fell_behind = true;
            inner.open = false;
            Err(SendError::FellBehind)
        } else {
            inner.waiting += frame.server_frame().len();
            inner.outgoing.push(Outgoing::Frame(frame));
            Ok(inner.queued())
        };
        inner.wake_connection();
        result
    }

    /// Adds a ping or a close, which no queue is too full for.
    pub(crate) fn control(&self, outgoing: Outgoing) -> Result<(), SendError> {
        let mut inner = self.lock();
        if !inner.open {
            return Err(SendError::Closed);
        }
        inner.open = !matches!(outgoing, Outgoing::Close(..));
        inner.outgoing.push(outgoing);
        inner.wake_connection();
        Ok(())
    }

    /// Octets that wait to be written.
    pub(crate) fn queued(&self) -> usize {
        self.lock().queued()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().open
    }

    /// Ready when at most half of the limit is used, or nothing can be sent any more.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if !inner.open || inner.queued() <= self.limit / 2 {
            return Poll::Ready(());
        }
        if !inner.writers.iter().any(|waker| waker.will_wake(cx.waker())) {
            inner.writers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// The connection takes everything; `backlog` is what it has not written yet of what it took before.
    pub(crate) fn take(&self, backlog: usize) -> Taken {
        let mut inner = self.lock();
        inner.backlog = backlog + inner.waiting;
        inner.waiting = 0;
        if inner.queued() <= self.limit / 2 {
            inner.wake_writers();
        }
        Taken {
            outgoing: std::mem::take(&mut inner.outgoing),
            fell_behind: std::mem::take(&mut inner.fell_behind),
        }
    }

    /// The connection will be woken when there is something to take. False if there is already.
    pub(crate) fn sleep(&self, connection: &Waker) -> bool {
        let mut inner = self.lock();
        match &mut inner.connection {
            Some(waker) => waker.clone_from(connection),
            none => *none = Some(connection.clone()),
        }
        inner.outgoing.is_empty()
    }

    /// Nothing more can be sent; whoever holds the connection lets go of it.
    pub(crate) fn end(&self, id: u64) {
        let mut inner = self.lock();
        inner.open = false;
        inner.wake_writers();
        let holders = std::mem::take(&mut inner.holders);
        // A holder takes its own lock, and takes ours while holding it: never the other way round.
        drop(inner);
        for holder in holders {
            if let Some(holder) = holder.upgrade() {
                holder.forget(id);
            }
        }
    }

    /// Asks to be told of the end; false if it has come already.
    pub(crate) fn hold(&self, holder: Weak<dyn Forget>) -> bool {
        let mut inner = self.lock();
        if inner.open {
            inner.holders.retain(|other| other.strong_count() > 0);
            if !inner.holders.iter().any(|other| other.ptr_eq(&holder)) {
                inner.holders.push(holder);
            }
        }
        inner.open
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code of the user's runs under the lock, so it cannot be left half changed.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    fn queued(&self) -> usize {
        self.waiting + self.backlog
    }

    fn wake_connection(&mut self) {
        if let Some(waker) = self.connection.take() {
            waker.wake();
        }
    }

    fn wake_writers(&mut self) {
        self.writers.drain(..).for_each(Waker::wake);
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("limit", &self.limit).field("queued", &self.queued()).finish()
    }
}
