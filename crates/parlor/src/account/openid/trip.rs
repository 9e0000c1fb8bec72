//! A browser's way to another site and back: what it takes along, so that the server keeps nothing of it meanwhile.
//!
//! A cookie that no script reads stays in the browser, and a `state` goes to the site and comes back. The state is sealed for
//! that cookie, so it is good in that browser alone, and says what was begun. What else must not be guessed is derived
//! from both: the nonce that the token must name, and the verifier that the code is redeemed by (PKCE, RFC 7636).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parlor_chat::{PersonId, Position, SessionId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::{Derive, Seal};
use crate::identity::random_octets;

/// How long one may be away: as long as people may take to find another password, and to mend it.
pub(crate) const AWAY: Duration = Duration::from_secs(15 * 60);
/// How long a code that is asked for besides may be looked for.
const LOOKED_FOR: Duration = Duration::from_secs(5 * 60);

/// What was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trip {
    /// What the site is called.
    pub(crate) provider: String,
    /// The page's origin, to which it is come back.
    pub(crate) origin: String,
    /// Whose account the site is to be linked to, and the session they asked in; nobody's for signing in.
    pub(crate) link: Option<(PersonId, SessionId)>,
    /// When, in milliseconds since 1970.
    pub(crate) at: u64,
}

/// Somebody whom a site has vouched for, and who has a code to show besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) person: PersonId,
    /// What was shown.
    pub(crate) identity: Position,
    pub(crate) at: u64,
}

/// What a trip is begun with.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Stays in the browser.
    pub(crate) cookie: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// What the verifier is known by (RFC 7636 §4.2).
    pub(crate) challenge: String,
}

/// What comes back of a trip.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Back {
    pub(crate) trip: Trip,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// Sends off and knows again.
#[derive(Debug)]
pub(crate) struct Trips<'a> {
    pub(crate) seal: &'a Seal,
    pub(crate) derive: &'a Derive,
}

impl Trips<'_> {
    /// Begins a trip in a browser.
    pub(crate) fn begin(&self, trip: &Trip) -> Begun {
        let cookie = URL_SAFE_NO_PAD.encode(random_octets::<32>());
        let state = self.sealed(trip, &away(&cookie));
        let challenge = digest(&SHA256, self.derived("verifier", &cookie, &state).as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge.as_ref());
        Begun { nonce: self.derived("nonce", &cookie, &state), challenge, cookie, state }
    }

    /// What was begun in the browser that has this cookie, lately enough.
    pub(crate) fn back(&self, cookie: &str, state: &str, now: u64) -> Option<Back> {
        let trip: Trip = self.opened(state, &away(cookie))?;
        is_within(trip.at, AWAY, now).then(|| Back {
            trip,
            nonce: self.derived("nonce", cookie, state),
            verifier: self.derived("verifier", cookie, state),
        })
    }

    /// What a browser keeps while a code is looked for.
    pub(crate) fn wait(&self, pending: &Pending) -> String {
        self.sealed(pending, PENDING)
    }

    /// Who has a code to show.
    pub(crate) fn waiting(&self, kept: &str, now: u64) -> Option<Pending> {
        self.opened::<Pending>(kept, PENDING).filter(|pending| is_within(pending.at, LOOKED_FOR, now))
    }

    fn sealed(&self, what: &impl Serialize, context: &str) -> String {
        let json = serde_json::to_vec(what).expect("this type has a JSON form");
        self.seal.seal(&json, context)
    }

    fn opened<T: DeserializeOwned>(&self, sealed: &str, context: &str) -> Option<T> {
        serde_json::from_slice(&self.seal.open(sealed, context)?).ok()
    }

    fn derived(&self, what: &str, cookie: &str, state: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.derive.of(&["signing in by a provider", what, cookie, state]))
    }
}

/// What is sealed for while a code is looked for.
const PENDING: &str = "signing in by a provider: a code is asked for";

/// What a state is sealed for.
fn away(cookie: &str) -> String {
    format!("signing in by a provider, away from {cookie}")
}

fn is_within(at: u64, time: Duration, now: u64) -> bool {
    now.saturating_sub(at) < u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_is_known_by_cookie_and_state_together_and_for_a_while() {
        let (seal, derive) = (Seal::new(&[1; 32]), Derive::new(&[1; 32]));
        let here = Trips { seal: &seal, derive: &derive };
        let trip = Trip { provider: "One".into(), origin: "https://a.example".into(), link: None, at: 1_000 };
        let (one, other) = (here.begin(&trip), here.begin(&trip));
        let back = here.back(&one.cookie, &one.state, 2_000).unwrap();
        assert_eq!((&back.trip, &back.nonce), (&trip, &one.nonce));
        assert_eq!(URL_SAFE_NO_PAD.encode(digest(&SHA256, back.verifier.as_bytes())), one.challenge);
        assert!((43..=128).contains(&back.verifier.len()), "as RFC 7636 §4.1 has it");
        assert_ne!((&one.nonce, &one.challenge), (&other.nonce, &other.challenge));
        assert_eq!(here.back(&other.cookie, &one.state, 2_000), None, "another browser");
        assert_eq!(here.back(&one.cookie, "", 2_000), None);
        let away = u64::try_from(AWAY.as_millis()).unwrap();
        assert!(here.back(&one.cookie, &one.state, 1_000 + away - 1).is_some());
        assert_eq!(here.back(&one.cookie, &one.state, 1_000 + away), None, "too late");
    }

    #[test]
    fn a_state_is_no_answer_to_a_code_and_what_waits_for_one_is_no_state() {
        let (seal, derive) = (Seal::new(&[1; 32]), Derive::new(&[1; 32]));
        let here = Trips { seal: &seal, derive: &derive };
        let pending = Pending { person: PersonId(1), identity: Position(2), at: 0 };
        let kept = here.wait(&pending);
        assert_eq!(here.waiting(&kept, 0), Some(pending));
        assert_eq!(here.waiting(&kept, 5 * 60 * 1_000), None, "too late");
        assert_eq!(here.back(&kept, &kept, 0), None);
        let trip = Trip { provider: String::new(), origin: String::new(), link: None, at: 0 };
        assert_eq!(here.waiting(&here.begin(&trip).state, 0), None);
    }
}
