//! What all nodes know of the snapshots: which are there, and whether somebody is writing the next.

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use parlor_chat::{Position, Timestamp, Trouble};
use tokio::time::{Duration, Instant, sleep};

use crate::connection::Connection;
use crate::reach::waiting;
use crate::settled;
use crate::space::Space;

/// What it is called among what all nodes have alike.
const NAME: &str = "snapshots";
/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(100);
/// Three numbers, and whether somebody is writing.
const LENGTH: usize = 3 * 8 + 1;

/// Which snapshots there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The place of the newest; 0 if there is none.
    pub(crate) newest: Position,
    /// The place of the one before it, which is there no longer.
    pub(crate) before: Position,
    /// When the newest was written.
    pub(crate) at: Timestamp,
}

/// What is noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) known: Known,
    /// Whether somebody is writing the next, or was and has ended in the middle.
    pub(crate) is_claimed: bool,
    /// Which message says so; 0 if there is none.
    pub(crate) sequence: u64,
}

impl Record {
    fn to_octets(self) -> Vec<u8> {
        let Known { newest, before, at } = self.known;
        let mut octets = [newest.0, before.0, at.0].map(u64::to_be_bytes).concat();
        octets.push(u8::from(self.is_claimed));
        octets
    }

    fn from_octets(octets: &[u8], sequence: u64) -> Option<Self> {
        let octets: &[u8; LENGTH] = octets.try_into().ok()?;
        let number = |at: usize| octets[at * 8..].first_chunk().map(|eight| u64::from_be_bytes(*eight));
        let known =
            Known { newest: Position(number(0)?), before: Position(number(1)?), at: Timestamp(number(2)?) };
        Some(Record { known, is_claimed: octets[LENGTH - 1] != 0, sequence })
    }

    /// With a snapshot that was just written, unless a newer one is there.
    fn with(self, newest: Position, at: Timestamp) -> Self {
        let known = match self.known {
            known if newest <= known.newest => known,
            known => Known { newest, before: known.newest, at },
        };
        Record { known, is_claimed: false, ..self }
    }
}

async fn stream(connection: &Connection, space: &Space) -> Result<Stream<()>, Trouble> {
    connection.asking.get_stream_no_info(space.alike_stream()).await.map_err(waiting)
}

/// What is noted now.
pub(crate) async fn read(connection: &Connection, space: &Space) -> Result<Record, Trouble> {
    let stream = stream(connection, space).await?;
    match stream.get_last_raw_message_by_subject(&space.alike(NAME)).await {
        Ok(message) => Record::from_octets(&message.payload, message.sequence)
            .ok_or_else(|| Trouble::Corrupt("what nodes know of the snapshots is nothing of ours".into())),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(Record::default()),
        Err(error) => Err(waiting(error)),
    }
}

/// Notes something in the place of what was read; nothing if somebody else has noted something since.
pub(crate) async fn replace(
    connection: &Connection,
    space: &Space,
    record: Record,
) -> Result<Option<Record>, Trouble> {
    let publish = PublishMessage::build()
        .payload(record.to_octets().into())
        .expected_last_subject_sequence(record.sequence);
    let sent = connection.publishing.send_publish(space.alike(NAME), publish).await;
    let acknowledged = match sent {
        Ok(acknowledgement) => acknowledgement.await,
        Err(error) => Err(error),
    };
    match acknowledged {
        Ok(acknowledged) => {
            if record.sequence > 0 {
                settled::erase(&stream(connection, space).await?, record.sequence).await?;
            }
            Ok(Some(Record { sequence: acknowledged.sequence, ..record }))
        }
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(None),
        Err(error) => Err(waiting(error)),
    }
}

/// Notes that a snapshot was written and nobody is writing.
pub(crate) async fn add(
    connection: &Connection,
    space: &Space,
    newest: Position,
    deadline: Instant,
) -> Result<Known, Trouble> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let at = Timestamp(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    loop {
        let record = read(connection, space).await?.with(newest, at);
        match replace(connection, space, record).await {
            Ok(Some(record)) => return Ok(record.known),
            Ok(None) => {}
            Err(trouble) if Instant::now() >= deadline => return Err(trouble),
            Err(_) => sleep(AGAIN).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again_and_a_newer_snapshot_stays() {
        let first = Record::default().with(Position(10), Timestamp(5));
        let second = Record { is_claimed: true, ..first }.with(Position(30), Timestamp(7));
        assert_eq!(second.known, Known { newest: Position(30), before: Position(10), at: Timestamp(7) });
        assert_eq!(second.with(Position(20), Timestamp(9)), second, "an older one comes too late");
        for record in [Record::default(), first, second, Record { is_claimed: true, ..second }] {
            assert_eq!(Record::from_octets(&record.to_octets(), record.sequence), Some(record));
        }
        assert_eq!(Record::from_octets(b"something else", 1), None);
    }
}
