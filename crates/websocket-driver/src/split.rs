//! A connection in two halves that can live on two threads.

use std::collections::VecDeque;
use std::time::Instant;

use crate::budget::{Account, Pressure};
use crate::close_code::CloseCode;
use crate::error::UsageError;
use crate::event::{Cause, Event};
use crate::input::Input;
use crate::message::{Kind, Message};
use crate::prepared::Prepared;
use crate::receiving::Receiving;
use crate::sending::{Sending, Transmit};
use crate::signal::{Listener, News, Signal};
use crate::state::{State, Trigger};

/// The half of a connection that receives.
///
/// It is driven as a [`Connection`](crate::Connection) is, but for two duties more: after everything that is
/// done with it, [`poll_signal`](ReceiveHalf::poll_signal) until it returns `None`, and carry the signals to the
/// [`SendHalf`]; and give it the signals that come from there. Neither half locks or waits for the other. The
/// [guide](crate::guide#two-threads) has an example.
///
/// Each half keeps an account of its memory: [`Config::max_retained`](crate::Config::max_retained) holds for each
/// by itself, and both are charged to the [`Budget`](crate::Budget).
#[derive(Debug)]
pub struct ReceiveHalf {
    receiving: Receiving,
    signals: VecDeque<Signal>,
    account: Account,
}

/// The half of a connection that sends; see [`ReceiveHalf`].
///
/// Carry its signals before its bytes are written: a receiving half that hears the answer to a close before it
/// hears of the close takes it for the peer's own, and says [`Cause::Peer`].
#[derive(Debug)]
pub struct SendHalf {
    sending: Sending,
    signals: VecDeque<Signal>,
    account: Account,
    /// The other half was told that this one holds too much.
    is_full: bool,
}

pub(crate) fn split(receiving: Receiving, sending: Sending) -> (ReceiveHalf, SendHalf) {
    let account = || Account::new(receiving.config().budget.clone());
    let (of_receiving, of_sending) = (account(), account());
    let mut receive = ReceiveHalf { receiving, signals: VecDeque::new(), account: of_receiving };
    let mut send = SendHalf { sending, signals: VecDeque::new(), account: of_sending, is_full: false };
    receive.account.charge(receive.retained(), 0);
    send.charge();
    (receive, send)
}

impl ReceiveHalf {
    /// See [`Connection::receive`](crate::Connection::receive).
    pub fn receive<'a>(&mut self, input: &mut Input<'a>, now: Instant) -> Option<Event<'a>> {
        let event = self.receiving.receive(input, now, &mut self.signals);
        if event.is_none() {
            self.settle(now);
            return self.poll_event();
        }
        event
    }

    /// See [`Connection::end_of_input`](crate::Connection::end_of_input).
    pub fn end_of_input(&mut self) {
        self.receiving.finish(Trigger::EndOfInput, Cause::ConnectionLost, &mut self.signals);
    }

    /// The transport broke: nothing can be read any more.
    pub fn connection_lost(&mut self) {
        self.receiving.finish(Trigger::Lost, Cause::ConnectionLost, &mut self.signals);
    }

    /// See [`Connection::poll_event`](crate::Connection::poll_event).
    pub fn poll_event(&mut self) -> Option<Event<'static>> {
        self.receiving.poll_event()
    }

    /// What the other half has to know.
    pub fn poll_signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    /// Takes a signal from the other half; then [`poll_event`](ReceiveHalf::poll_event).
    pub fn handle_signal(&mut self, signal: Signal, now: Instant) {
        match signal.0 {
            News::Happened(Trigger::Lost) => self.receiving.lost(Cause::ConnectionLost),
            News::TimedOut => self.receiving.lost(Cause::CloseTimeout),
            News::Happened(trigger) => self.receiving.happened(trigger, now),
            News::Full => self.refuse(CloseCode::TRY_AGAIN_LATER, now),
            // These are for the other half.
            News::Pong(_) | News::Ping | News::Close(..) => {}
        }
    }

    /// See [`Connection::poll_timeout`](crate::Connection::poll_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.receiving.poll_timeout().filter(|_| !self.is_finished())
    }

    /// See [`Connection::handle_timeout`](crate::Connection::handle_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        self.receiving.handle_timeout(now, &mut self.signals);
    }

    /// Bytes of heap that this half holds.
    pub fn retained(&self) -> usize {
        self.receiving.receiver.retained()
    }

    /// Whether nothing more needs to be read.
    pub fn is_finished(&self) -> bool {
        self.receiving.is_finished()
    }

    /// Charges what is held to the accounts, and gives way if they are short.
    fn settle(&mut self, now: Instant) {
        let limit = self.receiving.config().max_retained;
        let grew = self.account.charge(self.retained(), 0);
        if self.account.pressure(limit, grew) < Pressure::Shrink {
            return;
        }
        self.receiving.receiver.shrink();
        self.account.charge(self.retained(), 0);
        if self.account.pressure(limit, grew) == Pressure::Full && self.retained() > 0 {
            self.refuse(CloseCode::TOO_BIG, now);
            self.account.charge(self.retained(), 0);
        }
    }

    fn refuse(&mut self, code: CloseCode, now: Instant) {
        self.receiving.refuse(code, "too much memory is held", now, &mut self.signals);
    }
}

impl SendHalf {
    /// See [`Connection::send`](crate::Connection::send).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        self.sending.send(message.into())?;
        self.charge();
        Ok(())
    }

    /// See [`Connection::send_prepared`](crate::Connection::send_prepared).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.sending.send_prepared(prepared)?;
        self.charge();
        Ok(())
    }

    /// See [`Connection::send_fragmented`](crate::Connection::send_fragmented).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_fragmented<'a>(
        &mut self,
        message: impl Into<Message<'a>>,
        fragment_len: usize,
    ) -> Result<(), UsageError> {
        self.sending.send_fragmented(&message.into(), fragment_len)?;
        self.charge();
        Ok(())
    }

    /// See [`Connection::send_part`](crate::Connection::send_part).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_part<'a>(&mut self, part: impl Into<Message<'a>>, last: bool) -> Result<(), UsageError> {
        self.sending.send_part(&part.into(), last)?;
        self.charge();
        Ok(())
    }

    /// See [`Connection::announce`](crate::Connection::announce).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn announce(&mut self, kind: Kind, length: u64) -> Result<(), UsageError> {
        self.sending.announce(kind, length)?;
        self.charge();
        Ok(())
    }

    /// See [`Connection::ping`](crate::Connection::ping).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.sending.ping(payload)?;
        self.charge();
        Ok(())
    }

    /// See [`Connection::close`](crate::Connection::close).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), UsageError> {
        if self.sending.close(code, reason, now)? {
            self.signals.happened(Trigger::SendClose);
        }
        Ok(())
    }

    /// The transport broke: nothing can be written any more.
    pub fn connection_lost(&mut self) {
        self.sending.happened(Trigger::Lost);
        self.signals.happened(Trigger::Lost);
        self.charge();
    }

    /// See [`Connection::discard_queue`](crate::Connection::discard_queue).
    pub fn discard_queue(&mut self) {
        self.sending.discard_queue();
        self.charge();
    }

    /// See [`Connection::hibernate`](crate::Connection::hibernate).
    pub fn hibernate(&mut self) {
        self.sending.sender.hibernate();
        self.charge();
    }

    /// What the other half has to know.
    pub fn poll_signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    /// Takes a signal from the other half; then [`poll_transmit`](SendHalf::poll_transmit).
    pub fn handle_signal(&mut self, signal: Signal, now: Instant) {
        match signal.0 {
            News::Pong(payload) => self.sending.pong(&payload),
            News::Ping => Listener::ping(&mut self.sending),
            News::Close(trigger, code, reason) => {
                Listener::close(&mut self.sending, trigger, code, &reason, now);
            }
            News::Happened(trigger) => self.sending.happened(trigger),
            // These are for the other half.
            News::TimedOut | News::Full => {}
        }
        self.charge();
    }

    /// See [`Connection::poll_transmit`](crate::Connection::poll_transmit).
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        let transmit = self.sending.poll_transmit();
        self.charge();
        transmit
    }

    /// See [`Connection::poll_timeout`](crate::Connection::poll_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.sending.poll_timeout()
    }

    /// See [`Connection::handle_timeout`](crate::Connection::handle_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.sending.handle_timeout(now) {
            self.signals.push_back(Signal(News::TimedOut));
            self.charge();
        }
    }

    /// See [`Connection::queued`](crate::Connection::queued).
    pub fn queued(&self) -> usize {
        self.sending.sender.queued()
    }

    /// Bytes of heap that this half holds.
    pub fn retained(&self) -> usize {
        self.sending.sender.retained()
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        self.sending.state() == State::Open
    }

    /// Whether the transport can be dropped.
    pub fn is_finished(&self) -> bool {
        self.sending.state() == State::Ended
    }

    /// See [`Connection::wants_transmit`](crate::Connection::wants_transmit).
    pub fn wants_transmit(&self) -> bool {
        self.sending.wants_transmit()
    }

    /// Charges what is held to the accounts, and gives way if they are short.
    fn charge(&mut self) {
        let limit = self.sending.config().max_retained;
        let control = self.sending.sender.control_retained();
        let grew = self.account.charge(self.retained(), control);
        let pressure = self.account.pressure(limit, grew);
        if pressure == Pressure::None {
            return;
        }
        self.sending.sender.hibernate();
        if pressure >= Pressure::Shrink {
            self.sending.sender.shrink();
        }
        self.account.charge(self.retained(), control);
        if self.account.pressure(limit, grew) == Pressure::Full && self.is_open() && !self.is_full {
            // The receiving half decides, because it may have heard the end already; its answer comes as a signal.
            self.is_full = true;
            self.sending.discard_queue();
            self.account.charge(self.retained(), self.sending.sender.control_retained());
            self.signals.push_back(Signal(News::Full));
        }
    }
}
