//! What a topic is to the cores: a name, and the terms on which it is heard.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::policy::Policy;

/// Shared by a topic and its logs.
#[derive(Debug)]
pub(crate) struct Terms {
    id: u64,
    pub(super) policy: Policy,
    /// Publications that were not written to a subscriber, summed over the subscribers.
    dropped: AtomicU64,
}

impl Terms {
    pub(crate) fn new(policy: Policy) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Terms { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), policy, dropped: AtomicU64::new(0) }
    }

    /// A number that no other topic of this process has or had.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn count_dropped(&self, count: usize) {
        if count > 0 {
            self.dropped.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}
