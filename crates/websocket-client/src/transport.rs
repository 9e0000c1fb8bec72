//! What an open connection reads and writes: TCP, or any other stream behind one pointer.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Any stream of bytes.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The stream under a connection, and the addresses of its two ends where it has any.
pub(crate) struct Transport {
    stream: Kind,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) peer: Option<SocketAddr>,
}

enum Kind {
    Tcp(TcpStream),
    Boxed(Box<dyn Stream>),
}

impl Transport {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        let (local, peer) = (stream.local_addr().ok(), stream.peer_addr().ok());
        Transport { stream: Kind::Tcp(stream), local, peer }
    }

    pub(crate) fn other(stream: impl Stream + 'static) -> Self {
        Transport { stream: Kind::Boxed(Box::new(stream)), local: None, peer: None }
    }

    /// The stream with something around it, such as TLS; the addresses remain.
    pub(crate) async fn wrap<S, E, F>(self, wrapper: impl FnOnce(Box<dyn Stream>) -> F) -> Result<Self, E>
    where
        S: Stream + 'static,
        F: Future<Output = Result<S, E>>,
    {
        let (local, peer) = (self.local, self.peer);
        let inner = match self.stream {
            Kind::Tcp(stream) => Box::new(stream),
            Kind::Boxed(stream) => stream,
        };
        let stream = Kind::Boxed(Box::new(wrapper(inner).await?));
        Ok(Transport { stream, local, peer })
    }
}

impl Kind {
    fn pin(&mut self) -> Pin<&mut dyn Stream> {
        match self {
            Kind::Tcp(stream) => Pin::new(stream),
            Kind::Boxed(stream) => Pin::new(&mut **stream),
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.pin().poll_read(cx, buf)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.pin().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.pin().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.pin().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.pin().poll_write_vectored(cx, bufs)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("local", &self.local)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
