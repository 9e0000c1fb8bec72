//! What a site signs of somebody: an ID token, a JWS in its compact form (RFC 7515 §3.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{Keys, Unfit};

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What has to be understood to understand the token (RFC 7515 §4.1.11).
    crit: Option<serde_json::Value>,
}

/// A token whose signature has not been checked yet.
pub(crate) struct Token<'a> {
    header: Header,
    /// What the signature is of.
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Unfit> {
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Unfit::Form);
        let (signed, signature) = text.rsplit_once('.').ok_or(Unfit::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Unfit::Form)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Unfit::Form)?;
        // Those that are taken stand here, so that no token chooses by what it is checked: neither by nothing ("none"), nor
        // by a public key as if it were a shared secret (HS256).
        if !["RS256", "ES256"].contains(&header.alg.as_str()) || header.crit.is_some() {
            return Err(Unfit::Algorithm);
        }
        Ok(Token { header, signed, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// What it says, if one of these keys has signed it.
    pub(crate) fn verify(&self, keys: &Keys) -> Result<&[u8], Unfit> {
        let Header { alg, kid, .. } = &self.header;
        keys.verify(alg, kid.as_deref(), self.signed.as_bytes(), &self.signature)?;
        Ok(&self.payload)
    }
}
