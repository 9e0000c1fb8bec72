//! How the load waits for its sockets: wide awake. On loopback it is the server that would pay for waking it, for every
//! write that finds it asleep; with a network between them no server does. So a server that is slow by itself would
//! look slower still, since it lets the load fall asleep more often.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::machine;

/// Whether something takes too long is looked at as often as this.
pub const LOOK: Duration = Duration::from_millis(100);
const EVENTS: usize = 1024;

/// Sockets by number, and what has happened at them.
pub struct Attention {
    epoll: Epoll,
    events: Vec<EpollEvent>,
    /// Whether the load has a core of its own. If not, nobody gains from its staying awake.
    is_alone: bool,
}

impl Attention {
    pub fn new() -> io::Result<Attention> {
        let cores = machine::cores();
        Ok(Attention {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            events: vec![EpollEvent::empty(); EVENTS],
            is_alone: cores.server != cores.load,
        })
    }

    /// Looks at a socket from now on.
    pub fn add(&self, stream: &TcpStream, number: usize) -> io::Result<()> {
        Ok(self.epoll.add(stream.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, number as u64))?)
    }

    pub fn remove(&self, stream: &TcpStream) -> io::Result<()> {
        Ok(self.epoll.delete(stream.as_fd())?)
    }

    /// Says whether to look for room to write, too.
    pub fn look_for_room(&self, stream: &TcpStream, number: usize, is_wanted: bool) -> io::Result<()> {
        let mut flags = EpollFlags::EPOLLIN;
        flags.set(EpollFlags::EPOLLOUT, is_wanted);
        Ok(self.epoll.modify(stream.as_fd(), &mut EpollEvent::new(flags, number as u64))?)
    }

    /// What has happened, after waiting for something so long at most; says how many it is.
    pub fn wait(&mut self, at_most: Duration) -> io::Result<usize> {
        let end = Instant::now() + at_most;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let nap = if self.is_alone { 0 } else { u8::try_from(left.as_millis()).unwrap_or(u8::MAX) };
            let count = match self.epoll.wait(&mut self.events, EpollTimeout::from(nap)) {
                Err(Errno::EINTR) => 0,
                count => count?,
            };
            if count > 0 || left.is_zero() {
                return Ok(count);
            }
        }
    }

    /// The number of a socket at which something has happened, and whether it has room to write.
    pub fn at(&self, index: usize) -> (usize, bool) {
        let event = self.events[index];
        (event.data() as usize, event.events().contains(EpollFlags::EPOLLOUT))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn what_happens_is_noticed_and_nothing_is_waited_for_longer_than_was_said() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        for is_alone in [true, false] {
            let mut attention = Attention { is_alone, ..Attention::new().unwrap() };
            attention.add(&stream, 7).unwrap();
            let begun = Instant::now();
            assert_eq!(attention.wait(Duration::from_millis(5)).unwrap(), 0);
            assert!(begun.elapsed() >= Duration::from_millis(5));
            attention.look_for_room(&stream, 7, true).unwrap();
            assert_eq!(attention.wait(Duration::from_secs(60)).unwrap(), 1);
            assert_eq!(attention.at(0), (7, true));
            attention.look_for_room(&stream, 7, false).unwrap();
            assert_eq!(attention.wait(Duration::ZERO).unwrap(), 0);
            attention.look_for_room(&stream, 7, true).unwrap();
            attention.remove(&stream).unwrap();
            assert_eq!(attention.wait(Duration::ZERO).unwrap(), 0);
        }
        other.write_all(b"x").unwrap();
        let mut attention = Attention::new().unwrap();
        attention.add(&stream, 8).unwrap();
        assert_eq!(attention.wait(Duration::from_secs(60)).unwrap(), 1);
        assert_eq!(attention.at(0), (8, false));
    }
}
