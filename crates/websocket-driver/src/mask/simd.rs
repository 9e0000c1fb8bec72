//! Exclusive-or with a repeated key in the widest vectors that the processor has: the one module with unsafe code.
//!
//! The loops are plain Rust, which the compiler turns into vector instructions. Those that every processor of a kind
//! has (SSE2, NEON) it may always use; AVX2 it may use only in a function that says so, and such a function must be
//! called only where the processor has it. Those calls are the reason for this module: they halve the time. The other
//! unsafe lines tell a buffer that memory was written that it had not cleared before, and a string that octets are
//! ASCII: both save a pass over memory.

#![expect(unsafe_code, reason = "the module's documentation says what for")]

use std::mem::MaybeUninit;

/// A masking key, twice, from the octet on that comes first.
pub(super) type Wide = [u8; 8];

/// From this length on, wider vectors gain more than it costs to ask for them.
const WIDE_FROM: usize = 128;

/// From this length on, it is worth beginning where a cache line does: no vector lies across two of them then.
const ALIGNED_FROM: usize = 4096;

const CACHE_LINE: usize = 64;

/// In every octet of eight the bit that no octet of ASCII has.
const NOT_ASCII: u64 = u64::from_ne_bytes([0x80; 8]);

/// A place for an octet: one that holds something already, or one that does not yet.
trait Octet: Sized {
    fn of(octet: u8) -> Self;
}

impl Octet for u8 {
    #[inline(always)]
    fn of(octet: u8) -> Self {
        octet
    }
}

impl Octet for MaybeUninit<u8> {
    #[inline(always)]
    fn of(octet: u8) -> Self {
        MaybeUninit::new(octet)
    }
}

/// Masks `bytes` in place.
#[inline]
pub(super) fn apply(bytes: &mut [u8], key: Wide) {
    if bytes.len() < WIDE_FROM {
        xor(bytes, key);
    } else {
        apply_long(bytes, key);
    }
}

/// Masks `bytes` in place; `Ok` if they are ASCII then.
#[inline]
pub(super) fn apply_ascii(bytes: &mut [u8], key: Wide) -> Result<&str, &[u8]> {
    let united = if bytes.len() < WIDE_FROM { xor(bytes, key) } else { unite_long(bytes, key) };
    if united & NOT_ASCII != 0 {
        return Err(bytes);
    }
    // SAFETY: `united` has every bit that any of the octets has, so none of them has its highest bit set: all are
    // ASCII, which is UTF-8.
    Ok(unsafe { str::from_utf8_unchecked(bytes) })
}

/// Writes `bytes`, masked, to `out`, which is as long.
#[inline]
pub(super) fn copy(out: &mut [u8], bytes: &[u8], key: Wide) {
    apply_into(out, bytes, key);
}

/// Writes `bytes`, masked, behind what is in `out`.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8], key: Wide) {
    out.reserve(bytes.len());
    apply_into(&mut out.spare_capacity_mut()[..bytes.len()], bytes, key);
    let len = out.len() + bytes.len();
    // SAFETY: the octets between the old length and the new one lie within the capacity, or taking the slice of them
    // would have panicked, and `apply_into` has written each of them.
    unsafe { out.set_len(len) };
}

/// Writes `bytes`, masked, behind what is in `out`, if they are ASCII then; else writes nothing, and says no.
pub(super) fn append_ascii(out: &mut String, bytes: &[u8], key: Wide) -> bool {
    // SAFETY: what is in the string stays, and what is added is UTF-8; see below.
    let out = unsafe { out.as_mut_vec() };
    out.reserve(bytes.len());
    if unite_into(&mut out.spare_capacity_mut()[..bytes.len()], bytes, key) & NOT_ASCII != 0 {
        return false;
    }
    let len = out.len() + bytes.len();
    // SAFETY: as above; and no octet of what was written has its highest bit set: all are ASCII, which is UTF-8.
    unsafe { out.set_len(len) };
    true
}

/// Writes every octet of `out`, which is as long as `bytes`.
#[inline]
fn apply_into<O: Octet>(out: &mut [O], bytes: &[u8], key: Wide) {
    if bytes.len() < WIDE_FROM {
        xor_into(out, bytes, key);
        return;
    }
    let (out, bytes, key, _) = align_into(out, bytes, key);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the function asks for nothing but AVX2, and the processor has it.
        return unsafe { xor_into_avx2(out, bytes, key) };
    }
    xor_into(out, bytes, key);
}

/// Writes every octet of `out`, which is as long as `bytes`, and gives their union.
fn unite_into<O: Octet>(out: &mut [O], bytes: &[u8], key: Wide) -> u64 {
    if bytes.len() < WIDE_FROM {
        return xor_into(out, bytes, key);
    }
    let (out, bytes, key, united) = align_into(out, bytes, key);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the function asks for nothing but AVX2, and the processor has it.
        return united | unsafe { unite_into_avx2(out, bytes, key) };
    }
    united | xor_into(out, bytes, key)
}

fn apply_long(bytes: &mut [u8], key: Wide) {
    let (bytes, key, _) = align(bytes, key);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the function asks for nothing but AVX2, and the processor has it.
        return unsafe { xor_avx2(bytes, key) };
    }
    xor(bytes, key);
}

fn unite_long(bytes: &mut [u8], key: Wide) -> u64 {
    let (bytes, key, united) = align(bytes, key);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the function asks for nothing but AVX2, and the processor has it.
        return united | unsafe { unite_avx2(bytes, key) };
    }
    united | xor(bytes, key)
}

/// Masks what lies before the first cache line, if that is worth it: the rest, its key, and the union so far.
fn align(bytes: &mut [u8], key: Wide) -> (&mut [u8], Wide, u64) {
    if bytes.len() < ALIGNED_FROM {
        return (bytes, key, 0);
    }
    let until_line = bytes.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE - 1);
    let (unaligned, aligned) = bytes.split_at_mut(until_line);
    let united = xor(unaligned, key);
    (aligned, behind(key, until_line), united)
}

/// The same on the way to another place, whose cache lines count: vectors that are written across two of them cost
/// more than those that are read so.
fn align_into<'o, 'b, O: Octet>(
    out: &'o mut [O],
    bytes: &'b [u8],
    key: Wide,
) -> (&'o mut [O], &'b [u8], Wide, u64) {
    if bytes.len() < ALIGNED_FROM {
        return (out, bytes, key, 0);
    }
    let until_line = out.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE - 1);
    let (out_unaligned, out_aligned) = out.split_at_mut(until_line);
    let (unaligned, aligned) = bytes.split_at(until_line);
    let united = xor_into(out_unaligned, unaligned, key);
    (out_aligned, aligned, behind(key, until_line), united)
}

/// The key as it goes on behind `count` octets.
fn behind(mut key: Wide, count: usize) -> Wide {
    key.rotate_left(count % size_of::<Wide>());
    key
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn xor_avx2(bytes: &mut [u8], key: Wide) {
    xor(bytes, key);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn unite_avx2(bytes: &mut [u8], key: Wide) -> u64 {
    xor(bytes, key)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn xor_into_avx2<O: Octet>(out: &mut [O], bytes: &[u8], key: Wide) {
    xor_into(out, bytes, key);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn unite_into_avx2<O: Octet>(out: &mut [O], bytes: &[u8], key: Wide) -> u64 {
    xor_into(out, bytes, key)
}

/// Masks `bytes` and gives their union: a bit is set where it is in any of eight neighbours. Whoever does not want it
/// pays nothing for it.
// Eight octets at a time is what the compiler turns into vector instructions; the plain loop over octets runs
// fifteen times slower. Inlined always, so that it takes on the instructions of the function that it is in.
#[inline(always)]
fn xor(bytes: &mut [u8], key: Wide) -> u64 {
    let (mut united, mut united_rest) = (0, 0);
    let (chunks, rest) = bytes.as_chunks_mut();
    for chunk in chunks {
        *chunk = xor_chunk(*chunk, key);
        united |= u64::from_ne_bytes(*chunk);
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
        united_rest |= *byte;
    }
    united | u64::from(united_rest)
}

/// Writes every octet of `out`, which is as long as `bytes`, and gives their union.
#[inline(always)]
fn xor_into<O: Octet>(out: &mut [O], bytes: &[u8], key: Wide) -> u64 {
    assert_eq!(out.len(), bytes.len(), "every octet of one has its place in the other");
    let (mut united, mut united_rest) = (0, 0);
    let (out_chunks, out_rest) = out.as_chunks_mut();
    let (chunks, rest) = bytes.as_chunks();
    for (out, chunk) in out_chunks.iter_mut().zip(chunks) {
        let chunk = xor_chunk(*chunk, key);
        *out = chunk.map(O::of);
        united |= u64::from_ne_bytes(chunk);
    }
    for ((out, byte), key) in out_rest.iter_mut().zip(rest).zip(key) {
        *out = O::of(byte ^ key);
        united_rest |= byte ^ key;
    }
    united | u64::from(united_rest)
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
    fn octets_are_taken_for_ascii_if_and_only_if_all_of_them_are() {
        for len in lengths().filter(|len| *len > 0) {
            let text: Vec<u8> = (0..=127).cycle().take(len).collect();
            // Every place in the short ones, and the places where vectors and the rest behind them begin and end.
            let step = if len < ALIGNED_FROM { 1 } else { 509 };
            let places = (0..len).step_by(step).chain(len.saturating_sub(70)..len);
            for bad_at in places.map(Some).chain([None]) {
                let mut expected = text.clone();
                if let Some(at) = bad_at {
                    expected[at] |= 0x80;
                }
                let mut masked = one_by_one(&expected, KEYS[2]);
                let verdict = apply_ascii(&mut masked, KEYS[2]);
                assert_eq!(verdict.is_err(), bad_at.is_some(), "{len} octets, {bad_at:?}");
                assert!(verdict.map_or_else(|octets| octets, str::as_bytes) == expected);
                let mut out = String::from("there");
                assert_eq!(
                    append_ascii(&mut out, &one_by_one(&expected, KEYS[2]), KEYS[2]),
                    bad_at.is_none()
                );
                assert_eq!(out.len(), if bad_at.is_none() { 5 + len } else { 5 });
                assert!(out.as_bytes()[5..].iter().eq(expected.iter().take(out.len() - 5)));
            }
        }
        assert_eq!(apply_ascii(&mut [], KEYS[0]), Ok(""));
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

    #[test]
    fn what_is_appended_is_the_same_masked_behind_what_was_there() {
        everywhere(|bytes| {
            let at = bytes.len() % 5;
            for key in KEYS {
                let mut out = b"there"[..at].to_vec();
                append(&mut out, bytes, key);
                let expected = [&b"there"[..at], &one_by_one(bytes, key)].concat();
                assert!(out == expected, "{} octets, {key:x?}", bytes.len());
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
