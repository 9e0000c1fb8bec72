//! An authenticator of our own says what is right, and each single thing that is wrong.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use super::*;

const HERE: Expected<'static> =
    Expected { challenge: "Y2hhbGxlbmdl", origin: "https://chat.example.org", host: "chat.example.org" };

/// How often the authenticator was used.
const COUNTED: u32 = 0x0102_0304;

const ALL: u8 = USER_PRESENT | USER_VERIFIED;

fn text(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// A public key as browsers hand it over.
fn key_of<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> String {
    let der = key.as_der().unwrap();
    let octets: &[u8] = der.as_ref();
    text(octets)
}

fn client(kind: &str) -> Value {
    json!({"type": kind, "challenge": HERE.challenge, "origin": HERE.origin, "crossOrigin": false})
}

fn data(host: &str, flags: u8, credential: &[u8]) -> Vec<u8> {
    let mut data = digest(&SHA256, host.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend(COUNTED.to_be_bytes());
    data.extend(credential);
    data
}

/// An authenticator with a key that it made.
struct Authenticator(EcdsaKeyPair);

impl Authenticator {
    fn new() -> Self {
        Authenticator(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn registration(&self) -> Registration {
        let id = [7; 20];
        let credential = [&[0; 16][..], &[0, 20], &id].concat();
        Registration {
            client_data: text(client("webauthn.create").to_string()),
            authenticator_data: text(data(HERE.host, ALL | HAS_CREDENTIAL, &credential)),
            public_key: key_of(self.0.public_key()),
            algorithm: -7,
        }
    }

    fn answer(&self, client: &Value, data: &[u8]) -> Assertion {
        let client = client.to_string();
        let signed = [data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = self.0.sign(&SystemRandom::new(), &signed).unwrap();
        let (client_data, authenticator_data) = (text(client), text(data));
        Assertion { id: String::new(), client_data, authenticator_data, signature: text(signature) }
    }
}

#[test]
fn a_passkey_is_registered_and_answers() {
    let key = Authenticator::new();
    let passkey = register(HERE, &key.registration()).unwrap();
    assert_eq!(passkey.id, text([7; 20]));
    let kept = serde_json::to_string(&passkey).unwrap();
    assert!(kept.len() < parlor_chat::limits::CREDENTIAL);
    assert_eq!(serde_json::from_str::<Passkey>(&kept).unwrap(), passkey);
    let answer = key.answer(&client("webauthn.get"), &data(HERE.host, ALL, &[]));
    assert_eq!(challenge_of(&answer.client_data).as_deref(), Some(HERE.challenge));
    assert_eq!(verify(&passkey, HERE, &answer), Some(COUNTED.into()));
    let another = register(HERE, &Authenticator::new().registration()).unwrap();
    assert_eq!(verify(&another, HERE, &answer), None);
}

#[test]
fn an_answer_with_anything_wrong_is_none() {
    let key = Authenticator::new();
    let passkey = register(HERE, &key.registration()).unwrap();
    let right = data(HERE.host, ALL, &[]);
    let with = |field: &str, value: Value| {
        let mut client = client("webauthn.get");
        client[field] = value;
        key.answer(&client, &right)
    };
    let own = client("webauthn.get");
    let mut forged = key.answer(&own, &right);
    forged.signature = text([0; 70]);
    let cases = [
        ("registering is not signing in", with("type", json!("webauthn.create"))),
        ("another challenge", with("challenge", json!("b3RoZXI"))),
        ("a page that looks like ours", with("origin", json!("https://chat.examp1e.org"))),
        ("a frame in another page", with("crossOrigin", json!(true))),
        ("another site", key.answer(&own, &data("example.org", ALL, &[]))),
        ("nobody was there", key.answer(&own, &data(HERE.host, USER_VERIFIED, &[]))),
        ("anybody was there", key.answer(&own, &data(HERE.host, USER_PRESENT, &[]))),
        ("cut off", key.answer(&own, &right[..36])),
        ("empty", key.answer(&own, &[])),
        ("no signature", forged),
    ];
    for (what, answer) in cases {
        assert_eq!(verify(&passkey, HERE, &answer), None, "{what}");
    }
}

#[test]
fn a_registration_with_anything_wrong_is_none() {
    let right = Authenticator::new().registration();
    let credential = |length: u16, id: &[u8]| [&[0; 16][..], &length.to_be_bytes(), id].concat();
    let of = |credential: &[u8], flags: u8| text(data(HERE.host, flags, credential));
    let long = vec![7; LONGEST_ID + 1];
    let long_length = u16::try_from(long.len()).unwrap();
    let datas = [
        of(&credential(20, &[7; 20]), ALL),
        of(&credential(21, &[7; 20]), ALL | HAS_CREDENTIAL),
        of(&credential(0, &[]), ALL | HAS_CREDENTIAL),
        of(&credential(long_length, &long), ALL | HAS_CREDENTIAL),
        of(&[], ALL | HAS_CREDENTIAL),
        of(&credential(20, &[7; 20]), USER_PRESENT | HAS_CREDENTIAL),
        "not base64!".to_owned(),
    ];
    for authenticator_data in datas {
        assert_eq!(register(HERE, &Registration { authenticator_data, ..right.clone() }), None);
    }
    for algorithm in [0, -8, -257, -65_535] {
        assert_eq!(register(HERE, &Registration { algorithm, ..right.clone() }), None, "{algorithm}");
    }
    assert_eq!(register(HERE, &Registration { public_key: text([1; 91]), ..right.clone() }), None);
    let client_data = text(client("webauthn.get").to_string());
    assert_eq!(register(HERE, &Registration { client_data, ..right }), None);
}

#[test]
fn keys_on_edwards_curves_are_keys_too() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let key = key_of(pair.public_key());
    let passkey = Passkey { id: text([7]), key, algorithm: -8 };
    let (client, data) = (client("webauthn.get").to_string(), data(HERE.host, ALL, &[]));
    let signed = [data.as_slice(), digest(&SHA256, client.as_bytes()).as_ref()].concat();
    let mut answer = Assertion {
        id: text([7]),
        client_data: text(client),
        authenticator_data: text(data),
        signature: text(pair.sign(&signed)),
    };
    assert_eq!(verify(&passkey, HERE, &answer), Some(COUNTED.into()));
    answer.signature = text([0; 64]);
    assert_eq!(verify(&passkey, HERE, &answer), None);
}

#[test]
fn keys_of_rsa_are_keys_too() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let registration = Registration {
        public_key: key_of(pair.public_key()),
        algorithm: -257,
        ..Authenticator::new().registration()
    };
    let passkey = register(HERE, &registration).unwrap();
    let (client, data) = (client("webauthn.get").to_string(), data(HERE.host, ALL, &[]));
    let signed = [data.as_slice(), digest(&SHA256, client.as_bytes()).as_ref()].concat();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).unwrap();
    let mut answer = Assertion {
        id: passkey.id.clone(),
        client_data: text(client),
        authenticator_data: text(data),
        signature: text(&signature),
    };
    assert_eq!(verify(&passkey, HERE, &answer), Some(COUNTED.into()));
    signature[0] ^= 1;
    answer.signature = text(&signature);
    assert_eq!(verify(&passkey, HERE, &answer), None);
}
