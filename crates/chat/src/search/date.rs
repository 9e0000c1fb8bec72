//! Days as people write them in `before:` and `after:`, in their own time zone.

use crate::Timestamp;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Days that `7d` and the like reach back: a century.
const DAYS_BACK: i64 = 36_525;

/// Now, and where.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// The time of asking.
    pub now: Timestamp,
    /// Minutes that the asker's clock is ahead of UTC; at most a day.
    pub ahead: i16,
}

impl Clock {
    /// Where a day, a month, a year, `today`, `yesterday` or `7d` (seven days ago) starts, and where it ends.
    pub(super) fn span(&self, written: &str) -> Option<(Timestamp, Timestamp)> {
        let today = (i64::try_from(self.now.0).ok()? + self.offset()).div_euclid(DAY);
        let (first, last) = match written {
            "today" => (today, today),
            "yesterday" => (today - 1, today - 1),
            _ => match written.strip_suffix('d').filter(|days| days.bytes().all(|b| b.is_ascii_digit())) {
                Some(days) => {
                    let day = today - days.parse::<i64>().ok().filter(|days| *days <= DAYS_BACK)?;
                    (day, day)
                }
                None => calendar(written)?,
            },
        };
        Some((self.start(first), self.start(last + 1)))
    }

    fn start(&self, day: i64) -> Timestamp {
        Timestamp(u64::try_from(day * DAY - self.offset()).unwrap_or(0))
    }

    fn offset(&self) -> i64 {
        i64::from(self.ahead) * MINUTE
    }
}

/// `2026`, `2026-11` or `2026-11-21`, as the first and the last day of it.
fn calendar(written: &str) -> Option<(i64, i64)> {
    let mut fields = written.split('-').map(|field| {
        let digits = field.bytes().all(|octet| octet.is_ascii_digit()) && field.len() <= 4;
        if digits { field.parse::<i64>().ok() } else { None }
    });
    let year = fields.next()?.filter(|year| (1970..=9999).contains(year))?;
    let Some(month) = fields.next() else {
        return Some((days_since_1970(year, 1, 1), days_since_1970(year + 1, 1, 1) - 1));
    };
    let month = month.filter(|month| (1..=12).contains(month))?;
    let first = days_since_1970(year, month, 1);
    let next =
        if month == 12 { days_since_1970(year + 1, 1, 1) } else { days_since_1970(year, month + 1, 1) };
    let span = match fields.next() {
        None => (first, next - 1),
        Some(day) => {
            let day = first - 1 + day.filter(|day| *day >= 1)?;
            if day >= next {
                return None;
            }
            (day, day)
        }
    };
    fields.next().is_none().then_some(span)
}

/// Counts years from March, so that the day that comes and goes is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    // 719,468 days lie between March 1 of the year 0 and 1970.
    365 * year + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        // 2026-11-21 17:00 in UTC.
        let now = Timestamp(1_795_280_400_000);
        let day = |days: u64| days * 86_400_000;
        for (written, ahead, first, days) in [
            ("1970", 0, 0, 365),
            ("2000-02-29", 0, 11_016, 1),
            ("2024-02", 0, 19_754, 29),
            ("2026-11-21", 0, 20_778, 1),
            ("today", 0, 20_778, 1),
            ("yesterday", 0, 20_777, 1),
            ("7d", 0, 20_771, 1),
            ("0d", 0, 20_778, 1),
            ("2026-12", 0, 20_788, 31),
        ] {
            let clock = Clock { now, ahead };
            let expected = Some((Timestamp(day(first)), Timestamp(day(first + days))));
            assert_eq!(clock.span(written), expected, "{written}");
        }
    }

    #[test]
    fn a_day_is_the_askers_day() {
        let now = Timestamp(1_795_280_400_000);
        let tokyo = Clock { now, ahead: 9 * 60 };
        // It is 02:00 of the 22nd there.
        assert_eq!(tokyo.span("today"), tokyo.span("2026-11-22"));
        assert_eq!(tokyo.span("2026-11-22").unwrap().0, Timestamp(20_778 * 86_400_000 + 15 * 3_600_000));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        let clock = Clock::default();
        for written in [
            "",
            "soon",
            "2026-13",
            "2026-00",
            "2026-02-29",
            "2026-11-31",
            "2026-1-0",
            "1969",
            "10000",
            "2026-1-1-1",
            "-1",
            "+1",
            "2026-",
            "d",
            "99999d",
            "ä",
        ] {
            assert_eq!(clock.span(written), None, "{written}");
        }
    }
}
