//! The keys that a site signs with, as it publishes them (RFC 7517).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Unfit;

/// Keys that are looked at; sites have two or three, while one takes the place of another.
const KEYS: usize = 50;

/// A site's keys, as far as they are of a kind that is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keys(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    /// For RS256: modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// For ES256: a point on P-256, uncompressed.
    Point(Vec<u8>),
}

/// A key as it is published. What else is said of it is no matter.
#[derive(Deserialize)]
struct Published {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    // One by one, since a site may have keys that nobody here has heard of.
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// The keys in a set; nothing if it is none.
    pub(crate) fn read(octets: &[u8]) -> Option<Keys> {
        let set: Set = serde_json::from_slice(octets).ok()?;
        let keys =
            set.keys.into_iter().take(KEYS).filter_map(|key| Key::of(serde_json::from_value(key).ok()?));
        Some(Keys(keys.collect()))
    }

    /// Checks a signature by the key of this id, or without one by the only key of its kind.
    pub(super) fn verify(
        &self,
        algorithm: &str,
        id: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), Unfit> {
        let is_of_kind = |key: &&Key| match key.public {
            Public::Rsa(..) => algorithm == "RS256",
            Public::Point(_) => algorithm == "ES256",
        };
        let mut fitting =
            self.0.iter().filter(is_of_kind).filter(|key| id.is_none() || key.id.as_deref() == id);
        let key = fitting.next().ok_or(Unfit::UnknownKey)?;
        // Which of several is meant must be said.
        if fitting.next().is_some() {
            return Err(Unfit::UnknownKey);
        }
        key.verify(signed, signature)
    }
}

impl Key {
    fn of(published: Published) -> Option<Key> {
        let Published { kty, kid, r#use, alg, crv, n, e, x, y } = published;
        // A key for something else signs nothing.
        if r#use.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let (algorithm, public) = match kty.as_str() {
            "RSA" => ("RS256", Public::Rsa(number(&n?)?, number(&e?)?)),
            "EC" if crv.as_deref() == Some("P-256") => {
                let (x, y) = (octets(&x?)?, octets(&y?)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                ("ES256", Public::Point([&[4], &x[..], &y[..]].concat()))
            }
            _ => return None,
        };
        alg.is_none_or(|alg| alg == algorithm).then_some(Key { id: kid, public })
    }

    fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), Unfit> {
        let verified = match &self.public {
            Public::Rsa(n, e) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Public::Point(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
        };
        verified.map_err(|_| Unfit::Signature)
    }
}

fn octets(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number in big-endian order, without zeros before it.
fn number(text: &str) -> Option<Vec<u8>> {
    let octets = octets(text)?;
    let first = octets.iter().position(|octet| *octet != 0)?;
    Some(octets[first..].to_vec())
}
