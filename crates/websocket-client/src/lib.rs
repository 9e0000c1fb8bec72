//! A WebSocket client for tokio.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut ws = websocket_client::connect("ws://127.0.0.1:12345/chat").await?;
//! ws.send("hello").await?;
//! while let Some(message) = ws.recv().await {
//!     println!("{message:?}");
//! }
//! println!("over: {:?}", ws.closed());
//! # Ok(())
//! # }
//! ```

mod connect;
mod random;
mod websocket;

pub use connect::{ConnectError, Connector, Refusal, connect};
pub use websocket::WebSocket;
pub use websocket_driver::{self as driver, Cause, CloseCode, Closed, Config, Message, UsageError};
