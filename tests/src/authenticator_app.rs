//! An authenticator app, which shows another code every 30 seconds, written from RFC 6238.

use std::time::SystemTime;

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

/// The step that it is now.
///
/// # Panics
///
/// When the clock is before 1970.
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("the clock is not before 1970").as_secs() / 30
}

/// What it shows at a step for a key in base 32.
///
/// # Panics
///
/// When the key is no base 32.
pub fn code(key: &str, step: u64) -> String {
    let (mut secret, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in key.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(digit).expect("a digit of base 32");
        (bits, count) = (bits << 5 | u32::try_from(value).expect("five bits"), count + 5);
        if count >= 8 {
            count -= 8;
            secret.push((bits >> count & 0xff).to_le_bytes()[0]);
        }
    }
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret), &step.to_be_bytes());
    let offset = usize::from(tag.as_ref()[19] & 15);
    let four = tag.as_ref()[offset..].first_chunk::<4>().expect("the offset leaves four of 20 octets");
    format!("{:06}", (u32::from_be_bytes(*four) & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!((code(key, 1), code(key, 66_666_666)), ("287082".into(), "279037".into()));
        assert!(now() > 50_000_000);
    }
}
