//! Memory for frames on their way out, which connections take turns to use.

use std::collections::VecDeque;

use crate::chunk::Chunk;
use crate::tail::Tail;

/// Memory for frames on their way out. A thread that runs many connections has one, and lends it to the connection
/// that it is busy with ([`Connection::lend_buffer`](crate::Connection::lend_buffer)): then sending allocates nothing
/// for a frame, and a connection at rest holds nothing.
///
/// It grows to what a turn needs, and keeps at most [`MAX_KEPT`](OutputBuffer::MAX_KEPT).
#[derive(Debug, Default)]
pub struct OutputBuffer {
    pub(crate) tail: Tail,
    pub(crate) chunks: VecDeque<Chunk>,
}

impl OutputBuffer {
    /// Larger memory is let go of when it comes back, in octets: room for a masked message of the default
    /// [limit](crate::Config::max_message), and others behind it.
    pub const MAX_KEPT: usize = 2 << 20;

    /// A buffer that has no memory yet.
    pub fn new() -> Self {
        OutputBuffer::default()
    }

    /// Bytes of heap held.
    pub fn retained(&self) -> usize {
        self.tail.capacity() + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// Lets go of memory that is more than is kept.
    #[inline]
    pub(crate) fn release(&mut self) {
        debug_assert!(self.tail.is_empty() && self.chunks.is_empty());
        if self.retained() > OutputBuffer::MAX_KEPT {
            self.let_go();
        }
    }

    /// Lets go of all memory.
    #[inline(never)]
    pub(crate) fn let_go(&mut self) {
        *self = OutputBuffer::new();
    }
}
