//! What wakes the thread that follows the log.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The shortest time between two looks at the log, so that a busy chat is read in batches.
const PAUSE: Duration = Duration::from_millis(300);
/// The longest, because time passes for files that nobody names.
const IDLE: Duration = Duration::from_secs(60);

/// Rung when there is something to do.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_rung: bool,
    is_ended: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to do.
    pub(super) fn ring(&self) {
        let mut state = self.lock();
        if !state.is_rung {
            state.is_rung = true;
            self.changed.notify_all();
        }
    }

    /// There will be nothing to do any more.
    pub(super) fn end(&self) {
        self.lock().is_ended = true;
        self.changed.notify_all();
    }

    /// Whether it is over.
    pub(super) fn is_ended(&self) -> bool {
        self.lock().is_ended
    }

    /// Waits until it is rung or time has passed. False once it is over.
    pub(super) fn wait(&self) -> bool {
        let wait = |state, time, is_so: fn(&mut State) -> bool| {
            let waited = self.changed.wait_timeout_while(state, time, is_so);
            waited.unwrap_or_else(PoisonError::into_inner).0
        };
        let state = wait(self.lock(), PAUSE, |state| !state.is_ended);
        let mut state = wait(state, IDLE, |state| !state.is_ended && !state.is_rung);
        state.is_rung = false;
        !state.is_ended
    }
}
