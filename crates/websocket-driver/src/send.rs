//! Messages become frames, and frames wait in order until they are handed out.

use std::collections::VecDeque;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::close;
use crate::close_code::CloseCode;
use crate::deflate::Compressor;
use crate::error::UsageError;
use crate::frame::{Header, OpCode};
use crate::mask::{self, MaskKeys};
use crate::message::Message;
use crate::prepared::Prepared;

/// From this size on a payload that is shared already goes out as it is; a shorter one is copied behind its
/// header, because one long write is cheaper than two short ones.
const COPY_BELOW: usize = 4096;

/// While less than this waits, every ping is answered at once. Above it only the newest one is owed an answer.
const PROMPT_PONGS_BELOW: usize = 1024;

/// Writes frames of one direction. At rest it holds no heap.
pub(crate) struct Sender {
    /// Where the keys come from, for a client; a server's frames have none (RFC 6455 §5.1).
    masks: Option<Box<dyn MaskKeys>>,
    /// Where compression was agreed to.
    compressor: Option<Box<Compressor>>,
    queue: VecDeque<Chunk>,
    /// Small frames, written one behind the other; always younger than `queue`.
    tail: BytesMut,
    /// Pings of our own: they overtake messages, so that a long queue does not look like a dead line.
    pings: VecDeque<Bytes>,
    /// Answers to pings, oldest first; like pings they overtake messages.
    pongs: BytesMut,
    /// The payload of the newest ping that has no answer in `pongs`. A newer one takes its place
    /// (RFC 6455 §5.5.3 allows it), so a peer that pings without reading costs 125 octets.
    owed_pong: Option<Vec<u8>>,
    /// The message that is being sent in parts.
    unfinished: Option<Unfinished>,
    /// The header of a frame was handed out, not all of its payload was.
    within_frame: bool,
    queued: usize,
}

/// A message of which some parts were sent.
struct Unfinished {
    opcode: OpCode,
    /// One frame for all of it, whose header has gone ahead.
    announced: Option<Announced>,
}

/// A frame whose payload is still to come.
struct Announced {
    left: u64,
    mask: Option<[u8; 4]>,
    /// Octets of payload so far, as masking needs it.
    offset: usize,
}

struct Chunk {
    bytes: Bytes,
    ends_frame: bool,
}

impl Sender {
    pub(crate) fn new(masks: Option<Box<dyn MaskKeys>>) -> Self {
        Sender {
            masks,
            compressor: None,
            queue: VecDeque::new(),
            tail: BytesMut::new(),
            pings: VecDeque::new(),
            pongs: BytesMut::new(),
            owed_pong: None,
            unfinished: None,
            within_frame: false,
            queued: 0,
        }
    }

    /// From now on messages are compressed where it helps.
    pub(crate) fn compress(&mut self, compressor: Compressor) {
        self.compressor = Some(Box::new(compressor));
    }

    pub(crate) fn message(&mut self, message: Message<'_>) {
        let opcode = message.opcode();
        if self.compressed(opcode, message.as_bytes()) {
            return;
        }
        let uncopied = self.masks.is_none() && message.len() >= COPY_BELOW;
        match message {
            Message::Text(text) if uncopied => self.shared(opcode, text.into_bytes()),
            Message::Binary(bytes) if uncopied => self.shared(opcode, bytes.into_bytes()),
            message => self.data(header(opcode, message.as_bytes()), message.as_bytes()),
        }
    }

    /// Sends a message compressed, or says that it should go out as it is.
    fn compressed(&mut self, opcode: OpCode, payload: &[u8]) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        let (tail, masks) = (&mut self.tail, &mut self.masks);
        let added = compressor.compress(payload, |bytes| {
            append(tail, masks, Header { rsv1: true, ..header(opcode, bytes) }, bytes)
        });
        self.queued += added.unwrap_or(0);
        added.is_some()
    }

    /// Sends a message in frames of at most `fragment_len` octets.
    pub(crate) fn fragmented(&mut self, message: &Message<'_>, fragment_len: usize) {
        let payload = message.as_bytes();
        let compressed = self.compressor.as_mut().and_then(|coder| coder.compress(payload, <[u8]>::to_vec));
        let mut rest = compressed.as_deref().unwrap_or(payload);
        let mut first = Header { rsv1: compressed.is_some(), ..header(message.opcode(), rest) };
        loop {
            let (fragment, after) = rest.split_at(fragment_len.max(1).min(rest.len()));
            self.data(Header { fin: after.is_empty(), length: fragment.len() as u64, ..first }, fragment);
            if after.is_empty() {
                return;
            }
            rest = after;
            first = header(OpCode::Continuation, &[]);
        }
    }

    pub(crate) fn prepared(&mut self, prepared: &Prepared) {
        let shares = self.compressor.as_ref().is_some_and(|coder| coder.takes(prepared.settings()));
        // A window smaller than the shared form's needs a form of its own.
        if !shares && self.compressed(prepared.opcode(), prepared.payload()) {
            return;
        }
        let form = if shares { prepared.compressed() } else { None };
        if let (Some(compressor), Some(_)) = (&mut self.compressor, form) {
            compressor.sent(prepared.payload());
        }
        match (form, self.masks.is_some()) {
            (Some(form), false) => self.frame(form.frame.clone()),
            (None, false) => self.frame(prepared.server_frame().clone()),
            (Some(form), true) => {
                let header = Header { rsv1: true, ..header(prepared.opcode(), form.payload()) };
                self.data(header, form.payload());
            }
            (None, true) => self.data(header(prepared.opcode(), prepared.payload()), prepared.payload()),
        }
    }

    /// Sends a part of a message: a frame of its own, or the next octets of a frame that was announced.
    pub(crate) fn part(&mut self, part: &Message<'_>, last: bool) -> Result<(), UsageError> {
        let payload = part.as_bytes();
        let continues = self.unfinished.as_mut();
        let Some(unfinished) = continues else {
            self.data(Header { fin: last, ..header(part.opcode(), payload) }, payload);
            self.unfinished = (!last).then_some(Unfinished { opcode: part.opcode(), announced: None });
            return Ok(());
        };
        if unfinished.opcode != part.opcode() {
            return Err(UsageError::WrongPart);
        }
        if let Some(announced) = &mut unfinished.announced {
            let len = payload.len() as u64;
            if len > announced.left || (last && len < announced.left) {
                return Err(UsageError::WrongPart);
            }
            announced.left -= len;
            let at = self.tail.len();
            self.tail.extend_from_slice(payload);
            if let Some(key) = announced.mask {
                mask::apply(&mut self.tail[at..], key, announced.offset);
            }
            announced.offset = announced.offset.wrapping_add(payload.len());
            self.queued += payload.len();
            if announced.left == 0 {
                self.unfinished = None;
            }
            return Ok(());
        }
        self.data(Header { fin: last, ..header(OpCode::Continuation, payload) }, payload);
        if last {
            self.unfinished = None;
        }
        Ok(())
    }

    /// Sends the header of a message of `length` octets, whose parts will follow.
    pub(crate) fn announce(&mut self, opcode: OpCode, length: u64) {
        let mask = self.masks.as_mut().map(|keys| keys.next_key());
        let mut bytes = [0; Header::MAX_LEN];
        let len = Header { fin: true, rsv1: false, opcode, mask, length }.write(&mut bytes);
        self.tail.put_slice(&bytes[..len]);
        self.queued += len;
        if length > 0 {
            let announced = Some(Announced { left: length, mask, offset: 0 });
            self.unfinished = Some(Unfinished { opcode, announced });
        }
    }

    /// Whether parts of a message are still to come.
    pub(crate) fn is_within_message(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Whether octets of a frame are still to come, so that no other frame can be sent.
    pub(crate) fn is_within_announced(&self) -> bool {
        self.unfinished.as_ref().is_some_and(|unfinished| unfinished.announced.is_some())
    }

    /// Queues a whole frame that was encoded elsewhere.
    fn frame(&mut self, frame: Bytes) {
        self.flush_tail(true);
        self.push(frame, true);
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) {
        let frame = self.control(OpCode::Ping, payload);
        self.queued += frame.len();
        self.pings.push_back(frame);
    }

    /// Whether a ping of our own still waits.
    pub(crate) fn has_ping(&self) -> bool {
        !self.pings.is_empty()
    }

    pub(crate) fn owe_pong(&mut self, payload: &[u8]) {
        if self.owed_pong.is_none() && self.pongs.len() < PROMPT_PONGS_BELOW {
            let header = header(OpCode::Pong, payload);
            append(&mut self.pongs, &mut self.masks, header, payload);
            return;
        }
        let owed = self.owed_pong.get_or_insert_default();
        owed.clear();
        owed.extend_from_slice(payload);
    }

    /// Queues the last frame of this direction. Nothing is answered after it. Within a frame whose payload will
    /// not come any more no other frame can be sent; the end of the transport has to do.
    pub(crate) fn close(&mut self, code: CloseCode, reason: &str) {
        if self.is_within_announced() {
            return;
        }
        // Answers to what was asked before the close stand before it.
        let pongs = std::mem::take(&mut self.pongs).freeze();
        if !pongs.is_empty() {
            self.flush_tail(true);
            self.push(pongs, true);
        }
        let body = close::body(code, reason);
        self.data(header(OpCode::Close, &body), &body);
    }

    /// Forgets what is queued and has not begun to go out.
    pub(crate) fn discard(&mut self) {
        if self.is_within_announced() {
            return;
        }
        self.unfinished = None;
        let unfinished = if self.within_frame { self.queue.pop_front() } else { None };
        self.queue = VecDeque::new();
        self.pings = VecDeque::new();
        self.tail = BytesMut::new();
        self.queued = 0;
        if let Some(chunk) = unfinished {
            self.push(chunk.bytes, chunk.ends_frame);
        }
    }

    /// Lets go of everything: nothing more will be sent.
    pub(crate) fn abandon(&mut self) {
        self.within_frame = false;
        self.unfinished = None;
        self.discard();
        self.pongs = BytesMut::new();
        self.owed_pong = None;
    }

    /// The next bytes for the wire, in whole frames or parts of one.
    pub(crate) fn next(&mut self, may_control: bool) -> Option<Bytes> {
        if !self.within_frame {
            if !may_control {
                self.pongs = BytesMut::new();
                self.owed_pong = None;
            }
            if !self.pongs.is_empty() {
                return Some(std::mem::take(&mut self.pongs).freeze());
            }
            if let Some(payload) = self.owed_pong.take() {
                return Some(self.control(OpCode::Pong, &payload));
            }
            if let Some(frame) = self.pings.pop_front() {
                self.queued -= frame.len();
                if self.pings.is_empty() {
                    self.pings = VecDeque::new();
                }
                return Some(frame);
            }
        }
        if let Some(chunk) = self.queue.pop_front() {
            self.within_frame = !chunk.ends_frame;
            self.queued -= chunk.bytes.len();
            if self.queue.is_empty() {
                self.queue = VecDeque::new();
            }
            return Some(chunk.bytes);
        }
        if self.tail.is_empty() {
            self.within_frame &= self.is_within_announced();
            return None;
        }
        self.within_frame = self.is_within_announced();
        self.queued -= self.tail.len();
        Some(std::mem::take(&mut self.tail).freeze())
    }

    /// Lets go of memory that was taken in advance.
    pub(crate) fn shrink(&mut self) {
        self.queue.shrink_to_fit();
        self.pings.shrink_to_fit();
    }

    /// Lets go of what only makes messages shorter.
    pub(crate) fn hibernate(&mut self) {
        if let Some(compressor) = &mut self.compressor {
            compressor.hibernate();
        }
    }

    /// Octets that wait to be handed out, owed pongs apart.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Whether anything waits, an owed pong too.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued == 0 && self.pongs.is_empty() && self.owed_pong.is_none()
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        let window = self.compressor.as_ref().map_or(0, |coder| size_of::<Compressor>() + coder.retained());
        window
            + self.queued
            + (self.tail.capacity() - self.tail.len())
            + self.queue.capacity() * size_of::<Chunk>()
            + self.pings.capacity() * size_of::<Bytes>()
            + self.pongs.capacity()
            + self.owed_pong.as_ref().map_or(0, Vec::capacity)
    }

    fn data(&mut self, header: Header, payload: &[u8]) {
        self.queued += append(&mut self.tail, &mut self.masks, header, payload);
    }

    /// Queues a server's frame whose payload goes out uncopied, as a chunk of its own.
    fn shared(&mut self, opcode: OpCode, payload: Bytes) {
        let mut bytes = [0; Header::MAX_LEN];
        let len = header(opcode, &payload).write(&mut bytes);
        self.tail.put_slice(&bytes[..len]);
        self.queued += len;
        self.flush_tail(false);
        self.push(payload, true);
    }

    fn control(&mut self, opcode: OpCode, payload: &[u8]) -> Bytes {
        let mut frame = BytesMut::with_capacity(6 + payload.len());
        append(&mut frame, &mut self.masks, header(opcode, payload), payload);
        frame.freeze()
    }

    /// Makes a chunk of the small frames so far; `ends_frame` is false when the last of them is a header whose
    /// payload comes next.
    fn flush_tail(&mut self, ends_frame: bool) {
        if !self.tail.is_empty() {
            let bytes = std::mem::take(&mut self.tail).freeze();
            self.queue.push_back(Chunk { bytes, ends_frame });
        }
    }

    fn push(&mut self, bytes: Bytes, ends_frame: bool) {
        self.queued += bytes.len();
        self.queue.push_back(Chunk { bytes, ends_frame });
    }
}

fn header(opcode: OpCode, payload: &[u8]) -> Header {
    Header { fin: true, rsv1: false, opcode, mask: None, length: payload.len() as u64 }
}

/// Writes a whole frame behind `out`, masked if there are keys, and says how long it is.
fn append(
    out: &mut BytesMut,
    masks: &mut Option<Box<dyn MaskKeys>>,
    mut header: Header,
    payload: &[u8],
) -> usize {
    header.mask = masks.as_mut().map(|keys| keys.next_key());
    let mut bytes = [0; Header::MAX_LEN];
    let len = header.write(&mut bytes);
    out.reserve(len + payload.len());
    out.put_slice(&bytes[..len]);
    let payload_at = out.len();
    out.put_slice(payload);
    if let Some(key) = header.mask {
        mask::apply(&mut out[payload_at..], key, 0);
    }
    len + payload.len()
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("queued", &self.queued).finish_non_exhaustive()
    }
}
