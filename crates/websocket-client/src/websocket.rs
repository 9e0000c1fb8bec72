//! An open connection of a client.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;
use websocket_driver::{CloseCode, Closed, Connection, Message, UsageError};

use crate::link::Link;
use crate::transport::Transport;

/// A client's end of a connection.
///
/// Pings are answered, silence is noticed and the close handshake is finished while
/// [`recv`](WebSocket::recv) is waited for, so a program that only sends should still receive. Dropping the value
/// drops the connection without a goodbye.
///
/// # Cancel-safety
///
/// Every `async` method may be dropped at any time, as `select!` and `timeout` do; no message is lost or
/// received twice, and the next call goes on where this one was. The tests cut each of them at every point where it
/// waits. For [`send`](WebSocket::send) it means: once its future was polled, the message is queued and goes
/// out whole and once, with whatever is done next. Where a program must know beforehand whether a message goes,
/// it waits with [`flush`](WebSocket::flush), which says nothing, and then calls [`queue`](WebSocket::queue),
/// which does not wait.
///
/// # Memory
///
/// At rest a connection has no buffers. It takes what it reads in pieces of 16 KiB; a message takes memory
/// as it arrives, up to [`Config::max_message`](crate::Config::max_message). While something waits to be
/// written, messages that arrive are read ahead, up to 1 MiB of them, so that two ends which both send a lot do
/// not wait for each other. Beyond that it is for the two programs to agree who listens; if neither does, the
/// idle timeout ends it.
#[derive(Debug)]
pub struct WebSocket {
    link: Link,
    subprotocol: Option<String>,
}

impl WebSocket {
    pub(crate) fn new(
        transport: Transport,
        connection: Connection,
        early: Vec<u8>,
        subprotocol: Option<String>,
    ) -> Self {
        WebSocket { link: Link::new(transport, connection, early), subprotocol }
    }

    /// The next message; `None` once the connection is over, and then [`closed`](WebSocket::closed) says how.
    pub async fn recv(&mut self) -> Option<Message<'static>> {
        poll_fn(|cx| self.link.poll_message(cx)).await
    }

    /// Sends a message, and returns once it is handed to the system. If the future is dropped before, the message
    /// is still sent, with whatever is done next; so do not send it again.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub async fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        self.queue(message)?;
        self.flush().await;
        if self.link.is_open() { Ok(()) } else { Err(UsageError::Closed) }
    }

    /// Queues a message without waiting; it goes out while [`flush`](WebSocket::flush),
    /// [`recv`](WebSocket::recv) or anything else is waited for. The queue has no limit of its own:
    /// [`queued`](WebSocket::queued) says how long it is.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub fn queue<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        if !self.link.is_open() {
            return Err(UsageError::Closed);
        }
        self.link.connection.send(message)
    }

    /// Waits until everything that was queued is handed to the system, or can no longer be.
    pub async fn flush(&mut self) {
        poll_fn(|cx| self.link.poll_sent(cx)).await;
    }

    /// Octets of messages, with their headers, that are not handed to the system yet.
    pub fn queued(&self) -> usize {
        self.link.queued()
    }

    /// Asks the server whether it is there and says how long the answer took; `None` if the connection ended first,
    /// or more than 1 MiB of messages came before the answer. Messages that arrive meanwhile are kept for
    /// [`recv`](WebSocket::recv). What was sent before is with the server's program once the answer is here.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub async fn ping(&mut self) -> Result<Option<Duration>, UsageError> {
        let asked = Instant::now();
        let number = self.link.ping()?;
        let answered = poll_fn(|cx| self.link.poll_pong(number, cx)).await;
        Ok(answered.then(|| asked.elapsed()))
    }

    /// Says goodbye and waits until the connection is over, dropping messages that still arrive; at most for
    /// [`Config::close_timeout`](crate::Config::close_timeout). Says how it ended. If the future is dropped
    /// before, the goodbye is still said, and `recv` or `close` sees it through.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a code or a reason that cannot be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, UsageError> {
        self.link.connection.close(code, reason, Instant::now().into_std())?;
        while self.recv().await.is_some() {}
        Ok(self.link.closed.clone().expect("a connection that is over has said how"))
    }

    /// How the connection ended, once it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.link.closed.as_ref()
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        self.link.is_open()
    }

    /// The subprotocol that the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The address of our end of the TCP connection. `None` over a stream of one's own.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.link.transport.local
    }

    /// The address of the other end of the TCP connection: the server's, or that of the proxy before it. `None`
    /// over a stream of one's own.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.link.transport.peer
    }
}
