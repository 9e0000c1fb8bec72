//! What can go wrong at a proxy, apart from what goes wrong behind it.

use std::fmt;
use std::io;

use http::StatusCode;

/// Why a proxy gave no way to the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// What was given, or stands in the environment, is no address of a proxy; without its credentials.
    Address(String),
    /// The proxy's host has no address, or could not be looked up.
    Resolve(io::Error),
    /// No connection to the proxy.
    Connect(io::Error),
    /// The connection to the proxy broke before it gave way.
    Io(io::Error),
    /// The proxy wants credentials, or others than it got.
    Authentication,
    /// The status with which an HTTP proxy refused, other than 407.
    Status(StatusCode),
    /// The reply with which a SOCKS proxy refused (RFC 1928 §6).
    Reply(u8),
    /// The proxy does not speak the protocol that its address says; how that showed.
    Protocol(&'static str),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyError::Address(text) => write!(
                f,
                "'{text}' is no proxy: it must look like http://host:port or socks5h://user:password@host:port"
            ),
            ProxyError::Resolve(error) => write!(f, "its host was not found: {error}"),
            ProxyError::Connect(error) => write!(f, "it cannot be reached: {error}"),
            ProxyError::Io(error) => write!(f, "the connection to it broke: {error}"),
            ProxyError::Authentication => write!(f, "it wants credentials, or others than it was given"),
            ProxyError::Status(status) => write!(f, "it answered {status}"),
            ProxyError::Reply(reply) => write!(f, "it answered {reply}, {}", meaning(*reply)),
            ProxyError::Protocol(what) => write!(f, "it does not speak the protocol of its address: {what}"),
        }
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProxyError::Resolve(error) | ProxyError::Connect(error) | ProxyError::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// RFC 1928 §6.
fn meaning(reply: u8) -> &'static str {
    match reply {
        1 => "a general failure",
        2 => "its rules forbid the connection",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "the connection timed out on its way",
        7 => "the command is not supported",
        8 => "the kind of address is not supported",
        _ => "which has no meaning",
    }
}
