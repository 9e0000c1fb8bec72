//! What an ID token says, and whether it says it of this sign-in (OpenID Connect Core 1.0 §3.1.3.7).

use std::time::Duration;

use serde::Deserialize;

use super::Unfit;

/// By how much the site's clock may be off.
pub(super) const SKEW: Duration = Duration::from_secs(60);
/// How long ago a token may have been made: it is fetched as soon as it is.
pub(super) const FRESH: Duration = Duration::from_secs(5 * 60);
/// Characters of the site's name for somebody, all of them ASCII (§2).
const LONGEST_SUBJECT: usize = 255;

/// What is to be in a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// Now, in milliseconds since 1970.
    pub(crate) now: u64,
}

/// Whom a token means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Claims {
    /// The site's own name for them, which never becomes somebody else's.
    pub(crate) subject: String,
    /// What they might be called, the best first.
    pub(crate) names: Vec<String>,
}

#[derive(Deserialize)]
struct Said {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    preferred_username: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Whom a token means whose signature is right, if all that it says is as expected.
    pub(crate) fn read(payload: &[u8], expected: Expected<'_>) -> Result<Claims, Unfit> {
        let said: Said = serde_json::from_slice(payload).map_err(|_| Unfit::Form)?;
        let check = |is_right: bool, claim| if is_right { Ok(()) } else { Err(Unfit::Claim(claim)) };
        check(said.iss == expected.issuer, "iss")?;
        let audience = match &said.aud {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Several(several) => several.as_slice(),
        };
        check(audience.iter().any(|one| one == expected.client_id), "aud")?;
        // Of several, one must be the one that it was made for.
        check(audience.len() == 1 || said.azp.is_some(), "azp")?;
        check(said.azp.is_none_or(|azp| azp == expected.client_id), "azp")?;
        #[allow(clippy::cast_precision_loss, reason = "these milliseconds have fewer than 53 bits")]
        let now = expected.now as f64 / 1_000.0;
        let (skew, fresh) = (SKEW.as_secs_f64(), FRESH.as_secs_f64());
        check(now < said.exp + skew, "exp")?;
        check(said.iat <= now + skew && now < said.iat + fresh + skew, "iat")?;
        check(said.nbf.is_none_or(|not_before| not_before <= now + skew), "nbf")?;
        check(said.nonce.as_deref() == Some(expected.nonce), "nonce")?;
        let is_subject = (1..=LONGEST_SUBJECT).contains(&said.sub.len()) && said.sub.is_ascii();
        check(is_subject, "sub")?;
        let names = [said.preferred_username, said.name].into_iter().flatten();
        Ok(Claims { subject: said.sub, names: names.collect() })
    }
}
