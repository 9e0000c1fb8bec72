//! Randomness from the system, for keys and masks (RFC 6455 §10.3).

use websocket_driver::mask::MaskKeys;

/// Masking keys that nobody can predict. The connection draws many at a time, which is one system call.
pub(crate) struct RandomMasks;

impl MaskKeys for RandomMasks {
    fn next_key(&mut self) -> [u8; 4] {
        random()
    }

    fn fill(&mut self, keys: &mut [[u8; 4]]) {
        fill(keys.as_flattened_mut());
    }
}

/// Random octets.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    fill(&mut octets);
    octets
}

/// # Panics
///
/// When the system has no randomness to give, in which case nothing secure can be done.
fn fill(octets: &mut [u8]) {
    getrandom::fill(octets).expect("the system gives random octets");
}
