//! Who is there, over all nodes, who is writing, what was spent of what people may do, and whether all have
//! decided alike: what nodes tell each other beside the log, without I/O.
//!
//! Each node alone says whom it serves: a set of people and the rooms that they watch, whose changes have numbers. The
//! others keep what they heard of each, and who is there is the union, so two nodes never contradict each other. What is
//! lost on the way is noticed by the number that stands in each heartbeat, and the whole set is asked for. A node is
//! known by its *life*, so who was served before a restart is not mistaken for who is served after it.
//!
//! Messages may be lost, doubled and turned round. Time is counted in the node's own heartbeats *as they come back to
//! it*: a node that is cut off hears nothing of itself either, and believes nobody gone.

mod comparison;
mod message;
mod octets;
mod own;
mod part;
mod peer;
mod spent;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use parlor_chat::{PersonId, RoomId};

use crate::decisions::Block;
use comparison::Comparison;
use message::{Life, Message, What};
use octets::Watch;
use own::Own;
use peer::Peer;
pub use spent::Spent;

/// The time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// After so many own heartbeats without a word of it a node is gone: 8 to 10 seconds after its last one.
const SILENT: u64 = 5;
/// For so many own heartbeats the people of a node are kept that has said goodbye, or that has started again: 18 to 20
/// seconds. Clients come back within that time to wherever they are let in.
const GRACE: u64 = 10;
/// The shortest time between two messages about changes.
const PAUSE: Duration = Duration::from_millis(50);
/// The shortest time between two messages about who is writing.
const WRITING: Duration = Duration::from_millis(250);
/// The shortest time between two times that everything is told.
const EVERYTHING: Duration = Duration::from_secs(1);
/// Other nodes that are listened to at most.
const NODES: usize = 256;
/// Watched rooms of all people of one node at most: further ones are not told of.
pub(crate) const WATCHES: usize = 1_000_000;
/// People that one message names at most as writing. Who writes on is named again.
const WRITERS: usize = 2_000;
/// Spenders that one message names at most.
const SPENDERS: usize = 3_600;

/// Octets that no node of this version says, or more than one may say. They are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign;

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these octets are not what a node says")
    }
}

impl std::error::Error for Foreign {}

/// What was heard of another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Somebody watches a room there.
    Came {
        /// Which room.
        room: RoomId,
        /// Who.
        person: PersonId,
        /// The name of who is in no log; only in the lobby.
        guest: Option<String>,
    },
    /// Somebody watches a room there no longer.
    Left {
        /// Which room.
        room: RoomId,
        /// Who.
        person: PersonId,
    },
    /// Somebody is writing there.
    Writes {
        /// In which room.
        room: RoomId,
        /// Who.
        person: PersonId,
    },
    /// Somebody has spent something there.
    Spent(Spent),
    /// A node has decided otherwise than this one; told once of each of its lives.
    Differs {
        /// Which node.
        node: u64,
        /// On what.
        block: Block,
    },
}

/// Who is there, as one node knows it.
///
/// Tell it what happens here ([`Self::enter`], [`Self::leave`], [`Self::writes`]) and what comes ([`Self::receive`]); call
/// [`Self::handle_timeout`] when it is time ([`Self::poll_timeout`]); send everybody what it says
/// ([`Self::poll_transmit`]), and take up what it hears ([`Self::poll_heard`]). What is sent has to come back to it, too.
#[derive(Debug)]
pub struct Roster {
    life: Life,
    own: Own,
    peers: BTreeMap<Life, Peer>,
    /// Who is writing and has not been told of.
    writing: BTreeSet<Watch>,
    /// Somebody has asked for everything.
    wants_all: bool,
    has_left: bool,
    /// How many messages there were about what was spent here.
    spent: u64,
    comparison: Comparison,
    /// The number of the last heartbeat that was sent, and of the last that came back.
    beats: (u64, u64),
    /// How many heartbeats have come back.
    passed: u64,
    next_beat: Instant,
    next_change: Instant,
    next_writing: Instant,
    next_all: Instant,
    outgoing: VecDeque<Vec<u8>>,
    heard: VecDeque<Heard>,
}

impl Roster {
    /// That of a node that starts now. `node` is the same whenever it starts, and `start` a higher number each time.
    pub fn new(node: u64, start: u64, now: Instant) -> Self {
        let mut roster = Roster {
            life: Life { node, start },
            own: Own::default(),
            peers: BTreeMap::new(),
            writing: BTreeSet::new(),
            wants_all: false,
            has_left: false,
            spent: 0,
            comparison: Comparison::default(),
            beats: (0, 0),
            passed: 0,
            next_beat: now,
            next_change: now,
            next_writing: now,
            next_all: now,
            outgoing: VecDeque::new(),
            heard: VecDeque::new(),
        };
        roster.say(What::Ask { of: None });
        roster
    }

    /// A connection here watches a room from now on. `guest` is the name of who is in no log.
    pub fn enter(&mut self, room: RoomId, person: PersonId, guest: Option<&str>) {
        self.own.enter((room, person), guest);
    }

    /// A connection here watches a room no longer.
    pub fn leave(&mut self, room: RoomId, person: PersonId) {
        self.writing.remove(&(room, person));
        self.own.leave((room, person));
    }

    /// Somebody here is writing.
    pub fn writes(&mut self, room: RoomId, person: PersonId) {
        if self.writing.len() < WRITERS {
            self.writing.insert((room, person));
        }
    }

    /// Somebody has said what they were writing.
    pub fn has_said(&mut self, room: RoomId, person: PersonId) {
        self.writing.remove(&(room, person));
    }

    /// So much was spent here since this was called last. The first 3,600 are told, in one message; what is lost of it on the
    /// way is lost.
    pub fn spent(&mut self, mut spent: Vec<Spent>) {
        spent.truncate(SPENDERS);
        if !spent.is_empty() {
            self.spent += 1;
            self.say(What::Spent { number: self.spent, spent });
        }
    }

    /// This node ends: the others keep its people for a while, since they will be somewhere else soon. It says nothing
    /// more.
    pub fn say_goodbye(&mut self) {
        self.say(What::Goodbye);
        self.has_left = true;
    }

    /// What another node said, or this one.
    ///
    /// # Errors
    ///
    /// [`Foreign`] if no node says such a thing, or if they are more than are listened to.
    pub fn receive(&mut self, octets: &[u8]) -> Result<(), Foreign> {
        let Message { from, what } = Message::read(octets)?;
        if from == self.life {
            if let What::Beat { number, .. } = what {
                self.came_back(number);
            }
            return Ok(());
        }
        if from.node == self.life.node && from.start > self.life.start {
            // A folder was copied, and two of us live: this one is somebody else from now on.
            self.life.node = self.life.start;
        }
        if let What::Ask { of } = what
            && of.is_none_or(|of| of == self.life)
        {
            self.wants_all = true;
        }
        if !self.listens_to(from)? {
            return Ok(());
        }
        let Some(peer) = self.peers.get_mut(&from) else { return Ok(()) };
        peer.gone_at = self.passed + SILENT;
        let is_complete = match what {
            What::Beat { version, .. } => {
                // What was asked for has not come: it is asked for again.
                peer.is_asked = false;
                peer.knows(version)
            }
            What::Change { version, left, came } => peer.change(version, &left, came, &mut self.heard)?,
            What::Piece { version, index, pieces, part } => {
                peer.piece((version, index, pieces), part, &mut self.heard)?;
                true
            }
            What::Ask { .. } => true,
            What::Writing { watches } => {
                let writes = |(room, person)| Heard::Writes { room, person };
                self.heard.extend(watches.into_iter().map(writes));
                true
            }
            What::Spent { number, spent } => {
                peer.spent(number, spent, &mut self.heard);
                true
            }
            What::Decided { hashes } => {
                for (block, hash) in hashes {
                    if self.comparison.other(from, block, hash) {
                        self.differs(from, block);
                    }
                }
                return Ok(());
            }
            What::Goodbye => {
                self.has_ended(from);
                return Ok(());
            }
        };
        if !is_complete && !std::mem::replace(&mut peer.is_asked, true) {
            self.say(What::Ask { of: Some(from) });
        }
        Ok(())
    }

    /// When it has something to do, if nothing comes before.
    pub fn poll_timeout(&self) -> Instant {
        let dues = [
            (true, self.next_beat),
            (self.own.has_changed(), self.next_change),
            (!self.writing.is_empty(), self.next_writing),
            (self.wants_all, self.next_all),
        ];
        let due = dues.into_iter().filter(|(is_due, _)| *is_due).map(|(_, at)| at).min();
        due.unwrap_or(self.next_beat)
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let tells_all = self.wants_all && now >= self.next_all;
        if self.own.has_changed() && (tells_all || now >= self.next_change) {
            self.next_change = now + PAUSE;
            self.own.take_changes().into_iter().for_each(|change| self.say(change));
        }
        if tells_all {
            (self.wants_all, self.next_all) = (false, now + EVERYTHING);
            self.own.pieces().into_iter().for_each(|piece| self.say(piece));
        }
        if !self.writing.is_empty() && now >= self.next_writing {
            self.next_writing = now + WRITING;
            let watches = std::mem::take(&mut self.writing).into_iter().collect();
            self.say(What::Writing { watches });
        }
        if now >= self.next_beat {
            self.next_beat = now + HEARTBEAT;
            self.beats.0 += 1;
            self.say(What::Beat { number: self.beats.0, version: self.own.version() });
        }
    }

    /// What to send to everybody next.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// What was heard next.
    pub fn poll_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// Who watches a room at other nodes: once for each of them.
    pub fn people(&self, room: RoomId) -> impl Iterator<Item = PersonId> + '_ {
        self.peers.values().flat_map(move |peer| peer.people(room))
    }

    /// How many other nodes there are.
    pub fn nodes(&self) -> usize {
        self.peers.values().filter(|peer| !peer.has_left).count()
    }

    fn say(&mut self, what: What) {
        if !self.has_left {
            self.outgoing.push_back(Message { from: self.life, what }.to_octets());
        }
    }

    /// A heartbeat of this node came back: so much time has passed for all that it hears.
    fn came_back(&mut self, number: u64) {
        if number <= self.beats.1 {
            return;
        }
        // One at a time: what did not come back in between was not heard of others either.
        self.beats.1 = number;
        self.passed += 1;
        let gone: Vec<Life> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.gone_at <= self.passed)
            .map(|(life, _)| *life)
            .collect();
        for life in gone {
            if let Some(peer) = self.peers.remove(&life) {
                peer.end(&mut self.heard);
            }
        }
    }

    /// Whether who spoke is to be listened to; then they are known from now on.
    fn listens_to(&mut self, life: Life) -> Result<bool, Foreign> {
        let lives = Life { start: 0, ..life }..=Life { start: u64::MAX, ..life };
        let lives: Vec<Life> = self.peers.range(lives).map(|(life, _)| *life).collect();
        // What a life says that is over comes late.
        if lives.last().is_some_and(|last| *last > life) {
            return Ok(false);
        }
        if !self.peers.contains_key(&life) && self.peers.len() >= NODES {
            return Err(Foreign);
        }
        lives.into_iter().filter(|earlier| *earlier < life).for_each(|earlier| self.has_ended(earlier));
        Ok(!self.peers.entry(life).or_default().has_left)
    }

    /// A node has ended, and its people are expected elsewhere.
    fn has_ended(&mut self, life: Life) {
        if let Some(peer) = self.peers.get_mut(&life).filter(|peer| !peer.has_left) {
            (peer.has_left, peer.gone_at) = (true, self.passed + GRACE);
        }
    }
}
