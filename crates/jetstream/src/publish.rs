//! Publishing: many at a time, each until it is acknowledged.

use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures_util::future::join_all;
use parlor_chat::Trouble;
use tokio::time::{Instant, sleep};

use crate::gate::Gate;
use crate::layout::StreamSequence;
use crate::reach::{unusable, waiting};

/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(100);

/// Where something is published: in one stream.
pub(crate) struct Publishing<'a> {
    pub(crate) context: &'a Context,
    pub(crate) stream: &'a str,
    /// Passed before each attempt, if there is one.
    pub(crate) gate: Option<&'a Gate>,
}

/// A message and the id by which the servers know it again.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) subject: Subject,
    pub(crate) payload: Bytes,
    /// The last message that may be in the stream; nothing if that is no matter.
    pub(crate) after: Option<u64>,
}

impl Publishing<'_> {
    /// Publishes all of them at once, each again until it is acknowledged.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] after the deadline: some may be in the stream, and some may still get there.
    pub(crate) async fn all(&self, messages: &[Outgoing], deadline: Instant) -> Result<(), Trouble> {
        let each = messages.iter().map(|message| self.until_acknowledged(message, deadline));
        join_all(each).await.into_iter().try_for_each(|sent| sent.map(drop))
    }

    /// Publishes one until it is acknowledged, and returns where it stands.
    pub(crate) async fn until_acknowledged(
        &self,
        message: &Outgoing,
        deadline: Instant,
    ) -> Result<StreamSequence, Trouble> {
        loop {
            let passed = match self.gate {
                Some(gate) => gate.pass().await,
                None => Ok(()),
            };
            let result = match passed {
                Ok(()) => self.one(message).await,
                Err(trouble) => Err(trouble),
            };
            match result {
                Err(Trouble::Unreachable(_)) if Instant::now() < deadline => sleep(AGAIN).await,
                result => return result,
            }
        }
    }

    async fn one(&self, message: &Outgoing) -> Result<StreamSequence, Trouble> {
        let mut publish = PublishMessage::build()
            .payload(message.payload.clone())
            .message_id(&message.id)
            .expected_stream(self.stream);
        if let Some(last) = message.after {
            publish = publish.expected_last_sequence(last);
        }
        let sent = self.context.send_publish(message.subject.clone(), publish).await;
        let acknowledged = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(acknowledged) => Ok(StreamSequence(acknowledged.sequence)),
            Err(error) => Err(match error.kind() {
                // One that was to come before may have been lost on the way, and comes again.
                PublishErrorKind::WrongLastSequence => waiting("another node wrote in between"),
                PublishErrorKind::MaxPayloadExceeded => unusable(error),
                _ => waiting(error),
            }),
        }
    }
}
