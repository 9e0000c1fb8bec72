//! UTF-8 that arrives in pieces: every octet is judged once, and a bad one as soon as it is there.

/// The octets of a code point whose end has not arrived yet: three at the most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8Tail {
    bytes: [u8; 4],
    len: usize,
}

/// The octets so far cannot become UTF-8, whatever follows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8;

/// From this length on, vector instructions check text of many scripts several times as fast as the standard
/// library does; below it their start-up costs more than they gain.
const VECTORS_FROM: usize = 128;

/// `octets` as text.
pub(crate) fn checked(octets: &[u8]) -> Result<&str, NotUtf8> {
    if octets.len() < VECTORS_FROM {
        std::str::from_utf8(octets).map_err(|_| NotUtf8)
    } else {
        simdutf8::basic::from_utf8(octets).map_err(|_| NotUtf8)
    }
}

impl Utf8Tail {
    /// Appends `piece` to `text`, holding back an unfinished code point at its end.
    pub(crate) fn push(&mut self, mut piece: &[u8], text: &mut String) -> Result<(), NotUtf8> {
        if self.len > 0 {
            let (rest_of_code_point, rest) = piece.split_at(self.wanted().min(piece.len()));
            piece = rest;
            let len = self.len + rest_of_code_point.len();
            self.bytes[self.len..len].copy_from_slice(rest_of_code_point);
            self.len = len;
            match std::str::from_utf8(&self.bytes[..len]) {
                Ok(code_point) => {
                    text.push_str(code_point);
                    self.len = 0;
                }
                Err(error) if error.error_len().is_some() => return Err(NotUtf8),
                Err(_) => return Ok(()),
            }
        }
        let (whole, unfinished) = piece.split_at(piece.len() - unfinished_len(piece));
        text.push_str(checked(whole)?);
        if !unfinished.is_empty() {
            match std::str::from_utf8(unfinished) {
                Err(error) if error.error_len().is_none() => {
                    self.bytes[..unfinished.len()].copy_from_slice(unfinished);
                    self.len = unfinished.len();
                }
                _ => return Err(NotUtf8),
            }
        }
        Ok(())
    }

    /// How many octets the code point that is held back still wants; none if nothing is.
    pub(crate) fn wanted(&self) -> usize {
        match self.len {
            0 => 0,
            held => code_point_len(self.bytes[0]) - held,
        }
    }

    /// Whether nothing is held back.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The text ends here: is it whole?
    pub(crate) fn finish(&self) -> Result<(), NotUtf8> {
        if self.len == 0 { Ok(()) } else { Err(NotUtf8) }
    }
}

/// The most octets of a code point that there can be without its last one.
pub(crate) const UNFINISHED_MOST: usize = 3;

/// How many octets at the end begin a code point that goes on after `piece`.
pub(crate) fn unfinished_len(piece: &[u8]) -> usize {
    for (back, &byte) in piece.iter().rev().take(UNFINISHED_MOST).enumerate() {
        let here = back + 1;
        if !matches!(byte, 0x80..=0xBF) {
            return if here < code_point_len(byte) { here } else { 0 };
        }
    }
    0
}

/// How many octets a code point has that begins with `first`, if one can.
fn code_point_len(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_pieces(bytes: &[u8], size: usize) -> Result<String, NotUtf8> {
        let (mut tail, mut text) = (Utf8Tail::default(), String::new());
        for piece in bytes.chunks(size.max(1)) {
            tail.push(piece, &mut text)?;
        }
        tail.finish()?;
        Ok(text)
    }

    proptest! {
        #[test]
        fn text_comes_through_in_any_pieces(text: String, size in 1usize..9) {
            prop_assert_eq!(in_pieces(text.as_bytes(), size), Ok(text));
        }

        #[test]
        fn the_verdict_is_the_standard_librarys(
            bytes in prop::collection::vec(
                prop::sample::select(vec![b'a', 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF]),
                0..12),
            size in 1usize..9,
        ) {
            prop_assert_eq!(in_pieces(&bytes, size).ok(), String::from_utf8(bytes).ok());
        }
    }

    #[test]
    fn a_bad_octet_is_refused_before_the_text_ends() {
        for (bytes, bad_at) in [
            (&[0xF4, 0x90][..], 1), // above U+10FFFF
            (&[0xED, 0xA0], 1),     // a surrogate
            (&[0xC0], 0),           // overlong
            (&[0xE0, 0x80], 1),     // overlong
            (&[0xF8], 0),
        ] {
            let (mut tail, mut text) = (Utf8Tail::default(), String::new());
            for (at, byte) in bytes.iter().enumerate() {
                let verdict = tail.push(&[*byte], &mut text);
                assert_eq!(verdict.is_err(), at == bad_at, "{bytes:02x?} at {at}");
            }
            let (mut tail, mut text) = (Utf8Tail::default(), String::new());
            assert_eq!(tail.push(bytes, &mut text), Err(NotUtf8), "{bytes:02x?} in one piece");
        }
    }
}
