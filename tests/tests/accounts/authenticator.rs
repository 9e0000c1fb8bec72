//! An authenticator in software, written from WebAuthn level 2: it makes passkeys and answers challenges.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Somebody was there, and it was the right one (§6.1).
pub(crate) const PRESENT_AND_VERIFIED: u8 = 0x05;
/// Somebody was there, whoever it was.
pub(crate) const PRESENT: u8 = 0x01;
const HAS_CREDENTIAL: u8 = 0x40;

/// An authenticator with one passkey.
pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 16],
    /// Whose passkey it is, as the site said.
    pub(crate) user: String,
    /// How often it was used; it counts for itself.
    pub(crate) count: u32,
    pub(crate) flags: u8,
}

fn text(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

fn client(kind: &str, challenge: &Value, origin: &str) -> String {
    json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}).to_string()
}

impl Authenticator {
    /// A passkey with an id that no other test of a server has.
    pub(crate) fn new(number: u8) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Authenticator { key, id: [number; 16], user: String::new(), count: 0, flags: PRESENT_AND_VERIFIED }
    }

    fn data(&self, host: &str, flags: u8, credential: &[u8]) -> Vec<u8> {
        let host = digest(&SHA256, host.as_bytes());
        [host.as_ref(), &[flags], &self.count.to_be_bytes(), credential].concat()
    }

    /// What a page hands over of a new passkey, to the site that said this when it began.
    pub(crate) fn register(&mut self, begun: &Value, origin: &str) -> Value {
        self.user = begun["user"]["id"].as_str().unwrap().to_owned();
        let credential = [&[0; 16][..], &[0, 16], &self.id].concat();
        let data = self.data(begun["rp_id"].as_str().unwrap(), self.flags | HAS_CREDENTIAL, &credential);
        let key: PublicKeyX509Der<'_> = self.key.public_key().as_der().unwrap();
        let key: &[u8] = key.as_ref();
        json!({
            "client_data": text(client("webauthn.create", &begun["challenge"], origin).as_bytes()),
            "authenticator_data": text(&data),
            "public_key": text(key),
            "algorithm": -7,
        })
    }

    /// What a page hands over to sign in.
    pub(crate) fn answer(&mut self, begun: &Value, origin: &str) -> Value {
        self.count += 1;
        let client = client("webauthn.get", &begun["challenge"], origin);
        let data = self.data(begun["rp_id"].as_str().unwrap(), self.flags, &[]);
        let signed = [data.as_slice(), digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let answer = json!({
            "id": text(&self.id),
            "client_data": text(client.as_bytes()),
            "authenticator_data": text(&data),
            "signature": text(signature.as_ref()),
        });
        json!({"user_handle": self.user, "answer": answer})
    }
}
