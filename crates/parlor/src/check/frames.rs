//! Where frames end in what a client sends, so that a whole one can be sent twice.

/// Octets of a frame that is looked at as a whole; longer ones pass unseen.
const LONGEST: usize = 1 << 20;

/// Takes what a client sends and gives it back in whole pieces: the request of the handshake, then frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: Vec<u8>,
    is_open: bool,
    /// A frame was too long; where the next one begins is not known.
    is_lost: bool,
}

/// A piece of what a client sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) octets: Vec<u8>,
    /// Whether it is a whole message, which may come again without breaking the protocol.
    pub(super) is_message: bool,
}

impl Frames {
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.held.extend_from_slice(octets);
    }

    /// The next whole piece, if there is one.
    pub(super) fn next(&mut self) -> Option<Piece> {
        if self.is_lost {
            return (!self.held.is_empty()).then(|| self.rest());
        }
        let end = if self.is_open {
            frame_end(&self.held)?
        } else {
            let end = self.held.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
            self.is_open = true;
            return Some(self.take(end, false));
        };
        if end > LONGEST {
            self.is_lost = true;
            return Some(self.rest());
        }
        // Final, uncompressed, and text or binary (RFC 6455 §5.2).
        let is_message = matches!(self.held[0], 0x81 | 0x82);
        (self.held.len() >= end).then(|| self.take(end, is_message))
    }

    /// Whatever is left, and may be no whole piece.
    pub(super) fn rest(&mut self) -> Piece {
        Piece { octets: std::mem::take(&mut self.held), is_message: false }
    }

    fn take(&mut self, end: usize, is_message: bool) -> Piece {
        let rest = self.held.split_off(end);
        Piece { octets: std::mem::replace(&mut self.held, rest), is_message }
    }
}

/// How long the first frame is, with its header, once that can be known.
fn frame_end(octets: &[u8]) -> Option<usize> {
    let second = *octets.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (header, length) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(*octets.get(2..4)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*octets.get(2..10)?.first_chunk()?)),
        length => (2, u64::from(length)),
    };
    Some(usize::try_from(length).unwrap_or(usize::MAX).saturating_add(header + mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.extend(payload);
        frame
    }

    #[test]
    fn pieces_are_whole_however_the_octets_arrive() {
        let pieces = [
            (b"GET / HTTP/1.1\r\nA: b\r\n\r\n".to_vec(), false),
            (frame(0x81, b"a"), true),
            (frame(0x89, b"ping"), false),
            (frame(0x01, b"first part"), false),
            (frame(0x80, b"last part"), false),
            (frame(0x82, &[7; 126]), true),
            (frame(0x81, &[7; 70_000]), true),
        ];
        let all: Vec<u8> = pieces.iter().flat_map(|(octets, _)| octets.clone()).collect();
        for step in [1, 2, 3, 1_000, all.len()] {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for octets in all.chunks(step) {
                frames.push(octets);
                found.extend(std::iter::from_fn(|| frames.next()));
            }
            let found: Vec<_> = found.into_iter().map(|piece| (piece.octets, piece.is_message)).collect();
            assert_eq!(found, pieces, "{step} at a time");
            assert!(frames.rest().octets.is_empty());
        }
    }

    #[test]
    fn a_frame_that_is_too_long_to_hold_passes() {
        let mut frames = Frames { is_open: true, ..Frames::default() };
        let long = frame(0x81, &vec![0; LONGEST]);
        frames.push(&long[..100]);
        assert_eq!(frames.next(), Some(Piece { octets: long[..100].to_vec(), is_message: false }));
        assert_eq!(frames.next(), None);
        frames.push(&long[100..]);
        assert_eq!(frames.next(), Some(Piece { octets: long[100..].to_vec(), is_message: false }));
    }
}
