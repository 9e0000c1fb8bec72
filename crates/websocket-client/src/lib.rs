//! A WebSocket client for tokio.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut ws = websocket_client::connect("wss://example.org/chat").await?;
//! ws.send("hello").await?;
//! while let Some(message) = ws.recv().await {
//!     println!("{message:?}");
//! }
//! println!("over: {:?}", ws.closed());
//! # Ok(())
//! # }
//! ```
//!
//! - [`connect`] opens a connection, encrypted for `wss:` addresses. [`Connector`] is the same with
//!   settings: subprotocols, headers, compression, limits, certificates, proxies, redirects, time.
//! - [`WebSocket`] is an open connection: [`recv`](WebSocket::recv), [`send`](WebSocket::send),
//!   [`close`](WebSocket::close).
//! - [`Reconnecting`] is a connection that comes back by itself; [`Connector::reconnecting`] makes one.
//! - [`ConnectError`] says at which step connecting failed, and keeps what a server answered that refused.
//!
//! # One task for both directions
//!
//! Everything takes `&mut self`, and one task does both directions with `select!`. That is sound because every
//! `async` method is cancel-safe: the branch that is dropped has lost nothing.
//!
//! ```no_run
//! # async fn example(mut ws: websocket_client::WebSocket, mut outgoing: tokio::sync::mpsc::Receiver<String>) {
//! loop {
//!     tokio::select! {
//!         message = ws.recv() => match message {
//!             Some(message) => println!("{message:?}"),
//!             None => break,
//!         },
//!         Some(line) = outgoing.recv() => {
//!             // An error means that the connection is closing; `recv` tells how it ended.
//!             _ = ws.send(line).await;
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! # What is looked after
//!
//! A ping goes out after 20 s of silence, and after 45 s of silence the connection counts as lost
//! ([`Config`] has all times and limits). Messages above 1 MiB are refused unless the configuration says otherwise. An IPv6
//! address that does not answer costs 250 ms, not the whole time limit (RFC 8305). A connection at rest holds
//! no buffers. TLS is rustls with the aws-lc-rs provider.

mod address;
mod backoff;
mod body;
mod connector;
mod error;
mod eyeballs;
mod failure;
mod handshake;
mod link;
mod proxy;
mod random;
mod reconnect;
mod redirect;
mod refusal;
mod resolve;
mod retry_after;
mod route;
mod tls;
mod transport;
mod websocket;

pub use backoff::Backoff;
pub use connector::{Connector, connect};
pub use error::ConnectError;
pub use failure::Failure;
pub use proxy::{Proxy, ProxyError};
pub use reconnect::{Event, Reconnecting, SendError};
pub use redirect::RedirectError;
pub use refusal::Refusal;
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use rustls;
pub use tls::TlsError;
pub use websocket::WebSocket;
pub use websocket_driver::{
    self as driver, Cause, CloseCode, Closed, Config, Message, UsageError, deflate::Deflate,
};
