//! How clients reach the server.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderValue, Uri, header};
use tokio::net::TcpStream;
use tokio::sync::watch;
use websocket_client::{ConnectError, Connector, Proxy, WebSocket};

use super::line::Line;
use super::severing::{Scissors, Severing};
use crate::wire::SUBPROTOCOL;

/// How long a client waits for a connection, and then for the welcome.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the server, or to the nodes that are one, which may move when they are started anew.
#[derive(Debug)]
pub(super) struct Route {
    /// The address as clients see it.
    address: String,
    pub(super) is_encrypted: bool,
    /// The host and port of each node; nothing for those that are away.
    nodes: watch::Sender<Vec<Option<String>>>,
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
            nodes: watch::Sender::new(vec![Some(server)]),
            network: None,
        })
    }

    /// The way to several nodes by their hosts and ports.
    pub(super) fn to_nodes(nodes: Vec<String>) -> Self {
        let address = format!("ws://{}", nodes.first().map_or("localhost", String::as_str));
        let nodes = watch::Sender::new(nodes.into_iter().map(Some).collect());
        Route { address, is_encrypted: false, nodes, network: None }
    }

    /// Who takes a connection: each node in its turn, but for those that are away.
    pub(super) fn server(&self, connection: usize) -> Option<String> {
        let nodes = self.nodes.borrow();
        let (before, after) = nodes.split_at(connection % nodes.len());
        after.iter().chain(before).flatten().next().cloned()
    }

    /// A node is there from now on.
    pub(super) fn is_at(&self, node: usize, address: String) {
        self.nodes.send_modify(|nodes| nodes[node] = Some(address));
    }

    /// A node takes nobody, and its connections end; returns where it was.
    pub(super) fn is_away(&self, node: usize) -> Option<String> {
        let mut was = None;
        self.nodes.send_modify(|nodes| was = nodes[node].take());
        was
    }

    /// Waits until no node is at an address any more.
    pub(super) async fn is_gone(&self, address: &str) {
        let mut nodes = self.nodes.subscribe();
        // It never ends before this, which holds its other end.
        let _ = nodes.wait_for(|nodes| nodes.iter().flatten().all(|node| node != address)).await;
    }

    /// Connects and waits for the welcome.
    pub(super) async fn open(&self, token: Option<&str>) -> Result<(Link, Line), NoLink> {
        let opened = tokio::time::timeout(PATIENCE, self.connect(token)).await;
        opened.unwrap_or(Err(NoLink::TimedOut))
    }

    async fn connect(&self, token: Option<&str>) -> Result<(Link, Line), NoLink> {
        let stream = match self.network {
            Some(network) => TcpStream::connect(network).await,
            None => TcpStream::connect(self.server(0).unwrap_or_default()).await,
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
            let route = Route::to(address);
            assert_eq!(route.and_then(|route| route.server(0)).as_deref(), server, "{address}");
        }
    }

    #[tokio::test]
    async fn who_is_away_takes_no_connections_and_loses_those_that_it_has() {
        let route = Route::to_nodes(vec!["a:1".into(), "b:1".into(), "c:1".into()]);
        let takes =
            |from: usize| (from..from + 3).filter_map(|number| route.server(number)).collect::<String>();
        assert_eq!(takes(4), "b:1c:1a:1");
        assert_eq!(route.is_away(1).as_deref(), Some("b:1"));
        assert_eq!(takes(0), "a:1c:1c:1");
        route.is_gone("b:1").await;
        route.is_at(1, "b:2".into());
        assert_eq!(takes(0), "a:1b:2c:1");
        assert_eq!([0, 1, 2].map(|node| route.is_away(node)).iter().flatten().count(), 3);
        assert_eq!(route.server(7), None);
    }
}
