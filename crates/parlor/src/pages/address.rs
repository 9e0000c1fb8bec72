//! Addresses of rooms and messages, the same as on the page (`web/router.js`).

use std::borrow::Cow;

use parlor_chat::{RoomId, Sequence};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

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

/// A room on the page, and a message in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) room: Which,
    /// Nothing for the end of its talk.
    pub(crate) message: Option<Sequence>,
}

/// How an address names a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    Called(String),
    Known(RoomId),
}

impl Place {
    /// Reads the path of a request.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        if path == "/" {
            return Some(Place { room: Which::Known(RoomId::LOBBY), message: None });
        }
        if let Some(address) = Address::parse(path) {
            let message = match address.part {
                Part::Latest => None,
                Part::From(place) => Some(place),
                Part::Feed => return None,
            };
            return Some(Place { room: Which::Called(address.room), message });
        }
        let rest = path.strip_prefix("/private/").or_else(|| path.strip_prefix("/direct/"))?;
        let (room, message) = match rest.split_once('/') {
            Some((room, message)) => (room, Some(sequence(message)?)),
            None => (rest, None),
        };
        Some(Place { room: Which::Known(room.parse().ok()?), message })
    }
}

fn sequence(digits: &str) -> Option<Sequence> {
    let is_number = digits.len() <= DIGITS && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| digits.parse().ok().map(Sequence)).flatten()
}

/// The digits of a place, as on the page.
const DIGITS: usize = 15;
const FEED: &str = "feed.atom";
/// What `encodeURIComponent` encodes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

impl Address {
    /// Reads the path of a request.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("/room/")?.split('/');
        let room = decoded(parts.next()?).filter(|room| !room.is_empty())?;
        let part = match parts.next() {
            None => Part::Latest,
            Some(FEED) => Part::Feed,
            Some(place) => Part::From(sequence(place)?),
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
    utf8_percent_encode(text, ENCODED).to_string()
}

/// As `decodeURIComponent` does, which refuses a sign that encodes nothing.
pub(super) fn decoded(text: &str) -> Option<String> {
    let is_octet = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    let is_whole = text.split('%').skip(1).all(|rest| rest.as_bytes().get(..2).is_some_and(is_octet));
    is_whole.then(|| percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)).flatten()
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
    fn every_room_of_the_page_has_an_address() {
        let id = RoomId(77);
        let known = |message: Option<u64>| Place { room: Which::Known(id), message: message.map(Sequence) };
        let called = |message: Option<u64>| Place {
            room: Which::Called("two words".into()),
            message: message.map(Sequence),
        };
        let lobby = Place { room: Which::Known(RoomId::LOBBY), message: None };
        for (path, place) in [
            ("/".to_owned(), Some(lobby)),
            ("/room/two%20words".into(), Some(called(None))),
            ("/room/two%20words/7".into(), Some(called(Some(7)))),
            (format!("/private/{id}"), Some(known(None))),
            (format!("/private/{id}/12"), Some(known(Some(12)))),
            (format!("/direct/{id}/3"), Some(known(Some(3)))),
            (format!("/direct/{id}/x"), None),
            (format!("/direct/{id}/"), None),
            (format!("/other/{id}"), None),
            ("/private/nobody".into(), None),
            ("/room/lobby/feed.atom".into(), None),
            ("/link".into(), None),
            ("/signed-in".into(), None),
        ] {
            assert_eq!(Place::parse(&path), place, "{path}");
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
