//! What the hub adds to the driver's limits.

use std::sync::Arc;

/// The limits and times of the connections that a handshake opens.
#[derive(Clone, Debug)]
pub struct Config {
    /// Those of the protocol: sizes, keep-alive, close.
    pub connection: Arc<websocket_driver::Config>,
    /// How many octets may wait to be written to one connection. A connection whose queue is that full when
    /// something more is sent to it has fallen behind: what waits is thrown away and it is closed with 1013.
    /// From half of it on, nothing more is read from that connection. Default: 1 MiB.
    pub queue_limit: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config { connection: Arc::default(), queue_limit: 1 << 20 }
    }
}
