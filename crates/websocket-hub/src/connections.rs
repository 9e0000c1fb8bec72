//! The connections in somebody else's server, so that they end when it stops.

use std::time::{Duration, Instant};

use crate::drain::Drain;
use crate::metrics::Metrics;
use crate::tracker::{ConnectionGuard, Tracker};
use crate::websocket::WebSocket;

/// A list of connections that are mounted in somebody else's server: hyper, axum, actix-web. Such a server's own
/// graceful shutdown knows nothing of them. A clone is another handle of the same list.
///
/// ```no_run
/// # async fn example(shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
/// use std::time::Duration;
/// use axum::{Router, extract::Request, routing::any};
/// use websocket_hub::{Connections, Drain, Handshake, Response};
///
/// let connections = Connections::new();
/// let handshake = Handshake::new().connections(&connections);
/// let chat = move |request: Request| async move {
///     Ok::<_, Response>(handshake.upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
/// };
/// let app = Router::new().route("/chat", any(chat));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// axum::serve(listener, app).with_graceful_shutdown(shutdown).await?;
/// connections.stop_within(Duration::from_secs(10), Drain::default()).await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Connections(Tracker);

impl Connections {
    /// An empty list.
    pub fn new() -> Self {
        Connections::default()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.0.connections()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is counted of them.
    pub fn metrics(&self) -> Metrics {
        self.0.metrics().clone()
    }

    /// Says goodbye to every connection, now and from now on, waits for their ends no longer than `limit`, and cuts
    /// off the rest. Says how many it had to cut off.
    pub async fn stop_within(&self, limit: Duration, drain: Drain) -> usize {
        let deadline = Instant::now() + limit;
        let mut goodbyes = self.0.stop(drain);
        while let Some(pause) = goodbyes.next_batch(limit) {
            tokio::time::sleep(pause).await;
        }
        if tokio::time::timeout_at(deadline.into(), self.0.idle()).await.is_err() {
            self.0.give_up();
        }
        self.0.cut_off()
    }

    pub(crate) fn mount(&self, ws: &WebSocket) -> ConnectionGuard {
        self.0.connection(ws)
    }

    /// Waits until what is left is cut off.
    pub(crate) async fn cut_off(&self) {
        self.0.given_up().await;
    }
}
