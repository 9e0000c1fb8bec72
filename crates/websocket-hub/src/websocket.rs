//! The handle of one connection: to send with, to keep, to give to other threads.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use websocket_driver::{CloseCode, Handler, Message, Prepared, UsageError, check_close};

use crate::config::Config;
use crate::fanout::Recipient;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::outgoing::Queued;
use crate::send_error::SendError;

/// What happens on a connection's events.
pub(crate) type BoxHandler = Box<dyn Handler<WebSocket> + Send>;

/// A connection, as everybody sees it who wants to send to it. Cloning it makes another handle of the same
/// connection; handles of one connection are equal.
///
/// Sending never blocks and never fails silently: a message is queued or the reason why not is returned. The
/// queue is bounded by [`Config::queue_limit`](crate::Config::queue_limit).
#[derive(Clone)]
pub struct WebSocket(Arc<Shared>);

struct Shared {
    id: u64,
    outbox: Outbox,
    subprotocol: Option<String>,
    peer: Option<SocketAddr>,
    client: Option<IpAddr>,
}

impl WebSocket {
    /// `compresses` is whether messages may have to be compressed.
    pub(crate) fn new(
        config: Arc<Config>,
        compresses: bool,
        metrics: Metrics,
        subprotocol: Option<String>,
        peer: Option<SocketAddr>,
        client: Option<IpAddr>,
    ) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let outbox = Outbox::new(config, compresses, metrics);
        WebSocket(Arc::new(Shared { id, outbox, subprotocol, peer, client }))
    }

    /// Queues a message and says how many octets wait now to be written to this connection.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] once the connection is closing; [`SendError::FellBehind`] when the queue is full,
    /// which also closes the connection with 1013.
    pub fn send<'a>(&self, message: impl Into<Message<'a>>) -> Result<Queued, SendError> {
        self.sent(self.0.outbox.send(message.into()))
    }

    /// Queues a message that was encoded before; see [`send`](WebSocket::send). Nothing is copied.
    ///
    /// # Errors
    ///
    /// As [`send`](WebSocket::send).
    pub fn send_prepared(&self, prepared: &Prepared) -> Result<Queued, SendError> {
        self.sent(self.0.outbox.send_prepared(prepared))
    }

    /// Queues a ping. Pings for keep-alive are sent without being asked for.
    ///
    /// # Errors
    ///
    /// [`SendError::Usage`] above 125 octets; [`SendError::Closed`] once the connection is closing.
    pub fn ping(&self, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > 125 {
            return Err(SendError::Usage(UsageError::ControlTooLong(payload.len())));
        }
        self.0.outbox.ping(payload.to_owned())
    }

    /// Says goodbye, behind everything that is queued.
    ///
    /// # Errors
    ///
    /// [`SendError::Usage`] for a reason of more than 123 octets or a code that must not be sent;
    /// [`SendError::Closed`] if the connection is closing already.
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        check_close(code, reason).map_err(SendError::Usage)?;
        self.0.outbox.close(code, reason, self.0.id)
    }

    /// Waits while more than [`Config::high_water`](field@crate::Config::high_water) waits to be written, until no more than
    /// [`Config::low_water`](field@crate::Config::low_water) does or the connection is closing. Whoever sends or publishes
    /// much does it after this. Dropping the future changes nothing.
    pub async fn ready(&self) {
        let outbox = &self.0.outbox;
        let mut octets = outbox.config().high_water();
        std::future::poll_fn(|cx| {
            let polled = outbox.poll_queued_within(cx, octets);
            if polled.is_pending() {
                octets = outbox.config().low_water();
                return outbox.poll_queued_within(cx, octets);
            }
            polled
        })
        .await;
    }

    /// Octets that wait to be written, what was published to its topics and not been tried yet among them.
    pub fn queued(&self) -> usize {
        self.0.outbox.queued()
    }

    /// Whether anything can be sent.
    pub fn is_open(&self) -> bool {
        self.0.outbox.is_open()
    }

    /// A number that no other connection of this process has or had.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The subprotocol that was chosen in the handshake.
    pub fn subprotocol(&self) -> Option<&str> {
        self.0.subprotocol.as_deref()
    }

    /// The address of the peer, where the backend knows it. Behind a proxy it is the proxy's.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// The address of the client: the peer's, or behind [trusted proxies](crate::Proxies) what they say.
    pub fn client_addr(&self) -> Option<IpAddr> {
        self.0.client
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    /// Itself, as its core knows it.
    pub(crate) fn recipient(&self) -> Arc<dyn Recipient> {
        Arc::clone(&self.0) as _
    }

    /// A connection that fell behind leaves its topics at once.
    fn sent(&self, sent: Result<Queued, SendError>) -> Result<Queued, SendError> {
        if sent == Err(SendError::FellBehind) {
            self.0.outbox.end(self.0.id);
        }
        sent
    }
}

impl Recipient for Shared {
    fn lags(&self, octets: usize) {
        self.outbox.set_lag(octets);
    }

    fn falls_behind(&self) {
        self.outbox.fall_behind(self.id);
    }
}

impl PartialEq for WebSocket {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for WebSocket {}

impl std::hash::Hash for WebSocket {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("id", &self.0.id)
            .field("peer", &self.0.peer)
            .finish_non_exhaustive()
    }
}
