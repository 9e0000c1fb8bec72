//! A request's body on its way from the connection to the app, which may read it anywhere and at its own pace.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::chunked::{BadChunk, Chunked, Part};
use super::framing::{Framing, Terms};
use super::limits::MAX_BODY_WAITING;

/// Why a request's body does not arrive. The app is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// The client left before its end.
    Incomplete,
    BadChunk,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BodyError::Incomplete => "the client left in the middle of the request's body",
            BodyError::BadChunk => "the request's body is not in chunks by the letter of RFC 9112 §7.1",
        })
    }
}

impl std::error::Error for BodyError {}

impl From<BadChunk> for BodyError {
    fn from(_: BadChunk) -> Self {
        BodyError::BadChunk
    }
}

/// The app's end: the body.
#[derive(Debug)]
pub(super) struct Incoming {
    pipe: Arc<Mutex<Pipe>>,
    /// Octets that have not been given to the app, where that is known.
    left: Option<u64>,
}

/// The connection's end.
#[derive(Debug)]
pub(super) struct Feeder {
    pipe: Arc<Mutex<Pipe>>,
    decoder: Decoder,
}

#[derive(Debug)]
enum Decoder {
    Length(u64),
    Chunked(Chunked),
    Whole,
    Broken,
}

#[derive(Debug, Default)]
struct Pipe {
    waiting: VecDeque<Bytes>,
    /// Octets in `waiting`.
    len: usize,
    end: Option<Result<HeaderMap, BodyError>>,
    /// The app has asked for the body.
    asked: bool,
    /// The app has dropped it.
    dropped: bool,
    reader: Option<Waker>,
    /// The connection, while it waits for the app to ask, to take something or to drop it.
    connection: Option<Waker>,
}

/// Both ends of the body of a request; no second end where there is no body.
pub(super) fn body(terms: &Terms) -> (Option<Feeder>, Option<Incoming>) {
    let (decoder, left) = match terms.framing {
        Framing::Empty => return (None, None),
        Framing::Length(length) => (Decoder::Length(length), Some(length)),
        Framing::Chunked => (Decoder::Chunked(Chunked::default()), None),
    };
    let pipe = Arc::new(Mutex::new(Pipe::default()));
    (Some(Feeder { pipe: Arc::clone(&pipe), decoder }), Some(Incoming { pipe, left }))
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    // Nothing of anybody else's runs under the lock, so it cannot be left half changed.
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feeder {
    /// Gives the app what it has room for of `input`. True if anything moved.
    pub(super) fn feed(&mut self, input: &mut BytesMut) -> bool {
        let mut moved = false;
        while self.has_room() {
            let part = match &mut self.decoder {
                Decoder::Length(left) if !input.is_empty() => {
                    let len = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= len as u64;
                    Ok(Some(Part::Data(input.split_to(len).freeze())))
                }
                Decoder::Chunked(chunked) => chunked.take(input),
                Decoder::Length(_) | Decoder::Whole | Decoder::Broken => Ok(None),
            };
            match part {
                Ok(None) => return moved,
                Ok(Some(Part::Data(data))) => {
                    self.change(|pipe| {
                        if !pipe.dropped {
                            pipe.len += data.len();
                            pipe.waiting.push_back(data);
                        }
                    });
                    if matches!(self.decoder, Decoder::Length(0)) {
                        self.end(HeaderMap::new());
                    }
                }
                Ok(Some(Part::End(trailers))) => self.end(trailers),
                Err(bad) => self.fail(bad.into()),
            }
            moved = true;
        }
        moved
    }

    fn end(&mut self, trailers: HeaderMap) {
        self.decoder = Decoder::Whole;
        self.change(|pipe| pipe.end = Some(Ok(trailers)));
    }

    /// Tells the app that no more comes.
    pub(super) fn fail(&mut self, error: BodyError) {
        if !self.is_whole() {
            self.decoder = Decoder::Broken;
            self.change(|pipe| pipe.end = Some(Err(error)));
        }
    }

    /// Changes the pipe and wakes its reader.
    fn change(&self, change: impl FnOnce(&mut Pipe)) {
        let mut pipe = lock(&self.pipe);
        change(&mut pipe);
        let reader = pipe.reader.take();
        drop(pipe);
        reader.into_iter().for_each(Waker::wake);
    }

    /// The body has been read to its end: what follows is another request.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.decoder, Decoder::Whole)
    }

    /// Nothing more of it can be read.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.decoder, Decoder::Broken)
    }

    /// What more arrives of it can be given away.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.pipe).len < MAX_BODY_WAITING
    }

    pub(super) fn was_asked_for(&self) -> bool {
        lock(&self.pipe).asked
    }

    pub(super) fn was_dropped(&self) -> bool {
        lock(&self.pipe).dropped
    }

    /// The app waits for more.
    pub(super) fn is_awaited(&self) -> bool {
        lock(&self.pipe).reader.is_some()
    }

    /// The connection will be woken when the app has asked, taken or dropped.
    pub(super) fn sleep(&self, waker: &Waker) {
        let mut pipe = lock(&self.pipe);
        match &mut pipe.connection {
            Some(connection) => connection.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

/// A connection that is gone brings nothing more.
impl Drop for Feeder {
    fn drop(&mut self) {
        self.fail(BodyError::Incomplete);
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut pipe = lock(&self.pipe);
        let asked_before = std::mem::replace(&mut pipe.asked, true);
        let was_full = pipe.len >= MAX_BODY_WAITING;
        let polled = match (pipe.waiting.pop_front(), &mut pipe.end) {
            (Some(data), _) => {
                pipe.len -= data.len();
                Poll::Ready(Some(Ok(data)))
            }
            (None, None) => {
                pipe.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            (None, Some(Ok(trailers))) if trailers.is_empty() => Poll::Ready(None),
            (None, Some(Ok(trailers))) => {
                return Poll::Ready(Some(Ok(Frame::trailers(std::mem::take(trailers)))));
            }
            (None, Some(Err(error))) => Poll::Ready(Some(Err(*error))),
        };
        let room = was_full && pipe.len < MAX_BODY_WAITING;
        let connection = if room || !asked_before { pipe.connection.take() } else { None };
        drop(pipe);
        connection.into_iter().for_each(Waker::wake);
        if let (Some(left), Poll::Ready(Some(Ok(data)))) = (&mut self.left, &polled) {
            *left -= data.len() as u64;
        }
        polled.map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        let pipe = lock(&self.pipe);
        pipe.waiting.is_empty() && matches!(&pipe.end, Some(Ok(trailers)) if trailers.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut pipe = lock(&self.pipe);
        pipe.dropped = true;
        pipe.reader = None;
        pipe.len = 0;
        let (unread, connection) = (std::mem::take(&mut pipe.waiting), pipe.connection.take());
        drop(pipe);
        drop(unread);
        connection.into_iter().for_each(Waker::wake);
    }
}
