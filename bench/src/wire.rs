//! The other end of every connection: a stream in memory that is always ready.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reading copies from `source`, over and over, as much as the reader takes; writing copies into one piece of
/// memory, as a socket would, and forgets it. It holds no heap.
pub struct Wire {
    source: &'static [u8],
    at: usize,
    /// Octets until nothing more comes.
    left: usize,
}

const SINK: usize = 64 * 1024;

thread_local! {
    /// Boxed: what is in place takes its size of each thread, of which some servers have thousands.
    static RING: RefCell<Box<[u8]>> = RefCell::new(vec![0; SINK].into_boxed_slice());
}

impl Wire {
    pub fn endless(source: &'static [u8]) -> Self {
        Wire { source, at: 0, left: usize::MAX }
    }

    /// Gives `source` once, then nothing, without ending.
    pub fn once(source: &'static [u8]) -> Self {
        Wire { left: source.len(), ..Wire::endless(source) }
    }

    pub fn fill(&mut self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < out.len() {
            let piece = self.piece(out.len() - filled);
            if piece.is_empty() {
                break;
            }
            out[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        }
        filled
    }

    /// The next octets, `most` of them or fewer; none when nothing comes.
    pub fn piece(&mut self, most: usize) -> &'static [u8] {
        let rest = &self.source[self.at..];
        let piece = &rest[..rest.len().min(most).min(self.left)];
        self.at = if piece.len() == rest.len() { 0 } else { self.at + piece.len() };
        if self.left != usize::MAX {
            self.left -= piece.len();
        }
        piece
    }

    pub fn take(&mut self, bytes: &[u8]) -> usize {
        RING.with_borrow_mut(|ring| {
            for piece in bytes.chunks(SINK) {
                ring[..piece.len()].copy_from_slice(piece);
            }
        });
        bytes.len()
    }

    pub fn take_all(&mut self, slices: &[IoSlice<'_>]) -> usize {
        slices.iter().map(|slice| self.take(slice)).sum()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        while buf.remaining() > 0 {
            let piece = self.piece(buf.remaining());
            if piece.is_empty() {
                break;
            }
            buf.put_slice(piece);
        }
        if buf.filled().len() == before { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.take(bytes)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.take_all(slices)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl io::Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.fill(out) {
            0 => Err(ErrorKind::WouldBlock.into()),
            filled => Ok(filled),
        }
    }
}

impl io::Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.take(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.take_all(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Polls once, with a waker that wakes nobody.
pub fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that never has to wait, because the wire never does.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the wire is always ready"),
    }
}
