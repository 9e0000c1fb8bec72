//! Which part of a file is asked for (RFC 9110 §14): one range of octets, or all of them.

use axum::http::{HeaderMap, HeaderValue, header};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// From an octet on, so many, and at least one.
    Of(u64, u64),
    /// Nothing that is there.
    Beyond,
}

/// The part of so many octets that a request asks for. Of several ranges, and of what is no range, it is the whole, which
/// RFC 9110 §14.2 leaves to the server.
pub(super) fn part(asked: &HeaderMap, size: u64, tag: &HeaderValue) -> Part {
    // A part of something else than what the client has would not fit.
    if asked.get_all(header::IF_RANGE).iter().any(|known| known != tag) {
        return Part::Whole;
    }
    let mut ranges = asked.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return Part::Whole };
    range.to_str().ok().and_then(|range| of(range, size)).unwrap_or(Part::Whole)
}

/// The part that a range says; nothing if it says none.
fn of(range: &str, size: u64) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    // A number that is too large for us is beyond any file.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let length = number(last)?.min(size);
        return Some(if length == 0 { Part::Beyond } else { Part::Of(size - length, length) });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(if first >= size { Part::Beyond } else { Part::Of(first, last.min(size - 1) - first + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_part_that_the_standard_says() {
        let tag = HeaderValue::from_static("\"a\"");
        for (range, size, expected) in [
            ("bytes=0-0", 10, Part::Of(0, 1)),
            ("bytes=0-9", 10, Part::Of(0, 10)),
            ("bytes=0-10", 10, Part::Of(0, 10)),
            ("bytes=2-5", 10, Part::Of(2, 4)),
            ("bytes=9-", 10, Part::Of(9, 1)),
            ("bytes=0-", 10, Part::Of(0, 10)),
            ("bytes=-1", 10, Part::Of(9, 1)),
            ("bytes=-10", 10, Part::Of(0, 10)),
            ("bytes=-11", 10, Part::Of(0, 10)),
            ("Bytes=1-2", 10, Part::Of(1, 2)),
            ("bytes=3-99999999999999999999999", 10, Part::Of(3, 7)),
            ("bytes=10-", 10, Part::Beyond),
            ("bytes=10-20", 10, Part::Beyond),
            ("bytes=99999999999999999999999-", 10, Part::Beyond),
            ("bytes=-0", 10, Part::Beyond),
            ("bytes=0-", 0, Part::Beyond),
            ("bytes=-5", 0, Part::Beyond),
            ("bytes=5-2", 10, Part::Whole),
            ("bytes=0-1,3-4", 10, Part::Whole),
            ("bytes=-", 10, Part::Whole),
            ("bytes=", 10, Part::Whole),
            ("bytes=a-b", 10, Part::Whole),
            ("bytes=+1-2", 10, Part::Whole),
            ("bytes=--1", 10, Part::Whole),
            ("items=0-1", 10, Part::Whole),
            ("0-1", 10, Part::Whole),
        ] {
            let asked = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
            assert_eq!(part(&asked, size, &tag), expected, "{range} of {size}");
        }
    }

    #[test]
    fn a_part_goes_only_to_who_has_the_rest() {
        let tag = HeaderValue::from_static("\"a\"");
        let range = (header::RANGE, HeaderValue::from_static("bytes=1-2"));
        for (known, expected) in [
            ("\"a\"", Part::Of(1, 2)),
            ("W/\"a\"", Part::Whole),
            ("\"b\"", Part::Whole),
            ("Sun, 22 Nov 2026 10:00:00 GMT", Part::Whole),
        ] {
            let known = (header::IF_RANGE, HeaderValue::from_static(known));
            assert_eq!(part(&HeaderMap::from_iter([range.clone(), known]), 10, &tag), expected);
        }
        assert_eq!(part(&HeaderMap::new(), 10, &tag), Part::Whole);
        let mut twice = HeaderMap::from_iter([range.clone()]);
        twice.append(range.0, range.1);
        assert_eq!(part(&twice, 10, &tag), Part::Whole);
    }
}
