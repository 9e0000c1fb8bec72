//! What a setting can be: texts become values, or a sentence that says what is allowed.

use std::str::FromStr;
use std::time::Duration;

use parlor_chat::{Retention, limits};
use websocket_hub::Backend;

/// How many event loops there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// One for each core.
    Auto,
    /// This many.
    Count(std::num::NonZeroUsize),
}

impl FromStr for Workers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Workers::Auto),
            _ => {
                text.parse().map(Workers::Count).map_err(|_| "it must be a whole number above zero, or auto")
            }
        }
    }
}

/// How many of something there may be.
pub(super) fn count<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "it must be a whole number above zero")
}

/// A size. None has to fit, so zero is no size.
pub(super) fn octets<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, &'static str> {
    let octets = text.parse().ok().filter(|octets| *octets != T::default());
    octets.ok_or("it must be a whole number of octets above zero")
}

/// The length of a text that may be posted.
pub(super) fn max_text(text: &str) -> Result<usize, String> {
    let octets = text.parse().ok().filter(|octets| (1..=limits::TEXT).contains(octets));
    octets.ok_or_else(|| format!("it must be a whole number of octets from 1 to {}", limits::TEXT))
}

/// A length of time in seconds, fractions too.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|duration| !duration.is_zero()).ok_or("it must be a number of seconds above zero")
}

/// A length of time in whole milliseconds.
pub(super) fn milliseconds(text: &str) -> Result<Duration, &'static str> {
    let milliseconds = text.parse().ok().filter(|milliseconds| *milliseconds > 0);
    milliseconds.map(Duration::from_millis).ok_or("it must be a whole number of milliseconds above zero")
}

/// How long messages stay.
pub(super) fn retention(text: &str) -> Result<Retention, String> {
    if text == "forever" {
        return Ok(Retention::Forever);
    }
    let shortest = limits::RETENTION / 1_000;
    let milliseconds = text.parse().ok().and_then(|seconds: u64| seconds.checked_mul(1_000));
    match milliseconds.filter(|milliseconds| *milliseconds >= limits::RETENTION) {
        Some(milliseconds) => Ok(Retention::Milliseconds(milliseconds)),
        None => Err(format!("it must be forever or a whole number of seconds, {shortest} or more")),
    }
}

/// Whether or not.
pub(super) fn switch(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "it must be true or false")
}

/// A backend by its name.
pub(super) fn backend(name: &str) -> Result<Backend, String> {
    let names = Backend::ALL.map(Backend::name).join(", ");
    name.parse().map_err(|_| format!("it must be one of: {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::{NonZeroU32, NonZeroUsize};

    #[test]
    fn texts_become_values() {
        assert_eq!("auto".parse(), Ok(Workers::Auto));
        assert_eq!("3".parse(), Ok(Workers::Count(NonZeroUsize::new(3).unwrap())));
        assert_eq!(count("20"), Ok(NonZeroU32::new(20).unwrap()));
        assert_eq!(octets("65536"), Ok(65_536_u64));
        assert_eq!(max_text("65536"), Ok(limits::TEXT));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("1"), Ok(Duration::from_millis(1)));
        assert_eq!(retention("forever"), Ok(Retention::Forever));
        assert_eq!(retention("1"), Ok(Retention::Milliseconds(limits::RETENTION)));
        assert_eq!(switch("true"), Ok(true));
        for each in Backend::ALL {
            assert_eq!(backend(each.name()), Ok(each));
        }
    }

    #[test]
    fn what_cannot_be_is_told_what_can() {
        fn refused<T, E: ToString>(parse: fn(&str) -> Result<T, E>, texts: &[&str], sentence: &str) {
            for text in texts {
                let refusal = parse(text).err().map(|error| error.to_string());
                assert_eq!(refusal.as_deref(), Some(sentence), "{text}");
            }
        }
        refused(Workers::from_str, &["0", "-1", "all"], "it must be a whole number above zero, or auto");
        refused(count::<NonZeroU32>, &["0", "1.5", "4294967296"], "it must be a whole number above zero");
        refused(octets::<u64>, &["0", "1k", "-1"], "it must be a whole number of octets above zero");
        refused(max_text, &["0", "65537", "much"], "it must be a whole number of octets from 1 to 65536");
        refused(seconds, &["0", "-1", "inf", "NaN", "soon"], "it must be a number of seconds above zero");
        refused(milliseconds, &["0", "0.5"], "it must be a whole number of milliseconds above zero");
        let sentence = "it must be forever or a whole number of seconds, 1 or more";
        refused(retention, &["0", "always", "18446744073709551615"], sentence);
        refused(switch, &["yes", "1", ""], "it must be true or false");
        refused(backend, &["forks"], "it must be one of: tokio, threads, uring");
    }
}
