//! Pieces of payload become messages, or parts of them.

use crate::config::Config;
use crate::deflate::Inflater;
use crate::error::ProtocolError;
use crate::frame::{Header, OpCode};
use crate::memory;
use crate::message::Message;
use crate::payload::Payload;
use crate::utf8::{NotUtf8, UNFINISHED_MOST, Utf8Tail};

/// Text that is not ASCII is copied and judged in blocks of so many octets, so that they are judged while they are in the
/// fastest cache.
const BLOCK: usize = 8 * 1024;

/// Memory is taken for so many times what has arrived of a message, if so much is announced and it is no further ahead
/// than the next constant says: whoever has sent a little can be expected to send more, and growing copies.
const AHEAD_FACTOR: usize = 16;

/// Beyond so many octets ahead of what has arrived, memory is only taken for as much again.
const AHEAD_MOST: usize = 1 << 20;

/// A message of which some but not all has arrived.
#[derive(Debug)]
pub(crate) struct Assembly {
    data: Data,
    /// Octets so far, inflated, delivered in parts or not.
    len: u64,
    fragments: u32,
    compressed: bool,
    /// The text so far is ASCII, so that the rest of it may well be.
    is_ascii: bool,
}

#[derive(Debug)]
enum Data {
    Text(String, Utf8Tail),
    Binary(Vec<u8>),
}

/// Where a piece of a message's payload stands.
pub(crate) struct Piece {
    /// Octets of this frame that are still to come.
    pub(crate) left: u64,
    pub(crate) ends_frame: bool,
    pub(crate) ends_message: bool,
}

impl Assembly {
    pub(crate) fn new(header: &Header) -> Self {
        let data = if header.opcode == OpCode::Text {
            Data::Text(String::new(), Utf8Tail::default())
        } else {
            Data::Binary(Vec::new())
        };
        Assembly { data, len: 0, fragments: 0, compressed: header.rsv1, is_ascii: true }
    }

    /// Whether a further frame may come.
    pub(crate) fn check(&self, header: &Header, config: &Config) -> Result<(), ProtocolError> {
        // What a compressed message comes to is known only when it is inflated.
        if !self.compressed && header.length.saturating_add(self.len) > config.max_message {
            return Err(ProtocolError::MessageTooBig { limit: config.max_message });
        }
        if self.fragments >= config.max_fragments {
            return Err(ProtocolError::TooManyFragments { limit: config.max_fragments });
        }
        Ok(())
    }

    /// Adds a piece. Memory grows with what arrived, never with what was announced.
    pub(crate) fn push(
        &mut self,
        payload: Payload<'_>,
        piece: &Piece,
        inflater: Option<&mut Inflater>,
        limit: u64,
    ) -> Result<(), ProtocolError> {
        self.fragments += u32::from(piece.ends_frame);
        let Some(inflater) = inflater.filter(|_| self.compressed) else {
            self.reserve(payload.len(), piece.left);
            return self.append(payload, limit);
        };
        let mut each = |octets: &[u8]| self.append_inflated(octets, limit);
        inflater.inflate(payload.unmasked(), &mut each)?;
        if piece.ends_message { inflater.finish(&mut each) } else { Ok(()) }
    }

    /// Whether so many octets of a frame can be added as they are, and no memory taken.
    #[inline]
    pub(crate) fn has_room(&self, arriving: usize) -> bool {
        let room = match &self.data {
            Data::Binary(octets) => octets.capacity() - octets.len(),
            // What is held back comes before them.
            Data::Text(text, _) => (text.capacity() - text.len()).saturating_sub(UNFINISHED_MOST),
        };
        !self.compressed && room >= arriving
    }

    /// Adds octets for which there [is room](Assembly::has_room). That they do not exceed the limit was seen when the
    /// header of their frame came.
    #[inline]
    pub(crate) fn absorb(&mut self, payload: Payload<'_>) -> Result<(), ProtocolError> {
        self.len = self.len.saturating_add(payload.len() as u64);
        self.add(payload)
    }

    /// Counts a piece that is delivered from where it lies, if it can be: octets that need no inflating.
    pub(crate) fn pass(
        &mut self,
        payload: &Payload<'_>,
        piece: &Piece,
        limit: u64,
    ) -> Result<bool, ProtocolError> {
        if self.compressed || matches!(self.data, Data::Text(..)) {
            return Ok(false);
        }
        self.fragments += u32::from(piece.ends_frame);
        self.count(payload.len(), limit)?;
        Ok(true)
    }

    /// The whole message.
    pub(crate) fn finish(mut self) -> Result<Message<'static>, ProtocolError> {
        self.end()?;
        Ok(self.take())
    }

    /// What was added since it was last taken.
    pub(crate) fn take(&mut self) -> Message<'static> {
        match &mut self.data {
            Data::Text(text, _) => Message::text(std::mem::take(text)),
            Data::Binary(octets) => Message::binary(std::mem::take(octets)),
        }
    }

    /// The message ends here: is it whole?
    pub(crate) fn end(&self) -> Result<(), ProtocolError> {
        match &self.data {
            Data::Text(_, tail) => tail.finish().map_err(|_| ProtocolError::InvalidUtf8),
            Data::Binary(_) => Ok(()),
        }
    }

    /// Whether the message comes compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Octets that were added since they were last taken.
    pub(crate) fn held(&self) -> usize {
        match &self.data {
            Data::Text(text, _) => text.len(),
            Data::Binary(octets) => octets.len(),
        }
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        match &self.data {
            Data::Text(text, _) => text.capacity(),
            Data::Binary(octets) => octets.capacity(),
        }
    }

    /// Lets go of memory that was taken in advance.
    pub(crate) fn shrink(&mut self) {
        match &mut self.data {
            Data::Text(text, _) => text.shrink_to_fit(),
            Data::Binary(octets) => octets.shrink_to_fit(),
        }
    }

    /// Makes room for a piece, and with it for the rest of its frame, within limits: memory grows with what arrived,
    /// never with what was announced.
    fn reserve(&mut self, arriving: usize, left: u64) {
        let (len, spare) = match &self.data {
            Data::Text(text, _) => (text.len(), text.capacity() - text.len()),
            Data::Binary(octets) => (octets.len(), octets.capacity() - octets.len()),
        };
        if spare >= arriving {
            return;
        }
        let arrived = len + arriving;
        let ahead = arrived.saturating_mul(AHEAD_FACTOR - 1).min(AHEAD_MOST).max(arrived);
        let more = arriving + usize::try_from(left).unwrap_or(usize::MAX).min(ahead);
        match &mut self.data {
            Data::Text(text, _) if text.is_empty() => {
                *text = String::from_utf8(memory::take(more)).expect("nothing is in it");
            }
            Data::Binary(octets) if octets.is_empty() => *octets = memory::take(more),
            Data::Text(text, _) => text.reserve_exact(more),
            Data::Binary(octets) => octets.reserve_exact(more),
        }
    }

    fn append(&mut self, mut payload: Payload<'_>, limit: u64) -> Result<(), ProtocolError> {
        let arriving = payload.len();
        let allowed = payload.split_to(self.room(limit));
        self.add(allowed)?;
        self.count(arriving, limit)
    }

    fn add(&mut self, payload: Payload<'_>) -> Result<(), ProtocolError> {
        match &mut self.data {
            Data::Binary(all) => payload.append_to(all),
            Data::Text(text, tail) => {
                self.is_ascii = self.is_ascii && tail.is_empty() && payload.append_ascii_to(text);
                if !self.is_ascii {
                    append_text(payload, tail, text).map_err(|_| ProtocolError::InvalidUtf8)?;
                }
            }
        }
        Ok(())
    }

    fn append_inflated(&mut self, octets: &[u8], limit: u64) -> Result<(), ProtocolError> {
        let allowed = &octets[..octets.len().min(self.room(limit))];
        match &mut self.data {
            Data::Text(text, tail) => tail.push(allowed, text).map_err(|_| ProtocolError::InvalidUtf8)?,
            Data::Binary(all) => all.extend_from_slice(allowed),
        }
        self.count(octets.len(), limit)
    }

    /// What the limit still allows. It is judged before the limit is, however much arrives at once.
    fn room(&self, limit: u64) -> usize {
        usize::try_from(limit.saturating_sub(self.len)).unwrap_or(usize::MAX)
    }

    fn count(&mut self, added: usize, limit: u64) -> Result<(), ProtocolError> {
        self.len = self.len.saturating_add(added as u64);
        if self.len > limit { Err(ProtocolError::MessageTooBig { limit }) } else { Ok(()) }
    }
}

/// Appends text of any script, code point by code point as they become whole.
fn append_text(mut payload: Payload<'_>, tail: &mut Utf8Tail, text: &mut String) -> Result<(), NotUtf8> {
    tail.push(payload.split_to(tail.wanted()).unmasked(), text)?;
    while !payload.is_empty() {
        let whole = payload.whole_len(payload.len().min(BLOCK));
        if whole == 0 {
            return tail.push(payload.unmasked(), text);
        }
        payload.split_to(whole).append_text_to(text)?;
    }
    Ok(())
}
