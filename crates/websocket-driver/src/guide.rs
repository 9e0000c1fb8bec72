//! The guide: compression, limits, memory, output without copies, two threads, messages in parts, errors, tests. Nothing but
//! documentation; the [crate's page](crate) says how to begin.
//!
//! # Compression
//!
//! permessage-deflate (RFC 7692) is agreed to in the opening handshake and then given to the connection. Without
//! both, messages go out as they are. [`Deflate`] says what a side offers or agrees to, with the cost of each
//! setting; what comes of it is an [`Agreed`].
//!
//! ```
//! use std::time::Instant;
//! use websocket_driver::Connection;
//! use websocket_driver::deflate::Deflate;
//! use websocket_driver::handshake::server;
//!
//! # let request = http::Request::get("/").header("Host", "a").header("Connection", "Upgrade")
//! #     .header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13")
//! #     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
//! #     .header("Sec-WebSocket-Extensions", "permessage-deflate").body(()).unwrap();
//! let options = server::Options { deflate: Some(Deflate::default()), ..Default::default() };
//! let accepted = server::accept(&request, &options).expect("a WebSocket handshake");
//! let connection =
//!     Connection::server(Default::default(), Instant::now()).with_deflate(accepted.deflate);
//! ```
//!
//! A client gives `client::Options` the same field and takes `deflate` from what
//! [`verify`](crate::handshake::client::verify) chose. Messages that are short
//! ([`Deflate::min_len`]) or would not become smaller go out as they are. A [`Prepared`](crate::Prepared) message is
//! compressed once for all receivers. What inflates is held to [`Config::max_message`] while it inflates, so a small
//! message cannot become a large one. Do not compress secrets beside text that an attacker chooses (RFC 7692 §8).
//!
//! # Limits
//!
//! All are in [`Config`], each with its unit, its default and its reason; one `Arc<Config>` serves any number of
//! connections. What happens beyond them:
//!
//! | Limit | Default | Beyond it |
//! | --- | --- | --- |
//! | [`max_frame`](Config::max_frame) | 1 MiB | closes with 1009 when the header arrives |
//! | [`max_message`](Config::max_message) | 1 MiB | closes with 1009, inflated octets counted |
//! | [`max_fragments`](Config::max_fragments) | 131,072 | closes with 1008 |
//! | [`max_retained`](Config::max_retained) | 32 MiB | gives way from a half on; closes with 1009 or 1013 |
//! | [`budget`](Config::budget) | none | the same, for all connections together |
//! | [`ping_interval`](Config::ping_interval) | 20 s | sends a ping |
//! | [`idle_timeout`](Config::idle_timeout) | 45 s | gives the peer up |
//! | [`close_timeout`](Config::close_timeout) | 10 s | gives the close up |
//!
//! # Memory
//!
//! A connection at rest holds no heap of its own but for the windows of compression. Otherwise it holds what of a
//! message has arrived (never what was announced; of memory it may take sixteen times as much, but no more than 1 MiB
//! ahead or as much again, so that growing copies little), and what was sent and not yet taken by
//! [`poll_transmit`](crate::Connection::poll_transmit); [`retained`](crate::Connection::retained) says how much that
//! is in octets, [`queued`](crate::Connection::queued) how much waits to be sent.
//!
//! Nothing else keeps a queue from growing: sending never waits. Whoever sends much looks at `queued`, or leaves it
//! to [`Config::max_retained`], or uses [`discard_queue`](crate::Connection::discard_queue) and closes. A
//! [`Budget`](crate::Budget) limits all connections of a process together; who grows when it is full is closed.
//!
//! # Output without copies
//!
//! [`poll_transmit`](crate::Connection::poll_transmit) hands out bytes that own their memory. A loop over many connections
//! writes them from where they are instead: [`poll_slices`](crate::Connection::poll_slices) puts small frames, one behind
//! the other, and long payloads, as they are, into slices for one vectored write, and
//! [`written`](crate::Connection::written) forgets what the transport has taken. With an
//! [`OutputBuffer`](crate::OutputBuffer) for the thread, [lent](crate::Connection::lend_buffer) to the connection whose
//! turn it is, small frames take no memory at all. The example `event_loop` does it.
//!
//! ```
//! use std::io::{IoSlice, Write};
//! use std::time::Instant;
//! use websocket_driver::{Connection, OutputBuffer, Text, Transmit};
//!
//! let mut connection = Connection::server(Default::default(), Instant::now());
//! let (mut buffer, mut socket) = (OutputBuffer::new(), Vec::new());
//!
//! connection.lend_buffer(&mut buffer);
//! connection.send("a short text is copied")?;
//! connection.send(websocket_driver::Message::Text(Text::from_static("shared text, if it is long, is not")))?;
//! loop {
//!     let mut slices = [IoSlice::new(&[]); 16];
//!     let Some(Transmit::Bytes(slices)) = connection.poll_slices(&mut slices) else { break };
//!     let len = socket.write_vectored(slices)?;
//!     connection.written(len);
//! }
//! connection.return_buffer(&mut buffer);
//! assert_eq!((connection.retained(), socket.len()), (0, 60));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A payload is not copied by a server if it is shared or owned (`String`, `Vec<u8>`, `Bytes`, `Arc<str>`) and has at
//! least 4 KiB, and by a client, which has to mask it, if nobody else has it.
//!
//! # Two threads
//!
//! [`Connection::split`](crate::Connection::split) makes a half that receives and one that sends, each with its own
//! deadlines, neither with a lock. What one has to know of the other, it is told by [`Signal`](crate::Signal)s, which
//! you carry by any channel, in order:
//!
//! ```
//! use std::time::Instant;
//! use websocket_driver::{Connection, Input};
//!
//! let now = Instant::now();
//! let (mut receive, mut send) = Connection::server(Default::default(), now).split();
//!
//! // On the reading thread: a ping arrives.
//! let mut octets = *b"\x89\x80\0\0\0\0";
//! let mut input = Input::new(&mut octets);
//! while let Some(_event) = receive.receive(&mut input, now) {}
//! let mut channel = Vec::new();
//! while let Some(signal) = receive.poll_signal() {
//!     channel.push(signal);
//! }
//!
//! // On the writing thread: what comes out of the channel; then it transmits.
//! for signal in channel {
//!     send.handle_signal(signal, now);
//! }
//! assert!(send.wants_transmit());
//! // Back the same way: `send.poll_signal()` and `receive.handle_signal(..)`.
//! ```
//!
//! A thread is done when its half's `is_finished` is true. Keep both timers, and carry signals after everything that
//! is done with either half, a timer too, and before what it transmits is written: else the answer to a close may
//! come before the reading thread knows of the close, and count as the peer's. The writing thread must wake up for a signal, because pongs and answers to
//! a close come that way; the reading thread may take its signals when it has read, or its deadline has passed:
//! set the socket's read timeout by its `poll_timeout`, as in step 4 of the [crate's page](crate).
//!
//! # Messages in parts
//!
//! With [`Config::deliver_parts`], messages are told as [`Event::Part`](crate::Event::Part) while they arrive, so one
//! of any length needs no memory of its length. Text is cut between code points, and all limits hold.
//!
//! ```
//! use std::time::Instant;
//! use websocket_driver::{Config, Connection, Driver};
//!
//! let config = Config { deliver_parts: true, max_message: u64::MAX, max_frame: u64::MAX, ..Config::default() };
//! let mut octets_so_far = 0;
//! let driver = Driver::new(Connection::server(config.into(), Instant::now()))
//!     .on_part(move |_ws, part, last| {
//!         octets_so_far += part.len();
//!         if last {
//!             println!("{octets_so_far} octets");
//!             octets_so_far = 0;
//!         }
//!     });
//! ```
//!
//! Sent in parts, a message goes out before it is there as a whole: with
//! [`send_part`](crate::Connection::send_part) in a frame for each part, or, if its length is known, in one frame
//! that is [announced](crate::Connection::announce):
//!
//! ```
//! # use std::time::Instant;
//! # use websocket_driver::{Connection, Kind, UsageError};
//! # let mut connection = Connection::server(Default::default(), Instant::now());
//! connection.send_part("a message of ", false)?;
//! assert_eq!(connection.send("another"), Err(UsageError::MessageUnfinished));
//! connection.send_part("two frames", true)?;
//!
//! connection.announce(Kind::Binary, 6)?;
//! connection.send_part(&b"one "[..], false)?;
//! connection.send_part(&b"fr"[..], true)?;
//! # Ok::<(), UsageError>(())
//! ```
//!
//! Between parts pings and pongs go out by themselves, but not within an announced frame: announce only what you can
//! send without delay.
//!
//! # Errors
//!
//! - A [`ProtocolError`](crate::ProtocolError) is the peer's. It comes as [`Event::Error`](crate::Event::Error); the
//!   close frame with its [code](crate::ProtocolError::close_code) is queued already, and
//!   [`Event::Closed`](crate::Event::Closed) follows. There is nothing to do but to log it, with its
//!   [section](crate::ProtocolError::section) of the standard.
//! - A [`UsageError`](crate::UsageError) is the caller's, and comes back from the call. Nothing was sent and the
//!   connection is as it was. [`UsageError::Closed`](crate::UsageError::Closed) is the one to expect: the peer may
//!   have closed just now.
//! - How a connection ended is no error: [`Closed`](crate::Closed) has the code, the reason and the
//!   [`Cause`](crate::Cause), and comes exactly once for each connection.
//! - A handshake fails with a [`Refusal`](crate::handshake::server::Refusal) on a server, which makes its own answer,
//!   and a [`Rejection`](crate::handshake::client::Rejection) on a client.
//!
//! # Tests with invented time
//!
//! The feature `pair` has a client and a server with a network between them that delays, splits, loses and dies as
//! a test wants it, in virtual time and repeatable from a seed, for tests of your own handlers:
//!
//! ```toml
//! [dev-dependencies]
//! websocket-driver = { version = "0.1", features = ["pair"] }
//! ```
//!
#![cfg_attr(feature = "pair", doc = "[`pair`](crate::pair) is its page.")]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doc)]
use crate::config::Config;
#[cfg(doc)]
use crate::deflate::{Agreed, Deflate};
