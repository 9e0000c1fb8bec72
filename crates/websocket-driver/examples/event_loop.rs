//! An echo server in one thread and one hand-made loop, for any number of connections.
//!
//! `cargo run -p websocket-driver --example event_loop -- 127.0.0.1:9001`
//!
//! The sockets do not block, and the loop asks each of them in turn. A real program would let the operating
//! system say which are ready (`epoll`, `kqueue`, or a crate over them); the standard library has no such call,
//! so this loop sleeps for a moment when nothing happened, and costs processor time for every connection even if
//! it is silent. What is shown is the other half: what to do with a connection when there is something to do, and
//! how one loop keeps the deadlines of all of them.

mod opening;

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use opening::{Opening, PATIENCE};
use websocket_driver::{Driver, OutputBuffer, Transmit};

/// How long the loop sleeps at most when nothing happened: what a message may have to wait.
const NAP: Duration = Duration::from_millis(2);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(&listener)
}

/// One peer, before its opening handshake and after.
struct Peer {
    stream: TcpStream,
    stage: Stage,
    /// What of the handshake's answer the socket has not taken yet.
    out: Bytes,
    has_ended: bool,
    /// How long a refusal may take to be written.
    refused_until: Instant,
}

enum Stage {
    /// The request so far, and when it must be complete.
    Opening(Vec<u8>, Instant),
    Open(Box<Driver>),
    /// The answer is on its way, and then nothing more.
    Refused,
}

/// Serves everybody for ever.
pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut peers: Vec<Peer> = Vec::new();
    // One of each for all connections: the loop is busy with one at a time, and those at rest own no memory.
    let mut buffer = vec![0; 64 * 1024];
    let mut output = OutputBuffer::new();
    loop {
        let mut happened = false;
        while let Some((stream, _)) = if_ready(listener.accept())? {
            peers.extend(Peer::new(stream));
            happened = true;
        }
        let now = Instant::now();
        for peer in &mut peers {
            peer.lend_buffer(&mut output);
            happened |= peer.turn(&mut buffer, now);
            peer.return_buffer(&mut output);
        }
        peers.retain(|peer| !peer.is_finished());
        if !happened {
            let due = peers.iter().filter_map(Peer::poll_timeout).min();
            let wait = due.map_or(NAP, |due| due.saturating_duration_since(Instant::now()));
            thread::sleep(wait.min(NAP));
        }
    }
}

impl Peer {
    /// `None` for a connection that is broken already.
    fn new(stream: TcpStream) -> Option<Peer> {
        stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)).ok()?;
        let due = Instant::now() + PATIENCE;
        let stage = Stage::Opening(Vec::new(), due);
        Some(Peer { stream, stage, out: Bytes::new(), has_ended: false, refused_until: due })
    }

    fn lend_buffer(&mut self, output: &mut OutputBuffer) {
        if let Stage::Open(driver) = &mut self.stage {
            driver.connection().lend_buffer(output);
        }
    }

    fn return_buffer(&mut self, output: &mut OutputBuffer) {
        if let Stage::Open(driver) = &mut self.stage {
            driver.connection().return_buffer(output);
        }
    }

    /// Does what can be done now: one read, the deadlines, and as much writing as the socket takes. Says whether
    /// anything happened.
    fn turn(&mut self, buffer: &mut [u8], now: Instant) -> bool {
        let read = self.wants_read().then(|| if_ready(self.stream.read(buffer)));
        let mut happened = false;
        match read {
            None | Some(Ok(None)) => {}
            Some(Ok(Some(0))) => self.end(),
            Some(Ok(Some(len))) => {
                happened = true;
                self.receive(&mut buffer[..len], now);
            }
            Some(Err(_)) => self.lose(),
        }
        if self.poll_timeout().is_some_and(|due| due <= now) {
            match &mut self.stage {
                Stage::Open(driver) => driver.handle_timeout(now),
                Stage::Opening(..) | Stage::Refused => self.lose(),
            }
        }
        match self.write() {
            Ok(wrote) => happened | wrote,
            Err(_) => {
                self.lose();
                true
            }
        }
    }

    fn wants_read(&mut self) -> bool {
        !self.has_ended
            && match &mut self.stage {
                Stage::Opening(..) => true,
                Stage::Open(driver) => driver.connection().wants_read(),
                Stage::Refused => false,
            }
    }

    fn receive(&mut self, octets: &mut [u8], now: Instant) {
        let head = match &mut self.stage {
            Stage::Open(driver) => return driver.receive(octets, now),
            Stage::Opening(head, _) => head,
            Stage::Refused => return,
        };
        head.extend_from_slice(octets);
        match opening::open(head) {
            Opening::More => {}
            Opening::Refused(answer) => {
                self.out = answer.into();
                self.stage = Stage::Refused;
            }
            Opening::Accepted { answer, len, mut driver } => {
                // The answer goes out before anything that the driver says.
                self.out = answer.into();
                driver.open();
                driver.receive(&mut head[len..], now);
                self.stage = Stage::Open(driver);
            }
        }
    }

    fn end(&mut self) {
        self.has_ended = true;
        match &mut self.stage {
            Stage::Open(driver) => driver.end_of_input(),
            Stage::Opening(..) | Stage::Refused => self.lose(),
        }
    }

    fn lose(&mut self) {
        self.out = Bytes::new();
        match &mut self.stage {
            Stage::Open(driver) => driver.connection_lost(),
            stage => *stage = Stage::Refused,
        }
    }

    fn write(&mut self) -> io::Result<bool> {
        let mut wrote = false;
        loop {
            while !self.out.is_empty() {
                let Some(len) = if_ready(self.stream.write(&self.out))? else { return Ok(wrote) };
                self.out.advance(len);
                wrote = true;
            }
            let Stage::Open(driver) = &mut self.stage else { return Ok(wrote) };
            let mut slices = [IoSlice::new(&[]); 16];
            match driver.poll_slices(&mut slices) {
                Some(Transmit::Bytes(slices)) => {
                    let Some(len) = if_ready(self.stream.write_vectored(slices))? else { return Ok(wrote) };
                    driver.written(len);
                    wrote = true;
                }
                Some(Transmit::Shutdown) => self.stream.shutdown(Shutdown::Write)?,
                None => return Ok(wrote),
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Opening(_, due) => Some(*due),
            Stage::Open(driver) => driver.poll_timeout(),
            Stage::Refused => None,
        }
    }

    /// Whether the socket can be dropped. What a finished connection has left was tried to be written, and
    /// nobody waits for it.
    fn is_finished(&self) -> bool {
        match &self.stage {
            Stage::Opening(..) => false,
            Stage::Open(driver) => driver.is_finished(),
            Stage::Refused => self.out.is_empty() || self.refused_until <= Instant::now(),
        }
    }
}

/// What a call gave on a socket that does not block; `None` if it would have had to.
fn if_ready<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
        Err(error) => Err(error),
    }
}
