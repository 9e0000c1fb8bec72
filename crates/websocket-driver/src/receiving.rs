//! The receiving half of a connection: bytes and time in, events out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::close_code::CloseCode;
use crate::config::Config;
use crate::error::ProtocolError;
use crate::event::{Cause, Closed, Event};
use crate::input::Input;
use crate::receive::{Received, Receiver};
use crate::signal::Listener;
use crate::state::{State, Trigger};

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Receiving {
    config: Arc<Config>,
    pub(crate) receiver: Receiver,
    state: State,
    /// When the peer was last heard.
    heard: Instant,
    /// A ping was asked for since the peer was last heard.
    pinged: bool,
    /// When a close that has begun must be over.
    close_deadline: Option<Instant>,
    /// The connection ended; the event that says so waits to be taken.
    closed: Option<Closed>,
}

impl Receiving {
    pub(crate) fn new(config: Arc<Config>, is_server: bool, now: Instant) -> Self {
        Receiving {
            config,
            receiver: Receiver::new(is_server),
            state: State::Open,
            heard: now,
            pinged: false,
            close_deadline: None,
            closed: None,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn last_heard(&self) -> Instant {
        self.heard
    }

    pub(crate) fn is_between_messages(&self) -> bool {
        self.state == State::Open && self.closed.is_none() && self.receiver.is_between_messages()
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.state == State::Open && !self.pinged && self.closed.is_none() && self.receiver.is_at_rest()
    }

    /// Takes all of `input` if it only adds to an unfinished message, so that nothing else changes unless it is wrong.
    /// `None` if not, and then nothing was consumed.
    #[inline]
    pub(crate) fn absorb(
        &mut self,
        input: &mut Input<'_>,
        now: Instant,
    ) -> Option<Result<(), ProtocolError>> {
        if input.is_empty() || !self.state.reads() {
            return None;
        }
        let absorbed = self.receiver.absorb(input, &self.config)?;
        self.heard = now;
        self.pinged = false;
        Some(absorbed)
    }

    #[inline]
    pub(crate) fn receive<'a>(
        &mut self,
        input: &mut Input<'a>,
        now: Instant,
        other: &mut impl Listener,
    ) -> Option<Event<'a>> {
        if !input.is_empty() {
            self.heard = now;
            self.pinged = false;
        }
        if self.state == State::Open
            && let Some(whole) = self.receiver.whole(input, &self.config)
        {
            return Some(match whole {
                Ok(message) => Event::Message(message),
                Err(error) => self.fail(error, now, other),
            });
        }
        while self.state.reads() {
            match self.receiver.next(input, &self.config) {
                Ok(Some(received)) => {
                    if let Some(event) = self.take(received, now, other) {
                        return Some(event);
                    }
                }
                Ok(None) => return None,
                Err(error) => return Some(self.fail(error, now, other)),
            }
        }
        input.discard();
        self.poll_event()
    }

    /// The transport is over, or given up. Says so unless the end was announced already.
    pub(crate) fn finish(&mut self, trigger: Trigger, cause: Cause, other: &mut impl Listener) {
        if self.state.reads() {
            self.closed = Some(Closed::abnormal(cause));
            self.receiver.abandon();
        }
        self.state = self.state.after(trigger);
        other.happened(trigger);
    }

    /// The connection is failed for a reason of this side's.
    pub(crate) fn refuse(&mut self, code: CloseCode, reason: &str, now: Instant, other: &mut impl Listener) {
        if !self.state.reads() {
            return;
        }
        let cause = Cause::MemoryLimit;
        self.end(Trigger::Fail, now);
        other.close(Trigger::Fail, code, reason, now);
        self.closed = Some(Closed { code, reason: reason.to_owned(), cause });
    }

    /// The other half did something that this one has to know.
    pub(crate) fn happened(&mut self, trigger: Trigger, now: Instant) {
        self.state = self.state.after(trigger);
        if trigger == Trigger::SendClose {
            self.set_close_deadline(now);
        }
    }

    /// The other half can write no more.
    pub(crate) fn lost(&mut self, cause: Cause) {
        if self.state.reads() {
            self.closed = Some(Closed::abnormal(cause));
            self.receiver.abandon();
        }
        self.state = self.state.after(Trigger::Lost);
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event<'static>> {
        self.closed.take().map(Event::Closed)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
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

    pub(crate) fn handle_timeout(&mut self, now: Instant, other: &mut impl Listener) {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| now >= deadline);
        if self.state != State::Open {
            if passed(self.close_deadline) {
                self.finish(Trigger::Lost, Cause::CloseTimeout, other);
            }
        } else if passed(self.after_silence(self.config.idle_timeout)) {
            self.finish(Trigger::Lost, Cause::IdleTimeout, other);
        } else if !self.pinged && passed(self.after_silence(self.config.ping_interval)) {
            self.pinged = true;
            other.ping();
        }
    }

    /// A time in the past, for what is due at once, as long as a close can be begun.
    pub(crate) fn overdue(&self) -> Option<Instant> {
        self.state.reads().then_some(self.heard)
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.state, State::Ended | State::DrainingLast)
    }

    fn take<'a>(
        &mut self,
        received: Received<'a>,
        now: Instant,
        other: &mut impl Listener,
    ) -> Option<Event<'a>> {
        let open = self.state == State::Open;
        match received {
            Received::Message(message) => open.then_some(Event::Message(message)),
            Received::Part(part, last) => open.then_some(Event::Part { part, last }),
            Received::Ping(payload) => {
                if open {
                    other.pong(&payload);
                }
                open.then_some(Event::Ping(payload))
            }
            Received::Pong(payload) => open.then_some(Event::Pong(payload)),
            Received::Close(code, reason) => {
                self.end(Trigger::ReceiveClose, now);
                // The answer carries the peer's code (RFC 6455 §5.5.1); an empty close is answered with an empty
                // one.
                other.close(Trigger::ReceiveClose, code, "", now);
                let cause = if open { Cause::Peer } else { Cause::Local };
                Some(Event::Closed(Closed { code, reason, cause }))
            }
        }
    }

    /// The peer broke the protocol.
    pub(crate) fn fail<'a>(
        &mut self,
        error: ProtocolError,
        now: Instant,
        other: &mut impl Listener,
    ) -> Event<'a> {
        let (code, reason) = (error.close_code(), error.to_string());
        self.end(Trigger::Fail, now);
        other.close(Trigger::Fail, code, &reason, now);
        self.closed = Some(Closed { code, reason, cause: Cause::ProtocolError(error.clone()) });
        Event::Error(error)
    }

    /// Nothing more is read.
    fn end(&mut self, trigger: Trigger, now: Instant) {
        self.receiver.abandon();
        self.state = self.state.after(trigger);
        self.set_close_deadline(now);
    }

    /// One budget of time for the whole close, whoever began it.
    fn set_close_deadline(&mut self, now: Instant) {
        if self.close_deadline.is_none() {
            self.close_deadline = now.checked_add(self.config.close_timeout);
        }
    }

    fn after_silence(&self, length: Option<Duration>) -> Option<Instant> {
        // A time that is too long to be counted never comes.
        self.heard.checked_add(length?)
    }
}
