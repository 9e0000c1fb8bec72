//! The publisher: one thread that tells everybody what happened, in the order of the log.
//!
//! It alone writes to the rooms' topics, so what it knows of them needs no lock, and the end of what was read from
//! the data and the beginning of what is published meet without a gap and without a repeat (`tail.rs`). What is not
//! worth keeping, who is there and who is writing, travels through it beside the log.

mod inbox;
mod names;
mod nodes;
mod presence;
mod room;
mod sessions;
mod tail;
mod teller;
mod typing;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parlor_chat::{Chat, Event, Outcome, PersonId, Position, RoomId, Sequence};
use parlor_jetstream::{Broadcast, Decisions, Hear};
use serde_json::value::RawValue;
use websocket_hub::{Topic, WebSocket};

use crate::counters::Counters;
use crate::identity::Signed;
use inbox::Inbox;
pub(crate) use nodes::NodesSnapshot;
use nodes::{Counts, Nodes};
use teller::Teller;

/// Why a connection is closed whose session has ended.
pub(crate) const SIGNED_OUT: &str = "this session has ended; sign in again";

/// How many connections a second come back to a server that has taken the place of theirs.
pub(crate) const RETURN_RATE: u32 = 3_000;

/// Makes a line of people and what they are called.
pub(crate) type PeopleLine = Box<dyn FnOnce(Vec<(PersonId, String)>) -> String + Send>;

/// What the publisher hears.
pub(crate) enum News {
    /// What became of a batch of proposals.
    Batch {
        up_to: Position,
        events: Vec<Event>,
        /// What the events take, about.
        octets: usize,
    },
    /// What to tell one connection, in its order among events.
    Answer {
        ws: WebSocket,
        line: String,
    },
    /// Somebody's connection is there that speaks JSON, with its welcome and the moment of the data that it tells of.
    Came {
        ws: WebSocket,
        signed: Signed,
        welcome: String,
        position: Position,
    },
    /// Somebody's connection is there that speaks plain text.
    CameInText {
        ws: WebSocket,
        person: PersonId,
        name: String,
    },
    /// A connection has ended.
    Went {
        ws: WebSocket,
    },
    Subscribe(Box<Subscription>),
    Unsubscribe {
        ws: WebSocket,
        room: RoomId,
        line: String,
    },
    Typing {
        ws: WebSocket,
        room: RoomId,
        line: String,
    },
    /// Who watches a room: answered by what this makes of it.
    Present {
        ws: WebSocket,
        room: RoomId,
        line: PeopleLine,
    },
    /// This server is a node of a cluster from now on.
    Joined(Box<Nodes>),
    /// What a node of the cluster said.
    Said(Vec<u8>),
    /// This node will end soon.
    Goodbye,
    /// A connection of the server before is there.
    Resumed {
        ws: WebSocket,
        sitting: Sitting,
        /// It knows everything up to this place of the log.
        position: Position,
    },
    /// All of them are there.
    Gathered,
    /// These connections leave for another server, and nobody else is here any more.
    Leave {
        leaving: HashSet<u64>,
        answer: Sender<Departure>,
    },
    /// Everything that was told before this has been heard.
    Heard(Sender<()>),
    Stop,
}

/// Whose a connection is, and what it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sitting {
    pub(crate) signed: Signed,
    pub(crate) rooms: Vec<RoomId>,
}

/// The connections that leave for another server, by their ids. Each was told everything up to one place of the log.
#[derive(Debug, Default)]
pub(crate) struct Departure {
    pub(crate) position: Position,
    pub(crate) seats: HashMap<u64, Sitting>,
}

/// A wish to watch a room, with everything up to one moment of the data.
pub(crate) struct Subscription {
    pub(crate) ws: WebSocket,
    pub(crate) id: Option<Box<RawValue>>,
    pub(crate) room: RoomId,
    /// What happened after the place that the client knows, as lines.
    pub(crate) lines: Vec<String>,
    /// The room's last place at the moment of the data.
    pub(crate) last: Sequence,
    /// The moment of the data.
    pub(crate) position: Position,
    /// Whether the client watches the room no longer; then it is answered and nothing else.
    pub(crate) is_withdrawn: bool,
    /// Reads everything again, if too much happened since.
    pub(crate) again: Box<dyn FnOnce() + Send>,
}

/// A way to tell the publisher something.
#[derive(Clone)]
pub(crate) struct Publisher {
    inbox: Inbox,
    /// What is counted of other nodes, if this is one of a cluster.
    counts: Arc<OnceLock<Arc<Counts>>>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publisher")
    }
}

/// The parts of a publisher that others share.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    /// The lobby in the tutorial's plain text.
    pub(crate) text: Topic,
    /// What everybody is told who speaks JSON.
    pub(crate) everyone: Topic,
}

impl Publisher {
    /// One that keeps what it is told until its thread is [started](Publisher::start).
    pub(crate) fn new() -> Self {
        Publisher { inbox: Inbox::default(), counts: Arc::default() }
    }

    /// Tells something. It never blocks.
    pub(crate) fn tell(&self, news: News) {
        self.inbox.push(news);
    }

    /// Tells something that is taken up with the batch that it belongs to, which is told right after it.
    pub(crate) fn tell_before_batch(&self, news: News) {
        self.inbox.push_quietly(news);
    }

    /// Tells what became of a batch, on the thread of the log; waits while the publisher is far behind.
    pub(crate) fn tell_outcomes(&self, outcomes: &[Outcome]) {
        let Some(last) = outcomes.last() else { return };
        let events = outcomes.iter().filter_map(|outcome| outcome.event.clone()).collect();
        self.inbox.push_batch(last.position, events);
    }

    /// Makes this server a node: it tells the others who is here, and hears who is there. `number` is the same whenever
    /// the node starts; `decisions` are what it has decided; `broadcast` is what they tell each other by.
    pub(crate) fn join(&self, number: u64, decisions: Decisions, broadcast: impl FnOnce(Hear) -> Broadcast) {
        let counts = Arc::clone(self.counts.get_or_init(Arc::default));
        let (inbox, ignored) = (self.inbox.clone(), Arc::clone(&counts));
        let hear = move |octets: &[u8]| {
            if !inbox.push_said(octets) {
                ignored.ignore();
            }
        };
        let broadcast = broadcast(Box::new(hear));
        self.tell(News::Joined(Box::new(Nodes::new(number, decisions, broadcast, counts))));
    }

    /// What is counted of other nodes, if this is one of a cluster.
    pub(crate) fn nodes(&self) -> Option<NodesSnapshot> {
        self.counts.get().map(|counts| counts.snapshot())
    }

    /// Waits until everything was heard that was told before.
    pub(crate) fn wait(&self) {
        let (answer, heard) = mpsc::channel();
        self.tell(News::Heard(answer));
        // It may have ended.
        let _ = heard.recv();
    }

    /// Starts the thread. Where connections of a server before go on, `resumes` is the place of the log that the data began
    /// with here, and they are awaited first.
    pub(crate) fn start(
        &self,
        chat: Arc<Chat>,
        topics: Topics,
        interval: Duration,
        counters: Arc<Counters>,
        resumes: Option<Position>,
    ) -> io::Result<JoinHandle<()>> {
        let published = chat.view(PersonId::SERVER, |view| Ok(view.position()?));
        let published = published.map_err(io::Error::other)?;
        let mut teller = Teller::new(chat, topics, interval, published, counters);
        let inbox = self.inbox.clone();
        let run = move || {
            let run = || {
                let taken = resumes.map(|from| teller.gather(&inbox, from)).unwrap_or_default();
                teller.run(&inbox, taken);
            };
            if catch_unwind(AssertUnwindSafe(run)).is_err() {
                // Nobody would ever be told anything again. What was acknowledged is durable, and whoever starts the
                // server anew has a server.
                eprintln!(
                    "parlor: the publisher failed; the server ends, and nothing that was acknowledged is lost"
                );
                std::process::exit(1);
            }
        };
        std::thread::Builder::new().name("publisher".into()).spawn(run)
    }
}
