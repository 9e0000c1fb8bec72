//! What wakes the thread of a shared log: somebody has handed something in, or something has come from elsewhere.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A bell that is heard once, however often it was rung meanwhile.
#[derive(Debug, Default)]
pub(super) struct Bell {
    is_rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.is_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rings.notify_one();
    }

    /// Waits until it rings or the time is over. If it was rung since the last call, it does not wait.
    pub(super) fn wait(&self, at_most: Duration) {
        let is_rung = self.is_rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rings.wait_timeout_while(is_rung, at_most, |is_rung| !*is_rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}
