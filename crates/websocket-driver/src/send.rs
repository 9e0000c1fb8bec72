//! Messages become frames, and frames wait in order until they are handed out.

use std::fmt;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::chunk::Ends;
use crate::close;
use crate::close_code::CloseCode;
use crate::control::Control;
use crate::deflate::Compressor;
use crate::encode::{COPY_BELOW, Masks, append, append_at_once, append_header, header};
use crate::error::UsageError;
use crate::frame::{Header, OpCode};
use crate::mask;
use crate::message::{Message, Octets};
use crate::output_buffer::OutputBuffer;
use crate::parts::{self, Announced, Unfinished};
use crate::prepared::{self, Prepared};
use crate::queue::Queue;

/// A prepared frame that is shorter is copied where that takes no memory. It is cheaper than to share it, and the
/// queue of a slow peer that it may have to move to becomes little longer by it.
const COPY_PREPARED_BELOW: usize = 512;

/// Writes frames of one direction. At rest it holds no heap.
pub(crate) struct Sender {
    /// Where the keys come from, for a client; a server's frames have none (RFC 6455 §5.1).
    masks: Masks,
    /// Where compression was agreed to.
    pub(crate) compressor: Option<Box<Compressor>>,
    queue: Queue,
    /// Pings and pongs that wait; none, and no memory for any, most of the time.
    control: Option<Box<Control>>,
    /// The message that is being sent in parts.
    pub(crate) unfinished: Option<Box<Unfinished>>,
}

impl Sender {
    pub(crate) fn new(masks: Masks) -> Self {
        Sender { masks, compressor: None, queue: Queue::new(), control: None, unfinished: None }
    }

    /// From now on messages are compressed where it helps.
    pub(crate) fn compress(&mut self, compressor: Compressor) {
        self.compressor = Some(Box::new(compressor));
    }

    /// Copies a message to where there is room already, if nothing speaks against it; says whether it did.
    #[inline]
    pub(crate) fn message_at_once(&mut self, message: &Message<'_>) -> bool {
        self.unfinished.is_none()
            && self.compressor.is_none()
            && append_at_once(&mut self.queue.tail, &mut self.masks, message.opcode(), message.as_bytes())
    }

    pub(crate) fn message(&mut self, message: Message<'_>) {
        let opcode = message.opcode();
        if self.compressor.is_some() && self.compressed(opcode, message.as_bytes()) {
            return;
        }
        if message.len() < COPY_BELOW {
            self.data(header(opcode, message.as_bytes()), message.as_bytes());
        } else {
            self.long(opcode, message.into_octets());
        }
    }

    /// Sends a payload that is copied no more than it has to be.
    fn long(&mut self, opcode: OpCode, payload: Octets<'_>) {
        let header = header(opcode, payload.as_bytes());
        match payload {
            Octets::Shared(payload) if self.masks.is_none() => self.shared(header, payload),
            Octets::Shared(payload) => match payload.try_into_mut() {
                Ok(payload) => self.owned(header, payload),
                Err(payload) => self.copied(header, &payload),
            },
            Octets::Borrowed(payload) => self.copied(header, payload),
        }
    }

    fn copied(&mut self, header: Header, payload: &[u8]) {
        if self.queue.takes(Header::MAX_LEN + payload.len()) {
            self.data(header, payload);
        } else {
            self.owned(header, BytesMut::from(payload));
        }
    }

    /// Sends a payload that nobody else has, so that it can be masked where it is.
    fn owned(&mut self, mut header: Header, mut payload: BytesMut) {
        header.mask = self.masks.as_mut().map(|keys| keys.next_key());
        if let Some(key) = header.mask {
            mask::apply(&mut payload, key, 0);
        }
        self.shared(header, payload.freeze());
    }

    /// Sends a message compressed, or says that it should go out as it is.
    fn compressed(&mut self, opcode: OpCode, payload: &[u8]) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        let (tail, masks) = (&mut self.queue.tail, &mut self.masks);
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
        } else if form.frame.len() < COPY_PREPARED_BELOW && self.queue.tail.has_room(form.frame.len()) {
            self.queue.tail.push(&form.frame);
        } else {
            self.queue.cut(Ends::Message);
            self.queue.push(form.frame.clone(), Ends::Message);
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
                announced.write(payload, last, &mut self.queue.tail)?
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
        self.queue.cut(Ends::Message);
        append_header(&mut self.queue.tail, &header);
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

    pub(crate) fn ping(&mut self, payload: &[u8]) {
        self.control.get_or_insert_default().ping(payload, &mut self.masks);
    }

    /// Whether a ping of our own still waits.
    pub(crate) fn has_ping(&self) -> bool {
        self.control.as_ref().is_some_and(|control| !control.pings.is_empty())
    }

    pub(crate) fn owe_pong(&mut self, payload: &[u8]) {
        self.control.get_or_insert_default().owe_pong(payload, &mut self.masks);
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
            let pongs = control.take_answers(&mut self.masks);
            self.queue.cut(Ends::Frame);
            self.queue.push(Bytes::copy_from_slice(pongs.as_slice()), Ends::Frame);
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
        self.forget_control();
        if self.queue.discard() {
            // The window knows messages that the peer will never see.
            self.hibernate();
            self.unfinished = None;
        }
    }

    /// Lets go of everything: nothing more will be sent.
    pub(crate) fn abandon(&mut self) {
        self.unfinished = None;
        self.queue.clear();
        self.control = None;
        self.hibernate();
    }

    /// The next bytes for the wire, in whole frames or parts of one.
    pub(crate) fn next(&mut self, may_answer: bool) -> Option<Bytes> {
        self.gather_control(may_answer);
        if let Some(control) = self.control.as_mut().filter(|control| !control.going.is_empty()) {
            let frames = std::mem::take(&mut control.going);
            self.forget_control();
            return Some(frames);
        }
        self.queue.next(parts::ends(self.unfinished.as_deref()))
    }

    /// Makes what is to be written next ready for [`slices`](Sender::slices), and says whether there is anything.
    #[inline]
    pub(crate) fn prepare(&mut self, may_answer: bool) -> bool {
        if self.control.is_some() {
            self.gather_control(may_answer);
        }
        self.queue.len() > 0 || self.control.as_ref().is_some_and(|control| !control.going.is_empty())
    }

    /// Puts what is to be written next into `slices` and says how many it took.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match self.control.as_deref() {
            Some(Control { going, .. }) if !going.is_empty() => {
                slices[0] = IoSlice::new(going);
                1 + self.queue.slices(&mut slices[1..], false)
            }
            // Control frames that wait come behind the frame that has begun.
            control => self.queue.slices(slices, control.is_some()),
        }
    }

    /// Forgets what was written of [`slices`](Sender::slices).
    #[inline]
    pub(crate) fn written(&mut self, len: usize) {
        let control_len = if self.control.is_some() { self.written_control(len) } else { 0 };
        self.queue.written(len - control_len, parts::ends(self.unfinished.as_deref()));
    }

    // Apart, since it is rare: within the usual way it would cost that registers to be saved.
    /// Forgets what was written of control frames, at most `len` octets, and says how many these are.
    #[inline(never)]
    fn written_control(&mut self, len: usize) -> usize {
        let Some(control) = &mut self.control else { return 0 };
        let written = control.going.len().min(len);
        control.going.advance(written);
        self.forget_control();
        written
    }

    pub(crate) fn lend(&mut self, buffer: &mut OutputBuffer) {
        self.queue.lend(buffer);
    }

    pub(crate) fn return_to(&mut self, buffer: &mut OutputBuffer) {
        self.queue.return_to(buffer);
    }

    /// Bytes of heap held, control frames apart.
    #[inline]
    pub(crate) fn lasting(&self) -> usize {
        self.window() + self.queue.retained() + self.unfinished.iter().len() * size_of::<Unfinished>()
    }

    /// Bytes of heap held for compressing.
    pub(crate) fn window(&self) -> usize {
        self.compressor.as_ref().map_or(0, |coder| size_of::<Compressor>() + coder.retained())
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

    /// Puts the control frames that wait on their way, if they may come now; what the peer is owed is forgotten
    /// once nothing may be answered any more.
    #[inline(never)]
    fn gather_control(&mut self, may_answer: bool) {
        if self.queue.is_within_frame() {
            return;
        }
        let Some(control) = &mut self.control else { return };
        if !may_answer {
            control.forget_answers();
        }
        control.gather(&mut self.masks);
        self.forget_control();
    }

    /// Lets go of the memory for control frames when there are none.
    fn forget_control(&mut self) {
        self.control = self.control.take().filter(|control| !control.is_empty());
    }

    /// Octets that wait to be handed out, owed pongs apart.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
            + self.control.as_ref().map_or(0, |control| control.pings.len() + control.going.len())
    }

    /// Whether nothing can be handed out: an owed pong can, but not within a frame.
    pub(crate) fn is_empty(&self) -> bool {
        let has_control = self.control.as_ref().is_some_and(|control| !control.is_empty());
        self.queue.len() == 0 && (self.queue.is_within_frame() || !has_control)
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        self.lasting() + self.control_retained()
    }

    /// Bytes of heap held by control frames.
    #[inline]
    pub(crate) fn control_retained(&self) -> usize {
        self.control.as_ref().map_or(0, |control| control.retained())
    }

    fn data(&mut self, header: Header, payload: &[u8]) {
        append(&mut self.queue.tail, &mut self.masks, header, payload);
    }

    /// Queues a frame whose payload goes out uncopied, masked already where it has to be.
    fn shared(&mut self, header: Header, payload: Bytes) {
        append_header(&mut self.queue.tail, &header);
        self.queue.push(payload, Ends::Message);
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("queued", &self.queued()).finish_non_exhaustive()
    }
}
