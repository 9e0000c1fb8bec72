//! What nodes tell each other beside the log, by a subject that keeps nothing: it is lost if nobody hears it, and nothing
//! waits for it.

use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use futures_util::StreamExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::sleep;

use crate::connection::Connection;

/// Messages that wait to go out at most.
const QUEUE: usize = 1_024;
/// The time between two attempts to listen.
const AGAIN: Duration = Duration::from_millis(200);

/// What is called with what a node said, on a thread that must not wait.
pub type Hear = Box<dyn Fn(&[u8]) + Send + Sync>;

/// A way to tell something to all nodes of a space, this one too. It ends with its log.
#[derive(Debug)]
pub struct Broadcast(Sender<Vec<u8>>);

impl Broadcast {
    /// Listens, and tells once it does.
    pub(crate) fn start(connection: &Connection, subject: String, hear: Hear) -> Self {
        let (queue, waiting) = channel(QUEUE);
        let client = connection.asking.client();
        connection.runtime().spawn(async move {
            tokio::select! {
                () = listen(&client, &subject, &hear) => {}
                () = say(&client, &subject, waiting) => {}
            }
        });
        Broadcast(queue)
    }

    /// Tells something, without waiting; returns whether it was taken. While there is no connection it is dropped.
    pub fn tell(&self, octets: Vec<u8>) -> bool {
        self.0.try_send(octets).is_ok()
    }
}

async fn listen(client: &Client, subject: &str, hear: &Hear) {
    loop {
        if let Ok(mut messages) = client.subscribe(subject.to_owned()).await {
            while let Some(message) = messages.next().await {
                hear(&message.payload);
            }
        }
        sleep(AGAIN).await;
    }
}

async fn say(client: &Client, subject: &str, mut waiting: Receiver<Vec<u8>>) {
    while let Some(octets) = waiting.recv().await {
        // What waits for a connection would be old by then, and in front of the log's own messages.
        if client.connection_state() != State::Connected {
            continue;
        }
        if client.publish(subject.to_owned(), octets.into()).await.is_ok() {
            // One at a time, for the same reason. What did not go out is told again as a whole.
            _ = client.flush().await;
        }
    }
}
