//! Buffers to read into, shared by many connections, so that one that is idle owns none.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Octets read at a time.
const READ_BUFFER_LEN: usize = 64 * 1024;

/// Octets in all buffers of the process.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static READ_BUFFER: RefCell<ReadBuffer> = RefCell::new(ReadBuffer::new(READ_BUFFER_LEN));
}

/// Lends the buffer of this thread. Not to be borrowed twice at a time.
pub(crate) fn with<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    READ_BUFFER.with_borrow_mut(|buffer| read(buffer))
}

/// Octets in all buffers of the process.
pub(crate) fn allocated() -> usize {
    ALLOCATED.load(Ordering::Relaxed)
}

/// So many octets of buffers, counted as long as this is there.
#[derive(Debug)]
pub(crate) struct Allocated(usize);

impl Allocated {
    pub(crate) fn new(octets: usize) -> Self {
        ALLOCATED.fetch_add(octets, Ordering::Relaxed);
        Allocated(octets)
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        ALLOCATED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A buffer that is counted.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    octets: Box<[u8]>,
    _counted: Allocated,
}

impl ReadBuffer {
    pub(crate) fn new(len: usize) -> Self {
        ReadBuffer { octets: vec![0; len].into_boxed_slice(), _counted: Allocated::new(len) }
    }
}

impl Deref for ReadBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets
    }
}

impl DerefMut for ReadBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.octets
    }
}
