//! The loop's I/O by epoll: readiness is noted, and what it is ready for is done when that is looked at.
//!
//! Each socket is registered once, for every edge, so that nothing has to be changed while it is open. What an edge has
//! told holds until the socket says otherwise: by giving less than it was asked for.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags};

use crate::backend::reactor::engine::{Completion, Engine, Outcome, Send};

/// Events that are taken at a time.
const EVENTS: usize = 1024;
/// Connections that are accepted at a time.
const MOST_ACCEPTED: usize = 256;
/// Octets that are received at a time, into memory that all connections of the thread share.
const BUFFER_LEN: usize = 128 * 1024;
/// How often a socket that has more than that is read before others are.
const MOST_IN_A_ROW: usize = 16;

pub(super) struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
    /// By the lower half of the token.
    watches: Vec<Watch>,
    /// Listeners that are accepted from.
    listeners: Vec<u64>,
    /// What is to be done in this round, and what in the next one.
    due: VecDeque<Due>,
    later: Vec<Due>,
    accepted: usize,
    /// How often the same socket was read.
    in_a_row: usize,
    memory: Rc<Cell<Vec<u8>>>,
}

/// What is known of a socket.
#[derive(Clone, Copy, Default)]
struct Watch {
    token: u64,
    is_registered: bool,
    is_receiving: bool,
    is_readable: bool,
    /// The peer has ended its direction, or the socket is broken: reading goes on until it says so.
    is_ending: bool,
    awaits_room: bool,
    /// It is due to be read.
    is_due: bool,
}

#[derive(Clone, Copy)]
enum Due {
    Accept(u64),
    Read(u64),
    Room(u64),
    /// Receiving was cancelled.
    Cancelled(u64),
    /// The socket could not be registered.
    Failed(u64, i32),
    /// The listener could not.
    Closed(u64, i32),
}

impl Poller {
    /// What one is made of. It is readable when something has become ready.
    pub(super) fn epoll() -> io::Result<OwnedFd> {
        Ok(epoll::create(CreateFlags::CLOEXEC)?)
    }

    pub(super) fn new(epoll: OwnedFd) -> Poller {
        Poller {
            epoll,
            events: Vec::with_capacity(EVENTS),
            watches: Vec::new(),
            listeners: Vec::new(),
            due: VecDeque::new(),
            later: Vec::new(),
            accepted: 0,
            in_a_row: 0,
            memory: Rc::new(Cell::new(vec![0; BUFFER_LEN])),
        }
    }

    /// Notes what has become ready, without waiting. False if there is nothing to look at.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        self.accepted = 0;
        self.due.extend(self.later.drain(..));
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&Timespec::default())) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            let (token, flags) = (event.data.u64(), event.flags);
            self.note(token, flags);
        }
        self.events = events;
        Ok(!self.due.is_empty())
    }

    fn note(&mut self, token: u64, flags: EventFlags) {
        if self.listeners.contains(&token) {
            return self.due.push_back(Due::Accept(token));
        }
        let Some(watch) = self.watch(token) else { return };
        let is_ending = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        watch.is_ending |= is_ending;
        watch.is_readable |= is_ending || flags.contains(EventFlags::IN);
        let has_room = flags.intersects(EventFlags::OUT | EventFlags::HUP | EventFlags::ERR);
        let makes_room = has_room && std::mem::take(&mut watch.awaits_room);
        let reads = watch.reads();
        if makes_room {
            self.due.push_back(Due::Room(token));
        }
        if reads {
            self.due.push_back(Due::Read(token));
        }
    }

    fn watch(&mut self, token: u64) -> Option<&mut Watch> {
        let watch = self.watches.get_mut(index(token))?;
        (watch.is_registered && watch.token == token).then_some(watch)
    }

    /// What is watched, which begins with the first call.
    fn register(&mut self, socket: BorrowedFd<'_>, token: u64) -> io::Result<&mut Watch> {
        let index = index(token);
        if self.watches.len() <= index {
            self.watches.resize(index + 1, Watch::default());
        }
        let watch = &mut self.watches[index];
        if !watch.is_registered || watch.token != token {
            let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(&self.epoll, socket, EventData::new_u64(token), flags)?;
            *watch = Watch { token, is_registered: true, ..Watch::default() };
        }
        Ok(watch)
    }

    fn accept_one(&mut self, listener: BorrowedFd<'_>, token: u64) -> Option<io::Result<OwnedFd>> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        match rustix::net::accept_with(listener, flags).map_err(io::Error::from) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {
                // A client that has left before it was let in.
                self.due.push_front(Due::Accept(token));
                None
            }
            Err(error) => {
                self.listeners.retain(|listener| *listener != token);
                let _ = epoll::delete(&self.epoll, listener);
                Some(Err(error))
            }
            Ok(socket) => {
                self.accepted += 1;
                if self.accepted < MOST_ACCEPTED {
                    self.due.push_front(Due::Accept(token));
                } else {
                    self.later.push(Due::Accept(token));
                }
                Some(Ok(socket))
            }
        }
    }

    /// Reads once; `None` if there is nothing.
    fn read(&mut self, socket: BorrowedFd<'_>, token: u64) -> Option<Completion<Buffer>> {
        let memory = Rc::clone(&self.memory);
        let watch = self.watch(token)?;
        watch.is_due = false;
        if !watch.is_receiving {
            return None;
        }
        let mut octets = memory.take();
        // The one before is dropped by now, unless somebody is slow to do so.
        octets.resize(BUFFER_LEN, 0);
        let read = rustix::net::recv(socket, &mut octets[..], RecvFlags::empty()).map_err(io::Error::from);
        let (received, more) = match read {
            Ok((_, len)) if len > 0 => {
                watch.is_readable = len == BUFFER_LEN || watch.is_ending;
                (Ok(Some(Buffer { memory, octets, len })), true)
            }
            other => {
                memory.set(octets);
                match other {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        watch.is_readable = false;
                        return None;
                    }
                    Err(error) if error.kind() != ErrorKind::Interrupted => (Err(error), false),
                    Err(_) => return self.read(socket, token),
                    Ok(_) => (Ok(None), false),
                }
            }
        };
        watch.is_receiving = more;
        let is_full = matches!(&received, Ok(Some(buffer)) if buffer.len == BUFFER_LEN);
        if watch.reads() {
            // What is large is received to its end, so that not all are half there at a time.
            if is_full && self.in_a_row < MOST_IN_A_ROW {
                self.in_a_row += 1;
                self.due.push_front(Due::Read(token));
            } else {
                self.in_a_row = 0;
                self.later.push(Due::Read(token));
            }
        }
        Some(Completion { token, outcome: Outcome::Received(received), more })
    }
}

impl Watch {
    /// Whether it has to be made due to be read; from here on it is.
    fn reads(&mut self) -> bool {
        self.is_receiving && self.is_readable && !std::mem::replace(&mut self.is_due, true)
    }
}

impl Engine for Poller {
    type Buffer = Buffer;
    const NONBLOCKING: bool = true;

    fn accept(&mut self, listener: BorrowedFd<'_>, token: u64) {
        let flags = EventFlags::IN | EventFlags::ET;
        match epoll::add(&self.epoll, listener, EventData::new_u64(token), flags) {
            Ok(()) => self.listeners.push(token),
            Err(error) => self.later.push(Due::Closed(token, error.raw_os_error())),
        }
    }

    fn cancel_accept(&mut self, listener: OwnedFd, token: u64) {
        self.listeners.retain(|other| *other != token);
        // It may be listened on elsewhere, too.
        let _ = epoll::delete(&self.epoll, &listener);
    }

    fn receive(&mut self, socket: BorrowedFd<'_>, token: u64) {
        match self.register(socket, token) {
            Ok(watch) => {
                watch.is_receiving = true;
                if watch.reads() {
                    self.later.push(Due::Read(token));
                }
            }
            Err(error) => {
                self.later.push(Due::Failed(token, error.raw_os_error().unwrap_or_default()));
            }
        }
    }

    fn cancel_receive(&mut self, token: u64) {
        if let Some(watch) = self.watch(token) {
            watch.is_receiving = false;
            self.later.push(Due::Cancelled(token));
        }
    }

    fn await_room(&mut self, socket: BorrowedFd<'_>, token: u64) {
        match self.register(socket, token) {
            Ok(watch) => watch.awaits_room = true,
            Err(_) => self.later.push(Due::Room(token)),
        }
    }

    fn cancel_await_room(&mut self, token: u64) {
        if let Some(watch) = self.watch(token) {
            watch.awaits_room = false;
        }
    }

    fn close(&mut self, socket: OwnedFd, token: u64) {
        // What is closed leaves epoll by itself.
        drop(socket);
        if let Some(watch) = self.watch(token) {
            *watch = Watch::default();
        }
    }

    fn release(&mut self, socket: BorrowedFd<'_>, token: u64) {
        if let Some(watch) = self.watch(token) {
            *watch = Watch::default();
            let _ = epoll::delete(&self.epoll, socket);
        }
    }

    fn send(&mut self, sends: &[Send<'_>], written: &mut Vec<io::Result<usize>>) {
        written.clear();
        written.extend(sends.iter().map(|send| {
            loop {
                let sent = match send.pieces {
                    [piece] => rustix::net::send(send.socket, piece, SendFlags::NOSIGNAL),
                    pieces => {
                        let mut control = SendAncillaryBuffer::default();
                        rustix::net::sendmsg(send.socket, pieces, &mut control, SendFlags::NOSIGNAL)
                    }
                };
                match sent {
                    Err(rustix::io::Errno::INTR) => {}
                    sent => return sent.map_err(io::Error::from),
                }
            }
        }));
    }

    /// Those of this round.
    fn completed(&self) -> usize {
        usize::MAX
    }

    fn next<'a>(&mut self, find: impl Fn(u64) -> Option<BorrowedFd<'a>>) -> Option<Completion<Buffer>> {
        loop {
            let due = self.due.pop_front()?;
            let completion = match due {
                Due::Accept(token) => find(token).and_then(|listener| {
                    let accepted = self.accept_one(listener, token)?;
                    let more = accepted.is_ok();
                    Some(Completion { token, outcome: Outcome::Accepted(accepted), more })
                }),
                Due::Read(token) => find(token).and_then(|socket| self.read(socket, token)),
                Due::Room(token) => Some(Completion { token, outcome: Outcome::Writable, more: false }),
                Due::Cancelled(token) => Some(failed(token, rustix::io::Errno::CANCELED.raw_os_error())),
                Due::Failed(token, code) => Some(failed(token, code)),
                Due::Closed(token, code) => {
                    let error = io::Error::from_raw_os_error(code);
                    Some(Completion { token, outcome: Outcome::Accepted(Err(error)), more: false })
                }
            };
            if completion.is_some() {
                return completion;
            }
        }
    }
}

fn failed(token: u64, code: i32) -> Completion<Buffer> {
    let error = io::Error::from_raw_os_error(code);
    Completion { token, outcome: Outcome::Received(Err(error)), more: false }
}

fn index(token: u64) -> usize {
    usize::try_from(token & u64::from(u32::MAX)).expect("it fits 32 bits")
}

/// Octets that were received. Dropping it gives the memory back.
pub(super) struct Buffer {
    memory: Rc<Cell<Vec<u8>>>,
    octets: Vec<u8>,
    len: usize,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.octets[..self.len]
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} octets)", self.len)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.memory.set(std::mem::take(&mut self.octets));
    }
}

#[cfg(test)]
mod tests;
