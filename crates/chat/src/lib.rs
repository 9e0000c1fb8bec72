//! What can be asked in a chat, what happened, and the log that both stand in.
//!
//! A [`Proposal`] is what a person wishes for. It gets a [`Position`] in one total order, is accepted or refused
//! there, and its [`Outcome`] is told once it is durable. What happened is an [`Event`]; those of a room are
//! numbered 1, 2, 3… without a gap. This crate knows no socket and no HTTP.

mod entry;
mod event;
mod id;
mod key;
pub mod limits;
mod outcome;
mod place;
mod proposal;
mod refusal;
mod room;
pub mod search;
mod time;

pub use entry::{Entry, Verdict};
pub use event::{Audience, Event, What};
pub use id::{InvalidId, PersonId, RoomId};
pub use key::{Fingerprint, InvalidKey, Key};
pub use outcome::{Outcome, Receipt};
pub use place::{Place, Position, Sequence};
pub use proposal::{Action, Proposal};
pub use refusal::Refusal;
pub use room::{Retention, Role, Visibility};
pub use time::Timestamp;
