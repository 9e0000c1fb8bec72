//! Masking (RFC 6455 §5.3): exclusive-or with a repeated four-octet key.

/// Masks or unmasks `bytes` in place. `offset` is how many octets of the payload came before: a payload that
/// arrives in pieces is unmasked piece by piece.
///
/// ```
/// let mut bytes = *b"Hello";
/// websocket_driver::mask::apply(&mut bytes, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(bytes, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
pub fn apply(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    // A long stretch is worth beginning where a cache line does: no vector lies across two of them then.
    if bytes.len() < ALIGNED_FROM {
        return xor(bytes, key, offset);
    }
    let until_line = bytes.as_ptr().align_offset(64).min(63);
    let (unaligned, aligned) = bytes.split_at_mut(until_line);
    xor(unaligned, key, offset);
    xor(aligned, key, offset + until_line);
}

/// From this length on the alignment is looked after.
const ALIGNED_FROM: usize = 4096;

#[inline(always)]
fn xor(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    let key = u32::from_ne_bytes([
        key[offset & 3],
        key[(offset + 1) & 3],
        key[(offset + 2) & 3],
        key[(offset + 3) & 3],
    ]);
    // Eight octets at a time is what the compiler turns into vector instructions; the plain loop over octets
    // runs fifteen times slower.
    let wide = u64::from(key) | u64::from(key) << 32;
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// Where a client's masking keys come from.
///
/// RFC 6455 §10.3 wants every key unpredictable, from a strong source; the driver has none, so whoever makes
/// a client connection brings one. Any `FnMut() -> [u8; 4] + Send` is one.
pub trait MaskKeys: Send {
    /// The key of the next frame.
    fn next_key(&mut self) -> [u8; 4];
}

impl<F: FnMut() -> [u8; 4] + Send> MaskKeys for F {
    fn next_key(&mut self) -> [u8; 4] {
        self()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_the_standard_says_in_any_pieces(
            bytes: Vec<u8>, key: [u8; 4], cuts in prop::collection::vec(0usize..64, 0..8),
        ) {
            let expected: Vec<u8> = bytes.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            let mut masked = bytes.clone();
            let mut at = 0;
            for cut in cuts {
                let end = (at + cut).min(masked.len());
                super::apply(&mut masked[at..end], key, at);
                at = end;
            }
            super::apply(&mut masked[at..], key, at);
            prop_assert_eq!(masked, expected);
        }
    }
}
