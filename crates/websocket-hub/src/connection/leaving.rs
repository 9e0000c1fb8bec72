//! How a connection leaves for another server: it pauses, says everything that there is to say, and is suspended.

use std::sync::Arc;

use super::Connection;
use crate::carried::CarriedState;
use crate::fanout::Fanout;
use crate::leaving::Leaving;

/// How far it is.
#[derive(Debug, Default)]
pub(super) enum Passage {
    /// It stays, and whoever drives it cannot let go of its transport.
    #[default]
    Bound,
    /// It stays.
    None,
    /// What arrives is not looked at.
    Paused,
    /// It leaves behind everything that was sent to it, and published up to this number.
    Leaving(Arc<Leaving>, u64),
}

impl Connection {
    /// Whoever drives it can let go of its transport.
    pub(crate) fn set_portable(&mut self) {
        self.passage = Passage::None;
    }

    /// Whether what arrives is left for another server.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self.passage, Passage::Paused | Passage::Leaving(..)) && self.driver.is_open()
    }

    pub(super) fn pause(&mut self, leaving: &Leaving) {
        let can_pause = self.driver.is_open() && !self.input_ended && !self.ws.outbox().is_closing();
        if matches!(self.passage, Passage::None) && can_pause {
            self.passage = Passage::Paused;
        }
        leaving.pauses(self.ws.id(), self.is_paused());
    }

    pub(super) fn leave(&mut self, leaving: Arc<Leaving>, after: u64) {
        if self.is_paused() {
            self.passage = Passage::Leaving(leaving, after);
        } else {
            leaving.stays(self.ws.id());
        }
    }

    /// Whether it is on its way.
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.passage, Passage::Leaving(..)) && self.driver.is_open()
    }

    /// Whether nobody waits for it to leave any more.
    pub(crate) fn is_too_late(&self) -> bool {
        matches!(&self.passage, Passage::Leaving(leaving, _) if leaving.is_over())
    }

    /// Whether it leaves now: it is between two messages, and there is somebody who waits for it.
    pub(crate) fn goes(&self) -> bool {
        let Passage::Leaving(leaving, _) = &self.passage else { return false };
        self.driver.suspend().is_some() && leaving.goes(self.ws.id())
    }

    /// It does not leave after all, and waits to be told goodbye; or it is over, and what has arrived is looked at.
    pub(crate) fn stay(&mut self, is_over: bool) {
        let passage = if is_over { Passage::None } else { Passage::Paused };
        if let Passage::Leaving(leaving, _) = std::mem::replace(&mut self.passage, passage) {
            leaving.stays(self.ws.id());
        }
    }

    /// Whether everything was written that it has to hear before it leaves.
    pub(crate) fn has_said_everything(&self, fanout: &Fanout) -> bool {
        let (Passage::Leaving(_, after), Some(seat)) = (&self.passage, self.seat) else { return false };
        !self.has_output()
            && fanout.collected() >= *after
            && fanout.octets_behind(seat.index) == 0
            && self.ws.outbox().is_empty()
    }

    /// What it takes along, with what was received behind that, and where it goes. `None` if it does not
    /// [go](Connection::goes).
    pub(crate) fn suspend(&mut self, received: &[u8]) -> Option<(CarriedState, Arc<Leaving>)> {
        let protocol = self.driver.suspend()?;
        let Passage::Leaving(leaving, _) = &self.passage else { return None };
        let leaving = Arc::clone(leaving);
        // Its handler is told of no end, for there is none.
        self.closed = true;
        self.ws.outbox().end(self.ws.id());
        let mut unread = std::mem::take(&mut self.unread);
        unread.extend_from_slice(received);
        let subprotocol = self.ws.subprotocol().map(str::to_owned);
        let client = self.ws.client_addr();
        Some((CarriedState { subprotocol, client, protocol, unread }, leaving))
    }

    pub(crate) fn id(&self) -> u64 {
        self.ws.id()
    }
}
