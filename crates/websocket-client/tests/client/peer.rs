//! A server without I/O behind a stream: what the client writes goes straight into the driver, and what that
//! answers is there to be read. Nothing happens but by the client's polls, so every run is the same.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use websocket_client::driver::handshake::{http1, server};
use websocket_client::driver::{Connection, Event, Input, Transmit};

/// The client's stream to the server.
pub(crate) struct Wire(Peer);

/// The server.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Mutex<State>>);

struct State {
    /// What the client said before the handshake was done.
    head: Vec<u8>,
    connection: Option<Connection>,
    /// Bytes to send as soon as the handshake is done.
    greeting: Vec<u8>,
    output: Vec<u8>,
    /// The server has ended its direction.
    ended: bool,
    events: Vec<String>,
    reader: Option<Waker>,
}

impl Peer {
    /// A server that sends `greeting`, which is frames, as soon as there is a connection.
    pub(crate) fn new(greeting: &[u8]) -> (Wire, Peer) {
        let state = State {
            head: Vec::new(),
            connection: None,
            greeting: greeting.to_vec(),
            output: Vec::new(),
            ended: false,
            events: Vec::new(),
            reader: None,
        };
        let peer = Peer(Arc::new(Mutex::new(state)));
        (Wire(peer.clone()), peer)
    }

    /// What has arrived, in short words.
    pub(crate) fn events(&self) -> Vec<String> {
        self.state().events.clone()
    }

    /// Whether the client still holds its end.
    pub(crate) fn is_held(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        if self.connection.is_none() {
            self.head.append(&mut bytes);
            let Some((request, len)) = http1::parse_request(&self.head).unwrap() else { return };
            let accepted = server::accept(&request, &server::Options::default()).unwrap();
            self.output.extend(http1::write_response(&accepted.response));
            self.output.append(&mut self.greeting);
            self.connection = Some(Connection::server(Arc::default(), Instant::now()));
            bytes = self.head.split_off(len);
        }
        let connection = self.connection.as_mut().unwrap();
        let mut input = Input::new(&mut bytes);
        while let Some(event) = connection.receive(&mut input, Instant::now()) {
            self.events.push(match event {
                Event::Message(message) => format!("message {}", message.as_text().unwrap()),
                Event::Ping(payload) => format!("ping {}", payload.escape_ascii()),
                Event::Pong(payload) => format!("pong {}", payload.escape_ascii()),
                Event::Error(error) => format!("error {error}"),
                Event::Closed(closed) => format!("closed {} {}", closed.code.get(), closed.reason),
                other => format!("{other:?}"),
            });
        }
        while let Some(transmit) = connection.poll_transmit() {
            match transmit {
                Transmit::Bytes(bytes) => self.output.extend(bytes),
                Transmit::Shutdown => self.ended = true,
            }
        }
        self.reader.take().into_iter().for_each(Waker::wake);
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if state.output.is_empty() && !state.ended {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let len = buf.remaining().min(state.output.len());
        buf.put_slice(&state.output[..len]);
        state.output.drain(..len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.state().take(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
