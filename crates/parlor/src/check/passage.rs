//! A way between two processes of a cluster, through which everything goes, and which can be cut off or slow.
//!
//! Who is cut off is not told so: what was sent is held back, as by a network that carries nothing, and connections stay
//! open.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::proxy;

/// Octets that are carried at a time.
const PIECE: usize = 64 * 1024;

/// A way to where somebody listens.
#[derive(Debug)]
pub(super) struct Passage {
    /// Where it begins.
    address: SocketAddr,
    state: watch::Sender<State>,
    carrying: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Where it leads, once that is known.
    to: Option<SocketAddr>,
    /// How many have cut it.
    cuts: u32,
    /// How long each piece takes.
    delay: Duration,
}

impl Passage {
    /// A way that leads nowhere yet.
    pub(super) async fn open() -> io::Result<Self> {
        let (listener, address) = proxy::listen().await?;
        let state = watch::Sender::new(State::default());
        let carrying = tokio::spawn(run(listener, state.subscribe()));
        Ok(Passage { address, state, carrying })
    }

    /// Where it begins.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// It leads there from now on.
    pub(super) fn lead_to(&self, to: SocketAddr) {
        self.state.send_modify(|state| state.to = Some(to));
    }

    /// Carries nothing more, until it is mended as often.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    pub(super) fn mend(&self) {
        self.state.send_modify(|state| state.cuts -= 1);
    }

    /// Takes so long for each piece from now on, in each direction.
    pub(super) fn take(&self, delay: Duration) {
        self.state.send_modify(|state| state.delay = delay);
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn run(listener: TcpListener, state: watch::Receiver<State>) {
    let mut carriers = JoinSet::new();
    loop {
        while carriers.try_join_next().is_some() {}
        // A connection that failed before it was accepted is none.
        let Ok((from, _)) = listener.accept().await else { continue };
        carriers.spawn(carry_all(from, state.clone()));
    }
}

/// Carries what goes over one connection. Whatever ends one direction ends both.
async fn carry_all(from: TcpStream, mut state: watch::Receiver<State>) {
    let Some(to) = until_open(&mut state).await.and_then(|state| state.to) else { return };
    // Where nobody listens, there is no connection.
    let Ok(to) = TcpStream::connect(to).await else { return };
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let ((from_here, to_here), (from_there, to_there)) = (from.into_split(), to.into_split());
    tokio::select! {
        _ = carry(from_here, to_there, state.clone()) => {}
        _ = carry(from_there, to_here, state) => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await;
        // That a connection is over is not told either while nothing is carried.
        let Some(state) = until_open(&mut state).await else { return Ok(()) };
        let count = read?;
        if count == 0 {
            return to.shutdown().await;
        }
        if !state.delay.is_zero() {
            sleep(state.delay).await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}

/// How the way is, as soon as something can pass; nothing if it is gone.
async fn until_open(state: &mut watch::Receiver<State>) -> Option<State> {
    state.wait_for(|state| state.cuts == 0).await.ok().map(|state| *state)
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_is_cut_off_holds_back_and_loses_nothing() {
        let (listener, address) = proxy::listen().await.unwrap();
        let passage = Passage::open().await.unwrap();
        passage.lead_to(address);
        let mut near = TcpStream::connect(passage.address()).await.unwrap();
        let mut far = listener.accept().await.unwrap().0;
        near.write_all(b"a").await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'a');
        passage.cut();
        passage.cut();
        near.write_all(b"b").await.unwrap();
        far.write_all(b"c").await.unwrap();
        let held_back = timeout(Duration::from_millis(50), far.read_u8()).await;
        assert!(held_back.is_err(), "{held_back:?}");
        passage.mend();
        let held_back = timeout(Duration::from_millis(50), near.read_u8()).await;
        assert!(held_back.is_err(), "another one has cut it, too: {held_back:?}");
        passage.mend();
        assert_eq!(far.read_u8().await.unwrap(), b'b');
        assert_eq!(near.read_u8().await.unwrap(), b'c');
        drop(near);
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0, "the end is told, too");
    }
}
