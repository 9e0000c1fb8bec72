//! The backend without event loops: a thread for each connection, on which its app, its handler and its TLS run.
//!
//! A handler may block here and delays nobody but its own connection. What this costs is a stack for each
//! connection, and so there is a limit to them. Apps that need tokio find one small runtime set aside for them.

mod accept;
mod alarm;
mod buffers;
mod group;
mod hall;
mod http1;
mod socket;
mod sweeper;
mod turned_away;
mod visit;
mod websocket;

pub(crate) use accept::start;
