//! The WebSocket protocol (RFC 6455) as a value: bytes and time in, events, bytes and deadlines out.
//!
//! This crate does no I/O, has no clock, starts no thread and draws no random number, so it runs under any of
//! them: an async runtime, a thread per connection, an event loop of your own, a test with invented time. It
//! has three layers, each usable alone:
//!
//! - [`frame`] reads and writes frame headers; nothing is allocated.
//! - [`Connection`] is the protocol: framing, fragmentation, masking, UTF-8, pings, limits, the close handshake
//!   and its deadlines, for either side. Its documentation says in five steps how to drive it.
//! - [`Driver`] puts the event interface over it: what happens on open, message, close and error.
//!
//! The opening handshake stands beside them in [`handshake`], as functions on [`http`] requests and responses.
//!
//! ```
//! use std::time::Instant;
//! use websocket_driver::{CloseCode, Connection, Driver, Message, Transmit};
//!
//! // An echo server's side of one connection; the bytes come from wherever you read them.
//! let now = Instant::now();
//! let mut driver = Driver::new(Connection::server(Default::default(), now))
//!     .on_message(|ws, message| match message {
//!         Message::Text(_) => ws.send(message).unwrap(),
//!         Message::Binary(_) => ws.close(CloseCode::UNSUPPORTED, "text only", Instant::now()).unwrap(),
//!     })
//!     .on_close(|_, closed| println!("closed with {}", closed.code));
//!
//! driver.open();
//! driver.receive(&mut b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_owned(), now);
//! assert_eq!(driver.poll_transmit(), Some(Transmit::Bytes(b"\x81\x05Hello"[..].into())));
//! ```
//!
//! There are two kinds of error. A [`ProtocolError`] is the peer's: it says what the peer did, which section of
//! the standard forbids it, and which close code goes out. A [`UsageError`] is the caller's. A close is no
//! error but an event.

mod assembly;
mod budget;
mod close;
mod close_code;
mod config;
mod connection;
mod control;
pub mod deflate;
mod error;
mod event;
pub mod frame;
mod handler;
pub mod handshake;
mod input;
pub mod mask;
mod message;
#[cfg(feature = "pair")]
pub mod pair;
mod parts;
mod prepared;
mod queue;
mod receive;
mod receiving;
mod send;
mod sending;
mod signal;
mod split;
mod state;
mod utf8;

pub use budget::Budget;
pub use close::MAX_REASON_LEN;
pub use close_code::CloseCode;
pub use config::Config;
pub use connection::Connection;
pub use error::{ProtocolError, UsageError};
pub use event::{Cause, Closed, Event};
pub use handler::{Driver, Events, Handler, dispatch};
pub use input::Input;
pub use message::{Binary, Kind, Message, Text};
pub use prepared::Prepared;
pub use sending::Transmit;
pub use signal::Signal;
pub use split::{ReceiveHalf, SendHalf};
