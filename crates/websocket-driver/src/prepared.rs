//! A message that is encoded once and sent to many.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::{BufMut, Bytes, BytesMut};

use crate::deflate::{Settings, compress_alone};
use crate::frame::{Header, OpCode};
use crate::message::Message;

/// How the shared compressed form is made: what every connection of the default window and above can take.
pub(crate) const SETTINGS: Settings = Settings { window_bits: 12, level: 6 };

/// Shorter messages are not compressed, in octets.
const MIN_COMPRESSED_LEN: usize = 64;

/// A message in its encoded forms, each made once and shared by every connection that it is sent to. Cloning it
/// and sending it from a server copies and encodes nothing.
///
/// The compressed form is made when the first connection asks for it that agreed to compression; if several
/// threads ask together, one makes it and the others wait. It refers to no earlier message, so one form serves
/// all.
///
/// ```
/// use websocket_driver::Prepared;
///
/// let hello = Prepared::new("hello");
/// assert_eq!(&hello.server_frame()[..], b"\x81\x05hello");
/// ```
#[derive(Clone)]
pub struct Prepared(Arc<Forms>);

struct Forms {
    plain: Form,
    opcode: OpCode,
    /// `None` inside: it would not be smaller.
    compressed: OnceLock<Option<Form>>,
}

/// A server's frame, and where its payload begins.
pub(crate) struct Form {
    pub(crate) frame: Bytes,
    payload_at: usize,
}

impl Form {
    pub(crate) fn payload(&self) -> &[u8] {
        &self.frame[self.payload_at..]
    }
}

impl Prepared {
    /// Encodes `message`.
    pub fn new<'a>(message: impl Into<Message<'a>>) -> Self {
        let message = message.into();
        let opcode = message.opcode();
        let plain = form(opcode, false, message.as_bytes());
        Prepared(Arc::new(Forms { plain, opcode, compressed: OnceLock::new() }))
    }

    /// The bytes that a server puts on the wire where there is no compression: the same for every receiver.
    pub fn server_frame(&self) -> &Bytes {
        &self.0.plain.frame
    }

    /// The bytes that a server puts on the wire for receivers that take them
    /// ([`Connection::takes_compressed`](crate::Connection::takes_compressed)); `None` if they would not be fewer,
    /// and [`server_frame`](Prepared::server_frame) is to be sent instead.
    pub fn compressed_server_frame(&self) -> Option<&Bytes> {
        self.compressed().map(|form| &form.frame)
    }

    /// The payload alone.
    pub fn payload(&self) -> &[u8] {
        self.0.plain.payload()
    }

    pub(crate) fn opcode(&self) -> OpCode {
        self.0.opcode
    }

    /// The form without compression.
    pub(crate) fn plain(&self) -> &Form {
        &self.0.plain
    }

    /// What the compressed form is made with.
    pub(crate) fn settings(&self) -> Settings {
        SETTINGS
    }

    /// The compressed form, if it is smaller.
    pub(crate) fn compressed(&self) -> Option<&Form> {
        let payload = self.payload();
        if payload.len() < MIN_COMPRESSED_LEN {
            return None;
        }
        let make = || compress_alone(SETTINGS, payload, |bytes| form(self.0.opcode, true, bytes));
        self.0.compressed.get_or_init(make).as_ref()
    }
}

fn form(opcode: OpCode, rsv1: bool, payload: &[u8]) -> Form {
    let header = Header { fin: true, rsv1, opcode, mask: None, length: payload.len() as u64 };
    let mut bytes = [0; Header::MAX_LEN];
    let payload_at = header.write(&mut bytes);
    let mut frame = BytesMut::with_capacity(payload_at + payload.len());
    frame.put_slice(&bytes[..payload_at]);
    frame.put_slice(payload);
    Form { frame: frame.freeze(), payload_at }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("opcode", &self.0.opcode)
            .field("len", &self.payload().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_made_once_however_many_ask_together() {
        let prepared = Prepared::new("to be or not to be, ".repeat(20));
        let frames: Vec<*const u8> = std::thread::scope(|scope| {
            let ask = || prepared.clone().compressed().unwrap().frame.as_ptr() as usize;
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap() as *const u8).collect()
        });
        assert!(frames.iter().all(|frame| *frame == frames[0]));
        assert!(prepared.compressed().unwrap().frame.len() < 60);
    }

    #[test]
    fn what_would_not_be_smaller_has_no_compressed_form() {
        assert!(Prepared::new("short").compressed().is_none());
        let noise: Vec<u8> = (0..300u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert!(Prepared::new(noise).compressed().is_none());
    }
}
