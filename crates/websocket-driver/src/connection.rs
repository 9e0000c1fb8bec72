//! One WebSocket connection as a value: bytes and time in, events, bytes and deadlines out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::close::MAX_REASON_LEN;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::deflate::Agreed;
use crate::error::{ProtocolError, UsageError};
use crate::event::{Cause, Closed, Event};
use crate::input::Input;
use crate::mask::MaskKeys;
use crate::message::Message;
use crate::prepared::Prepared;
use crate::receive::{Received, Receiver};
use crate::send::Sender;
use crate::state::{State, Trigger};

/// What the transport has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Write these bytes.
    Bytes(Bytes),
    /// End the writing direction (a TCP half-close), and go on reading. Comes at most once.
    Shutdown,
}

/// A WebSocket connection after its opening handshake.
///
/// It does no I/O, has no clock and draws no random numbers. Whoever drives it does five things:
///
/// 1. Give it what arrived: [`receive`](Connection::receive) until it returns `None`;
///    [`end_of_input`](Connection::end_of_input) when the peer has ended its direction,
///    [`connection_lost`](Connection::connection_lost) when the transport broke.
/// 2. After each of these, and after sending: [`poll_transmit`](Connection::poll_transmit) until it returns
///    `None`, and do what it says, in order.
/// 3. Keep a timer for [`poll_timeout`](Connection::poll_timeout); when it rings, call
///    [`handle_timeout`](Connection::handle_timeout), then
///    [`poll_event`](Connection::poll_event). Calling it early does nothing.
/// 4. Drop the transport once [`is_finished`](Connection::is_finished).
/// 5. Send with [`send`](Connection::send), say goodbye with [`close`](Connection::close).
///
/// ```
/// use std::time::Instant;
/// use websocket_driver::{Connection, Event, Input, Message, Transmit};
///
/// let now = Instant::now();
/// let mut server = Connection::server(Default::default(), now);
/// // "Hello", masked by a client (RFC 6455 §5.7).
/// let mut bytes = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
/// let mut input = Input::new(&mut bytes);
/// while let Some(event) = server.receive(&mut input, now) {
///     assert_eq!(event, Event::Message(Message::text("Hello")));
///     server.send("World")?;
/// }
/// assert_eq!(server.poll_transmit(), Some(Transmit::Bytes(b"\x81\x05World"[..].into())));
/// # Ok::<(), websocket_driver::UsageError>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    is_server: bool,
    state: State,
    receiver: Receiver,
    sender: Sender,
    /// When the peer was last heard.
    heard: Instant,
    /// A ping went out since the peer was last heard.
    pinged: bool,
    /// When a close that has begun must be over.
    close_deadline: Option<Instant>,
    /// The connection ended; the event that says so waits to be taken.
    closed: Option<Closed>,
}

impl Connection {
    /// The server's side of a connection whose opening handshake is done.
    pub fn server(config: Arc<Config>, now: Instant) -> Self {
        Connection::new(config, None, now)
    }

    /// The client's side of a connection whose opening handshake is done. `masks` gives the masking keys; see
    /// [`MaskKeys`] for what they must be.
    pub fn client(config: Arc<Config>, masks: impl MaskKeys + 'static, now: Instant) -> Self {
        Connection::new(config, Some(Box::new(masks)), now)
    }

    fn new(config: Arc<Config>, masks: Option<Box<dyn MaskKeys>>, now: Instant) -> Self {
        let is_server = masks.is_none();
        Connection {
            config,
            is_server,
            state: State::Open,
            receiver: Receiver::new(is_server),
            sender: Sender::new(masks),
            heard: now,
            pinged: false,
            close_deadline: None,
            closed: None,
        }
    }

    /// The connection with the compression that its handshake agreed to.
    #[must_use]
    pub fn with_deflate(mut self, agreed: Option<Agreed>) -> Self {
        if let Some(agreed) = agreed {
            let (compressor, inflater) = agreed.coders(self.is_server);
            self.sender.compress(compressor);
            self.receiver.inflate(inflater);
        }
        self
    }

    /// Takes bytes that arrived, until they make an event. Call it again until it returns `None`; then all of
    /// `input` has been consumed.
    ///
    /// What arrives after the peer's close frame or error, or after our own close frame, is not delivered.
    pub fn receive<'a>(&mut self, input: &mut Input<'a>, now: Instant) -> Option<Event<'a>> {
        if !input.is_empty() {
            self.heard = now;
            self.pinged = false;
        }
        while self.state.reads() {
            match self.receiver.next(input, &self.config) {
                Ok(Some(received)) => {
                    if let Some(event) = self.take(received, now) {
                        return Some(event);
                    }
                }
                Ok(None) => return None,
                Err(error) => return Some(self.fail(error, now)),
            }
        }
        input.discard();
        self.poll_event()
    }

    /// The peer ended its direction of the transport (end of file).
    pub fn end_of_input(&mut self) {
        self.finish(Trigger::EndOfInput, Cause::ConnectionLost);
    }

    /// The transport broke: nothing can be read or written any more.
    pub fn connection_lost(&mut self) {
        self.finish(Trigger::Lost, Cause::ConnectionLost);
    }

    /// An event that did not come from input: the end of the connection.
    pub fn poll_event(&mut self) -> Option<Event<'static>> {
        self.closed.take().map(Event::Closed)
    }

    /// What to do with the transport next, in this order. `None`: nothing until something changes.
    ///
    /// Bytes that were handed out are the caller's to write, all of them, before anything later.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.state == State::Ended {
            return None;
        }
        if let Some(bytes) = self.sender.next(self.state == State::Open) {
            return Some(Transmit::Bytes(bytes));
        }
        let before = self.state;
        self.state = before.after(Trigger::Flushed);
        let shut = before == State::Draining && self.ends_transport_first();
        shut.then_some(Transmit::Shutdown)
    }

    /// When to call [`handle_timeout`](Connection::handle_timeout). `None`: no deadline is running.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Open => {
                let ping = self.after_silence(self.config.ping_interval).filter(|_| !self.pinged);
                let idle = self.after_silence(self.config.idle_timeout);
                ping.into_iter().chain(idle).min()
            }
            State::Ended => None,
            _ => self.close_deadline,
        }
    }

    /// Does what is due at `now`: sends a ping, or gives up on a peer that was silent for too long or does not
    /// finish a close.
    pub fn handle_timeout(&mut self, now: Instant) {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| now >= deadline);
        if self.state != State::Open {
            if passed(self.close_deadline) {
                self.finish(Trigger::Lost, Cause::CloseTimeout);
            }
        } else if passed(self.after_silence(self.config.idle_timeout)) {
            self.finish(Trigger::Lost, Cause::IdleTimeout);
        } else if !self.pinged && passed(self.after_silence(self.config.ping_interval)) {
            self.pinged = true;
            // A ping that still waits asks as well as another. Without this, a peer that does not read and
            // sends an octet now and then would make them pile up.
            if !self.sender.has_ping() {
                self.sender.ping(b"");
            }
        }
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        self.open()?.message(message.into());
        Ok(())
    }

    /// Queues a message that was encoded before.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.open()?.prepared(prepared);
        Ok(())
    }

    /// Queues a message in frames of at most `fragment_len` octets of payload (RFC 6455 §5.4).
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing.
    pub fn send_fragmented<'a>(
        &mut self,
        message: impl Into<Message<'a>>,
        fragment_len: usize,
    ) -> Result<(), UsageError> {
        self.open()?.fragmented(&message.into(), fragment_len);
        Ok(())
    }

    /// Queues a ping; it overtakes messages that wait. Pings for keep-alive are sent without being asked for.
    ///
    /// # Errors
    ///
    /// [`UsageError::ControlTooLong`] above 125 octets, [`UsageError::Closed`] once the connection is closing.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        if payload.len() > 125 {
            return Err(UsageError::ControlTooLong(payload.len()));
        }
        self.open()?.ping(payload);
        Ok(())
    }

    /// Says goodbye, behind everything that is queued. The peer's answer, or the lack of it, comes as
    /// [`Event::Closed`]. Closing twice does nothing.
    ///
    /// # Errors
    ///
    /// [`UsageError::ReasonTooLong`] above 123 octets; [`UsageError::InvalidCloseCode`] for a code that was
    /// received as [`CloseCode::ABNORMAL`] and must not be sent. [`CloseCode::NO_STATUS`] sends an empty body,
    /// which has no room for a reason.
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), UsageError> {
        if !code.may_be_sent() && code != CloseCode::NO_STATUS {
            return Err(UsageError::InvalidCloseCode(code.get()));
        }
        if reason.len() > MAX_REASON_LEN {
            return Err(UsageError::ReasonTooLong(reason.len()));
        }
        if self.state == State::Open {
            self.begin_close(Trigger::SendClose, code, reason, now);
        }
        Ok(())
    }

    /// Forgets every message that waits and has not begun to go out: for a peer that has fallen too far
    /// behind. Does nothing once the connection is closing.
    pub fn discard_queue(&mut self) {
        if self.state == State::Open {
            self.sender.discard();
        }
    }

    /// Lets go of the memory that only makes messages shorter: the window of our own compression. What the peer
    /// may refer to has to stay. For connections that rest, when memory is short.
    pub fn hibernate(&mut self) {
        self.sender.hibernate();
    }

    /// Octets that wait in the queue, not counting bytes that were handed out.
    pub fn queued(&self) -> usize {
        self.sender.queued()
    }

    /// Bytes of heap that the connection holds: unfinished messages, the queue, owed pongs.
    pub fn retained(&self) -> usize {
        self.receiver.retained() + self.sender.retained()
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the transport can be dropped: everything was said, or nothing more can be.
    pub fn is_finished(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether `poll_transmit` has something to hand out.
    pub fn wants_transmit(&self) -> bool {
        !self.sender.is_empty() || matches!(self.state, State::Draining | State::DrainingLast)
    }

    fn open(&mut self) -> Result<&mut Sender, UsageError> {
        if self.state == State::Open { Ok(&mut self.sender) } else { Err(UsageError::Closed) }
    }

    fn take<'a>(&mut self, received: Received<'a>, now: Instant) -> Option<Event<'a>> {
        let open = self.state == State::Open;
        match received {
            Received::Message(message) => open.then_some(Event::Message(message)),
            Received::Ping(payload) => {
                if open {
                    self.sender.owe_pong(&payload);
                }
                open.then_some(Event::Ping(payload))
            }
            Received::Pong(payload) => open.then_some(Event::Pong(payload)),
            Received::Close(code, reason) => {
                if open {
                    // The answer carries the peer's code (RFC 6455 §5.5.1); an empty close is answered with an
                    // empty one.
                    self.begin_close(Trigger::ReceiveClose, code, "", now);
                } else {
                    self.state = self.state.after(Trigger::ReceiveClose);
                }
                self.receiver.abandon();
                let cause = if open { Cause::Peer } else { Cause::Local };
                Some(Event::Closed(Closed { code, reason, cause }))
            }
        }
    }

    fn fail<'a>(&mut self, error: ProtocolError, now: Instant) -> Event<'a> {
        self.receiver.abandon();
        let (code, reason) = (error.close_code(), error.to_string());
        if self.state == State::Open {
            self.begin_close(Trigger::Fail, code, &reason, now);
        } else {
            self.state = self.state.after(Trigger::Fail);
        }
        self.closed = Some(Closed { code, reason, cause: Cause::ProtocolError(error.clone()) });
        Event::Error(error)
    }

    fn begin_close(&mut self, trigger: Trigger, code: CloseCode, reason: &str, now: Instant) {
        self.sender.close(code, reason);
        self.state = self.state.after(trigger);
        self.close_deadline = now.checked_add(self.config.close_timeout);
    }

    /// When the peer has been silent for `time`. `None` where that is not set, or too far away to be a time.
    fn after_silence(&self, time: Option<Duration>) -> Option<Instant> {
        self.heard.checked_add(time?)
    }

    /// The transport is over, or given up. Says so unless the end was announced already.
    fn finish(&mut self, trigger: Trigger, cause: Cause) {
        if self.state.reads() {
            self.closed = Some(Closed::abnormal(cause));
            self.receiver.abandon();
        }
        self.state = self.state.after(trigger);
        if self.state == State::Ended {
            self.sender.abandon();
        }
    }

    /// The server ends the transport first, so that the client can be sure that it read everything
    /// (RFC 6455 §7.1.1).
    fn ends_transport_first(&self) -> bool {
        self.is_server
    }
}
