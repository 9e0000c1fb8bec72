//! What a connection speaks: HTTP/1.1, and after an upgrade WebSocket. Both do no I/O and are driven alike.

use std::io::IoSlice;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use super::wake::Task;
use crate::backend::{Start, http};
use crate::connection::Connection;
use crate::fanout::{Fanout, MAX_PIECES, Plan, Seat};
use crate::proxy_protocol::{Header, Progress};
use crate::source::Source;
use crate::tracker::TaskGuard;

/// What a client of HTTP/2 says first (RFC 9113 §3.4).
pub(in crate::backend) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Room for what one system call writes to one socket.
pub(super) type Pieces<'a> = [IoSlice<'a>; MAX_PIECES];

pub(super) enum Speech {
    Http(Box<Http>),
    WebSocket(Box<WebSocket>),
}

/// A connection that has not become a WebSocket.
pub(super) struct Http {
    connection: http::Connection,
    /// What has to come before HTTP, and before TLS.
    proxy_header: Option<Header>,
    /// What was read before it was clear that it is not HTTP/2; `None` once it is.
    early: Option<Vec<u8>>,
    task: Arc<Task>,
    _counted: TaskGuard,
}

/// One that has, with its seat in the fan-out.
pub(super) struct WebSocket {
    connection: Connection,
    seat: Seat,
    is_open: bool,
}

impl WebSocket {
    /// Tells the handler that it is open, before anything else is told.
    fn opened(&mut self) -> &mut Connection {
        if !std::mem::replace(&mut self.is_open, true) {
            self.connection.open();
        }
        &mut self.connection
    }
}

impl Http {
    fn receive(&mut self, octets: &[u8], now: Instant) {
        if let Some(early) = &mut self.early {
            early.extend_from_slice(octets);
            let len = early.len().min(PREFACE.len());
            if early[..len] == PREFACE[..len] {
                // It is HTTP/2, or may become that.
                return;
            }
        }
        match self.early.take() {
            Some(early) => self.connection.receive(&early, now),
            None => self.connection.receive(octets, now),
        }
    }
}

impl Speech {
    /// What every connection begins with; it may turn out to be HTTP/2, if that `is_foreign` and not unknown.
    pub(super) fn http(
        source: Source,
        start: &Start,
        task: Arc<Task>,
        is_foreign: bool,
        now: Instant,
    ) -> Speech {
        let connection = http::Connection::new(start, source, now + start.handshake_timeout);
        let (proxy_header, _counted) = (start.proxy_header(&source), start.tracker.task());
        let early = is_foreign.then(Vec::new);
        Speech::Http(Box::new(Http { connection, proxy_header, early, task, _counted }))
    }

    /// Whether it is HTTP/2, for which this is not the place.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self, Speech::Http(http) if http.early.as_ref().is_some_and(|early| early.starts_with(PREFACE)))
    }

    /// What was read before that was known, and from whom.
    pub(super) fn into_early(self) -> Option<(Source, Vec<u8>)> {
        match self {
            Speech::Http(http) => Some((http.connection.source(), http.early?)),
            Speech::WebSocket(_) => None,
        }
    }

    /// A WebSocket's seat.
    pub(super) fn seat(&self) -> Option<Seat> {
        match self {
            Speech::Http(_) => None,
            Speech::WebSocket(ws) => Some(ws.seat),
        }
    }

    /// Goes on with what is there. True if it is known that anything moved.
    pub(super) fn advance(&mut self, now: Instant) -> bool {
        match self {
            Speech::Http(http) => {
                http.task.begin();
                http.connection.poll(&mut Context::from_waker(&http.task.waker()), now);
                false
            }
            Speech::WebSocket(ws) => {
                let opens = !ws.is_open;
                ws.opened().advance(now) || opens
            }
        }
    }

    /// Whether there may be something to [`advance`](Speech::advance) with, now that something has moved.
    pub(super) fn can_advance(&self) -> bool {
        match self {
            Speech::Http(_) => true,
            Speech::WebSocket(ws) => !ws.is_open || ws.connection.can_advance(),
        }
    }

    /// Becomes a WebSocket, if that was agreed and everything before it is written. True if it did. It is
    /// opened at its next turn.
    pub(super) fn upgrade(&mut self, fanout: &mut Fanout, is_portable: bool) -> bool {
        let Speech::Http(http) = self else { return false };
        let Some(mut connection) = http.connection.take_websocket() else { return false };
        if is_portable {
            connection.set_portable();
        }
        *self = Speech::websocket(connection, fanout);
        true
    }

    /// A WebSocket, which is opened at its next turn.
    pub(super) fn websocket(mut connection: Connection, fanout: &mut Fanout) -> Speech {
        let seat = connection.enter(fanout);
        Speech::WebSocket(Box::new(WebSocket { connection, seat, is_open: false }))
    }

    /// A WebSocket on its way to another server.
    pub(super) fn leaving(&mut self) -> Option<&mut Connection> {
        match self {
            Speech::WebSocket(ws) => Some(&mut ws.connection).filter(|connection| connection.is_leaving()),
            Speech::Http(_) => None,
        }
    }

    /// Whether there is something to write, of its own or of its topics.
    pub(super) fn has_output(&self, fanout: &Fanout) -> bool {
        match self {
            Speech::Http(http) => http.connection.pieces(&mut [IoSlice::new(&[])]) > 0,
            Speech::WebSocket(ws) => {
                let connection = &ws.connection;
                connection.has_output() || connection.is_leaving() || fanout.is_held(ws.seat.index)
            }
        }
    }

    /// Takes up what goes before a plan.
    pub(super) fn prepare(&mut self, fanout: &mut Fanout, now: Instant) {
        if let Speech::WebSocket(ws) = self {
            ws.connection.prepare(fanout, now);
        }
    }

    /// Plans what is to be written next. False if that is nothing.
    pub(super) fn plan(&mut self, plan: &mut Plan, fanout: &Fanout) -> bool {
        match self {
            Speech::Http(http) => http.connection.pieces(&mut [IoSlice::new(&[])]) > 0,
            Speech::WebSocket(ws) => {
                ws.connection.plan(plan, Some(fanout));
                !plan.is_empty()
            }
        }
    }

    /// The pieces of the plan; says how many there are.
    pub(super) fn pieces<'a>(&'a self, plan: &Plan, fanout: &'a Fanout, pieces: &mut Pieces<'a>) -> usize {
        match self {
            Speech::Http(http) => http.connection.pieces(pieces),
            Speech::WebSocket(ws) => plan.pieces(ws.connection.writing(), Some(fanout), pieces),
        }
    }

    /// So many octets of the plan went out.
    pub(super) fn written(&mut self, plan: &Plan, len: usize, fanout: &mut Fanout, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.written(len, now),
            Speech::WebSocket(ws) => ws.connection.written(plan, len, Some(fanout)),
        }
    }

    /// Ends a turn of writing: the socket is blocked, there is more, or neither.
    pub(super) fn settle(&mut self, is_blocked: bool, has_more: bool, fanout: &mut Fanout) {
        let Speech::WebSocket(ws) = self else { return };
        if is_blocked || !has_more {
            ws.connection.settle(is_blocked, Some(fanout));
        } else {
            // The sweep must not overtake what has begun.
            fanout.set_busy(ws.seat.index, true);
        }
    }

    pub(super) fn wants_shutdown(&self) -> bool {
        match self {
            Speech::Http(http) => http.connection.wants_shutdown(),
            Speech::WebSocket(ws) => ws.connection.wants_shutdown(),
        }
    }

    pub(super) fn shut_down(&mut self, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.shut_down(now),
            Speech::WebSocket(ws) => ws.connection.shut_down(),
        }
    }

    pub(super) fn wants_input(&self) -> bool {
        match self {
            Speech::Http(http) => http.connection.wants_input(),
            Speech::WebSocket(ws) => ws.connection.wants_input(),
        }
    }

    /// Takes what stands before everything else, if that is awaited. Says how many octets that was; `None` if
    /// something else came.
    pub(super) fn receive_proxy_header(&mut self, octets: &[u8]) -> Option<usize> {
        let Speech::Http(http) = self else { return Some(0) };
        let Some(header) = &mut http.proxy_header else { return Some(0) };
        match header.receive(octets) {
            Progress::Unfinished => Some(octets.len()),
            Progress::Complete { taken, client } => {
                http.proxy_header = None;
                http.connection.set_named(client);
                Some(taken)
            }
            Progress::Malformed => None,
        }
    }

    /// Only while input is wanted, and before a turn: answers are looked for there.
    pub(super) fn receive(&mut self, octets: &mut [u8], now: Instant) {
        match self {
            Speech::Http(http) => http.receive(octets, now),
            Speech::WebSocket(ws) => {
                ws.connection.attend();
                ws.opened().receive(octets, now);
            }
        }
    }

    pub(super) fn end_of_input(&mut self, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.end_of_input(),
            Speech::WebSocket(ws) => ws.opened().end_of_input(now),
        }
    }

    /// The socket broke. HTTP has nothing to say about it.
    pub(super) fn lost(&mut self, now: Instant) {
        if let Speech::WebSocket(ws) = self {
            ws.opened().lost(now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Speech::Http(http) => http.connection.deadline(),
            Speech::WebSocket(ws) => ws.connection.deadline(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Speech::Http(http) => http.connection.handle_timeout(now),
            Speech::WebSocket(ws) => ws.opened().handle_timeout(now),
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
            Speech::WebSocket(ws) => ws.connection.is_finished(),
        }
    }

    /// Will be given a turn when there is something new from elsewhere. False if there is already.
    pub(super) fn sleep(&self) -> bool {
        match self {
            // It was polled, and its task is woken.
            Speech::Http(_) => true,
            // Its core tells of it.
            Speech::WebSocket(ws) => ws.connection.sleep(Waker::noop()),
        }
    }
}
