//! Codes that change with the time (RFC 6238), as authenticator programs make them: six digits, every 30 seconds.

use std::fmt::Write;

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

use crate::identity::random_octets;

/// Octets of a secret: as many as the hash has (RFC 4226 §4).
const SECRET: usize = 20;
/// Seconds of a step.
const STEP: u64 = 30;
/// Steps before and after now whose code is taken, too, since clocks differ (RFC 6238 §5.2).
const DRIFT: u64 = 1;
/// The alphabet of base 32 (RFC 4648 §6), in which people type secrets.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A secret that nobody has had before.
pub(crate) fn new_secret() -> Vec<u8> {
    random_octets::<SECRET>().into()
}

/// A secret as people type it into their program.
pub(crate) fn in_base32(secret: &[u8]) -> String {
    let mut text = String::new();
    for five in secret.chunks(5) {
        let bits = five.iter().fold(0_u64, |bits, octet| bits << 8 | u64::from(*octet));
        let bits = bits << (8 * (5 - five.len()));
        let digits = (five.len() * 8).div_ceil(5);
        text.extend((0..digits).map(|digit| {
            let index = bits >> (35 - 5 * digit) & 31;
            char::from(BASE32[usize::try_from(index).expect("five bits fit")])
        }));
    }
    text
}

/// A secret as programs read it from a picture or a link.
pub(crate) fn uri(secret: &[u8], name: &str) -> String {
    let mut label = String::new();
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() {
            label.push(char::from(octet));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(label, "%{octet:02X}");
        }
    }
    format!("otpauth://totp/Parlor:{label}?secret={}&issuer=Parlor", in_base32(secret))
}

/// The step whose code this is, near a time in milliseconds since 1970; nothing if it is a wrong one.
pub(crate) fn step_of(secret: &[u8], code: &str, at: u64) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let now = at / 1_000 / STEP;
    (now.saturating_sub(DRIFT)..=now + DRIFT).find(|step| {
        let expected = code_of(secret, *step);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok()
    })
}

/// The code of a step (RFC 4226 §5.3).
fn code_of(secret: &[u8], step: u64) -> String {
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 15);
    let four = tag[offset..].first_chunk::<4>().expect("the offset leaves four of 20 octets");
    format!("{:06}", (u32::from_be_bytes(*four) & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(secret, code, seconds * 1_000), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_the_steps_beside_its_own_and_no_others() {
        let (secret, at) = (b"12345678901234567890", 59_000);
        for (seconds, is_good) in [(0, true), (29, true), (59, true), (89, true), (90, false), (3_600, false)]
        {
            assert_eq!(step_of(secret, "287082", seconds * 1_000), is_good.then_some(1), "{seconds}");
        }
        assert_eq!(step_of(secret, " 287 082 ", at), Some(1));
        for wrong in ["", "28708", "2870822", "28708x", "000000", "２８７０８２"] {
            assert_eq!(step_of(secret, wrong, at), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_as_programs_read_them() {
        assert_eq!(in_base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (octets, text) in
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(in_base32(octets.as_bytes()), text);
        }
        assert_eq!(uri(b"f", "Ada ☕"), "otpauth://totp/Parlor:Ada%20%E2%98%95?secret=MY&issuer=Parlor");
        assert_ne!(new_secret(), new_secret());
    }
}
