//! Memory for large frames, which a loop uses again: to have it from the system each time costs more than to fill it.

use std::cell::RefCell;

use bytes::Bytes;

/// Frames of so many octets and more are put here.
pub(crate) const LARGE: usize = 64 * 1024;
/// How much a thread keeps: so many pieces, none larger than that, in octets.
const MOST_PIECES: usize = 4;
const LARGEST: usize = 1024 * 1024 + 16;

thread_local! {
    /// What is free; `None` on a thread that keeps nothing.
    static SPARE: RefCell<Option<Vec<Vec<u8>>>> = const { RefCell::new(None) };
}

/// From here on this thread keeps what its connections have written.
#[cfg(target_os = "linux")]
pub(crate) fn keep() {
    SPARE.set(Some(Vec::new()));
}

/// Empty memory for so many octets.
pub(crate) fn take(len: usize) -> Vec<u8> {
    let kept = SPARE.with_borrow_mut(|spare| {
        let spare = spare.as_mut()?;
        let at = spare.iter().position(|octets| octets.capacity() >= len)?;
        Some(spare.swap_remove(at))
    });
    kept.unwrap_or_else(|| Vec::with_capacity(len))
}

/// The octets, whose memory comes back when they are written.
pub(crate) fn lend(octets: Vec<u8>) -> Bytes {
    Bytes::from_owner(Lent(octets))
}

struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut octets = std::mem::take(&mut self.0);
        octets.clear();
        // The thread may be about to end.
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && let Some(spare) = spare.as_mut()
                && spare.len() < MOST_PIECES
                && octets.capacity() <= LARGEST
            {
                spare.push(octets);
            }
        });
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_written_is_used_again_up_to_a_limit() {
        let address = |octets: &Vec<u8>| octets.as_ptr();
        std::thread::spawn(move || {
            drop(lend(take(LARGE)));
            assert!(SPARE.with_borrow(|spare| spare.is_none()), "nobody asked for it");
            keep();
            let first = take(LARGE);
            let place = address(&first);
            drop(lend(first));
            assert_eq!(address(&take(LARGE)), place);
            let many: Vec<_> = (0..MOST_PIECES + 3).map(|_| lend(take(LARGE))).collect();
            drop(many);
            drop(lend(take(LARGEST + 1)));
            SPARE.with_borrow(|spare| assert_eq!(spare.as_ref().unwrap().len(), MOST_PIECES));
        })
        .join()
        .unwrap();
    }
}
