//! The JSON that `parlor.v1` speaks: what a client asks, what it is answered, what it is told.

#[cfg(test)]
mod document;
mod error;
mod event;
mod reply;
mod request;
#[cfg(test)]
mod shape;

pub(crate) use error::WireError;
pub(crate) use event::{Named, Presence, Told, Typing, message_line, others};
pub(crate) use reply::{Answer, Found, Limits, Message, People, Room, Welcome, behind, ok, subscribed};
pub(crate) use request::{Asked, Edit, History, Post, Query, Request, Search, Subscribe, Wish};

/// The subprotocol's name.
pub(crate) const SUBPROTOCOL: &str = "parlor.v1";
