//! How clients reach the server.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Uri, header};
use tokio::net::TcpStream;
use websocket_client::{ConnectError, Connector, Proxy, WebSocket};

use super::line::Line;
use super::severing::{Scissors, Severing};
use crate::wire::SUBPROTOCOL;

/// How long a client waits for a connection, and then for the welcome.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the server, which may move when it is started anew.
#[derive(Debug)]
pub(super) struct Route {
    /// The address as clients see it.
    address: String,
    pub(super) is_encrypted: bool,
    /// The host and port of the server.
    server: Mutex<String>,
    /// Where a bad network waits before it.
    pub(super) network: Option<SocketAddr>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NoLink {
    Tcp(std::io::Error),
    Connect(ConnectError),
    /// It ended before the welcome.
    NoWelcome,
    TimedOut,
}

impl fmt::Display for NoLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoLink::Tcp(error) => error.fmt(f),
            NoLink::Connect(error) => error.fmt(f),
            NoLink::NoWelcome => f.write_str("the connection ended before the welcome"),
            NoLink::TimedOut => f.write_str("it took too long"),
        }
    }
}

/// A connection that was welcomed.
#[derive(Debug)]
pub(super) struct Link {
    ws: WebSocket,
    scissors: Scissors,
}

impl Route {
    /// The way to an address; nothing if it is none of a server. One for browsers means the same server.
    pub(super) fn to(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let (port, scheme) = match uri.scheme_str()? {
            "ws" | "http" => (80, "ws"),
            "wss" | "https" => (443, "wss"),
            _ => return None,
        };
        let (_, rest) = address.split_once(':')?;
        let server = format!("{}:{}", uri.host()?, uri.port_u16().unwrap_or(port));
        Some(Route {
            address: format!("{scheme}:{rest}"),
            is_encrypted: port == 443,
            server: Mutex::new(server),
            network: None,
        })
    }

    pub(super) fn server(&self) -> String {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server is somewhere else from now on.
    pub(super) fn moved(&self, to: String) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// Connects and waits for the welcome.
    pub(super) async fn open(&self, token: Option<&str>) -> Result<(Link, Line), NoLink> {
        let opened = tokio::time::timeout(PATIENCE, self.connect(token)).await;
        opened.unwrap_or(Err(NoLink::TimedOut))
    }

    async fn connect(&self, token: Option<&str>) -> Result<(Link, Line), NoLink> {
        let stream = match self.network {
            Some(network) => TcpStream::connect(network).await,
            None => TcpStream::connect(self.server()).await,
        };
        let stream = stream.map_err(NoLink::Tcp)?;
        stream.set_nodelay(true).map_err(NoLink::Tcp)?;
        let (stream, scissors) = Severing::new(stream);
        let mut connector = Connector::new().subprotocols([SUBPROTOCOL]).proxy(Proxy::none());
        if let Some(bearer) = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok()) {
            connector = connector.header(header::AUTHORIZATION, bearer);
        }
        let ws = connector.over(stream, &self.address).await.map_err(NoLink::Connect)?;
        let mut link = Link { ws, scissors };
        let welcome = link.next().await.filter(|line| line.r#type == "welcome").ok_or(NoLink::NoWelcome)?;
        Ok((link, welcome))
    }
}

impl Link {
    /// Sends a request; one that cannot be sent is one that was lost.
    pub(super) async fn send(&mut self, request: &str) {
        // How it ended, `next` tells.
        let _ = self.ws.send(request).await;
    }

    /// Sends a part of a request, and breaks off.
    pub(super) async fn send_part(mut self, request: &str, octets: usize) {
        self.scissors.cut_after(octets);
        self.send(request).await;
    }

    /// The next line; nothing once the connection is over, or if it says what is no line.
    pub(super) async fn next(&mut self) -> Option<Line> {
        let message = self.ws.recv().await?;
        serde_json::from_str(message.as_text()?).ok()
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        // The code can be sent, so this does not fail; and that it takes long is no reason to wait.
        let goodbye = self.ws.close(websocket_client::CloseCode::GOING_AWAY, "");
        let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_host_and_port() {
        for (address, server) in [
            ("ws://localhost:8080", Some("localhost:8080")),
            ("ws://example.org/chat", Some("example.org:80")),
            ("wss://example.org", Some("example.org:443")),
            ("ws://[::1]:9", Some("[::1]:9")),
            ("http://example.org", Some("example.org:80")),
            ("ftp://example.org", None),
            ("example.org:80", None),
            ("", None),
        ] {
            assert_eq!(Route::to(address).map(|route| route.server()).as_deref(), server, "{address}");
        }
    }
}
