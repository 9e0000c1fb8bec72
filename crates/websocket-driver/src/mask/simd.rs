//! Exclusive-or with a repeated key in the widest vectors that the processor has: the one module with unsafe code.
//!
//! The loops are plain Rust, which the compiler turns into vector instructions. Those that every processor of a kind
//! has (SSE2, NEON) it may always use; AVX2 it may use only in a function that says so, and such a function must be
//! called only where the processor has it. That call is the reason for this module: it halves the time.

#![expect(unsafe_code, reason = "the module's documentation says what for")]

/// A masking key, twice, from the octet on that comes first.
pub(super) type Wide = [u8; 8];

/// From this length on, wider vectors gain more than it costs to ask for them.
const WIDE_FROM: usize = 128;

/// From this length on, it is worth beginning where a cache line does: no vector lies across two of them then.
const ALIGNED_FROM: usize = 8192;

const CACHE_LINE: usize = 64;

/// Masks `bytes` in place.
#[inline]
pub(super) fn apply(bytes: &mut [u8], key: Wide) {
    if bytes.len() < WIDE_FROM {
        xor(bytes, key);
    } else {
        apply_long(bytes, key);
    }
}

/// Writes `bytes`, masked, to `out`, which is as long.
#[inline]
pub(super) fn copy(out: &mut [u8], bytes: &[u8], key: Wide) {
    if bytes.len() < WIDE_FROM {
        xor_into(out, bytes, key);
    } else {
        copy_long(out, bytes, key);
    }
}

fn apply_long(bytes: &mut [u8], mut key: Wide) {
    let mut bytes = bytes;
    if bytes.len() >= ALIGNED_FROM {
        let until_line = bytes.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE - 1);
        let (unaligned, aligned) = bytes.split_at_mut(until_line);
        xor(unaligned, key);
        key.rotate_left(until_line % size_of::<Wide>());
        bytes = aligned;
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the function asks for nothing but AVX2, and the processor has it.
        return unsafe { xor_avx2(bytes, key) };
    }
    xor(bytes, key);
}

fn copy_long(mut out: &mut [u8], mut bytes: &[u8], mut key: Wide) {
    if bytes.len() >= ALIGNED_FROM {
        let until_line = out.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE - 1);
        let (unaligned, aligned) = out.split_at_mut(until_line);
        xor_into(unaligned, &bytes[..until_line], key);
        key.rotate_left(until_line % size_of::<Wide>());
        (out, bytes) = (aligned, &bytes[until_line..]);
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the function asks for nothing but AVX2, and the processor has it.
        return unsafe { xor_into_avx2(out, bytes, key) };
    }
    xor_into(out, bytes, key);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn xor_avx2(bytes: &mut [u8], key: Wide) {
    xor(bytes, key);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn xor_into_avx2(out: &mut [u8], bytes: &[u8], key: Wide) {
    xor_into(out, bytes, key);
}

// Eight octets at a time is what the compiler turns into vector instructions; the plain loop over octets runs
// fifteen times slower. Inlined always, so that it takes on the instructions of the function that it is in.
#[inline(always)]
fn xor(bytes: &mut [u8], key: Wide) {
    let (chunks, rest) = bytes.as_chunks_mut();
    for chunk in chunks {
        *chunk = xor_chunk(*chunk, key);
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[inline(always)]
fn xor_into(out: &mut [u8], bytes: &[u8], key: Wide) {
    assert_eq!(out.len(), bytes.len(), "every octet of one has its place in the other");
    let (out_chunks, out_rest) = out.as_chunks_mut();
    let (chunks, rest) = bytes.as_chunks();
    for (out, chunk) in out_chunks.iter_mut().zip(chunks) {
        *out = xor_chunk(*chunk, key);
    }
    for ((out, byte), key) in out_rest.iter_mut().zip(rest).zip(key) {
        *out = byte ^ key;
    }
}

#[inline(always)]
fn xor_chunk(chunk: Wide, key: Wide) -> Wide {
    (u64::from_ne_bytes(chunk) ^ u64::from_ne_bytes(key)).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [Wide; 4] = [
        [0x37, 0xfa, 0x21, 0x3d, 0x37, 0xfa, 0x21, 0x3d],
        [0xfa, 0x21, 0x3d, 0x37, 0xfa, 0x21, 0x3d, 0x37],
        [0x21, 0x3d, 0x37, 0xfa, 0x21, 0x3d, 0x37, 0xfa],
        [0x3d, 0x37, 0xfa, 0x21, 0x3d, 0x37, 0xfa, 0x21],
    ];

    /// Every length to beyond where wide vectors begin, and those around where alignment does.
    fn lengths() -> impl Iterator<Item = usize> {
        (0..=2 * WIDE_FROM + 1).chain(ALIGNED_FROM - 2..ALIGNED_FROM + 3).chain([3 * ALIGNED_FROM + 17])
    }

    fn octets(len: usize) -> Vec<u8> {
        (0..=250).cycle().take(len).collect()
    }

    fn one_by_one(bytes: &[u8], key: Wide) -> Vec<u8> {
        bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
    }

    /// Calls `check` with octets of every length, from every place in a cache line.
    fn everywhere(check: impl Fn(&mut [u8])) {
        for len in lengths() {
            // The long ones take long; what is left of a vector at their ends differs all the same.
            let step = if len >= ALIGNED_FROM { 7 } else { 1 };
            for start in (0..CACHE_LINE).step_by(step) {
                let mut memory = octets(len + CACHE_LINE + start);
                let line = memory.as_ptr().align_offset(CACHE_LINE);
                check(&mut memory[line..][..start + len][start..]);
            }
        }
    }

    #[test]
    fn any_length_from_any_place_and_any_octet_of_the_key_is_masked_as_one_by_one() {
        everywhere(|bytes| {
            for key in KEYS {
                let before = bytes.to_vec();
                apply(bytes, key);
                assert!(bytes == one_by_one(&before, key), "{} octets, {key:x?}", before.len());
            }
        });
    }

    #[test]
    fn nothing_beside_the_octets_is_touched() {
        for len in lengths() {
            let mut memory = octets(len + 2 * CACHE_LINE);
            apply(&mut memory[CACHE_LINE..][..len], KEYS[0]);
            let whole = octets(len + 2 * CACHE_LINE);
            assert!(memory[..CACHE_LINE] == whole[..CACHE_LINE], "before {len} octets");
            assert!(memory[CACHE_LINE + len..] == whole[CACHE_LINE + len..], "behind {len} octets");
        }
    }

    #[test]
    fn what_is_copied_is_the_same_masked_with_nothing_beside_it_touched() {
        everywhere(|bytes| {
            let (at, len) = (bytes.len() % 5, bytes.len());
            for key in KEYS {
                let mut out = vec![7; at + len + 5];
                copy(&mut out[at..at + len], bytes, key);
                assert!(out[..at].iter().chain(&out[at + len..]).all(|octet| *octet == 7));
                assert!(out[at..at + len] == one_by_one(bytes, key), "{len} octets, {key:x?}");
            }
        });
    }

    /// A processor with AVX2 would leave the other way untried.
    #[test]
    fn the_loops_without_wide_vectors_give_the_same() {
        everywhere(|bytes| {
            let before = bytes.to_vec();
            xor(bytes, KEYS[1]);
            assert!(bytes == one_by_one(&before, KEYS[1]), "{} octets", before.len());
            xor_into(bytes, &before, KEYS[1]);
            assert!(bytes == one_by_one(&before, KEYS[1]), "{} octets", before.len());
        });
    }
}
