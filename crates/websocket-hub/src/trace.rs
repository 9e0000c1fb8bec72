//! A `tracing` span for each connection, and events on what happens to it.
//!
//! Where nobody listens a span is disabled, which is known by one look at a number, and nothing is made, kept or
//! asked for afterwards.

use std::net::{IpAddr, SocketAddr};

use tracing::field::Empty;
use tracing::{Span, debug, info_span};
use websocket_driver::{Closed, Handler, Message, ProtocolError};

use crate::refused::Refused;
use crate::websocket::{BoxHandler, WebSocket};

/// The span of a connection that a request asks for.
pub(crate) fn connection<B>(
    request: &http::Request<B>,
    peer: Option<SocketAddr>,
    client: Option<IpAddr>,
    subprotocol: Option<&str>,
) -> Span {
    info_span!(
        "websocket",
        id = Empty,
        peer = peer.map(display),
        client = client.map(display),
        // Not the query, which may hold a secret.
        path = request.uri().path(),
        subprotocol,
    )
}

/// The span of a connection that another server has left to this one.
pub(crate) fn resumed(peer: Option<SocketAddr>, client: Option<IpAddr>, subprotocol: Option<&str>) -> Span {
    info_span!(
        "websocket",
        id = Empty,
        peer = peer.map(display),
        client = client.map(display),
        subprotocol,
        resumed = true,
    )
}

/// A request did not become a connection.
pub(crate) fn refused(refused: &Refused, peer: Option<SocketAddr>, path: &str) {
    debug!(reason = refused.name(), peer = peer.map(display), path, "refused");
}

/// A handler whose code runs within the span of its connection.
struct Traced {
    span: Span,
    handler: BoxHandler,
}

/// The handler, within the span if somebody listens.
pub(crate) fn within(span: Span, ws: &WebSocket, handler: BoxHandler) -> BoxHandler {
    if span.is_disabled() {
        return handler;
    }
    span.record("id", ws.id());
    Box::new(Traced { span, handler })
}

impl Handler<WebSocket> for Traced {
    fn open(&mut self, ws: &mut WebSocket) {
        let _entered = self.span.enter();
        debug!("opened");
        self.handler.open(ws);
    }

    fn message(&mut self, ws: &mut WebSocket, message: Message<'_>) {
        let _entered = self.span.enter();
        self.handler.message(ws, message);
    }

    fn part(&mut self, ws: &mut WebSocket, part: Message<'_>, last: bool) {
        let _entered = self.span.enter();
        self.handler.part(ws, part, last);
    }

    fn error(&mut self, ws: &mut WebSocket, error: &ProtocolError) {
        let _entered = self.span.enter();
        debug!(%error, "the peer broke the protocol");
        self.handler.error(ws, error);
    }

    fn close(&mut self, ws: &mut WebSocket, closed: &Closed) {
        let _entered = self.span.enter();
        debug!(code = closed.code.get(), reason = closed.reason, cause = ?closed.cause, "closed");
        self.handler.close(ws, closed);
    }
}
