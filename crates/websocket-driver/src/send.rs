//! Messages become frames, and frames wait in order until they are handed out.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::close;
use crate::close_code::CloseCode;
use crate::control::Control;
use crate::deflate::Compressor;
use crate::error::UsageError;
use crate::frame::{Header, OpCode};
use crate::mask::{self, MaskKeys};
use crate::message::Message;
use crate::parts::{Announced, Unfinished};
use crate::prepared::{self, Prepared};
use crate::queue::{Ends, Queue};

/// From this size on a payload that is shared already goes out as it is; a shorter one is copied behind its
/// header, because one long write is cheaper than two short ones.
const COPY_BELOW: usize = 4096;

/// The least memory that small frames are given at a time, in octets; it is let go once they are handed out.
const LEAST_TAIL: usize = 512;

/// Writes frames of one direction. At rest it holds no heap.
pub(crate) struct Sender {
    /// Where the keys come from, for a client; a server's frames have none (RFC 6455 §5.1).
    masks: Option<Box<dyn MaskKeys>>,
    /// Where compression was agreed to.
    compressor: Option<Box<Compressor>>,
    queue: Queue,
    /// Pings and pongs that wait; none, and no memory for any, most of the time.
    control: Option<Box<Control>>,
    /// The message that is being sent in parts.
    unfinished: Option<Box<Unfinished>>,
}

impl Sender {
    pub(crate) fn new(masks: Option<Box<dyn MaskKeys>>) -> Self {
        Sender { masks, compressor: None, queue: Queue::new(), control: None, unfinished: None }
    }

    /// From now on messages are compressed where it helps.
    pub(crate) fn compress(&mut self, compressor: Compressor) {
        self.compressor = Some(Box::new(compressor));
    }

    pub(crate) fn message(&mut self, message: Message<'_>) {
        let opcode = message.opcode();
        if self.compressor.is_some() && self.compressed(opcode, message.as_bytes()) {
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
        let (tail, masks) = (self.queue.tail(), &mut self.masks);
        let added = compressor.compress(payload, |bytes| {
            append(tail, masks, Header { rsv1: true, ..header(opcode, bytes) }, bytes);
        });
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
        let compressed = if shares { prepared.compressed() } else { None };
        if let (Some(compressor), Some(_)) = (&mut self.compressor, compressed) {
            compressor.sent(prepared.payload());
        }
        let form = compressed.unwrap_or(prepared.plain());
        if self.masks.is_some() {
            let header = header(prepared.opcode(), form.payload());
            self.data(Header { rsv1: compressed.is_some(), ..header }, form.payload());
        } else {
            self.frame(form.frame.clone());
        }
    }

    /// Sends a part of a message: a frame of its own, or the next octets of a frame that was announced.
    pub(crate) fn part(&mut self, part: &Message<'_>, last: bool) -> Result<(), UsageError> {
        let (opcode, payload) = (part.opcode(), part.as_bytes());
        let finished = match self.unfinished.as_deref_mut() {
            None => {
                if !last {
                    self.queue.cut(Ends::Message);
                }
                self.data(Header { fin: last, ..header(opcode, payload) }, payload);
                if !last {
                    self.unfinished = Some(Box::new(Unfinished { opcode, announced: None }));
                }
                return Ok(());
            }
            Some(unfinished) if unfinished.opcode != opcode => return Err(UsageError::WrongPart),
            Some(Unfinished { announced: Some(announced), .. }) => {
                announced.write(payload, last, self.queue.tail())?
            }
            Some(_) => {
                self.data(Header { fin: last, ..header(OpCode::Continuation, payload) }, payload);
                last
            }
        };
        if finished {
            self.unfinished = None;
            self.queue.cut(Ends::Message);
        }
        Ok(())
    }

    /// Sends the header of a message of `length` octets, whose parts will follow.
    pub(crate) fn announce(&mut self, opcode: OpCode, length: u64) {
        let mask = self.masks.as_mut().map(|keys| keys.next_key());
        let header = Header { fin: true, rsv1: false, opcode, mask, length };
        let mut bytes = [0; Header::MAX_LEN];
        let len = header.write(&mut bytes);
        self.queue.cut(Ends::Message);
        self.queue.tail().put_slice(&bytes[..len]);
        if length > 0 {
            let announced = Some(Announced::new(&header));
            self.unfinished = Some(Box::new(Unfinished { opcode, announced }));
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
        self.queue.cut(Ends::Message);
        self.queue.push(frame, Ends::Message);
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) {
        let frame = self.control_frame(OpCode::Ping, payload);
        self.control.get_or_insert_default().pings.push_back(frame);
    }

    /// Whether a ping of our own still waits.
    pub(crate) fn has_ping(&self) -> bool {
        self.control.as_ref().is_some_and(|control| !control.pings.is_empty())
    }

    pub(crate) fn owe_pong(&mut self, payload: &[u8]) {
        let control = self.control.get_or_insert_default();
        if control.answers_at_once() {
            append(&mut control.pongs, &mut self.masks, header(OpCode::Pong, payload), payload);
        } else {
            control.owe(payload);
        }
    }

    /// Queues the last frame of this direction. Nothing is answered after it. Within a frame whose payload will
    /// not come any more no other frame can be sent; the end of the transport has to do.
    pub(crate) fn close(&mut self, code: CloseCode, reason: &str) {
        if self.is_within_announced() {
            self.control = None;
            return;
        }
        // Answers to what was asked before the close stand before it.
        if let Some(control) = self.control.as_mut().filter(|control| control.owes()) {
            let mut pongs = std::mem::take(&mut control.pongs);
            if let Some(owed) = control.owed_pong.take() {
                append(&mut pongs, &mut self.masks, header(OpCode::Pong, &owed), &owed);
            }
            self.queue.cut(Ends::Frame);
            self.queue.push(pongs.freeze(), Ends::Frame);
        }
        let body = close::body(code, reason);
        self.data(header(OpCode::Close, &body), &body);
    }

    /// Forgets what is queued and has not begun to go out. A message that has begun has to be completed: without
    /// its end the peer would take the next one for a part of it.
    pub(crate) fn discard(&mut self) {
        if self.is_within_announced() {
            return;
        }
        if let Some(control) = &mut self.control {
            control.pings.clear();
        }
        self.control = self.control.take().filter(|control| !control.is_empty());
        if self.queue.discard() {
            // The window knows messages that the peer will never see.
            self.hibernate();
            self.unfinished = None;
        }
    }

    /// Lets go of everything: nothing more will be sent.
    pub(crate) fn abandon(&mut self) {
        self.unfinished = None;
        self.queue = Queue::new();
        self.control = None;
        self.hibernate();
    }

    /// The next bytes for the wire, in whole frames or parts of one.
    pub(crate) fn next(&mut self, may_control: bool) -> Option<Bytes> {
        if !self.queue.is_within_frame()
            && self.control.is_some()
            && let Some(frame) = self.next_control(may_control)
        {
            return Some(frame);
        }
        self.queue.next(match &self.unfinished {
            None => Ends::Message,
            Some(unfinished) if unfinished.announced.is_some() => Ends::Nothing,
            Some(_) => Ends::Frame,
        })
    }

    /// Bytes of heap that the queue holds.
    pub(crate) fn queue_retained(&self) -> usize {
        self.queue.retained()
    }

    /// Whether the shared compressed form of a message can go out here.
    pub(crate) fn takes_compressed(&self) -> bool {
        self.compressor.as_ref().is_some_and(|coder| coder.takes(prepared::SETTINGS))
    }

    /// Lets go of memory that was taken in advance.
    pub(crate) fn shrink(&mut self) {
        self.queue.shrink();
    }

    /// Lets go of what only makes messages shorter.
    pub(crate) fn hibernate(&mut self) {
        if let Some(compressor) = &mut self.compressor {
            compressor.hibernate();
        }
    }

    /// The next control frame; what the peer is owed is forgotten once nothing may be answered any more.
    fn next_control(&mut self, may_answer: bool) -> Option<Bytes> {
        let mut control = self.control.take()?;
        if !may_answer {
            control.pongs = BytesMut::new();
            control.owed_pong = None;
        }
        let frame = if !control.pongs.is_empty() {
            Some(std::mem::take(&mut control.pongs).freeze())
        } else if let Some(payload) = control.owed_pong.take() {
            Some(self.control_frame(OpCode::Pong, &payload))
        } else {
            control.pings.pop_front()
        };
        self.control = Some(control).filter(|control| !control.is_empty());
        frame
    }

    /// Octets that wait to be handed out, owed pongs apart.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len() + self.control.as_ref().map_or(0, |control| control.pings_len())
    }

    /// Whether nothing can be handed out: an owed pong can, but not within a frame.
    pub(crate) fn is_empty(&self) -> bool {
        let has_control = self.control.as_ref().is_some_and(|control| !control.is_empty());
        self.queue.len() == 0 && (self.queue.is_within_frame() || !has_control)
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        let window = self.compressor.as_ref().map_or(0, |coder| size_of::<Compressor>() + coder.retained());
        window
            + self.queue.retained()
            + self.unfinished.as_ref().map_or(0, |_| size_of::<Unfinished>())
            + self.control_retained()
    }

    /// Bytes of heap held by control frames.
    pub(crate) fn control_retained(&self) -> usize {
        self.control.as_ref().map_or(0, |control| control.retained())
    }

    fn data(&mut self, header: Header, payload: &[u8]) {
        append(self.queue.tail(), &mut self.masks, header, payload);
    }

    /// Queues a server's frame whose payload goes out uncopied, as a chunk of its own.
    fn shared(&mut self, opcode: OpCode, payload: Bytes) {
        let mut bytes = [0; Header::MAX_LEN];
        let len = header(opcode, &payload).write(&mut bytes);
        self.queue.tail().put_slice(&bytes[..len]);
        self.queue.cut(Ends::Nothing);
        self.queue.push(payload, Ends::Message);
    }

    fn control_frame(&mut self, opcode: OpCode, payload: &[u8]) -> Bytes {
        let mut frame = BytesMut::with_capacity(6 + payload.len());
        append(&mut frame, &mut self.masks, header(opcode, payload), payload);
        frame.freeze()
    }
}

fn header(opcode: OpCode, payload: &[u8]) -> Header {
    Header { fin: true, rsv1: false, opcode, mask: None, length: payload.len() as u64 }
}

/// Writes a whole frame behind `out`, masked if there are keys.
fn append(out: &mut BytesMut, masks: &mut Option<Box<dyn MaskKeys>>, mut header: Header, payload: &[u8]) {
    header.mask = masks.as_mut().map(|keys| keys.next_key());
    let mut bytes = [0; Header::MAX_LEN];
    let len = header.write(&mut bytes);
    let added = len + payload.len();
    if out.capacity() - out.len() < added {
        out.reserve(added.max(LEAST_TAIL));
    }
    out.extend_from_slice(&bytes[..len]);
    let payload_at = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = header.mask {
        mask::apply(&mut out[payload_at..], key, 0);
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("queued", &self.queued()).finish_non_exhaustive()
    }
}
