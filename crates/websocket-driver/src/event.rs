//! What a connection tells its owner.

use crate::close_code::CloseCode;
use crate::error::ProtocolError;
use crate::message::{Binary, Message};

/// Something happened on a connection.
///
/// After [`Event::Closed`] there is no other event, and there is exactly one of it, whatever way the
/// connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole message arrived.
    Message(Message<'a>),
    /// A part of a message arrived; only with [`Config::deliver_parts`](crate::Config::deliver_parts).
    Part {
        /// What has arrived, borrowed from the input where it can be; compressed, at most 160 KiB at a time. Text
        /// is cut between code points. Only the last part may be empty.
        part: Message<'a>,
        /// Whether the message ends with it.
        last: bool,
    },
    /// A ping arrived. The pong is already owed; there is nothing to do.
    Ping(Binary<'a>),
    /// A pong arrived, asked for or not.
    Pong(Binary<'a>),
    /// The peer broke the protocol. [`Event::Closed`] follows.
    Error(ProtocolError),
    /// The conversation is over. Bytes may still have to go out: see
    /// [`Connection::is_finished`](crate::Connection::is_finished).
    Closed(Closed),
}

impl Event<'_> {
    /// The event with memory of its own, to keep it.
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Event::Message(message) => Event::Message(message.into_owned()),
            Event::Part { part, last } => Event::Part { part: part.into_owned(), last },
            Event::Ping(payload) => Event::Ping(payload.into_owned()),
            Event::Pong(payload) => Event::Pong(payload.into_owned()),
            Event::Error(error) => Event::Error(error),
            Event::Closed(closed) => Event::Closed(closed),
        }
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The code of the peer's close frame, [`CloseCode::NO_STATUS`] if that had none; the code of the error
    /// where the peer broke the protocol; else [`CloseCode::ABNORMAL`].
    pub code: CloseCode,
    /// The reason that came with the code; empty where there was none.
    pub reason: String,
    /// Who or what ended it.
    pub cause: Cause,
}

impl Closed {
    /// Whether both sides said goodbye (RFC 6455 §7.1.4).
    pub fn is_clean(&self) -> bool {
        matches!(self.cause, Cause::Peer | Cause::Local)
    }

    pub(crate) fn abnormal(cause: Cause) -> Closed {
        Closed { code: CloseCode::ABNORMAL, reason: String::new(), cause }
    }
}

/// Who or what ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The peer said goodbye first.
    Peer,
    /// We said goodbye first and the peer answered.
    Local,
    /// The peer broke the protocol.
    ProtocolError(ProtocolError),
    /// The connection held more memory than [`Config::max_retained`](crate::Config::max_retained) or the
    /// [`Budget`](crate::Budget) allows.
    MemoryLimit,
    /// The transport ended without a close frame: a killed process, a reset, a network that is gone.
    ConnectionLost,
    /// The peer was silent for longer than [`Config::idle_timeout`](crate::Config::idle_timeout).
    IdleTimeout,
    /// The peer did not answer our close frame within
    /// [`Config::close_timeout`](crate::Config::close_timeout).
    CloseTimeout,
}
