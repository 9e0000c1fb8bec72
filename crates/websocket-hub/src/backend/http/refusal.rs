//! Requests that the app never sees: why, and what they are answered with.

use http::StatusCode;

/// Why a request is refused. It is the last of its connection, since where it ends is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not a request, or one that two readers could read differently.
    Malformed,
    /// Above [`MAX_HEAD_LEN`](super::limits::MAX_HEAD_LEN) or [`MAX_FIELDS`](super::limits::MAX_FIELDS).
    HeadTooLarge,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    Version,
    /// `Host` is missing, stands more than once or names no host (RFC 9112 §3.2).
    Host,
    /// Where the body ends is said wrongly, or twice (RFC 9112 §6.3).
    Length,
    /// A transfer coding besides `chunked` (RFC 9112 §6.1).
    TransferCoding,
    /// An expectation besides `100-continue` (RFC 9110 §10.1.1).
    Expectation,
    /// The head, or the body that the app waits for, took too long.
    TimedOut,
    /// The app answered with what is no final answer.
    Response,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Refusal::Malformed | Refusal::Host | Refusal::Length => StatusCode::BAD_REQUEST,
            Refusal::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Refusal::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Refusal::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Refusal::Expectation => StatusCode::EXPECTATION_FAILED,
            Refusal::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Refusal::Response => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What there is to say about it, as a line.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Refusal::Malformed => "This is not a request of HTTP/1.1 by the letter.\n",
            Refusal::HeadTooLarge => {
                "The head of the request is larger than 16 KiB or has more than 100 fields.\n"
            }
            Refusal::Version => "HTTP/1.1 is spoken here.\n",
            Refusal::Host => "A request has one field Host, which names the server.\n",
            Refusal::Length => {
                "The request does not say clearly where its body ends: one Content-Length, or chunked.\n"
            }
            Refusal::TransferCoding => "The only transfer coding that is known here is chunked.\n",
            Refusal::Expectation => "The only expectation that is met here is 100-continue.\n",
            Refusal::TimedOut => "The request took too long here.\n",
            Refusal::Response => "The server met an error.\n",
        }
    }
}
