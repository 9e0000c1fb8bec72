//! A TCP connection that can be told to break after so many octets more.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A stream that writes as much as it may, and then fails.
#[derive(Debug)]
pub(super) struct Severing {
    stream: TcpStream,
    left: Arc<AtomicUsize>,
}

/// What tells a stream when to break.
#[derive(Clone, Debug)]
pub(super) struct Scissors(Arc<AtomicUsize>);

impl Severing {
    pub(super) fn new(stream: TcpStream) -> (Self, Scissors) {
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        (Severing { stream, left: Arc::clone(&left) }, Scissors(left))
    }
}

impl Scissors {
    /// Lets this many octets out, and none after them.
    pub(super) fn cut_after(&self, octets: usize) {
        self.0.store(octets, Ordering::Relaxed);
    }
}

impl AsyncRead for Severing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Severing {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let may = &octets[..octets.len().min(left)];
        let written = Pin::new(&mut self.stream).poll_write(cx, may);
        if let (Poll::Ready(Ok(count)), true) = (&written, left != usize::MAX) {
            self.left.store(left - count, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn it_breaks_after_so_many_octets() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut severing, scissors) = Severing::new(stream);
        let mut peer = listener.accept().await.unwrap().0;
        severing.write_all(b"whole ").await.unwrap();
        scissors.cut_after(3);
        assert!(severing.write_all(b"half").await.is_err());
        drop(severing);
        let mut arrived = String::new();
        peer.read_to_string(&mut arrived).await.unwrap();
        assert_eq!(arrived, "whole hal");
    }
}
