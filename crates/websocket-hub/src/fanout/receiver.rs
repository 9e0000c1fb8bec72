//! What a core knows of each of its connections.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::lane::Form;

/// Whom the sweep tells about what only it knows.
pub(crate) trait Recipient: Send + Sync {
    /// So many octets of its topics were published and are not written yet.
    fn lags(&self, octets: usize);

    /// It lags by more than its topic allows, and is to be closed.
    fn falls_behind(&self);
}

pub(super) struct Receiver {
    pub(super) id: u64,
    pub(super) recipient: Arc<dyn Recipient>,
    pub(super) form: Form,
    /// How far it may lag, in octets.
    pub(super) limit: usize,
    /// Where it is among the subscribers of logs.
    pub(super) subscriptions: Vec<Subscription>,
    /// It has more to write than what is published.
    pub(super) busy: bool,
    /// It hears nothing new any more.
    pub(super) ended: bool,
    pub(super) flow: Flow,
}

impl Receiver {
    pub(super) fn new(id: u64, recipient: Arc<dyn Recipient>, form: Form, limit: usize) -> Self {
        Receiver {
            id,
            recipient,
            form,
            limit,
            subscriptions: Vec::new(),
            busy: false,
            ended: false,
            flow: Flow::Free,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) log: u32,
    pub(super) at: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Free,
    /// Its driver was woken and has not written yet.
    Woken,
    /// Its socket takes no more since then.
    Blocked(Instant),
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("id", &self.id).field("flow", &self.flow).finish_non_exhaustive()
    }
}

/// Places are counted in 32 bits, which saves memory for each connection.
pub(super) fn index(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 of a kind")
}
