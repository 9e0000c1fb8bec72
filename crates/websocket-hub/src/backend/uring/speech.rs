//! What a connection speaks: HTTP/1.1, and after an upgrade WebSocket. Both do no I/O and are driven alike.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::task::{Context, Waker};
use std::time::Instant;

use crate::backend::{Start, http};
use crate::connection::Connection;
use crate::fanout::Plan;
use crate::tracker::TaskGuard;

pub(super) enum Speech {
    Http(Box<Http>),
    WebSocket(Box<Connection>),
}

/// A connection that has not become a WebSocket.
pub(super) struct Http {
    connection: http::Connection,
    _counted: TaskGuard,
}

impl Speech {
    /// What every connection begins with.
    pub(super) fn http(peer: SocketAddr, start: &Start, now: Instant) -> Speech {
        let connection = http::Connection::new(start, peer, now + start.handshake_timeout);
        Speech::Http(Box::new(Http { connection, _counted: start.tracker.task() }))
    }

    pub(super) fn is_web_socket(&self) -> bool {
        matches!(self, Speech::WebSocket(_))
    }

    /// Goes on with what is there. True if it is known that anything moved.
    pub(super) fn advance(&mut self, waker: &Waker, now: Instant) -> bool {
        match self {
            Speech::Http(http) => {
                http.connection.poll(&mut Context::from_waker(waker), now);
                false
            }
            Speech::WebSocket(connection) => connection.advance(now),
        }
    }

    /// Becomes a WebSocket, if that was agreed and everything before it is written. True if it did.
    pub(super) fn upgrade(&mut self) -> bool {
        let Speech::Http(http) = self else { return false };
        let Some(connection) = http.connection.take_websocket() else { return false };
        let mut connection = Box::new(connection);
        connection.open();
        *self = Speech::WebSocket(connection);
        true
    }

    pub(super) fn output<'a>(&'a mut self, pieces: &mut [IoSlice<'a>]) -> usize {
        match self {
            Speech::Http(http) => http.connection.pieces(pieces),
            Speech::WebSocket(connection) => {
                let mut plan = Plan::default();
                connection.plan(&mut plan, None);
                plan.pieces(connection.writing(), None, pieces)
            }
        }
    }

    pub(super) fn has_output(&mut self) -> bool {
        self.output(&mut [IoSlice::new(&[])]) > 0
    }

    pub(super) fn written(&mut self, len: usize, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.written(len, now),
            Speech::WebSocket(connection) => {
                let mut plan = Plan::default();
                connection.plan(&mut plan, None);
                connection.written(&plan, len, None);
                connection.settle(false, None);
            }
        }
    }

    pub(super) fn wants_shutdown(&self) -> bool {
        match self {
            Speech::Http(http) => http.connection.wants_shutdown(),
            Speech::WebSocket(connection) => connection.wants_shutdown(),
        }
    }

    pub(super) fn shut_down(&mut self, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.shut_down(now),
            Speech::WebSocket(connection) => connection.shut_down(),
        }
    }

    pub(super) fn wants_input(&self) -> bool {
        match self {
            Speech::Http(http) => http.connection.wants_input(),
            Speech::WebSocket(connection) => connection.wants_input(),
        }
    }

    /// Only while input is wanted.
    pub(super) fn receive(&mut self, octets: &mut [u8], now: Instant) {
        match self {
            Speech::Http(http) => http.connection.receive(octets, now),
            Speech::WebSocket(connection) => connection.receive(octets, now),
        }
    }

    pub(super) fn end_of_input(&mut self, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.end_of_input(),
            Speech::WebSocket(connection) => connection.end_of_input(now),
        }
    }

    /// The socket broke. HTTP has nothing to say about it.
    pub(super) fn lost(&mut self, now: Instant) {
        if let Speech::WebSocket(connection) = self {
            connection.lost(now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Speech::Http(http) => http.connection.deadline(),
            Speech::WebSocket(connection) => connection.deadline(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.handle_timeout(now),
            Speech::WebSocket(connection) => connection.handle_timeout(now),
        }
    }

    /// The server stops: what rests ends, what has begun may end by itself. WebSockets are told by the tracker.
    pub(super) fn stop(&mut self) {
        if let Speech::Http(http) = self {
            http.connection.stop();
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        match self {
            Speech::Http(http) => http.connection.is_finished(),
            Speech::WebSocket(connection) => connection.is_finished(),
        }
    }

    /// Has the waker woken when there is something new from elsewhere. False if there is already.
    pub(super) fn sleep(&self, waker: &Waker) -> bool {
        match self {
            // It was polled with the waker.
            Speech::Http(_) => true,
            Speech::WebSocket(connection) => connection.sleep(waker),
        }
    }
}
