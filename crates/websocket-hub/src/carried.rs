//! A WebSocket between two servers.

use std::fmt;
use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use websocket_driver::{Handler, Suspended};

use crate::config::Config;
use crate::connection::Connection;
use crate::opening::Held;
use crate::tracker::Tracker;
use crate::websocket::{BoxHandler, WebSocket};

/// A connection that has left one server and goes on at another, of another process for example: its peer does not
/// notice. See [`Stopping::carry_over`](crate::Stopping::carry_over) and [`Serve::resume`](crate::Serve::resume).
#[derive(Debug)]
pub struct Carried {
    /// The [id](WebSocket::id) that it had at the server that it left. It will have another one.
    pub id: u64,
    /// Its socket, of TCP or Unix.
    pub socket: TcpStream,
    /// What there is to know of it besides.
    pub state: CarriedState,
}

/// What a connection takes along besides its socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarriedState {
    /// The subprotocol that was chosen.
    pub subprotocol: Option<String>,
    /// The client's address, as [`WebSocket::client_addr`] says it.
    pub client: Option<IpAddr>,
    /// What the protocol has to remember.
    pub protocol: Suspended,
    /// What was received and not looked at.
    pub unread: Vec<u8>,
}

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
        let metrics = tracker.metrics().clone();
        let ws = WebSocket::new(config, compresses, metrics.clone(), subprotocol, peer, client);
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
