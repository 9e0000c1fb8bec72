//! What holds proposals back until the stream has been looked at: servers that came back may have lost something.

use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use parlor_chat::Trouble;
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use crate::arrivals::Arrivals;
use crate::connection;
use crate::reach::waiting;

/// How long one attempt to pass waits.
const PATIENCE: Duration = Duration::from_millis(100);

/// A gate that is open as long as there is the connection at which the stream was looked at last.
pub(crate) struct Gate {
    pub(crate) client: Client,
    /// The number of that connection.
    pub(crate) looked_at: Receiver<Option<u64>>,
    /// Told that the stream is to be looked at.
    pub(crate) arrivals: Arrivals,
}

impl Gate {
    /// Passes, or waits a moment for that.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if it stays closed.
    pub(crate) async fn pass(&self) -> Result<(), Trouble> {
        let is_open = |at: &Option<u64>| at.is_some() && *at == connection::current(&self.client);
        let mut looked_at = self.looked_at.clone();
        if is_open(&looked_at.borrow()) {
            return Ok(());
        }
        self.arrivals.tell();
        match timeout(PATIENCE, looked_at.wait_for(is_open)).await {
            Ok(opened) => opened.map(drop).map_err(|_| Trouble::Stopped),
            Err(_) if self.client.connection_state() == State::Connected => {
                Err(waiting("what they have is not compared yet"))
            }
            Err(_) => Err(waiting("there is no connection to them")),
        }
    }
}
