//! Passkeys: what an authenticator says is checked as WebAuthn level 2 asks for (§7.1, §7.2).
//!
//! Attestation is not asked for: any authenticator will do. The browser takes the public key out of what the
//! authenticator made (§5.2.1.1) and hands it over as it is in certificates. That it could hand over another is no
//! matter, since without attestation nothing else vouches for the key either.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Octets of a credential's id at most; specified are up to 1,023, and no authenticator is known that needs so many.
const LONGEST_ID: usize = 512;
/// Where the flags stand in an authenticator's data (§6.1), behind the hash of the site's name.
const FLAGS: usize = 32;
/// Where it counts how often it was used.
const COUNT: usize = 33;
/// Octets of an authenticator's data without a credential.
const SHORTEST: usize = 37;
/// Somebody was there.
const USER_PRESENT: u8 = 0x01;
/// The authenticator knows that it was the right one: by a fingerprint, a PIN, or the like.
const USER_VERIFIED: u8 = 0x04;
/// There is a credential in the data.
const HAS_CREDENTIAL: u8 = 0x40;

/// What a passkey is signed in with, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passkey {
    /// The credential's id, in base64url.
    pub(crate) id: String,
    /// The public key as certificates have it (RFC 5280 §4.1), in base64url.
    key: String,
    /// Its COSE algorithm.
    algorithm: i64,
}

/// What must have been signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The challenge, in base64url.
    pub(crate) challenge: &'a str,
    /// The page's origin, such as `https://chat.example.org`.
    pub(crate) origin: &'a str,
    /// Its host, without the port.
    pub(crate) host: &'a str,
}

/// A new passkey, as the page hands it over; octets in base64url.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Registration {
    pub(crate) client_data: String,
    pub(crate) authenticator_data: String,
    pub(crate) public_key: String,
    pub(crate) algorithm: i64,
}

/// A passkey's answer to a challenge, as the page hands it over; octets in base64url.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Assertion {
    pub(crate) id: String,
    pub(crate) client_data: String,
    pub(crate) authenticator_data: String,
    pub(crate) signature: String,
}

/// What the browser says it asked the authenticator for (§5.8.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The challenge that the browser says was answered; whether it is one of ours is to be seen.
pub(crate) fn challenge_of(client_data: &str) -> Option<String> {
    let data: ClientData = serde_json::from_slice(&octets(client_data)?).ok()?;
    Some(data.challenge)
}

/// The passkey of a registration, if it is in order.
pub(crate) fn register(expected: Expected<'_>, made: &Registration) -> Option<Passkey> {
    check_client(expected, "webauthn.create", &octets(&made.client_data)?)?;
    let data = octets(&made.authenticator_data)?;
    if check_authenticator(expected, &data)? & HAS_CREDENTIAL == 0 {
        return None;
    }
    // Behind the counter: which kind of authenticator it is, in 16 octets, and the length of the id.
    let credential = data.get(SHORTEST + 16..)?;
    let (length, rest) = credential.split_first_chunk::<2>()?;
    let id = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let key = octets(&made.public_key)?;
    let parsed = UnparsedPublicKey::new(algorithm(made.algorithm)?, &key).parse();
    (!id.is_empty() && id.len() <= LONGEST_ID && parsed.is_ok()).then(|| Passkey {
        id: URL_SAFE_NO_PAD.encode(id),
        key: URL_SAFE_NO_PAD.encode(key),
        algorithm: made.algorithm,
    })
}

/// How often a passkey says that it was used, 0 if it does not count; nothing if it has not answered as it should.
pub(crate) fn verify(passkey: &Passkey, expected: Expected<'_>, answer: &Assertion) -> Option<u64> {
    let (client, data) = (octets(&answer.client_data)?, octets(&answer.authenticator_data)?);
    check_client(expected, "webauthn.get", &client)?;
    check_authenticator(expected, &data)?;
    let signed = [data.as_slice(), digest(&SHA256, &client).as_ref()].concat();
    let key = UnparsedPublicKey::new(algorithm(passkey.algorithm)?, octets(&passkey.key)?);
    key.verify(&signed, &octets(&answer.signature)?).ok()?;
    let count = data.get(COUNT..)?.first_chunk::<4>()?;
    Some(u64::from(u32::from_be_bytes(*count)))
}

fn check_client(expected: Expected<'_>, kind: &str, octets: &[u8]) -> Option<()> {
    let data: ClientData = serde_json::from_slice(octets).ok()?;
    let is_right = data.r#type == kind
        && data.challenge == expected.challenge
        && data.origin == expected.origin
        && !data.cross_origin;
    is_right.then_some(())
}

/// The flags, if it is for this site, and the right person was there.
fn check_authenticator(expected: Expected<'_>, data: &[u8]) -> Option<u8> {
    let flags = *data.get(FLAGS)?;
    let is_here = data.starts_with(digest(&SHA256, expected.host.as_bytes()).as_ref());
    let was_there = flags & (USER_PRESENT | USER_VERIFIED) == USER_PRESENT | USER_VERIFIED;
    (data.len() >= SHORTEST && is_here && was_there).then_some(flags)
}

/// What a COSE algorithm (RFC 9053) is checked with; those that browsers have to offer.
fn algorithm(cose: i64) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match cose {
        -7 => &ECDSA_P256_SHA256_ASN1,
        -8 => &ED25519,
        -257 => &RSA_PKCS1_2048_8192_SHA256,
        _ => return None,
    })
}

fn octets(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests;
