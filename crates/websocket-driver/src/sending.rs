//! The sending half of a connection: messages in, bytes for the transport out.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::close::check_close;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::encode::Masks;
use crate::error::UsageError;
use crate::message::{Kind, Message};
use crate::prepared::Prepared;
use crate::send::Sender;
use crate::signal::Listener;
use crate::state::{State, Trigger};

/// What the transport has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit<B = Bytes> {
    /// Write these bytes.
    Bytes(B),
    /// End the writing direction (a TCP half-close), and go on reading. Comes at most once.
    Shutdown,
}

/// The sending half.
#[derive(Debug)]
pub(crate) struct Sending {
    config: Arc<Config>,
    pub(crate) sender: Sender,
    state: State,
    is_server: bool,
    /// When what is queued must be out, once a close has begun.
    close_deadline: Option<Instant>,
}

impl Sending {
    pub(crate) fn new(config: Arc<Config>, masks: Masks) -> Self {
        let is_server = masks.is_none();
        Sending { config, sender: Sender::new(masks), state: State::Open, is_server, close_deadline: None }
    }

    /// Queues a message if that takes next to nothing; says whether it did.
    #[inline]
    pub(crate) fn send_at_once(&mut self, message: &Message<'_>) -> bool {
        self.state == State::Open && self.sender.message_at_once(message)
    }

    pub(crate) fn send(&mut self, message: Message<'_>) -> Result<(), UsageError> {
        self.idle()?.message(message);
        Ok(())
    }

    pub(crate) fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.idle()?.prepared(prepared);
        Ok(())
    }

    pub(crate) fn send_fragmented(
        &mut self,
        message: &Message<'_>,
        fragment_len: usize,
    ) -> Result<(), UsageError> {
        self.idle()?.fragmented(message, fragment_len);
        Ok(())
    }

    pub(crate) fn send_part(&mut self, part: &Message<'_>, last: bool) -> Result<(), UsageError> {
        self.open()?.part(part, last)
    }

    pub(crate) fn announce(&mut self, kind: Kind, length: u64) -> Result<(), UsageError> {
        self.idle()?.announce(kind.opcode(), length);
        Ok(())
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        if payload.len() > 125 {
            return Err(UsageError::ControlTooLong(payload.len()));
        }
        self.open()?.ping(payload);
        Ok(())
    }

    /// Queues a close frame, unless the connection is closing already; says whether it did.
    pub(crate) fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<bool, UsageError> {
        check_close(code, reason)?;
        if self.state != State::Open {
            return Ok(false);
        }
        if self.sender.is_within_announced() {
            return Err(UsageError::MessageUnfinished);
        }
        Listener::close(self, Trigger::SendClose, code, reason, now);
        Ok(true)
    }

    pub(crate) fn discard_queue(&mut self) {
        if self.state == State::Open {
            self.sender.discard();
        }
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.state == State::Ended {
            return None;
        }
        match self.sender.next(self.state == State::Open) {
            Some(bytes) => Some(Transmit::Bytes(bytes)),
            None => self.flushed(),
        }
    }

    /// What is to be done next. Bytes, if they are that, are the sender's [`slices`](Sender::slices).
    pub(crate) fn poll_slices(&mut self) -> Option<Transmit<()>> {
        if self.state == State::Ended {
            return None;
        }
        if self.sender.prepare(self.state == State::Open) {
            return Some(Transmit::Bytes(()));
        }
        if self.state == State::Open { None } else { self.flushed() }
    }

    /// Everything has gone out: what is to be done now.
    #[inline(never)]
    fn flushed<B>(&mut self) -> Option<Transmit<B>> {
        let before = self.state;
        if before == State::Open {
            return None;
        }
        self.state = before.after(Trigger::Flushed);
        // The server ends the transport first, so that the client can be sure that it read everything
        // (RFC 6455 §7.1.1).
        let shut = before == State::Draining && self.is_server;
        shut.then_some(Transmit::Shutdown)
    }

    /// When what is queued must be out.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.close_deadline.filter(|_| self.state != State::Ended)
    }

    /// Gives up on a close that takes too long; says whether it did.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        let passed = self.poll_timeout().is_some_and(|deadline| now >= deadline);
        if passed {
            self.happened(Trigger::Lost);
        }
        passed
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn is_server(&self) -> bool {
        self.is_server
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn wants_transmit(&self) -> bool {
        !self.sender.is_empty() || matches!(self.state, State::Draining | State::DrainingLast)
    }

    fn open(&mut self) -> Result<&mut Sender, UsageError> {
        if self.state == State::Open { Ok(&mut self.sender) } else { Err(UsageError::Closed) }
    }

    /// Open, and not in the middle of a message.
    fn idle(&mut self) -> Result<&mut Sender, UsageError> {
        let sender = self.open()?;
        if sender.is_within_message() { Err(UsageError::MessageUnfinished) } else { Ok(sender) }
    }
}

impl Listener for Sending {
    fn pong(&mut self, payload: &[u8]) {
        if self.state == State::Open {
            self.sender.owe_pong(payload);
        }
    }

    fn ping(&mut self) {
        // A ping that still waits asks as well as another. Without this, a peer that does not read and sends an
        // octet now and then would make them pile up.
        if self.state == State::Open && !self.sender.has_ping() {
            self.sender.ping(b"");
        }
    }

    fn close(&mut self, trigger: Trigger, code: CloseCode, reason: &str, now: Instant) {
        // Whoever has sent a close frame sends no other.
        if self.state == State::Open {
            self.sender.close(code, reason);
            self.close_deadline = now.checked_add(self.config.close_timeout);
        }
        self.state = self.state.after(trigger);
    }

    fn happened(&mut self, trigger: Trigger) {
        self.state = self.state.after(trigger);
        if self.state == State::Ended {
            self.sender.abandon();
        }
    }
}
