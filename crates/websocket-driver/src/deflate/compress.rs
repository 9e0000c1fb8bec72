//! Compressing messages (RFC 7692 §7.2.1).

use zlib_rs::{Deflate, DeflateFlush};

use super::coders::{Settings, with_compressed, with_compressor};
use super::window::Window;

/// What ends a message's last block and is left out on the wire.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// The last octets of a window are out of a compressor's reach: it always looks ahead as far as the longest match and a
/// little more (zlib's `MIN_LOOKAHEAD`), within the window.
const LOOKAHEAD: usize = 262;

/// How far back a compressor finds anything; more need not be kept.
fn reach(settings: Settings) -> usize {
    (1 << settings.window_bits) - LOOKAHEAD
}

/// The compressing half of one connection.
#[derive(Debug)]
pub(crate) struct Compressor {
    pub(super) settings: Settings,
    /// What messages may refer to; `None` without context takeover.
    pub(super) window: Option<Window>,
    pub(super) min_len: usize,
}

impl Compressor {
    pub(crate) fn new(settings: Settings, takeover: bool, min_len: usize) -> Self {
        Compressor { settings, window: takeover.then(|| Window::new(reach(settings))), min_len }
    }

    /// Compresses a message and hands the result over; `None` if it should go out as it is, because it is short
    /// or would not become smaller. That leaves the window as it was: a receiver knows only what was
    /// compressed.
    pub(crate) fn compress<R>(&mut self, payload: &[u8], work: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if payload.len() < self.min_len {
            return None;
        }
        let past = self.window.as_ref().map_or(&[][..], Window::octets);
        let result = compress(self.settings, past, payload, work)?;
        self.sent(payload);
        Some(result)
    }

    /// Whether a message that was compressed by itself with `settings` can go out here.
    pub(crate) fn takes(&self, settings: Settings) -> bool {
        settings.window_bits <= self.settings.window_bits
    }

    /// A compressed message went out: the receiver knows it from now on.
    pub(crate) fn sent(&mut self, payload: &[u8]) {
        if let Some(window) = &mut self.window {
            window.keep(payload);
        }
    }

    /// Lets go of the window. Messages that refer to nothing are always right, only longer.
    pub(crate) fn hibernate(&mut self) {
        if let Some(window) = &mut self.window {
            window.forget();
        }
    }

    /// Bytes of heap held.
    pub(crate) fn retained(&self) -> usize {
        self.window.as_ref().map_or(0, Window::retained)
    }
}

/// Compresses a message that refers to nothing before it, so that every receiver can read it; `None` if it
/// would not become smaller.
pub(crate) fn compress_alone<R>(
    settings: Settings,
    payload: &[u8],
    work: impl FnOnce(&[u8]) -> R,
) -> Option<R> {
    compress(settings, &[], payload, work)
}

fn compress<R>(settings: Settings, past: &[u8], payload: &[u8], work: impl FnOnce(&[u8]) -> R) -> Option<R> {
    with_compressor(settings, |coder| {
        if !past.is_empty() {
            coder.set_dictionary(past).ok()?;
        }
        // Room for the worst case. A coder that has to stop in the middle for want of room is not needed here,
        // and zlib-rs 0.6.8 can panic in one (at level 1, which `Deflate::level` does not offer).
        with_compressed(payload.len() + payload.len() / 8 + 64, |room| {
            let len = fill(coder, payload, room)?;
            let compressed = room[..len].strip_suffix(&TAIL)?;
            (compressed.len() < payload.len()).then(|| work(compressed))
        })
    })
}

/// Compresses all of `payload` into `room` and flushes; `None` if it does not fit.
fn fill(coder: &mut Deflate, payload: &[u8], room: &mut [u8]) -> Option<usize> {
    let before = coder.total_out();
    coder.compress(payload, room, DeflateFlush::SyncFlush).ok()?;
    let written = usize::try_from(coder.total_out() - before).ok()?;
    // A full buffer may mean that more of the flush is pending.
    (coder.total_in() >= payload.len() as u64 && written < room.len()).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets that repeat nothing, so that only what was meant to be found is found.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(len).collect()
    }

    #[test]
    fn what_is_kept_is_all_that_the_compressor_reaches() {
        for window_bits in 9..=15 {
            for level in 2..=9 {
                let settings = Settings { window_bits, level };
                let (window, reach) = (1 << window_bits, reach(settings));
                let past = noise(window);
                let len = |past: &[u8], payload: &[u8]| compress(settings, past, payload, <[u8]>::len);
                // The oldest octets in reach are found, and make as much shorter as in a whole window.
                let oldest = &past[window - reach + 1..][..200];
                let kept = len(&past[window - reach..], oldest);
                assert!(kept.is_some_and(|len| len < 30), "{settings:?}: {kept:?}");
                assert_eq!(kept, len(&past, oldest), "{settings:?}");
                // What is not kept is not found in a whole window either.
                let beyond = &past[..window - reach];
                assert_eq!(len(&past, beyond), None, "{settings:?}");
            }
        }
    }
}
