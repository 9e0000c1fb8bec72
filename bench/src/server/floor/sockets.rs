//! The connections of a floor, by number.

use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};

pub struct Socket<Memory> {
    pub stream: TcpStream,
    pub memory: Memory,
    /// The handshake is over.
    pub is_open: bool,
}

pub struct Sockets<Memory> {
    pub epoll: Epoll,
    slots: Vec<Option<Socket<Memory>>>,
}

impl<Memory: Default> Sockets<Memory> {
    pub fn new(epoll: Epoll) -> Self {
        Sockets { epoll, slots: Vec::new() }
    }

    pub fn insert(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let socket = Socket { stream, memory: Memory::default(), is_open: false };
        // Numbers are not used again: a floor lives for one measurement.
        self.slots.push(Some(socket));
        self.watch(self.slots.len() - 1, true, EpollFlags::EPOLLIN)
    }

    pub fn get(&mut self, index: usize) -> Option<&mut Socket<Memory>> {
        self.slots[index].as_mut()
    }

    pub fn remove(&mut self, index: usize) {
        self.slots[index] = None;
    }

    /// What is waited for on a socket.
    pub fn watch(&self, index: usize, is_new: bool, flags: EpollFlags) -> io::Result<()> {
        let Some(socket) = &self.slots[index] else { return Ok(()) };
        let mut event = EpollEvent::new(flags, index as u64);
        if is_new {
            self.epoll.add(socket.stream.as_fd(), event)?;
        } else {
            self.epoll.modify(socket.stream.as_fd(), &mut event)?;
        }
        Ok(())
    }

    /// Writes all of it, or throws the socket out.
    pub fn write(&mut self, index: usize, octets: &[u8]) {
        if let Some(socket) = &mut self.slots[index]
            && !matches!(socket.stream.write(octets), Ok(written) if written == octets.len())
        {
            self.slots[index] = None;
        }
    }

    /// Writes all of it to every open socket, or throws out.
    pub fn write_to_all(&mut self, octets: &[u8]) {
        for slot in &mut self.slots {
            if let Some(socket) = slot
                && socket.is_open
                && !matches!(socket.stream.write(octets), Ok(written) if written == octets.len())
            {
                *slot = None;
            }
        }
    }
}
