//! What the connections of one thread share on tokio: its core's fan-out, and the task that sweeps it.
//!
//! A worker's tasks all run on its thread, one at a time, so a thread-local variable serves them without a lock. It is
//! never borrowed while code of the user's runs.

use std::cell::RefCell;
use std::io::{ErrorKind, IoSlice};
use std::task::{Poll, Waker};
use std::time::Instant;

use tokio::net::TcpStream;

use crate::connection::Connection;
use crate::fanout::{Fanout, MAX_PIECES, Plan, SLICE, Seat, Visit};
use crate::metrics::Metrics;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A thread's part of the server.
#[derive(Debug)]
struct Worker {
    fanout: Fanout,
    plan: Plan,
    /// By seat.
    members: Vec<Member>,
}

/// How a connection of the worker is reached.
#[derive(Debug)]
enum Member {
    Nobody,
    /// Its task is at work.
    Working,
    /// It has a socket that the sweep can write to; its task sleeps.
    Socket(Box<Socket>),
    /// It has a stream that only its task can write to.
    Stream(Option<Waker>),
}

/// A WebSocket on TCP.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) connection: Connection,
    pub(crate) waker: Option<Waker>,
}

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// Everything there was.
    All,
    /// As much as the socket takes for now.
    Some,
    /// Nothing: the socket is broken.
    Lost,
}

/// Makes this thread a worker, and sweeps for as long as it is polled. It ends never.
pub(crate) async fn sweep(metrics: Metrics) {
    WORKER.set(Some(Worker { fanout: Fanout::new(metrics), plan: Plan::default(), members: Vec::new() }));
    loop {
        gather().await;
        while with(|worker| worker.slice()) == Some(true) {
            // Input is looked at, then it goes on.
            tokio::task::yield_now().await;
        }
        std::future::poll_fn(|cx| {
            let rests = with(|worker| worker.fanout.sleep(cx.waker()));
            if rests == Some(true) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// Waits until no more publications come with those that are there: each that is there before a sweep begins saves
/// writes to the first of its sockets.
async fn gather() {
    /// How often input is looked at.
    const MOST_LOOKS: usize = 4;
    let mut collected = None;
    for _ in 0..MOST_LOOKS {
        let before = collected;
        collected = with(|worker| {
            worker.fanout.collect();
            worker.fanout.collected()
        });
        if before == collected {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Ends this thread's being a worker.
pub(crate) fn end() {
    WORKER.take();
}

fn with<R>(work: impl FnOnce(&mut Worker) -> R) -> Option<R> {
    WORKER.with_borrow_mut(|worker| worker.as_mut().map(work))
}

/// Gives a connection a seat; `None` on a thread that is no worker's.
pub(crate) fn enter(connection: &mut Connection) -> Option<Seat> {
    with(|worker| {
        let seat = connection.enter(&mut worker.fanout);
        let index = seat.index as usize;
        if worker.members.len() <= index {
            worker.members.resize_with(index + 1, || Member::Nobody);
        }
        worker.members[index] = Member::Working;
        seat
    })
}

/// Gives a seat back, and the socket that sat there.
pub(crate) fn leave(seat: Seat) -> Option<Box<Socket>> {
    with(|worker| {
        worker.fanout.leave(seat);
        match std::mem::replace(&mut worker.members[seat.index as usize], Member::Nobody) {
            Member::Socket(socket) => Some(socket),
            _ => None,
        }
    })
    .flatten()
}

/// Takes a socket to work on it.
pub(crate) fn take(seat: Seat) -> Option<Box<Socket>> {
    with(|worker| {
        let member = &mut worker.members[seat.index as usize];
        match std::mem::replace(member, Member::Working) {
            Member::Socket(socket) => Some(socket),
            other => {
                *member = other;
                None
            }
        }
    })
    .flatten()
}

/// Leaves a socket to the sweep.
pub(crate) fn put(seat: Seat, socket: Box<Socket>) {
    with(|worker| worker.members[seat.index as usize] = Member::Socket(socket));
}

/// Leaves a way to wake the task of a stream.
pub(crate) fn put_waker(seat: Seat, waker: &Waker) {
    with(|worker| match &mut worker.members[seat.index as usize] {
        Member::Stream(Some(old)) => old.clone_from(waker),
        member => *member = Member::Stream(Some(waker.clone())),
    });
}

/// Lends the fan-out of this thread, if it has one, to whoever writes a connection's output.
pub(crate) fn with_fanout<R>(work: impl FnOnce(Option<&mut Fanout>, &mut Plan) -> R) -> R {
    WORKER.with_borrow_mut(|worker| match worker {
        Some(worker) => work(Some(&mut worker.fanout), &mut worker.plan),
        None => work(None, &mut Plan::default()),
    })
}

/// Whether this receiver is left to its task.
pub(crate) fn is_held(seat: Seat) -> bool {
    with(|worker| worker.fanout.is_held(seat.index)) == Some(true)
}

/// Writes what a socket's connection has, and what it lags behind its topics.
pub(crate) fn write(socket: &mut Socket) -> Wrote {
    with_fanout(|fanout, plan| match fanout {
        Some(fanout) => socket.write(fanout, plan),
        None => Wrote::Lost,
    })
}

impl Worker {
    /// Makes some visits; false when there are no more.
    fn slice(&mut self) -> bool {
        self.fanout.collect();
        for _ in 0..SLICE {
            match self.fanout.next() {
                Some(Visit::Straight(visit)) => {
                    let member = &mut self.members[visit.seat as usize];
                    if let Member::Socket(socket) = member {
                        let lag = self.fanout.lag(visit);
                        let len = lag.len();
                        match socket.stream.try_write(lag) {
                            Ok(count) => {
                                self.fanout.advance(visit, count);
                                if count < len {
                                    self.fanout.block(visit.seat);
                                    socket.wake();
                                }
                            }
                            // An error is its task's to find.
                            Err(_) => {
                                self.fanout.block(visit.seat);
                                socket.wake();
                            }
                        }
                    } else {
                        self.visit(visit.seat);
                    }
                }
                Some(Visit::Turn(seat)) => self.visit(seat),
                None => return false,
            }
        }
        true
    }

    /// Lets a connection write all it has.
    fn visit(&mut self, index: u32) {
        match &mut self.members[index as usize] {
            Member::Socket(socket) => {
                let wrote = socket.write(&mut self.fanout, &mut self.plan);
                // It was attended to; what comes from here on is announced.
                let rests = socket.connection.sleep(Waker::noop());
                if !rests {
                    self.fanout.set_busy(index, true);
                }
                if wrote != Wrote::All || !rests || !socket.connection.is_open() {
                    socket.wake();
                }
            }
            Member::Stream(waker) => {
                self.fanout.woken(index);
                if let Some(waker) = waker {
                    waker.wake_by_ref();
                }
            }
            Member::Nobody | Member::Working => {}
        }
    }
}

impl Socket {
    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Writes until there is nothing more or the socket takes no more.
    fn write(&mut self, fanout: &mut Fanout, plan: &mut Plan) -> Wrote {
        self.connection.prepare(fanout, Instant::now());
        let wrote = loop {
            self.connection.plan(plan, Some(&*fanout));
            if plan.is_empty() {
                break Wrote::All;
            }
            let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
            let count = plan.pieces(self.connection.writing(), Some(fanout), &mut pieces);
            match self.stream.try_write_vectored(&pieces[..count]) {
                Ok(0) => break Wrote::Lost,
                Ok(written) => self.connection.written(plan, written, Some(fanout)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Wrote::Some,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break Wrote::Lost,
            }
        };
        self.connection.settle(wrote != Wrote::All, Some(fanout));
        wrote
    }
}
