//! Who a connection is: a token that only this server can make, kept by a browser in a cookie and by programs as they like.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use http::header::{self, HeaderMap, HeaderValue};
use parlor_chat::{PersonId, SessionId, Timestamp};
use sha2::Sha256;

/// The cookie's name.
const COOKIE: &str = "parlor";
/// How long a browser keeps it: a year, in seconds.
const MAX_AGE: u32 = 365 * 24 * 60 * 60;
/// What is drawn of an id is below this half of what its 22 random bits hold.
const LOWER_HALF: u64 = (1 << 21) - 1;
/// What the first part of a token says, so that a later version can tell it from its own.
const VERSION: &str = "v1";

/// A random number.
pub(crate) fn random() -> u64 {
    getrandom::u64().expect("the system gives random numbers")
}

/// Random octets.
pub(crate) fn random_octets<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut octets = [0; LENGTH];
    getrandom::fill(&mut octets).expect("the system gives random numbers");
    octets
}

/// A secret that nobody guesses: 128 bits.
pub(crate) fn new_secret() -> String {
    format!("{:016x}{:016x}", random(), random())
}

/// An id for somebody new, which nobody else gets here: of thousands who come at once, two would draw the same now and then,
/// and who only listens is in no log that would refuse it.
pub(crate) fn new_person() -> PersonId {
    static LAST: Mutex<PersonId> = Mutex::new(PersonId::SERVER);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    // Those of one millisecond ascend from one that leaves room for two million behind it.
    let drawn = PersonId::new(Timestamp::now(), random() & LOWER_HALF);
    *last = if drawn.made_at() == last.made_at() { PersonId(last.0 + 1) } else { drawn };
    *last
}

/// What a request says in cookies of this name.
pub(crate) fn cookie_called<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(move |(called, value)| (called == name).then_some(value))
}

/// Who somebody shows to be, and in which session: it may have ended since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) person: PersonId,
    pub(crate) session: SessionId,
}

impl Signed {
    /// Somebody who has no account.
    pub(crate) fn guest(person: PersonId) -> Self {
        Signed { person, session: SessionId::GUEST }
    }
}

/// Makes tokens and knows them again.
pub(crate) struct Identities {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities(secret)")
    }
}

impl Identities {
    /// Tokens under this secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Identities { mac: Hmac::new_from_slice(secret).expect("any length of key will do") }
    }

    /// The token of somebody: whoever has it speaks as them, as long as the session lasts.
    pub(crate) fn token(&self, signed: Signed) -> String {
        let mut token = format!("{VERSION}.{}.{}.", signed.person, signed.session);
        let mac = self.mac.clone().chain_update(token.as_bytes()).finalize().into_bytes();
        token.extend(mac.iter().map(|octet| format!("{octet:02x}")));
        token
    }

    /// Whose token this is; nobody's if it was not made here.
    pub(crate) fn signed(&self, token: &str) -> Option<Signed> {
        let (said, mac) = token.rsplit_once('.')?;
        let (person, session) = said.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
        let signed = Signed { person: person.parse().ok()?, session: session.parse().ok()? };
        let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        if mac.len() != 64 || !mac.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mac: Vec<u8> = mac.as_bytes().chunks(2).map(octet).collect::<Option<_>>()?;
        // Compared in constant time, so that nobody can guess it octet by octet.
        self.mac.clone().chain_update(said).chain_update(".").verify_slice(&mac).ok().map(|()| signed)
    }

    /// Who sends these headers: by `Authorization: Bearer`, or by cookie.
    pub(crate) fn of_request(&self, headers: &HeaderMap) -> Option<Signed> {
        let bearer =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if let Some(token) = bearer {
            return self.signed(token);
        }
        cookie_called(headers, COOKIE).find_map(|token| self.signed(token))
    }

    /// The cookie that makes a browser this person. No script can read it, and no other site's form sends it.
    pub(crate) fn cookie(&self, signed: Signed, is_secure: bool) -> HeaderValue {
        let secure = if is_secure { "; Secure" } else { "" };
        let token = self.token(signed);
        let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).expect("it is visible ASCII")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ANNA: Signed = Signed { person: PersonId(0x0123_4567_89ab_cdef), session: SessionId(77) };

    #[test]
    fn nobody_new_is_somebody_else_however_many_come_at_once() {
        let come = || (0..50_000).map(|_| new_person()).collect::<Vec<_>>();
        let people: Vec<PersonId> = std::thread::scope(|scope| {
            let doors: Vec<_> = (0..4).map(|_| scope.spawn(come)).collect();
            doors.into_iter().flat_map(|door| door.join().unwrap()).collect()
        });
        let distinct: HashSet<PersonId> = people.iter().copied().collect();
        assert_eq!(distinct.len(), people.len());
        let now = Timestamp::now().0;
        assert!(people.iter().all(|person| person.made_at().0.abs_diff(now) < 60_000));
    }

    #[test]
    fn a_token_is_known_again_and_nothing_else_is() {
        let here = Identities::new(&[1; 32]);
        let token = here.token(ANNA);
        assert_eq!(here.signed(&token), Some(ANNA));
        assert_eq!(Identities::new(&[2; 32]).signed(&token), None, "another server's");
        let other = here.token(Signed::guest(ANNA.person));
        let (said, _) = token.rsplit_once('.').unwrap();
        let (_, mac) = other.rsplit_once('.').unwrap();
        assert_eq!(here.signed(&format!("{said}.{mac}")), None, "another session's signature");
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] ^= 1;
            assert_eq!(here.signed(&String::from_utf8(forged).unwrap()), None, "octet {at}");
            assert_eq!(here.signed(&token[..at]), None, "cut at {at}");
        }
        for text in [
            "",
            ".",
            "..",
            "v1..",
            "v1.0123456789abc.",
            "v1.0123456789abc.0123456789abc.",
            &token.to_uppercase(),
            &format!("{token}0"),
        ] {
            assert_eq!(here.signed(text), None, "{text}");
        }
    }

    #[test]
    fn a_request_says_who_it_is_by_bearer_or_by_cookie() {
        let here = Identities::new(&[1; 32]);
        let token = here.token(ANNA);
        let cookie = format!("other=1; parlor={token}; last=2");
        let cases = [
            (vec![(header::AUTHORIZATION, format!("Bearer {token}"))], Some(ANNA)),
            (vec![(header::COOKIE, cookie.clone())], Some(ANNA)),
            (vec![(header::COOKIE, "a=b".into()), (header::COOKIE, cookie.clone())], Some(ANNA)),
            (vec![(header::AUTHORIZATION, "Bearer x".into()), (header::COOKIE, cookie)], None),
            (vec![(header::COOKIE, format!("xparlor={token}"))], None),
            (vec![], None),
        ];
        for (headers, expected) in cases {
            let map = headers.iter().fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value.parse().unwrap());
                map
            });
            assert_eq!(here.of_request(&map), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let cookie = Identities::new(&[1; 32]).cookie(ANNA, true);
        let cookie = cookie.to_str().unwrap();
        for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/", "; Max-Age=31536000"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!Identities::new(&[1; 32]).cookie(ANNA, false).to_str().unwrap().contains("Secure"));
    }
}
