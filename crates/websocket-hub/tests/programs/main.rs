//! The examples as somebody runs them: processes of their own, talked to over sockets.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

mod mounts;
mod program;
mod serve;

use std::time::Duration;

use websocket_client::WebSocket;

/// How long anything may take that happens at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// The next message, which is a text.
async fn text(ws: &mut WebSocket) -> String {
    let message = tokio::time::timeout(PATIENCE, ws.recv()).await.expect("nothing came").expect("it is over");
    message.as_text().unwrap().to_owned()
}
