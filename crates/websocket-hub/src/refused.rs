//! Why a request does not become a connection, and the answer that says so.

use std::fmt;

use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use websocket_driver::handshake::http2;
use websocket_driver::handshake::server::Refusal;

use crate::app::IntoResponse;
use crate::body::{Body, Response};
use crate::limits::TooMany;

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
    /// There are too many connections, or they come too quickly.
    TooMany(TooMany),
    /// The server that the request came through does not support upgrades.
    NotUpgradable,
}

impl Refused {
    /// What it is counted as.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Refused::Handshake(_) | Refused::Http2(_) => "handshake",
            Refused::Origin => "origin",
            Refused::TooMany(TooMany::Connections) => "connections",
            Refused::TooMany(TooMany::ConnectionsFromAddress) => "connections-from-address",
            Refused::TooMany(TooMany::Handshakes(_)) => "handshakes",
            Refused::TooMany(TooMany::HandshakesFromAddress(_)) => "handshakes-from-address",
            Refused::NotUpgradable => "not-upgradable",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Handshake(refusal) | Refused::Http2(refusal) => refusal.fmt(f),
            Refused::Origin => {
                write!(f, "Pages from this origin may not connect; the server's owner can allow it")
            }
            Refused::TooMany(too_many) => too_many.fmt(f),
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
            Refused::TooMany(too_many) if too_many.is_of_address() => StatusCode::TOO_MANY_REQUESTS,
            Refused::TooMany(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::NotUpgradable => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = Response::new(format!("{self}.\n").into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Refused::TooMany(too_many) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from(too_many.retry_after()));
        }
        response
    }
}

/// For programs whose handlers return a response as their error.
impl From<Refused> for Response {
    fn from(refused: Refused) -> Response {
        refused.into_response()
    }
}
