//! Files of a space in an object store of the servers: what was brought to one node, every node can have.
//!
//! What each is called and is stands in messages of their own (`M`), their octets beside these (`C`), as other programs
//! for object stores have it. The octets of each attempt to put a file have a subject of their own below that of the file, so
//! nothing that comes late is mixed with another attempt, and all of a file is found by its name.

mod erasing;
mod fetching;
mod listing;
mod putting;
mod sweeping;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::object_store::{Config, ObjectInfo};
use async_nats::jetstream::stream::{RawMessageErrorKind, StorageType, Stream};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use parlor_chat::Trouble;
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::options::Options;
use crate::reach::{unusable, waiting};
use crate::space::Space;

pub use listing::Listed;
pub use sweeping::Leftovers;

/// Octets of a file that are on their way at a time.
const PIECE: usize = 128 * 1024;
/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(200);

/// The files that all nodes of a space share. Everything waits for the servers, on a thread that may; a file is called by a
/// name of `a-z` and `0-9`.
pub struct SharedFiles {
    connection: Arc<Connection>,
    space: Space,
    /// How long putting a piece is tried.
    patience: Duration,
}

/// Makes the object store if there is none.
///
/// # Errors
///
/// [`Trouble::Unfit`] if it lies on fewer servers than the log.
pub(crate) fn make(connection: &Connection, space: &Space, options: &Options) -> Result<(), Trouble> {
    let deadline = Instant::now() + options.patience;
    let replicas = connection.wait(async {
        loop {
            match get_or_create(connection, space, options.replicas).await {
                Err(_) if Instant::now() < deadline => sleep(AGAIN).await,
                result => return result,
            }
        }
    })?;
    if replicas >= options.replicas || options.accept_risk {
        return Ok(());
    }
    let (stream, wanted) = (space.files_stream(), options.replicas);
    Err(unusable(format!(
        "the stream {stream} may lose files: it lies on fewer servers than were asked for; run `nats stream edit {stream} \
         --replicas={wanted}`"
    )))
}

/// On how many servers the object store lies.
async fn get_or_create(connection: &Connection, space: &Space, replicas: usize) -> Result<usize, Trouble> {
    let name = space.files_stream();
    if let Ok(stream) = connection.asking.get_stream(&name).await {
        return Ok(stream.cached_info().config.num_replicas);
    }
    let bucket = space.files_bucket();
    let config = Config { bucket, storage: StorageType::File, num_replicas: replicas, ..Config::default() };
    let made = connection.asking.create_object_store(config).await;
    made.map(|_| replicas).map_err(|error| waiting(format!("the stream {name} cannot be made: {error}")))
}

impl SharedFiles {
    pub(crate) fn open(
        connection: Arc<Connection>,
        space: Space,
        options: &Options,
    ) -> Result<Self, Trouble> {
        make(&connection, &space, options)?;
        Ok(SharedFiles { connection, space, patience: options.patience })
    }

    /// How long putting waits for the servers, and whoever starts may.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The stream that the object store is, unless there is no connection: then nothing is asked that would only wait.
    fn stream(&self) -> Result<Stream<()>, Trouble> {
        self.is_reached()?;
        let name = self.space.files_stream();
        self.connection.wait(self.connection.asking.get_stream_no_info(name)).map_err(waiting)
    }

    fn is_reached(&self) -> Result<(), Trouble> {
        let number = self.connection.current();
        number.map(drop).ok_or_else(|| waiting("there is no connection to them"))
    }

    /// Where it stands what a file is.
    fn about(&self, name: &str) -> String {
        format!("$O.{}.M.{}", self.space.files_bucket(), URL_SAFE.encode(name))
    }

    /// Where the octets of a file stand, of one attempt to put it or of all (`>`).
    fn octets(&self, name: &str, attempt: &str) -> String {
        format!("$O.{}.C.{}", self.space.files_bucket(), number(name, attempt))
    }

    /// What a file is as it was put last; nothing if it is not there.
    fn info(&self, stream: &Stream<()>, name: &str) -> Result<Option<ObjectInfo>, Trouble> {
        let subject = self.about(name);
        let found = self.connection.wait(stream.get_last_raw_message_by_subject(&subject));
        match found {
            Ok(message) => read(&message).map(Some),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(waiting(error)),
        }
    }

    /// The first message from a place on whose subject is one of these.
    fn next(&self, stream: &Stream<()>, subjects: &str, from: u64) -> Result<Option<StreamMessage>, Trouble> {
        self.connection.wait(next(stream, subjects, from))
    }
}

/// The number of an object.
fn number(name: &str, attempt: &str) -> String {
    format!("{name}.{attempt}")
}

/// The servers' leader says it, so nothing is missed that was acknowledged.
async fn next(stream: &Stream<()>, subjects: &str, from: u64) -> Result<Option<StreamMessage>, Trouble> {
    match stream.get_first_raw_message_by_subject(subjects, from).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(waiting(error)),
    }
}

fn read(message: &StreamMessage) -> Result<ObjectInfo, Trouble> {
    serde_json::from_slice(&message.payload)
        .map_err(|error| Trouble::Corrupt(format!("{} says nothing of a file: {error}", message.subject)))
}
