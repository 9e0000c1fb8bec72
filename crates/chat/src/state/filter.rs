//! Whether a text has a word or a link in it that a filter looks for.

use super::keeping::{FilterRow, Shelf};
use super::tables::{Tables, rows};
use crate::order::{FilterAction, FilterKind};
use crate::storage::Direction;
use crate::trouble::Trouble;

/// What a filter looks for, as it is compared: without case, and a host without what stands around it.
pub(crate) fn fold(kind: FilterKind, pattern: &str) -> String {
    let folded = pattern.trim().to_lowercase();
    match kind {
        FilterKind::Word => folded,
        FilterKind::Link => {
            let host = folded.split_once("://").map_or(folded.as_str(), |(_, rest)| rest);
            host.split(['/', '?', '#']).next().unwrap_or_default().trim_matches('.').to_owned()
        }
    }
}

/// What the strictest of the filters that find something in a text does with it.
pub(crate) fn judge(state: &impl Tables, text: &str) -> Result<Option<FilterAction>, Trouble> {
    if state.server()?.filters == 0 {
        return Ok(None);
    }
    let filters = rows::<FilterRow>(state, &Shelf::Filter.range(), Direction::Forwards, usize::MAX)?;
    let text = text.to_lowercase();
    let found = filters.iter().filter(|(_, filter)| finds(filter, &text));
    let mut strictest = None;
    for (_, filter) in found {
        if filter.action == FilterAction::Refuse {
            return Ok(Some(FilterAction::Refuse));
        }
        strictest = Some(filter.action);
    }
    Ok(strictest)
}

fn finds(filter: &FilterRow, text: &str) -> bool {
    match filter.kind {
        FilterKind::Word => stands_in(text, &filter.pattern, |c| c.is_alphanumeric()),
        FilterKind::Link => has_link_to(text, &filter.pattern),
    }
}

/// Whether something stands in a text by itself, with nothing before and behind it that goes on with it.
fn stands_in(text: &str, pattern: &str, goes_on: impl Fn(char) -> bool) -> bool {
    text.match_indices(pattern).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + found.len()..].chars().next();
        !before.is_some_and(&goes_on) && !behind.is_some_and(&goes_on)
    })
}

/// Whether a host, or one below it, is named: with or without a scheme, for people type either.
fn has_link_to(text: &str, host: &str) -> bool {
    text.match_indices(host).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let mut behind = text[at + found.len()..].chars();
        let is_label = |c: char| c.is_alphanumeric() || c == '-';
        let ends = match behind.next() {
            // A full stop ends a sentence, or goes on with another host.
            Some('.') => !behind.next().is_some_and(is_label),
            Some(next) => !is_label(next),
            None => true,
        };
        ends && !before.is_some_and(is_label)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_itself_and_not_within_another() {
        let filter = |pattern: &str| FilterRow { pattern: pattern.into(), ..FilterRow::default() };
        for (pattern, text, is_found) in [
            ("spam", "this is spam!", true),
            ("spam", "spam", true),
            ("spam", "spammer", false),
            ("buy now", "do buy now, please", true),
            ("ß", "straße ß", true),
            ("💣", "x💣y", false),
            ("💣", "a 💣", true),
        ] {
            assert_eq!(finds(&filter(pattern), text), is_found, "{pattern} in {text}");
        }
    }

    #[test]
    fn a_link_is_found_to_a_host_and_to_those_below_it() {
        assert_eq!(fold(FilterKind::Link, "HTTPS://Evil.Example/path?x"), "evil.example");
        let filter =
            FilterRow { kind: FilterKind::Link, pattern: "evil.example".into(), ..FilterRow::default() };
        for (text, is_found) in [
            ("see https://evil.example/a", true),
            ("see evil.example.", true),
            ("http://www.evil.example", true),
            ("not-evil.example", false),
            ("evil.example.org", false),
            ("good.example", false),
        ] {
            assert_eq!(finds(&filter, text), is_found, "{text}");
        }
    }
}
