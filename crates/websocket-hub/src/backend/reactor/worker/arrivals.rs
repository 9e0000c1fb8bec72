//! How connections come to a loop: accepted, handed out in turn, and taken up.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use super::super::engine::Engine;
use super::super::peer::{Peer, Stranger};
use super::super::speech::Speech;
use super::super::tls::Tls;
use super::super::wake::Task;
use super::{FIRST_LISTENER, Stage, Worker};
use crate::listener::Arrival;
use crate::resumption::Resumption;
use crate::worker::{Local, Sitter};

/// How long accepting rests after an error, such as a process that has no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Which listener a token stands for.
pub(super) fn listener(token: u64) -> Option<usize> {
    usize::try_from(FIRST_LISTENER.checked_sub(token)?).ok()
}

impl<E: Engine> Worker<E> {
    pub(super) fn listener_at(&self, token: u64) -> Option<usize> {
        listener(token).filter(|index| *index < self.listeners.len())
    }

    pub(super) fn accept(&mut self, index: usize) {
        self.engine.accept(self.listeners[index].as_fd(), FIRST_LISTENER - index as u64);
    }

    pub(super) fn accepted(&mut self, token: u64, accepted: io::Result<OwnedFd>, more: bool, now: Instant) {
        // Who comes when nobody listens any more is not served.
        let Some(index) = self.listener_at(token) else { return };
        let handed_over = accepted.and_then(|stream| {
            let arrival = self.listeners[index].accepted(stream)?;
            arrival.set_nodelay()?;
            let worker = &self.workers[self.next_worker % self.workers.len()];
            self.next_worker = self.next_worker.wrapping_add(1);
            worker.connection(arrival);
            Ok(())
        });
        match handed_over {
            _ if more => {}
            Ok(()) => self.accept(index),
            Err(_) => self.timers.set(self.timers.count(now + ACCEPT_REST), token),
        }
    }

    /// Takes a new connection. One that comes while the server stops is not served.
    pub(super) fn adopt(&mut self, arrival: Arrival) {
        if self.stage != Stage::Serving {
            return;
        }
        let Arrival { stream: socket, remote } = arrival;
        let tls = match (&self.start.tls, &mut self.outside) {
            (Some(_), Some(outside)) => {
                return outside(Stranger { socket, source: remote.into(), early: Vec::new() });
            }
            (tls, _) => tls.as_ref().map(|config| Tls::new(config).map(Box::new)).transpose(),
        };
        // It was possible when the server started.
        let Ok(tls) = tls else { return };
        let knows_others = self.outside.is_some();
        let key = self.peers.insert_with(|key| {
            let task = Task::new(&self.inbox, key);
            let speech = Speech::http(remote.into(), &self.start, task, knows_others, Instant::now());
            Peer::new(socket, speech, tls)
        });
        self.ready(key);
    }

    /// Goes on with a connection of another server. One that cannot be gone on with ends.
    pub(super) fn resume(&mut self, resumption: Resumption) {
        let Ok((socket, connection)) = resumption.into_connection(&self.start.tracker, E::NONBLOCKING) else {
            return;
        };
        let mut local = self.local.borrow_mut();
        let Local { fanout, seats, .. } = &mut *local;
        let speech = Speech::websocket(connection, fanout);
        let seat = speech.seat();
        let key = self.peers.insert_with(|_| Peer::new(socket, speech, None));
        if let Some(seat) = seat {
            seats.take(seat, Sitter::Looped(key));
        }
        drop(local);
        self.ready(key);
    }
}
