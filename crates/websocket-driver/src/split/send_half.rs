//! The half of a split connection that sends.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::Instant;

use crate::budget::{Account, Pressure};
use crate::close_code::CloseCode;
use crate::error::UsageError;
use crate::message::{Kind, Message};
use crate::output_buffer::OutputBuffer;
use crate::prepared::Prepared;
use crate::sending::{Sending, Transmit};
use crate::signal::{Listener, News, Signal};
use crate::state::{State, Trigger};

/// The half of a connection that sends; see [`ReceiveHalf`](crate::ReceiveHalf).
///
/// Carry its signals before its bytes are written: a receiving half that hears the answer to a close before it
/// hears of the close takes it for the peer's own, and says [`Cause::Peer`](crate::Cause::Peer).
#[derive(Debug)]
pub struct SendHalf {
    sending: Sending,
    signals: VecDeque<Signal>,
    account: Account,
    /// The other half was told that this one holds too much.
    is_full: bool,
}

impl SendHalf {
    pub(super) fn new(sending: Sending, account: Account) -> Self {
        let mut half = SendHalf { sending, signals: VecDeque::new(), account, is_full: false };
        half.charge();
        half
    }

    /// See [`Connection::send`](crate::Connection::send).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        let message = message.into();
        if !self.sending.send_at_once(&message) {
            self.sending.send(message)?;
            self.charge();
        }
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

    /// See [`Connection::poll_slices`](crate::Connection::poll_slices).
    ///
    /// # Panics
    ///
    /// As there.
    pub fn poll_slices<'a, 's>(
        &'a mut self,
        slices: &'s mut [IoSlice<'a>],
    ) -> Option<Transmit<&'s [IoSlice<'a>]>> {
        assert!(!slices.is_empty(), "there is room for a slice");
        let transmit = self.sending.poll_slices();
        self.charge();
        match transmit? {
            Transmit::Bytes(()) => {
                let count = self.sending.sender.slices(slices);
                Some(Transmit::Bytes(&slices[..count]))
            }
            Transmit::Shutdown => Some(Transmit::Shutdown),
        }
    }

    /// See [`Connection::written`](crate::Connection::written).
    ///
    /// # Panics
    ///
    /// As there.
    pub fn written(&mut self, len: usize) {
        self.sending.sender.written(len);
        self.charge();
    }

    /// See [`Connection::lend_buffer`](crate::Connection::lend_buffer).
    pub fn lend_buffer(&mut self, buffer: &mut OutputBuffer) {
        self.sending.sender.lend(buffer);
    }

    /// See [`Connection::return_buffer`](crate::Connection::return_buffer).
    pub fn return_buffer(&mut self, buffer: &mut OutputBuffer) {
        self.sending.sender.return_to(buffer);
        self.charge();
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
