//! One connection without I/O: bytes from the transport to the driver, events to the handler, frames to be written.

mod ending;
mod leaving;
mod telling;

use std::fmt;
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use websocket_driver::{Input, Transmit};

use crate::account::{Account, Holdings};
use crate::fanout::{Fanout, Form, Plan, Seat, merge};
use crate::metrics::Metrics;
use crate::outgoing::{Item, Outgoing};
use crate::resting::Driver;
use crate::websocket::{BoxHandler, WebSocket};
use crate::writing::Writing;
use leaving::Passage;

/// One connection from its handshake to its end, for a backend to drive. It does no I/O and does not wait.
///
/// Whoever drives it [enters](Connection::enter) it, if it lives on a core, calls [`open`](Connection::open), and
/// then, in a loop:
///
/// 1. [`advance`](Connection::advance), which takes up what others queued.
/// 2. If it [has output](Connection::has_output): [prepares](Connection::prepare) it, if it lives on a core, makes
///    its [`plan`](Connection::plan), writes that and says how much went out by
///    [`written`](Connection::written), until the plan is empty or the transport takes no more, then
///    [settles](Connection::settle) it. Behind an empty plan, ends the writing direction if
///    [`wants_shutdown`](Connection::wants_shutdown).
/// 3. If [`wants_input`](Connection::wants_input), reads once and says what came of it:
///    [`receive`](Connection::receive), [`end_of_input`](Connection::end_of_input) or
///    [`lost`](Connection::lost), which is for writing, too.
/// 4. Drops it and the transport once [`is_finished`](Connection::is_finished).
/// 5. At [`deadline`](Connection::deadline), calls [`handle_timeout`](Connection::handle_timeout).
/// 6. If none of this moved anything and [`sleep`](Connection::sleep) agrees, waits for the transport, the deadline,
///    the waker, or a turn that the core gives it.
///
/// Whether it lives on a core or not, its handler is told of its end exactly once, however it ends.
pub(crate) struct Connection {
    driver: Driver,
    ws: WebSocket,
    handler: BoxHandler,
    /// Received and not looked at yet: what the client sent right behind its handshake, or the rest of what it
    /// sent when it did not take the answers.
    unread: Vec<u8>,
    writing: Writing,
    /// Its place on a core.
    seat: Option<Seat>,
    /// Publications up to this one may be written now.
    plans_until: u64,
    /// Publications behind this one are not for it any more.
    hears_until: Option<u64>,
    /// The driver wants the writing direction ended, behind what is being written.
    shuts_down: bool,
    /// Nothing goes out behind what the driver has.
    says_goodbye: bool,
    /// The peer has ended its direction.
    input_ended: bool,
    opened: bool,
    closed: bool,
    passage: Passage,
    account: Account,
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
        early: Bytes,
        metrics: Metrics,
        held: Box<dyn Send>,
    ) -> Self {
        Connection {
            driver: Driver::new(driver),
            ws,
            handler,
            // Not the buffer that it came in.
            unread: early.to_vec(),
            writing: Writing::default(),
            seat: None,
            plans_until: 0,
            hears_until: None,
            shuts_down: false,
            says_goodbye: false,
            input_ended: false,
            opened: false,
            closed: false,
            passage: Passage::default(),
            account: Account::new(metrics),
            _held: held,
        }
    }

    /// Takes a seat on a core, for as long as the connection is there. Before it is opened.
    pub(crate) fn enter(&mut self, fanout: &mut Fanout) -> Seat {
        let form = if self.driver.takes_compressed() { Form::Compressed } else { Form::Plain };
        let home =
            fanout.enter(self.ws.id(), self.ws.recipient(), form, self.ws.outbox().config().queue_limit);
        let seat = home.seat;
        self.ws.outbox().settle(home);
        self.seat = Some(seat);
        seat
    }

    /// Tells the handler that the connection is open; once.
    pub(crate) fn open(&mut self) {
        self.opened = true;
        self.account.metrics.opened();
        self.call(|handler, ws| handler.open(ws));
    }

    /// Takes up what was queued, by the handler or by others, and what was received and had to wait. True if there
    /// was anything.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        let took = self.take_up(now);
        if !self.can_advance() {
            return took;
        }
        let mut unread = std::mem::take(&mut self.unread);
        self.receive(&mut unread, now);
        true
    }

    /// Whether something that was received and had to wait can go on.
    pub(crate) fn can_advance(&self) -> bool {
        !self.unread.is_empty() && !self.input_ended && !self.is_full() && !self.is_paused()
    }

    /// Takes up what was queued and what was published, before the [`plan`](Connection::plan) of one who lives on a
    /// core.
    pub(crate) fn prepare(&mut self, fanout: &mut Fanout, now: Instant) {
        fanout.collect();
        // What was sent before any of these publications is in the outbox now.
        let collected = fanout.collected();
        self.take_up(now);
        self.plans_until = collected.max(self.writing.last_after());
        if self.plans_until > collected {
            // Publications that come before what was taken up. Later ones wait: something may stand before them
            // that was not there yet.
            fanout.collect();
        }
        if let (Some(seat), Some(sequence)) = (self.seat, self.hears_until) {
            fanout.end_after(seat.index, sequence);
        }
    }

    /// Takes up what was queued, and calls no handler. True if there was anything.
    pub(crate) fn take_up(&mut self, now: Instant) -> bool {
        let taken = self.ws.outbox().take(self.writing.len());
        if taken.fell_behind {
            self.account.metrics.dropped("fell-behind", taken.thrown_away);
            self.awake().discard_queue();
            self.writing.discard();
            self.hears_until = Some(0);
        }
        self.account.metrics.wrote(0, taken.messages);
        let took = !taken.items.is_empty();
        for Item { after, outgoing } in taken.items {
            match outgoing {
                // Nobody waits for it any more.
                _ if self.says_goodbye => {}
                Outgoing::Frames(frames) => self.writing.push(frames.into(), after),
                Outgoing::Frame(header, payload) => self.writing.push_frame(header, payload, after),
                Outgoing::Message(prepared) => self.send(&prepared, after),
                Outgoing::Pause(leaving) => self.pause(&leaving),
                Outgoing::Leave(leaving) => self.leave(leaving, after),
                Outgoing::Ping(payload) => _ = self.awake().ping(&payload),
                Outgoing::Close(code, reason) => {
                    let _ = self.awake().close(code, &reason, now);
                    self.hears_until.get_or_insert(after);
                }
            }
        }
        took
    }

    /// Whether there is something to write that no publication is.
    pub(crate) fn has_output(&self) -> bool {
        !self.writing.is_empty() || self.shuts_down || self.driver.wants_transmit()
    }

    /// Plans what is to be written next. Who lives on a core is [prepared](Connection::prepare) and gives its
    /// [`Fanout`].
    pub(crate) fn plan(&mut self, plan: &mut Plan, fanout: Option<&Fanout>) {
        let seat = self.seat.zip(fanout).map(|(seat, fanout)| (seat.index, fanout));
        if self.driver.is_open() {
            // What the driver has is control frames, which go before all else, one load at a time: what is still in
            // the driver can be superseded, as an owed pong is by a newer one.
            if !self.writing.has_control() {
                self.poll_driver(0);
            }
        } else if self.writing.is_empty()
            && seat.is_none_or(|(index, fanout)| fanout.octets_behind(index) == 0)
        {
            // Its goodbye goes behind everything.
            self.says_goodbye = true;
            self.poll_driver(0);
        }
        merge(plan, &self.writing, seat, self.plans_until);
    }

    /// What is being written, for [`Plan::pieces`].
    pub(crate) fn writing(&self) -> &Writing {
        &self.writing
    }

    /// So many octets of the plan went out.
    pub(crate) fn written(&mut self, plan: &Plan, count: usize, fanout: Option<&mut Fanout>) {
        self.writing.written(plan.written(count, fanout));
        self.account.metrics.wrote(count as u64, 0);
    }

    /// Ends a turn of writing: the plan is empty, or the transport takes no more.
    pub(crate) fn settle(&mut self, blocked: bool, fanout: Option<&mut Fanout>) {
        self.driver.rest();
        self.ws.outbox().set_backlog(self.writing.len());
        self.account.holds(Holdings::of(&self.driver, self.unread.len()));
        let Some((seat, fanout)) = self.seat.zip(fanout) else { return self.account.waits(blocked) };
        // Not before: it moves others, for whom there may be plans.
        fanout.drop_ended(seat.index);
        fanout.set_busy(seat.index, blocked || self.has_output());
        if blocked {
            fanout.block(seat.index);
        } else {
            fanout.unblock(seat.index);
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
        !self.input_ended && self.unread.is_empty() && !self.is_full() && !self.is_paused()
    }

    /// Takes bytes that arrived and tells the handler what they mean.
    pub(crate) fn receive(&mut self, bytes: &mut [u8], now: Instant) {
        // What is read after it was closed or fell behind is not the handler's any more.
        let _ = self.ws.outbox().is_closing() && self.take_up(now);
        let mut input = Input::new(bytes);
        while let Some(event) = self.awake().receive(&mut input, now) {
            self.tell(event, now);
            // It may have been told to pause, and said that it has.
            if self.is_full() || self.is_paused() {
                break;
            }
        }
        let left = input.len();
        self.account.metrics.read((bytes.len() - left) as u64, 0);
        if left > 0 {
            self.unread = bytes[bytes.len() - left..].to_vec();
        }
        self.account.received(&self.driver, self.unread.len());
        self.tell_rest(now);
    }

    /// The peer has ended its direction.
    pub(crate) fn end_of_input(&mut self, now: Instant) {
        self.input_ended = true;
        self.awake().end_of_input();
        self.tell_rest(now);
    }

    /// The transport broke.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.awake().connection_lost();
        self.tell_rest(now);
    }

    /// When to call [`handle_timeout`](Connection::handle_timeout). It moves with every sign of life.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.driver.poll_timeout()
    }

    /// Does what is due at `now`; nothing if it is called early.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let was_silent = !self.driver.wants_transmit();
        self.awake().handle_timeout(now);
        if was_silent && self.driver.is_open() && self.driver.wants_transmit() {
            // All that it says by itself while it is open is a ping.
            self.account.asks(now);
        }
        self.tell_rest(now);
    }

    /// Whether everything was said, or nothing more can be.
    pub(crate) fn is_finished(&self) -> bool {
        self.driver.is_finished()
    }

    /// Whether messages go both ways. If not, its deadline is near.
    pub(crate) fn is_open(&self) -> bool {
        self.driver.is_open()
    }

    /// It will [`advance`](Connection::advance) soon, whatever comes until then.
    pub(crate) fn attend(&self) {
        self.ws.outbox().attend();
    }

    /// Has `waker` woken, or the core give it a turn, when there is something to
    /// [`advance`](Connection::advance) with. False if there is already.
    pub(crate) fn sleep(&self, waker: &Waker) -> bool {
        self.ws.outbox().sleep(waker)
    }

    fn awake(&mut self) -> &mut websocket_driver::Connection {
        self.driver.awake(self.ws.outbox().config())
    }

    /// A message that has to be compressed, or goes out from where it is.
    fn send(&mut self, prepared: &websocket_driver::Prepared, after: u64) {
        if !self.ws.outbox().compresses() {
            return self.writing.push(prepared.server_frame().clone(), after);
        }
        if self.seat.is_some() {
            // Publications go past the driver: what they carry must not be referred to, nor what was before them.
            self.awake().hibernate();
        }
        if self.awake().send_prepared(prepared).is_err() {
            // It is closing already. What was sent before goes out as it is.
            return self.writing.push(prepared.server_frame().clone(), after);
        }
        self.poll_driver(after);
    }

    /// A peer that does not take what it is sent may not cause more of it.
    fn is_full(&self) -> bool {
        // How far it lags behind its topics is their policies' business.
        let waits = self.driver.queued() + self.writing.len();
        waits > self.ws.outbox().config().high_water() || !self.driver.wants_read()
    }

    /// Takes what the driver has: control frames, and messages that stand behind publication number `after`.
    fn poll_driver(&mut self, after: u64) {
        if self.driver.is_resting() {
            return;
        }
        while let Some(transmit) = self.awake().poll_transmit() {
            match transmit {
                Transmit::Bytes(bytes) => self.writing.push_driven(bytes, after),
                Transmit::Shutdown => self.shuts_down = true,
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("ws", &self.ws).finish_non_exhaustive()
    }
}
