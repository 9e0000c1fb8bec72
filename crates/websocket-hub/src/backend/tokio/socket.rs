//! One WebSocket on TCP: its task reads and waits, and the worker's sweep may write to its socket.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::fanout::Seat;
use crate::read_buffer;
use crate::worker::{self, Socket, Wrote};

/// One connection to its end, on a worker's thread. Between its turns it lies where the sweep finds it.
#[derive(Debug)]
pub(super) struct Task {
    /// Before the first turn.
    new: Option<Box<Socket>>,
    seat: Option<Seat>,
    deadline: Deadline,
}

impl Task {
    pub(super) fn new(stream: TcpStream, connection: Connection) -> Self {
        let socket = Box::new(Socket { stream, connection, waker: None });
        Task { new: Some(socket), seat: None, deadline: Deadline::default() }
    }

    /// The socket, and its seat, to work on.
    fn take(&mut self) -> Option<(Box<Socket>, Seat)> {
        if let Some(mut socket) = self.new.take() {
            let seat = worker::enter(&mut socket.connection)?;
            self.seat = Some(seat);
            socket.connection.open();
            return Some((socket, seat));
        }
        let seat = self.seat?;
        Some((worker::take(seat)?, seat))
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some((mut socket, seat)) = self.take() else { return Poll::Ready(()) };
        if socket.turn(cx, seat, &mut self.deadline).is_ready() {
            return Poll::Ready(());
        }
        match &mut socket.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        worker::put(seat, socket);
        Poll::Pending
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            // Its handler is told here, if nobody has told it yet.
            drop(worker::leave(seat));
        }
    }
}

impl Socket {
    /// Everything that can be done now. Ready when the connection is over.
    fn turn(&mut self, cx: &mut Context<'_>, seat: Seat, deadline: &mut Deadline) -> Poll<()> {
        loop {
            let advanced = self.connection.advance(Instant::now());
            let wrote = self.poll_write(cx, seat);
            let read = self.connection.wants_input() && self.read(cx);
            if self.connection.is_finished() {
                return Poll::Ready(());
            }
            if !(advanced || wrote || read || self.is_due(cx, deadline)) && self.connection.sleep(cx.waker())
            {
                return Poll::Pending;
            }
        }
    }

    /// Sees to the deadline. True if it has passed.
    fn is_due(&mut self, cx: &mut Context<'_>, deadline: &mut Deadline) -> bool {
        let is_due = deadline.has_passed(cx, self.connection.deadline());
        if is_due {
            self.connection.handle_timeout(Instant::now());
        }
        is_due
    }

    /// Writes what there is, if there is anything that is not the sweep's to write. True if anything has to be
    /// looked at again.
    fn poll_write(&mut self, cx: &mut Context<'_>, seat: Seat) -> bool {
        while self.connection.has_output() || worker::is_held(seat) {
            match worker::write(self) {
                Wrote::Lost => {
                    self.connection.lost(Instant::now());
                    return true;
                }
                Wrote::All if self.connection.wants_shutdown() => {
                    // A socket that cannot be ended has ended.
                    let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
                    self.connection.shut_down();
                }
                // There may be room now for what had to wait.
                Wrote::All => return true,
                Wrote::Some => match self.stream.poll_write_ready(cx) {
                    Poll::Pending => return false,
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => {
                        self.connection.lost(Instant::now());
                        return true;
                    }
                },
            }
        }
        false
    }

    /// Reads once. True if anything arrived, the end too.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        read_buffer::with(|buffer| {
            let mut unread = ReadBuf::new(buffer);
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut unread);
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
