//! What waits to be handed out, in order, and what of it has to stay together.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Frames in the order in which they go out.
#[derive(Debug)]
pub(crate) struct Queue {
    chunks: VecDeque<Chunk>,
    /// Octets in `chunks`.
    chunks_len: usize,
    /// Small frames, written one behind the other; always younger than `chunks`.
    tail: BytesMut,
    /// What was handed out last ended this.
    out: Ends,
}

#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    ends: Ends,
}

/// What is complete at the end of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Not even a frame: octets of its payload follow.
    Nothing,
    /// A frame of a message whose other frames follow.
    Frame,
    /// A message, or a control frame.
    Message,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Queue { chunks: VecDeque::new(), chunks_len: 0, tail: BytesMut::new(), out: Ends::Message }
    }

    /// Where small frames are written.
    pub(crate) fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Makes a chunk of what was written to the tail so far.
    pub(crate) fn cut(&mut self, ends: Ends) {
        if !self.tail.is_empty() {
            let bytes = std::mem::take(&mut self.tail).freeze();
            self.push_chunk(bytes, ends);
        }
    }

    /// Adds bytes that need no copying. Whatever the tail ends with was [`cut`](Queue::cut) off before.
    pub(crate) fn push(&mut self, bytes: Bytes, ends: Ends) {
        debug_assert!(self.tail.is_empty(), "the tail is younger than every chunk");
        self.push_chunk(bytes, ends);
    }

    /// Takes what goes out next; `tail_ends` is what is complete at the end of the tail.
    pub(crate) fn next(&mut self, tail_ends: Ends) -> Option<Bytes> {
        if let Some(chunk) = self.chunks.pop_front() {
            self.out = chunk.ends;
            self.chunks_len -= chunk.bytes.len();
            if self.chunks.is_empty() {
                self.chunks = VecDeque::new();
            }
            return Some(chunk.bytes);
        }
        if self.tail.is_empty() {
            return None;
        }
        self.out = tail_ends;
        Some(std::mem::take(&mut self.tail).freeze())
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
        self.chunks.shrink_to_fit();
        self.chunks_len = self.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        self.tail = BytesMut::new();
        true
    }

    /// Octets that wait.
    pub(crate) fn len(&self) -> usize {
        self.chunks_len + self.tail.len()
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        self.chunks_len + self.tail.capacity() + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// Lets go of memory that was taken in advance.
    pub(crate) fn shrink(&mut self) {
        self.chunks.shrink_to_fit();
    }

    fn push_chunk(&mut self, bytes: Bytes, ends: Ends) {
        self.chunks_len += bytes.len();
        self.chunks.push_back(Chunk { bytes, ends });
    }
}
