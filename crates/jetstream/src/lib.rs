//! The log of a chat on NATS JetStream: several nodes, one order, and each node's own durable copy of it.
//!
//! One stream holds one space. A message in it holds one proposal or several in the octets of `parlor-chat`: those
//! that waited together. The order of the stream gives each its [`Position`](parlor_chat::Position) in the log. Every node
//! reads the stream in order and applies it to a log of its own, in SQLite or in memory, so every node comes to the same
//! state, decides alike and can be asked anything without asking others.
//!
//! What is appended is acknowledged by two: by JetStream, when a majority of its servers has it, and by this node's
//! own log, when that has made it durable. So what servers lose that acknowledge before they flush is not lost: it is
//! in the logs of the nodes.
//!
//! # Erasing
//!
//! What is erased from a node's log is overwritten in the stream, too, and so is what never got into a log: proposals
//! that were refused, or that came again. But who comes later and decides without what is missing would decide
//! otherwise: a message that is erased cannot be deleted any more. So first all places from the erased one to the newest
//! are put beside the stream as *settled entries*, which are taken as they are, and each says up to where that has to be
//! done. At places up to which there is a snapshot nothing is put: who is new begins behind them.
//!
//! The node whose proposal it was erases within a second ([`Log::scrub`](parlor_chat::log::Log::scrub)); if it does
//! not, the others do after a minute. Where servers are clustered, the copies in their own write-ahead logs last until
//! they compact these, and what a snapshot held is removed with it, not overwritten.
//!
//! # Losing
//!
//! While no server leads, an append waits, and what was sent twice is known by its id. Servers that come back without
//! something that a node has applied are noticed at the next connection: the node takes nothing more, can be read, and
//! [`JetStreamLog::heal`] puts back what is missing in its old order.
//!
//! # Beside the log
//!
//! Who is there and who is writing is not worth keeping. Nodes tell each other ([`JetStreamLog::broadcast`]) what a
//! [`Roster`] has to say, and each comes to the same union.
//!
//! Files are kept in an object store of the servers ([`JetStreamLog::files`]). The log knows nothing of them: who follows it
//! knows which are to be erased.
//!
//! ```no_run
//! use parlor_chat::log::{LocalLog, Log};
//! use parlor_chat::storage::Memory;
//! use parlor_jetstream::{JetStreamLog, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::new("nats://127.0.0.1:4222", "main");
//! let log = JetStreamLog::open(options, Memory::new())?;
//! println!("{} entries", log.last());
//! # Ok(())
//! # }
//! ```

mod alike;
mod arrivals;
mod broadcast;
mod connection;
mod decided;
mod decisions;
mod drawn;
mod files;
mod gate;
mod layout;
mod log;
mod message;
mod options;
mod pieces;
mod proposing;
mod publish;
mod queue;
mod reach;
mod readiness;
mod roster;
mod servers;
mod settled;
mod snapshots;
mod space;
mod stream;
mod tail;
mod watched;

pub use broadcast::{Broadcast, Hear};
pub use decisions::{Block, Decisions};
pub use files::{Leftovers, Listed, SharedFiles};
pub use log::JetStreamLog;
pub use options::{Options, Secret};
pub use readiness::check_readiness;
pub use roster::{Foreign, Heard, Roster, Spent};
