//! Whole frames, written where they go out from.

use crate::frame::{Header, OpCode};
use crate::mask::{self, KeyBatch};
use crate::tail::{SHORT_FRAME, SHORT_PAYLOAD, Tail};

/// Where masking keys come from; a server has none.
pub(crate) type Masks = Option<Box<KeyBatch>>;

/// From this size on a payload that is shared already goes out as it is; a shorter one is copied behind its
/// header, because one long write is cheaper than two short ones.
pub(crate) const COPY_BELOW: usize = 4096;

/// The header of a message in one frame, not masked yet.
#[inline]
pub(crate) fn header(opcode: OpCode, payload: &[u8]) -> Header {
    Header { fin: true, rsv1: false, opcode, mask: None, length: payload.len() as u64 }
}

/// Writes a frame behind `tail`, masked if there are keys.
pub(crate) fn append(tail: &mut Tail, masks: &mut Masks, header: Header, payload: &[u8]) {
    // No less than a short frame is given, so that memory is there for the next one as well.
    let room = tail.room((Header::MAX_LEN + payload.len()).max(SHORT_FRAME));
    let len = encode(room, masks, header, payload);
    tail.advance(len);
}

/// Writes a header behind `tail`.
pub(crate) fn append_header(tail: &mut Tail, header: &Header) {
    let mut bytes = [0; Header::MAX_LEN];
    let len = header.write(&mut bytes);
    tail.push(&bytes[..len]);
}

/// Writes a frame to the beginning of `room` and says how long it is.
///
/// # Panics
///
/// When there is less room than the longest header and the payload take.
pub(crate) fn encode(room: &mut [u8], masks: &mut Masks, mut header: Header, payload: &[u8]) -> usize {
    header.mask = masks.as_mut().map(|keys| keys.next_key());
    let at = header.write(room.first_chunk_mut().expect("there is room for a header"));
    let end = at + payload.len();
    let out = &mut room[at..end];
    match header.mask {
        Some(key) => mask::copy(out, payload, key, 0),
        None => out.copy_from_slice(payload),
    }
    end
}

/// Writes a message in one frame behind `tail`, if it is to be copied, its frame takes no memory and its key no drawing.
#[inline(always)]
pub(crate) fn append_at_once(tail: &mut Tail, masks: &mut Masks, opcode: OpCode, payload: &[u8]) -> bool {
    // The others are apart, so that the way of a server's short messages, which are most, has no call in it.
    match masks {
        None if payload.len() <= SHORT_PAYLOAD => append_short(tail, opcode, payload),
        None => append_medium(tail, opcode, payload),
        Some(keys) => append_masked(tail, keys, opcode, payload),
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a short payload's length takes seven bits")]
fn append_short(tail: &mut Tail, opcode: OpCode, payload: &[u8]) -> bool {
    let Some(room) = tail.room_for_short() else { return false };
    let len = payload.len().min(SHORT_PAYLOAD);
    room[..2].copy_from_slice(&[0x80 | opcode.bits(), len as u8]);
    copy_short(&mut room[2..2 + len], &payload[..len], [0; 4]);
    tail.advance(2 + len);
    true
}

#[inline(never)]
fn append_medium(tail: &mut Tail, opcode: OpCode, payload: &[u8]) -> bool {
    let Some([high, low]) = medium_length(payload) else { return false };
    let Some(room) = tail.room_at_hand(4 + payload.len()) else { return false };
    let (head, out) = room.split_at_mut(4);
    head.copy_from_slice(&[0x80 | opcode.bits(), 126, high, low]);
    out.copy_from_slice(payload);
    tail.advance(4 + payload.len());
    true
}

#[inline(never)]
fn append_masked(tail: &mut Tail, keys: &mut KeyBatch, opcode: OpCode, payload: &[u8]) -> bool {
    if payload.len() <= SHORT_PAYLOAD {
        append_short_masked(tail, keys, opcode, payload)
    } else {
        append_medium_masked(tail, keys, opcode, payload)
    }
}

/// The length of a payload that is to be copied, as a header gives it that is not short.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "it stands behind a test of the range")]
fn medium_length(payload: &[u8]) -> Option<[u8; 2]> {
    const { assert!(COPY_BELOW <= u16::MAX as usize) };
    (payload.len() < COPY_BELOW).then(|| (payload.len() as u16).to_be_bytes())
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a short payload's length takes seven bits")]
fn append_short_masked(tail: &mut Tail, keys: &mut KeyBatch, opcode: OpCode, payload: &[u8]) -> bool {
    let Some(room) = tail.room_for_short() else { return false };
    let Some(key) = keys.at_hand() else { return false };
    let len = payload.len().min(SHORT_PAYLOAD);
    room[..2].copy_from_slice(&[0x80 | opcode.bits(), 0x80 | len as u8]);
    room[2..6].copy_from_slice(&key);
    copy_short(&mut room[6..6 + len], &payload[..len], key);
    tail.advance(6 + len);
    true
}

#[inline(never)]
fn append_medium_masked(tail: &mut Tail, keys: &mut KeyBatch, opcode: OpCode, payload: &[u8]) -> bool {
    let Some([high, low]) = medium_length(payload) else { return false };
    let Some(room) = tail.room_at_hand(8 + payload.len()) else { return false };
    let Some(key) = keys.at_hand() else { return false };
    let (head, out) = room.split_at_mut(8);
    head[..4].copy_from_slice(&[0x80 | opcode.bits(), 0x80 | 126, high, low]);
    head[4..].copy_from_slice(&key);
    mask::copy(out, payload, key, 0);
    tail.advance(8 + payload.len());
    true
}

/// Copies a short payload, masked by `key`; zero leaves it as it is. A call of the C library, or a loop, would take
/// longer than the copying.
#[inline(always)]
fn copy_short(out: &mut [u8], octets: &[u8], key: [u8; 4]) {
    // Its first octet is the lowest.
    let word = u32::from_le_bytes(key);
    if copy_ends::<64>(out, octets, word)
        || copy_ends::<32>(out, octets, word)
        || copy_ends::<16>(out, octets, word)
        || copy_ends::<8>(out, octets, word)
        || copy_ends::<4>(out, octets, word)
    {
        return;
    }
    for (at, key) in key.iter().enumerate().take(3) {
        if let (Some(out), Some(octet)) = (out.get_mut(at), octets.get(at)) {
            *out = octet ^ key;
        }
    }
}

/// Copies `N` to twice as many octets: the first `N` and then the last, which may overlap.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the phase is below four")]
fn copy_ends<const N: usize>(out: &mut [u8], octets: &[u8], key: u32) -> bool {
    let (Some(first), Some(last)) = (octets.first_chunk::<N>(), octets.last_chunk::<N>()) else {
        return false;
    };
    debug_assert!(octets.len() <= 2 * N && octets.len() == out.len());
    if let Some(out) = out.first_chunk_mut() {
        *out = masked(first, key);
    }
    let phase = (octets.len() - N) % 4;
    if let Some(out) = out.last_chunk_mut() {
        *out = masked(last, key.rotate_right(8 * phase as u32));
    }
    true
}

#[inline(always)]
fn masked<const N: usize>(octets: &[u8; N], key: u32) -> [u8; N] {
    let mut out = *octets;
    for word in out.as_chunks_mut().0 {
        *word = (u32::from_le_bytes(*word) ^ key).to_le_bytes();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys, some of which are at hand.
    fn keys() -> Masks {
        let mut keys = KeyBatch::new(|| [0x37, 0xfa, 0x21, 0x3d]);
        keys.next_key();
        Some(Box::new(keys))
    }

    #[test]
    fn a_frame_that_is_written_at_once_is_the_frame_that_it_would_be_otherwise() {
        let payload: Vec<u8> = (0..=255).cycle().take(4096).collect();
        for masks in [|| None, keys] {
            for len in (0..200).chain([4000, 4095]) {
                let (mut at_once, mut whole, mut masks) = (Tail::default(), Tail::default(), masks());
                let payload = &payload[..len];
                assert!(!append_at_once(&mut at_once, &mut masks, OpCode::Text, payload), "it has no memory");
                at_once.room(5000);
                assert!(append_at_once(&mut at_once, &mut masks, OpCode::Text, payload));
                append(&mut whole, &mut masks, header(OpCode::Text, payload), payload);
                assert_eq!(at_once.as_slice(), whole.as_slice(), "{len} octets");
            }
            let mut tail = Tail::default();
            tail.room(100_000);
            assert!(
                !append_at_once(&mut tail, &mut masks(), OpCode::Text, &[7; COPY_BELOW]),
                "it is too long"
            );
        }
    }

    #[test]
    fn a_frame_for_which_no_key_is_at_hand_is_not_written_at_once() {
        for payload in [&[7; 20][..], &[7; 1000]] {
            let mut tail = Tail::default();
            tail.room(5000);
            let mut masks: Masks = Some(Box::new(KeyBatch::new(|| [0x37, 0xfa, 0x21, 0x3d])));
            assert!(!append_at_once(&mut tail, &mut masks, OpCode::Text, payload));
            assert!(tail.is_empty());
        }
    }
}
