//! Ids of people and rooms: 64 bits that sort by the time of their making.
//!
//! 42 bits of milliseconds since 1970 (enough until 2109) stand above 22 random bits. Whoever proposes to create
//! something brings the id. That two of them may draw the same one does no harm: the second is refused with
//! [`Refusal::IdTaken`](crate::Refusal::IdTaken) and draws again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const RANDOM_BITS: u32 = 22;
/// Digits of the text form: 13 times 5 bits hold 64.
const DIGITS: usize = 13;
/// Crockford's base 32 in lower case: no `i`, `l`, `o`, `u`. It sorts as the numbers do.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an id: {DIGITS} characters out of 0-9 and a-z without i, l, o and u are expected")
    }
}

impl std::error::Error for InvalidId {}

fn make(at: Timestamp, random: u64) -> u64 {
    (at.0 << RANDOM_BITS) | (random & ((1 << RANDOM_BITS) - 1))
}

fn write(id: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    (0..DIGITS).rev().try_for_each(|digit| {
        let index = (id >> (5 * digit)) & 31;
        write!(f, "{}", char::from(ALPHABET[usize::try_from(index).expect("five bits fit")]))
    })
}

fn parse(text: &str) -> Result<u64, InvalidId> {
    // The first digit has 4 of the 64 bits, so a larger one would be lost.
    if text.len() != DIGITS || text.as_bytes()[0] > b'f' {
        return Err(InvalidId);
    }
    text.bytes().try_fold(0, |id: u64, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte).ok_or(InvalidId)?;
        Ok(id << 5 | u64::try_from(digit).expect("a digit is below 32"))
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// As text (and in JSON, whose numbers are too small): 13 characters of Crockford's base 32, in lower
        /// case.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(pub u64);

        impl $name {
            /// An id made at this time; the lowest 22 bits of `random` keep it apart from others.
            pub fn new(at: Timestamp, random: u64) -> Self {
                $name(make(at, random))
            }

            /// When it was made, to the millisecond.
            pub fn made_at(self) -> Timestamp {
                Timestamp(self.0 >> RANDOM_BITS)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map($name)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }
    };
}

id! {
    /// A person, guest or not.
    PersonId
}

id! {
    /// A room of any kind.
    RoomId
}

id! {
    /// A device on which somebody is signed in.
    SessionId
}

impl SessionId {
    /// The one session of a guest: it begins with arriving and ends when the name is claimed.
    pub const GUEST: SessionId = SessionId(0);
}

id! {
    /// An invitation to the server.
    InviteId
}

id! {
    /// A range of network addresses, as a keyed hash that only the server can make: the log holds no address.
    AddressRange
}

impl PersonId {
    /// The server itself, as the author of what nobody asked for: retention, and the rest of an erasure.
    pub const SERVER: PersonId = PersonId(0);
}

impl RoomId {
    /// The room that is there from the start and that everybody is in.
    pub const LOBBY: RoomId = RoomId(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_as_numbers_and_as_text() {
        let ids = [(1, u64::MAX), (2, 0), (3, 7), (1_763_744_400_000, 5), (1_763_744_400_001, 4)]
            .map(|(at, random)| PersonId::new(Timestamp(at), random));
        for pair in ids.windows(2) {
            assert!(pair[0] < pair[1]);
            assert!(pair[0].to_string() < pair[1].to_string());
        }
        assert_eq!(ids[4].made_at(), Timestamp(1_763_744_400_001));
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        for id in [0, 1, 31, 32, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(RoomId(id).to_string().parse(), Ok(RoomId(id)));
        }
        assert_eq!(RoomId::LOBBY.to_string(), "0000000000001");
        assert_eq!(serde_json::to_string(&RoomId::LOBBY).unwrap(), "\"0000000000001\"");
        assert_eq!(serde_json::from_str::<RoomId>("\"0000000000001\"").unwrap(), RoomId::LOBBY);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in
            ["", "1", "00000000000001", "000000000000i", "000000000000A", "g000000000000", "00000000000é"]
        {
            assert_eq!(text.parse::<RoomId>(), Err(InvalidId), "{text}");
        }
    }
}
