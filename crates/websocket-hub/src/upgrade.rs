//! From a request to a connection: the handshake, its answer, and what happens once it is out.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode, Version};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use websocket_driver::deflate::Deflate;
use websocket_driver::handshake::http2;
use websocket_driver::handshake::server::{self, Accepted, Refusal};
use websocket_driver::{Closed, Events, Handler, Message, ProtocolError};

use crate::app::IntoResponse;
use crate::body::{Body, Response};
use crate::config::Config;
use crate::context::{Context, Way};
use crate::drive::Drive;
use crate::gather::Gather;
use crate::opening::{Handover, Opening};
use crate::origin::Origins;
use crate::websocket::WebSocket;

/// What a server agrees to in an opening handshake. The default: pages of the same origin, no subprotocol, the
/// default [`Config`].
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    origins: Origins,
    options: server::Options,
    config: Arc<Config>,
}

impl Handshake {
    /// The default.
    pub fn new() -> Self {
        Handshake::default()
    }

    /// Which pages may connect.
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// The subprotocols that the program speaks.
    #[must_use]
    pub fn subprotocols<I: IntoIterator<Item: Into<String>>>(mut self, names: I) -> Self {
        self.options.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Agrees to compression with clients that offer it (RFC 7692). Default: none.
    #[must_use]
    pub fn deflate(mut self, deflate: Deflate) -> Self {
        self.options.deflate = Some(deflate);
        self
    }

    /// The limits and times of the connection.
    #[must_use]
    pub fn config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// Judges a request: a GET in HTTP/1.1, a CONNECT in HTTP/2. Routes to it must take both methods.
    ///
    /// # Errors
    ///
    /// [`Refused`], which becomes the answer.
    pub fn upgrade<B>(&self, mut request: http::Request<B>) -> Result<Upgrade, Refused> {
        let accepted = if request.version() < Version::HTTP_2 {
            server::accept(&request, &self.options).map_err(Refused::Handshake)?
        } else {
            let protocol = request.extensions().get().map(Protocol::as_str);
            http2::accept(&request, protocol, &self.options).map_err(Refused::Http2)?
        };
        if !self.origins.permit(&request) {
            return Err(Refused::Origin);
        }
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let context = request.extensions_mut().remove::<Context>();
        let is_driven = context.as_ref().is_some_and(|context| matches!(context.way, Way::Handover(_)));
        if upgrade.is_none() && !is_driven {
            return Err(Refused::NotUpgradable);
        }
        Ok(Upgrade { accepted, upgrade, context, config: Arc::clone(&self.config), events: Events::new() })
    }
}

impl WebSocket {
    /// Judges a request by the default [`Handshake`]; see [`Handshake::upgrade`].
    ///
    /// # Errors
    ///
    /// [`Refused`], which becomes the answer.
    pub fn upgrade<B>(request: http::Request<B>) -> Result<Upgrade, Refused> {
        Handshake::new().upgrade(request)
    }
}

/// A handshake that was agreed to. Say what happens on the connection's events, then
/// [`start`](Upgrade::start) it.
#[derive(Debug)]
#[must_use = "the connection opens only when it is started"]
pub struct Upgrade {
    accepted: Accepted,
    /// Hyper's, where there is one.
    upgrade: Option<OnUpgrade>,
    context: Option<Context>,
    config: Arc<Config>,
    events: Events<WebSocket>,
}

impl Upgrade {
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
        let Accepted { response, subprotocol, deflate, .. } = self.accepted;
        let context = self.context;
        let ws = WebSocket::new(self.config.queue_limit, subprotocol, context.as_ref().map(|c| c.peer));
        let counted = context.as_ref().map(|context| context.tracker.connection(&ws));
        let (handover, stream) = match context.map(|context| context.way) {
            Some(Way::Handover(handover)) => (Some(handover), None),
            Some(Way::Stream(stream)) => (None, Some(stream)),
            None => (None, None),
        };
        let (handler, config, upgrade) = (Box::new(handler), self.config, self.upgrade);
        start(Opening { ws, handler, deflate, config, counted, stream, upgrade }, handover);
        response.map(|()| Body::empty())
    }
}

/// Leaves a connection to the backend, or runs it on hyper's stream as a task of its own.
fn start(mut opening: Opening, handover: Option<Handover>) {
    if let Some(handover) = handover {
        return handover.leave(opening);
    }
    let Some(upgrade) = opening.upgrade.take() else { return };
    tokio::spawn(async move {
        // An upgrade fails when the client is gone before it had its answer: nothing opened, nothing closes.
        let Ok(upgraded) = upgrade.await else { return };
        // Boxed, so that it is not there once more among the variables of the task.
        Box::pin(Drive::new(Gather(TokioIo::new(upgraded)), opening.connection(Bytes::new()))).await;
    });
}

/// Why a request does not become a connection. It is its own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The handshake is not what RFC 6455 says.
    Handshake(Refusal),
    /// The handshake came over HTTP/2 and is not what RFC 8441 says.
    Http2(Refusal),
    /// The page that asks is from another origin.
    Origin,
    /// The server that the request came through does not support upgrades.
    NotUpgradable,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Handshake(refusal) | Refused::Http2(refusal) => refusal.fmt(f),
            Refused::Origin => {
                write!(f, "Pages from this origin may not connect; the server's owner can allow it")
            }
            Refused::NotUpgradable => write!(f, "This server cannot upgrade the connection to a WebSocket"),
        }
    }
}

impl std::error::Error for Refused {}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Refused::Handshake(refusal) => return refusal.response().map(Body::from),
            Refused::Http2(refusal) => return http2::refusal(refusal).map(Body::from),
            Refused::Origin => StatusCode::FORBIDDEN,
            Refused::NotUpgradable => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = Response::new(format!("{self}.\n").into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// For programs whose handlers return a response as their error.
impl From<Refused> for Response {
    fn from(refused: Refused) -> Response {
        refused.into_response()
    }
}
