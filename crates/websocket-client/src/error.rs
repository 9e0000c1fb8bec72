//! Why no connection came about.

use std::fmt;
use std::io;
use std::time::Duration;

use websocket_driver::handshake::client::InvalidRequest;
use websocket_driver::handshake::http1::HeadError;

use crate::proxy::ProxyError;
use crate::redirect::RedirectError;
use crate::refusal::Refusal;
use crate::tls::TlsError;

/// Why no connection came about. The variants are in the order in which connecting goes.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// What was given is no WebSocket address, or has credentials in it; those belong into a header.
    Address(String),
    /// What was asked for cannot be asked for.
    Request(InvalidRequest),
    /// The host has no address, or could not be looked up.
    Resolve {
        /// The host's name.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// No TCP connection came about, for example because it was refused.
    Connect {
        /// `host:port`.
        host: String,
        /// Of several addresses, what the first one said that said something.
        error: io::Error,
    },
    /// The proxy gave no way to the server.
    Proxy {
        /// The proxy's `host:port`; empty if what was given is no proxy.
        proxy: String,
        /// What was wrong with it.
        error: ProxyError,
    },
    /// No TLS with the server.
    Tls {
        /// The host whose certificate was expected.
        host: String,
        /// What was wrong.
        error: TlsError,
    },
    /// The connection broke during the opening handshake.
    Io(io::Error),
    /// The answer is not HTTP/1.1.
    Response(HeadError),
    /// The server redirects to where one does not go.
    Redirect(RedirectError),
    /// The server, or what answered in its place, did not open a WebSocket.
    Refused(Box<Refusal>),
    /// It took longer than [`Connector::timeout`](crate::Connector::timeout) allows.
    TimedOut(Duration),
}

impl ConnectError {
    /// Whether another attempt would fail in the same way, so that somebody has to change something first:
    ///
    /// - what was given is no address, no request or no proxy ([`Address`](ConnectError::Address),
    ///   [`Request`](ConnectError::Request), [`ProxyError::Address`]);
    /// - the server's certificate is not trusted, or ours is not, or the system has no root certificates;
    /// - the proxy wants other credentials;
    /// - the server refused with 400, 401, 403, 404 or 426.
    ///
    /// Everything else may heal: names that are not found come back, servers are mended.
    pub fn is_permanent(&self) -> bool {
        match self {
            ConnectError::Address(_) | ConnectError::Request(_) => true,
            ConnectError::Proxy { error, .. } => {
                matches!(error, ProxyError::Address(_) | ProxyError::Authentication)
            }
            ConnectError::Tls { error, .. } => error.is_about_certificates(),
            ConnectError::Refused(refusal) => matches!(refusal.status.as_u16(), 400 | 401 | 403 | 404 | 426),
            ConnectError::Resolve { .. }
            | ConnectError::Connect { .. }
            | ConnectError::Io(_)
            | ConnectError::Response(_)
            | ConnectError::Redirect(_)
            | ConnectError::TimedOut(_) => false,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Address(address) => {
                write!(f, "'{address}' is no address: it must look like ws://host:port/path or wss://host")
            }
            ConnectError::Request(error) => error.fmt(f),
            ConnectError::Resolve { host, error } => write!(f, "the host {host} was not found: {error}"),
            ConnectError::Connect { host, error } => write!(f, "no connection to {host}: {error}"),
            ConnectError::Proxy { proxy, error } if proxy.is_empty() => error.fmt(f),
            ConnectError::Proxy { proxy, error } => write!(f, "no way through the proxy {proxy}: {error}"),
            ConnectError::Tls { host, error } => write!(f, "no TLS with {host}: {error}"),
            ConnectError::Io(error) => write!(f, "the connection failed: {error}"),
            ConnectError::Response(error) => write!(f, "the server's answer cannot be read: {error}"),
            ConnectError::Redirect(error) => error.fmt(f),
            ConnectError::Refused(refusal) => {
                write!(f, "{}", refusal.reason)?;
                let sentence = refusal.body.trim();
                if sentence.is_empty() { Ok(()) } else { write!(f, ": {sentence}") }
            }
            ConnectError::TimedOut(limit) => write!(f, "no connection within {limit:?}"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConnectError::Request(error) => Some(error),
            ConnectError::Resolve { error, .. } | ConnectError::Connect { error, .. } => Some(error),
            ConnectError::Proxy { error, .. } => Some(error),
            ConnectError::Tls { error, .. } => Some(error),
            ConnectError::Io(error) => Some(error),
            ConnectError::Response(error) => Some(error),
            ConnectError::Redirect(error) => Some(error),
            ConnectError::Refused(refusal) => Some(&refusal.reason),
            ConnectError::Address(_) | ConnectError::TimedOut(_) => None,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        ConnectError::Io(error)
    }
}
