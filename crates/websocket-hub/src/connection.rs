//! One connection without I/O: bytes from the transport to the driver, events to the handler, frames to be written.

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::time::Instant;

use bytes::{Buf, Bytes};
use websocket_driver::{Cause, CloseCode, Closed, Event, Handler, Input, Transmit};

use crate::outbox::Outgoing;
use crate::websocket::WebSocket;

/// The most pieces that one system call writes; Linux takes 1,024.
pub(crate) const MAX_PIECES: usize = 64;

/// What happens on a connection's events.
pub(crate) type BoxHandler = Box<dyn Handler<WebSocket> + Send>;

/// One connection from its handshake to its end, for a backend to drive. It does no I/O and does not wait.
///
/// Whoever drives it calls [`open`](Connection::open) once and then, in a loop:
///
/// 1. [`advance`](Connection::advance), which takes up what others queued.
/// 2. Writes [`output`](Connection::output) and says how much went out by [`written`](Connection::written), until
///    there is none or the transport takes no more; behind all of it, ends the writing direction if
///    [`wants_shutdown`](Connection::wants_shutdown).
/// 3. If [`wants_input`](Connection::wants_input), reads once and says what came of it:
///    [`receive`](Connection::receive), [`end_of_input`](Connection::end_of_input) or
///    [`lost`](Connection::lost), which is for writing, too.
/// 4. Drops it and the transport once [`is_finished`](Connection::is_finished).
/// 5. At [`deadline`](Connection::deadline), calls [`handle_timeout`](Connection::handle_timeout).
/// 6. If none of this moved anything and [`sleep`](Connection::sleep) agrees, waits for the transport, the deadline
///    or the waker.
///
/// However it ends, dropped by a server that shuts down too, its handler is told exactly once.
pub(crate) struct Connection {
    driver: websocket_driver::Connection,
    ws: WebSocket,
    handler: BoxHandler,
    /// Received and not looked at yet: what the client sent right behind its handshake, or the rest of what it
    /// sent when it did not take the answers.
    unread: Vec<u8>,
    /// Handed out by the driver, not yet written.
    writing: VecDeque<Bytes>,
    /// The driver wants the writing direction ended, behind `writing`.
    shuts_down: bool,
    /// The peer has ended its direction.
    input_ended: bool,
    queue_limit: usize,
    opened: bool,
    closed: bool,
    /// What counts it, until it is gone.
    _held: Box<dyn Send>,
}

impl Connection {
    /// A connection whose handshake is answered. `early` is what came right behind the handshake; `held` is
    /// dropped with the connection.
    pub(crate) fn new(
        driver: websocket_driver::Connection,
        ws: WebSocket,
        handler: BoxHandler,
        queue_limit: usize,
        early: Bytes,
        held: Box<dyn Send>,
    ) -> Self {
        Connection {
            driver,
            ws,
            handler,
            unread: early.into(),
            writing: VecDeque::new(),
            shuts_down: false,
            input_ended: false,
            queue_limit,
            opened: false,
            closed: false,
            _held: held,
        }
    }

    /// Tells the handler that the connection is open; once.
    pub(crate) fn open(&mut self) {
        self.opened = true;
        self.call(|handler, ws| handler.open(ws));
    }

    /// Takes up what was queued, by the handler or by others, and what was received and had to wait. True if there
    /// was anything.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        let took = self.take_outgoing(now);
        if self.unread.is_empty() || self.input_ended || self.is_full() {
            return took;
        }
        let mut unread = std::mem::take(&mut self.unread);
        self.receive(&mut unread, now);
        true
    }

    /// What is to be written next, in pieces; says how many there are.
    pub(crate) fn output<'a>(&'a mut self, pieces: &mut [IoSlice<'a>]) -> usize {
        if self.writing.is_empty() {
            self.refill();
        }
        let mut count = 0;
        for (piece, bytes) in pieces.iter_mut().zip(&self.writing) {
            *piece = IoSlice::new(bytes);
            count += 1;
        }
        count
    }

    /// So many octets of the output went out.
    pub(crate) fn written(&mut self, mut count: usize) {
        while let Some(first) = self.writing.front_mut() {
            if count < first.len() {
                first.advance(count);
                break;
            }
            count -= first.len();
            self.writing.pop_front();
        }
        if self.writing.is_empty() && self.writing.capacity() > 4 {
            self.writing = VecDeque::new();
        }
    }

    /// Whether the writing direction is to be ended now. Everything was written.
    pub(crate) fn wants_shutdown(&self) -> bool {
        self.shuts_down && self.writing.is_empty()
    }

    /// The writing direction was ended.
    pub(crate) fn shut_down(&mut self) {
        self.shuts_down = false;
    }

    /// Whether the transport should be read: not while the peer does not take what it is sent, since it may not
    /// cause more of it then.
    pub(crate) fn wants_input(&self) -> bool {
        !self.input_ended && self.unread.is_empty() && !self.is_full()
    }

    /// Takes bytes that arrived and tells the handler what they mean.
    pub(crate) fn receive(&mut self, bytes: &mut [u8], now: Instant) {
        let mut input = Input::new(bytes);
        while let Some(event) = self.driver.receive(&mut input, now) {
            self.tell(event, now);
            if self.is_full() {
                break;
            }
        }
        let left = input.len();
        if left > 0 {
            self.unread = bytes[bytes.len() - left..].to_vec();
        }
        self.tell_rest(now);
    }

    /// The peer has ended its direction.
    pub(crate) fn end_of_input(&mut self, now: Instant) {
        self.input_ended = true;
        self.driver.end_of_input();
        self.tell_rest(now);
    }

    /// The transport broke.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.driver.connection_lost();
        self.tell_rest(now);
    }

    /// When to call [`handle_timeout`](Connection::handle_timeout). It moves with every sign of life.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.driver.poll_timeout()
    }

    /// Does what is due at `now`; nothing if it is called early.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.driver.handle_timeout(now);
        self.tell_rest(now);
    }

    /// Whether everything was said, or nothing more can be.
    pub(crate) fn is_finished(&self) -> bool {
        self.driver.is_finished()
    }

    /// Has `waker` woken when there is something to [`advance`](Connection::advance) with. False if there is
    /// already.
    pub(crate) fn sleep(&self, waker: &Waker) -> bool {
        self.ws.outbox().sleep(waker)
    }

    /// Moves what was queued into the driver.
    fn take_outgoing(&mut self, now: Instant) -> bool {
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
                Outgoing::Close(code, reason) => self.driver.close(code, &reason, now),
            };
        }
        took
    }

    /// Octets that the outbox has given and the transport has not taken.
    fn backlog(&self) -> usize {
        self.driver.queued() + self.writing.iter().map(Bytes::len).sum::<usize>()
    }

    /// A peer that does not take what it is sent may not cause more of it.
    fn is_full(&self) -> bool {
        self.backlog() > self.queue_limit / 2 || !self.driver.wants_read()
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

    /// Tells what did not come from input.
    fn tell_rest(&mut self, now: Instant) {
        while let Some(event) = self.driver.poll_event() {
            self.tell(event, now);
        }
    }

    fn tell(&mut self, event: Event<'_>, now: Instant) {
        match event {
            Event::Closed(closed) => self.tell_closed(&closed),
            event => {
                if matches!(event, Event::Error(_)) {
                    self.ws.outbox().end(self.ws.id());
                }
                self.call(|handler, ws| websocket_driver::dispatch(&mut **handler, ws, event));
                // What the handler answered goes out even if the next frame breaks the protocol.
                self.take_outgoing(now);
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
            self.take_outgoing(Instant::now());
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let closed =
            Closed { code: CloseCode::ABNORMAL, reason: String::new(), cause: Cause::ConnectionLost };
        // A panic in a drop would end the process; this one is caught.
        self.tell_closed(&closed);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("ws", &self.ws).finish_non_exhaustive()
    }
}
