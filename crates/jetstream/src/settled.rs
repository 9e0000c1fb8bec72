//! Entries beside the stream, for messages that can be decided no more because something was erased.
//!
//! What is erased is missing when a node that comes later decides on what was proposed after it. So before a message
//! is erased, what became of it and of all messages from there to the newest is put here, decided; and each
//! says up to which message (`until`) the entries here have to be taken instead of what stands in the stream.

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{DeleteMessageErrorKind, RawMessageErrorKind, Stream};
use futures_util::StreamExt;
use futures_util::future::join_all;
use parlor_chat::{Entry, Trouble};
use tokio::time::{Duration, Instant, sleep};

use crate::connection::Connection;
use crate::layout::StreamSequence;
use crate::reach::waiting;
use crate::space::Space;
use crate::{message, pieces};

/// Messages that are on their way at a time.
const PIECE: usize = 500;
/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(100);
/// Octets before the entries: up to where they have to be taken from here.
const UNTIL: usize = 8;
/// Is set in these octets if several entries come, each with its length before it, and not one alone.
const SEVERAL: u64 = 1 << 63;

/// What became of a message of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decided {
    pub(crate) sequence: StreamSequence,
    pub(crate) entries: Vec<Entry>,
}

/// What was found here of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settled {
    /// Where it stands here.
    sequence: u64,
    /// Up to this message entries are to be taken from here.
    pub(crate) until: StreamSequence,
    pub(crate) entries: Vec<Entry>,
}

/// The newest that is here of a message.
pub(crate) async fn get(
    connection: &Connection,
    space: &Space,
    sequence: StreamSequence,
) -> Result<Option<Settled>, Trouble> {
    let stream = stream(connection, space).await?;
    get_from(&stream, space, sequence).await
}

fn to_octets(until: StreamSequence, entries: &[Entry]) -> Vec<u8> {
    let (until, octets) = match entries {
        [entry] => (until.0, entry.to_octets()),
        entries => (until.0 | SEVERAL, message::octets_of(entries)),
    };
    [until.to_be_bytes().as_slice(), &octets].concat()
}

fn from_octets(octets: &[u8]) -> Option<(StreamSequence, Vec<Entry>)> {
    let (until, octets) = octets.split_first_chunk::<UNTIL>()?;
    let until = u64::from_be_bytes(*until);
    let pieces = if until & SEVERAL == 0 { vec![octets] } else { pieces::split(octets)? };
    let entries: Vec<Entry> = pieces.into_iter().map(Entry::from_octets).collect::<Result<_, _>>().ok()?;
    let is_in_order = entries.windows(2).all(|two| two[0].position.next() == two[1].position);
    is_in_order.then_some((StreamSequence(until & !SEVERAL), entries))
}

async fn get_from(
    stream: &Stream<()>,
    space: &Space,
    sequence: StreamSequence,
) -> Result<Option<Settled>, Trouble> {
    let subject = space.settled(sequence);
    let message = match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => message,
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
        Err(error) => return Err(waiting(error)),
    };
    let (until, entries) = from_octets(&message.payload)
        .ok_or_else(|| Trouble::Corrupt(format!("{subject} holds no entries for its message")))?;
    Ok(Some(Settled { sequence: message.sequence, until, entries }))
}

/// Puts what was decided here as it is at `until`, the highest first, unless somebody who was further has been here.
pub(crate) async fn put(
    connection: &Connection,
    space: &Space,
    decided: &[Decided],
    until: impl Fn(StreamSequence) -> StreamSequence,
    deadline: Instant,
) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    // Whoever sees one that says how far to go sees all up to there.
    let downwards: Vec<&Decided> = decided.iter().rev().collect();
    for piece in downwards.chunks(PIECE) {
        let all = piece
            .iter()
            .map(|decided| put_one(connection, &stream, space, decided, until(decided.sequence), deadline));
        join_all(all).await.into_iter().collect::<Result<(), Trouble>>()?;
    }
    Ok(())
}

async fn put_one(
    connection: &Connection,
    stream: &Stream<()>,
    space: &Space,
    decided: &Decided,
    until: StreamSequence,
    deadline: Instant,
) -> Result<(), Trouble> {
    let payload = to_octets(until, &decided.entries);
    let mut before = 0;
    loop {
        let publish =
            PublishMessage::build().payload(payload.clone().into()).expected_last_subject_sequence(before);
        let sent = connection.publishing.send_publish(space.settled(decided.sequence), publish).await;
        let result = match sent {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match result {
            Ok(_) if before == 0 => return Ok(()),
            // What it said before may be what is to be erased.
            Ok(_) => return erase(stream, before).await,
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                match get_from(stream, space, decided.sequence).await? {
                    Some(there) if there.until >= until || there.entries == decided.entries => return Ok(()),
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

/// Erases what is here of a message.
pub(crate) async fn remove(
    connection: &Connection,
    space: &Space,
    sequence: StreamSequence,
) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    while let Some(settled) = get_from(&stream, space, sequence).await? {
        erase(&stream, settled.sequence).await?;
    }
    Ok(())
}

/// Erases what is here of all messages up to one.
pub(crate) async fn forget(
    connection: &Connection,
    space: &Space,
    up_to: StreamSequence,
) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    let mut subjects = stream.info_with_subjects(space.settled_subjects()).await.map_err(waiting)?;
    let mut found = Vec::new();
    while let Some(subject) = subjects.next().await {
        let (subject, _) = subject.map_err(waiting)?;
        let sequence = subject.rsplit('.').next().and_then(|number| number.parse().ok()).map(StreamSequence);
        found.extend(sequence.filter(|sequence| *sequence <= up_to));
    }
    for piece in found.chunks(PIECE) {
        let all = piece.iter().map(|sequence| remove(connection, space, *sequence));
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

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_chat::{Position, Refusal, Verdict};

    #[test]
    fn what_is_put_here_is_read_again_and_only_in_order() {
        let entry = |position| Entry {
            position: Position(position),
            fingerprint: None,
            verdict: Verdict::Refused(Refusal::UnknownPerson),
            event: None,
        };
        let until = StreamSequence(9);
        for places in [vec![4], vec![4, 5, 6]] {
            let entries: Vec<Entry> = places.into_iter().map(entry).collect();
            assert_eq!(from_octets(&to_octets(until, &entries)), Some((until, entries)));
        }
        assert_eq!(from_octets(&to_octets(until, &[entry(4), entry(6)])), None);
        for damaged in [vec![], vec![0; UNTIL], vec![u8::MAX; UNTIL], vec![u8::MAX; UNTIL + 3]] {
            assert_eq!(from_octets(&damaged), None, "{damaged:?}");
        }
    }
}
