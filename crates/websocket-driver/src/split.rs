//! A connection in two halves that can live on two threads.

mod send_half;

use std::collections::VecDeque;
use std::time::Instant;

use crate::budget::{Account, Pressure};
use crate::close_code::CloseCode;
use crate::event::{Cause, Event};
use crate::input::Input;
use crate::receiving::Receiving;
use crate::sending::Sending;
use crate::signal::{News, Signal};
use crate::state::Trigger;

pub use send_half::SendHalf;

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

pub(crate) fn split(receiving: Receiving, sending: Sending) -> (ReceiveHalf, SendHalf) {
    let account = || Account::new(receiving.config().budget.clone());
    let (of_receiving, of_sending) = (account(), account());
    let mut receive = ReceiveHalf { receiving, signals: VecDeque::new(), account: of_receiving };
    let send = SendHalf::new(sending, of_sending);
    receive.account.charge(receive.retained(), 0);
    (receive, send)
}

impl ReceiveHalf {
    /// See [`Connection::receive`](crate::Connection::receive).
    pub fn receive<'a>(&mut self, input: &mut Input<'a>, now: Instant) -> Option<Event<'a>> {
        if let Some(absorbed) = self.receiving.absorb(input, now) {
            return absorbed.err().map(|error| self.receiving.fail(error, now, &mut self.signals));
        }
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
