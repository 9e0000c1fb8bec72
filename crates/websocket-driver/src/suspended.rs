//! A connection between two messages, as far as it outlives its process.

use std::sync::Arc;
use std::time::Instant;

use crate::config::Config;
use crate::connection::Connection;
use crate::deflate::Coding;

/// What a server's connection has to remember between two messages: all that it takes to go on elsewhere, in another
/// process for example that was given its socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspended {
    /// Where compression was agreed to.
    pub deflate: Option<Coding>,
}

impl Connection {
    /// What has to be remembered for [`resume`](Connection::resume), if this is a server's connection that is open, has
    /// nothing left to write, and is between two messages. From then on it is not to be used here.
    ///
    /// Only what the peer's messages may refer to is kept of what was said; messages to the peer refer to nothing that
    /// was said before. A ping that was not answered is forgotten, and its answer will be one that nobody asked for,
    /// which is allowed (RFC 6455 §5.5.3).
    pub fn suspend(&self) -> Option<Suspended> {
        let sender = &self.sending.sender;
        let is_between = self.is_open()
            && self.sending.is_server()
            && sender.is_empty()
            && sender.unfinished.is_none()
            && self.receiving.is_between_messages();
        if !is_between {
            return None;
        }
        let sent = sender.compressor.as_ref().map(|compressor| compressor.coding());
        let received = self.receiving.receiver.coding();
        let deflate = sent.zip(received).map(|(sent, received)| sent.with(received));
        Some(Suspended { deflate })
    }

    /// Goes on with what was [suspended](Connection::suspend): the peer counts as heard at `now`. `None` if that is not
    /// what a connection can have to remember.
    pub fn resume(config: Arc<Config>, suspended: Suspended, now: Instant) -> Option<Connection> {
        let mut connection = Connection::server(config, now);
        if let Some(coding) = suspended.deflate {
            let (compressor, inflater) = coding.coders()?;
            connection.sending.sender.compress(compressor);
            connection.receiving.receiver.inflate(inflater);
        }
        Some(connection)
    }
}
