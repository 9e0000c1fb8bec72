//! What all parts of a check share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::counts::Counts;
use super::evidence::Evidence;
use super::expected::Expected;
use super::route::Route;

/// How far the check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Everybody comes, and rooms are opened.
    Gather,
    /// Everybody joins all rooms.
    Join,
    Talk,
    /// Nothing new is said; everything must be acknowledged.
    Settle,
    /// Everybody says up to where they have read.
    Mark,
    /// Everybody reads everything.
    Compare,
    /// Everybody is forgotten.
    Leave,
}

/// What all parts of a check share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) seed: u64,
    pub(super) route: Route,
    pub(super) rate: u32,
    /// Whether several nodes are the server. One may know less than another for a moment.
    pub(super) is_cluster: bool,
    /// What makes the rooms of this check known.
    pub(super) label: String,
    pub(super) phase: watch::Sender<Phase>,
    /// What must be in the rooms, once everybody has said everything.
    pub(super) expected: OnceLock<Vec<Expected>>,
    /// The last places of the rooms, as clients are told at the end.
    pub(super) lasts: Mutex<Vec<u64>>,
    /// Why somebody could not connect the last time.
    pub(super) trouble: Mutex<Option<String>>,
    storm: AtomicBool,
    evidence: Mutex<Evidence>,
    counts: Mutex<Counts>,
}

impl Shared {
    pub(super) fn new(
        seed: u64,
        route: Route,
        rate: u32,
        is_cluster: bool,
        label: String,
        clients: usize,
        rooms: usize,
    ) -> Arc<Self> {
        Arc::new(Shared {
            seed,
            route,
            rate,
            is_cluster,
            label,
            phase: watch::Sender::new(Phase::Gather),
            expected: OnceLock::new(),
            lasts: Mutex::new(vec![0; rooms]),
            trouble: Mutex::default(),
            storm: AtomicBool::new(false),
            evidence: Mutex::new(Evidence::new(clients, rooms)),
            counts: Mutex::default(),
        })
    }

    pub(super) fn evidence(&self) -> MutexGuard<'_, Evidence> {
        lock(&self.evidence)
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.counts());
    }

    pub(super) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Whether the network is bad now.
    pub(super) fn is_stormy(&self) -> bool {
        self.storm.load(Ordering::Relaxed)
    }

    pub(super) fn set_stormy(&self, is_stormy: bool) {
        self.storm.store(is_stormy, Ordering::Relaxed);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
