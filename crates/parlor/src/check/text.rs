//! Small texts: lengths of time that are told to the checker, and those that it tells.

use std::time::Duration;

/// The longest time that may be asked for: a week.
const LONGEST: f64 = 7.0 * 24.0 * 3_600.0;

/// A number of units of so many seconds.
pub(super) fn to_duration(text: &str, unit: u32) -> Result<Duration, String> {
    let sentence = || "it must be a number above zero, and not more than a week".to_owned();
    let number: f64 = text.parse().map_err(|_| sentence())?;
    let seconds = number * f64::from(unit);
    if seconds > 0.0 && seconds <= LONGEST { Ok(Duration::from_secs_f64(seconds)) } else { Err(sentence()) }
}

/// A time in milliseconds, for people.
pub(super) fn in_milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_above_zero_and_bounded() {
        assert_eq!(to_duration("1.5", 60), Ok(Duration::from_secs(90)));
        assert_eq!(to_duration("10080", 60), Ok(Duration::from_secs(604_800)));
        for wrong in ["0", "-1", "NaN", "inf", "x", "", "10081"] {
            assert!(to_duration(wrong, 60).is_err(), "{wrong}");
        }
        assert_eq!(in_milliseconds(Duration::from_micros(1_250)), "1.2 ms");
    }
}
