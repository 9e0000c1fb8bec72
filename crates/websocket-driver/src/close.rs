//! The body of a close frame (RFC 6455 §5.5.1).

use std::time::Duration;

use crate::close_code::CloseCode;
use crate::error::{ProtocolError, UsageError};

/// The longest reason that a close frame can carry, in octets: a control frame's 125 less the code.
pub const MAX_REASON_LEN: usize = 123;

/// The body of a close frame as it was received: no code reads as [`CloseCode::NO_STATUS`].
pub(crate) fn parse(body: &[u8]) -> Result<(CloseCode, String), ProtocolError> {
    let Some((&code, reason)) = body.split_first_chunk::<2>() else {
        return if body.is_empty() {
            Ok((CloseCode::NO_STATUS, String::new()))
        } else {
            Err(ProtocolError::CloseTooShort)
        };
    };
    let code = CloseCode::from_wire(u16::from_be_bytes(code));
    if !code.may_be_sent() {
        return Err(ProtocolError::InvalidCloseCode(code.get()));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::InvalidCloseReason)?;
    Ok((code, reason.to_owned()))
}

/// Whether a close frame can carry this code and reason, for programs that queue a close before they send it.
/// [`CloseCode::NO_STATUS`] stands for an empty body.
///
/// # Errors
///
/// [`UsageError::InvalidCloseCode`] for a code that must not be sent, [`UsageError::ReasonTooLong`] for a reason of
/// more than [`MAX_REASON_LEN`] octets.
pub fn check_close(code: CloseCode, reason: &str) -> Result<(), UsageError> {
    if !code.may_be_sent() && code != CloseCode::NO_STATUS {
        return Err(UsageError::InvalidCloseCode(code.get()));
    }
    if reason.len() > MAX_REASON_LEN {
        return Err(UsageError::ReasonTooLong(reason.len()));
    }
    Ok(())
}

/// Stands in a reason before the seconds after which to come back.
const RETRY_AFTER: &str = "retry-after=";

/// A reason that also says when to come back, in seconds and for programs to read:
/// `the server restarts; retry-after=2.5`.
///
/// It is meant for [`CloseCode::RESTART`] and [`CloseCode::TRY_AGAIN_LATER`], which ask to come back, and not all at
/// once; no standard says how a close frame tells the time, as HTTP's `Retry-After` does.
pub fn reason_with_retry_after(reason: &str, delay: Duration) -> String {
    // Longer than any wait makes sense, so that the text stays short.
    let millis = delay.as_millis().min(999_999_999);
    format!("{reason}; {RETRY_AFTER}{}.{:03}", millis / 1000, millis % 1000)
}

/// When to come back, if a reason says so as [`reason_with_retry_after`] does.
pub fn retry_after_of(reason: &str) -> Option<Duration> {
    let (_, seconds) = reason.rsplit_once(RETRY_AFTER)?;
    let is_number = seconds.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = seconds.parse().ok().filter(|_| is_number)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The body of a close frame to send; [`CloseCode::NO_STATUS`] makes an empty one.
pub(crate) fn body(code: CloseCode, reason: &str) -> Vec<u8> {
    if code == CloseCode::NO_STATUS {
        return Vec::new();
    }
    [&code.get().to_be_bytes(), reason.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        assert_eq!(parse(b""), Ok((CloseCode::NO_STATUS, String::new())));
        assert_eq!(parse(b"\x03"), Err(ProtocolError::CloseTooShort));
        assert_eq!(parse(b"\x03\xe8bye"), Ok((CloseCode::NORMAL, "bye".to_owned())));
        assert_eq!(parse(b"\x03\xe8\xff"), Err(ProtocolError::InvalidCloseReason));
        assert_eq!(parse(b"\x03\xed"), Err(ProtocolError::InvalidCloseCode(1005)));
        assert_eq!(body(CloseCode::NORMAL, "bye"), b"\x03\xe8bye");
        assert_eq!(body(CloseCode::NO_STATUS, ""), b"");
    }

    #[test]
    fn reasons_say_when_to_come_back() {
        for (millis, reason) in
            [(0, "r; retry-after=0.000"), (2500, "r; retry-after=2.500"), (61_001, "r; retry-after=61.001")]
        {
            let delay = Duration::from_millis(millis);
            assert_eq!(reason_with_retry_after("r", delay), reason);
            assert_eq!(retry_after_of(reason), Some(delay));
        }
        assert_eq!(retry_after_of("retry-after=7"), Some(Duration::from_secs(7)));
        for nothing in [
            "",
            "the server restarts",
            "retry-after=",
            "retry-after=soon",
            "retry-after=-1",
            "retry-after=inf",
            "retry-after=1e9",
            "retry-after=99999999999999999999",
        ] {
            assert_eq!(retry_after_of(nothing), None, "{nothing}");
        }
        let longest = reason_with_retry_after("the server restarts", Duration::MAX);
        assert!(check_close(CloseCode::RESTART, &longest).is_ok(), "{longest}");
    }
}
