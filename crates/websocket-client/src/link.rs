//! The driver and a transport, kept going: what arrives becomes messages, what is queued goes out, deadlines are
//! met.
//!
//! Nothing here is a future that could be lost half-way: every function is polled, and all that it has done so far
//! is in the fields. That is why the futures over it are cancel-safe.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use websocket_driver::{Closed, Connection, Event, Input, Message, Transmit, UsageError};

use crate::transport::Transport;

/// Octets read at a time, on the stack: a connection at rest owns no buffer.
const READ_LEN: usize = 16 * 1024;

/// While something waits to be written, messages are read ahead until they hold so many octets. Without that, two
/// ends that both write more than the sockets between them hold would wait for each other.
pub(crate) const READ_AHEAD: usize = 1 << 20;

/// Pieces of what is queued that are written in one call: sixteen long messages, or any number of short ones.
const MAX_SLICES: usize = 32;

/// What a message costs beside its payload, in octets, so that many empty ones are bounded as well.
const MESSAGE_OVERHEAD: usize = 64;

/// A connection and its transport.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) transport: Transport,
    pub(crate) connection: Connection,
    /// What arrived, from `input_at` on not looked at yet. Empty most of the time, and then without memory.
    input: Vec<u8>,
    input_at: usize,
    /// Messages that were read ahead, and what they hold in all.
    ahead: VecDeque<Message<'static>>,
    ahead_len: usize,
    /// How many pings were sent by number, and the newest that was answered.
    pings: u64,
    answered: u64,
    /// Something was written since the transport was last flushed.
    unflushed: bool,
    /// Writing failed. What arrived before may still be read, a close frame that says why above all.
    write_failed: bool,
    /// The transport has nothing more to read.
    read_ended: bool,
    /// Rings at a deadline of the driver's, or earlier: deadlines move on with every octet, and a timer that
    /// rings in vain now and then costs less than one that is set anew each time.
    timer: Option<Pin<Box<Sleep>>>,
    pub(crate) closed: Option<Closed>,
}

impl Link {
    pub(crate) fn new(transport: Transport, connection: Connection, early: Vec<u8>) -> Self {
        Link {
            transport,
            connection,
            // Even an empty one holds the memory that the handshake was read into.
            input: if early.is_empty() { Vec::new() } else { early },
            input_at: 0,
            ahead: VecDeque::new(),
            ahead_len: 0,
            pings: 0,
            answered: 0,
            unflushed: false,
            write_failed: false,
            read_ended: false,
            timer: None,
            closed: None,
        }
    }

    /// Whether messages still go out.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_open() && !self.write_failed
    }

    /// Octets of messages that are not with the system yet.
    pub(crate) fn queued(&self) -> usize {
        self.connection.queued()
    }

    /// The next message; `None` once the connection is over.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message<'static>>> {
        loop {
            if let Some(message) = self.ahead.pop_front() {
                self.ahead_len -= message.len() + MESSAGE_OVERHEAD;
                if self.ahead.is_empty() {
                    self.ahead = VecDeque::new();
                }
                return Poll::Ready(Some(message));
            }
            if let Some(message) = self.next_message() {
                return Poll::Ready(Some(message));
            }
            // Answers to what was just read go out before anything is waited for.
            let written = self.poll_write(cx);
            if self.connection.is_finished() {
                // The server has ended its direction and waits for the end of ours. Nobody waits for this end: what
                // cannot be done at once is done when the value is dropped.
                let _ = Pin::new(&mut self.transport).poll_shutdown(cx);
                return Poll::Ready(None);
            }
            if written.is_ready() && self.read_ended {
                // What was to be said is said or cannot be, and nothing more will come.
                self.connection.connection_lost();
                continue;
            }
            ready!(self.poll_progress(cx));
        }
    }

    /// Ready once everything that is queued is with the system, or never will be.
    pub(crate) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.poll_write(cx).is_pending() {
            self.read_ahead();
            ready!(self.poll_progress(cx));
        }
        Poll::Ready(())
    }

    /// Queues a ping and gives it a number.
    pub(crate) fn ping(&mut self) -> Result<u64, UsageError> {
        self.connection.ping(&(self.pings + 1).to_be_bytes())?;
        self.pings += 1;
        Ok(self.pings)
    }

    /// Ready with true once a ping was answered, itself or by the answer to a later one; with false once it will
    /// not be, or more has arrived before the answer than is read ahead.
    pub(crate) fn poll_pong(&mut self, number: u64, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            self.read_ahead();
            if self.answered >= number {
                return Poll::Ready(true);
            }
            let written = self.poll_write(cx);
            let is_over = self.closed.is_some() || self.connection.is_finished();
            if is_over || self.ahead_len >= READ_AHEAD || (written.is_ready() && self.read_ended) {
                return Poll::Ready(false);
            }
            ready!(self.poll_progress(cx));
        }
    }

    /// Keeps messages that arrived for later.
    fn read_ahead(&mut self) {
        while self.ahead_len < READ_AHEAD
            && let Some(message) = self.next_message()
        {
            self.ahead_len += message.len() + MESSAGE_OVERHEAD;
            self.ahead.push_back(message);
        }
    }

    /// What is in the events that have arrived.
    fn next_message(&mut self) -> Option<Message<'static>> {
        let now = Instant::now().into_std();
        loop {
            let len = self.input.len();
            let mut input = Input::new(&mut self.input[self.input_at..]);
            let event = self.connection.receive(&mut input, now);
            let rest = input.len();
            self.input_at = len - rest;
            let message = match event {
                Some(Event::Message(message)) => Some(message.into_owned()),
                Some(Event::Closed(closed)) => {
                    self.closed = Some(closed);
                    None
                }
                Some(Event::Pong(payload)) => {
                    // Pongs that nobody asked for carry whatever they like.
                    if let Ok(number) = <[u8; 8]>::try_from(&*payload).map(u64::from_be_bytes)
                        && number <= self.pings
                    {
                        self.answered = self.answered.max(number);
                    }
                    None
                }
                Some(_) => None,
                None => {
                    self.input = Vec::new();
                    self.input_at = 0;
                    match self.connection.poll_event() {
                        Some(Event::Closed(closed)) => self.closed = Some(closed),
                        Some(_) => {}
                        None => return None,
                    }
                    continue;
                }
            };
            if rest == 0 {
                self.input = Vec::new();
                self.input_at = 0;
            }
            if message.is_some() {
                return message;
            }
        }
    }

    /// Reads, or meets a deadline; ready when something came of it. `poll_write` sees to the rest.
    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // By the clock and before reading: a peer that always has something to say must not put deadlines off.
        let now = Instant::now().into_std();
        if self.connection.poll_timeout().is_some_and(|deadline| now >= deadline) {
            self.connection.handle_timeout(now);
            return Poll::Ready(());
        }
        if !self.read_ended && self.input.is_empty() && self.ahead_len < READ_AHEAD {
            let mut buffer = [const { MaybeUninit::uninit() }; READ_LEN];
            let mut buffer = ReadBuf::uninit(&mut buffer);
            if let Poll::Ready(read) = Pin::new(&mut self.transport).poll_read(cx, &mut buffer) {
                match read {
                    Ok(()) if buffer.filled().is_empty() => {
                        self.read_ended = true;
                        self.connection.end_of_input();
                    }
                    Ok(()) => self.input.extend_from_slice(buffer.filled()),
                    Err(_) => {
                        self.read_ended = true;
                        self.connection.connection_lost();
                    }
                }
                return Poll::Ready(());
            }
        }
        self.poll_deadline(cx)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.connection.poll_timeout() else { return Poll::Pending };
        let deadline = Instant::from_std(deadline);
        loop {
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            if timer.deadline() > deadline {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= deadline {
                self.timer = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }

    /// Writes everything that is queued and flushes it; ready when nothing is left to write.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.connection.is_finished() {
            // Nobody listens any more, and a peer that does not read must not keep us.
            return Poll::Ready(());
        }
        loop {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let written = match self.connection.poll_slices(&mut slices) {
                None => break,
                // A client leaves the end of the transport to the server (RFC 6455 §7.1.1).
                Some(Transmit::Shutdown) => continue,
                // Nobody will have it.
                Some(Transmit::Bytes(slices)) if self.write_failed => {
                    slices.iter().map(|slice| slice.len()).sum()
                }
                Some(Transmit::Bytes(slices)) => {
                    match ready!(Pin::new(&mut self.transport).poll_write_vectored(cx, slices)) {
                        Ok(0) | Err(_) => {
                            self.fail_writing();
                            continue;
                        }
                        Ok(len) => len,
                    }
                }
            };
            self.connection.written(written);
            self.unflushed = !self.write_failed;
        }
        if self.unflushed {
            // A transport such as TLS may still hold what it took.
            if ready!(Pin::new(&mut self.transport).poll_flush(cx)).is_err() {
                self.fail_writing();
            }
            self.unflushed = false;
        }
        Poll::Ready(())
    }

    fn fail_writing(&mut self) {
        self.unflushed = false;
        self.write_failed = true;
    }
}
