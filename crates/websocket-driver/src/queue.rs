//! What waits to go out, in order, and what of it has to stay together.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::chunk::{Chunk, Ends};
use crate::output_buffer::OutputBuffer;
use crate::tail::Tail;

/// Frames in the order in which they go out.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Small frames, and headers of larger ones.
    pub(crate) tail: Tail,
    /// The older octets of the tail, and payloads that stand between them.
    chunks: VecDeque<Chunk>,
    /// Octets of the tail that belong to `chunks`.
    small_len: usize,
    /// Octets of payloads in `chunks`.
    payload_len: usize,
    /// How much of the memory is lent.
    lent: Option<Lent>,
    /// What went out last ended this.
    out: Ends,
}

#[derive(Clone, Copy, Debug)]
struct Lent {
    tail: usize,
    chunks: usize,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Queue {
            tail: Tail::default(),
            chunks: VecDeque::new(),
            small_len: 0,
            payload_len: 0,
            lent: None,
            out: Ends::Message,
        }
    }

    /// Uses the memory of `buffer` from now on, unless there is some already.
    pub(crate) fn lend(&mut self, buffer: &mut OutputBuffer) {
        if self.lent.is_none() && self.tail.capacity() == 0 && self.chunks.capacity() == 0 {
            self.swap(buffer);
            self.lent = Some(Lent { tail: self.tail.capacity(), chunks: self.chunks.capacity() });
        }
    }

    /// Gives the memory back. What still waits takes memory of its own.
    pub(crate) fn return_to(&mut self, buffer: &mut OutputBuffer) {
        if self.lent.take().is_none() {
            return;
        }
        if buffer.retained() > 0 {
            buffer.let_go();
        }
        self.swap(buffer);
        if !buffer.tail.is_empty() || !buffer.chunks.is_empty() {
            self.keep_what_waits(buffer);
        }
        buffer.release();
    }

    // Apart, as what else is rare: within the usual way it would cost that registers to be saved.
    #[inline(never)]
    fn keep_what_waits(&mut self, buffer: &mut OutputBuffer) {
        self.tail = buffer.tail.to_exact();
        buffer.tail.clear();
        self.chunks = buffer.chunks.drain(..).collect();
    }

    fn swap(&mut self, buffer: &mut OutputBuffer) {
        std::mem::swap(&mut self.tail, &mut buffer.tail);
        std::mem::swap(&mut self.chunks, &mut buffer.chunks);
    }

    /// Whether small frames of `len` octets go where the memory is there to stay, or is there already.
    pub(crate) fn takes(&self, len: usize) -> bool {
        self.lent.is_some() || self.tail.has_room(len)
    }

    /// Marks what the small frames so far end.
    pub(crate) fn cut(&mut self, ends: Ends) {
        if self.tail_len() > 0 {
            self.push(Bytes::new(), ends);
        }
    }

    /// Adds a payload that needs no copying, behind the tail.
    pub(crate) fn push(&mut self, payload: Bytes, ends: Ends) {
        let small = self.tail_len();
        self.small_len += small;
        self.payload_len += payload.len();
        self.chunks.push_back(Chunk { small, payload, ends });
    }

    /// Takes what goes out next; `tail_ends` is what is complete at the end of the tail.
    pub(crate) fn next(&mut self, tail_ends: Ends) -> Option<Bytes> {
        let octets = match self.chunks.front_mut() {
            // It is on its way from here on, so nothing is left of it to consume.
            Some(chunk) if chunk.small == 0 => {
                let payload = std::mem::take(&mut chunk.payload);
                self.payload_len -= payload.len();
                self.out = chunk.ends;
                self.chunks.pop_front();
                self.release();
                return Some(payload);
            }
            Some(chunk) => Bytes::copy_from_slice(&self.tail.as_slice()[..chunk.small]),
            None if self.tail.is_empty() => return None,
            None if self.lent.is_none() => {
                self.out = tail_ends;
                return Some(std::mem::take(&mut self.tail).into_vec().into());
            }
            None => Bytes::copy_from_slice(self.tail.as_slice()),
        };
        self.written(octets.len(), tail_ends);
        Some(octets)
    }

    /// Puts what goes out next into `slices`, which are not empty, and says how many it took. With `only_begun`, no
    /// more than what has begun to go out, where its end is known.
    #[inline]
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>], only_begun: bool) -> usize {
        // Nearly always there is nothing but small frames.
        if self.chunks.is_empty()
            && !self.tail.is_empty()
            && let Some(first) = slices.first_mut()
        {
            *first = IoSlice::new(self.tail.as_slice());
            return 1;
        }
        self.slices_of_chunks(slices, only_begun)
    }

    #[inline(never)]
    fn slices_of_chunks<'a>(&'a self, slices: &mut [IoSlice<'a>], only_begun: bool) -> usize {
        let only_first = only_begun && !self.chunks.is_empty();
        let mut octets = self.tail.as_slice();
        let (mut small, mut count) = (0, 0);
        for chunk in self.chunks.iter().take(if only_first { 1 } else { usize::MAX }) {
            small += chunk.small;
            if chunk.payload.is_empty() {
                continue;
            }
            if small > 0 && count < slices.len() {
                let (before, after) = octets.split_at(small);
                slices[count] = IoSlice::new(before);
                count += 1;
                (octets, small) = (after, 0);
            }
            if count == slices.len() {
                return count;
            }
            slices[count] = IoSlice::new(&chunk.payload);
            count += 1;
        }
        if only_first {
            octets = &octets[..small];
        }
        if !octets.is_empty() && count < slices.len() {
            slices[count] = IoSlice::new(octets);
            count += 1;
        }
        count
    }

    /// Forgets the oldest octets, which are written; `tail_ends` as for [`next`](Queue::next).
    #[inline]
    pub(crate) fn written(&mut self, len: usize, tail_ends: Ends) {
        // Nearly always it is all that there was, and nothing but small frames.
        if self.chunks.is_empty() && len == self.tail.len() && len > 0 {
            self.tail.clear();
            self.out = tail_ends;
        } else {
            self.written_in_part(len, tail_ends);
        }
        self.release();
    }

    #[inline(never)]
    fn written_in_part(&mut self, mut len: usize, tail_ends: Ends) {
        while len > 0 {
            let Some(chunk) = self.chunks.front_mut() else {
                self.tail.consume(len);
                self.out = if self.tail.is_empty() { tail_ends } else { Ends::Nothing };
                // Where its frames end is not known, so what comes now must not come between.
                self.cut(tail_ends);
                break;
            };
            let small = len.min(chunk.small);
            chunk.small -= small;
            self.small_len -= small;
            self.tail.consume(small);
            let payload = (len - small).min(chunk.payload.len());
            chunk.payload.advance(payload);
            self.payload_len -= payload;
            len -= small + payload;
            self.out = Ends::Nothing;
            if chunk.small == 0 && chunk.payload.is_empty() {
                self.out = chunk.ends;
                self.chunks.pop_front();
            }
        }
    }

    /// Whether octets of the frame that was begun are still to come, so that no other frame can go out.
    pub(crate) fn is_within_frame(&self) -> bool {
        self.out == Ends::Nothing
    }

    /// Forgets all but the rest of a message that has begun to go out: without its end the peer would take the
    /// next message for a part of it. Says whether the end of that message is here, or there is none; if not,
    /// all that waits belongs to it.
    pub(crate) fn discard(&mut self) -> bool {
        let kept = match self.out {
            Ends::Message => Some(0),
            _ => self.chunks.iter().position(|chunk| chunk.ends == Ends::Message).map(|last| last + 1),
        };
        let Some(kept) = kept else { return false };
        self.chunks.truncate(kept);
        self.small_len = self.chunks.iter().map(|chunk| chunk.small).sum();
        self.payload_len = self.chunks.iter().map(|chunk| chunk.payload.len()).sum();
        self.tail.truncate(self.small_len);
        self.shrink();
        self.release();
        true
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.out = Ends::Message;
        self.discard();
    }

    /// Octets that wait.
    pub(crate) fn len(&self) -> usize {
        self.tail.len() + self.payload_len
    }

    /// Bytes of heap held; not what is lent.
    #[inline]
    pub(crate) fn retained(&self) -> usize {
        let lent = self.lent.unwrap_or(Lent { tail: 0, chunks: 0 });
        let chunks = self.chunks.capacity().saturating_sub(lent.chunks) * size_of::<Chunk>();
        self.tail.capacity().saturating_sub(lent.tail) + self.payload_len + chunks
    }

    /// Lets go of memory that was taken in advance.
    pub(crate) fn shrink(&mut self) {
        if self.lent.is_none() {
            self.chunks.shrink_to_fit();
        }
    }

    /// Octets of the tail that belong to no chunk.
    fn tail_len(&self) -> usize {
        self.tail.len() - self.small_len
    }

    /// Lets go of memory in which nothing waits, but not of what is lent.
    #[inline]
    fn release(&mut self) {
        if self.lent.is_none() {
            self.release_own();
        }
    }

    #[inline(never)]
    fn release_own(&mut self) {
        self.tail.release();
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
    }
}
