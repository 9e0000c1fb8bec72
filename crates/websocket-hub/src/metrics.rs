//! What happens on connections, counted: next to nothing per event, and a snapshot at any time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::histogram::{Histogram, Times};
use crate::memory::{Memory, Use};
use crate::read_buffer;

/// Threads count in so many places, so that they do not wait for each other's caches.
const SHARDS: usize = 16;

/// Counts of what happens on the connections of a [`Server`](crate::Server), or of those that are mounted in
/// somebody else's ([`Connections`](crate::Connections)). A clone is another handle of the same counts.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    shards: [Shard; SHARDS],
    endings: Mutex<Endings>,
}

/// What one or a few threads have counted. Aligned to two cache lines, which processors fetch together.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    opened: AtomicU64,
    messages_in: AtomicU64,
    messages_out: AtomicU64,
    octets_in: AtomicU64,
    octets_out: AtomicU64,
    /// By use. The sum over all shards is what is retained; a connection may have counted up here and down there.
    retained: [AtomicI64; Use::COUNT],
    waiting: AtomicI64,
    round_trips: Times,
    waits: Times,
}

/// What happens once in a connection's life.
#[derive(Debug, Default)]
struct Endings {
    closed: BTreeMap<u16, u64>,
    refused: BTreeMap<&'static str, u64>,
    dropped: BTreeMap<&'static str, u64>,
}

/// What was counted up to one moment. Counts of different kinds may differ by what happened meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Connections that have been opened.
    pub opened: u64,
    /// Connections that are over, by close code; 1006 stands for those that were lost.
    pub closed: BTreeMap<u16, u64>,
    /// Handshakes that did not become connections, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Messages that were not delivered, by reason; publications count once for each subscriber that was not given
    /// them. `drop-new`, `drop-old` and `keep-latest` are the [policies](crate::Policy) of topics; `fell-behind` is what
    /// was thrown away with a connection that was closed with 1013 for it, and `closed` what was not yet on its way
    /// when a connection ended otherwise; `overrun` was published faster than a core could take it in.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Whole messages that arrived.
    pub messages_in: u64,
    /// Messages that were sent, publications to each subscriber included.
    pub messages_out: u64,
    /// Octets that were read from sockets.
    pub octets_in: u64,
    /// Octets that were written to sockets.
    pub octets_out: u64,
    /// What memory is held for.
    pub memory: Memory,
    /// Connections whose peers do not take what waits for them.
    pub waiting: u64,
    /// How long such waits were, once they ended: the age that queues reached.
    pub waits: Histogram,
    /// How long pings took to be answered.
    pub round_trips: Histogram,
}

impl Snapshot {
    /// Connections that are open.
    pub fn open(&self) -> u64 {
        self.opened.saturating_sub(self.closed.values().sum())
    }
}

impl Metrics {
    /// What was counted so far.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let (mut retained, mut waiting) = ([0; Use::COUNT], 0);
        for shard in &self.0.shards {
            snapshot.opened += shard.opened.load(Ordering::Relaxed);
            snapshot.messages_in += shard.messages_in.load(Ordering::Relaxed);
            snapshot.messages_out += shard.messages_out.load(Ordering::Relaxed);
            snapshot.octets_in += shard.octets_in.load(Ordering::Relaxed);
            snapshot.octets_out += shard.octets_out.load(Ordering::Relaxed);
            for (sum, part) in retained.iter_mut().zip(&shard.retained) {
                *sum += part.load(Ordering::Relaxed);
            }
            waiting += shard.waiting.load(Ordering::Relaxed);
            shard.waits.add_to(&mut snapshot.waits);
            shard.round_trips.add_to(&mut snapshot.round_trips);
        }
        // Read while it changes, a sum can be below nothing for a moment.
        let retained = |used: Use| u64::try_from(retained[used as usize]).unwrap_or(0);
        snapshot.memory = Memory {
            unfinished: retained(Use::Unfinished),
            windows: retained(Use::Windows),
            queues: retained(Use::Queues),
            topics: retained(Use::Topics),
            buffers: read_buffer::allocated() as u64,
        };
        snapshot.waiting = u64::try_from(waiting).unwrap_or(0);
        let endings = self.endings();
        snapshot.closed.clone_from(&endings.closed);
        snapshot.refused.clone_from(&endings.refused);
        snapshot.dropped.clone_from(&endings.dropped);
        snapshot
    }

    pub(crate) fn opened(&self) {
        self.shard().opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, code: u16) {
        *self.endings().closed.entry(code).or_default() += 1;
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        *self.endings().refused.entry(reason).or_default() += 1;
    }

    pub(crate) fn dropped(&self, reason: &'static str, messages: u64) {
        if messages > 0 {
            *self.endings().dropped.entry(reason).or_default() += messages;
        }
    }

    pub(crate) fn read(&self, octets: u64, messages: u64) {
        let shard = self.shard();
        add(&shard.octets_in, octets);
        add(&shard.messages_in, messages);
    }

    pub(crate) fn wrote(&self, octets: u64, messages: u64) {
        let shard = self.shard();
        add(&shard.octets_out, octets);
        add(&shard.messages_out, messages);
    }

    /// Somebody holds so many octets after having held so many.
    pub(crate) fn retains(&self, used: Use, before: usize, after: usize) {
        let signed = |octets| i64::try_from(octets).unwrap_or(i64::MAX);
        if after != before {
            let change = signed(after) - signed(before);
            self.shard().retained[used as usize].fetch_add(change, Ordering::Relaxed);
        }
    }

    /// A connection's peer does not take what waits for it.
    pub(crate) fn waits(&self) {
        self.shard().waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// A peer has taken what waited for so long, or is gone.
    pub(crate) fn waited(&self, time: Duration) {
        let shard = self.shard();
        shard.waiting.fetch_sub(1, Ordering::Relaxed);
        shard.waits.note(time);
    }

    pub(crate) fn round_trip(&self, time: Duration) {
        self.shard().round_trips.note(time);
    }

    fn shard(&self) -> &Shard {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static SHARD: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        &self.0.shards[SHARD.get()]
    }

    fn endings(&self) -> MutexGuard<'_, Endings> {
        // Each change is a single step, so it is right even behind a panic.
        self.0.endings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing costs nothing.
fn add(count: &AtomicU64, more: u64) {
    if more > 0 {
        count.fetch_add(more, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_the_sum_of_what_all_threads_counted() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        metrics.read(10, 1);
                        metrics.wrote(20, 2);
                        metrics.retains(Use::Windows, 0, 5);
                        metrics.retains(Use::Windows, 5, 1);
                    }
                    metrics.opened();
                    metrics.waits();
                    metrics.waited(Duration::from_millis(3));
                    metrics.round_trip(Duration::from_micros(70));
                    metrics.closed(1000);
                    metrics.refused("origin");
                    metrics.dropped("drop-old", 3);
                });
            }
        });
        metrics.opened();
        metrics.waits();
        let threads = 2 * SHARDS as u64;
        let snapshot = metrics.snapshot();
        assert_eq!((snapshot.opened, snapshot.open(), snapshot.waiting), (threads + 1, 1, 1));
        assert_eq!((snapshot.octets_in, snapshot.messages_in), (10_000 * threads, 1000 * threads));
        assert_eq!((snapshot.octets_out, snapshot.messages_out), (20_000 * threads, 2000 * threads));
        assert_eq!((snapshot.memory.windows, snapshot.memory.retained()), (1000 * threads, 1000 * threads));
        assert_eq!(snapshot.closed, BTreeMap::from([(1000, threads)]));
        assert_eq!(snapshot.refused, BTreeMap::from([("origin", threads)]));
        assert_eq!(snapshot.dropped, BTreeMap::from([("drop-old", 3 * threads)]));
        assert_eq!((snapshot.waits.count(), snapshot.round_trips.count()), (threads, threads));
    }
}
