//! An echo: what has arrived of a frame goes back at once, unmasked where it lies.

use std::io::Write;

use nix::sys::epoll::EpollFlags;
use websocket_driver::frame::Header;
use websocket_driver::mask;

use super::Work;
use super::sockets::Sockets;

/// A stretch of payload that is at least this long is written from where it was read; shorter ones are put
/// together, so that what came in one read goes out in one write.
const LONG: usize = 4096;

#[derive(Default)]
pub struct Echo {
    /// Short stretches, put together.
    out: Vec<u8>,
}

#[derive(Default)]
pub struct Memory {
    /// The beginning of a header.
    header: Vec<u8>,
    /// Octets of the frame's payload still to come, its masking key, and how many have come.
    remaining: u64,
    key: [u8; 4],
    offset: usize,
    /// What the socket did not take.
    unsent: Vec<u8>,
}

impl Work for Echo {
    type Memory = Memory;

    fn received(&mut self, sockets: &mut Sockets<Memory>, from: usize, octets: &mut [u8]) {
        let Some(socket) = sockets.get(from) else { return };
        let mut memory = std::mem::take(&mut socket.memory);
        let mut joined = std::mem::take(&mut memory.header);
        let mut octets = octets;
        if !joined.is_empty() {
            joined.extend_from_slice(octets);
            octets = &mut joined;
        }
        self.out.clear();
        let mut at = 0;
        while at < octets.len() {
            let mut start = at;
            if memory.remaining == 0 {
                let Ok(Some((header, header_len))) = Header::parse(&octets[at..]) else {
                    memory.header = octets[at..].to_vec();
                    break;
                };
                at += header_len;
                memory.remaining = header.length;
                memory.key = header.mask.unwrap_or_default();
                memory.offset = 0;
                // The answer's header is shorter by the masking key and fits where the other was.
                let mut bytes = [0; Header::MAX_LEN];
                let len = Header { mask: None, ..header }.write(&mut bytes);
                start = at - len;
                octets[start..at].copy_from_slice(&bytes[..len]);
            }
            let count = (octets.len() - at).min(memory.remaining as usize);
            mask::apply(&mut octets[at..at + count], memory.key, memory.offset);
            memory.offset += count;
            memory.remaining -= count as u64;
            at += count;
            if count >= LONG && self.out.is_empty() {
                memory.send(&mut socket.stream, &octets[start..at]);
            } else {
                self.out.extend_from_slice(&octets[start..at]);
            }
        }
        if !self.out.is_empty() {
            memory.send(&mut socket.stream, &self.out);
        }
        let is_behind = !memory.unsent.is_empty();
        socket.memory = memory;
        if is_behind && sockets.watch(from, false, EpollFlags::EPOLLOUT).is_err() {
            sockets.remove(from);
        }
    }

    fn writable(&mut self, sockets: &mut Sockets<Memory>, index: usize) {
        let Some(socket) = sockets.get(index) else { return };
        let unsent = std::mem::take(&mut socket.memory.unsent);
        let mut memory = std::mem::take(&mut socket.memory);
        memory.send(&mut socket.stream, &unsent);
        let is_done = memory.unsent.is_empty();
        socket.memory = memory;
        if is_done && sockets.watch(index, false, EpollFlags::EPOLLIN).is_err() {
            sockets.remove(index);
        }
    }
}

impl Memory {
    fn send(&mut self, stream: &mut std::net::TcpStream, octets: &[u8]) {
        let mut written = 0;
        while self.unsent.is_empty() && written < octets.len() {
            match stream.write(&octets[written..]) {
                Ok(count) => written += count,
                // An error shows again when the socket is read.
                Err(_) => break,
            }
        }
        self.unsent.extend_from_slice(&octets[written..]);
    }
}
