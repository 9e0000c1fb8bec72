//! A bad network: it delays what passes, sends requests twice, and breaks off in the middle of anything.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::chance::Chance;
use super::frames::Frames;
use super::shared::Shared;

/// Octets that are carried at a time.
const PIECE: usize = 4_096;
/// Of so many pieces one is delayed, and of so many one is the last.
const DELAYED: usize = 40;
const LAST: usize = 300;
/// Of so many requests one is sent twice.
const REPEATED: usize = 30;

/// Listens at an address of its own.
pub(super) async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Carries everything to wherever the server is at the time, until it is dropped.
pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let mut carriers = JoinSet::new();
    for number in 0.. {
        while carriers.try_join_next().is_some() {}
        // A connection that failed before it was accepted is none.
        let Ok((client, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        carriers.spawn(async move {
            // Who cannot be reached is a closed connection.
            let Some(address) = shared.route.server(usize::try_from(number).unwrap_or(0)) else { return };
            let Ok(server) = TcpStream::connect(&address).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let way = |which: u64| Weather {
                chance: Chance::new(shared.seed, (1 << 40) + 2 * number + which),
                shared: Arc::clone(&shared),
            };
            let up = requests(from_client, to_server, way(0));
            let down = answers(from_server, to_client, way(1));
            // Whatever ends one direction ends both.
            tokio::select! { _ = up => {}, _ = down => {}, () = shared.route.is_gone(&address) => {} }
        });
    }
}

/// What happens to what passes in one direction.
struct Weather {
    chance: Chance,
    shared: Arc<Shared>,
}

impl Weather {
    /// Writes what came; false if the connection ends with it.
    async fn carry(&mut self, to: &mut OwnedWriteHalf, octets: &[u8]) -> io::Result<bool> {
        if !self.shared.is_stormy() {
            to.write_all(octets).await?;
            return Ok(true);
        }
        if self.chance.once_in(DELAYED) {
            self.shared.count(|counts| counts.delayed += 1);
            tokio::time::sleep(self.chance.milliseconds(5, 300)).await;
        }
        if self.chance.once_in(LAST) {
            self.shared.count(|counts| counts.broken_off += 1);
            to.write_all(&octets[..self.chance.below(octets.len() + 1)]).await?;
            if self.chance.once_in(3) {
                // The other side believes for a while that it is heard.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            return Ok(false);
        }
        to.write_all(octets).await?;
        Ok(true)
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: Weather) -> io::Result<()> {
    let mut frames = Frames::default();
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            to.write_all(&frames.rest().octets).await?;
            return to.shutdown().await;
        }
        if weather.shared.route.is_encrypted {
            if !weather.carry(&mut to, &buffer[..count]).await? {
                return Ok(());
            }
            continue;
        }
        frames.push(&buffer[..count]);
        while let Some(piece) = frames.next() {
            let comes_again =
                piece.is_message && weather.shared.is_stormy() && weather.chance.once_in(REPEATED);
            if comes_again {
                weather.shared.count(|counts| counts.repeated += 1);
                to.write_all(&piece.octets).await?;
            }
            if !weather.carry(&mut to, &piece.octets).await? {
                return Ok(());
            }
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: Weather) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        if !weather.carry(&mut to, &buffer[..count]).await? {
            return Ok(());
        }
    }
}
