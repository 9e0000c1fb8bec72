//! A message that is encoded once and sent to many.

use bytes::{BufMut, Bytes, BytesMut};

use crate::frame::{Header, OpCode};
use crate::message::Message;

/// A message in its encoded form, made once and shared by every connection that it is sent to. Cloning it and
/// sending it from a server copies nothing.
///
/// ```
/// use websocket_driver::Prepared;
///
/// let hello = Prepared::new("hello");
/// assert_eq!(&hello.server_frame()[..], b"\x81\x05hello");
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    frame: Bytes,
    payload_at: usize,
    opcode: OpCode,
}

impl Prepared {
    /// Encodes `message`.
    pub fn new<'a>(message: impl Into<Message<'a>>) -> Self {
        let message = message.into();
        let opcode = match message {
            Message::Text(_) => OpCode::Text,
            Message::Binary(_) => OpCode::Binary,
        };
        let payload = message.as_bytes();
        let header = Header { fin: true, rsv1: false, opcode, mask: None, length: payload.len() as u64 };
        let mut bytes = [0; Header::MAX_LEN];
        let payload_at = header.write(&mut bytes);
        let mut frame = BytesMut::with_capacity(payload_at + payload.len());
        frame.put_slice(&bytes[..payload_at]);
        frame.put_slice(payload);
        Prepared { frame: frame.freeze(), payload_at, opcode }
    }

    /// The bytes that a server puts on the wire: the same for every receiver.
    pub fn server_frame(&self) -> &Bytes {
        &self.frame
    }

    /// The payload alone.
    pub fn payload(&self) -> &[u8] {
        &self.frame[self.payload_at..]
    }

    pub(crate) fn opcode(&self) -> OpCode {
        self.opcode
    }
}
