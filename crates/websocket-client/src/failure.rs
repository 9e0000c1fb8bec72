//! Why there is no connection, and what that says about another attempt.

use std::fmt;
use std::time::{Duration, SystemTime};

use websocket_driver::{Cause, CloseCode, Closed, retry_after_of};

use crate::backoff::Backoff;
use crate::error::ConnectError;
use crate::retry_after::retry_after;

/// Why there is no connection.
#[derive(Debug)]
pub enum Failure {
    /// It did not come about.
    Connect(ConnectError),
    /// It came about and ended.
    Closed(Closed),
}

impl Failure {
    /// Whether to leave it at that, unless the program decides otherwise: what
    /// [`ConnectError::is_permanent`] lists, and a connection that either side ended because its purpose was
    /// fulfilled: the server with 1000, or we with whatever code.
    pub fn is_permanent(&self) -> bool {
        match self {
            Failure::Connect(error) => error.is_permanent(),
            Failure::Closed(closed) => match closed.cause {
                Cause::Peer => closed.code == CloseCode::NORMAL,
                Cause::Local => true,
                _ => false,
            },
        }
    }

    /// How long to wait, after `failures` failures before this one. A server that says when to come back is
    /// obeyed: by `Retry-After`, or by closing with 1012 or 1013, which both ask to come back and not all at
    /// once, and may say when in the reason.
    pub(crate) fn delay(&self, backoff: &Backoff, failures: u32, random: u32, now: SystemTime) -> Duration {
        let least = match self {
            Failure::Connect(ConnectError::Refused(refusal)) => retry_after(&refusal.headers, now),
            Failure::Closed(closed) => matches!(closed.code, CloseCode::RESTART | CloseCode::TRY_AGAIN_LATER)
                .then(|| retry_after_of(&closed.reason).unwrap_or(backoff.first)),
            Failure::Connect(_) => None,
        };
        let usual = backoff.delay(failures, random);
        let least = least.map(|time| time.min(backoff.max_retry_after));
        least.map_or(usual, |least| usual.max(backoff.at_least(least, random)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Connect(error) => error.fmt(f),
            Failure::Closed(closed) if closed.reason.is_empty() => {
                write!(f, "the connection ended with {}", closed.code)
            }
            Failure::Closed(closed) => {
                write!(f, "the connection ended with {}: {}", closed.code, closed.reason)
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Failure::Connect(error) => Some(error),
            Failure::Closed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use websocket_driver::handshake::client::Rejection;

    use super::*;
    use crate::refusal::Refusal;

    fn refused(status: u16, retry_after: Option<&str>) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        headers.extend(retry_after.map(|value| (http::header::RETRY_AFTER, value.parse().unwrap())));
        let reason = Rejection::Status(status);
        let refusal = Refusal { reason, status, headers, body: String::new() };
        Failure::Connect(ConnectError::Refused(Box::new(refusal)))
    }

    fn closed(code: CloseCode, cause: Cause) -> Failure {
        Failure::Closed(Closed { code, reason: String::new(), cause })
    }

    fn restarting(reason: &str) -> Failure {
        Failure::Closed(Closed { code: CloseCode::RESTART, reason: reason.to_owned(), cause: Cause::Peer })
    }

    #[test]
    fn what_is_permanent() {
        for status in 200..600 {
            let permanent = [400, 401, 403, 404, 426].contains(&status);
            assert_eq!(refused(status, None).is_permanent(), permanent, "{status}");
        }
        for (failure, permanent) in [
            (closed(CloseCode::NORMAL, Cause::Peer), true),
            (closed(CloseCode::NORMAL, Cause::Local), true),
            (closed(CloseCode::RESTART, Cause::Local), true),
            (closed(CloseCode::GOING_AWAY, Cause::Peer), false),
            (closed(CloseCode::POLICY, Cause::Peer), false),
            (closed(CloseCode::NO_STATUS, Cause::Peer), false),
            (closed(CloseCode::ABNORMAL, Cause::ConnectionLost), false),
            (Failure::Connect(ConnectError::Address("x".into())), true),
            (Failure::Connect(ConnectError::TimedOut(Duration::ZERO)), false),
        ] {
            assert_eq!(failure.is_permanent(), permanent, "{failure:?}");
        }
    }

    #[test]
    fn how_long_to_wait() {
        let backoff = Backoff::default();
        let (half, whole) = (Duration::from_millis(250), Duration::from_millis(500));
        let hour = Duration::from_secs(3600);
        for (failure, failures, least, most) in [
            (closed(CloseCode::GOING_AWAY, Cause::Peer), 0, half, whole),
            (closed(CloseCode::GOING_AWAY, Cause::Peer), 9, whole * 30, whole * 60),
            (closed(CloseCode::RESTART, Cause::Peer), 0, whole, whole * 2),
            (closed(CloseCode::TRY_AGAIN_LATER, Cause::Peer), 0, whole, whole * 2),
            (closed(CloseCode::TRY_AGAIN_LATER, Cause::Peer), 9, whole * 30, whole * 60),
            (restarting("retry-after=7"), 0, whole * 14, whole * 15),
            (restarting("retry-after=7"), 9, whole * 30, whole * 60),
            (restarting("retry-after=99999"), 0, hour, hour + whole),
            (refused(503, None), 0, half, whole),
            (refused(503, Some("7")), 0, whole * 14, whole * 15),
            (refused(429, Some("7")), 9, whole * 30, whole * 60),
            (refused(503, Some("99999999999999999999")), 0, hour, hour + whole),
            (refused(503, Some("Sun, 06 Nov 1994 08:50:37 GMT")), 0, whole * 120, whole * 121),
        ] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
            let delays = [0, u32::MAX].map(|random| failure.delay(&backoff, failures, random, now));
            assert_eq!(delays, [least, most], "{failure:?} after {failures}");
        }
    }
}
