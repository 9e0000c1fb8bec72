//! From a request to a connection: the handshake, its answer, and what happens once it is out.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use websocket_driver::handshake::server::Accepted;
use websocket_driver::{Closed, Events, Handler, Message, ProtocolError};

use crate::app::IntoResponse;
use crate::body::{Body, Response};
use crate::config::Config;
use crate::connections::Connections;
use crate::context::{Context, Way};
use crate::drive::Drive;
use crate::gather::Gather;
use crate::limits::Permit;
use crate::opening::{Handover, Held, Opening};
use crate::refused::Refused;
use crate::trace;
use crate::websocket::WebSocket;

/// A handshake that was agreed to. Say what happens on the connection's events, then
/// [`start`](Upgrade::start) it.
#[derive(Debug)]
#[must_use = "the connection opens only when it is started"]
pub struct Upgrade {
    pub(crate) accepted: Accepted,
    /// Hyper's, where there is one.
    pub(crate) upgrade: Option<OnUpgrade>,
    pub(crate) context: Option<Context>,
    pub(crate) span: tracing::Span,
    pub(crate) config: Arc<Config>,
    pub(crate) events: Events<WebSocket>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) permit: Option<Permit>,
    pub(crate) connections: Option<Connections>,
}

impl Upgrade {
    /// Itself, if the server that the request came through lets it have the transport.
    pub(crate) fn with_transport(self) -> Result<Self, Refused> {
        let is_driven = self.context.as_ref().is_some_and(|context| matches!(context.way, Way::Handover(_)));
        if is_driven || self.upgrade.is_some() { Ok(self) } else { Err(Refused::NotUpgradable) }
    }

    /// What happens when the connection is open.
    pub fn on_open(mut self, callback: impl FnMut(&mut WebSocket) + Send + 'static) -> Self {
        self.events.on_open(callback);
        self
    }

    /// What happens when a message arrives. It runs in the connection's own loop: what takes long belongs on
    /// another thread or task, with a clone of the [`WebSocket`].
    pub fn on_message(mut self, callback: impl FnMut(&mut WebSocket, Message<'_>) + Send + 'static) -> Self {
        self.events.on_message(callback);
        self
    }

    /// What happens when the connection is over: exactly once, whatever way it ended.
    pub fn on_close(mut self, callback: impl FnMut(&mut WebSocket, &Closed) + Send + 'static) -> Self {
        self.events.on_close(callback);
        self
    }

    /// What happens when the peer breaks the protocol; `on_close` follows.
    pub fn on_error(mut self, callback: impl FnMut(&mut WebSocket, &ProtocolError) + Send + 'static) -> Self {
        self.events.on_error(callback);
        self
    }

    /// The subprotocol that was chosen.
    pub fn subprotocol(&self) -> Option<&str> {
        self.accepted.subprotocol.as_deref()
    }

    /// The answer, to be returned from the app. The connection opens when it is out.
    ///
    /// # Panics
    ///
    /// In somebody else's server, outside a tokio runtime.
    pub fn start(mut self) -> Response {
        let events = std::mem::take(&mut self.events);
        self.start_with(events)
    }

    /// As [`start`](Upgrade::start), with a handler of one's own instead of closures.
    ///
    /// # Panics
    ///
    /// As [`start`](Upgrade::start).
    pub fn start_with(self, handler: impl Handler<WebSocket> + Send + 'static) -> Response {
        let (response, opening, handover) = self.opening(handler);
        match (handover, opening.upgrade.is_some()) {
            (Some(handover), _) => handover.leave(opening),
            (None, true) => drop(tokio::spawn(on_hyper(opening))),
            (None, false) => return Refused::NotUpgradable.into_response(),
        }
        response
    }

    /// The answer, and the connection over a transport of the caller's: its future is to be run once the answer is
    /// out. For servers that hand over a transport in a way of their own, after [`Handshake::accept`].
    ///
    /// [`Handshake::accept`]: crate::Handshake::accept
    pub fn start_over<S>(mut self, transport: S) -> (Response, impl Future<Output = ()> + use<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let events = std::mem::take(&mut self.events);
        let (response, opening, _) = self.opening(events);
        let connections = opening.held.mounted.as_ref().map(|mounted| mounted.0.clone());
        (response, until_cut_off(Drive::new(transport, opening.connection(Bytes::new())), connections))
    }

    fn opening(
        self,
        handler: impl Handler<WebSocket> + Send + 'static,
    ) -> (Response, Opening, Option<Handover>) {
        let Accepted { response, subprotocol, deflate, .. } = self.accepted;
        let config = Arc::clone(&self.config);
        let (tracker, way) = self.context.map(|context| (context.tracker, context.way)).unzip();
        // The same as `Held::metrics` says of it later.
        let mounted = self.connections.as_ref().map(Connections::metrics);
        let metrics =
            mounted.or(tracker.as_ref().map(|tracker| tracker.metrics().clone())).unwrap_or_default();
        let ws = WebSocket::new(config, deflate.is_some(), metrics, subprotocol, self.peer, self.client);
        let counted = tracker.map(|tracker| tracker.connection(&ws));
        let mounted = self.connections.map(|connections| {
            let guard = connections.mount(&ws);
            Box::new((connections, guard))
        });
        let (handover, stream) = match way {
            Some(Way::Handover(handover)) => (Some(handover), None),
            Some(Way::Stream(stream)) => (None, Some(stream)),
            None => (None, None),
        };
        let held = Held { counted, mounted, stream, permit: self.permit.map(Box::new) };
        let handler = trace::within(self.span, &ws, Box::new(handler));
        let (config, upgrade) = (self.config, self.upgrade);
        (response.map(|()| Body::empty()), Opening { ws, handler, deflate, config, upgrade, held }, handover)
    }
}

/// Runs a connection on hyper's stream.
async fn on_hyper(mut opening: Opening) {
    let Some(upgrade) = opening.upgrade.take() else { return };
    // An upgrade fails when the client is gone before it had its answer: nothing opened, nothing closes.
    let Ok(upgraded) = upgrade.await else { return };
    let connections = opening.held.mounted.as_ref().map(|mounted| mounted.0.clone());
    let drive = Drive::new(Gather(TokioIo::new(upgraded)), opening.connection(Bytes::new()));
    // Boxed, so that it is not there once more among the variables of the task.
    until_cut_off(Box::pin(drive), connections).await;
}

/// Runs a connection to its end, or until the list that it stands in is cut off.
async fn until_cut_off(drive: impl Future<Output = ()>, connections: Option<Connections>) {
    let Some(connections) = connections else { return drive.await };
    tokio::select! {
        () = drive => {}
        () = connections.cut_off() => {}
    }
}
