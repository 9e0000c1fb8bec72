//! The client's own key of a proposal, and the fingerprint that is kept of it for ever.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::PersonId;
use crate::limits;

/// What a client calls a proposal of its own: 1 to 64 octets, unique among its author's for ever.
///
/// A proposal that comes again under the same key changes nothing and has the first one's outcome. Make it a
/// UUID of version 7 or a ULID: both begin with the time, so that fingerprints of the same hour lie side by
/// side in the file. Any other key costs more work on disk and is just as good otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Key(String);

/// A text that is no key: empty, or longer than [`limits::KEY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key has 1 to {} octets; use a UUID of version 7", limits::KEY)
    }
}

impl std::error::Error for InvalidKey {}

impl Key {
    /// A key, if the text has the length of one.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidKey> {
        let text = text.into();
        if text.is_empty() || text.len() > limits::KEY { Err(InvalidKey) } else { Ok(Key(text)) }
    }

    /// The key as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Key {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        Key::new(text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.0
    }
}

/// What is kept of a key and its author: enough to know both again, and nothing of what the key said.
///
/// 16 octets. If the key begins with a time (UUID of version 7, ULID), they begin with it, too: 6 octets of
/// milliseconds and 10 of SHA-256; otherwise all 16 are of SHA-256. In JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a key that this author used.
    pub fn of(author: PersonId, key: &Key) -> Self {
        let hash = Sha256::new().chain_update(author.0.to_be_bytes()).chain_update(&key.0).finalize();
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(&hash[..16]);
        if let Some(milliseconds) = uuid_time(&key.0).or_else(|| ulid_time(&key.0)) {
            fingerprint[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        }
        Fingerprint(fingerprint)
    }

    /// What is kept of a secret that was drawn at random, such as that of a link: nobody can guess it from this.
    pub fn of_secret(secret: &str) -> Self {
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(&Sha256::digest(secret.as_bytes())[..16]);
        Fingerprint(fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(|number| Fingerprint(number.to_be_bytes()))
    }
}

/// The first 48 bits of a UUID of version 7 (RFC 9562 §5.7).
fn uuid_time(key: &str) -> Option<u64> {
    let bytes = key.as_bytes();
    let is_uuid = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => *byte == b'7',
            _ => byte.is_ascii_hexdigit(),
        });
    if !is_uuid {
        return None;
    }
    let [high, low] = [&key[..8], &key[9..13]].map(|digits| u64::from_str_radix(digits, 16).ok());
    Some(high? << 16 | low?)
}

/// The first 10 of a ULID's 26 characters of Crockford's base 32: 50 bits, of which the first two are 0.
fn ulid_time(key: &str) -> Option<u64> {
    let digit =
        |byte: u8| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".iter().position(|one| one.eq_ignore_ascii_case(&byte));
    if key.len() != 26 || key.as_bytes()[0] > b'7' || !key.bytes().all(|byte| digit(byte).is_some()) {
        return None;
    }
    key.bytes().take(10).try_fold(0, |time: u64, byte| Some(time << 5 | u64::try_from(digit(byte)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(author: u64, key: &str) -> Fingerprint {
        Fingerprint::of(PersonId(author), &Key::new(key).unwrap())
    }

    #[test]
    fn a_fingerprint_tells_authors_and_keys_apart() {
        assert_eq!(fingerprint(1, "a"), fingerprint(1, "a"));
        assert_ne!(fingerprint(1, "a"), fingerprint(2, "a"));
        assert_ne!(fingerprint(1, "a"), fingerprint(1, "b"));
    }

    #[test]
    fn fingerprints_of_keys_with_a_time_sort_by_it() {
        let cases = [
            ("01941f29-7c00-7a3b-8c4d-5e6f70819203", 0x0194_1f29_7c00),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", 0x0156_3e3a_b5d3),
            ("01arz3ndektsv4rrffq69g5fav", 0x0156_3e3a_b5d3),
        ];
        for (key, milliseconds) in cases {
            let begin = fingerprint(1, key).0;
            assert_eq!(begin[..6], u64::to_be_bytes(milliseconds)[2..], "{key}");
        }
        for key in ["01941f29-7c00-4a3b-8c4d-5e6f70819203", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "hello"] {
            assert_eq!(uuid_time(key).or(ulid_time(key)), None, "{key}");
        }
    }

    #[test]
    fn a_key_is_neither_empty_nor_long() {
        assert_eq!(Key::new(""), Err(InvalidKey));
        assert!(Key::new("k".repeat(limits::KEY)).is_ok());
        assert_eq!(Key::new("k".repeat(limits::KEY + 1)), Err(InvalidKey));
    }
}
