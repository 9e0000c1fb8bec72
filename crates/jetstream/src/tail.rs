//! The stream as it grows, in order, from a place on: read ahead by a task, and again from there when servers end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::push::OrderedConfig;
use async_nats::jetstream::consumer::{DeliverPolicy, ReplayPolicy};
use futures_util::StreamExt;
use parlor_chat::{Position, Trouble};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::connection::Connection;
use crate::message::Delivered;

/// Messages that are read ahead at most.
const AHEAD: usize = 4_096;
/// The time between two attempts to read.
const AGAIN: Duration = Duration::from_millis(200);

/// Who is told that something came.
#[derive(Clone, Default)]
pub(crate) struct Arrivals(Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>);

impl Arrivals {
    /// Has this called from now on. Only the first who asks is told.
    pub(crate) fn set(&self, tell: Box<dyn Fn() + Send + Sync>) {
        let _ = self.0.set(tell);
    }

    fn tell(&self) {
        if let Some(tell) = self.0.get() {
            tell();
        }
    }
}

/// What reads ahead.
pub(crate) struct Tail {
    messages: Receiver<Delivered>,
    task: JoinHandle<()>,
}

impl Tail {
    /// Reads what stands after a place, and what will.
    pub(crate) fn start(connection: &Connection, stream: &str, after: Position, arrivals: &Arrivals) -> Self {
        let (sender, messages) = channel(AHEAD);
        let reading = read(connection.asking.clone(), stream.to_owned(), after, sender, arrivals.clone());
        let task = connection.runtime().spawn(reading);
        Tail { messages, task }
    }

    /// What comes next, once it is there; nothing if that takes longer than `patience`.
    pub(crate) fn next(
        &mut self,
        connection: &Connection,
        patience: Duration,
    ) -> Result<Option<Delivered>, Trouble> {
        if let Some(message) = self.next_at_once() {
            return Ok(Some(message));
        }
        match connection.wait(async { timeout(patience, self.messages.recv()).await }) {
            Err(_) => Ok(None),
            Ok(Some(message)) => Ok(Some(message)),
            Ok(None) => Err(Trouble::Stopped),
        }
    }

    /// What comes next if it is there.
    pub(crate) fn next_at_once(&mut self) -> Option<Delivered> {
        self.messages.try_recv().ok()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads until nobody listens any more.
async fn read(
    context: Context,
    stream: String,
    mut after: Position,
    to: Sender<Delivered>,
    arrivals: Arrivals,
) {
    while !to.is_closed() {
        // Whatever went wrong, reading begins again behind what was read.
        _ = read_once(&context, &stream, &mut after, &to, &arrivals).await;
        sleep(AGAIN).await;
    }
}

async fn read_once(
    context: &Context,
    stream: &str,
    after: &mut Position,
    to: &Sender<Delivered>,
    arrivals: &Arrivals,
) -> Result<(), async_nats::Error> {
    let config = OrderedConfig {
        deliver_subject: context.client().new_inbox(),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.next().0 },
        replay_policy: ReplayPolicy::Instant,
        ..OrderedConfig::default()
    };
    let consumer = context.get_stream(stream).await?.create_consumer(config).await?;
    let mut messages = consumer.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let position = Position(message.info()?.stream_sequence);
        // After a disturbance some come again.
        if position <= *after {
            continue;
        }
        let message = message.message;
        let delivered =
            Delivered { position, subject: message.subject.into_string(), payload: message.payload };
        to.send(delivered).await?;
        arrivals.tell();
        *after = position;
    }
    Ok(())
}
