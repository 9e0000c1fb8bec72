//! The log of a chat on NATS JetStream: several nodes, one order, and each node's own durable copy of it.
//!
//! One stream holds one space. A message in it is a proposal in the octets of `parlor-chat`, and its sequence in the
//! stream *is* its [`Position`](parlor_chat::Position) in the log. Every node reads the stream in order and applies it
//! to a log of its own, in SQLite or in memory, so every node comes to the same state, decides alike and can be asked
//! anything without asking others.
//!
//! What is appended is acknowledged by two: by JetStream, when a majority of its servers has it, and by this node's
//! own log, when that has made it durable. So what servers lose that acknowledge before they flush is not lost: it is
//! in the logs of the nodes.
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

mod apply;
mod connection;
mod log;
mod message;
mod options;
mod publish;
mod reach;
mod servers;
mod space;
mod stream;
mod tail;

pub use log::JetStreamLog;
pub use options::{Options, Secret};
