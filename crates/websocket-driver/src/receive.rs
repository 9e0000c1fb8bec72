//! Bytes become frames, and frames become what they carry.

use crate::assembly::{Assembly, Piece};
use crate::close;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::deflate::{Inflater, ReceivedSoFar};
use crate::error::ProtocolError;
use crate::frame::{Header, OpCode};
use crate::input::Input;
use crate::message::{Binary, Message};
use crate::payload::Payload;

/// So many octets of a compressed message are inflated at a time where it is delivered in parts. They become at
/// most about a thousand times as many, so that a part stays small.
const COMPRESSED_STEP: usize = 128;

/// A part of so many octets or more is delivered at once; a shorter one waits for more, if there is more.
const PART_LEN: usize = 16 * 1024;

/// Something whole that arrived.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    Message(Message<'a>),
    /// A part of a message, and whether it is the last.
    Part(Message<'a>, bool),
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
    /// Where compression was agreed to.
    inflater: Option<Box<Inflater>>,
    /// The message of which some but not all has arrived.
    partial: Option<Assembly>,
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

impl Receiver {
    pub(crate) fn new(expects_mask: bool) -> Self {
        Receiver {
            expects_mask,
            header: PartialHeader::default(),
            frame: None,
            inflater: None,
            partial: None,
            control: Vec::new(),
        }
    }

    /// From now on messages may be compressed.
    pub(crate) fn inflate(&mut self, inflater: Inflater) {
        self.inflater = Some(Box::new(inflater));
    }

    /// What nearly always comes next: a message in one frame that has arrived whole, while nothing is unfinished.
    /// `None` for everything else, be it right or wrong; nothing was consumed then.
    #[inline]
    pub(crate) fn whole<'a>(
        &mut self,
        input: &mut Input<'a>,
        config: &Config,
    ) -> Option<Result<Message<'a>, ProtocolError>> {
        if self.header.len > 0 || self.frame.is_some() || self.partial.is_some() || config.deliver_parts {
            return None;
        }
        let (header, payload_at) = Header::parse(input.peek()).ok()??;
        let limit = config.max_frame.min(config.max_message).min((input.len() - payload_at) as u64);
        let usual = header.fin
            && !header.rsv1
            && matches!(header.opcode, OpCode::Text | OpCode::Binary)
            && header.mask.is_some() == self.expects_mask
            && header.length <= limit
            && config.max_fragments > 0;
        if !usual {
            return None;
        }
        let length = usize::try_from(header.length).ok()?;
        let octets = &mut input.take(payload_at + length)[payload_at..];
        Some(message(header.opcode, Payload::new(octets, header.mask, 0)))
    }

    /// What nearly always comes next while a long message arrives: octets from within a frame, which need no memory.
    /// `None` for everything else; nothing was consumed then.
    #[inline]
    pub(crate) fn absorb(
        &mut self,
        input: &mut Input<'_>,
        config: &Config,
    ) -> Option<Result<(), ProtocolError>> {
        let (frame, assembly) = (self.frame.as_mut()?, self.partial.as_mut()?);
        let is_within = (input.len() as u64) < frame.header.length - frame.consumed
            && !frame.header.opcode.is_control()
            && !config.deliver_parts
            && assembly.has_room(input.len());
        if !is_within {
            return None;
        }
        Some(assembly.absorb(frame.take(input, usize::MAX)?))
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
                    let inflates = self.inflater.is_some();
                    check(&header, self.expects_mask, inflates, self.partial.as_ref(), config)?;
                    none.insert(Frame { header, consumed: 0 })
                }
            };
            let is_compressed =
                frame.header.rsv1 || self.partial.as_ref().is_some_and(Assembly::is_compressed);
            let steps = config.deliver_parts && is_compressed && !frame.header.opcode.is_control();
            let most = if steps { COMPRESSED_STEP } else { usize::MAX };
            let Some(piece) = frame.take(input, most) else { return Ok(None) };
            let Frame { header, consumed } = *frame;
            let ends = consumed == header.length;
            if ends {
                self.frame = None;
            }
            let received = if header.opcode.is_control() {
                self.control(&header, piece, ends)?
            } else {
                let more = !ends && !input.is_empty();
                self.data(&header, piece, header.length - consumed, more, config)?
            };
            if received.is_some() {
                return Ok(received);
            }
        }
    }

    fn control<'a>(
        &mut self,
        header: &Header,
        piece: Payload<'a>,
        ends: bool,
    ) -> Result<Option<Received<'a>>, ProtocolError> {
        let piece = piece.unmasked();
        if piece.len() as u64 == header.length {
            return control(header.opcode, Binary::from(piece)).map(Some);
        }
        self.control.extend_from_slice(piece);
        if !ends {
            return Ok(None);
        }
        control(header.opcode, std::mem::take(&mut self.control).into()).map(Some)
    }

    fn data<'a>(
        &mut self,
        header: &Header,
        payload: Payload<'a>,
        left: u64,
        more: bool,
        config: &Config,
    ) -> Result<Option<Received<'a>>, ProtocolError> {
        let whole = header.fin && payload.len() as u64 == header.length;
        if whole && !header.rsv1 && self.partial.is_none() {
            let message = message(header.opcode, payload)?;
            let received =
                if config.deliver_parts { Received::Part(message, true) } else { Received::Message(message) };
            return Ok(Some(received));
        }
        let assembly = self.partial.get_or_insert_with(|| Assembly::new(header));
        let piece = Piece { left, ends_frame: left == 0, ends_message: left == 0 && header.fin };
        if config.deliver_parts {
            return self.part(payload, &piece, more, config);
        }
        assembly.push(payload, &piece, self.inflater.as_deref_mut(), config.max_message)?;
        if !piece.ends_message {
            return Ok(None);
        }
        self.partial.take().map(|assembly| assembly.finish().map(Received::Message)).transpose()
    }

    /// Hands out what a piece adds, if it adds anything; a little is kept while `more` of the frame is there.
    fn part<'a>(
        &mut self,
        payload: Payload<'a>,
        piece: &Piece,
        more: bool,
        config: &Config,
    ) -> Result<Option<Received<'a>>, ProtocolError> {
        let Some(assembly) = &mut self.partial else { return Ok(None) };
        let part = if assembly.pass(&payload, piece, config.max_message)? {
            Message::binary(payload.unmasked())
        } else {
            assembly.push(payload, piece, self.inflater.as_deref_mut(), config.max_message)?;
            if more && assembly.held() < PART_LEN {
                return Ok(None);
            }
            assembly.take()
        };
        if piece.ends_message {
            assembly.end()?;
            self.partial = None;
        }
        let nothing = part.is_empty() && !piece.ends_message;
        Ok((!nothing).then_some(Received::Part(part, piece.ends_message)))
    }

    /// Whether no message and no control frame has begun to arrive.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.header.len == 0 && self.frame.is_none() && self.partial.is_none() && self.control.is_empty()
    }

    /// What inflating has to remember, between messages.
    pub(crate) fn coding(&self) -> Option<ReceivedSoFar> {
        self.inflater.as_ref().map(|inflater| inflater.coding())
    }

    /// Whether nothing is unfinished or kept from one message to the next.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.header.len == 0 && self.frame.is_none() && self.partial.is_none() && self.retained() == 0
    }

    /// Bytes of heap held for what is unfinished.
    pub(crate) fn retained(&self) -> usize {
        let partial = self.partial.as_ref().map_or(0, Assembly::retained);
        partial + self.control.capacity() + self.window()
    }

    /// Bytes of heap held for inflating.
    pub(crate) fn window(&self) -> usize {
        self.inflater.as_ref().map_or(0, |coder| size_of::<Inflater>() + coder.retained())
    }

    /// Lets go of memory that was taken in advance.
    pub(crate) fn shrink(&mut self) {
        if let Some(assembly) = &mut self.partial {
            assembly.shrink();
        }
    }

    /// Fragments of the message that is unfinished, in octets of heap.
    pub(crate) fn unfinished(&self) -> usize {
        self.partial.as_ref().map_or(0, Assembly::retained)
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
    /// The next piece of the payload, at most so long; `None` when more input is needed.
    fn take<'a>(&mut self, input: &mut Input<'a>, most: usize) -> Option<Payload<'a>> {
        let remaining = self.header.length - self.consumed;
        if remaining > 0 && input.is_empty() {
            return None;
        }
        let octets = input.take(usize::try_from(remaining).unwrap_or(usize::MAX).min(most));
        let payload = Payload::new(octets, self.header.mask, (self.consumed & 3) as usize);
        self.consumed += payload.len() as u64;
        Some(payload)
    }
}

/// The rules that need to know the side, what came before, and the limits.
fn check(
    header: &Header,
    expects_mask: bool,
    inflates: bool,
    partial: Option<&Assembly>,
    config: &Config,
) -> Result<(), ProtocolError> {
    // It marks a compressed message, on its first frame (RFC 7692 §6).
    if header.rsv1 && !(inflates && matches!(header.opcode, OpCode::Text | OpCode::Binary)) {
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
    match partial {
        Some(assembly) => assembly.check(header, config),
        None => Assembly::new(header).check(header, config),
    }
}

#[inline]
fn message(opcode: OpCode, payload: Payload<'_>) -> Result<Message<'_>, ProtocolError> {
    if opcode == OpCode::Text {
        payload.text().map(Message::text).map_err(|_| ProtocolError::InvalidUtf8)
    } else {
        Ok(Message::binary(payload.unmasked()))
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
