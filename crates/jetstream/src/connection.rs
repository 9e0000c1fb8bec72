//! The connection to the servers, with the threads that it runs on: everybody else here waits for it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectError, ConnectErrorKind};
use parlor_chat::Trouble;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::options::Options;
use crate::reach::{unusable, waiting};
use crate::servers;

/// How long one attempt to publish waits for its acknowledgement. What is late is published once more, and the servers
/// know it again by its id.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(2);
/// How long a question to the servers waits for its answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long what was handed over may take to get on its way. If it takes longer, there is no connection.
const FLUSH: Duration = Duration::from_millis(200);
/// How often a server is asked whether it is there, if it says nothing. After three times without an answer there is
/// another connection: who is cut off does not say so.
const PING: Duration = Duration::from_secs(2);
/// How long one attempt to connect may take.
const CONNECTING: Duration = Duration::from_secs(2);
/// The longest time between two attempts to connect.
const RECONNECT: Duration = Duration::from_millis(500);
/// Messages that are on their way to this node at most, before the servers hold back.
const ARRIVING: usize = 16_384;

/// A connection. What is asked through it waits on the caller's thread.
pub(crate) struct Connection {
    /// Nothing only while it is dropped.
    runtime: Option<Runtime>,
    /// For publishing.
    pub(crate) publishing: Context,
    /// For everything else.
    pub(crate) asking: Context,
    client: Client,
}

impl Connection {
    /// Connects, or says within the patience why that cannot be.
    pub(crate) fn open(options: &Options) -> Result<Self, Trouble> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("jetstream")
            .enable_all()
            .build()
            .map_err(|error| Trouble::Io(error.to_string()))?;
        let (addresses, connect) = servers::read(options)?;
        let connect = connect
            .name(format!("parlor {}", options.space))
            .subscription_capacity(ARRIVING)
            .ping_interval(PING)
            .connection_timeout(CONNECTING)
            .reconnect_delay_callback(|attempt| {
                RECONNECT.min(Duration::from_millis(10) * u32::try_from(attempt).unwrap_or(u32::MAX).min(50))
            });
        let connected =
            runtime.block_on(async { timeout(options.patience, connect.connect(addresses)).await });
        let client = match connected {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(refused(&error)),
            Err(_) => return Err(waiting("no server answered in time")),
        };
        let (publishing, asking) = {
            let _guard = runtime.enter();
            let with = |limit| ContextBuilder::new().timeout(limit).build(client.clone());
            (with(ACKNOWLEDGEMENT), with(ANSWER))
        };
        let needed = parlor_chat::limits::TEXT * 4;
        if client.max_payload() < needed {
            return Err(unusable(format!(
                "they take messages of {} octets, which is too few for the longest texts; set max_payload to {needed} \
                 or more",
                client.max_payload()
            )));
        }
        Ok(Connection { runtime: Some(runtime), publishing, asking, client })
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The number of the connection that there is now, without waiting.
    pub(crate) fn current(&self) -> Option<u64> {
        current(&self.client)
    }

    /// Waits for something on the connection's threads.
    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime().block_on(what)
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is there until the connection is dropped")
    }

    /// The number of the connection; nothing if there is none. With each, servers may have come back without what they
    /// had.
    ///
    /// What was handed over before is on its way by then, so that nothing waits for a connection that comes later.
    pub(crate) fn number(&self) -> Option<u64> {
        let flushed = self.wait(async { timeout(FLUSH, self.client.flush()).await });
        matches!(flushed, Ok(Ok(()))).then(|| self.current()).flatten()
    }
}

/// The number of the connection that there is now.
pub(crate) fn current(client: &Client) -> Option<u64> {
    let is_there = client.connection_state() == State::Connected;
    is_there.then(|| client.statistics().connects.load(Ordering::SeqCst))
}

/// Why there is no connection: what is shown to the servers does not become right by waiting.
fn refused(error: &ConnectError) -> Trouble {
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            unusable("they do not let this node in; look at the user, token or key that it shows them")
        }
        _ => waiting(error),
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
