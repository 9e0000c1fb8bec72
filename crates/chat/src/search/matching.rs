//! Matching: whether a text is what a query means, where, and how well. The last word on what is found.

use std::ops::Range;

use super::analysis::{Analysis, Kind};
use super::query::{Element, Piece, Query};
use super::terms::PIECE_LETTERS;

/// Places of one piece in one text that are highlighted; further ones are not looked for.
pub(super) const PLACES: usize = 64;

/// A text that a query matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    /// Octets of the text to highlight, in order, apart from each other.
    pub(super) ranges: Vec<Range<usize>>,
    /// How well it matches: 0 to 150.
    pub(super) relevance: i32,
}

/// How a place matches a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quality {
    Inside,
    Beginning,
    Part,
    Whole,
}

impl Quality {
    /// What it is worth: 100 for what was asked for, less the more was guessed.
    fn worth(self) -> i32 {
        match self {
            Quality::Inside => 30,
            Quality::Beginning => 50,
            Quality::Part => 70,
            Quality::Whole => 100,
        }
    }
}

/// Where a piece is in a text.
#[derive(Debug, Clone)]
struct Found {
    letters: Range<usize>,
    quality: Quality,
}

impl Query {
    /// Whether a text has all the words that are wanted and none of the others, filters left aside.
    ///
    /// `parts_of_words` is whether the inside of a word counts, as in
    /// [`Options::parts_of_words`](super::Options::parts_of_words).
    pub fn is_in(&self, text: &str, parts_of_words: bool) -> bool {
        self.matches(&Analysis::new(text), parts_of_words).is_some()
    }

    /// Matches a text. `parts` is whether the inside of a word counts as well.
    pub(super) fn matches(&self, text: &Analysis, parts: bool) -> Option<Match> {
        if self.unwanted.iter().any(|piece| !piece.places(text, false, 1).is_empty()) {
            return None;
        }
        let mut found = Vec::new();
        for piece in &self.wanted {
            let places = piece.places(text, parts, PLACES);
            if places.is_empty() {
                return None;
            }
            found.push(places);
        }
        let ranges = join(found.iter().flatten().map(|place| text.source(place.letters.clone())).collect());
        Some(Match { ranges, relevance: relevance(&found, text.letter_count()) })
    }
}

/// Whole words before beginnings; words near each other before words far apart; short texts before long ones.
fn relevance(found: &[Vec<Found>], letters: usize) -> i32 {
    let best: Vec<&Found> =
        found.iter().filter_map(|places| places.iter().rev().max_by_key(|place| place.quality)).collect();
    let (Some(start), Some(end)) = (
        best.iter().map(|place| place.letters.start).min(),
        best.iter().map(|place| place.letters.end).max(),
    ) else {
        return 0;
    };
    let share = |part: usize, whole: usize, of: usize| {
        i32::try_from(part.min(whole) * of / whole.max(1)).expect("a share is small")
    };
    let count = i32::try_from(best.len()).expect("a query has few words");
    let matched: usize = best.iter().map(|place| place.letters.len()).sum();
    let quality = best.iter().map(|place| place.quality.worth()).sum::<i32>() / count;
    quality + share(matched, end - start, 30) + share(matched, letters, 20)
}

/// Sorts ranges and makes one of those that touch.
fn join(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

impl Piece {
    /// Where it is in a text: the first places, at most so many.
    fn places(&self, text: &Analysis, parts: bool, most: usize) -> Vec<Found> {
        let mut places = Vec::new();
        for unit in 0..text.len() {
            let mut take = |letters: Range<usize>, quality| {
                places.extend(self.framed(text, letters).map(|letters| Found { letters, quality }));
            };
            match &self.elements[..] {
                [element] if text.kind(unit) == element.kind => match element.kind {
                    Kind::Word => {
                        if let Some((letters, quality)) = self.word(element, text, unit, parts) {
                            take(letters, quality);
                        }
                    }
                    Kind::Run => {
                        let start = text.range(unit).start;
                        for at in finds(text.letters(unit), &element.letters) {
                            take(start + at..start + at + element.letters.len(), Quality::Whole);
                        }
                    }
                },
                [_] => {}
                _ => {
                    if let Some((letters, quality)) = self.sequence(text, unit) {
                        take(letters, quality);
                    }
                }
            }
            if places.len() >= most {
                places.truncate(most);
                break;
            }
        }
        places
    }

    /// The letters with what must stand around them, if it does.
    fn framed(&self, text: &Analysis, letters: Range<usize>) -> Option<Range<usize>> {
        let start = letters.start.checked_sub(self.lead.len())?;
        let end = Some(letters.end + self.trail.len()).filter(|end| *end <= text.letter_count())?;
        let is_framed =
            text.slice(start..letters.start) == self.lead && text.slice(letters.end..end) == self.trail;
        is_framed.then_some(start..end)
    }

    /// A single word: whole, as a part, by its beginning, or anywhere inside.
    fn word(
        &self,
        element: &Element,
        text: &Analysis,
        unit: usize,
        parts: bool,
    ) -> Option<(Range<usize>, Quality)> {
        let (word, wanted) = (text.range(unit), &element.letters[..]);
        if text.slice(word.clone()) == wanted {
            return Some((word, Quality::Whole));
        }
        let start_of = |start: usize| start..start + wanted.len();
        for part in text.parts(unit) {
            let rest = part.start..word.end;
            if text.slice(part.clone()) == wanted || text.slice(rest) == wanted {
                return Some((start_of(part.start), Quality::Part));
            }
        }
        if self.open {
            let starts = text.parts(unit).map(|part| part.start);
            for start in [word.start].into_iter().chain(starts) {
                if text.slice(start..word.end).starts_with(wanted) {
                    return Some((start_of(start), Quality::Beginning));
                }
            }
        }
        if parts && wanted.len() >= PIECE_LETTERS {
            let at = finds(text.slice(word.clone()), wanted).next()?;
            return Some((start_of(word.start + at), Quality::Inside));
        }
        None
    }

    /// Several elements: the first ends its unit, those between are whole, the last begins its unit.
    fn sequence(&self, text: &Analysis, unit: usize) -> Option<(Range<usize>, Quality)> {
        let (last, inner) = self.elements.split_last()?;
        if unit + inner.len() >= text.len() {
            return None;
        }
        let mut start = text.range(unit).start;
        for (at, element) in inner.iter().enumerate() {
            let here = unit + at;
            if text.kind(here) != element.kind || !self.is_between(element, text, here, at) {
                return None;
            }
            let is_whole = text.letters(here) == element.letters;
            if at == 0 && !is_whole {
                start = tail(text, here, element)?;
            } else if !is_whole {
                return None;
            }
        }
        let here = unit + inner.len();
        if text.kind(here) != last.kind || !self.is_between(last, text, here, inner.len()) {
            return None;
        }
        let letters = text.letters(here);
        let quality = if letters == last.letters {
            Quality::Whole
        } else if (self.open || last.kind == Kind::Run) && letters.starts_with(&last.letters) {
            Quality::Beginning
        } else {
            return None;
        };
        Some((start..text.range(here).start + last.letters.len(), quality))
    }

    /// Whether what stands before the element at this place of the sequence is what was asked for.
    fn is_between(&self, element: &Element, text: &Analysis, unit: usize, at: usize) -> bool {
        at == 0
            || !self.as_written
            || text.slice(text.range(unit - 1).end..text.range(unit).start) == element.between
    }
}

/// Where a unit ends with an element: a word from one of its parts on, a run from anywhere on.
fn tail(text: &Analysis, unit: usize, element: &Element) -> Option<usize> {
    let range = text.range(unit);
    match element.kind {
        Kind::Run => {
            let start = range.end.checked_sub(element.letters.len()).filter(|start| *start >= range.start)?;
            (text.slice(start..range.end) == element.letters).then_some(start)
        }
        Kind::Word => text
            .parts(unit)
            .map(|part| part.start)
            .find(|&start| text.slice(start..range.end) == element.letters),
    }
}

/// Where `wanted`, which is not empty, is in `letters`.
fn finds<'a>(letters: &'a [char], wanted: &'a [char]) -> impl Iterator<Item = usize> + 'a {
    letters.windows(wanted.len()).enumerate().filter(move |(_, window)| *window == wanted).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(query: &str, text: &str) -> Option<Match> {
        let piece = |written: &str| Piece::new(written, !written.contains(' '), written.ends_with('*'));
        let query = Query { wanted: query.split('|').filter_map(piece).collect(), ..Query::default() };
        query.matches(&Analysis::new(text), true)
    }

    #[test]
    fn what_was_asked_for_is_highlighted_where_it_stands() {
        for (query, text, highlighted) in [
            ("cafe", "Das Café, das cafe\u{301}!", "Café cafe\u{301}"),
            ("stras*", "Hauptstraße? Straße!", "straß Straß"),
            ("strass*", "Straße", "Straß"),
            ("http", "parseHttpRequest", "Http"),
            ("httprequest", "parseHttpRequest", "HttpRequest"),
            ("load", "download", "load"),
            ("std::mem", "use std::mem::swap", "std::mem"),
            ("c++", "C, C# and C++.", "C++"),
            ("#tag", "tag #Tag", "#Tag"),
            ("in order", "In, say, in   ORDER", "in   ORDER"),
            ("京", "東京と京都", "京 京"),
            ("東京都", "東京都庁", "東京都"),
            ("aa|aaa*", "aaa aa", "aaa aa"),
        ] {
            let found = matched(query, text).unwrap_or_else(|| panic!("{query} is in {text}"));
            let shown: Vec<&str> = found.ranges.into_iter().map(|range| &text[range]).collect();
            assert_eq!(shown.join(" "), highlighted, "{query} in {text}");
        }
    }

    #[test]
    fn better_matches_are_more_relevant() {
        for (query, texts) in [
            ("load*", ["load", "do not load this", "preLoad it", "loading this", "downloading"]),
            (
                "a|b",
                [
                    "a b",
                    "b a and more",
                    "a and b and more",
                    "a and more and b",
                    "a, then long long after that b",
                ],
            ),
        ] {
            let relevance = texts.map(|text| matched(query, text).expect("matches").relevance);
            assert!(relevance.is_sorted_by(|left, right| left > right), "{query}: {relevance:?}");
            assert!(
                relevance.iter().all(|relevance| (0..=150).contains(relevance)),
                "{query}: {relevance:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn ranges_are_apart_in_order_and_between_characters(text: String, as_written: bool, open: bool, parts: bool) {
            // A piece of the text itself, so that it is found.
            let some: String = text.chars().skip(1).take(9).collect();
            let query = Query { wanted: Piece::new(&some, as_written, open).into_iter().collect(), ..Query::default() };
            if let Some(found) = query.matches(&Analysis::new(&text), parts) {
                prop_assert!(found.ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
                prop_assert!(found.ranges.iter().all(|range| text.get(range.clone()).is_some_and(|text| !text.is_empty())));
                prop_assert!((0..=150).contains(&found.relevance));
            }
        }

        #[test]
        fn a_text_is_found_by_each_of_its_own_words(words in proptest::collection::vec("[a-zA-Z0-9äßéЖ東京🎉]{1,12}", 1..9), separator in "[ _.:/-]") {
            let text = Analysis::new(&words.join(&separator));
            for word in &words {
                let query = Query { wanted: Piece::new(word, true, false).into_iter().collect(), ..Query::default() };
                prop_assert!(query.matches(&text, false).is_some(), "{}", word);
            }
        }
    }

    #[test]
    fn at_most_64_places_of_a_piece_are_highlighted() {
        assert_eq!(matched("x", &"x ".repeat(PLACES + 9)).expect("matches").ranges.len(), PLACES);
        assert_eq!(matched("字", &"字、".repeat(PLACES + 9)).expect("matches").ranges.len(), PLACES);
    }
}
