//! Addresses of rooms and messages, the same as on the page (`web/router.js`).

use parlor_chat::Sequence;

/// What is asked for by an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The name of a room.
    pub(crate) room: String,
    pub(crate) part: Part,
}

/// What of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The end of its talk.
    Latest,
    /// Its talk from a message on.
    From(Sequence),
    /// What is new, for programs that look for that.
    Feed,
}

/// The digits of a place, as on the page.
const DIGITS: usize = 15;
const FEED: &str = "feed.atom";

impl Address {
    /// Reads the path of a request.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("/room/")?.split('/');
        let room = decoded(parts.next()?).filter(|room| !room.is_empty())?;
        let part = match parts.next() {
            None => Part::Latest,
            Some(FEED) => Part::Feed,
            Some(place) if place.len() <= DIGITS && place.bytes().all(|octet| octet.is_ascii_digit()) => {
                Part::From(Sequence(place.parse().ok()?))
            }
            Some(_) => return None,
        };
        parts.next().is_none().then_some(Address { room, part })
    }

    /// The path for a room of this name.
    pub(crate) fn path(room: &str, part: Part) -> String {
        let room = encoded(room);
        match part {
            Part::Latest => format!("/room/{room}"),
            Part::From(place) => format!("/room/{room}/{place}"),
            Part::Feed => format!("/room/{room}/{FEED}"),
        }
    }
}

/// As `encodeURIComponent` does.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) {
            encoded.push(char::from(octet));
        } else {
            encoded += &format!("%{octet:02X}");
        }
    }
    encoded
}

fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        octets.push(if *first == b'%' {
            let digits = str::from_utf8(rest.get(..2)?).ok()?;
            rest = &rest[2..];
            // It would take a sign, too.
            digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
            u8::from_str_radix(digits, 16).ok()?
        } else {
            *first
        });
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_room_and_what_of_it() {
        for (path, room, part) in [
            ("/room/lobby", "lobby", Part::Latest),
            ("/room/lobby/1234", "lobby", Part::From(Sequence(1234))),
            ("/room/lobby/feed.atom", "lobby", Part::Feed),
            ("/room/two%20words", "two words", Part::Latest),
            ("/room/a%2Fb%25%3F%22/7", "a/b%?\"", Part::From(Sequence(7))),
            ("/room/%E6%97%A5", "日", Part::Latest),
        ] {
            let address = Address { room: room.into(), part };
            assert_eq!(Address::parse(path), Some(address.clone()), "{path}");
            assert_eq!(Address::path(room, part), path);
        }
    }

    #[test]
    fn what_is_no_address_leads_nowhere() {
        for path in [
            "/",
            "/room",
            "/room/",
            "/room//1",
            "/room/a/",
            "/room/a/b",
            "/room/a/1/2",
            "/room/a/-1",
            "/room/a/+1",
            "/room/a/1234567890123456",
            "/room/%",
            "/room/%2",
            "/room/%+1",
            "/room/%zz",
            "/room/%ff",
            "/direct/a",
            "/private/a",
        ] {
            assert_eq!(Address::parse(path), None, "{path}");
        }
    }
}
