//! The octets of a file on their way to a client: what it has not made room for yet is not read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::files::HEAD;

/// Octets that are read at once.
const AT_ONCE: u64 = 128 * 1024;

/// A part of a file.
#[derive(Debug)]
pub(super) struct Octets {
    file: Arc<File>,
    at: u64,
    left: u64,
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl Octets {
    /// So many octets from one of them on.
    pub(super) fn new(file: File, from: u64, length: u64) -> Self {
        Octets { file: Arc::new(file), at: HEAD as u64 + from, left: length, reading: None }
    }

    fn read(&self) -> JoinHandle<io::Result<Vec<u8>>> {
        let (file, at) = (Arc::clone(&self.file), self.at);
        let length = usize::try_from(self.left.min(AT_ONCE)).expect("it is small");
        tokio::task::spawn_blocking(move || {
            let mut octets = vec![0; length];
            file.read_exact_at(&mut octets, at).map(|()| octets)
        })
    }
}

impl HttpBody for Octets {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut reading = self.reading.take().unwrap_or_else(|| self.read());
        let Poll::Ready(read) = Pin::new(&mut reading).poll(context) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        let octets = read.map_err(io::Error::other).flatten();
        // What fails breaks the answer off, so that nobody can take it for the whole.
        let count = octets.as_ref().map_or(self.left, |octets| octets.len() as u64);
        self.at += count;
        self.left -= count;
        Poll::Ready(Some(octets.map(|octets| Frame::data(octets.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
