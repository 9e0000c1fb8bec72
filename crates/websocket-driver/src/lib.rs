//! The WebSocket protocol (RFC 6455) as a value: bytes and time in, events, bytes and deadlines out.
//!
//! This crate does no I/O, has no clock, starts no thread and draws no random number, so it runs under any of
//! them: an async runtime, a thread per connection, an event loop of your own, a test with invented time. It
//! has three layers, each usable alone:
//!
//! - [`frame`] reads and writes frame headers; nothing is allocated.
//! - [`Connection`] is the protocol: framing, fragmentation, masking, UTF-8, compression, pings, limits, the close
//!   handshake and its deadlines, for either side.
//! - [`Driver`] puts the event interface over it: what happens on open, message, close and error.
//!
//! The opening handshake stands beside them in [`handshake`], as functions on [`http`] requests and responses. The
//! [`guide`] has the rest: compression, limits, memory, two threads, messages in parts, errors, tests.
//!
//! # Integrate the driver into your own I/O in five steps
//!
//! Here with a server and blocking sockets of the standard library; a client differs in step 1. Three whole
//! programs are in `examples/`: `blocking`, `tokio` and `event_loop`.
//!
//! **1. Open.** Read until the request is complete, judge it, write the answer. What was read beyond the request are
//! frames already. Types of requests and responses are those of the crate `http`, version 1.
//!
//! ```
//! use std::io::{self, Read, Write};
//! use websocket_driver::handshake::{http1, server};
//!
//! fn open(stream: &mut (impl Read + Write)) -> io::Result<Option<(server::Accepted, Vec<u8>)>> {
//!     let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
//!     let (request, len) = loop {
//!         match http1::parse_request(&head) {
//!             Ok(Some(parsed)) => break parsed,
//!             Ok(None) => {}
//!             Err(error) => return Err(io::Error::other(error)),
//!         }
//!         match stream.read(&mut buffer)? {
//!             0 => return Ok(None),
//!             count => head.extend_from_slice(&buffer[..count]),
//!         }
//!     };
//!     // Here a browser's `Origin` can be looked at, and the request's path.
//!     match server::accept(&request, &server::Options::default()) {
//!         Ok(accepted) => {
//!             stream.write_all(&http1::write_response(&accepted.response))?;
//!             Ok(Some((accepted, head.split_off(len))))
//!         }
//!         Err(refusal) => {
//!             let response = refusal.response();
//!             stream.write_all(&http1::write_response(&response))?;
//!             stream.write_all(response.body().as_bytes())?;
//!             Ok(None)
//!         }
//!     }
//! }
//! ```
//!
//! A client makes a [`Key`](handshake::Key) from sixteen random octets, writes
//! [`client::request`](handshake::client::request), and believes the answer if
//! [`client::verify`](handshake::client::verify) does.
//!
//! **2. Say what happens.** Closures as here, or a [`Handler`] of your own with [`Driver::with_handler`]. Each gets the
//! connection, to send with.
//!
//! ```
//! use std::time::Instant;
//! use websocket_driver::{Connection, Driver};
//!
//! fn chat(connection: Connection) -> Driver {
//!     Driver::new(connection)
//!         .on_open(|ws| ws.send("welcome").expect("it is open"))
//!         // The peer may have closed just now: then nothing can be sent, and that is no mistake.
//!         .on_message(|ws, message| _ = ws.send(message))
//!         .on_close(|_, closed| println!("closed with {} {}", closed.code, closed.reason))
//! }
//!
//! let connection = Connection::server(Default::default(), Instant::now());
//! chat(connection).open();
//! ```
//!
//! [`Connection::client`] takes the source of its masking keys, too, which must be unpredictable.
//!
//! **3. Write what the driver wants written**, after everything that is done with it, until it wants nothing more.
//! All of one piece before the next.
//!
//! ```
//! use std::io::{self, Write};
//! use std::net::{Shutdown, TcpStream};
//! use websocket_driver::{Driver, Transmit};
//!
//! fn transmit(driver: &mut Driver, stream: &mut TcpStream) -> io::Result<()> {
//!     while let Some(transmit) = driver.poll_transmit() {
//!         match transmit {
//!             Transmit::Bytes(bytes) => stream.write_all(&bytes)?,
//!             Transmit::Shutdown => stream.shutdown(Shutdown::Write)?,
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Many connections in one loop share memory for this: see [output without copies](guide#output-without-copies).
//!
//! **4. Read, and wait no longer than the driver's deadline.** The driver unmasks in the buffer that it is given and
//! keeps nothing of it, so one buffer can serve all connections of a thread. A [`Driver`] looks at all of it at once.
//!
//! ```
//! use std::io::{ErrorKind, Read};
//! use std::net::TcpStream;
//! use std::time::{Duration, Instant};
//! use websocket_driver::Driver;
//!
//! fn wait(driver: &mut Driver, stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<()> {
//!     let left = driver.poll_timeout().map(|due| due.saturating_duration_since(Instant::now()));
//!     // Zero would mean that there is no deadline.
//!     stream.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
//!     match stream.read(buffer) {
//!         Ok(0) => driver.end_of_input(),
//!         Ok(count) => driver.receive(&mut buffer[..count], Instant::now()),
//!         Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
//!         Err(_) => driver.connection_lost(),
//!     }
//!     // Too early does nothing, so it need not be known what ended the wait.
//!     driver.handle_timeout(Instant::now());
//!     Ok(())
//! }
//! ```
//!
//! **5. Go on until the driver is finished.** Not until the peer said goodbye: our answer has to go out, and the
//! transport has to end in the right order (RFC 6455 §7.1.1). All together, with a client that comes by:
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::net::{TcpListener, TcpStream};
//! use std::time::Instant;
//! use websocket_driver::{Connection, Driver};
//!
//! fn serve(mut stream: TcpStream) -> io::Result<()> {
//!     let Some((accepted, mut first)) = open(&mut stream)? else { return Ok(()) };
//!     let connection = Connection::server(Default::default(), Instant::now());
//!     let mut driver = chat(connection.with_deflate(accepted.deflate));
//!     driver.open();
//!     driver.receive(&mut first, Instant::now());
//!     let mut buffer = vec![0; 64 * 1024];
//!     loop {
//!         if transmit(&mut driver, &mut stream).is_err() {
//!             driver.connection_lost();
//!         }
//!         if driver.is_finished() {
//!             return Ok(());
//!         }
//!         wait(&mut driver, &mut stream, &mut buffer)?;
//!     }
//! }
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! let server = std::thread::spawn(move || serve(listener.accept()?.0));
//! let mut client = TcpStream::connect(address)?;
//! client.write_all(
//!     b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
//!       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\
//!       \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x80\0\0\0\0", // "Hello", and a close frame
//! )?;
//! let mut answer = Vec::new();
//! client.read_to_end(&mut answer)?;
//! assert!(answer.ends_with(b"\r\n\r\n\x81\x07welcome\x81\x05Hello\x88\x00"));
//! drop(client);
//! server.join().unwrap()?;
//! # use std::io::ErrorKind;
//! # use std::net::Shutdown;
//! # use std::time::Duration;
//! # use websocket_driver::{Transmit, handshake::{http1, server}};
//! # fn open(stream: &mut (impl Read + Write)) -> io::Result<Option<(server::Accepted, Vec<u8>)>> {
//! #     let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
//! #     let (request, len) = loop {
//! #         match http1::parse_request(&head) {
//! #             Ok(Some(parsed)) => break parsed,
//! #             Ok(None) => {}
//! #             Err(error) => return Err(io::Error::other(error)),
//! #         }
//! #         match stream.read(&mut buffer)? {
//! #             0 => return Ok(None),
//! #             count => head.extend_from_slice(&buffer[..count]),
//! #         }
//! #     };
//! #     let accepted = server::accept(&request, &server::Options::default()).expect("a handshake");
//! #     stream.write_all(&http1::write_response(&accepted.response))?;
//! #     Ok(Some((accepted, head.split_off(len))))
//! # }
//! # fn chat(connection: Connection) -> Driver {
//! #     Driver::new(connection)
//! #         .on_open(|ws| ws.send("welcome").expect("it is open"))
//! #         .on_message(|ws, message| _ = ws.send(message))
//! # }
//! # fn transmit(driver: &mut Driver, stream: &mut TcpStream) -> io::Result<()> {
//! #     while let Some(transmit) = driver.poll_transmit() {
//! #         match transmit {
//! #             Transmit::Bytes(bytes) => stream.write_all(&bytes)?,
//! #             Transmit::Shutdown => stream.shutdown(Shutdown::Write)?,
//! #         }
//! #     }
//! #     Ok(())
//! # }
//! # fn wait(driver: &mut Driver, stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
//! #     let left = driver.poll_timeout().map(|due| due.saturating_duration_since(Instant::now()));
//! #     stream.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
//! #     match stream.read(buffer) {
//! #         Ok(0) => driver.end_of_input(),
//! #         Ok(count) => driver.receive(&mut buffer[..count], Instant::now()),
//! #         Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
//! #         Err(_) => driver.connection_lost(),
//! #     }
//! #     driver.handle_timeout(Instant::now());
//! #     Ok(())
//! # }
//! # Ok::<(), io::Error>(())
//! ```
//!
//! Without sockets, as in a test of your own:
//!
//! ```
//! use std::time::Instant;
//! use websocket_driver::{CloseCode, Connection, Driver, Message, Transmit};
//!
//! let now = Instant::now();
//! let mut driver = Driver::new(Connection::server(Default::default(), now))
//!     .on_message(|ws, message| match message {
//!         Message::Text(_) => ws.send(message).unwrap(),
//!         Message::Binary(_) => ws.close(CloseCode::UNSUPPORTED, "text only", Instant::now()).unwrap(),
//!     });
//!
//! driver.open();
//! driver.receive(&mut b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_owned(), now);
//! assert_eq!(driver.poll_transmit(), Some(Transmit::Bytes(b"\x81\x05Hello"[..].into())));
//! ```
//!
//! There are two kinds of error. A [`ProtocolError`] is the peer's: it says what the peer did, which section of
//! the standard forbids it, and which close code goes out. A [`UsageError`] is the caller's. A close is no
//! error but an event. The features are one: `pair`, for tests; see the [`guide`].

mod assembly;
mod budget;
mod chunk;
mod close;
mod close_code;
mod config;
mod connection;
mod control;
pub mod deflate;
mod encode;
mod error;
mod event;
pub mod frame;
pub mod guide;
mod handler;
pub mod handshake;
mod input;
pub mod mask;
pub mod memory;
mod message;
mod output_buffer;
#[cfg(feature = "pair")]
pub mod pair;
mod parts;
mod payload;
mod prepared;
mod queue;
mod receive;
mod receiving;
mod send;
mod sending;
mod signal;
mod split;
mod state;
mod suspended;
mod tail;
mod utf8;

pub use budget::Budget;
pub use close::{MAX_REASON_LEN, check_close, reason_with_retry_after, retry_after_of};
pub use close_code::CloseCode;
pub use config::Config;
pub use connection::Connection;
pub use error::{ProtocolError, UsageError};
pub use event::{Cause, Closed, Event};
pub use handler::{Driver, Events, Handler, dispatch};
pub use input::Input;
pub use message::{Binary, Kind, Message, Text};
pub use output_buffer::OutputBuffer;
pub use prepared::Prepared;
pub use sending::Transmit;
pub use signal::Signal;
pub use split::{ReceiveHalf, SendHalf};
pub use suspended::Suspended;
