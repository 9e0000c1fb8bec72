//! The receiving half: bytes become frames, frames become messages.

use crate::close;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::error::ProtocolError;
use crate::frame::{Header, OpCode};
use crate::input::Input;
use crate::mask;
use crate::message::{Binary, Message};
use crate::utf8::Utf8Tail;

/// Something whole that arrived.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    Message(Message<'a>),
    Ping(Binary<'a>),
    Pong(Binary<'a>),
    Close(CloseCode, String),
}

/// Reads frames of one direction. It holds what is unfinished and nothing else: at rest no heap at all.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// Whether the peer must mask (RFC 6455 §5.1: a client must, a server must not).
    expects_mask: bool,
    header: PartialHeader,
    frame: Option<Frame>,
    /// The message of which some but not all has arrived.
    partial: Option<Partial>,
    /// The payload of a control frame of which some but not all has arrived.
    control: Vec<u8>,
}

#[derive(Debug, Default)]
struct PartialHeader {
    bytes: [u8; Header::MAX_LEN],
    len: usize,
}

/// A frame whose header has been read.
#[derive(Debug)]
struct Frame {
    header: Header,
    /// Octets of payload that were consumed.
    consumed: u64,
}

#[derive(Debug)]
struct Partial {
    data: Data,
    fragments: u32,
}

#[derive(Debug)]
enum Data {
    Text(String, Utf8Tail),
    Binary(Vec<u8>),
}

impl Receiver {
    pub(crate) fn new(expects_mask: bool) -> Self {
        Receiver {
            expects_mask,
            header: PartialHeader::default(),
            frame: None,
            partial: None,
            control: Vec::new(),
        }
    }

    /// The next thing that is whole, or `None` once `input` is used up.
    pub(crate) fn next<'a>(
        &mut self,
        input: &mut Input<'a>,
        config: &Config,
    ) -> Result<Option<Received<'a>>, ProtocolError> {
        loop {
            let frame = match &mut self.frame {
                Some(frame) => frame,
                none => {
                    let Some(header) = self.header.read(input)? else { return Ok(None) };
                    check(&header, self.expects_mask, self.partial.as_ref(), config)?;
                    none.insert(Frame { header, consumed: 0 })
                }
            };
            let Some(piece) = frame.take(input) else { return Ok(None) };
            let Frame { header, consumed } = *frame;
            let ends = consumed == header.length;
            let whole = piece.len() as u64 == header.length;
            if ends {
                self.frame = None;
            }
            let received = if header.opcode.is_control() {
                if whole {
                    Some(control(header.opcode, Binary::from(&*piece))?)
                } else {
                    self.control.extend_from_slice(piece);
                    if ends {
                        Some(control(header.opcode, std::mem::take(&mut self.control).into())?)
                    } else {
                        None
                    }
                }
            } else if whole && header.fin && self.partial.is_none() {
                Some(Received::Message(message(header.opcode, piece)?))
            } else {
                let partial = self.partial.get_or_insert_with(|| Partial::new(header.opcode));
                partial.push(piece, ends)?;
                if ends && header.fin {
                    self.partial.take().map(Partial::finish).transpose()?.map(Received::Message)
                } else {
                    None
                }
            };
            if received.is_some() {
                return Ok(received);
            }
        }
    }

    /// Bytes of heap held for what is unfinished.
    pub(crate) fn retained(&self) -> usize {
        let partial = match &self.partial {
            Some(Partial { data: Data::Text(text, _), .. }) => text.capacity(),
            Some(Partial { data: Data::Binary(bytes), .. }) => bytes.capacity(),
            None => 0,
        };
        partial + self.control.capacity()
    }

    /// Lets go of everything unfinished: nothing more will be read.
    pub(crate) fn abandon(&mut self) {
        *self = Receiver::new(self.expects_mask);
    }
}

impl PartialHeader {
    /// Reads a header that may have been cut anywhere.
    fn read(&mut self, input: &mut Input<'_>) -> Result<Option<Header>, ProtocolError> {
        if self.len == 0
            && let Some((header, len)) = Header::parse(input.peek())?
        {
            input.take(len);
            return Ok(Some(header));
        }
        while !input.is_empty() {
            self.bytes[self.len] = input.take(1)[0];
            self.len += 1;
            if let Some((header, _)) = Header::parse(&self.bytes[..self.len])? {
                self.len = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }
}

impl Frame {
    /// The next piece of the payload, unmasked; `None` when more input is needed.
    fn take<'a>(&mut self, input: &mut Input<'a>) -> Option<&'a mut [u8]> {
        let remaining = self.header.length - self.consumed;
        if remaining > 0 && input.is_empty() {
            return None;
        }
        let piece = input.take(usize::try_from(remaining).unwrap_or(usize::MAX));
        if let Some(key) = self.header.mask {
            mask::apply(piece, key, (self.consumed & 3) as usize);
        }
        self.consumed += piece.len() as u64;
        Some(piece)
    }
}

/// The rules that need to know the side, what came before, and the limits.
fn check(
    header: &Header,
    expects_mask: bool,
    partial: Option<&Partial>,
    config: &Config,
) -> Result<(), ProtocolError> {
    // permessage-deflate will say here, per message, whether it was negotiated (RFC 7692 §6).
    if header.rsv1 {
        return Err(ProtocolError::ReservedBits);
    }
    match (header.mask.is_some(), expects_mask) {
        (false, true) => return Err(ProtocolError::Unmasked),
        (true, false) => return Err(ProtocolError::Masked),
        _ => {}
    }
    if header.opcode.is_control() {
        return Ok(());
    }
    match (header.opcode == OpCode::Continuation, partial.is_some()) {
        (true, false) => return Err(ProtocolError::UnexpectedContinuation),
        (false, true) => return Err(ProtocolError::ExpectedContinuation),
        _ => {}
    }
    if header.length > config.max_frame {
        return Err(ProtocolError::FrameTooBig { limit: config.max_frame });
    }
    let (held, fragments) = partial.map_or((0, 0), |partial| (partial.len(), partial.fragments));
    if header.length.saturating_add(held) > config.max_message {
        return Err(ProtocolError::MessageTooBig { limit: config.max_message });
    }
    if fragments >= config.max_fragments {
        return Err(ProtocolError::TooManyFragments { limit: config.max_fragments });
    }
    Ok(())
}

impl Partial {
    fn new(opcode: OpCode) -> Self {
        let data = if opcode == OpCode::Text {
            Data::Text(String::new(), Utf8Tail::default())
        } else {
            Data::Binary(Vec::new())
        };
        Partial { data, fragments: 0 }
    }

    fn len(&self) -> u64 {
        match &self.data {
            // The tail's three octets are let go: a limit is not that sharp.
            Data::Text(text, _) => text.len() as u64,
            Data::Binary(bytes) => bytes.len() as u64,
        }
    }

    /// Memory grows with what arrived, never with what was announced.
    fn push(&mut self, piece: &[u8], ends_frame: bool) -> Result<(), ProtocolError> {
        match &mut self.data {
            Data::Text(text, tail) => {
                tail.push(piece, text).map_err(|_| ProtocolError::InvalidUtf8)?;
            }
            Data::Binary(bytes) => bytes.extend_from_slice(piece),
        }
        self.fragments += u32::from(ends_frame);
        Ok(())
    }

    fn finish(self) -> Result<Message<'static>, ProtocolError> {
        match self.data {
            Data::Text(text, tail) => {
                tail.finish().map_err(|_| ProtocolError::InvalidUtf8)?;
                Ok(Message::text(text))
            }
            Data::Binary(bytes) => Ok(Message::binary(bytes)),
        }
    }
}

fn message(opcode: OpCode, payload: &[u8]) -> Result<Message<'_>, ProtocolError> {
    if opcode == OpCode::Text {
        std::str::from_utf8(payload).map(Message::text).map_err(|_| ProtocolError::InvalidUtf8)
    } else {
        Ok(Message::binary(payload))
    }
}

fn control(opcode: OpCode, payload: Binary<'_>) -> Result<Received<'_>, ProtocolError> {
    Ok(match opcode {
        OpCode::Ping => Received::Ping(payload),
        OpCode::Pong => Received::Pong(payload),
        _ => {
            let (code, reason) = close::parse(&payload)?;
            Received::Close(code, reason)
        }
    })
}
