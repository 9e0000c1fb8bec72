//! Every length, place and octet of the key, against masking octet by octet.

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
            assert_eq!(append_ascii(&mut out, &one_by_one(&expected, KEYS[2]), KEYS[2]), bad_at.is_none());
            assert_eq!(out.len(), if bad_at.is_none() { 5 + len } else { 5 });
            assert!(out.as_bytes()[5..].iter().eq(expected.iter().take(out.len() - 5)));
        }
    }
    assert_eq!(apply_ascii(&mut [], KEYS[0]), Ok(""));
}

#[test]
fn text_is_appended_if_it_was_found_to_be_text_and_left_out_if_not() {
    for len in lengths() {
        let text: String = "Grüße, 你好, 👋! ".chars().cycle().take(len / 3).collect();
        let mut masked = one_by_one(text.as_bytes(), KEYS[3]);
        let mut out = String::from("there");
        assert_eq!(append_checked(&mut out, &masked, KEYS[3], str::from_utf8), Ok(()));
        assert!(out == format!("there{text}"), "{len}");
        masked.push(KEYS[3][masked.len() % 8] ^ 0xFF);
        assert!(append_checked(&mut out, &masked, KEYS[3], str::from_utf8).is_err());
        assert!(out == format!("there{text}"), "{len}");
    }
}

#[test]
#[should_panic(expected = "what was checked is what was written")]
fn a_check_of_something_else_is_noticed() {
    let _ = append_checked(&mut String::new(), b"\xFF", [0; 8], |_| Ok::<_, ()>("?"));
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
