//! What one connection has to write of its own, in order.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::fanout::Own;

/// Whole frames, the first of which may have begun to go out.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    pieces: VecDeque<Piece>,
    len: usize,
    /// How many pieces at the front are what is left of a frame of which octets have gone out.
    begun: usize,
    /// How many pieces of control frames stand at the front, one that has begun not counted.
    controls: usize,
}

#[derive(Debug)]
struct Piece {
    octets: Bytes,
    /// The number of the publication that it stands behind.
    after: u64,
    /// It is the payload of a frame whose header is the piece before.
    continues: bool,
}

impl Writing {
    /// Adds frames behind all others.
    pub(crate) fn push(&mut self, octets: Bytes, after: u64) {
        self.len += octets.len();
        self.pieces.push_back(Piece { octets, after, continues: false });
    }

    /// Adds a frame in two pieces behind all others, so that its payload goes out from where it is.
    pub(crate) fn push_frame(&mut self, header: Bytes, payload: Bytes, after: u64) {
        self.push(header, after);
        self.len += payload.len();
        self.pieces.push_back(Piece { octets: payload, after, continues: true });
    }

    /// Adds control frames, which wait for nothing but the frame that has begun and each other.
    fn push_control(&mut self, octets: Bytes) {
        self.len += octets.len();
        let at = self.begun + self.controls;
        self.pieces.insert(at, Piece { octets, after: 0, continues: false });
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
        while count > 0 && !self.pieces.is_empty() {
            if self.begun == 0 {
                self.begun = 1 + usize::from(self.pieces.get(1).is_some_and(|piece| piece.continues));
                self.controls = self.controls.saturating_sub(1);
            }
            let first = &mut self.pieces[0].octets;
            if count < first.len() {
                first.advance(count);
                break;
            }
            count -= first.len();
            if let Some(piece) = self.pieces.pop_front().filter(|piece| piece.continues) {
                // The next message that comes in pieces is put together there.
                websocket_driver::memory::give_back(piece.octets);
            }
            self.begun -= 1;
        }
        if self.pieces.is_empty() && self.pieces.capacity() > 4 {
            self.pieces = VecDeque::new();
        }
    }

    /// Throws away what has not begun to go out.
    pub(crate) fn discard(&mut self) {
        self.pieces.truncate(self.begun);
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

    fn begun(&self) -> usize {
        self.begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes out, octet by octet as the transport takes them, with control frames that come at any time.
    fn written(step: usize, controls_at: &[usize]) -> Vec<u8> {
        let mut writing = Writing::default();
        writing.push(Bytes::from_static(b"aa"), 0);
        writing.push_frame(Bytes::from_static(b"hh"), Bytes::from_static(b"payload"), 0);
        writing.push(Bytes::from_static(b"zz"), 0);
        let mut out = Vec::new();
        while !writing.is_empty() || out.is_empty() {
            if controls_at.contains(&out.len()) && !writing.has_control() {
                writing.push_control(Bytes::from_static(b"CC"));
            }
            let before = writing.len();
            let mut count = step.min(before);
            let mut nth = 0;
            writing.written({
                let wanted = count;
                while count > 0 {
                    let (octets, _) = writing.piece(nth).unwrap();
                    let taken = octets.len().min(count);
                    out.extend_from_slice(&octets[..taken]);
                    count -= taken;
                    nth += 1;
                }
                wanted
            });
        }
        out
    }

    #[test]
    fn a_control_frame_never_comes_between_a_header_and_its_payload() {
        for step in 1..=13 {
            for at in 0..=13 {
                let text = String::from_utf8(written(step, &[at])).unwrap();
                let whole = [
                    "CCaahhpayloadzz",
                    "aaCChhpayloadzz",
                    "aahhpayloadCCzz",
                    "aahhpayloadzzCC",
                    "aahhpayloadzz",
                ];
                assert!(whole.contains(&text.as_str()), "steps of {step}, at {at}: {text}");
            }
        }
    }

    #[test]
    fn what_is_thrown_away_is_not_the_rest_of_a_frame_that_has_begun() {
        for (count, left) in
            [(0, ""), (1, "a"), (2, ""), (3, "hpayload"), (4, "payload"), (6, "yload"), (11, "")]
        {
            let mut writing = Writing::default();
            writing.push(Bytes::from_static(b"aa"), 0);
            writing.push_frame(Bytes::from_static(b"hh"), Bytes::from_static(b"payload"), 0);
            writing.push(Bytes::from_static(b"zz"), 0);
            writing.written(count);
            writing.discard();
            let pieces = (0..).map_while(|nth| writing.piece(nth)).map(|(octets, _)| octets);
            assert_eq!(pieces.collect::<Vec<_>>().concat(), left.as_bytes(), "{count} octets were written");
            assert_eq!(writing.len(), left.len());
        }
    }
}
