//! Randomness from the system, for keys and masks (RFC 6455 §10.3).

use websocket_driver::mask::MaskKeys;

/// Octets asked of the system at a time: one system call for sixty-four frames.
const POOL_LEN: usize = 256;

/// Masking keys that nobody can predict.
pub(crate) struct RandomMasks {
    pool: [u8; POOL_LEN],
    used: usize,
}

impl RandomMasks {
    pub(crate) fn new() -> Self {
        RandomMasks { pool: [0; POOL_LEN], used: POOL_LEN }
    }
}

impl MaskKeys for RandomMasks {
    fn next_key(&mut self) -> [u8; 4] {
        if self.used == POOL_LEN {
            self.pool = random();
            self.used = 0;
        }
        let key =
            self.pool[self.used..].first_chunk().copied().expect("the pool's length is a multiple of four");
        self.used += 4;
        key
    }
}

/// Random octets.
///
/// # Panics
///
/// When the system has no randomness to give, in which case nothing secure can be done.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).expect("the system gives random octets");
    octets
}
