//! Many small pieces in one write, for streams that take one piece at a time: those of HTTP/2.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most octets of one write: as many as one frame of HTTP/2 holds. hyper copies each write and holds three of
/// them per stream, whose size this bounds.
const MAX_WRITE: usize = 16 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A stream whose writes are gathered, unless it can write many pieces itself.
#[derive(Debug)]
pub(crate) struct Gather<S>(pub(crate) S);

impl<S: AsyncWrite + Unpin> AsyncWrite for Gather<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(&mut self.0);
        if stream.is_write_vectored() {
            return stream.poll_write_vectored(cx, pieces);
        }
        match pieces {
            [] => Poll::Ready(Ok(0)),
            [only] => stream.poll_write(cx, &only[..only.len().min(MAX_WRITE)]),
            [first, ..] if first.len() >= MAX_WRITE => stream.poll_write(cx, &first[..MAX_WRITE]),
            pieces => {
                // What is gathered before there is room would be gathered again and again.
                ready!(stream.as_mut().poll_flush(cx))?;
                SCRATCH.with_borrow_mut(|scratch| {
                    scratch.clear();
                    for piece in pieces {
                        let room = MAX_WRITE - scratch.len();
                        scratch.extend_from_slice(&piece[..piece.len().min(room)]);
                    }
                    stream.poll_write(cx, scratch)
                })
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gather<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what it is given, one piece at a time.
    #[derive(Default)]
    struct Plain(Vec<Vec<u8>>);

    impl AsyncWrite for Plain {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn pieces_become_one_write_of_bounded_size() {
        for (lens, written) in [
            (&[][..], 0),
            (&[5], 5),
            (&[2, 0, 3], 5),
            (&[MAX_WRITE + 1, 1], MAX_WRITE),
            (&[3 * MAX_WRITE], MAX_WRITE),
            (&[2, MAX_WRITE, 7], MAX_WRITE),
            (&[MAX_WRITE / 2, MAX_WRITE / 2, 7], MAX_WRITE),
        ] {
            let pieces: Vec<Vec<u8>> = lens.iter().zip(b'a'..).map(|(len, byte)| vec![byte; *len]).collect();
            let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
            let mut gather = Gather(Plain::default());
            let cx = &mut Context::from_waker(std::task::Waker::noop());
            let polled = Pin::new(&mut gather).poll_write_vectored(cx, &slices);
            assert!(matches!(polled, Poll::Ready(Ok(len)) if len == written), "{lens:?}: {polled:?}");
            assert_eq!(gather.0.0.concat(), pieces.concat()[..written], "{lens:?}");
            assert_eq!(gather.0.0.len(), usize::from(written > 0), "{lens:?}");
        }
    }
}
