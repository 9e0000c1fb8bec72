//! One connection as HTTP/1.1, until it ends or becomes a WebSocket.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::backend::{Start, http};
use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::fanout::MAX_PIECES;
use crate::read_buffer;
use crate::source::Source;

/// Serves to the end, or until a request has opened a WebSocket: then gives its transport and itself. The first
/// request's head must be there before `deadline`; of what arrives, `early` was read already.
pub(super) async fn serve<S>(
    stream: S,
    early: Vec<u8>,
    source: Source,
    start: &Start,
    deadline: Instant,
) -> Option<(S, Connection)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let http = Box::new(http::Connection::new(start, source, deadline));
    let mut http1 = Http1 { stream, http, deadline: Deadline::default(), is_unflushed: false };
    if !early.is_empty() {
        http1.http.receive(&early, Instant::now());
    }
    drop(early);
    let mut stopping = pin!(start.stopping());
    let mut stops = false;
    let opened = poll_fn(|cx| {
        if !stops && stopping.as_mut().poll(cx).is_ready() {
            stops = true;
            http1.http.stop();
        }
        http1.turn(cx)
    });
    // An error is a client that went away.
    let connection = opened.await.ok()??;
    Some((http1.stream, connection))
}

struct Http1<S> {
    stream: S,
    http: Box<http::Connection>,
    deadline: Deadline,
    /// Something was written since the last flush.
    is_unflushed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    /// Everything that can be done now. Ready when the connection is over, or is a WebSocket.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Connection>>> {
        loop {
            self.http.poll(cx, Instant::now());
            let wrote = self.write(cx)?;
            if !self.is_unflushed
                && let Some(websocket) = self.http.take_websocket()
            {
                return Poll::Ready(Ok(Some(websocket)));
            }
            if self.http.is_finished() {
                return Poll::Ready(Ok(None));
            }
            let read = self.http.wants_input() && self.read(cx)?;
            if wrote || read {
                continue;
            }
            if !self.deadline.has_passed(cx, self.http.deadline()) {
                return Poll::Pending;
            }
            self.http.handle_timeout(Instant::now());
        }
    }

    /// Writes what there is room for. True if anything moved.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut moved = false;
        loop {
            match self.poll_write(cx) {
                Poll::Ready(Ok(true)) => moved = true,
                Poll::Ready(Ok(false)) | Poll::Pending => return Ok(moved),
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
    }

    /// The next step of writing; false if there is none.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let stream = Pin::new(&mut self.stream);
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let count = self.http.pieces(&mut pieces);
        if count > 0 {
            let written = std::task::ready!(stream.poll_write_vectored(cx, &pieces[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.is_unflushed = true;
            self.http.written(written, Instant::now());
        } else if self.is_unflushed {
            std::task::ready!(stream.poll_flush(cx))?;
            self.is_unflushed = false;
        } else if self.http.wants_shutdown() {
            std::task::ready!(stream.poll_shutdown(cx))?;
            self.http.shut_down(Instant::now());
        } else {
            return Poll::Ready(Ok(false));
        }
        Poll::Ready(Ok(true))
    }

    /// Reads once. True if anything arrived, the end too.
    fn read(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        read_buffer::with(|buffer| {
            let mut unread = ReadBuf::new(buffer);
            match Pin::new(&mut self.stream).poll_read(cx, &mut unread) {
                Poll::Pending => return Ok(false),
                Poll::Ready(read) => read?,
            }
            match unread.filled() {
                [] => self.http.end_of_input(),
                octets => self.http.receive(octets, Instant::now()),
            }
            Ok(true)
        })
    }
}
