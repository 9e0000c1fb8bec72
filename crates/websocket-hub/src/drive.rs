//! A connection on tokio: the I/O of one connection as a future, over any stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use crate::connection::{Connection, MAX_PIECES};

/// Octets read at a time. One buffer of this size serves every connection of a thread, so a connection that is
/// idle owns none.
const READ_BUFFER_LEN: usize = 64 * 1024;

thread_local! {
    static READ_BUFFER: std::cell::RefCell<Box<[u8]>> =
        std::cell::RefCell::new(vec![0; READ_BUFFER_LEN].into_boxed_slice());
}

/// One connection to its end.
#[derive(Debug)]
pub(crate) struct Drive<S> {
    io: S,
    connection: Connection,
    opened: bool,
    /// Something was written since the last flush.
    unflushed: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drive<S> {
    pub(crate) fn new(io: S, connection: Connection) -> Self {
        Drive { io, connection, opened: false, unflushed: false, timer: None }
    }

    /// Everything that can be done now. Ready when the connection is over.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.opened, true) {
            self.connection.open();
        }
        loop {
            let advanced = self.connection.advance(Instant::now());
            let wrote = self.write(cx);
            let read = self.connection.wants_input() && self.read(cx);
            if self.connection.is_finished() {
                return Poll::Ready(());
            }
            if !(advanced || wrote || read || self.poll_timer(cx)) && self.connection.sleep(cx.waker()) {
                return Poll::Pending;
            }
        }
    }

    /// Writes what there is, many pieces in one system call. True if anything moved.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        loop {
            match self.poll_write(cx) {
                Poll::Ready(Ok(true)) => moved = true,
                Poll::Ready(Ok(false)) | Poll::Pending => return moved,
                Poll::Ready(Err(_)) => {
                    self.connection.lost(Instant::now());
                    return true;
                }
            }
        }
    }

    /// The next step of writing; false if there is none.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let count = self.connection.output(&mut pieces);
        if count > 0 {
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, &pieces[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.connection.written(written);
            self.unflushed = true;
        } else if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        } else if self.connection.wants_shutdown() {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.connection.shut_down();
        } else {
            return Poll::Ready(Ok(false));
        }
        Poll::Ready(Ok(true))
    }

    /// Reads once. True if anything arrived, the end too.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut unread = ReadBuf::new(buffer);
            let read = Pin::new(&mut self.io).poll_read(cx, &mut unread);
            let now = Instant::now();
            match read {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) if unread.filled().is_empty() => self.connection.end_of_input(now),
                Poll::Ready(Ok(())) => self.connection.receive(unread.filled_mut(), now),
                Poll::Ready(Err(_)) => self.connection.lost(now),
            }
            true
        })
    }

    /// Sees to the deadline. True if one passed.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.connection.deadline() else {
            self.timer = None;
            return false;
        };
        let now = Instant::now();
        if now >= deadline {
            self.connection.handle_timeout(now);
            return true;
        }
        // The deadline moves with every sign of life. A timer that rings too early finds nothing due and is set
        // anew, which is cheaper than moving it each time.
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if timer.deadline() > deadline.into() {
            timer.as_mut().reset(deadline.into());
        }
        while timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(deadline.into());
            if Instant::now() >= deadline {
                return true;
            }
        }
        false
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Drive<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().turn(cx)
    }
}
