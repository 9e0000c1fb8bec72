//! What the provider signs with, rightly and wrongly.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Fault;

/// A key of each kind, under ids that no others have.
pub(super) struct Keys {
    id: usize,
    rsa: RsaKeyPair,
    elliptic: EcdsaKeyPair,
}

impl Keys {
    pub(super) fn new() -> Keys {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Keys {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).expect("such a key can be made"),
            elliptic: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .expect("such a key can be made"),
        }
    }

    /// Those of somebody else, who publishes them nowhere.
    pub(super) fn foreign() -> &'static Keys {
        static FOREIGN: OnceLock<Keys> = OnceLock::new();
        FOREIGN.get_or_init(Keys::new)
    }

    /// The public halves, with one for encrypting and one of a kind that nobody knows.
    pub(super) fn published(&self) -> Value {
        let (modulus, exponent) = rsa_numbers(self.rsa.public_key().as_ref());
        let point = self.elliptic.public_key().as_ref();
        let (rsa_id, elliptic_id) = self.ids();
        json!({"keys": [
            {"kty": "RSA", "use": "enc", "kid": "for encrypting", "n": encoded(modulus), "e": encoded(exponent)},
            {"kty": "from the future", "kid": "?"},
            {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": rsa_id, "n": encoded(modulus), "e": encoded(exponent)},
            {"kty": "EC", "crv": "P-256", "kid": elliptic_id, "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
        ]})
    }

    fn ids(&self) -> (String, String) {
        (format!("rsa {}", self.id), format!("elliptic {}", self.id))
    }

    /// An ID token.
    pub(super) fn sign(&self, claims: &Value, is_elliptic: bool, fault: Option<Fault>) -> String {
        let (rsa_id, elliptic_id) = self.ids();
        let id = match fault {
            Some(Fault::UnknownKey) => "nobody's".to_owned(),
            _ if is_elliptic => elliptic_id,
            _ => rsa_id,
        };
        let algorithm = match fault {
            Some(Fault::Unsigned) => "none",
            Some(Fault::PublicKeyAsSecret) => "HS256",
            _ if is_elliptic => "ES256",
            _ => "RS256",
        };
        let header = json!({"alg": algorithm, "kid": id, "typ": "JWT"});
        let text = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = match fault {
            Some(Fault::Unsigned) => Vec::new(),
            Some(Fault::PublicKeyAsSecret) => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, self.rsa.public_key().as_ref());
                hmac::sign(&secret, text.as_bytes()).as_ref().to_vec()
            }
            Some(Fault::UnknownKey | Fault::ForeignKey) => Keys::foreign().signature(is_elliptic, &text),
            _ => self.signature(is_elliptic, &text),
        };
        format!("{text}.{}", encoded(signature))
    }

    fn signature(&self, is_elliptic: bool, text: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        if is_elliptic {
            let signature = self.elliptic.sign(&random, text.as_bytes()).expect("it can be signed");
            return signature.as_ref().to_vec();
        }
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).expect("it can be signed");
        signature
    }
}

fn encoded(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// Modulus and exponent of a public key (RFC 8017, appendix A.1.1), as they are published: without zeros before them.
fn rsa_numbers(der: &[u8]) -> (&[u8], &[u8]) {
    let (sequence, _) = element(der);
    let (modulus, rest) = element(sequence);
    let (exponent, _) = element(rest);
    (modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent)
}

/// What is in the first element of a DER encoding, and what comes behind it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, begin) = match usize::from(der[1]) {
        short @ 0..0x80 => (short, 2),
        long => {
            let octets = &der[2..2 + (long & 0x7f)];
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), 2 + octets.len())
        }
    };
    (&der[begin..begin + length], &der[begin + length..])
}
