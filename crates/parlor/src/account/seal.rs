//! What only this server may read again, although it is kept elsewhere: sealed with a key made from its secret.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What makes the key another one than those that the secret is used for directly.
const PURPOSE: &[u8] = b"parlor: sealing, 1";

/// Seals and opens.
pub(crate) struct Seal(RandomizedNonceKey);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(secret)")
    }
}

impl Seal {
    /// With a key made from this secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), PURPOSE);
        Seal(
            RandomizedNonceKey::new(&AES_256_GCM, key.as_ref())
                .expect("the key has the length that is asked for"),
        )
    }

    /// Seals octets for a purpose and a person, named by `context`: for another they cannot be opened.
    pub(crate) fn seal(&self, octets: &[u8], context: &str) -> String {
        let mut sealed = octets.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(context), &mut sealed);
        let nonce = nonce.expect("so few octets can be sealed");
        URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what was sealed here for this context.
    pub(crate) fn open(&self, sealed: &str, context: &str) -> Option<Vec<u8>> {
        let octets = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = octets.split_first_chunk::<12>()?;
        let mut sealed = sealed.to_vec();
        let opened = self.0.open_in_place(nonce.into(), Aad::from(context), &mut sealed).ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_server_opens_what_it_sealed_and_only_for_what_it_was_sealed_for() {
        let here = Seal::new(&[1; 32]);
        let sealed = here.seal(b"secret", "codes of ada");
        assert_eq!(here.open(&sealed, "codes of ada").as_deref(), Some(&b"secret"[..]));
        assert_eq!(here.open(&sealed, "codes of bob"), None);
        assert_eq!(Seal::new(&[2; 32]).open(&sealed, "codes of ada"), None);
        assert_ne!(here.seal(b"secret", "codes of ada"), sealed);
        for at in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(here.open(std::str::from_utf8(&forged).unwrap(), "codes of ada"), None, "{at}");
        }
        for text in ["", "A", "not base 64!", &sealed[..12]] {
            assert_eq!(here.open(text, "codes of ada"), None, "{text}");
        }
    }
}
