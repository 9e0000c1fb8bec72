//! Why nothing was sent.

use std::fmt;

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closing or closed.
    Closed,
    /// The connection's queue was full; it is now being closed with 1013.
    FellBehind,
    /// The argument cannot be sent.
    Usage(websocket_driver::UsageError),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed => write!(f, "the connection is closing: nothing more can be sent"),
            SendError::FellBehind => {
                write!(f, "the connection's queue is full: it reads too slowly and is closed with 1013")
            }
            SendError::Usage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SendError {}
