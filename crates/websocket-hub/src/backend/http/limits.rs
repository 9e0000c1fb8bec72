//! The limits and times of HTTP connections, the same on every backend.

use std::time::Duration;

/// How long a connection may rest between two requests.
pub(in crate::backend) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The largest request head, in octets; a larger one is answered with 431.
pub(in crate::backend) const MAX_HEAD_LEN: usize = 16 * 1024;

/// The most fields of a request head; with more it is answered with 431.
pub(super) const MAX_FIELDS: usize = 100;

/// How much of a request's body waits for the app, in octets. When it is that much, nothing more is read.
pub(super) const MAX_BODY_WAITING: usize = 64 * 1024;

/// The octets of the chunk extensions of one body. Nobody uses them.
pub(super) const MAX_EXTENSIONS_LEN: usize = 16 * 1024;

/// The octets of the trailer section of one body.
pub(super) const MAX_TRAILERS_LEN: usize = 16 * 1024;

/// How much of a response waits to be written before its body is asked for more, in octets.
pub(super) const MAX_OUTPUT_WAITING: usize = 64 * 1024;

/// How long a client may neither take what is written nor send what is waited for, in the middle of an exchange.
pub(super) const STALL: Duration = Duration::from_secs(75);

/// How long and how much is read and thrown away behind the last answer, until the client has closed, too. A
/// socket that is closed with something unread resets the connection, and the answer may be lost with it.
pub(super) const LINGER: Duration = Duration::from_secs(5);
pub(super) const MAX_LINGER_LEN: usize = 1024 * 1024;
