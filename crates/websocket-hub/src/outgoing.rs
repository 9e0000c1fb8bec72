//! What is sent to one connection, on its way from whoever sends to the connection itself.

use std::sync::Arc;

use bytes::Bytes;
use websocket_driver::{CloseCode, Prepared};

use crate::leaving::Leaving;

/// Something to be sent.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Whole frames as they go on the wire.
    Frames(Vec<u8>),
    /// The header and the payload of one frame that is too long to be copied. The payload goes out from where it is, and its
    /// [memory](websocket_driver::memory) is used again.
    Frame(Bytes, Bytes),
    /// A message that may have to be compressed, or is long.
    Message(Prepared),
    Ping(Vec<u8>),
    Close(CloseCode, String),
    /// What arrives is not looked at from here on.
    Pause(Arc<Leaving>),
    /// It leaves for another server.
    Leave(Arc<Leaving>),
}

/// What is to be sent behind a publication, which is given by its number.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) after: u64,
    pub(crate) outgoing: Outgoing,
}

/// What a connection finds when it looks into its outbox.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) items: Vec<Item>,
    /// How many of them are messages.
    pub(crate) messages: u64,
    /// How many messages were thrown away because the connection fell behind.
    pub(crate) thrown_away: u64,
    /// The connection fell behind: what it took before is to be thrown away.
    pub(crate) fell_behind: bool,
}

/// What a message that was sent has joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// How many octets wait now to be written to the connection, the message's frame among them. What has been
    /// published and not been tried yet does not count.
    pub bytes: usize,
}
