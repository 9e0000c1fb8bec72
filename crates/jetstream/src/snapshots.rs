//! Snapshots in the servers' object store: where a node that is new begins.

mod keeper;
pub(crate) mod record;

use std::collections::HashMap;
use std::io::{self, BufReader, BufWriter};
use std::pin::pin;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{Config, Object, ObjectInfo, ObjectMetadata, ObjectStore};
use async_nats::jetstream::stream::{StorageType, Stream};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use parlor_chat::log::write_snapshot;
use parlor_chat::storage::Source;
use parlor_chat::{Position, Trouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::reach::waiting;
use crate::space::Space;

pub(crate) use keeper::{Keeper, Shared};

/// Octets of a snapshot that are on their way at a time.
const AHEAD: usize = 1 << 20;
/// Octets that are handed over at a time.
const PIECE: usize = 1 << 17;
/// If nothing more of a snapshot comes for so long, it is there no longer: it was replaced by a newer one.
const SILENCE: Duration = Duration::from_secs(5);
/// How long one attempt to find out which snapshots there are may take: who lists them waits for a server that died as if
/// it were there.
const LISTING: Duration = Duration::from_secs(10);

/// The object store of a space, made if there is none.
async fn store(context: &Context, space: &Space, replicas: usize) -> Result<ObjectStore, Trouble> {
    let bucket = space.bucket();
    if let Ok(store) = context.get_object_store(&bucket).await {
        return Ok(store);
    }
    let config = Config { bucket, storage: StorageType::File, num_replicas: replicas, ..Config::default() };
    context.create_object_store(config).await.map_err(waiting)
}

fn name(position: Position) -> String {
    format!("state-{position}")
}

/// All snapshots that are there by their places, the newest last.
async fn list(store: &ObjectStore) -> Result<Vec<(Position, ObjectInfo)>, Trouble> {
    let listed = timeout(LISTING, list_all(store)).await;
    listed.unwrap_or_else(|_| Err(waiting("the servers do not say which snapshots there are")))
}

async fn list_all(store: &ObjectStore) -> Result<Vec<(Position, ObjectInfo)>, Trouble> {
    let mut objects = store.list().await.map_err(waiting)?;
    let mut found = Vec::new();
    while let Some(object) = objects.next().await {
        let object = object.map_err(waiting)?;
        let place = object.name.strip_prefix("state-").and_then(|place| place.parse().ok());
        found.extend(place.map(|place| (Position(place), object)));
    }
    found.sort_unstable_by_key(|(position, _)| *position);
    Ok(found)
}

/// The place of the newest snapshot; 0 if there is none.
pub(crate) async fn newest(
    connection: &Connection,
    space: &Space,
    replicas: usize,
) -> Result<Position, Trouble> {
    let asked = timeout(LISTING, store(&connection.asking, space, replicas)).await;
    let store =
        asked.unwrap_or_else(|_| Err(waiting("the servers do not say whether there are snapshots")))?;
    Ok(list(&store).await?.pop().map(|(position, _)| position).unwrap_or_default())
}

/// Writes a snapshot of what `source` sees, removes older ones, and returns its place. It ends early, and leaves nothing
/// that could be taken for a snapshot, once `given_up` says why.
pub(crate) fn write(
    connection: &Connection,
    space: &Space,
    replicas: usize,
    mut source: Box<dyn Source>,
    given_up: impl Future<Output = Trouble>,
) -> Result<Position, Trouble> {
    let (reader, writer) = tokio::io::duplex(AHEAD);
    let handle = connection.runtime().handle().clone();
    // The name is known before the state is written: what is read is one moment.
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let writing = std::thread::spawn(move || {
        let mut pipe = BufWriter::with_capacity(PIECE, Pipe { handle, writer });
        let mut result = Ok(Position(0));
        source.read(&mut |read| {
            let position = parlor_chat::log::LogReader::new(read).last()?;
            _ = tell.send(position);
            result = write_snapshot(read, &mut pipe);
            Ok(())
        })?;
        result
    });
    let stored = told.recv().map_err(|_| Trouble::Stopped).and_then(|position| {
        let putting = async {
            let store = store(&connection.asking, space, replicas).await?;
            let left = chunks(connection, space).await?;
            let mut reader = reader;
            let meta = ObjectMetadata { name: name(position), ..ObjectMetadata::default() };
            let put = store.put(meta, &mut reader).await.map_err(waiting)?;
            clean(connection, space, &store, position, &put, left).await
        };
        connection.wait(async {
            match select(pin!(putting), pin!(given_up)).await {
                Either::Left((result, _)) => result,
                Either::Right((why, _)) => Err(why),
            }
        })
    });
    // If it was given up, what is written finds nobody who takes it.
    let written = writing.join().map_err(|_| Trouble::Stopped)?;
    stored?;
    written
}

/// Removes what is older than a snapshot, and what others have left who ended in the middle: `left` was there before this
/// one was begun.
async fn clean(
    connection: &Connection,
    space: &Space,
    store: &ObjectStore,
    position: Position,
    put: &ObjectInfo,
    left: HashMap<String, usize>,
) -> Result<(), Trouble> {
    let stream = stream(connection, space).await?;
    let there = chunks(connection, space).await?;
    if there.get(&chunk(space, put)).copied().unwrap_or_default() != put.chunks {
        // Somebody took it for what another has left.
        remove(&stream, space, put).await?;
        return Err(waiting("what was written of the snapshot is not all there"));
    }
    let snapshots = list(store).await?;
    if snapshots.last().is_some_and(|(newest, _)| *newest > position) {
        return remove(&stream, space, put).await;
    }
    for (_, older) in snapshots.iter().filter(|(other, _)| *other < position) {
        remove(&stream, space, older).await?;
    }
    for (subject, count) in left {
        let is_known = snapshots.iter().any(|(_, object)| chunk(space, object) == subject);
        // Of one that grows somebody is still writing more.
        if !is_known && there.get(&subject) == Some(&count) {
            stream.purge().filter(subject).await.map_err(waiting)?;
        }
    }
    Ok(())
}

/// The stream that the object store is.
async fn stream(connection: &Connection, space: &Space) -> Result<Stream<()>, Trouble> {
    connection.asking.get_stream_no_info(format!("OBJ_{}", space.bucket())).await.map_err(waiting)
}

/// Where the octets of an object stand.
fn chunk(space: &Space, object: &ObjectInfo) -> String {
    format!("$O.{}.C.{}", space.bucket(), object.nuid)
}

/// In how many pieces the octets of each object stand there.
async fn chunks(connection: &Connection, space: &Space) -> Result<HashMap<String, usize>, Trouble> {
    let stream = stream(connection, space).await?;
    let mut subjects =
        stream.info_with_subjects(format!("$O.{}.C.>", space.bucket())).await.map_err(waiting)?;
    let mut found = HashMap::new();
    while let Some(subject) = subjects.next().await {
        let (subject, count) = subject.map_err(waiting)?;
        found.insert(subject, count);
    }
    Ok(found)
}

/// Removes an object, and its name first, so that nobody finds one that is not whole.
async fn remove(stream: &Stream<()>, space: &Space, object: &ObjectInfo) -> Result<(), Trouble> {
    let name = format!("$O.{}.M.{}", space.bucket(), URL_SAFE.encode(&object.name));
    for subject in [name, chunk(space, object)] {
        stream.purge().filter(subject).await.map_err(waiting)?;
    }
    Ok(())
}

/// Opens a snapshot for reading.
pub(crate) fn open(
    connection: &Connection,
    space: &Space,
    replicas: usize,
    position: Position,
) -> Result<impl io::Read, Trouble> {
    let object = connection.wait(async {
        let store = store(&connection.asking, space, replicas).await?;
        store.get(name(position)).await.map_err(waiting)
    })?;
    let reading = Reading { handle: connection.runtime().handle().clone(), object };
    Ok(BufReader::with_capacity(PIECE, reading))
}

/// What is written to it goes to a task.
struct Pipe {
    handle: Handle,
    writer: DuplexStream,
}

impl io::Write for Pipe {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.handle.block_on(self.writer.write(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.handle.block_on(self.writer.flush())
    }
}

/// An object, read from outside of the tasks.
struct Reading {
    handle: Handle,
    object: Object,
}

impl io::Read for Reading {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let read = async { timeout(SILENCE, self.object.read(octets)).await };
        self.handle.block_on(read).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
