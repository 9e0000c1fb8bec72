//! Snapshots in the servers' object store: where a node that is new begins.

use std::io;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{Config, Object, ObjectMetadata, ObjectStore};
use async_nats::jetstream::stream::StorageType;
use futures_util::StreamExt;
use parlor_chat::log::write_snapshot;
use parlor_chat::storage::Source;
use parlor_chat::{Position, Trouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use crate::connection::Connection;
use crate::options::Options;
use crate::reach::waiting;
use crate::space::Space;

/// Octets of a snapshot that are on their way at a time.
const AHEAD: usize = 1 << 20;
/// How long one attempt to find out which snapshots there are may take: who lists them waits for a server that died as if
/// it were there.
const LISTING: Duration = Duration::from_secs(10);
/// The time between two attempts.
const AGAIN: Duration = Duration::from_millis(200);

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

/// The places of all snapshots that are there, the newest last.
async fn list(store: &ObjectStore) -> Result<Vec<Position>, Trouble> {
    let mut objects = store.list().await.map_err(waiting)?;
    let mut positions = Vec::new();
    while let Some(object) = objects.next().await {
        let name = object.map_err(waiting)?.name;
        positions.extend(name.strip_prefix("state-").and_then(|place| place.parse().ok()).map(Position));
    }
    positions.sort_unstable();
    Ok(positions)
}

/// The place of the newest snapshot; 0 if there is none. It is asked for until it is known, or the patience is over.
pub(crate) fn newest(connection: &Connection, space: &Space, options: &Options) -> Result<Position, Trouble> {
    let deadline = Instant::now() + options.patience;
    let ask = async || {
        let store = store(&connection.asking, space, options.replicas).await?;
        Ok(list(&store).await?.pop().unwrap_or_default())
    };
    connection.wait(async {
        loop {
            let asked = timeout(LISTING, ask()).await;
            match asked.unwrap_or_else(|_| Err(waiting("the servers do not say which snapshots there are"))) {
                Err(Trouble::Unreachable(_)) if Instant::now() < deadline => sleep(AGAIN).await,
                answer => return answer,
            }
        }
    })
}

/// Writes a snapshot of what `source` sees, removes older ones, and returns its place.
pub(crate) fn write(
    connection: &Connection,
    space: &Space,
    replicas: usize,
    mut source: Box<dyn Source>,
) -> Result<Position, Trouble> {
    let (reader, writer) = tokio::io::duplex(AHEAD);
    let handle = connection.runtime().handle().clone();
    // The name is known before the state is written: what is read is one moment.
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let writing = std::thread::spawn(move || {
        let mut pipe = Pipe { handle, writer };
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
        connection.wait(async {
            let store = store(&connection.asking, space, replicas).await?;
            let mut reader = reader;
            let meta = ObjectMetadata { name: name(position), ..ObjectMetadata::default() };
            store.put(meta, &mut reader).await.map_err(waiting)?;
            Ok(store)
        })
    });
    let position = writing.join().map_err(|_| Trouble::Stopped)??;
    let store = stored?;
    connection.wait(async {
        for older in list(&store).await?.into_iter().filter(|other| *other < position) {
            store.delete(name(older)).await.map_err(waiting)?;
        }
        Ok(position)
    })
}

/// Opens the newest snapshot for reading.
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
    Ok(Reading { handle: connection.runtime().handle().clone(), object })
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
        self.handle.block_on(self.object.read(octets))
    }
}
