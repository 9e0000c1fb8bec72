//! Terms: what the index knows of a message, each a kind and some letters.
//!
//! The index proposes and the text decides: terms may say less than the query (words are cut, order is not kept),
//! never more. A message that a query matches has every term that the query asks for.

use super::analysis::{Analysis, Kind};

/// Letters of a word that the index keeps. Longer words (links, keys) are found by their beginning, and the text
/// decides about the rest.
pub(super) const TERM_LETTERS: usize = 48;
/// Letters of a beginning that has a term of its own. Longer beginnings are ranges of words.
pub(super) const BEGINNING_LETTERS: usize = 2;
/// Letters of the pieces that words are cut into where parts of words can be found.
pub(super) const PIECE_LETTERS: usize = 3;

/// What a term says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Term {
    /// The author, by number.
    Author = b'a',
    /// Two letters of a run.
    Pair = b'd',
    /// What a message has or is.
    Feature = b'f',
    /// The beginning of a word or of a part of it: one or two letters.
    Beginning = b'p',
    /// The room, by number.
    Room = b'r',
    /// One letter of a run.
    Single = b's',
    /// Three letters of a word.
    Piece = b't',
    /// A word, one of its parts, or what is left of it from one of its parts on.
    Word = b'w',
}

/// Makes terms one after another in one place, so that making them allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Terms {
    octets: Vec<u8>,
}

impl Terms {
    /// A term of letters, cut to [`TERM_LETTERS`].
    pub(super) fn letters(&mut self, term: Term, letters: &[char]) -> &[u8] {
        self.octets.clear();
        self.octets.push(term as u8);
        for letter in letters.iter().take(TERM_LETTERS) {
            self.octets.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        &self.octets
    }

    /// A term of a number.
    pub(super) fn number(&mut self, term: Term, number: u32) -> &[u8] {
        self.octets.clear();
        self.octets.push(term as u8);
        self.octets.extend_from_slice(&number.to_be_bytes());
        &self.octets
    }

    /// A feature.
    pub(super) fn feature(&mut self, feature: Feature) -> &[u8] {
        self.octets.clear();
        self.octets.extend([Term::Feature as u8, feature as u8]);
        &self.octets
    }

    /// Every term of a text; some come more than once.
    pub(super) fn of_text(&mut self, text: &Analysis, pieces: bool, each: &mut dyn FnMut(&[u8])) {
        for unit in 0..text.len() {
            let letters = text.letters(unit);
            match text.kind(unit) {
                Kind::Run => self.of_run(letters, each),
                Kind::Word => {
                    self.of_word(letters, each);
                    for part in text.parts(unit) {
                        each(self.letters(Term::Word, text.slice(part.clone())));
                        let rest = part.start..text.range(unit).end;
                        self.of_word(text.slice(rest), each);
                    }
                    if pieces {
                        for piece in letters.windows(PIECE_LETTERS) {
                            each(self.letters(Term::Piece, piece));
                        }
                    }
                }
            }
        }
    }

    fn of_word(&mut self, letters: &[char], each: &mut dyn FnMut(&[u8])) {
        each(self.letters(Term::Word, letters));
        for length in 1..=BEGINNING_LETTERS.min(letters.len()) {
            each(self.letters(Term::Beginning, &letters[..length]));
        }
    }

    fn of_run(&mut self, letters: &[char], each: &mut dyn FnMut(&[u8])) {
        for at in 0..letters.len() {
            each(self.letters(Term::Single, &letters[at..=at]));
        }
        for pair in letters.windows(2) {
            each(self.letters(Term::Pair, pair));
        }
    }
}

/// What a message has or is, as far as it does not change without the text changing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Feature {
    /// Code between backticks.
    Code = b'c',
    /// Another text than at first.
    Edited = b'e',
    /// A file.
    File = b'f',
    /// A link.
    Link = b'l',
    /// It belongs to a thread.
    Thread = b't',
}

/// Whether a text has a link.
pub(super) fn has_link(text: &str) -> bool {
    ["http://", "https://", "www."].iter().any(|start| {
        text.match_indices(start).any(|(at, start)| {
            text[at + start.len()..].starts_with(|letter: char| letter.is_alphanumeric() || letter == '[')
        })
    })
}

/// Whether a text has code: something between two backticks.
pub(super) fn has_code(text: &str) -> bool {
    text.split('`').skip(1).any(|piece| !piece.trim().is_empty()) && text.matches('`').count() >= 2
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(text: &str, pieces: bool) -> Vec<String> {
        let mut all = BTreeSet::new();
        Terms::default().of_text(&Analysis::new(text), pieces, &mut |term| {
            all.insert(String::from_utf8(term.to_vec()).expect("letters"));
        });
        all.into_iter().collect()
    }

    #[test]
    fn a_text_has_these_terms() {
        for (text, expected) in [
            ("Hi", "ph phi whi"),
            ("字典だ", "d典だ d字典 sだ s典 s字"),
            ("myHttp", "ph pht pm pmy whttp wmy wmyhttp"),
            ("v1", "p1 pv pv1 w1 wv wv1"),
        ] {
            assert_eq!(of(text, false).join(" "), expected, "{text}");
        }
        assert_eq!(of("load", true).join(" "), "pl plo tloa toad wload");
    }

    #[test]
    fn a_long_word_is_cut_to_48_letters() {
        let word = "é".repeat(TERM_LETTERS + 1);
        let longest = of(&word, false).into_iter().map(|term| term.len()).max();
        assert_eq!(longest, Some(1 + TERM_LETTERS));
        let run = "𠮷".repeat(3);
        assert_eq!(of(&run, false).len(), 2);
    }

    #[test]
    fn links_and_code_are_recognised() {
        for (text, link, code) in [
            ("see https://example.com", true, false),
            ("www.example.com", true, false),
            ("http:// is a scheme", false, false),
            ("run `ls`", false, true),
            ("```\nfn main() {}\n```", false, true),
            ("a ` alone", false, false),
            ("``", false, false),
        ] {
            assert_eq!((has_link(text), has_code(text)), (link, code), "{text}");
        }
    }
}
