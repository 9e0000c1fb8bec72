//! A connection in two halves that can live on two threads.

use std::collections::VecDeque;
use std::time::Instant;

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
/// [`SendHalf`]; and give it the signals that come from there. Neither half locks or waits for the other.
#[derive(Debug)]
pub struct ReceiveHalf {
    receiving: Receiving,
    signals: VecDeque<Signal>,
}

/// The half of a connection that sends; see [`ReceiveHalf`].
#[derive(Debug)]
pub struct SendHalf {
    sending: Sending,
    signals: VecDeque<Signal>,
}

pub(crate) fn split(receiving: Receiving, sending: Sending) -> (ReceiveHalf, SendHalf) {
    (ReceiveHalf { receiving, signals: VecDeque::new() }, SendHalf { sending, signals: VecDeque::new() })
}

impl ReceiveHalf {
    /// See [`Connection::receive`](crate::Connection::receive).
    pub fn receive<'a>(&mut self, input: &mut Input<'a>, now: Instant) -> Option<Event<'a>> {
        self.receiving.receive(input, now, &mut self.signals)
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
        if let News::Happened(trigger) = signal.0 {
            self.receiving.happened(trigger, now);
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
}

impl SendHalf {
    /// See [`Connection::send`](crate::Connection::send).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        self.sending.send(message.into())
    }

    /// See [`Connection::send_prepared`](crate::Connection::send_prepared).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.sending.send_prepared(prepared)
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
        self.sending.send_fragmented(&message.into(), fragment_len)
    }

    /// See [`Connection::send_part`](crate::Connection::send_part).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_part<'a>(&mut self, part: impl Into<Message<'a>>, last: bool) -> Result<(), UsageError> {
        self.sending.send_part(&part.into(), last)
    }

    /// See [`Connection::announce`](crate::Connection::announce).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn announce(&mut self, kind: Kind, length: u64) -> Result<(), UsageError> {
        self.sending.announce(kind, length)
    }

    /// See [`Connection::ping`](crate::Connection::ping).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.sending.ping(payload)
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
        }
    }

    /// See [`Connection::poll_transmit`](crate::Connection::poll_transmit).
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.sending.poll_transmit()
    }

    /// See [`Connection::poll_timeout`](crate::Connection::poll_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.sending.poll_timeout()
    }

    /// See [`Connection::handle_timeout`](crate::Connection::handle_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.sending.handle_timeout(now) {
            self.signals.happened(Trigger::Lost);
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
}
