//! An open connection of a client.

use std::io;
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use websocket_driver::{CloseCode, Closed, Connection, Event, Input, Message, Transmit, UsageError};

/// Octets read at a time.
const READ_BUFFER_LEN: usize = 16 * 1024;

/// A client's end of a connection.
///
/// Pings are answered, silence is noticed and the close handshake is finished while
/// [`recv`](WebSocket::recv) is waited for, so a program that only sends should still receive.
///
/// Every `async` method is cancel-safe: dropping its future loses no message and no place in the stream.
#[derive(Debug)]
pub struct WebSocket {
    stream: TcpStream,
    connection: Connection,
    /// What arrived and was not looked at yet: `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Handed out by the driver, not yet written.
    writing: Bytes,
    subprotocol: Option<String>,
    closed: Option<Closed>,
}

impl WebSocket {
    pub(crate) fn new(
        stream: TcpStream,
        connection: Connection,
        early: Vec<u8>,
        subprotocol: Option<String>,
    ) -> Self {
        let end = early.len();
        WebSocket {
            stream,
            connection,
            buffer: early,
            start: 0,
            end,
            writing: Bytes::new(),
            subprotocol,
            closed: None,
        }
    }

    /// The next message; `None` once the connection is over, and then [`closed`](WebSocket::closed) says how.
    pub async fn recv(&mut self) -> Option<Message<'static>> {
        loop {
            if let Some(message) = self.next_message() {
                return Some(message);
            }
            if self.connection.is_finished() {
                return None;
            }
            self.step().await;
        }
    }

    /// Sends a message, and returns once it is handed to the system. If the future is dropped before, the message
    /// is still sent, with whatever is done next.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub async fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        self.connection.send(message)?;
        self.flush().await;
        if self.connection.is_open() { Ok(()) } else { Err(UsageError::Closed) }
    }

    /// Says goodbye and waits until the connection is over, dropping messages that still arrive. Says how it
    /// ended.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a code or a reason that cannot be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, UsageError> {
        self.connection.close(code, reason, Instant::now())?;
        while self.recv().await.is_some() {}
        Ok(self.closed.clone().expect("a connection that is over has said how"))
    }

    /// How the connection ended, once it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// The subprotocol that the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The TCP stream, for its addresses and options. Reading or writing it breaks the connection.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// What is in the events that have arrived.
    fn next_message(&mut self) -> Option<Message<'static>> {
        loop {
            let mut input = Input::new(&mut self.buffer[self.start..self.end]);
            let event = self.connection.receive(&mut input, Instant::now());
            self.start = self.end - input.len();
            match event {
                Some(Event::Message(message)) => return Some(message.into_owned()),
                Some(Event::Closed(closed)) => self.closed = Some(closed),
                Some(_) => {}
                None => match self.connection.poll_event() {
                    Some(Event::Closed(closed)) => self.closed = Some(closed),
                    _ => return None,
                },
            }
        }
    }

    /// Writes what there is to write, reads once, sees to the deadline: whichever comes first.
    async fn step(&mut self) {
        self.refill();
        let deadline = self.connection.poll_timeout();
        self.start = 0;
        self.end = 0;
        self.buffer.resize(READ_BUFFER_LEN, 0);
        let (mut read_half, mut write_half) = self.stream.split();
        tokio::select! {
            read = read_half.read(&mut self.buffer) => match read {
                Ok(0) => self.connection.end_of_input(),
                Ok(len) => self.end = len,
                Err(_) => self.connection.connection_lost(),
            },
            written = write_half.write(&self.writing), if !self.writing.is_empty() => {
                self.wrote(written);
            }
            () = sleep_until(deadline), if deadline.is_some() => {
                self.connection.handle_timeout(Instant::now());
            }
        }
    }

    /// Writes everything that is queued.
    async fn flush(&mut self) {
        loop {
            self.refill();
            if self.writing.is_empty() {
                return;
            }
            let written = self.stream.write(&self.writing).await;
            self.wrote(written);
        }
    }

    fn refill(&mut self) {
        while self.writing.is_empty() {
            match self.connection.poll_transmit() {
                Some(Transmit::Bytes(bytes)) => self.writing = bytes,
                // A client leaves the end of the transport to the server (RFC 6455 §7.1.1).
                Some(Transmit::Shutdown) => {}
                None => return,
            }
        }
    }

    fn wrote(&mut self, written: io::Result<usize>) {
        match written {
            Ok(0) | Err(_) => {
                self.writing.clear();
                self.connection.connection_lost();
            }
            Ok(len) => self.writing.advance(len),
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
