//! One WebSocket app on any server, and the means to send one message to many.
//!
//! An app is a function from a request to a response: a closure, a `tower::Service`, an `axum::Router`. It
//! turns a request into a WebSocket with [`WebSocket::upgrade`], says what happens on its events, and starts it.
//! [`serve`] runs it on a [`Backend`] and gives back a [`Server`], the handle that stops it. A [`Topic`] is a
//! group of connections that hear the same.
//!
//! ```no_run
//! use websocket_hub::{Backend, Request, Response, Refused, Topic, WebSocket, serve};
//!
//! let room = Topic::new();
//! let app = move |request: Request| -> Result<Response, Refused> {
//!     let (joined, said) = (room.clone(), room.clone());
//!     Ok(WebSocket::upgrade(request)?
//!         .on_open(move |ws| joined.subscribe(ws))
//!         .on_message(move |_, message| drop(said.publish(message)))
//!         .start())
//! };
//! let server = serve(app).backend(Backend::Tokio).bind("127.0.0.1:12345")?;
//! println!("listening on {}", server.address());
//! server.wait();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What the hub sees to by itself: the opening handshake by the letter, pages of other origins refused, pings
//! and silence, limits on sizes, bounded queues, and a goodbye to everybody when the server stops. Each has its
//! name and default in [`Handshake`], [`Config`] and [`Serve`]; how many may connect, from where and how quickly, in
//! [`Limits`] and [`Proxies`].
//!
//! # Where a server listens
//!
//! On addresses and Unix sockets by their names ([`Serve::bind`]), on listeners of one's own or of systemd
//! ([`Serve::listen`], [`Listener::from_systemd`]). Behind proxies a client is known by what they say: in a header of the
//! request ([`Handshake::proxies`]), or in front of the connection ([`Serve::proxy_protocol`]).
//!
//! ```no_run
//! # use websocket_hub::{Listener, Proxies, Request, Response, serve};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = |_: Request| Response::new("page".into());
//! let balancer = Proxies::trust(["10.0.0.0/8", "unix:"])?;
//! let server = serve(app).proxy_protocol(balancer).bind("unix:/run/chat.sock|0660")?;
//! # Ok(()) }
//! ```
//!
//! # What a server tells
//!
//! [`Server::metrics`] counts connections, messages, octets, refusals, drops by their reason, and [`Memory`] by its use.
//! Whoever listens through `tracing` finds a span `websocket` for each connection, with the fields `id`, `peer`, `client`,
//! `path` and `subprotocol`; handlers run within it, and events tell of its opening, its close and of refusals.
//!
//! # In somebody else's server
//!
//! The same handlers run in a server of axum or hyper: [`WebSocket::upgrade`] takes their requests as they are. For
//! actix-web there is the module `actix` (feature `actix-web`). A list of [`Connections`] lets the server's graceful
//! shutdown include ours. The examples `mounted_axum`, `mounted_hyper` and `mounted_actix` are whole programs.

mod account;
#[cfg(unix)]
mod activation;
#[cfg(feature = "actix-web")]
pub mod actix;
mod app;
mod backend;
mod body;
mod carried;
mod certificate_files;
mod charge;
mod config;
mod connection;
mod connections;
mod context;
mod deadline;
mod drain;
mod drive;
mod endpoint;
mod fanout;
mod gather;
mod handshake;
mod histogram;
mod holders;
mod leaving;
mod limits;
mod listener;
mod memory;
mod metrics;
mod opening;
mod origin;
mod outbox;
mod outgoing;
mod policy;
mod proxies;
mod proxy_protocol;
mod read_buffer;
mod refused;
mod resting;
mod resumption;
mod send_error;
mod server;
mod source;
mod streams;
mod tls;
mod to_listeners;
mod together;
mod topic;
mod trace;
mod tracker;
#[cfg(unix)]
mod unix_socket;
mod upgrade;
mod websocket;
mod worker;
mod writing;

pub use app::{App, AsyncClosure, Closure, IntoResponse, TowerService};
pub use backend::{Backend, UnknownBackend};
pub use body::{Body, BoxError, Request, Response};
pub use carried::{Carried, CarriedState};
pub use certificate_files::CertificateFiles;
pub use config::Config;
pub use connections::Connections;
pub use drain::Drain;
pub use endpoint::Endpoint;
pub use handshake::Handshake;
pub use histogram::Histogram;
pub use limits::{Limits, TooMany};
pub use listener::Listener;
pub use memory::Memory;
pub use metrics::{Metrics, Snapshot};
pub use origin::Origins;
pub use outgoing::Queued;
pub use policy::Policy;
pub use proxies::{ForwardedHeader, InvalidNetwork, Proxies};
pub use refused::Refused;
pub use rustls;
pub use send_error::SendError;
pub use server::{Serve, Server, Stopping, serve};
pub use tls::{TlsConfig, TlsError};
pub use to_listeners::ToListeners;
pub use together::together;
pub use topic::Topic;
#[cfg(unix)]
pub use unix_socket::UnixSocket;
pub use upgrade::Upgrade;
pub use websocket::WebSocket;
pub use websocket_driver::{
    self as driver, Cause, CloseCode, Closed, Events, Handler, Message, Prepared, ProtocolError,
};
