//! What a backend says with each request, for the upgrade that may follow.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::streams::StreamGuard;
use crate::tracker::Tracker;

/// A request's way back to the server that it came through.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) peer: SocketAddr,
    pub(crate) tracker: Tracker,
    /// `None` where the request is one stream of many, as in HTTP/2.
    pub(crate) take_raw: Option<TakeRaw>,
    /// Held as long as anything comes of the request.
    pub(crate) stream: Option<StreamGuard>,
}

/// Gets the raw stream out of an upgraded connection, and the bytes that were read too far; or gives the
/// connection back as it was.
pub(crate) type TakeRaw = fn(Upgraded) -> Result<(RawStream, Bytes), Upgraded>;

/// What is under an HTTP/1.1 connection.
#[derive(Debug)]
pub(crate) enum RawStream {
    Tcp(TcpStream),
    /// Boxed: it is large, and most of what holds one holds TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

impl From<TcpStream> for RawStream {
    fn from(stream: TcpStream) -> Self {
        RawStream::Tcp(stream)
    }
}

impl From<Box<TlsStream<TcpStream>>> for RawStream {
    fn from(stream: Box<TlsStream<TcpStream>>) -> Self {
        RawStream::Tls(stream)
    }
}
