//! What is known of a file, which also stands in front of its octets on the disk, so that a folder of files explains itself.

use parlor_chat::{PersonId, Position, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use super::id::FileId;
use super::kind::{KINDS, OCTETS};
use super::links::ADDRESS;
use super::name::{NAME, encoded};

/// Octets in front of a file's own: a line of JSON, filled up with spaces.
pub(crate) const HEAD: usize = 1_024;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Who brought it.
    pub(crate) owner: PersonId,
    /// The room that it was brought into.
    pub(crate) room: RoomId,
    pub(crate) name: String,
    /// What it is answered as.
    pub(crate) r#type: String,
    /// Its octets.
    pub(crate) size: u64,
    pub(crate) at: Timestamp,
    /// The place in the log after which messages can name it.
    pub(crate) after: Position,
}

impl About {
    /// What stands in front of the octets.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = serde_json::to_vec(self).expect("this type has a JSON form");
        assert!(head.len() < HEAD, "a name of {NAME} characters without quotes takes less");
        head.resize(HEAD - 1, b' ');
        head.push(b'\n');
        head
    }

    /// What the octets in front say; nothing if they are not such a line.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        serde_json::from_slice(head).ok()
    }

    /// Whether a page may show it.
    pub(crate) fn is_shown(&self) -> bool {
        KINDS.iter().any(|kind| kind.name == self.r#type)
    }

    /// The type that it is answered as, even if the disk says otherwise.
    pub(crate) fn media_type(&self) -> &'static str {
        KINDS.iter().find(|kind| kind.name == self.r#type).map_or(OCTETS, |kind| kind.name)
    }

    /// Its address on this server.
    pub(crate) fn path(&self, id: FileId) -> String {
        format!("{ADDRESS}{id}/{}", encoded(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_has_room_and_what_is_written_is_read() {
        for letter in ["a", "\u{1f600}", "'"] {
            let about = About {
                owner: PersonId(u64::MAX),
                room: RoomId(u64::MAX),
                name: letter.repeat(NAME),
                r#type: OCTETS.into(),
                size: u64::MAX,
                at: Timestamp(u64::MAX),
                after: Position(u64::MAX),
            };
            assert_eq!(about.head().len(), HEAD);
            assert_eq!(About::of_head(&about.head()), Some(about));
        }
        assert_eq!(About::of_head(b"\x89PNG"), None);
    }

    #[test]
    fn a_type_that_no_page_may_show_is_never_answered() {
        let about = |r#type: &str| About {
            owner: PersonId(1),
            room: RoomId(1),
            name: "a.html".into(),
            r#type: r#type.into(),
            size: 1,
            at: Timestamp(0),
            after: Position(0),
        };
        for (r#type, expected) in
            [("image/png", "image/png"), ("text/html", OCTETS), (OCTETS, OCTETS), ("", OCTETS)]
        {
            assert_eq!(about(r#type).media_type(), expected);
            assert_eq!(about(r#type).is_shown(), expected == r#type && expected != OCTETS);
        }
    }
}
