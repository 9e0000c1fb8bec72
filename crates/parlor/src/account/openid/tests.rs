//! Which ID tokens are taken, and which are not.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::claims::{FRESH, SKEW};
use super::*;

/// Now, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn encoded(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// A key of a site, and how it publishes it.
fn key(id: &str) -> (EcdsaKeyPair, Value) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref();
    let public = json!({"kty": "EC", "crv": "P-256", "kid": id, "x": encoded(&point[1..33]), "y": encoded(&point[33..])});
    (key, public)
}

fn signed(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", encoded(signature))
}

fn keys(published: &[Value]) -> Keys {
    Keys::read(json!({"keys": published}).to_string().as_bytes()).unwrap()
}

fn verify(token: &str, keys: &Keys) -> Result<Vec<u8>, Unfit> {
    Token::parse(token)?.verify(keys).map(<[u8]>::to_vec)
}

/// RFC 7515, appendix A.3.
#[test]
fn a_signature_of_the_rfc_is_right() {
    let published = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y\
                 b290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(verify(token, &keys(&[published])).unwrap().starts_with(b"{\"iss\":\"joe\""));
}

#[test]
fn a_token_is_checked_by_the_key_that_it_names_and_in_no_way_that_it_chooses() {
    let ((one, first), (two, second)) = (key("1"), key("2"));
    let both = keys(&[first.clone(), second.clone()]);
    let claims = json!({"sub": "ada"});
    let header = |id: &str| json!({"alg": "ES256", "kid": id});
    assert!(verify(&signed(&one, &header("1"), &claims), &both).is_ok());
    assert!(verify(&signed(&two, &header("2"), &claims), &both).is_ok());
    assert_eq!(verify(&signed(&one, &header("2"), &claims), &both), Err(Unfit::Signature));
    assert_eq!(verify(&signed(&one, &header("3"), &claims), &both), Err(Unfit::UnknownKey));
    let unnamed = signed(&one, &json!({"alg": "ES256"}), &claims);
    assert!(verify(&unnamed, &keys(std::slice::from_ref(&first))).is_ok());
    assert_eq!(verify(&unnamed, &both), Err(Unfit::UnknownKey), "either could be meant");
    for alg in ["none", "None", "HS256", "ES384", "RS512", "EdDSA", ""] {
        let token = signed(&one, &json!({"alg": alg, "kid": "1"}), &claims);
        assert_eq!(verify(&token, &both), Err(Unfit::Algorithm), "{alg}");
    }
    // A key of another kind than the algorithm is none.
    let token = signed(&one, &json!({"alg": "RS256", "kid": "1"}), &claims);
    assert_eq!(verify(&token, &both), Err(Unfit::UnknownKey));
    let critical = signed(&one, &json!({"alg": "ES256", "kid": "1", "crit": ["b64"]}), &claims);
    assert_eq!(verify(&critical, &both), Err(Unfit::Algorithm));
}

#[test]
fn no_octet_of_a_token_can_be_changed() {
    let (key, public) = key("1");
    let keys = keys(&[public]);
    let token = signed(&key, &json!({"alg": "ES256", "kid": "1"}), &json!({"sub": "ada"}));
    for at in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'Q' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(verify(&forged, &keys).is_err(), "{at}");
        assert!(verify(&token[..at], &keys).is_err(), "cut at {at}");
    }
    for text in ["", ".", "..", "a.b.c", &format!("{token}."), &format!("{token}A")] {
        assert!(verify(text, &keys).is_err(), "{text}");
    }
}

#[test]
fn keys_that_are_for_something_else_are_none() {
    let (_, public) = key("1");
    let with = |name: &str, value: Value| {
        let mut public = public.clone();
        public[name] = value;
        keys(&[public])
    };
    let one = keys(std::slice::from_ref(&public));
    assert_eq!(with("use", json!("sig")), one);
    assert_eq!(with("alg", json!("ES256")), one);
    assert_eq!(with("more", json!([])), one);
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES384")),
        ("crv", json!("P-384")),
        ("kty", json!("oct")),
        ("x", json!("AAAA")),
        ("y", json!("not base 64!")),
        ("y", json!(null)),
    ] {
        assert_eq!(with(name, value.clone()), Keys::default(), "{name} {value}");
    }
    assert_eq!(Keys::read(b"[]"), None);
    assert_eq!(Keys::read(b"{\"keys\":[1,{}]}"), Some(Keys::default()));
}

#[test]
fn a_token_has_to_say_all_of_this_sign_in() {
    let expected = Expected { issuer: "https://a.example", client_id: "here", nonce: "n", now: NOW * 1_000 };
    let read = |name: &str, value: Value| {
        let mut said = json!({
            "iss": "https://a.example", "sub": "ada", "aud": "here", "nonce": "n", "iat": NOW, "exp": NOW + 60,
            "preferred_username": "ada", "name": "Ada Lovelace",
        });
        said[name] = value;
        Claims::read(said.to_string().as_bytes(), expected)
    };
    let ada = Claims { subject: "ada".into(), names: vec!["ada".into(), "Ada Lovelace".into()] };
    let (skew, fresh) = (SKEW.as_secs(), FRESH.as_secs());
    for (name, value) in [
        ("more", json!(1)),
        ("aud", json!(["here"])),
        ("azp", json!("here")),
        ("exp", json!(NOW - skew + 1)),
        ("exp", json!((NOW + 1) as f64 + 0.5)),
        ("iat", json!(NOW + skew)),
        ("iat", json!(NOW - fresh - skew + 1)),
        ("nbf", json!(NOW + skew)),
    ] {
        assert_eq!(read(name, value.clone()), Ok(ada.clone()), "{name} {value}");
    }
    for (name, value, claim) in [
        ("iss", json!("https://a.example/"), "iss"),
        ("iss", json!("https://b.example"), "iss"),
        ("aud", json!("there"), "aud"),
        ("aud", json!([]), "aud"),
        ("aud", json!(["there"]), "aud"),
        ("aud", json!(["here", "there"]), "azp"),
        ("azp", json!("there"), "azp"),
        ("exp", json!(NOW - skew), "exp"),
        ("iat", json!(NOW + skew + 1), "iat"),
        ("iat", json!(NOW - fresh - skew), "iat"),
        ("nbf", json!(NOW + skew + 1), "nbf"),
        ("nonce", json!("m"), "nonce"),
        ("nonce", json!(null), "nonce"),
        ("sub", json!(""), "sub"),
        ("sub", json!("x".repeat(256)), "sub"),
        ("sub", json!("ä"), "sub"),
    ] {
        assert_eq!(read(name, value.clone()), Err(Unfit::Claim(claim)), "{name} {value}");
    }
    for (name, value) in
        [("iss", json!(null)), ("sub", json!(7)), ("exp", json!("soon")), ("iat", json!(null))]
    {
        assert_eq!(read(name, value.clone()), Err(Unfit::Form), "{name} {value}");
    }
    let twice =
        br#"{"iss":"a","iss":"https://a.example","sub":"ada","aud":"here","nonce":"n","iat":1,"exp":2}"#;
    assert_eq!(Claims::read(twice, expected), Err(Unfit::Form));
}
