//! Polls a `Stream` and `Sink` by hand; the wire under it is always ready.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_sink::Sink;

use crate::run::Run;

pub fn poll_next<S: Stream + Unpin>(socket: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(socket).poll_next(&mut Context::from_waker(Waker::noop()))
}

pub fn next<S: Stream + Unpin>(socket: &mut S) -> S::Item {
    match poll_next(socket) {
        Poll::Ready(Some(item)) => item,
        Poll::Ready(None) => panic!("the stream ended"),
        Poll::Pending => panic!("the wire is always ready"),
    }
}

/// Feeds `messages`, then flushes.
pub fn send<M, S: Sink<M> + Unpin>(socket: &mut S, messages: impl IntoIterator<Item = M>) {
    let context = &mut Context::from_waker(Waker::noop());
    for message in messages {
        assert!(matches!(Pin::new(&mut *socket).poll_ready(context), Poll::Ready(Ok(()))));
        assert!(Pin::new(&mut *socket).start_send(message).is_ok());
    }
    assert!(matches!(Pin::new(&mut *socket).poll_flush(context), Poll::Ready(Ok(()))));
}

/// Feeds batches of clones of one message, each batch with its flush.
pub fn run<M, S>(mut socket: S, batch: usize, message: impl FnOnce() -> M) -> Run
where
    M: Clone + 'static,
    S: Sink<M> + Unpin + 'static,
{
    let message = message();
    Box::new(move |count| {
        let mut messages = 0;
        while messages < count {
            send(&mut socket, std::iter::repeat_n(&message, batch).cloned());
            messages += batch;
        }
        messages
    })
}
