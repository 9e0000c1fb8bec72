//! Numbers that only this server can make, and makes again without having kept them: keyed hashes under its secret.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};

/// What makes the key another one than those that the secret is used for directly.
const PURPOSE: &[u8] = b"parlor: deriving, 1";

/// Makes them.
pub(crate) struct Derive(Key);

impl fmt::Debug for Derive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derive(secret)")
    }
}

impl Derive {
    /// With a key made from this secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let key = hmac::sign(&Key::new(HMAC_SHA256, secret), PURPOSE);
        Derive(Key::new(HMAC_SHA256, key.as_ref()))
    }

    /// The number that stands for these texts in this order.
    pub(crate) fn of(&self, texts: &[&str]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for text in texts {
            // With its length before it, no text can pass for the end of one and the beginning of the next.
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        *context.sign().as_ref().first_chunk().expect("this hash has 32 octets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_its_texts_and_its_server_alone() {
        let here = Derive::new(&[1; 32]);
        assert_eq!(here.of(&["a", "b"]), here.of(&["a", "b"]));
        for others in [&["ab"][..], &["a", "b", ""], &["b", "a"], &["", "ab"], &[]] {
            assert_ne!(here.of(&["a", "b"]), here.of(others), "{others:?}");
        }
        assert_ne!(here.of(&["a"]), Derive::new(&[2; 32]).of(&["a"]));
    }
}
