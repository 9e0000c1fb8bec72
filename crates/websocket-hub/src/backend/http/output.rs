//! What waits to be written, in pieces that are not copied.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

#[derive(Debug, Default)]
pub(super) struct Output {
    pieces: VecDeque<Bytes>,
    len: usize,
}

impl Output {
    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.len += piece.len();
            self.pieces.push_back(piece);
        }
    }

    pub(super) fn write(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let mut piece = BytesMut::with_capacity(256);
        write(&mut piece);
        self.push(piece.freeze());
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Points `slices` at what comes next and says how many of them are needed for it.
    pub(super) fn pieces<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// So many octets are gone.
    pub(super) fn written(&mut self, mut written: usize) {
        self.len -= written;
        while let Some(first) = self.pieces.front_mut() {
            if written < first.len() {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.pieces.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Output::default();
    }
}
