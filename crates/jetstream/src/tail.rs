//! The stream as it grows, in order, from a place on: read ahead by a task, and again from there when servers end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
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
/// How often the servers say that they still read when there is nothing. After two of these without a word reading begins
/// again.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long beginning may take. It may be given to a server that has just died, and then nobody answers.
const BEGINNING: Duration = Duration::from_secs(2);
/// After so many attempts in a row that did not begin, another server is gone to: this one may have lost the others.
const ATTEMPTS: u32 = 3;

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
    let mut failed = 0;
    while !to.is_closed() {
        // Whatever went wrong, reading begins again behind what was read.
        match timeout(BEGINNING, begin(&context, &stream, after)).await {
            Ok(Ok(messages)) => {
                failed = 0;
                _ = read_on(messages, &mut after, &to, &arrivals).await;
            }
            Ok(Err(_)) | Err(_) => failed += 1,
        }
        if failed == ATTEMPTS {
            failed = 0;
            // It fails when the connection is over, and then so is this.
            _ = context.client().force_reconnect().await;
        }
        sleep(AGAIN).await;
    }
}

/// Has the servers read, each time under a new name: what was given to a server that died stays there under its name,
/// and would be asked for in vain.
async fn begin(context: &Context, stream: &str, after: Position) -> Result<Messages, async_nats::Error> {
    let config = Config {
        deliver_subject: context.client().new_inbox(),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.next().0 },
        ack_policy: AckPolicy::None,
        idle_heartbeat: HEARTBEAT,
        flow_control: true,
        memory_storage: true,
        num_replicas: 1,
        ..Config::default()
    };
    Ok(context.create_consumer_on_stream(config, stream).await?.messages().await?)
}

async fn read_on(
    mut messages: Messages,
    after: &mut Position,
    to: &Sender<Delivered>,
    arrivals: &Arrivals,
) -> Result<(), async_nats::Error> {
    let mut count = 0;
    while let Some(message) = messages.next().await {
        let message = message?;
        let info = message.info()?;
        count += 1;
        if info.consumer_sequence != count {
            return Err("something was lost on the way".into());
        }
        let position = Position(info.stream_sequence);
        let message = message.message;
        let delivered =
            Delivered { position, subject: message.subject.into_string(), payload: message.payload };
        to.send(delivered).await?;
        arrivals.tell();
        *after = position;
    }
    Ok(())
}
