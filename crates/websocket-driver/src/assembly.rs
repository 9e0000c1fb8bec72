//! Pieces of payload become messages, or parts of them.

use crate::config::Config;
use crate::deflate::Inflater;
use crate::error::ProtocolError;
use crate::frame::{Header, OpCode};
use crate::message::Message;
use crate::utf8::Utf8Tail;

/// A message of which some but not all has arrived.
#[derive(Debug)]
pub(crate) struct Assembly {
    data: Data,
    /// Octets so far, inflated, delivered in parts or not.
    len: u64,
    fragments: u32,
    compressed: bool,
}

#[derive(Debug)]
enum Data {
    Text(String, Utf8Tail),
    Binary(Vec<u8>),
}

/// One piece of a message's payload, unmasked, and where it stands.
pub(crate) struct Piece<'a> {
    pub(crate) octets: &'a [u8],
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
        Assembly { data, len: 0, fragments: 0, compressed: header.rsv1 }
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
        piece: &Piece<'_>,
        inflater: Option<&mut Inflater>,
        limit: u64,
    ) -> Result<(), ProtocolError> {
        self.fragments += u32::from(piece.ends_frame);
        let Some(inflater) = inflater.filter(|_| self.compressed) else {
            self.reserve(piece);
            return self.append(piece.octets, limit);
        };
        let mut each = |octets: &[u8]| self.append(octets, limit);
        inflater.inflate(piece.octets, &mut each)?;
        if piece.ends_message { inflater.finish(&mut each) } else { Ok(()) }
    }

    /// Counts a piece that is delivered from where it lies, if it can be: octets that need no inflating.
    pub(crate) fn pass(&mut self, piece: &Piece<'_>, limit: u64) -> Result<bool, ProtocolError> {
        if self.compressed || matches!(self.data, Data::Text(..)) {
            return Ok(false);
        }
        self.fragments += u32::from(piece.ends_frame);
        self.count(piece.octets, limit)?;
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

    /// Makes room for a piece, and with it for the rest of its frame, but for twice what arrived at most: memory
    /// grows with what arrived, never with what was announced.
    fn reserve(&mut self, piece: &Piece<'_>) {
        let (len, spare) = match &self.data {
            Data::Text(text, _) => (text.len(), text.capacity() - text.len()),
            Data::Binary(octets) => (octets.len(), octets.capacity() - octets.len()),
        };
        let arriving = piece.octets.len();
        if spare >= arriving {
            return;
        }
        let more = arriving + usize::try_from(piece.left).unwrap_or(usize::MAX).min(len + arriving);
        match &mut self.data {
            Data::Text(text, _) => text.reserve_exact(more),
            Data::Binary(octets) => octets.reserve_exact(more),
        }
    }

    fn append(&mut self, octets: &[u8], limit: u64) -> Result<(), ProtocolError> {
        // What the limit still allows is judged before the limit is, however much arrives at once.
        let room = usize::try_from(limit.saturating_sub(self.len)).unwrap_or(usize::MAX);
        let allowed = &octets[..octets.len().min(room)];
        match &mut self.data {
            Data::Text(text, tail) => tail.push(allowed, text).map_err(|_| ProtocolError::InvalidUtf8)?,
            Data::Binary(all) => all.extend_from_slice(allowed),
        }
        self.count(octets, limit)
    }

    fn count(&mut self, octets: &[u8], limit: u64) -> Result<(), ProtocolError> {
        self.len = self.len.saturating_add(octets.len() as u64);
        if self.len > limit { Err(ProtocolError::MessageTooBig { limit }) } else { Ok(()) }
    }
}
