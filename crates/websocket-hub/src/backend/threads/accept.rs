//! Where connections come in and get their threads, and where the server's end is seen to.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::alarm::Alarm;
use super::group::Group;
use super::hall::{Hall, Phase, Place};
use super::socket::{Socket, Tried};
use super::sweeper::Sweeper;
use super::turned_away::TurnedAway;
use super::visit::Visit;
use super::{http1, websocket};
use crate::backend::aside::Aside;
use crate::backend::http::Connection;
use crate::backend::http::alpn::without_http2;
use crate::backend::{Start, Stop};
use crate::listener::{Arrival, Socket as Listener};
use crate::proxy_protocol::Header;
use crate::source::Source;
use crate::tracker::TaskGuard;

/// A connection's stack, in octets. Memory is taken only for what is used of it; futures and buffers are not on it.
const STACK_LEN: usize = 256 * 1024;

/// How long accepting rests after an error, such as a process that has no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How long connections that were cut off are waited for. Only a handler that blocks takes longer.
const CUT_OFF_TIME: Duration = Duration::from_secs(1);

/// Starts the thread that accepts, which outlives the others.
pub(crate) fn start(mut start: Start) -> io::Result<Vec<JoinHandle<()>>> {
    start.tls = start.tls.map(|config| without_http2(config, "threads")).transpose()?;
    let mut listeners = Vec::new();
    for listener in start.listeners.iter() {
        let listener = listener.try_clone()?;
        listener.set_nonblocking()?;
        listeners.push(listener);
    }
    // A port is listened on while anybody holds its listener: from here on that is the one who accepts.
    start.listeners = Arc::default();
    let (alarm, hall, aside) = (Alarm::new()?, Hall::new(start.max_threads), Aside::start()?);
    let (mut sweepers, mut threads) = (Vec::new(), Vec::new());
    for number in 0..start.workers {
        let (sweeper, thread) = Sweeper::start(number, start.tracker.metrics())?;
        sweepers.push(sweeper);
        threads.push(thread);
    }
    let (start, turned_away) = (Arc::new(start), TurnedAway::default());
    let reception = Reception { start, hall, aside, sweepers, turn: 0, alarm, turned_away };
    let thread = Builder::new().name("websocket-hub-accept".to_owned());
    threads.push(thread.spawn(move || reception.serve(listeners))?);
    Ok(threads)
}

struct Reception {
    start: Arc<Start>,
    hall: Hall,
    aside: Aside,
    /// Connections are handed to their groups in turn, so that they spread evenly.
    sweepers: Vec<Sweeper>,
    turn: usize,
    alarm: Arc<Alarm>,
    turned_away: TurnedAway,
}

impl Reception {
    fn serve(mut self, listeners: Vec<Listener>) {
        let start = Arc::clone(&self.start);
        self.until(None, start.stopping(), Some(&listeners));
        drop(listeners);
        let Stop::By(deadline) = *start.stop.borrow() else { return };
        self.hall.tell(Phase::Stopping);
        if !self.until(Some(deadline), start.tracker.idle(), None) {
            start.tracker.give_up();
        }
        self.hall.tell(Phase::Closed);
        self.hall.wait_empty(CUT_OFF_TIME);
    }

    /// Accepts until a future is ready or the time is up; false in the latter case.
    fn until(
        &mut self,
        deadline: Option<Instant>,
        future: impl Future<Output = ()>,
        listeners: Option<&[Listener]>,
    ) -> bool {
        let (mut future, waker) = (pin!(future), Waker::from(Arc::clone(&self.alarm)));
        let listeners = listeners.unwrap_or_default();
        let alarm = Arc::clone(&self.alarm);
        loop {
            if let Poll::Ready(()) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return true;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            let lets_go = self.turned_away.let_go();
            let mut fds: Vec<PollFd<'_>> =
                listeners.iter().map(|listener| PollFd::new(listener, PollFlags::IN)).collect();
            fds.push(alarm.fd());
            alarm.sleep(&mut fds, deadline.into_iter().chain(lets_go).min());
            for (fd, listener) in fds.iter().zip(listeners) {
                if !fd.revents().is_empty() {
                    self.accept(listener);
                }
            }
        }
    }

    /// Takes everybody who waits at the door.
    fn accept(&mut self, listener: &Listener) {
        loop {
            match listener.accept() {
                Ok(arrival) => self.let_in(arrival),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // A client that has left before it was let in.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => return std::thread::sleep(ACCEPT_REST),
            }
        }
    }

    fn next_group(&mut self) -> Arc<Group> {
        self.turn = (self.turn + 1) % self.sweepers.len();
        Arc::clone(&self.sweepers[self.turn].group)
    }

    fn let_in(&mut self, arrival: Arrival) {
        let speaks_tls = self.start.tls.is_some();
        let Ok(alarm) = Alarm::new() else { return self.turned_away.tell(arrival.stream, speaks_tls) };
        let Some(place) = self.hall.enter(&alarm) else {
            return self.turned_away.tell(arrival.stream, speaks_tls);
        };
        let source = arrival.remote.into();
        let socket =
            arrival.set_nodelay().and_then(|()| Socket::new(arrival.stream, self.start.tls.as_ref()));
        let Ok(socket) = socket else { return };
        let guest = Guest {
            visit: Visit::new(socket, alarm, self.hall.clone()),
            source,
            guard: self.start.tracker.task(),
            start: Arc::clone(&self.start),
            aside: self.aside.clone(),
            group: self.next_group(),
            _place: place,
        };
        let thread = Builder::new().name("websocket-hub-connection".to_owned()).stack_size(STACK_LEN);
        if thread.spawn(move || guest.serve()).is_err() {
            // The system has no thread for it. It is gone with its socket.
            std::thread::sleep(ACCEPT_REST);
        }
    }
}

/// A connection with everything that its thread needs. Dropped in this order: the socket closes last.
struct Guest {
    visit: Visit,
    source: Source,
    guard: TaskGuard,
    start: Arc<Start>,
    aside: Aside,
    group: Arc<Group>,
    _place: Place,
}

impl Guest {
    fn serve(self) {
        let Guest { mut visit, mut source, guard, start, aside, group, _place } = self;
        let _entered = aside.enter();
        let deadline = Instant::now() + start.handshake_timeout;
        if let Some(header) = start.proxy_header(&source) {
            let Some(named) = read_proxy_header(header, &mut visit, deadline) else { return };
            source.named = named;
        }
        if !shake_hands(&mut visit, deadline) {
            return;
        }
        let mut http = Connection::new(&start, source, deadline);
        // An error is a client that has left.
        let Ok(Some(connection)) = http1::serve(&mut visit, &mut http) else { return };
        // It counts by itself from here on, and has no use for what HTTP needed.
        drop((http, guard));
        websocket::serve(&mut visit, connection, &group);
        // Whoever hears that the socket is closed may ask what the handler was told.
        drop(visit);
    }
}

/// False if there is no connection, at the deadline or because the server stops.
fn shake_hands(visit: &mut Visit, deadline: Instant) -> bool {
    loop {
        match visit.shake_hands() {
            Ok(Tried::Done) => return true,
            Ok(Tried::Blocked) => visit.sleep(true, Some(deadline)),
            Err(_) => return false,
        }
        if is_late(visit, deadline) {
            return false;
        }
    }
}

/// The client that the header names with which the connection begins. `None` if there is no connection.
fn read_proxy_header(mut header: Header, visit: &mut Visit, deadline: Instant) -> Option<Option<SocketAddr>> {
    loop {
        match visit.read_proxy_header(&mut header).ok()? {
            Some(client) => return Some(client),
            None => visit.sleep(true, Some(deadline)),
        }
        if is_late(visit, deadline) {
            return None;
        }
    }
}

/// Whether nothing more may begin.
fn is_late(visit: &Visit, deadline: Instant) -> bool {
    Instant::now() >= deadline || visit.hall.phase() != Phase::Open
}
