//! One connection's stay: its socket, its thread's sleep, and what both HTTP and WebSocket do with them.

use std::io::{self, ErrorKind, IoSlice};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use super::alarm::Alarm;
use super::buffers::with_buffer;
use super::hall::Hall;
use super::socket::{Socket, Tried};
use crate::proxy_protocol::Header;

#[derive(Debug)]
pub(super) struct Visit {
    socket: Socket,
    alarm: Arc<Alarm>,
    /// Rings the alarm.
    pub(super) waker: Waker,
    pub(super) hall: Hall,
    /// Reading may bring something.
    readable: bool,
    /// Writing may have room.
    writable: bool,
}

/// What writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// So many octets.
    Some(usize),
    /// There is no room.
    Blocked,
}

impl Visit {
    pub(super) fn new(socket: Socket, alarm: Arc<Alarm>, hall: Hall) -> Self {
        let waker = Waker::from(Arc::clone(&alarm));
        Visit { socket, alarm, waker, hall, readable: true, writable: true }
    }

    /// What others can write to, where it is TCP alone.
    pub(super) fn stream(&self) -> Option<Arc<TcpStream>> {
        if let Socket::Tcp(tcp) = &self.socket { Some(Arc::clone(tcp)) } else { None }
    }

    /// What wakes the thread.
    pub(super) fn alarm(&self) -> Arc<Alarm> {
        Arc::clone(&self.alarm)
    }

    /// Whether writing has to wait until there is room.
    pub(super) fn is_full(&self) -> bool {
        !self.writable
    }

    /// Goes on with a proxy's header; `None` until it is complete.
    pub(super) fn read_proxy_header(
        &mut self,
        header: &mut Header,
    ) -> io::Result<Option<Option<SocketAddr>>> {
        match self.socket.read_proxy_header(header) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            read => read.map(Some),
        }
    }

    /// Goes on with TLS's handshake; `Done` when it is over.
    pub(super) fn shake_hands(&mut self) -> io::Result<Tried> {
        let tried = self.socket.shake_hands()?;
        self.writable = !self.socket.wants_write();
        Ok(tried)
    }

    /// Reads once, if anything may be there, and gives it away; an empty slice is the end. False if nothing came.
    pub(super) fn read(&mut self, take: impl FnOnce(&mut [u8])) -> io::Result<bool> {
        if !self.readable {
            return Ok(false);
        }
        with_buffer(|buffer| match self.socket.read(buffer) {
            Ok(len) => {
                // A buffer that is not full has emptied the socket; TLS may hold another record.
                self.readable = len == buffer.len() || matches!(self.socket, Socket::Tls(_));
                take(&mut buffer[..len]);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(false)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        })
    }

    /// Writes once.
    pub(super) fn write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<Wrote> {
        if !self.writable {
            return Ok(Wrote::Blocked);
        }
        match self.socket.write(pieces) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(len) => Ok(Wrote::Some(len)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.writable = false;
                Ok(Wrote::Blocked)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Wrote::Some(0)),
            Err(error) => Err(error),
        }
    }

    /// Writes what TLS holds; `Done` when there is nothing left.
    pub(super) fn flush(&mut self) -> io::Result<Tried> {
        let tried = if self.writable { self.socket.flush()? } else { Tried::Blocked };
        self.writable = tried == Tried::Done;
        Ok(tried)
    }

    /// Ends the writing direction; `Done` when that is out.
    pub(super) fn shut_down(&mut self) -> io::Result<Tried> {
        let tried = if self.writable { self.socket.shut_down()? } else { Tried::Blocked };
        self.writable = tried == Tried::Done;
        Ok(tried)
    }

    /// Sleeps until something can be read, if that is wanted, or written, if there was no room, or the deadline has
    /// come, or somebody rings.
    pub(super) fn sleep(&mut self, wants_input: bool, deadline: Option<Instant>) {
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, wants_input);
        interest.set(PollFlags::OUT, !self.writable);
        if interest.is_empty() {
            // A socket that nothing is wanted of would be ready all the time once its peer has hung up.
            return self.alarm.sleep(&mut [self.alarm.fd()], deadline);
        }
        let mut fds = [PollFd::new(&self.socket, interest), self.alarm.fd()];
        self.alarm.sleep(&mut fds, deadline);
        let ready = fds[0].revents();
        // Errors are told by reading or writing.
        let broken = ready.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
        self.readable |= broken || ready.contains(PollFlags::IN);
        self.writable |= broken || ready.contains(PollFlags::OUT);
    }
}
