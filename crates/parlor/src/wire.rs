//! The JSON that `parlor.v1` speaks: what a client asks, what it is answered, what it is told.

mod asked;
#[cfg(test)]
mod document;
mod error;
mod event;
mod orders;
mod reply;
mod request;
#[cfg(test)]
mod shape;
mod vocabulary;

pub(crate) use asked::{Asked, Request};
pub(crate) use error::WireError;
pub(crate) use event::{Named, Presence, Told, Typing, for_others, message_line, others};
pub(crate) use orders::{Order, Oversight};
pub(crate) use reply::{
    Answer, Found, Limits, Message, People, Room, Term, Welcome, behind, ok, subscribed, waiting,
};
pub(crate) use request::{About, Edit, History, Post, Query, Search, Subscribe, Wish};

/// The subprotocol's name.
pub(crate) const SUBPROTOCOL: &str = "parlor.v1";
