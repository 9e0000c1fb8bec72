//! What a backend says with each request, for the upgrade that may follow.

use crate::opening::Handover;
use crate::source::Source;
use crate::streams::StreamGuard;
use crate::tracker::Tracker;

/// A request's way back to the server that it came through.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) source: Source,
    pub(crate) tracker: Tracker,
    pub(crate) way: Way,
}

/// What becomes of a connection that the request opens.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// The backend drives it itself, on the transport of the request.
    Handover(Handover),
    /// It is a task of its own on hyper's stream, because the request is one stream of many, as in HTTP/2. The
    /// guard is held as long as anything comes of the request.
    Stream(StreamGuard),
}
