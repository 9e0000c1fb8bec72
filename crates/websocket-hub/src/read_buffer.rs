//! One buffer to read into for all connections of a thread, so that one that is idle owns none.

use std::cell::RefCell;

/// Octets read at a time.
const READ_BUFFER_LEN: usize = 64 * 1024;

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BUFFER_LEN].into_boxed_slice());
}

/// Lends the buffer. Not to be borrowed twice at a time.
pub(crate) fn with<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    READ_BUFFER.with_borrow_mut(|buffer| read(buffer))
}
