//! Connections that one thread fans out to: their core, and a lock around all that is written to their sockets.
//!
//! A connection's own thread reads, calls the handler and waits; while it waits, its connection lies here. The
//! group's thread, the [sweeper](super::sweeper), writes publications directly to the sockets, and to those whose
//! threads wait whatever else they have. It never waits for anybody: a connection whose thread is at work, or whose
//! socket only that thread can write to, is left to it, and its thread rung for.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::alarm::Alarm;
use super::visit::{Visit, Wrote};
use crate::connection::Connection;
use crate::fanout::{Fanout, MAX_PIECES, Plan, Seat, Visit as Call};
use crate::metrics::Metrics;

/// How many sockets are written to before others may have the lock.
const SLICE: usize = 64;

/// How long a connection may be left to its thread before its topics' policy looks at it, as at any that takes
/// nothing: its handler may block for as long as it likes, but not make everybody keep what it misses.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Group {
    inner: Mutex<Inner>,
    /// Threads that wait for the lock.
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct Inner {
    fanout: Fanout,
    plan: Plan,
    /// By seat.
    members: Vec<Option<Member>>,
    /// Who was left to its thread, and when.
    left: VecDeque<(Instant, Seat)>,
}

#[derive(Debug)]
struct Member {
    seat: Seat,
    /// What the sweeper can write to.
    stream: Option<Arc<TcpStream>>,
    /// While its thread waits.
    connection: Option<Box<Connection>>,
    alarm: Arc<Alarm>,
}

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    All,
    /// As much as the socket takes for now.
    Some,
}

impl Group {
    pub(super) fn new(metrics: Metrics) -> Arc<Self> {
        let (fanout, plan) = (Fanout::new(metrics), Plan::default());
        let inner = Inner { fanout, plan, members: Vec::new(), left: VecDeque::new() };
        Arc::new(Group { inner: Mutex::new(inner), waiting: AtomicUsize::new(0) })
    }

    /// Gives a connection a seat, before it is opened.
    pub(super) fn enter(self: &Arc<Self>, connection: &mut Connection, visit: &Visit) -> Seated {
        let mut inner = self.lock();
        let seat = connection.enter(&mut inner.fanout);
        let (index, stream, alarm) = (seat.index as usize, visit.stream(), visit.alarm());
        if inner.members.len() <= index {
            inner.members.resize_with(index + 1, || None);
        }
        inner.members[index] = Some(Member { seat, stream, connection: None, alarm });
        Seated { group: Arc::clone(self), seat }
    }

    /// Brings some receivers up to date; false when there is nothing more to do.
    pub(super) fn slice(&self) -> bool {
        let inner = &mut *self.lock();
        inner.lose_patience();
        inner.fanout.collect();
        for _ in 0..SLICE {
            match inner.fanout.next() {
                Some(Call::Straight(call)) => {
                    // While its thread is at work, its handler may be sending what stands before the lag.
                    let waits = |member: &&Member| member.connection.is_some();
                    let member = inner.members[call.seat as usize].as_ref().filter(waits);
                    let stream = member.and_then(|member| member.stream.as_deref());
                    let Some(mut stream) = stream else {
                        inner.leave_to_thread(call.seat);
                        continue;
                    };
                    let lag = inner.fanout.lag(call);
                    // An error is its thread's to find.
                    let (len, written) = (lag.len(), stream.write(lag).unwrap_or(0));
                    inner.fanout.advance(call, written);
                    if written < len {
                        inner.fanout.block(call.seat);
                        inner.ring(call.seat);
                    }
                }
                Some(Call::Turn(index)) => inner.turn(index),
                None => return false,
            }
        }
        true
    }

    /// Lets others have the lock who wait for it.
    pub(super) fn give_way(&self) {
        for _ in 0..100 {
            if self.waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// The sweeper will be woken when there is something to do; at the latest at the time that is returned. `Err`
    /// when there is something already.
    pub(super) fn sleep(&self, waker: &Waker) -> Result<Option<Instant>, ()> {
        let inner = self.lock();
        if inner.fanout.sleep(waker) {
            Ok(inner.left.front().map(|(since, _)| *since + PATIENCE))
        } else {
            Err(())
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code of the user's runs under the lock, so it cannot be left half changed.
        match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.waiting.fetch_add(1, Ordering::Relaxed);
                let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                inner
            }
        }
    }
}

impl Inner {
    fn member(&mut self, index: u32) -> Option<&mut Member> {
        self.members[index as usize].as_mut()
    }

    fn ring(&mut self, index: u32) {
        self.member(index).into_iter().for_each(|member| member.alarm.ring());
    }

    /// Lets a connection write all it has, if its thread waits; otherwise the thread shall do it.
    fn turn(&mut self, index: u32) {
        let Inner { fanout, plan, members, .. } = self;
        let Some(Member { stream: Some(stream), connection: Some(connection), alarm, .. }) =
            &mut members[index as usize]
        else {
            return self.leave_to_thread(index);
        };
        let wrote = write(connection, fanout, plan, |pieces| match (&**stream).write_vectored(pieces) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(len) => Ok(Wrote::Some(len)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Wrote::Blocked),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Wrote::Some(0)),
            Err(error) => Err(error),
        });
        // It was attended to; what comes from here on is announced.
        let rests = connection.sleep(Waker::noop());
        if !rests {
            fanout.set_busy(index, true);
        }
        if !matches!(wrote, Ok(Written::All)) || !rests || !connection.is_open() {
            alarm.ring();
        }
    }

    fn leave_to_thread(&mut self, index: u32) {
        if self.fanout.is_held(index) {
            return;
        }
        self.fanout.woken(index);
        if let Some(member) = &self.members[index as usize] {
            self.left.push_back((Instant::now(), member.seat));
            member.alarm.ring();
        }
    }

    fn lose_patience(&mut self) {
        while let Some((since, seat)) = self.left.front().copied() {
            if since.elapsed() < PATIENCE {
                return;
            }
            self.left.pop_front();
            let is_there =
                self.members[seat.index as usize].as_ref().is_some_and(|member| member.seat == seat);
            if is_there && self.fanout.is_held(seat.index) {
                self.fanout.block(seat.index);
            }
        }
    }
}

/// A connection's seat in its group, until this is dropped.
#[derive(Debug)]
pub(super) struct Seated {
    group: Arc<Group>,
    seat: Seat,
}

impl Seated {
    /// Writes what the connection has, and what it lags behind its topics.
    ///
    /// # Errors
    ///
    /// When the client has left.
    pub(super) fn write(&self, connection: &mut Connection, visit: &mut Visit) -> io::Result<Written> {
        let Inner { fanout, plan, .. } = &mut *self.group.lock();
        write(connection, fanout, plan, |pieces| visit.write(pieces))
    }

    /// Leaves the connection to the sweeper while its thread waits. `Err` with the connection if there is something
    /// to do before: to [advance](Connection::advance), or to write unless the socket `is_full`.
    pub(super) fn rest(&self, connection: Box<Connection>, is_full: bool) -> Result<(), Box<Connection>> {
        let mut inner = self.group.lock();
        let is_held = inner.fanout.is_held(self.seat.index);
        if (is_held && !is_full) || !connection.sleep(Waker::noop()) {
            return Err(connection);
        }
        if is_held {
            // It was rung for and cannot write: from here on its lag is its own.
            inner.fanout.block(self.seat.index);
        }
        inner.member(self.seat.index).expect("it is seated").connection = Some(connection);
        Ok(())
    }

    /// Takes the connection back.
    pub(super) fn take(&self) -> Box<Connection> {
        let mut inner = self.group.lock();
        inner.member(self.seat.index).and_then(|member| member.connection.take()).expect("it was left there")
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut inner = self.group.lock();
        inner.fanout.leave(self.seat);
        let member = inner.members[self.seat.index as usize].take();
        drop(inner);
        // A connection that is dropped tells its handler.
        drop(member);
    }
}

/// Writes until there is nothing more or there is no room.
fn write(
    connection: &mut Connection,
    fanout: &mut Fanout,
    plan: &mut Plan,
    mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<Wrote>,
) -> io::Result<Written> {
    connection.prepare(fanout, Instant::now());
    let written = loop {
        connection.plan(plan, Some(fanout));
        if plan.is_empty() {
            break Ok(Written::All);
        }
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let count = plan.pieces(connection.writing(), Some(fanout), &mut pieces);
        match write(&pieces[..count]) {
            Ok(Wrote::Some(len)) => connection.written(plan, len, Some(fanout)),
            Ok(Wrote::Blocked) => break Ok(Written::Some),
            Err(error) => break Err(error),
        }
    };
    connection.settle(!matches!(written, Ok(Written::All)), Some(fanout));
    written
}
