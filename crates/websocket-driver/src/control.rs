//! Control frames that wait to go out: answers to pings, and pings of our own. They overtake messages, so that a
//! long queue does not look like a dead line.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// While less than this waits, in octets, every ping is answered. Above it only the newest one is owed an answer.
pub(crate) const PROMPT_PONGS_BELOW: usize = 1024;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Pings of our own, as frames.
    pub(crate) pings: VecDeque<Bytes>,
    /// Answers to pings, as frames, oldest first.
    pub(crate) pongs: BytesMut,
    /// The payload of the newest ping that has no answer in `pongs`. A newer one takes its place
    /// (RFC 6455 §5.5.3 allows it), so a peer that pings without reading costs 125 octets.
    pub(crate) owed_pong: Option<Vec<u8>>,
}

impl Control {
    /// Whether the next ping can be answered at once, rather than only be owed an answer.
    pub(crate) fn answers_at_once(&self) -> bool {
        self.owed_pong.is_none() && self.pongs.len() < PROMPT_PONGS_BELOW
    }

    /// Remembers that the newest ping is to be answered.
    pub(crate) fn owe(&mut self, payload: &[u8]) {
        let owed = self.owed_pong.get_or_insert_default();
        owed.clear();
        owed.extend_from_slice(payload);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pings.is_empty() && self.pongs.is_empty() && self.owed_pong.is_none()
    }

    /// Octets of the frames in `pings`.
    pub(crate) fn pings_len(&self) -> usize {
        self.pings.iter().map(Bytes::len).sum()
    }

    /// Whether the peer is owed an answer.
    pub(crate) fn owes(&self) -> bool {
        !self.pongs.is_empty() || self.owed_pong.is_some()
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        size_of::<Control>()
            + self.pings_len()
            + self.pings.capacity() * size_of::<Bytes>()
            + self.pongs.capacity()
            + self.owed_pong.as_ref().map_or(0, Vec::capacity)
    }
}
