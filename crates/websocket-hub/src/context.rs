//! What a backend says with each request, for the upgrade that may follow.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use tokio::net::TcpStream;

use crate::tracker::Tracker;

/// A request's way back to the server that it came through.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) peer: SocketAddr,
    pub(crate) tracker: Tracker,
    pub(crate) raw_stream: RawStream,
}

/// Gets the TCP stream out of an upgraded connection, and the bytes that were read too far; or gives the
/// connection back as it was.
pub(crate) type RawStream = fn(Upgraded) -> Result<(TcpStream, Bytes), Upgraded>;
