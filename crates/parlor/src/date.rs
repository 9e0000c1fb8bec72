//! Times as people read them: the Gregorian calendar in UTC.

use parlor_chat::Timestamp;

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;
/// From here on a year of four digits is not enough.
const YEAR_10000: u64 = 253_402_300_800 * SECOND;

/// Year, month, day and time to the second, such as `2026-11-21 20:58:04`.
pub(crate) fn date(at: Timestamp) -> String {
    if at.0 >= YEAR_10000 {
        return format!("{} ms", at.0);
    }
    let (mut year, mut days) = (1970, at.0 / DAY);
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let seconds = at.0 % DAY / SECOND;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02}", days + 1)
}

/// As the web writes it (RFC 3339), such as `2026-11-21T20:58:04Z`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format!("{}Z", date(at).replacen(' ', "T", 1))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_has_its_own_way_to_write_a_date() {
        assert_eq!(rfc3339(Timestamp(1_795_294_684_000)), "2026-11-21T20:58:04Z");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (milliseconds, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399_999, "2000-02-28 23:59:59"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_709_251_199_000, "2024-02-29 23:59:59"),
            (1_795_294_684_000, "2026-11-21 20:58:04"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
            (YEAR_10000 - 1, "9999-12-31 23:59:59"),
            (YEAR_10000, "253402300800000 ms"),
        ] {
            assert_eq!(date(Timestamp(milliseconds)), expected);
        }
    }
}
