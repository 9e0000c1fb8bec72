//! One WebSocket connection as a value: bytes and time in, events, bytes and deadlines out.

mod outgoing;

use std::sync::Arc;
use std::time::Instant;

use crate::budget::{Account, Pressure};
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::deflate::Agreed;
use crate::encode::Masks;
use crate::event::{Cause, Event};
use crate::input::Input;
use crate::mask::{KeyBatch, MaskKeys};
use crate::receiving::Receiving;
use crate::sending::Sending;
use crate::split::{ReceiveHalf, SendHalf, split};
use crate::state::{State, Trigger};

/// A WebSocket connection after its opening handshake.
///
/// It does no I/O, has no clock and draws no random numbers. Whoever drives it does five things:
///
/// 1. Give it what arrived: [`receive`](Connection::receive) until it returns `None`;
///    [`end_of_input`](Connection::end_of_input) when the peer has ended its direction,
///    [`connection_lost`](Connection::connection_lost) when the transport broke.
/// 2. After each of these, and after sending: [`poll_transmit`](Connection::poll_transmit) (or, to copy less,
///    [`poll_slices`](Connection::poll_slices)) until it returns `None`, and do what it says, in order.
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
    pub(crate) receiving: Receiving,
    pub(crate) sending: Sending,
    account: Account,
    /// What sending held, control frames apart, when it was last charged.
    sending_charged: usize,
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
        Connection::new(config, Some(Box::new(KeyBatch::new(masks))), now)
    }

    fn new(config: Arc<Config>, masks: Masks, now: Instant) -> Self {
        Connection {
            account: Account::new(config.budget.clone()),
            sending_charged: 0,
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
        if self.pressure == Pressure::None
            && let Some(absorbed) = self.receiving.absorb(input, now)
        {
            return absorbed.err().map(|error| self.receiving.fail(error, now, &mut self.sending));
        }
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

    /// Two halves that can live on two threads.
    pub fn split(self) -> (ReceiveHalf, SendHalf) {
        split(self.receiving, self.sending)
    }

    /// Bytes of heap that the connection holds: unfinished messages, the queue, owed pongs, windows of
    /// compression.
    pub fn retained(&self) -> usize {
        self.receiving.receiver.retained() + self.sending.sender.retained()
    }

    /// What of [`retained`](Connection::retained) is a message that has not arrived whole.
    pub fn unfinished(&self) -> usize {
        self.receiving.receiver.unfinished()
    }

    /// What of [`retained`](Connection::retained) is for compression: the end of what was sent and received.
    pub fn windows(&self) -> usize {
        self.receiving.receiver.window() + self.sending.sender.window()
    }

    /// Whether nothing has begun and nothing is kept: a server's connection that is open, without compression, and waits
    /// for neither the rest of a frame nor an answer. [`Connection::server`] makes one that is the same from the same
    /// configuration and from when the peer was [last heard](Connection::last_heard), so it need not be kept.
    pub fn is_at_rest(&self) -> bool {
        self.is_open()
            && self.sending.is_server()
            && self.pressure == Pressure::None
            && self.sending.sender.lasting() + self.sending.sender.control_retained() == 0
            && self.receiving.is_at_rest()
    }

    /// When the peer was last heard.
    pub fn last_heard(&self) -> Instant {
        self.receiving.last_heard()
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

    /// Charges what sending took or let go of, if it did. Most messages go where there is room.
    #[inline]
    fn charge_sending(&mut self) {
        let held = self.sending.sender.lasting();
        if held != self.sending_charged {
            self.charge_change(held);
        }
    }

    #[inline(never)]
    fn charge_change(&mut self, held: usize) {
        let before = std::mem::replace(&mut self.sending_charged, held);
        self.account.change(before, held);
        self.give_way(held > before);
    }

    /// Charges what is held to the accounts, and lets go of what can be missed if they are short.
    #[inline(never)]
    fn charge(&mut self) {
        let grew = self.charge_all();
        self.give_way(grew);
    }

    fn charge_all(&mut self) -> bool {
        self.sending_charged = self.sending.sender.lasting();
        let control = self.sending.sender.control_retained();
        self.account.charge(self.retained(), control)
    }

    /// Lets go of what can be missed, if memory is short.
    #[inline]
    fn give_way(&mut self, grew: bool) {
        let limit = self.receiving.config().max_retained;
        self.pressure = self.account.pressure(limit, grew);
        if self.pressure != Pressure::None {
            self.let_go(limit, grew);
        }
    }

    // Apart, since it is rare: within the usual way it would cost that registers to be saved.
    #[inline(never)]
    fn let_go(&mut self, limit: usize, grew: bool) {
        self.sending.sender.hibernate();
        if self.pressure >= Pressure::Shrink {
            self.receiving.receiver.shrink();
            self.sending.sender.shrink();
        }
        self.charge_all();
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
