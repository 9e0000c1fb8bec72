//! A piece of the queue: small frames, and the payload that comes behind them.

use bytes::Bytes;

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

/// Some octets of the tail, then a payload that goes out as it is.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// How many octets of the tail.
    pub(crate) small: usize,
    /// Empty where the chunk only marks what its small frames end.
    pub(crate) payload: Bytes,
    /// What is complete behind both.
    pub(crate) ends: Ends,
}
