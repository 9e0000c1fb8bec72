//! Coders, made once per thread and lent to whatever connection has a message to code.
//!
//! A coder weighs 40 to 300 KiB; what makes one connection's coder differ from another's is only its window. So
//! connections keep windows, and a coder is primed with one when it is needed.

use std::cell::RefCell;

use zlib_rs::{Deflate, DeflateConfig, Inflate};

/// How many coders of each kind rest in a thread. More are needed only while messages are unfinished.
const RESTING: usize = 4;

/// How much is inflated at a time: a limit is noticed after at most this much more.
pub(super) const STEP: usize = 16 * 1024;

/// Scratch memory above this is not kept.
const SCRATCH_KEPT: usize = 1 << 20;

thread_local! {
    static INFLATERS: RefCell<Vec<Inflate>> = const { RefCell::new(Vec::new()) };
    static COMPRESSORS: RefCell<Vec<(Settings, Deflate)>> = const { RefCell::new(Vec::new()) };
    static INFLATED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static COMPRESSED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a compressor is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) window_bits: u8,
    pub(crate) level: u8,
}

/// A fresh inflater. It takes any window up to 15 bits, so all are alike.
pub(super) fn take_inflater() -> Inflate {
    match INFLATERS.with_borrow_mut(Vec::pop) {
        Some(mut inflater) => {
            inflater.reset(false);
            inflater
        }
        None => Inflate::new(false, 15),
    }
}

/// Gives an inflater back for the next one who needs it.
pub(super) fn give_back_inflater(inflater: Inflate) {
    INFLATERS.with_borrow_mut(|resting| {
        if resting.len() < RESTING {
            resting.push(inflater);
        }
    });
}

/// Lends a fresh compressor.
pub(super) fn with_compressor<R>(settings: Settings, work: impl FnOnce(&mut Deflate) -> R) -> R {
    let found = COMPRESSORS.with_borrow_mut(|resting| {
        let at = resting.iter().position(|(made_for, _)| *made_for == settings)?;
        Some(resting.swap_remove(at).1)
    });
    let mut compressor = match found {
        Some(mut compressor) => {
            compressor.reset();
            compressor
        }
        None => Deflate::new_with_config(DeflateConfig {
            window_bits: -i32::from(settings.window_bits),
            level: i32::from(settings.level),
            ..DeflateConfig::default()
        }),
    };
    let result = work(&mut compressor);
    COMPRESSORS.with_borrow_mut(|resting| {
        if resting.len() == RESTING {
            resting.remove(0);
        }
        resting.push((settings, compressor));
    });
    result
}

/// Lends memory to inflate into, [`STEP`] octets long.
pub(super) fn with_inflated<R>(work: impl FnOnce(&mut [u8]) -> R) -> R {
    INFLATED.with_borrow_mut(|scratch| {
        scratch.resize(STEP, 0);
        work(scratch)
    })
}

/// Lends memory to compress into, `len` octets long.
pub(super) fn with_compressed<R>(len: usize, work: impl FnOnce(&mut [u8]) -> R) -> R {
    COMPRESSED.with_borrow_mut(|scratch| {
        if scratch.len() < len {
            scratch.resize(len, 0);
        }
        let result = work(&mut scratch[..len]);
        if scratch.len() > SCRATCH_KEPT {
            *scratch = Vec::new();
        }
        result
    })
}
