//! Words in brackets, and what they lead to in parentheses behind them.

/// What the words of a link have at most, in units of UTF-16.
const LINK_WORDS: usize = 300;

/// The words and the target that a text begins with, if it begins with both.
pub(super) fn named_target(rest: &str) -> Option<(&str, &str)> {
    let inside = rest.strip_prefix('[')?;
    // No further than words may go: a text of brackets alone would be looked through again and again.
    let mut ends = inside.char_indices().take(LINK_WORDS + 1);
    let (end, _) = ends.find(|(_, c)| [']', '\n'].contains(c))?;
    let (words, behind) = (&inside[..end], inside[end..].strip_prefix("](")?);
    let end = behind.find(|c| is_space(c) || "()<>".contains(c))?;
    let fits = words.encode_utf16().count() <= LINK_WORDS && behind[end..].starts_with(')');
    fits.then(|| (words, &behind[..end]))
}

/// `\s` of the page.
pub(super) fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}
