//! `Sec-WebSocket-Key` and its answer (RFC 6455 §1.3, §4.2.2).

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;

/// The nonce of an opening handshake: sixteen octets, as base64 on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A client's key, from sixteen random octets, fresh for each connection.
    pub fn new(nonce: [u8; 16]) -> Self {
        Key(BASE64_STANDARD.encode(nonce))
    }

    /// A key as it came; `None` if it is not sixteen octets in base64.
    pub(crate) fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let nonce = BASE64_STANDARD.decode(text).ok()?;
        (nonce.len() == 16).then(|| Key(text.to_owned()))
    }

    pub(crate) fn to_header(&self) -> HeaderValue {
        HeaderValue::try_from(&self.0).expect("base64 is made of visible ASCII")
    }

    /// What a server must answer to prove that it understood.
    pub(crate) fn accept(&self) -> HeaderValue {
        const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let mut hash = sha1_smol::Sha1::new();
        hash.update(self.0.as_bytes());
        hash.update(GUID.as_bytes());
        let text = BASE64_STANDARD.encode(hash.digest().bytes());
        HeaderValue::try_from(text).expect("base64 is made of visible ASCII")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_example() {
        let key = Key::parse(&HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==")).unwrap();
        assert_eq!(key.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(key, Key::new(*b"the sample nonce"));
    }

    #[test]
    fn what_is_no_key() {
        for text in ["", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZQ", "not base64 at all!!!!!!!", "ä"] {
            assert_eq!(Key::parse(&HeaderValue::from_str(text).unwrap()), None, "{text}");
        }
    }
}
