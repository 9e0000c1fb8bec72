//! A connection of another server that goes on at this one.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use websocket_driver::Handler;

use crate::carried::{Carried, CarriedState};
use crate::config::Config;
use crate::connection::Connection;
use crate::opening::Held;
use crate::trace;
use crate::tracker::Tracker;
use crate::websocket::{BoxHandler, WebSocket};

/// One that is to go on here.
pub(crate) struct Resumption {
    pub(crate) carried: Carried,
    pub(crate) config: Arc<Config>,
    pub(crate) handler: BoxHandler,
}

impl Resumption {
    pub(crate) fn new(
        carried: Carried,
        config: Arc<Config>,
        handler: impl Handler<WebSocket> + Send + 'static,
    ) -> Self {
        Resumption { carried, config, handler: Box::new(handler) }
    }
}

impl Resumption {
    /// The connection and its socket, as part of a server.
    ///
    /// # Errors
    ///
    /// When there can be no such connection, or its socket is none.
    pub(crate) fn into_connection(
        self,
        tracker: &Tracker,
        is_nonblocking: bool,
    ) -> io::Result<(TcpStream, Connection)> {
        let Resumption { carried: Carried { socket, state, .. }, config, handler } = self;
        socket.set_nonblocking(is_nonblocking)?;
        let CarriedState { subprotocol, client, protocol, unread } = state;
        let compresses = protocol.deflate.is_some();
        let limits = Arc::clone(&config.connection);
        let driver = websocket_driver::Connection::resume(limits, protocol, Instant::now());
        let driver = driver.ok_or(io::ErrorKind::InvalidData)?;
        // One of a Unix socket has none.
        let peer = socket.peer_addr().ok();
        let span = trace::resumed(peer, client, subprotocol.as_deref());
        let metrics = tracker.metrics().clone();
        let ws = WebSocket::new(config, compresses, metrics.clone(), subprotocol, peer, client);
        let handler = trace::within(span, &ws, handler);
        let counted = tracker.connection(&ws);
        let held = Held { counted: Some(counted), mounted: None, stream: None, permit: None };
        let mut connection = Connection::new(driver, ws, handler, unread.into(), metrics, Box::new(held));
        connection.set_portable();
        Ok((socket, connection))
    }
}

impl fmt::Debug for Resumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resumption").field("carried", &self.carried).finish_non_exhaustive()
    }
}
