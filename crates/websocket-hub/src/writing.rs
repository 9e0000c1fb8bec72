//! What one connection has to write of its own, in order.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::fanout::Own;

/// Whole frames, the first of which may have begun to go out.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    pieces: VecDeque<Piece>,
    len: usize,
    /// Octets of the first piece have gone out.
    begun: bool,
    /// How many pieces of control frames stand at the front, one that has begun not counted.
    controls: usize,
}

#[derive(Debug)]
struct Piece {
    octets: Bytes,
    /// The number of the publication that it stands behind.
    after: u64,
}

impl Writing {
    /// Adds frames behind all others.
    pub(crate) fn push(&mut self, octets: Bytes, after: u64) {
        self.len += octets.len();
        self.pieces.push_back(Piece { octets, after });
    }

    /// Adds control frames, which wait for nothing but the frame that has begun and each other.
    fn push_control(&mut self, octets: Bytes) {
        self.len += octets.len();
        let at = usize::from(self.begun) + self.controls;
        self.pieces.insert(at, Piece { octets, after: 0 });
        self.controls += 1;
    }

    /// Adds a chunk from the driver. If it begins with a control frame it is nothing else (RFC 6455 §5.5).
    pub(crate) fn push_driven(&mut self, octets: Bytes, after: u64) {
        if octets.first().is_some_and(|first| first & 0x08 != 0) {
            self.push_control(octets);
        } else {
            self.push(octets, after);
        }
    }

    /// Whether control frames wait.
    pub(crate) fn has_control(&self) -> bool {
        self.controls > 0
    }

    /// So many octets went out.
    pub(crate) fn written(&mut self, mut count: usize) {
        self.len -= count;
        while let Some(first) = self.pieces.front_mut().filter(|_| count > 0) {
            if !std::mem::replace(&mut self.begun, true) {
                self.controls = self.controls.saturating_sub(1);
            }
            if count < first.octets.len() {
                first.octets.advance(count);
                break;
            }
            count -= first.octets.len();
            self.pieces.pop_front();
            self.begun = false;
        }
        if self.pieces.is_empty() && self.pieces.capacity() > 4 {
            self.pieces = VecDeque::new();
        }
    }

    /// Throws away what has not begun to go out.
    pub(crate) fn discard(&mut self) {
        self.pieces.truncate(usize::from(self.begun));
        self.pieces.shrink_to_fit();
        self.controls = 0;
        self.len = self.pieces.iter().map(|piece| piece.octets.len()).sum();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The number of the last publication that anything here stands behind.
    pub(crate) fn last_after(&self) -> u64 {
        self.pieces.back().map_or(0, |piece| piece.after)
    }

    /// Octets.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Own for Writing {
    fn piece(&self, nth: usize) -> Option<(&[u8], u64)> {
        self.pieces.get(nth).map(|piece| (&piece.octets[..], piece.after))
    }

    fn is_begun(&self) -> bool {
        self.begun
    }
}
