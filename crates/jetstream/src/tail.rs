//! The stream as it grows, in order, from a message on: read ahead by a task, and again from there when servers end.

use std::time::Duration;

use async_nats::Message;
use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::{self, Context};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::arrivals::Arrivals;
use crate::connection::Connection;
use crate::layout::StreamSequence;
use crate::message::Delivered;
use crate::space::Space;

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

/// What reads ahead.
pub(crate) struct Tail {
    messages: Receiver<Delivered>,
    task: JoinHandle<()>,
}

impl Tail {
    /// Reads what stands in the stream of a space after a message, and what will. What was proposed under this name is known
    /// again.
    pub(crate) fn start(
        connection: &Connection,
        (space, name): (&Space, &str),
        after: StreamSequence,
        arrivals: &Arrivals,
    ) -> Self {
        let (to, messages) = channel(AHEAD);
        let reading = Reading {
            context: connection.asking.clone(),
            space: space.clone(),
            name: name.to_owned(),
            to,
            arrivals: arrivals.clone(),
        };
        let task = connection.runtime().spawn(reading.read(after));
        Tail { messages, task }
    }

    /// What comes next if it is there.
    pub(crate) fn next(&mut self) -> Option<Delivered> {
        self.messages.try_recv().ok()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Reading {
    context: Context,
    space: Space,
    name: String,
    to: Sender<Delivered>,
    arrivals: Arrivals,
}

impl Reading {
    /// Reads until nobody listens any more.
    async fn read(self, mut after: StreamSequence) {
        let mut failed = 0;
        while !self.to.is_closed() {
            // Whatever went wrong, reading begins again behind what was read.
            match timeout(BEGINNING, self.begin(after)).await {
                Ok(Ok(messages)) => {
                    failed = 0;
                    _ = self.read_on(messages, &mut after).await;
                }
                Ok(Err(_)) | Err(_) => failed += 1,
            }
            if failed == ATTEMPTS {
                failed = 0;
                // It fails when the connection is over, and then so is this.
                _ = self.context.client().force_reconnect().await;
            }
            sleep(AGAIN).await;
        }
    }

    /// Has the servers read, each time under a new name: what was given to a server that died stays there under its
    /// name, and would be asked for in vain.
    async fn begin(&self, after: StreamSequence) -> Result<Messages, async_nats::Error> {
        let config = Config {
            deliver_subject: self.context.client().new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.next().0 },
            ack_policy: AckPolicy::None,
            idle_heartbeat: HEARTBEAT,
            flow_control: true,
            memory_storage: true,
            num_replicas: 1,
            ..Config::default()
        };
        Ok(self.context.create_consumer_on_stream(config, self.space.stream()).await?.messages().await?)
    }

    async fn read_on(
        &self,
        mut messages: Messages,
        after: &mut StreamSequence,
    ) -> Result<(), async_nats::Error> {
        let mut count = 0;
        while let Some(message) = messages.next().await {
            let mut next = Some(message);
            while let Some(message) = next {
                let message = message?;
                let info = message.info()?;
                count += 1;
                if info.consumer_sequence != count {
                    return Err("something was lost on the way".into());
                }
                let sequence = StreamSequence(info.stream_sequence);
                self.hand_over(self.delivered(sequence, message)).await?;
                *after = sequence;
                next = messages.next().now_or_never().flatten();
            }
            self.arrivals.tell();
        }
        Ok(())
    }

    async fn hand_over(&self, delivered: Delivered) -> Result<(), async_nats::Error> {
        match self.to.try_send(delivered) {
            Err(TrySendError::Full(delivered)) => {
                self.arrivals.tell();
                Ok(self.to.send(delivered).await?)
            }
            sent => Ok(sent?),
        }
    }

    fn delivered(&self, sequence: StreamSequence, message: jetstream::Message) -> Delivered {
        let Message { headers, subject, payload, .. } = message.message;
        Delivered::new((&self.space, &self.name), sequence, headers.as_ref(), (subject, payload))
    }
}
