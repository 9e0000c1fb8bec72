//! A message that is sent in parts: what has to follow the part that went last.

use crate::chunk::Ends;
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

/// What is complete behind everything that was sent so far.
pub(crate) fn ends(unfinished: Option<&Unfinished>) -> Ends {
    match unfinished {
        None => Ends::Message,
        Some(Unfinished { announced: None, .. }) => Ends::Frame,
        Some(Unfinished { announced: Some(_), .. }) => Ends::Nothing,
    }
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
        match self.mask {
            Some(key) => mask::copy(room, payload, key, self.offset),
            None => room.copy_from_slice(payload),
        }
        out.advance(payload.len());
        self.offset = self.offset.wrapping_add(payload.len());
        Ok(self.left == 0)
    }
}
