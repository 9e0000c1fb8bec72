//! What other threads leave for a core: publications and news of its connections, in one order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use websocket_driver::Prepared;

use super::subscriber::Key;
use super::terms::Terms;
use crate::together;

/// How many octets of publications may wait for a core that has not yet offered them to every receiver. What is
/// published beyond that is lost for all of its receivers, and their topic's policy says what that means. A core
/// that is this far behind has been overrun from outside; what its own connections publish waits for its own loop.
pub(crate) const MAX_UNSWEPT: usize = 64 << 20;

/// A connection's place on a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Where its loop finds it.
    pub(crate) index: u32,
    /// The connection's number: a seat is taken again, and news of who had it before is news of nobody.
    pub(crate) id: u64,
}

/// Where a connection lives.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) core: Arc<Core>,
    pub(crate) seat: Seat,
}

/// The part of a core that other threads see.
#[derive(Debug, Default)]
pub(crate) struct Core {
    inbox: Mutex<Inbox>,
    /// The number of the newest publication. It changes under the inbox's lock only.
    sequence: AtomicU64,
}

#[derive(Debug, Default)]
struct Inbox {
    mail: Vec<Mail>,
    /// Octets of publications that were not yet offered to every receiver.
    unswept: usize,
    /// The loop, while it sleeps.
    sleeper: Option<Waker>,
    /// Tasks that wait until less is unswept.
    waiting: Vec<Waker>,
}

/// One thing that a core is told.
#[derive(Debug)]
pub(super) enum Mail {
    Publication {
        topic: u64,
        sequence: u64,
        prepared: Prepared,
        key: Option<Key>,
    },
    /// Publications of this topic were lost, because too much was unswept.
    Overrun {
        topic: u64,
        /// How many.
        lost: u64,
    },
    Subscribe {
        terms: Arc<Terms>,
        seat: Seat,
    },
    Unsubscribe {
        topic: u64,
        seat: Seat,
    },
    /// Something waits in this connection's outbox.
    Attend(Seat),
}

impl Core {
    /// Leaves a publication; false if the core is overrun and the publication lost.
    pub(crate) fn publish(&self, terms: &Terms, prepared: &Prepared, key: Option<&Key>) -> bool {
        let (mut inbox, topic) = (self.lock(), terms.id());
        let fits = inbox.unswept < MAX_UNSWEPT;
        if fits {
            inbox.unswept += prepared.server_frame().len();
            let sequence = self.sequence.load(Ordering::Relaxed) + 1;
            self.sequence.store(sequence, Ordering::Release);
            let (prepared, key) = (prepared.clone(), key.cloned());
            inbox.mail.push(Mail::Publication { topic, sequence, prepared, key });
        } else {
            match inbox.mail.last_mut() {
                Some(Mail::Overrun { topic: last, lost }) if *last == topic => *lost += 1,
                _ => inbox.mail.push(Mail::Overrun { topic, lost: 1 }),
            }
        }
        wake(inbox);
        fits
    }

    pub(crate) fn subscribe(&self, terms: Arc<Terms>, seat: Seat) {
        self.post(Mail::Subscribe { terms, seat });
    }

    pub(crate) fn unsubscribe(&self, terms: &Terms, seat: Seat) {
        self.post(Mail::Unsubscribe { topic: terms.id(), seat });
    }

    /// Something waits in this connection's outbox.
    pub(crate) fn attend(&self, seat: Seat) {
        self.post(Mail::Attend(seat));
    }

    /// The number of the newest publication.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    /// The loop will be woken when there is mail. False if there is some already.
    pub(super) fn sleep(&self, waker: &Waker) -> bool {
        let mut inbox = self.lock();
        match &mut inbox.sleeper {
            Some(sleeper) => sleeper.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        inbox.mail.is_empty()
    }

    /// Octets that were not yet offered to every receiver.
    pub(crate) fn unswept(&self) -> usize {
        self.lock().unswept
    }

    /// Ready when at most `allowed` octets are unswept.
    pub(crate) fn poll_swept(&self, waker: &Waker, allowed: usize) -> Poll<()> {
        let mut inbox = self.lock();
        if inbox.unswept <= allowed {
            return Poll::Ready(());
        }
        if !inbox.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
            inbox.waiting.push(waker.clone());
        }
        Poll::Pending
    }

    /// Gives out the mail, in exchange for an empty list.
    pub(super) fn collect(&self, mail: &mut Vec<Mail>) {
        std::mem::swap(&mut self.lock().mail, mail);
    }

    /// So many octets more were offered to every receiver.
    pub(super) fn swept(&self, octets: usize) {
        let mut inbox = self.lock();
        inbox.unswept -= octets;
        let waiting = std::mem::take(&mut inbox.waiting);
        drop(inbox);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn post(&self, mail: Mail) {
        let mut inbox = self.lock();
        inbox.mail.push(mail);
        wake(inbox);
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        // No code of the user's runs under the lock, so it cannot be left half changed.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut inbox: MutexGuard<'_, Inbox>) {
    if let Some(sleeper) = inbox.sleeper.take() {
        drop(inbox);
        together::wake(sleeper);
    }
}
