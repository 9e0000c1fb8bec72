//! Why a request was not done: a stable code for programs, a sentence for people, and when to try again.

use std::borrow::Cow;
use std::time::Duration;

use parlor_chat::{Failure, Refusal, Trouble};
use serde::Serialize;
use serde_json::value::RawValue;

/// What is left to say about trouble that passes: after how many milliseconds trying again makes sense.
const AGAIN: u64 = 1_000;

/// Codes that are no refusals of the chat, with what they mean, for documents and tests.
#[cfg(test)]
pub(super) const CODES: &[(&str, &str)] = &[
    ("bad-request", "What came is no JSON, or lacks something, or has something of the wrong kind."),
    ("unsupported", "This server does not know this type of request; it may be older than the client."),
    ("too-fast", "More requests came than one connection may send. Try again after `retry_after`."),
    ("too-early", "Too many requests came before the welcome. Wait for it."),
    ("busy", "The server has too much to do. Try again after `retry_after`, with the same key."),
    ("try-again", "Nothing can be stored for the moment. Try again after `retry_after`, with the same key."),
    ("storage-failed", "The data cannot be read or written until somebody mends the server."),
    ("search-off", "The search index is not to be had for the moment."),
    ("query-invalid", "The search cannot be understood; `message` says why."),
];

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WireError {
    /// For programs. It never changes its meaning.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: Cow<'static, str>,
    /// After how many milliseconds trying again makes sense; nothing if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
}

#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    #[serde(flatten)]
    error: &'a WireError,
}

impl WireError {
    pub(crate) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        WireError { code, message: message.into(), retry_after: None }
    }

    pub(crate) fn bad_request(error: &serde_json::Error) -> Self {
        WireError::new("bad-request", format!("This is no request: {error}."))
    }

    pub(crate) fn bad_id() -> Self {
        let message = "This is no request: an id is a number or a string of up to 64 octets.";
        WireError::new("bad-request", message)
    }

    pub(crate) fn unsupported() -> Self {
        Refusal::Unsupported.into()
    }

    /// There will be room for a request after this time.
    pub(crate) fn too_fast(wait: Duration) -> Self {
        let retry_after = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let error = WireError::new("too-fast", "This was too much at once; wait a moment.");
        WireError { retry_after: Some(retry_after.max(1)), ..error }
    }

    pub(crate) fn too_early() -> Self {
        WireError::new("too-early", "Too many requests came before the welcome; wait for it.")
    }

    /// A text is longer than this server takes, in octets.
    pub(crate) fn text_too_long(limit: usize) -> Self {
        let message = format!("This is too long: a message has up to {limit} octets here.");
        WireError::new(Refusal::TextTooLong.code(), message)
    }

    pub(crate) fn busy() -> Self {
        Trouble::Busy.into()
    }

    /// The answer that says it.
    pub(crate) fn line(&self, id: Option<&RawValue>) -> String {
        serde_json::to_string(&Line { r#type: "error", id, error: self })
            .expect("these types have a JSON form")
    }
}

impl From<Refusal> for WireError {
    fn from(refusal: Refusal) -> Self {
        WireError::new(refusal.code(), refusal.sentence())
    }
}

impl From<Trouble> for WireError {
    fn from(trouble: Trouble) -> Self {
        let (code, sentence) = match &trouble {
            Trouble::Busy => ("busy", "The server has too much to do; try again in a moment."),
            Trouble::Unreachable(_) => (
                "try-again",
                "The servers that keep what is said cannot be reached for the moment; try again.",
            ),
            trouble if trouble.may_pass() => {
                ("try-again", "This could not be stored for the moment, and it was not; try again.")
            }
            _ => ("storage-failed", "The server's data cannot be used; tell whoever runs it."),
        };
        WireError { code, message: sentence.into(), retry_after: trouble.may_pass().then_some(AGAIN) }
    }
}

impl From<Failure> for WireError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Trouble(trouble) => trouble.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_that_is_documented_and_a_sentence() {
        let refusals = Refusal::ALL.iter().map(|refusal| WireError::from(*refusal));
        let troubles = [
            Trouble::Full,
            Trouble::ReadOnly,
            Trouble::Locked,
            Trouble::Io("x".into()),
            Trouble::Corrupt("x".into()),
            Trouble::Newer("x".into()),
            Trouble::Busy,
            Trouble::Unreachable("x".into()),
            Trouble::Unfit("x".into()),
            Trouble::Stopped,
        ];
        let own = [
            WireError::bad_id(),
            WireError::too_fast(Duration::ZERO),
            WireError::too_early(),
            WireError::busy(),
        ];
        for error in refusals.chain(troubles.into_iter().map(WireError::from)).chain(own) {
            let is_refusal = Refusal::ALL.iter().any(|refusal| refusal.code() == error.code);
            assert!(is_refusal || CODES.iter().any(|(code, _)| *code == error.code), "{error:?}");
            assert!(error.message.ends_with('.'), "{error:?}");
            assert_ne!(error.retry_after, Some(0));
        }
    }

    #[test]
    fn an_error_is_answered_under_the_id_of_the_request() {
        let id = RawValue::from_string("7".into()).unwrap();
        assert_eq!(
            WireError::too_fast(Duration::from_millis(250)).line(Some(&id)),
            r#"{"type":"error","id":7,"code":"too-fast","message":"This was too much at once; wait a moment.","retry_after":250}"#
        );
        let line = WireError::from(Refusal::NotAMember).line(None);
        assert_eq!(line, r#"{"type":"error","code":"not-a-member","message":"Join this room first."}"#);
    }
}
