//! Nicknames: `user-` and a number below 100,000, no two present people the same.

use std::collections::HashSet;

/// How many nicknames there are.
const COUNT: u32 = 100_000;

/// The numbers that are taken.
#[derive(Debug, Default)]
pub(crate) struct Nicknames {
    taken: HashSet<u32>,
}

/// Somebody's nickname, for as long as the person is present.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nickname {
    number: u32,
    text: String,
}

/// What a nickname begins with that nobody has chosen.
const GIVEN: &str = "user-";

/// Whether a nickname is one that is given, and nobody's choice.
pub(crate) fn is_given(nickname: &str) -> bool {
    let number = nickname.strip_prefix(GIVEN);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

impl Nickname {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl Nicknames {
    /// A free nickname, the first from `random` on; `None` when all are taken.
    pub(crate) fn take(&mut self, random: u32) -> Option<Nickname> {
        let first = random % COUNT;
        let number = (first..COUNT).chain(0..first).find(|number| !self.taken.contains(number))?;
        self.taken.insert(number);
        Some(Nickname { number, text: format!("{GIVEN}{number}") })
    }

    /// Frees a nickname.
    pub(crate) fn give_back(&mut self, nickname: &Nickname) {
        self.taken.remove(&nickname.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_all_can_be_taken() {
        let mut nicknames = Nicknames::default();
        let taken: Vec<Nickname> = (0..COUNT).map(|i| nicknames.take(i + 99_998).unwrap()).collect();
        let names: HashSet<&str> = taken.iter().map(Nickname::as_str).collect();
        assert_eq!(names.len(), 100_000);
        let first: Vec<&str> = taken[..3].iter().map(Nickname::as_str).collect();
        assert_eq!(first, ["user-99998", "user-99999", "user-0"]);
        assert_eq!(nicknames.take(5), None);
        nicknames.give_back(&taken[7]);
        assert_eq!(nicknames.take(0), Some(Nickname { number: 5, text: "user-5".to_owned() }));
    }
}
