//! Masking (RFC 6455 §5.3): exclusive-or with a repeated four-octet key.

mod keys;
mod simd;

pub(crate) use keys::KeyBatch;
pub use keys::MaskKeys;

/// Masks or unmasks `bytes` in place. `offset` is how many octets of the payload came before: a payload that
/// arrives in pieces is unmasked piece by piece.
///
/// ```
/// let mut bytes = *b"Hello";
/// websocket_driver::mask::apply(&mut bytes, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(bytes, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[inline]
pub fn apply(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    simd::apply(bytes, wide(key, offset));
}

/// Writes `bytes`, masked, to `out`: one pass over memory instead of the two of copying and masking. `offset` is as
/// for [`apply`].
///
/// ```
/// let mut out = [0; 5];
/// websocket_driver::mask::copy(&mut out, b"Hello", [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(out, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
///
/// # Panics
///
/// When `out` is not as long as `bytes`.
#[inline]
pub fn copy(out: &mut [u8], bytes: &[u8], key: [u8; 4], offset: usize) {
    simd::copy(out, bytes, wide(key, offset));
}

/// The same behind what is in a vector.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8], key: [u8; 4], offset: usize) {
    simd::append(out, bytes, wide(key, offset));
}

/// The same behind a string if it is ASCII then; else nothing is written. Says which.
pub(crate) fn append_ascii(out: &mut String, bytes: &[u8], key: [u8; 4], offset: usize) -> bool {
    simd::append_ascii(out, bytes, wide(key, offset))
}

/// The same behind a string if `check` finds that it is text then; else nothing is written.
pub(crate) fn append_checked<E>(
    out: &mut String,
    bytes: &[u8],
    key: [u8; 4],
    offset: usize,
    check: impl FnOnce(&[u8]) -> Result<&str, E>,
) -> Result<(), E> {
    simd::append_checked(out, bytes, wide(key, offset), check)
}

/// Unmasks `bytes` in place as [`apply`] does, and sees on the way whether they are ASCII: `Ok` if they are.
#[inline]
pub(crate) fn apply_ascii(bytes: &mut [u8], key: [u8; 4], offset: usize) -> Result<&str, &[u8]> {
    simd::apply_ascii(bytes, wide(key, offset))
}

/// The key as it meets the octets from `offset` on.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "only the two lowest bits of the offset matter")]
fn wide(key: [u8; 4], offset: usize) -> simd::Wide {
    // Its first octet is the lowest.
    let word = u32::from_le_bytes(key).rotate_right(8 * (offset as u32 & 3));
    (u64::from(word) << 32 | u64::from(word)).to_le_bytes()
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
