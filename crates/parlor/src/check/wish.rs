//! What a client wished, under a name that stands in the text of a message and is the key of the request.

use std::fmt;
use std::str::FromStr;

/// The name of a wish: whose it is, and which of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) client: usize,
    pub(super) number: u64,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wish-{}-{}", self.client, self.number)
    }
}

impl Name {
    /// The name that a text begins with.
    pub(super) fn of_text(text: &str) -> Option<Name> {
        text.split(' ').next()?.parse().ok()
    }
}

/// A text that is the name of no wish.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAName;

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let parts = || {
            let (client, number) = text.strip_prefix("wish-")?.split_once('-')?;
            Some(Name { client: client.parse().ok()?, number: number.parse().ok()? })
        };
        parts().ok_or(NotAName)
    }
}

/// What is wished. Rooms are called by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wished {
    Create,
    Join,
    /// With who is mentioned.
    Post(Option<usize>),
    Edit(Name, Option<usize>),
    Delete(Name),
    /// Up to which place.
    Read(u64),
    /// To be forgotten.
    Erase,
}

/// A wish and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) room: usize,
    pub(super) wished: Wished,
    pub(super) fate: Fate,
}

/// What became of a wish, as far as it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Acknowledged(Place),
    Refused,
}

/// Where something stands. Both are 0 where an answer names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// In its room.
    pub(super) sequence: u64,
    /// In the log.
    pub(super) position: u64,
}

impl Wish {
    /// Where it stands in its room, if it is known to.
    pub(super) fn place(&self) -> Option<Place> {
        let takes_place = !matches!(self.wished, Wished::Read(_) | Wished::Erase);
        match self.fate {
            Fate::Acknowledged(place) if takes_place => Some(place),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_with_its_name() {
        let name = Name { client: 3, number: 17 };
        assert_eq!(Name::of_text(&format!("{name} lorem ipsum")), Some(name));
        for other in ["", "wish", "wish-1", "wish-x-1 a", "wish-1-1a", "a wish-1-1"] {
            assert_eq!(Name::of_text(other), None, "{other}");
        }
    }
}
