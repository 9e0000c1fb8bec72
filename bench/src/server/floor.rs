//! The floors: a plain loop around epoll that writes prepared octets, and checks nothing.
//!
//! What a server cannot be much better than as long as it asks the kernel for one thing at a time. The handshake is
//! constant, nothing is validated, nobody is pinged, and who does not take what is written is thrown out.

mod echo;
mod room;
mod sockets;

use std::io::Read;
use std::net::TcpListener;
use std::os::fd::AsFd;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::handshake::ACCEPT;
use super::peer::Job;
use sockets::Sockets;

/// Octets read at a time.
const BUFFER: usize = 512 * 1024;
/// Events taken at a time: those make up a turn.
const EVENTS: usize = 1024;
/// What stands for the listener among the events.
const LISTENER: u64 = u64::MAX;

/// When a room writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Every message by itself.
    Each,
    /// All messages of a turn together.
    Batch,
}

/// What is done with what arrives on open connections.
trait Work {
    /// What is remembered of each connection.
    type Memory: Default;

    fn received(&mut self, sockets: &mut Sockets<Self::Memory>, from: usize, octets: &mut [u8]);

    /// A socket takes octets again.
    fn writable(&mut self, _sockets: &mut Sockets<Self::Memory>, _index: usize) {}

    /// Everything that had arrived has been received.
    fn end_of_turn(&mut self, _sockets: &mut Sockets<Self::Memory>) {}
}

pub fn serve(listener: TcpListener, job: Job, writes: Writes) {
    let end = match job {
        Job::Echo => run(&listener, echo::Echo::default()),
        Job::Room | Job::SecureRoom => run(&listener, room::Room::new(writes)),
    };
    eprintln!("the floor ended: {}", end.unwrap_err());
}

fn run<W: Work>(listener: &TcpListener, mut work: W) -> std::io::Result<std::convert::Infallible> {
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    );
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    listener.set_nonblocking(true)?;
    epoll.add(listener.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut sockets = Sockets::new(epoll);
    let mut events = vec![EpollEvent::empty(); EVENTS];
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = sockets.epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            if event.data() == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    sockets.insert(stream)?;
                }
                continue;
            }
            let index = event.data() as usize;
            if event.events().contains(EpollFlags::EPOLLOUT) {
                work.writable(&mut sockets, index);
            }
            let Some(socket) = sockets.get(index) else { continue };
            let readable = EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
            if !event.events().intersects(readable) {
                continue;
            }
            match socket.stream.read(&mut buffer) {
                Ok(0) => sockets.remove(index),
                Ok(read) if socket.is_open => work.received(&mut sockets, index, &mut buffer[..read]),
                Ok(read) if buffer[..read].ends_with(b"\r\n\r\n") => {
                    socket.is_open = true;
                    sockets.write(index, answer.as_bytes());
                }
                // A request that comes in pieces: the load sends none.
                Ok(_) => sockets.remove(index),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => sockets.remove(index),
            }
        }
        work.end_of_turn(&mut sockets);
    }
}
