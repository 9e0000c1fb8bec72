//! A connection on tokio: the I/O of one connection as a future, over any stream that only its own task can write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::fanout::{Fanout, MAX_PIECES, Plan, Seat};
use crate::read_buffer;
use crate::worker;

/// One connection to its end.
#[derive(Debug)]
pub(crate) struct Drive<S> {
    io: S,
    connection: Connection,
    core: Core,
    /// Something was written since the last flush.
    unflushed: bool,
    deadline: Deadline,
}

/// Where a connection hears what is published.
#[derive(Debug)]
enum Core {
    /// Nowhere: it is not open yet.
    None,
    /// On a worker's thread, its place there.
    Worker(Seat),
    /// In somebody else's server, on a core of its own.
    Own(Box<(Fanout, Plan)>, Seat),
}

impl Core {
    /// Lends the fan-out.
    fn with<R>(&mut self, work: impl FnOnce(Option<&mut Fanout>, &mut Plan) -> R) -> R {
        match self {
            Core::None => work(None, &mut Plan::default()),
            Core::Worker(_) => worker::with_fanout(work),
            Core::Own(own, _) => work(Some(&mut own.0), &mut own.1),
        }
    }

    /// Whether there is something that the connection is to be given its turn for.
    fn is_due(&mut self) -> bool {
        match self {
            Core::None => false,
            Core::Worker(seat) => worker::is_held(*seat),
            Core::Own(own, seat) => {
                own.0.collect();
                let mut visits = std::iter::from_fn(|| own.0.next());
                let is_visited = visits.next().is_some();
                visits.for_each(drop);
                is_visited || own.0.is_held(seat.index)
            }
        }
    }

    /// The task will be woken when there is something to be given. False if there is already.
    fn sleep(&self, cx: &mut Context<'_>) -> bool {
        match self {
            Core::None | Core::Worker(_) => true,
            Core::Own(own, _) => own.0.sleep(cx.waker()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drive<S> {
    pub(crate) fn new(io: S, connection: Connection) -> Self {
        Drive { io, connection, core: Core::None, unflushed: false, deadline: Deadline::default() }
    }

    fn open(&mut self) {
        self.core = match worker::enter(&mut self.connection) {
            Some(seat) => Core::Worker(seat),
            None => {
                let mut own = Box::<(Fanout, Plan)>::default();
                let seat = self.connection.enter(&mut own.0);
                Core::Own(own, seat)
            }
        };
        self.connection.open();
    }

    /// Everything that can be done now. Ready when the connection is over.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.core, Core::None) {
            self.open();
        }
        if let Core::Worker(seat) = self.core {
            worker::put_waker(seat, cx.waker());
        }
        loop {
            let advanced = self.connection.advance(Instant::now());
            let wrote = self.write(cx);
            let read = self.connection.wants_input() && self.read(cx);
            if self.connection.is_finished() {
                return Poll::Ready(());
            }
            let moved = advanced || wrote || read || self.is_due(cx);
            if !moved && self.core.sleep(cx) && self.connection.sleep(cx.waker()) {
                return Poll::Pending;
            }
        }
    }

    /// Sees to the deadline. True if it has passed.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let is_due = self.deadline.has_passed(cx, self.connection.deadline());
        if is_due {
            self.connection.handle_timeout(Instant::now());
        }
        is_due
    }

    /// Writes what there is, many pieces in one system call. True if anything moved.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let is_due = self.core.is_due();
        if !(is_due || self.unflushed || self.connection.has_output()) {
            return false;
        }
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
        let wrote = self.core.with(|mut fanout, plan| {
            if let Some(fanout) = &mut fanout {
                self.connection.prepare(fanout, Instant::now());
            }
            self.connection.plan(plan, fanout.as_deref());
            if plan.is_empty() {
                self.connection.settle(false, fanout);
                return Poll::Ready(Ok(0));
            }
            let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
            let count = plan.pieces(self.connection.writing(), fanout.as_deref(), &mut pieces);
            let polled = Pin::new(&mut self.io).poll_write_vectored(cx, &pieces[..count]);
            match polled {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    self.connection.written(plan, written, fanout);
                    Poll::Ready(Ok(written))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.connection.settle(true, fanout);
                    Poll::Pending
                }
            }
        });
        if ready!(wrote)? > 0 {
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
        read_buffer::with(|buffer| {
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
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Drive<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().turn(cx)
    }
}

impl<S> Drop for Drive<S> {
    fn drop(&mut self) {
        if let Core::Worker(seat) = self.core {
            worker::leave(seat);
        }
    }
}
