//! Snippets: so much of a text that one sees why it was found.

use std::ops::Range;

/// Characters of a snippet.
pub const SNIPPET: usize = 200;
/// Characters that a snippet shows before the first thing that was found.
const LEAD: usize = 40;

/// A part of a message's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The text, at most [`SNIPPET`] characters of it.
    pub text: String,
    /// Octets of it to highlight, in order, apart from each other.
    pub ranges: Vec<Range<usize>>,
    /// Whether the message has text before it.
    pub is_cut_before: bool,
    /// Whether the message has text behind it.
    pub is_cut_behind: bool,
}

impl Snippet {
    /// Cuts a text so that the first range is in it, at spaces if there are any near.
    pub(super) fn new(text: &str, ranges: &[Range<usize>]) -> Self {
        let first = ranges.first().map_or(0, |range| range.start);
        let mut start = nth_from_end(&text[..first], LEAD);
        if text[start..].chars().nth(SNIPPET).is_none() {
            // All the rest fits, so there is room for more of what is before it.
            start = nth_from_end(text, SNIPPET);
        } else if start > 0 {
            let after_space = text[start..first].find(char::is_whitespace);
            start += after_space.map_or(0, |at| at + 1).min(first - start);
            start = ceil(text, start);
        }
        let length = text[start..].char_indices().nth(SNIPPET).map(|(at, _)| at);
        let mut end = length.map_or(text.len(), |length| start + length);
        if length.is_some()
            && let Some(space) = text[start..end].rfind(char::is_whitespace)
            && ranges.first().is_none_or(|range| start + space >= range.end)
        {
            end = start + space;
        }
        let inside = ranges.iter().filter(|range| range.start < end && range.end > start);
        let ranges = inside.map(|range| range.start.max(start) - start..range.end.min(end) - start).collect();
        Snippet {
            text: text[start..end].to_owned(),
            ranges,
            is_cut_before: start > 0,
            is_cut_behind: end < text.len(),
        }
    }
}

/// Where the last `count` characters of a text begin.
fn nth_from_end(text: &str, count: usize) -> usize {
    text.char_indices().rev().nth(count.saturating_sub(1)).map_or(0, |(at, _)| at)
}

/// The next place between two characters.
fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_whole() {
        let world = 6..11;
        let snippet = Snippet::new("hello world", std::slice::from_ref(&world));
        assert_eq!(snippet.text, "hello world");
        assert_eq!(snippet.ranges.first(), Some(&world));
        assert!(!snippet.is_cut_before && !snippet.is_cut_behind);
    }

    #[test]
    fn a_long_text_is_cut_at_spaces_around_what_was_found() {
        let text = format!("{}needle {}", "before ".repeat(100), "behind ".repeat(100));
        let snippet = Snippet::new(&text, &[700..706, 1_000..1_006]);
        assert!(snippet.text.starts_with("before before"), "{}", snippet.text);
        assert!(snippet.text.ends_with(" behind"), "{}", snippet.text);
        assert_eq!(snippet.ranges.len(), 1);
        assert_eq!(&snippet.text[snippet.ranges[0].clone()], "needle");
        assert!(snippet.is_cut_before && snippet.is_cut_behind);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_between_characters(words in proptest::collection::vec("[a-z字é👍]{1,30}", 1..60), at: prop::sample::Index) {
            let text = words.join(" ");
            let word = at.index(words.len());
            let start: usize = words[..word].iter().map(|word| word.len() + 1).sum();
            let found = start..start + words[word].len();
            let snippet = Snippet::new(&text, std::slice::from_ref(&found));
            prop_assert!(text.contains(&snippet.text));
            prop_assert!(snippet.text.chars().count() <= SNIPPET);
            prop_assert_eq!(&snippet.text[snippet.ranges[0].clone()], &words[word]);
        }
    }
}
