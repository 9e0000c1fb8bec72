//! The query language: words, phrases, exclusions and filters, as a person types them.

use std::fmt;

use super::date::Clock;
use super::query::{Filters, Mark, Piece, Property, Query};
use super::terms::Feature;
use crate::{PersonId, RoomId};

/// Characters of a query: more than anybody types, less than it takes to keep a server busy.
pub const QUERY: usize = 512;
/// Words of a query, also those within phrases and within what is written together.
pub const WORDS: usize = 32;

/// Who and what the names in a query are, for the person who asks.
pub trait Directory {
    /// Whom the asker calls that; `me` is the asker.
    fn person(&self, name: &str) -> Option<PersonId>;
    /// Which of the rooms that the asker can see is called that.
    fn room(&self, name: &str) -> Option<RoomId>;
}

/// Why a query cannot be understood: a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// It has more than [`QUERY`] characters.
    TooLong,
    /// It has more than [`WORDS`] words.
    TooManyWords,
    /// A filter without a value.
    NoValue(&'static str),
    /// `from:` and nobody who is called that.
    UnknownPerson(String),
    /// `in:` and no room that is called that.
    UnknownRoom(String),
    /// `before:` or `after:` and no day.
    NotADay(String),
    /// `has:` or `is:` and something that a message cannot have or be.
    UnknownProperty(&'static str, String),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "A search can have up to {QUERY} characters."),
            Self::TooManyWords => write!(f, "A search can have up to {WORDS} words."),
            Self::NoValue(filter) => {
                let value = match *filter {
                    "from" => "the name of a person",
                    "in" => "the name of a room",
                    "before" | "after" => "a day, such as 2026-11-21",
                    "has" => HAS,
                    _ => IS,
                };
                write!(f, "After {filter}: comes {value}.")
            }
            Self::UnknownPerson(name) => write!(f, "Nobody here is called {name}."),
            Self::UnknownRoom(name) => write!(f, "You know no room that is called {name}."),
            Self::NotADay(written) => write!(
                f,
                "{written} is not a day. Write 2026-11-21, 2026-11, 2026, today, yesterday, or 7d for a week ago."
            ),
            Self::UnknownProperty(filter, value) => {
                let values = if *filter == "has" { HAS } else { IS };
                write!(f, "{filter}:{value} is not known; after {filter}: comes {values}.")
            }
        }
    }
}

impl std::error::Error for QueryError {}

const FILTERS: [&str; 6] = ["from", "in", "before", "after", "has", "is"];
const HAS: &str = "link, file, code or reaction";
const IS: &str = "thread, pinned or edited";

impl Query {
    /// Understands what a person typed so far.
    ///
    /// - `some words`: messages with all of them. The last word may still be growing, unless a space follows it; so
    ///   may any that ends with `*`.
    /// - `snake_case`, `a::b`, `anna@example.com`, `well-known`, `1.2.3`, `C++`, `#tag`: as it is written here.
    /// - `"in this order"`: these words one after another, whatever stands between them.
    /// - `-word`, `-"a phrase"`, `-from:anna`: not these.
    /// - `from:anna`, `in:garden`, `from:"two words"`: of this person, in this room; of several, any.
    /// - `before:2026-11-21`, `after:2026-11`: before it began, after it ended. See [`Clock`].
    /// - `has:link`, `has:file`, `has:code`, `has:reaction`, `is:thread`, `is:pinned`, `is:edited`: all of these.
    ///
    /// Any other `word:word` is as it is written.
    pub fn parse(typed: &str, directory: &dyn Directory, clock: &Clock) -> Result<Self, QueryError> {
        if typed.chars().count() > QUERY {
            return Err(QueryError::TooLong);
        }
        let mut query = Query::default();
        let mut rest = typed.trim_start();
        while !rest.is_empty() {
            let token = Token::take(&mut rest);
            match token.filter {
                Some(filter) => query.filters.add(filter, &token, directory, clock)?,
                None => {
                    let open = rest.is_empty() && !token.ended && !token.excluded;
                    let pieces = if token.excluded { &mut query.unwanted } else { &mut query.wanted };
                    pieces.extend(Piece::new(token.text, !token.quoted, open));
                }
            }
            rest = rest.trim_start();
        }
        let words: usize = query.wanted.iter().chain(&query.unwanted).map(|piece| piece.elements.len()).sum();
        if words > WORDS { Err(QueryError::TooManyWords) } else { Ok(query) }
    }
}

struct Token<'a> {
    excluded: bool,
    filter: Option<&'static str>,
    quoted: bool,
    text: &'a str,
    /// Whether it cannot go on: a space or a closing quotation mark follows.
    ended: bool,
}

impl<'a> Token<'a> {
    /// Takes a token off the beginning of `rest`, which does not begin with white space.
    fn take(rest: &mut &'a str) -> Self {
        let mut excluded = false;
        if let Some(after) = rest.strip_prefix('-')
            && after.starts_with(|next: char| next != '-' && !next.is_whitespace())
        {
            (excluded, *rest) = (true, after);
        }
        let filter = FILTERS.into_iter().find(|filter| {
            rest.get(..filter.len()).is_some_and(|start| start.eq_ignore_ascii_case(filter))
                && rest[filter.len()..].starts_with(':')
                && !rest[filter.len()..].starts_with("::")
        });
        if let Some(filter) = filter {
            *rest = &rest[filter.len() + 1..];
        }
        let quoted = rest.starts_with(is_quotation_mark);
        if quoted {
            *rest = after_one(rest);
        }
        let end = if quoted { rest.find(is_quotation_mark) } else { rest.find(char::is_whitespace) };
        let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
        *rest = if quoted { after_one(after) } else { after };
        Token { excluded, filter, quoted, text, ended: end.is_some() }
    }
}

/// A text without its first character.
fn after_one(text: &str) -> &str {
    let mut letters = text.chars();
    letters.next();
    letters.as_str()
}

fn is_quotation_mark(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„')
}

impl Filters {
    fn add(
        &mut self,
        filter: &'static str,
        token: &Token<'_>,
        directory: &dyn Directory,
        clock: &Clock,
    ) -> Result<(), QueryError> {
        let value = token.text.trim();
        if value.is_empty() {
            return Err(QueryError::NoValue(filter));
        }
        match filter {
            "from" => {
                let name = value.strip_prefix('@').unwrap_or(value);
                let person =
                    directory.person(name).ok_or_else(|| QueryError::UnknownPerson(name.to_owned()))?;
                if token.excluded { &mut self.not_from } else { &mut self.from }.push(person);
            }
            "in" => {
                let name = value.strip_prefix('#').unwrap_or(value);
                let room = directory.room(name).ok_or_else(|| QueryError::UnknownRoom(name.to_owned()))?;
                if token.excluded { &mut self.not_rooms } else { &mut self.rooms }.push(room);
            }
            "before" | "after" => {
                let (start, end) = clock.span(value).ok_or_else(|| QueryError::NotADay(value.to_owned()))?;
                // Not before a day is from its start on; not after it is until its end.
                match (filter, token.excluded) {
                    ("before", false) => self.end_at(start),
                    ("before", true) => self.start_at(start),
                    (_, false) => self.start_at(end),
                    (_, true) => self.end_at(end),
                }
            }
            _ => {
                let property = property(filter, value)
                    .ok_or_else(|| QueryError::UnknownProperty(filter, value.to_owned()))?;
                if token.excluded { &mut self.without } else { &mut self.with }.push(property);
            }
        }
        Ok(())
    }

    fn start_at(&mut self, time: crate::Timestamp) {
        self.since = self.since.max(Some(time));
    }

    fn end_at(&mut self, time: crate::Timestamp) {
        self.until = Some(self.until.map_or(time, |until| until.min(time)));
    }
}

fn property(filter: &str, value: &str) -> Option<Property> {
    Some(match (filter, value.to_lowercase().as_str()) {
        ("has", "link") => Property::Feature(Feature::Link),
        ("has", "file") => Property::Feature(Feature::File),
        ("has", "code") => Property::Feature(Feature::Code),
        ("has", "reaction") => Property::Mark(Mark::Reaction),
        ("is", "thread") => Property::Feature(Feature::Thread),
        ("is", "pinned") => Property::Mark(Mark::Pin),
        ("is", "edited") => Property::Feature(Feature::Edited),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Names;

    impl Directory for Names {
        fn person(&self, name: &str) -> Option<PersonId> {
            ["anna", "two words"].iter().position(|known| *known == name).map(|at| PersonId(at as u64 + 1))
        }

        fn room(&self, name: &str) -> Option<RoomId> {
            (name == "garden").then_some(RoomId(7))
        }
    }

    fn parse(typed: &str) -> Result<Query, QueryError> {
        Query::parse(typed, &Names, &Clock::default())
    }

    /// A piece as: lead, letters with what is between (phrases: a space), trail, and `…` if it may go on.
    fn shown(piece: &Piece) -> String {
        let mut text: String = piece.lead.iter().collect();
        for (at, element) in piece.elements.iter().enumerate() {
            if at > 0 && piece.as_written {
                text.extend(&element.between);
            } else if at > 0 {
                text.push(' ');
            }
            text.extend(&element.letters);
        }
        text.extend(&piece.trail);
        if !piece.as_written {
            text = format!("\"{text}\"");
        }
        text + if piece.open { "…" } else { "" }
    }

    #[test]
    fn what_is_typed_becomes_pieces() {
        for (typed, wanted, unwanted) in [
            ("hello wor", "hello wor…", ""),
            ("hello world ", "hello world", ""),
            ("dep* now ", "dep… now", ""),
            ("\"in this order\" x", "\"in this order\" x…", ""),
            ("\"not yet clo", "\"not yet clo\"…", ""),
            ("“Curly” ", "\"curly\"", ""),
            ("a -b -\"c d\" e", "a e…", "b \"c d\""),
            ("well-known - x--y --flag", "well-known x--y flag…", ""),
            ("std::mem::sw", "std::mem::sw…", ""),
            ("C++ c# #tag @anna ", "c++ c# #tag @anna", ""),
            ("(see /usr/bin), ok?", "see usr/bin ok…", ""),
            ("anna@example.com 1.2.3", "anna@example.com 1.2.3…", ""),
            ("note:this in::x", "note:this in::x…", ""),
            ("使用Rust", "使用rust…", ""),
            ("? !! \"\"", "", ""),
            ("", "", ""),
        ] {
            let query = parse(typed).unwrap();
            let all = |pieces: &[Piece]| pieces.iter().map(shown).collect::<Vec<_>>().join(" ");
            assert_eq!(
                (all(&query.wanted).as_str(), all(&query.unwanted).as_str()),
                (wanted, unwanted),
                "{typed}"
            );
        }
    }

    #[test]
    fn filters_say_which_messages_are_meant() {
        let filters = |typed: &str| parse(typed).unwrap().filters;
        let (anna, both, garden) = (PersonId(1), PersonId(2), RoomId(7));
        let of = Filters::default;
        let day = |day: u64| Some(crate::Timestamp(day * 86_400_000));
        for (typed, expected) in [
            ("from:anna", Filters { from: vec![anna], ..of() }),
            ("FROM:@anna from:\"two words\" x", Filters { from: vec![anna, both], ..of() }),
            ("-from:anna in:#garden", Filters { not_from: vec![anna], rooms: vec![garden], ..of() }),
            ("-in:garden", Filters { not_rooms: vec![garden], ..of() }),
            ("before:1970-01-03", Filters { until: day(2), ..of() }),
            ("after:1970-01-03", Filters { since: day(3), ..of() }),
            ("-before:1970-01-03 -after:1970-01-03", Filters { since: day(2), until: day(3), ..of() }),
            ("before:1970-02 before:1970-01-09", Filters { until: day(8), ..of() }),
            (
                "has:link has:CODE -has:reaction is:thread",
                Filters {
                    with: [Feature::Link, Feature::Code, Feature::Thread].map(Property::Feature).to_vec(),
                    without: vec![Property::Mark(Mark::Reaction)],
                    ..of()
                },
            ),
        ] {
            assert_eq!(filters(typed), expected, "{typed}");
        }
    }

    #[test]
    fn errors_are_sentences() {
        for (typed, sentence) in [
            ("from:", "After from: comes the name of a person."),
            ("has: x", "After has: comes link, file, code or reaction."),
            ("from:nobody", "Nobody here is called nobody."),
            ("in:#attic", "You know no room that is called attic."),
            (
                "before:soon",
                "soon is not a day. Write 2026-11-21, 2026-11, 2026, today, yesterday, or 7d for a week ago.",
            ),
            ("is:loud", "is:loud is not known; after is: comes thread, pinned or edited."),
        ] {
            assert_eq!(parse(typed).unwrap_err().to_string(), sentence, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_understood_or_refused(typed in "(-|\"|“|[a-z]|:|from:|has:|before:| |\\PC){0,40}") {
            if let Err(error) = parse(&typed) {
                prop_assert!(error.to_string().ends_with('.'), "{}", error);
            }
        }
    }

    #[test]
    fn a_query_has_at_most_512_characters_and_32_words() {
        assert!(parse(&"é".repeat(QUERY)).is_ok());
        assert_eq!(parse(&"é".repeat(QUERY + 1)), Err(QueryError::TooLong));
        assert!(parse(&"a.b ".repeat(WORDS / 2)).is_ok());
        assert_eq!(parse(&("a.b ".repeat(WORDS / 2) + "-c")), Err(QueryError::TooManyWords));
    }
}
