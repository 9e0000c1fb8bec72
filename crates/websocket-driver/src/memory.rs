//! Memory for large payloads, which a thread may use again: to have it from the system each time costs more than to fill
//! it.
//!
//! A message that arrives in many pieces is put together in memory from here. Whoever writes messages to sockets
//! gives memory back with [`give_back`] once it is written. A thread keeps none unless it asked for that with
//! [`keep`], once.
//!
//! ```
//! use websocket_driver::memory;
//!
//! memory::keep();
//! let mut frame = memory::take(100_000);
//! frame.extend_from_slice(&[7; 100_000]);
//! memory::give_back(frame.into());
//! assert!(memory::take(100_000).is_empty());
//! ```

use std::cell::RefCell;

use bytes::{Buf, Bytes};

/// Only payloads of so many octets and more are worth it.
pub const LARGE: usize = 64 * 1024;
/// How much a thread keeps: so many pieces.
pub const MOST_PIECES: usize = 4;
/// What a thread keeps is no larger than this, in octets: a message of 1 MiB with its header.
pub const LARGEST: usize = 1024 * 1024 + 16;

thread_local! {
    /// What is free; `None` on a thread that keeps nothing.
    static SPARE: RefCell<Option<Vec<Vec<u8>>>> = const { RefCell::new(None) };
}

/// From here on this thread keeps what it is given back, up to [`MOST_PIECES`] of at most [`LARGEST`].
pub fn keep() {
    SPARE.with_borrow_mut(|spare| _ = spare.get_or_insert_default());
}

/// Empty memory for at least so many octets.
#[must_use]
pub fn take(len: usize) -> Vec<u8> {
    let kept = SPARE.with_borrow_mut(|spare| {
        let spare = spare.as_mut().filter(|_| len >= LARGE)?;
        // What came back last is in the processor's cache the longest.
        let at = spare.iter().rposition(|octets| octets.capacity() >= len)?;
        Some(spare.remove(at))
    });
    kept.unwrap_or_else(|| Vec::with_capacity(len))
}

/// Gives memory back, if nobody else refers to it.
pub fn give_back(mut octets: Bytes) {
    if octets.is_unique() {
        // Without what is in it, there is nothing to copy.
        octets.advance(octets.len());
        keep_for_later(octets.into());
    }
}

fn keep_for_later(mut octets: Vec<u8>) {
    octets.clear();
    // The thread may be about to end.
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && let Some(spare) = spare.as_mut()
            && spare.len() < MOST_PIECES
            && (LARGE..=LARGEST).contains(&octets.capacity())
        {
            spare.push(octets);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(octets: &[u8]) -> *const u8 {
        octets.as_ptr()
    }

    /// On a thread that keeps nothing yet.
    fn anew(test: impl FnOnce() + Send + 'static) {
        std::thread::spawn(test).join().unwrap();
    }

    #[test]
    fn memory_that_came_back_is_used_again_up_to_a_limit() {
        anew(|| {
            give_back(Bytes::from(vec![1; LARGE]));
            assert!(SPARE.with_borrow(|spare| spare.is_none()), "nobody asked for it");
            keep();
            let first = Bytes::from(vec![1; LARGE]);
            let before = place(&first);
            give_back(first);
            keep();
            assert_eq!(place(&take(LARGE)), before);
            give_back(Bytes::from(vec![1; LARGEST + 1]));
            assert!(SPARE.with_borrow(|spare| spare.as_ref().unwrap().is_empty()), "too large to keep");
            (0..MOST_PIECES + 3).for_each(|_| give_back(Bytes::from(vec![1; LARGE])));
            SPARE.with_borrow(|spare| assert_eq!(spare.as_ref().unwrap().len(), MOST_PIECES));
        });
    }

    #[test]
    fn memory_is_given_back_only_if_it_is_large_and_nobody_else_refers_to_it() {
        for (len, is_shared, is_kept) in
            [(LARGE - 1, false, false), (LARGE, false, true), (LARGE, true, false), (3 * LARGE, false, true)]
        {
            anew(move || {
                keep();
                let octets = Bytes::from(vec![1; len]);
                let (before, other) = (place(&octets), is_shared.then(|| octets.clone()));
                give_back(octets);
                let kept =
                    SPARE.with_borrow(|spare| spare.as_ref().unwrap().first().map(|octets| place(octets)));
                assert_eq!(kept, is_kept.then_some(before), "{len} octets");
                assert!(other.is_none_or(|other| other.iter().all(|octet| *octet == 1)));
                assert!(take(len).is_empty());
            });
        }
    }
}
