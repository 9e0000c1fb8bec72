//! What the two halves of a connection have to tell each other.

use std::collections::VecDeque;
use std::time::Instant;

use crate::close_code::CloseCode;
use crate::state::Trigger;

/// Something that one half of a split connection learnt and the other has to know. Carry it over, in order, by
/// whatever means: a channel, a queue, a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal(pub(crate) News);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A ping is to be answered.
    Pong(Vec<u8>),
    /// The peer has been silent for long enough to be asked.
    Ping,
    /// A close frame is to be sent, because of what the peer did.
    Close(Trigger, CloseCode, String),
    /// Something happened that ends the connection or a direction of it.
    Happened(Trigger),
    /// The sending half gave up on a close that took too long.
    TimedOut,
    /// The sending half holds too much memory.
    Full,
}

/// Whoever has to know what the receiving half learns.
pub(crate) trait Listener {
    /// A ping is to be answered.
    fn pong(&mut self, payload: &[u8]);
    /// The peer is to be asked whether it is there.
    fn ping(&mut self);
    /// A close frame is to be sent, because of what the peer did.
    fn close(&mut self, trigger: Trigger, code: CloseCode, reason: &str, now: Instant);
    /// Something happened that ends the connection or a direction of it.
    fn happened(&mut self, trigger: Trigger);
}

/// For the halves of a split connection, the news wait until they are carried over.
impl Listener for VecDeque<Signal> {
    fn pong(&mut self, payload: &[u8]) {
        // Only the newest unanswered ping needs an answer (RFC 6455 §5.5.3); a peer that pings faster than news
        // are carried over must not make them pile up.
        let waiting = self.iter_mut().find_map(|signal| match &mut signal.0 {
            News::Pong(waiting) => Some(waiting),
            _ => None,
        });
        match waiting {
            Some(waiting) => payload.clone_into(waiting),
            None => self.push_back(Signal(News::Pong(payload.to_owned()))),
        }
    }

    fn ping(&mut self) {
        // One that waits asks as well as another.
        if !self.iter().any(|signal| signal.0 == News::Ping) {
            self.push_back(Signal(News::Ping));
        }
    }

    fn close(&mut self, trigger: Trigger, code: CloseCode, reason: &str, _: Instant) {
        self.push_back(Signal(News::Close(trigger, code, reason.to_owned())));
    }

    fn happened(&mut self, trigger: Trigger) {
        self.push_back(Signal(News::Happened(trigger)));
    }
}
