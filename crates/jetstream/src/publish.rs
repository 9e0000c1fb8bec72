//! Publishing: many at a time, each until it is acknowledged, and nobody's words in another order.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures_util::future::join_all;
use parlor_chat::{Position, Proposal, Trouble};
use tokio::time::{Instant, sleep};

use crate::reach::{unusable, waiting};

/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(100);

/// What is published, to one subject of one stream.
pub(crate) struct Publishing<'a> {
    pub(crate) context: &'a Context,
    pub(crate) stream: &'a str,
    pub(crate) subject: String,
    /// When it is given up.
    pub(crate) deadline: Instant,
}

/// A message and the id by which the servers know it again.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) payload: Bytes,
    /// The last message that may be in the stream; nothing if that is no matter.
    pub(crate) after: Option<u64>,
}

impl Publishing<'_> {
    /// Publishes all of them at once, and those that were not acknowledged again, until all are. Returns their places.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] after the deadline: some may be in the stream, and some may still get there.
    pub(crate) async fn all(&self, messages: &[Outgoing]) -> Result<Vec<Position>, Trouble> {
        let mut places = vec![None; messages.len()];
        loop {
            let missing: Vec<usize> = (0..messages.len()).filter(|at| places[*at].is_none()).collect();
            let mut why = None;
            let mut acknowledgements = Vec::with_capacity(missing.len());
            for at in missing {
                acknowledgements.push(async move { (at, self.one(&messages[at]).await) });
            }
            for (at, result) in join_all(acknowledgements).await {
                match result {
                    Ok(place) => places[at] = Some(place),
                    Err(trouble @ Trouble::Unreachable(_)) => why = Some(trouble),
                    Err(trouble) => return Err(trouble),
                }
            }
            match why {
                None => return Ok(places.into_iter().flatten().collect()),
                Some(trouble) if Instant::now() >= self.deadline => return Err(trouble),
                Some(_) => sleep(AGAIN).await,
            }
        }
    }

    async fn one(&self, message: &Outgoing) -> Result<Position, Trouble> {
        let mut publish = PublishMessage::build()
            .payload(message.payload.clone())
            .message_id(&message.id)
            .expected_stream(self.stream);
        if let Some(last) = message.after {
            publish = publish.expected_last_sequence(last);
        }
        let sent = self.context.send_publish(self.subject.clone(), publish).await;
        let acknowledged = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(acknowledged) => Ok(Position(acknowledged.sequence)),
            Err(error) => Err(match error.kind() {
                // One that was to come before may have been lost on the way, and comes again.
                PublishErrorKind::WrongLastSequence => waiting("another node wrote in between"),
                PublishErrorKind::MaxPayloadExceeded => unusable(error),
                _ => waiting(error),
            }),
        }
    }
}

/// The proposals' places in the batch, in waves: within one, each is another author's.
///
/// A server that ends in the middle of a wave may take its later messages and lose earlier ones, which then come
/// after them. Nobody's own words are turned round by that if the next of them waits for the first.
pub(crate) fn waves(batch: &[Proposal]) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut counts = HashMap::new();
    for (at, proposal) in batch.iter().enumerate() {
        let count: &mut usize = counts.entry(proposal.by).or_default();
        match waves.get_mut(*count) {
            Some(wave) => wave.push(at),
            None => waves.push(vec![at]),
        }
        *count += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_chat::PersonId;

    #[test]
    fn in_a_wave_nobody_speaks_twice_and_everybody_keeps_their_order() {
        let cases: [(&[u64], &[&[usize]]); 4] = [
            (&[], &[]),
            (&[1, 2, 3], &[&[0, 1, 2]]),
            (&[1, 1, 1], &[&[0], &[1], &[2]]),
            (&[1, 2, 1, 3, 2, 1], &[&[0, 1, 3], &[2, 4], &[5]]),
        ];
        for (authors, expected) in cases {
            let batch: Vec<Proposal> =
                authors.iter().map(|by| Proposal { by: PersonId(*by), ..Proposal::default() }).collect();
            assert_eq!(waves(&batch), expected, "{authors:?}");
        }
    }
}
