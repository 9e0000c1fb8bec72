//! Entries beside the stream, for places that can be decided no more because something was erased.
//!
//! What is erased is missing when a node that comes later decides on what was proposed after it. So before a message
//! is erased, its place and all places from there to the newest are put here as they stand in a log, decided; and each
//! says up to which place (`until`) the entries here have to be taken instead of the messages.

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{DeleteMessageErrorKind, RawMessageErrorKind, Stream};
use futures_util::StreamExt;
use futures_util::future::join_all;
use parlor_chat::{Entry, Position, Trouble};
use tokio::time::{Duration, Instant, sleep};

use crate::connection::Connection;
use crate::reach::waiting;
use crate::space::Space;

/// Entries that are on their way at a time.
const PIECE: usize = 500;
/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(100);
/// Octets before the entry: up to where entries have to be taken.
const UNTIL: usize = 8;

/// An entry as it was found here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settled {
    sequence: u64,
    /// Up to this place entries are to be taken from here.
    pub(crate) until: Position,
    pub(crate) entry: Entry,
}

/// The newest entry for a place.
pub(crate) async fn get(
    connection: &Connection,
    space: &Space,
    position: Position,
) -> Result<Option<Settled>, Trouble> {
    let stream = stream(connection, space).await?;
    get_from(&stream, space, position).await
}

async fn get_from(
    stream: &Stream<()>,
    space: &Space,
    position: Position,
) -> Result<Option<Settled>, Trouble> {
    let subject = space.settled(position);
    let message = match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => message,
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
        Err(error) => return Err(waiting(error)),
    };
    let foreign = || Trouble::Corrupt(format!("{subject} holds no entry for its place"));
    let (until, octets) = message.payload.split_first_chunk::<UNTIL>().ok_or_else(foreign)?;
    let entry = Entry::from_octets(octets)?;
    if entry.position != position {
        return Err(foreign());
    }
    Ok(Some(Settled { sequence: message.sequence, until: Position(u64::from_be_bytes(*until)), entry }))
}

/// Puts entries here as they are at `until`, the highest place first, unless somebody who was further has been here.
pub(crate) async fn put(
    connection: &Connection,
    space: &Space,
    entries: &[Entry],
    until: impl Fn(&Entry) -> Position,
    deadline: Instant,
) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    // Whoever sees one that says how far to go sees all up to there.
    let downwards: Vec<&Entry> = entries.iter().rev().collect();
    for piece in downwards.chunks(PIECE) {
        let all =
            piece.iter().map(|entry| put_one(connection, &stream, space, entry, until(entry), deadline));
        join_all(all).await.into_iter().collect::<Result<(), Trouble>>()?;
    }
    Ok(())
}

async fn put_one(
    connection: &Connection,
    stream: &Stream<()>,
    space: &Space,
    entry: &Entry,
    until: Position,
    deadline: Instant,
) -> Result<(), Trouble> {
    let payload = [until.0.to_be_bytes().as_slice(), &entry.to_octets()].concat();
    let mut before = 0;
    loop {
        let publish =
            PublishMessage::build().payload(payload.clone().into()).expected_last_subject_sequence(before);
        let sent = connection.publishing.send_publish(space.settled(entry.position), publish).await;
        let result = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match result {
            Ok(_) if before == 0 => return Ok(()),
            // What it said before may be what is to be erased.
            Ok(_) => return erase(stream, before).await,
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                match get_from(stream, space, entry.position).await? {
                    Some(there) if there.until >= until || there.entry == *entry => return Ok(()),
                    Some(there) => before = there.sequence,
                    None => before = 0,
                }
            }
            Err(error) if Instant::now() >= deadline => return Err(waiting(error)),
            Err(_) => sleep(AGAIN).await,
        }
        if Instant::now() >= deadline {
            return Err(waiting("others write the same at the same time"));
        }
    }
}

/// Erases what is here of a place.
pub(crate) async fn remove(
    connection: &Connection,
    space: &Space,
    position: Position,
) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    while let Some(settled) = get_from(&stream, space, position).await? {
        erase(&stream, settled.sequence).await?;
    }
    Ok(())
}

/// Erases what is here of all places up to one.
pub(crate) async fn forget(connection: &Connection, space: &Space, up_to: Position) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    let mut subjects = stream.info_with_subjects(space.settled_subjects()).await.map_err(waiting)?;
    let mut places = Vec::new();
    while let Some(subject) = subjects.next().await {
        let (subject, _) = subject.map_err(waiting)?;
        let place = subject.rsplit('.').next().and_then(|place| place.parse().ok()).map(Position);
        places.extend(place.filter(|place| *place <= up_to));
    }
    for piece in places.chunks(PIECE) {
        let all = piece.iter().map(|place| remove(connection, space, *place));
        join_all(all).await.into_iter().collect::<Result<(), Trouble>>()?;
    }
    Ok(())
}

async fn stream(connection: &Connection, space: &Space) -> Result<Stream<()>, Trouble> {
    connection.asking.get_stream_no_info(space.settled_stream()).await.map_err(waiting)
}

/// Writes over a message in a stream; one that is gone already is no matter.
pub(crate) async fn erase<I>(stream: &Stream<I>, sequence: u64) -> Result<(), Trouble> {
    match stream.delete_message(sequence).await {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            // "sequence not found" and "no message found" both come with these.
            DeleteMessageErrorKind::JetStream(error) if matches!(error.code(), 400 | 404 | 500) => {
                gone(stream, sequence, &error).await
            }
            _ => Err(waiting(error)),
        },
    }
}

/// Whether a message that could not be erased is not there.
async fn gone<I>(
    stream: &Stream<I>,
    sequence: u64,
    why: &async_nats::jetstream::Error,
) -> Result<(), Trouble> {
    match stream.get_raw_message(sequence).await {
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(()),
        _ => Err(waiting(why)),
    }
}
