//! What every library is asked to do. Each file of this module does it with one of them.

pub mod fastwebsockets;
pub mod ours;
pub mod sockudo;
pub mod tokio_websockets;
pub mod tungstenite;
pub mod yawc;

use std::any::Any;

use crate::load::Load;
use crate::run::Run;

/// Which end of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Server,
    Client,
}

/// What was agreed about permessage-deflate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Deflate {
    /// Windows of 32 KiB, which are kept from message to message.
    Default,
    /// Windows of 4 KiB (12 bits), which are kept from message to message.
    Window12,
    /// Nothing is kept from message to message.
    NoTakeover,
}

impl Deflate {
    pub const ALL: [Deflate; 3] = [Deflate::Default, Deflate::Window12, Deflate::NoTakeover];

    pub fn name(self) -> &'static str {
        match self {
            Deflate::Default => "deflate, 15-bit takeover",
            Deflate::Window12 => "deflate, 12-bit takeover",
            Deflate::NoTakeover => "deflate, no takeover",
        }
    }
}

/// A connection at rest, and the size of the value that it is, without the wire.
pub type Resting = (Box<dyn Any>, usize);

/// One way to use one library.
pub trait Library {
    fn name(&self) -> &'static str;

    /// Whether it is a connection, which answers pings and closes, rather than an encoder and decoder alone.
    fn is_connection(&self) -> bool {
        true
    }

    /// The server's side, receiving a client's messages.
    fn receiver(&self, load: Load) -> Run;

    /// Either side, sending; flushes after every [`Load::batch`].
    fn sender(&self, load: Load, side: Side) -> Run;

    /// A server's connection that has echoed the one message on `wire` and waits for the next.
    fn resting(&self) -> Option<Resting>;

    /// A server's connection that has received compressed messages, [`sample::deflated_messages`] of this
    /// many, has answered each with [`sample::JSON`], compressed, and waits for the next. `None`: the library
    /// has no compression.
    ///
    /// [`sample::deflated_messages`]: crate::sample::deflated_messages
    /// [`sample::JSON`]: crate::sample::JSON
    fn resting_deflated(&self, _: Deflate, _messages: usize) -> Option<Resting> {
        None
    }

    /// Sends one compressed message to each of `connections`; a run's messages are broadcasts.
    fn deflated_broadcast(&self, _connections: usize, _: Deflate) -> Option<Run> {
        None
    }
}

/// Ours first.
pub fn all() -> Vec<Box<dyn Library>> {
    vec![
        Box::new(ours::Ours),
        Box::new(tungstenite::Tungstenite),
        Box::new(fastwebsockets::Fastwebsockets),
        Box::new(sockudo::Stream),
        Box::new(sockudo::Codec),
        Box::new(yawc::Yawc),
        Box::new(tokio_websockets::TokioWebsockets),
    ]
}
