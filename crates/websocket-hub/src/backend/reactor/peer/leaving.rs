//! How a connection leaves its loop, with its socket.

use std::os::fd::AsFd;

use super::{Peer, Stranger};
use crate::backend::reactor::engine::Engine;
use crate::carried::Carried;
use crate::fanout::Fanout;

impl Peer {
    /// Whether it can be carried to another server now, as it was told to: nothing is left to write, and nothing is
    /// being received.
    pub(super) fn may_be_carried(&mut self, fanout: &Fanout) -> bool {
        let Some(connection) = self.speech.leaving() else { return false };
        if self.is_broken || self.held.as_ref().is_some_and(|held| held.is_end) {
            connection.stay(true);
            self.has_moved = true;
            return false;
        }
        if connection.is_too_late() {
            // It will be told goodbye.
            connection.stay(false);
            return false;
        }
        let is_idle = !self.is_receiving && !self.is_blocked && !self.is_unfinished;
        if !is_idle || !connection.has_said_everything(fanout) {
            // What is left to be said is seen to at its next turn.
            self.has_moved |= is_idle;
            return false;
        }
        let goes = connection.goes();
        if !goes {
            connection.stay(false);
        }
        goes
    }

    /// Ends what is under way; the connection is for another server. If that cannot be, it ends.
    pub(in crate::backend::reactor) fn carry(mut self, engine: &mut impl Engine, key: u64) {
        let received = self.held.take().map(|held| held.octets).unwrap_or_default();
        let suspended = self.speech.leaving().and_then(|connection| {
            let (id, suspended) = (connection.id(), connection.suspend(&received));
            suspended.map(|(state, leaving)| (id, state, leaving))
        });
        let Some((id, state, leaving)) = suspended else {
            if let Some(connection) = self.speech.leaving() {
                connection.stay(true);
            }
            return self.close(engine, key);
        };
        if self.is_polling {
            engine.cancel_await_room(key);
        }
        engine.release(self.socket.as_fd(), key);
        let Peer { socket, speech, .. } = self;
        // It counts no more when it is known to have left.
        drop(speech);
        leaving.leaves(Carried { id, socket, state });
    }

    /// Ends what is under way; the socket, and what was read of it, are for who speaks what it speaks.
    pub(in crate::backend::reactor) fn leave(self, engine: &mut impl Engine, key: u64) -> Option<Stranger> {
        if self.is_receiving && !self.is_cancelling {
            engine.cancel_receive(key);
        }
        engine.release(self.socket.as_fd(), key);
        let (source, mut early) = self.speech.into_early()?;
        early.extend(self.held.into_iter().flat_map(|held| held.octets));
        Some(Stranger { socket: self.socket, source, early })
    }
}
