//! The other nodes of a cluster: who is there, and what they are told of who is here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parlor_chat::Timestamp;
use parlor_jetstream::{Block, Broadcast, Decisions, Roster};

use crate::spending::Spending;

/// The time between two times that others are told what was spent here, and what was decided.
const SUMMARIES: Duration = Duration::from_secs(1);

/// The way to them, and what is known of them.
pub(crate) struct Nodes {
    pub(super) roster: Roster,
    broadcast: Broadcast,
    counts: Arc<Counts>,
    decisions: Decisions,
    /// When others are told next what was spent here, and what was decided.
    summaries_at: Instant,
    number: u64,
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nodes")
    }
}

impl Nodes {
    pub(super) fn new(number: u64, decisions: Decisions, broadcast: Broadcast, counts: Arc<Counts>) -> Self {
        let now = Instant::now();
        let roster = Roster::new(number, Timestamp::now().0, now);
        Nodes { roster, broadcast, counts, decisions, summaries_at: now, number }
    }

    /// What one of them said. What no node says is counted and passed over.
    pub(super) fn hear(&mut self, octets: &[u8]) {
        self.counts.heard.fetch_add(1, Ordering::Relaxed);
        if self.roster.receive(octets).is_err() {
            self.counts.ignore();
        }
        let nodes = u64::try_from(self.roster.nodes()).unwrap_or(u64::MAX);
        self.counts.nodes.store(nodes, Ordering::Relaxed);
    }

    /// Tells whoever runs the server that a node has decided otherwise than this one.
    pub(super) fn tell_differing(&self, node: u64, block: Block) {
        let (first, last) = block.places();
        eprintln!(
            "parlor: the nodes {:016x} (this one) and {node:016x} have decided differently on what stands at {first} to \
             {last} of the log, so people see different things at them; see \"Nodes that differ\" in docs/cluster.md",
            self.number
        );
    }

    /// How long there is nothing to tell, if nothing comes before.
    pub(super) fn patience(&self) -> Duration {
        self.roster.poll_timeout().min(self.summaries_at).saturating_duration_since(Instant::now())
    }

    /// Tells them what is due.
    pub(super) fn tell_due(&mut self, now: Instant, spending: &Spending) {
        if self.summaries_at <= now {
            self.summaries_at = now + SUMMARIES;
            self.roster.spent(spending.take());
            self.roster.decided(self.decisions.take());
        }
        if self.roster.poll_timeout() <= now {
            self.roster.handle_timeout(now);
        }
        let differing = u64::try_from(self.roster.differing()).unwrap_or(u64::MAX);
        self.counts.differing.store(differing, Ordering::Relaxed);
        self.counts.compared.store(self.roster.compared(), Ordering::Relaxed);
        while let Some(octets) = self.roster.poll_transmit() {
            // What is not taken is missed by the others, who ask for everything then.
            self.counts.count_told(self.broadcast.tell(octets));
        }
    }
}

/// What is counted of other nodes.
#[derive(Debug, Default)]
pub(super) struct Counts {
    nodes: AtomicU64,
    differing: AtomicU64,
    compared: AtomicU64,
    told: AtomicU64,
    untold: AtomicU64,
    heard: AtomicU64,
    ignored: AtomicU64,
}

/// What has been counted of other nodes up to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodesSnapshot {
    /// Other nodes that are heard.
    pub(crate) nodes: u64,
    /// Those of them that have decided otherwise than this one.
    pub(crate) differing: u64,
    /// Blocks of places that were compared with what others said of them.
    pub(crate) compared: u64,
    /// Messages to all of them.
    pub(crate) told: u64,
    /// Messages that were dropped, because too many waited to go out.
    pub(crate) untold: u64,
    /// Messages that came, from this node itself, too.
    pub(crate) heard: u64,
    /// Messages that were passed over: no node says such a thing, or too many waited to be read.
    pub(crate) ignored: u64,
}

impl Counts {
    pub(super) fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    fn count_told(&self, is_told: bool) {
        if is_told { &self.told } else { &self.untold }.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> NodesSnapshot {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        NodesSnapshot {
            nodes: of(&self.nodes),
            differing: of(&self.differing),
            compared: of(&self.compared),
            told: of(&self.told),
            untold: of(&self.untold),
            heard: of(&self.heard),
            ignored: of(&self.ignored),
        }
    }
}
