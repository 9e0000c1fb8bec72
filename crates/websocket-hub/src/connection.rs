//! The loop of one connection: bytes from the socket to the driver, events to the handler, frames to the socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};
use websocket_driver::{Cause, CloseCode, Closed, Event, Handler, Input, Transmit};

use crate::outbox::Outgoing;
use crate::websocket::WebSocket;

/// Octets read at a time. One buffer of this size serves every connection of a thread, so a connection that is
/// idle owns none.
const READ_BUFFER_LEN: usize = 64 * 1024;

/// The most pieces that one system call writes; Linux takes 1,024.
const MAX_PIECES: usize = 64;

thread_local! {
    static READ_BUFFER: std::cell::RefCell<Box<[u8]>> =
        std::cell::RefCell::new(vec![0; READ_BUFFER_LEN].into_boxed_slice());
}

/// What happens on a connection's events.
pub(crate) type BoxHandler = Box<dyn Handler<WebSocket> + Send>;

/// One connection from its handshake to its end, as a future.
///
/// However it ends, dropped by a runtime that shuts down too, its handler is told exactly once.
pub(crate) struct Connection<S> {
    io: S,
    driver: websocket_driver::Connection,
    ws: WebSocket,
    handler: BoxHandler,
    /// Read and not looked at yet: what the client sent right behind its handshake, or the rest of what it sent
    /// when it did not take the answers.
    unread: Vec<u8>,
    /// Handed out by the driver, not yet written.
    writing: VecDeque<Bytes>,
    /// Something was written since the last flush.
    unflushed: bool,
    /// The driver wants the writing direction ended, behind `writing`.
    shuts_down: bool,
    /// The peer has ended its direction.
    input_ended: bool,
    queue_limit: usize,
    timer: Option<Pin<Box<Sleep>>>,
    opened: bool,
    closed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(
        io: S,
        early: Bytes,
        ws: WebSocket,
        handler: BoxHandler,
        driver: websocket_driver::Connection,
        queue_limit: usize,
    ) -> Self {
        Connection {
            io,
            driver,
            ws,
            handler,
            unread: early.into(),
            writing: VecDeque::new(),
            unflushed: false,
            shuts_down: false,
            input_ended: false,
            queue_limit,
            timer: None,
            opened: false,
            closed: false,
        }
    }

    /// Everything that can be done now. Ready when the connection is over.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.opened {
            self.opened = true;
            self.call(|handler, ws| handler.open(ws));
        }
        loop {
            let took = self.take_outgoing();
            let wrote = self.write(cx);
            let read = self.read(cx);
            if self.driver.is_finished() {
                return Poll::Ready(());
            }
            if !(took || wrote || read || self.poll_timer(cx)) && self.ws.outbox().sleep(cx) {
                return Poll::Pending;
            }
        }
    }

    /// Moves what was queued, by the handler or by others, into the driver.
    fn take_outgoing(&mut self) -> bool {
        let taken = self.ws.outbox().take(self.backlog());
        if taken.fell_behind {
            self.driver.discard_queue();
        }
        let took = !taken.outgoing.is_empty();
        for outgoing in taken.outgoing {
            // The driver refuses what comes after a close; nobody waits for it any more.
            let _ = match outgoing {
                Outgoing::Frame(frame) => self.driver.send_prepared(&frame),
                Outgoing::Ping(payload) => self.driver.ping(&payload),
                Outgoing::Close(code, reason) => self.driver.close(code, &reason, Instant::now()),
            };
        }
        took
    }

    /// Octets that the outbox has given and the socket has not taken.
    fn backlog(&self) -> usize {
        self.driver.queued() + self.writing.iter().map(Bytes::len).sum::<usize>()
    }

    /// A peer that does not take what it is sent may not cause more of it.
    fn is_full(&self) -> bool {
        self.backlog() > self.queue_limit / 2 || !self.driver.wants_read()
    }

    /// Writes what the driver has, many pieces in one system call. True if anything moved.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        loop {
            if self.writing.is_empty() {
                self.refill();
            }
            let step = if !self.writing.is_empty() {
                self.poll_write_pieces(cx)
            } else if self.unflushed {
                Pin::new(&mut self.io).poll_flush(cx).map_ok(|()| self.unflushed = false)
            } else if self.shuts_down {
                Pin::new(&mut self.io).poll_shutdown(cx).map_ok(|()| self.shuts_down = false)
            } else {
                return moved;
            };
            match step {
                Poll::Pending => return moved,
                Poll::Ready(Err(_)) => {
                    self.lost();
                    return true;
                }
                Poll::Ready(Ok(())) => moved = true,
            }
        }
    }

    /// Takes pieces from the driver only once everything was written: what is still in the driver can be
    /// superseded, as an owed pong is by a newer one.
    fn refill(&mut self) {
        while self.writing.len() < MAX_PIECES {
            match self.driver.poll_transmit() {
                Some(Transmit::Bytes(bytes)) => self.writing.push_back(bytes),
                Some(Transmit::Shutdown) => self.shuts_down = true,
                None => break,
            }
        }
    }

    fn poll_write_pieces(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let mut count = 0;
        for (piece, bytes) in pieces.iter_mut().zip(&self.writing) {
            *piece = IoSlice::new(bytes);
            count += 1;
        }
        let mut written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, &pieces[..count]))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.unflushed = true;
        while let Some(first) = self.writing.front_mut() {
            if written < first.len() {
                first.advance(written);
                break;
            }
            written -= first.len();
            self.writing.pop_front();
        }
        if self.writing.is_empty() && self.writing.capacity() > 4 {
            self.writing = VecDeque::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once and tells the handler. True if anything arrived.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        if self.input_ended || self.is_full() {
            return false;
        }
        if !self.unread.is_empty() {
            let mut unread = std::mem::take(&mut self.unread);
            self.receive(&mut unread);
            return true;
        }
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut unread = ReadBuf::new(buffer);
            match Pin::new(&mut self.io).poll_read(cx, &mut unread) {
                Poll::Pending => false,
                Poll::Ready(Ok(())) if unread.filled().is_empty() => {
                    self.input_ended = true;
                    self.driver.end_of_input();
                    self.receive(&mut []);
                    true
                }
                Poll::Ready(Ok(())) => {
                    self.receive(unread.filled_mut());
                    true
                }
                Poll::Ready(Err(_)) => {
                    self.lost();
                    true
                }
            }
        })
    }

    fn receive(&mut self, bytes: &mut [u8]) {
        let now = Instant::now();
        let mut input = Input::new(bytes);
        while let Some(event) = self.driver.receive(&mut input, now) {
            self.tell(event);
            if self.is_full() {
                break;
            }
        }
        let left = input.len();
        if left > 0 {
            self.unread = bytes[bytes.len() - left..].to_vec();
        }
        while let Some(event) = self.driver.poll_event() {
            self.tell(event);
        }
    }

    fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Closed(closed) => self.tell_closed(&closed),
            event => {
                if matches!(event, Event::Error(_)) {
                    self.ws.outbox().end(self.ws.id());
                }
                self.call(|handler, ws| websocket_driver::dispatch(&mut **handler, ws, event));
                // What the handler answered goes out even if the next frame breaks the protocol.
                self.take_outgoing();
            }
        }
    }

    fn tell_closed(&mut self, closed: &Closed) {
        if !std::mem::replace(&mut self.closed, true) {
            self.ws.outbox().end(self.ws.id());
            if self.opened {
                self.call(|handler, ws| handler.close(ws, closed));
            }
        }
    }

    /// Tells the handler. One that panics loses its own connection, and its `close` is still told.
    fn call(&mut self, tell: impl FnOnce(&mut BoxHandler, &mut WebSocket)) {
        let told = catch_unwind(AssertUnwindSafe(|| tell(&mut self.handler, &mut self.ws)));
        if told.is_err() {
            // It may be closing already, and then goes on doing so.
            let _ = self.ws.close(CloseCode::INTERNAL_ERROR, "the server met an error");
            self.take_outgoing();
        }
    }

    fn lost(&mut self) {
        self.driver.connection_lost();
        self.receive(&mut []);
    }

    /// Sees to the driver's deadline. True if one passed.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.driver.poll_timeout() else {
            self.timer = None;
            return false;
        };
        let now = Instant::now();
        if now >= deadline {
            self.driver.handle_timeout(now);
            self.receive(&mut []);
            return true;
        }
        // The deadline moves with every sign of life. A timer that rings too early finds nothing due and is set
        // anew, which is cheaper than moving it each time.
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if timer.deadline() > deadline.into() {
            timer.as_mut().reset(deadline.into());
        }
        while timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(deadline.into());
            if Instant::now() >= deadline {
                return true;
            }
        }
        false
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().turn(cx)
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.ws.outbox().end(self.ws.id());
            if self.opened {
                let closed =
                    Closed { code: CloseCode::ABNORMAL, reason: String::new(), cause: Cause::ConnectionLost };
                // A panic in a drop would end the process.
                let _ = catch_unwind(AssertUnwindSafe(|| self.handler.close(&mut self.ws, &closed)));
            }
        }
    }
}
