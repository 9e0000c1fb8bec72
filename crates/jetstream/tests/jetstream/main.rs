//! The log on JetStream, against servers that the tests start and end themselves.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod broadcasting;
mod chats;
mod comparing;
mod contract;
mod erasing;
mod failing;
mod files;
mod losing;
mod nodes;
mod signing_in;
mod snapshots;
/// The stories by chance that the chat itself is tested with.
#[path = "../../../chat/tests/support/mod.rs"]
mod story;
mod support;
