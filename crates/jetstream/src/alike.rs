//! What all nodes of a space have to have alike, and only one of them can draw: whoever comes first decides it.

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use parlor_chat::Trouble;
use tokio::time::{Duration, Instant, sleep};

use crate::connection::Connection;
use crate::reach::waiting;
use crate::space::Space;

/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(200);

/// What all nodes know under a name. If there is nothing yet, that is `own` from now on.
pub(crate) async fn agree(
    connection: &Connection,
    space: &Space,
    name: &str,
    own: &[u8],
    deadline: Instant,
) -> Result<Vec<u8>, Trouble> {
    loop {
        let why = match attempt(connection, space, name, own).await {
            Ok(Some(agreed)) => return Ok(agreed),
            // Another node was quicker, and what it said is there now.
            Ok(None) => waiting("others write the same at the same time"),
            Err(why) => why,
        };
        if Instant::now() >= deadline {
            return Err(why);
        }
        sleep(AGAIN).await;
    }
}

async fn attempt(
    connection: &Connection,
    space: &Space,
    name: &str,
    own: &[u8],
) -> Result<Option<Vec<u8>>, Trouble> {
    let subject = space.alike(name);
    let stream = connection.asking.get_stream_no_info(space.alike_stream()).await.map_err(waiting)?;
    match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => return Ok(Some(message.payload.to_vec())),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
        Err(error) => return Err(waiting(error)),
    }
    let publish = PublishMessage::build().payload(own.to_vec().into()).expected_last_subject_sequence(0);
    let sent = connection.publishing.send_publish(subject, publish).await;
    let result = match sent {
        Ok(acknowledgement) => acknowledgement.await,
        Err(error) => Err(error),
    };
    match result {
        Ok(_) => Ok(Some(own.to_vec())),
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(None),
        Err(error) => Err(waiting(error)),
    }
}
