//! What hyper does not see to: a request head has a deadline with an answer, its lines end in CR LF, and it says once
//! where its body ends.
//!
//! A reader that takes a bare LF for the end of a line and a proxy that does not can be made to disagree about
//! where a request ends; so can two fields that each say how long its body is. hyper takes them, so they are made
//! unreadable before it sees them and it answers 400.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

const TIMED_OUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\n\
    connection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 32\r\n\r\n\
    The request took too long here.\n";

/// A stream that looks at request heads as they pass.
#[derive(Debug)]
pub(crate) struct HeadGuard<S> {
    stream: S,
    scan: Scan,
    timeout: Duration,
    /// Runs while a head is awaited for the first time or has begun.
    deadline: Option<Pin<Box<Sleep>>>,
    timed_out: bool,
}

impl<S> HeadGuard<S> {
    /// The first head must be there before `first`; each of the others has `timeout`.
    pub(crate) fn new(stream: S, first: Instant, timeout: Duration) -> Self {
        let deadline = Some(Box::pin(sleep_until(first)));
        HeadGuard { stream, scan: Scan::default(), timeout, deadline, timed_out: false }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// The deadline that holds after what has just been read.
    fn set_deadline(&mut self) {
        if !self.scan.within_head() {
            // Blank lines before the first request do not make it arrive.
            if self.scan.seen_head {
                self.deadline = None;
            }
        } else if self.deadline.is_none() {
            self.deadline = Some(Box::pin(sleep(self.timeout)));
        }
    }
}

impl<S: AsyncWrite + Unpin> HeadGuard<S> {
    /// Ends the input, with an answer if a request had begun.
    fn time_out(&mut self, cx: &mut Context<'_>) {
        self.deadline = None;
        self.timed_out = true;
        if self.scan.within_head() {
            // Nothing was written before it, so it fits; a client that has left needs no answer.
            let _ = Pin::new(&mut self.stream).poll_write(cx, TIMED_OUT);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for HeadGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.timed_out {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf)?;
        if read.is_ready() {
            this.scan.pass(&mut buf.filled_mut()[before..]);
            this.set_deadline();
        }
        if this.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            this.time_out(cx);
            // No bytes: the end of the input.
            buf.set_filled(before);
            return Poll::Ready(Ok(()));
        }
        read.map(Ok)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadGuard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Where in the stream of requests the next byte lies.
#[derive(Debug, Default)]
struct Scan {
    part: Part,
    /// The line so far: some fields say where the head's message ends.
    line: Vec<u8>,
    /// Octets of the line so far.
    line_len: usize,
    /// The last octet was CR.
    after_cr: bool,
    /// A line has been read of the head that is being read.
    begun: bool,
    /// A whole head has been read on this connection.
    seen_head: bool,
    content_length: u64,
    /// A field of the head has said how long its body is.
    says_length: bool,
    ends_here: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Head,
    /// This many octets of a request's content follow.
    Content(u64),
    /// Content of unknown length, or no HTTP any more. The hub closes such a connection with its answer unless it
    /// was upgraded.
    Unknown,
}

impl Scan {
    fn within_head(&self) -> bool {
        self.part == Part::Head && (self.begun || self.line_len > 0)
    }

    /// Follows `bytes`; in a head, a line feed without a carriage return before it is overwritten.
    fn pass(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let taken = match self.part {
                Part::Unknown => return,
                Part::Content(left) => {
                    let skipped = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - skipped as u64;
                    self.part = if left == 0 { Part::Head } else { Part::Content(left) };
                    skipped
                }
                Part::Head => self.pass_line(bytes),
            };
            bytes = &mut bytes[taken..];
        }
    }

    /// Follows a head to the end of a line or of `bytes`.
    fn pass_line(&mut self, bytes: &mut [u8]) -> usize {
        /// A length may stand behind any number of blanks and zeros; hyper refuses heads that are longer.
        const ENOUGH: usize = 16 * 1024;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let text = &bytes[..end.unwrap_or(bytes.len())];
        let kept = text.len().min(ENOUGH.saturating_sub(self.line.len()));
        self.line.extend_from_slice(&text[..kept]);
        self.line_len += text.len();
        if let Some(last) = text.last() {
            self.after_cr = *last == b'\r';
        }
        let Some(end) = end else { return bytes.len() };
        if !self.after_cr || self.repeats_length() {
            bytes[end] = 0;
            self.line_len += 1;
            return end + 1;
        }
        self.end_line();
        end + 1
    }

    /// Whether the line says how long the body is, though another has said so.
    fn repeats_length(&mut self) -> bool {
        let name = self.line.split(|byte| *byte == b':').next().unwrap_or_default();
        let says =
            name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"transfer-encoding");
        says && std::mem::replace(&mut self.says_length, true)
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let blank = self.line_len == 1;
        self.line_len = 0;
        self.after_cr = false;
        if !blank {
            self.begun = true;
            self.field(line.trim_ascii_end());
        } else if self.begun {
            self.part = match (self.ends_here, self.content_length) {
                (true, _) => Part::Unknown,
                (false, 0) => Part::Head,
                (false, length) => Part::Content(length),
            };
            self.begun = false;
            self.seen_head = true;
            (self.content_length, self.says_length) = (0, false);
        }
        // Blank lines before a request are allowed (RFC 9112 §2.2).
    }

    fn field(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            // A length that cannot be read is refused by hyper.
            self.content_length = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()).unwrap_or(0);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") || name.eq_ignore_ascii_case(b"upgrade") {
            self.ends_here = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hyper sees of `bytes` that arrive in pieces of `size`.
    fn seen(bytes: &[u8], size: usize) -> Vec<u8> {
        let mut scan = Scan::default();
        let mut seen = bytes.to_vec();
        seen.chunks_mut(size).for_each(|piece| scan.pass(piece));
        seen
    }

    #[test]
    fn bare_line_feeds_and_second_lengths_in_heads_are_made_unreadable_and_nothing_else_is() {
        for (bytes, expected) in [
            (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]),
            (b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\0Host: a\0\0"),
            (b"GET / HTTP/1.1\r\nHost: a\n\r\n", b"GET / HTTP/1.1\r\nHost: a\0\r\n"),
            (b"\r\nGET / HTTP/1.1\r\n\n", b"\r\nGET / HTTP/1.1\r\n\0"),
            (b"Content-Length: 1\r\ncontent-length: 1\r\n", b"Content-Length: 1\r\ncontent-length: 1\r\0"),
            (
                b"Content-Length: 0\r\n\r\nContent-Length: 0\r\n",
                b"Content-Length: 0\r\n\r\nContent-Length: 0\r\n",
            ),
            (
                b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
                b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\0",
            ),
            // Content is content, and the next request is looked at again.
            (
                b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\n",
                b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\0",
            ),
            // What follows these is not looked at.
            (
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\n\n",
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\n\n",
            ),
            (
                b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\n",
                b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\n",
            ),
        ] {
            for size in [1, 2, 3, 7, bytes.len()] {
                let seen = seen(bytes, size);
                assert_eq!(seen, expected, "{} in {size}", seen.escape_ascii());
            }
        }
    }
}
