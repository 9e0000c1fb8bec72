//! A connection between its handshake and the moment when the answer is out.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use websocket_driver::deflate::Agreed;

use crate::config::Config;
use crate::connection::Connection;
use crate::connections::Connections;
use crate::limits::Permit;
use crate::metrics::Metrics;
use crate::streams::StreamGuard;
use crate::tracker::ConnectionGuard;
use crate::websocket::{BoxHandler, WebSocket};

/// Everything that a connection needs but a transport.
pub(crate) struct Opening {
    pub(crate) ws: WebSocket,
    pub(crate) handler: BoxHandler,
    pub(crate) deflate: Option<Agreed>,
    pub(crate) config: Arc<Config>,
    pub(crate) held: Held,
    /// Where the request came through hyper, its transport.
    pub(crate) upgrade: Option<OnUpgrade>,
}

/// What is held as long as the connection is there, so that others know of it. What most connections do not have is
/// boxed.
#[derive(Debug)]
#[expect(dead_code, reason = "some are there to be dropped")]
pub(crate) struct Held {
    /// Counted before it opens, so that a server that stops in between waits for it.
    pub(crate) counted: Option<ConnectionGuard>,
    /// The same for somebody else's server.
    pub(crate) mounted: Option<Box<(Connections, ConnectionGuard)>>,
    pub(crate) stream: Option<StreamGuard>,
    pub(crate) permit: Option<Box<Permit>>,
}

impl Held {
    /// The counts of the server that it belongs to.
    fn metrics(&self) -> Metrics {
        let mounted = self.mounted.as_ref().map(|mounted| &mounted.1);
        mounted.or(self.counted.as_ref()).map(|guard| guard.metrics().clone()).unwrap_or_default()
    }
}

impl Opening {
    /// The connection, once the answer is out; `early` is what the client sent right behind its handshake.
    pub(crate) fn connection(self, early: Bytes) -> Connection {
        let limits = Arc::clone(&self.config.connection);
        let driver = websocket_driver::Connection::server(limits, Instant::now()).with_deflate(self.deflate);
        Connection::new(driver, self.ws, self.handler, early, self.held.metrics(), Box::new(self.held))
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("ws", &self.ws).finish_non_exhaustive()
    }
}

/// Where an app leaves the connection that it has opened, for the backend that the request came through: once a
/// 101 is out, the backend takes it from here and drives it. Anything else than a 101 means that the app thought
/// better of it, and what lies here is to be dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handover(Arc<Mutex<Option<Opening>>>);

impl Handover {
    pub(crate) fn leave(&self, opening: Opening) {
        *self.lock() = Some(opening);
    }

    pub(crate) fn take(&self) -> Option<Opening> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Opening>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
