//! A room: the payload of every frame goes to everybody.

use websocket_driver::frame::Header;
use websocket_driver::mask;

use super::sockets::Sockets;
use super::{Work, Writes};

pub struct Room {
    writes: Writes,
    /// Frames that wait to be written.
    frames: Vec<u8>,
}

impl Room {
    pub fn new(writes: Writes) -> Room {
        Room { writes, frames: Vec::new() }
    }

    fn write(&mut self, sockets: &mut Sockets<Vec<u8>>) {
        if !self.frames.is_empty() {
            sockets.write_to_all(&self.frames);
            self.frames.clear();
        }
    }
}

impl Work for Room {
    /// The beginning of a frame that has not arrived whole.
    type Memory = Vec<u8>;

    fn received(&mut self, sockets: &mut Sockets<Vec<u8>>, from: usize, octets: &mut [u8]) {
        let Some(socket) = sockets.get(from) else { return };
        let mut arrived = std::mem::take(&mut socket.memory);
        let mut octets = octets;
        if !arrived.is_empty() {
            arrived.extend_from_slice(octets);
            octets = &mut arrived;
        }
        while let Ok(Some((header, header_len))) = Header::parse(octets) {
            let end = header_len + header.length as usize;
            if end > octets.len() {
                break;
            }
            let (frame, rest) = octets.split_at_mut(end);
            let payload = &mut frame[header_len..];
            mask::apply(payload, header.mask.unwrap_or_default(), 0);
            let mut bytes = [0; Header::MAX_LEN];
            let len = Header { mask: None, ..header }.write(&mut bytes);
            self.frames.extend_from_slice(&bytes[..len]);
            self.frames.extend_from_slice(payload);
            octets = rest;
            if self.writes == Writes::Each {
                self.write(sockets);
            }
        }
        if !octets.is_empty()
            && let Some(socket) = sockets.get(from)
        {
            socket.memory = octets.to_vec();
        }
    }

    fn end_of_turn(&mut self, sockets: &mut Sockets<Vec<u8>>) {
        self.write(sockets);
    }
}
