//! One WebSocket connection as a value: bytes and time in, events, bytes and deadlines out.

use std::sync::Arc;
use std::time::Instant;

use crate::budget::{Account, Pressure};
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::deflate::Agreed;
use crate::error::UsageError;
use crate::event::{Cause, Event};
use crate::input::Input;
use crate::mask::MaskKeys;
use crate::message::{Kind, Message};
use crate::prepared::Prepared;
use crate::receiving::Receiving;
use crate::sending::{Sending, Transmit};
use crate::split::{ReceiveHalf, SendHalf, split};
use crate::state::{State, Trigger};

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
/// [`split`](Connection::split) makes two halves of it, for a thread that reads and one that writes.
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
    receiving: Receiving,
    sending: Sending,
    account: Account,
    /// What the queue held when it was last charged.
    queue_charged: usize,
    pressure: Pressure,
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
        Connection {
            account: Account::new(config.budget.clone()),
            queue_charged: 0,
            pressure: Pressure::None,
            receiving: Receiving::new(config.clone(), masks.is_none(), now),
            sending: Sending::new(config, masks),
        }
    }

    /// The connection with the compression that its handshake agreed to.
    #[must_use]
    pub fn with_deflate(mut self, agreed: Option<Agreed>) -> Self {
        if let Some(agreed) = agreed {
            let (compressor, inflater) = agreed.coders(self.sending.is_server());
            self.sending.sender.compress(compressor);
            self.receiving.receiver.inflate(inflater);
        }
        self
    }

    /// Takes bytes that arrived, until they make an event. Call it again until it returns `None`; then all of
    /// `input` has been consumed.
    ///
    /// What arrives after the peer's close frame or error, or after our own close frame, is not delivered.
    pub fn receive<'a>(&mut self, input: &mut Input<'a>, now: Instant) -> Option<Event<'a>> {
        let event = self.receiving.receive(input, now, &mut self.sending);
        if event.is_none() {
            self.settle(now);
            return self.poll_event();
        }
        event
    }

    /// The peer ended its direction of the transport (end of file).
    pub fn end_of_input(&mut self) {
        self.receiving.finish(Trigger::EndOfInput, Cause::ConnectionLost, &mut self.sending);
        self.charge();
    }

    /// The transport broke: nothing can be read or written any more.
    pub fn connection_lost(&mut self) {
        self.receiving.finish(Trigger::Lost, Cause::ConnectionLost, &mut self.sending);
        self.charge();
    }

    /// An event that did not come from input: the end of the connection.
    pub fn poll_event(&mut self) -> Option<Event<'static>> {
        self.receiving.poll_event()
    }

    /// What to do with the transport next, in this order. `None`: nothing until something changes.
    ///
    /// Bytes that were handed out are the caller's to write, all of them, before anything later.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        let transmit = self.sending.poll_transmit();
        self.charge();
        transmit
    }

    /// When to call [`handle_timeout`](Connection::handle_timeout). `None`: no deadline is running.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = if self.pressure == Pressure::Full { self.receiving.overdue() } else { None };
        due.or_else(|| self.receiving.poll_timeout()).filter(|_| !self.is_finished())
    }

    /// Does what is due at `now`: sends a ping, gives up on a peer that was silent for too long or does not
    /// finish a close, or closes where too much memory is held.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.receiving.handle_timeout(now, &mut self.sending);
        self.settle(now);
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing, [`UsageError::MessageUnfinished`] between parts of
    /// a message.
    pub fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        self.sending.send(message.into())?;
        self.charge_queue();
        Ok(())
    }

    /// Queues a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`send`](Connection::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.sending.send_prepared(prepared)?;
        self.charge_queue();
        Ok(())
    }

    /// Queues a message in frames of at most `fragment_len` octets of payload (RFC 6455 §5.4).
    ///
    /// # Errors
    ///
    /// As [`send`](Connection::send).
    pub fn send_fragmented<'a>(
        &mut self,
        message: impl Into<Message<'a>>,
        fragment_len: usize,
    ) -> Result<(), UsageError> {
        self.sending.send_fragmented(&message.into(), fragment_len)?;
        self.charge();
        Ok(())
    }

    /// Queues a part of a message that need not be there as a whole; `last` ends it. Parts go out uncompressed,
    /// each as a frame of its own, or as the octets of a frame that was
    /// [announced](Connection::announce). Between parts nothing but pings can be sent.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing; [`UsageError::WrongPart`] for a part of another kind
    /// than the first, or that does not fit the announced length.
    pub fn send_part<'a>(&mut self, part: impl Into<Message<'a>>, last: bool) -> Result<(), UsageError> {
        self.sending.send_part(&part.into(), last)?;
        self.charge();
        Ok(())
    }

    /// Queues the header of a message of `length` octets in one frame. Send its octets with
    /// [`send_part`](Connection::send_part), in pieces of any size; until they are complete not even a close can
    /// be sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Connection::send).
    pub fn announce(&mut self, kind: Kind, length: u64) -> Result<(), UsageError> {
        self.sending.announce(kind, length)?;
        self.charge();
        Ok(())
    }

    /// Queues a ping; it overtakes messages that wait. Pings for keep-alive are sent without being asked for.
    ///
    /// # Errors
    ///
    /// [`UsageError::ControlTooLong`] above 125 octets, [`UsageError::Closed`] once the connection is closing.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.sending.ping(payload)?;
        self.charge();
        Ok(())
    }

    /// Says goodbye, behind everything that is queued. The peer's answer, or the lack of it, comes as
    /// [`Event::Closed`]. Closing twice does nothing.
    ///
    /// # Errors
    ///
    /// [`UsageError::ReasonTooLong`] above 123 octets; [`UsageError::InvalidCloseCode`] for a code that was
    /// received as [`CloseCode::ABNORMAL`] and must not be sent; [`UsageError::MessageUnfinished`] within a frame
    /// that was announced. [`CloseCode::NO_STATUS`] sends an empty body, which has no room for a reason.
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), UsageError> {
        if self.sending.close(code, reason, now)? {
            self.receiving.happened(Trigger::SendClose, now);
            self.charge();
        }
        Ok(())
    }

    /// Forgets every message that waits and has not begun to go out: for a peer that has fallen too far
    /// behind. Does nothing once the connection is closing.
    pub fn discard_queue(&mut self) {
        self.sending.discard_queue();
        self.charge();
    }

    /// Lets go of the memory that only makes messages shorter: the window of our own compression. What the peer
    /// may refer to has to stay. For connections that rest, when memory is short.
    pub fn hibernate(&mut self) {
        self.sending.sender.hibernate();
        self.charge();
    }

    /// Whether the compressed form of a [`Prepared`] can go out here. Whoever writes such forms to the transport
    /// past this connection calls [`hibernate`](Connection::hibernate) before each message that is sent through
    /// it, which must not refer to what the peer has seen in between.
    pub fn takes_compressed(&self) -> bool {
        self.sending.sender.takes_compressed()
    }

    /// Two halves that can live on two threads.
    pub fn split(self) -> (ReceiveHalf, SendHalf) {
        split(self.receiving, self.sending)
    }

    /// Octets that wait in the queue, not counting bytes that were handed out.
    pub fn queued(&self) -> usize {
        self.sending.sender.queued()
    }

    /// Bytes of heap that the connection holds: unfinished messages, the queue, owed pongs, windows of
    /// compression.
    pub fn retained(&self) -> usize {
        self.receiving.receiver.retained() + self.sending.sender.retained()
    }

    /// Whether the transport should be read. Not while memory is so short that a peer that does not take what
    /// waits for it may not cause more.
    pub fn wants_read(&self) -> bool {
        let queued = self.queued();
        self.pressure < Pressure::StopReading || queued == 0 || queued < self.retained() / 2
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        self.sending.state() == State::Open
    }

    /// Whether the transport can be dropped: everything was said, or nothing more can be.
    pub fn is_finished(&self) -> bool {
        self.sending.state() == State::Ended
    }

    /// Whether `poll_transmit` has something to hand out.
    pub fn wants_transmit(&self) -> bool {
        self.sending.wants_transmit()
    }

    /// Charges what is held if the queue took memory or let go of some. Most messages go where there is room.
    #[inline]
    fn charge_queue(&mut self) {
        if self.sending.sender.queue_retained() != self.queue_charged {
            self.charge();
        }
    }

    /// Charges what is held to the accounts, and lets go of what can be missed if they are short.
    fn charge(&mut self) {
        self.queue_charged = self.sending.sender.queue_retained();
        let control = self.sending.sender.control_retained();
        let grew = self.account.charge(self.retained(), control);
        let limit = self.receiving.config().max_retained;
        self.pressure = self.account.pressure(limit, grew);
        if self.pressure == Pressure::None {
            return;
        }
        self.sending.sender.hibernate();
        if self.pressure >= Pressure::Shrink {
            self.receiving.receiver.shrink();
            self.sending.sender.shrink();
        }
        self.account.charge(self.retained(), control);
        self.pressure = self.account.pressure(limit, grew).min(self.pressure);
    }

    /// Charges what is held to the accounts, and closes if it is too much.
    fn settle(&mut self, now: Instant) {
        // What was sent since the last time may have been too much already.
        if self.pressure < Pressure::Full {
            self.charge();
        }
        let retained = self.retained();
        if self.pressure < Pressure::Full || retained == 0 {
            return;
        }
        let is_unfinished = self.receiving.receiver.unfinished() >= retained / 2;
        let code = if is_unfinished { CloseCode::TOO_BIG } else { CloseCode::TRY_AGAIN_LATER };
        if code == CloseCode::TRY_AGAIN_LATER {
            self.sending.discard_queue();
        }
        self.receiving.refuse(code, "too much memory is held", now, &mut self.sending);
        self.charge();
    }
}
