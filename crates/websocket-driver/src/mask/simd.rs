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

/// Writes `bytes`, masked, behind what is in `out`, if `check` finds that they are text then; else writes nothing.
pub(super) fn append_checked<E>(
    out: &mut String,
    bytes: &[u8],
    key: Wide,
    check: impl FnOnce(&[u8]) -> Result<&str, E>,
) -> Result<(), E> {
    // SAFETY: what is in the string stays, and what is added is UTF-8; see below.
    let out = unsafe { out.as_mut_vec() };
    out.reserve(bytes.len());
    let spare = &mut out.spare_capacity_mut()[..bytes.len()];
    apply_into(spare, bytes, key);
    // SAFETY: `apply_into` has written each of these octets.
    let written = unsafe { spare.assume_init_ref() };
    let text = check(written)?;
    assert!(std::ptr::eq(text.as_bytes(), written), "what was checked is what was written");
    let len = out.len() + bytes.len();
    // SAFETY: the octets between the old length and the new one lie within the capacity and were written, as above. They
    // are those of a `str`, so that a string that ends with them is UTF-8 to its end.
    unsafe { out.set_len(len) };
    Ok(())
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
mod tests;
