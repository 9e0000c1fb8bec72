//! Read buffers, lent to a thread while it reads: most threads have nothing to read most of the time.

use std::sync::{Mutex, PoisonError};

use crate::read_buffer::ReadBuffer;

/// Octets read at a time.
const LEN: usize = 64 * 1024;

/// How many are kept for the next who read. More are in use only while more threads than that read at once.
const MOST_KEPT: usize = 32;

static KEPT: Mutex<Vec<ReadBuffer>> = Mutex::new(Vec::new());

/// Lends a buffer.
pub(super) fn with_buffer<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut buffer = kept.unwrap_or_else(|| ReadBuffer::new(LEN));
    let result = read(&mut buffer);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MOST_KEPT {
        kept.push(buffer);
    }
    result
}
