//! A message that is sent in parts: what has to follow the part that went last.

use crate::error::UsageError;
use crate::frame::{Header, OpCode};
use crate::mask;
use crate::tail::Tail;

/// A message of which some parts were sent.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) opcode: OpCode,
    /// One frame for all of it, whose header has gone ahead.
    pub(crate) announced: Option<Announced>,
}

/// A frame whose payload is still to come.
#[derive(Debug)]
pub(crate) struct Announced {
    left: u64,
    mask: Option<[u8; 4]>,
    /// Octets of payload so far, as masking needs it.
    offset: usize,
}

impl Announced {
    pub(crate) fn new(header: &Header) -> Self {
        Announced { left: header.length, mask: header.mask, offset: 0 }
    }

    /// Writes the next octets behind `out`, and says whether the frame is complete.
    pub(crate) fn write(&mut self, payload: &[u8], last: bool, out: &mut Tail) -> Result<bool, UsageError> {
        let len = payload.len() as u64;
        if len > self.left || (last && len < self.left) {
            return Err(UsageError::WrongPart);
        }
        self.left -= len;
        let room = out.room(payload.len());
        room.copy_from_slice(payload);
        if let Some(key) = self.mask {
            mask::apply(room, key, self.offset);
        }
        out.advance(payload.len());
        self.offset = self.offset.wrapping_add(payload.len());
        Ok(self.left == 0)
    }
}
