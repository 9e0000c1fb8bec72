//! Challenges that a passkey signs: random, each good once, for one purpose, for a few minutes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::identity::random_octets;

/// How long one is good: as long as people may look for their key.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);
/// Challenges that are known at most; for one more, the oldest half is forgotten.
const KNOWN: usize = 10_000;

/// Challenges that have been given out.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<HashMap<String, (String, Instant)>>);

impl Challenges {
    /// A challenge that nobody has seen, in base64url.
    pub(crate) fn give(&self, purpose: &str, now: Instant) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(random_octets::<32>());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            let mut times: Vec<Instant> = known.values().map(|(_, at)| *at).collect();
            times.sort_unstable();
            let half = times[times.len() / 2];
            known.retain(|_, (_, at)| *at > half && now.duration_since(*at) < GOOD_FOR);
        }
        known.insert(challenge.clone(), (purpose.to_owned(), now));
        challenge
    }

    /// Takes a challenge back: whether it was given out for this purpose, lately, and not taken back before.
    pub(crate) fn take(&self, challenge: &str, purpose: &str, now: Instant) -> bool {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(challenge);
        taken.is_some_and(|(given_for, at)| given_for == purpose && now.duration_since(at) < GOOD_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once_for_its_purpose_and_for_a_while() {
        let (challenges, now) = (Challenges::default(), Instant::now());
        let [first, second, third] = [(); 3].map(|()| challenges.give("sign in", now));
        assert!(challenges.take(&first, "sign in", now));
        assert!(!challenges.take(&first, "sign in", now), "once");
        assert!(!challenges.take(&second, "add", now), "for its purpose");
        assert!(!challenges.take(&third, "sign in", now + GOOD_FOR), "for a while");
        assert!(!challenges.take("made up", "sign in", now));
    }

    #[test]
    fn those_that_are_known_are_bounded() {
        let (challenges, now) = (Challenges::default(), Instant::now());
        for number in 0..2 * KNOWN as u64 {
            challenges.give("", now + Duration::from_micros(number));
        }
        assert!(challenges.0.lock().unwrap().len() <= KNOWN);
    }
}
