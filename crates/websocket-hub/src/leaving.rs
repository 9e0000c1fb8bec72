//! Connections on their way to another server: they pause, and once nothing is left to write they leave.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::carried::Carried;

/// How often it is looked whether somebody who has not answered is gone.
const LOOK: Duration = Duration::from_millis(5);
/// How long one may take who goes already. Nothing holds it up but its thread's turn.
const GOING: Duration = Duration::from_secs(1);

/// Shared by a server's threads, and by whoever has its connections leave.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    state: Mutex<State>,
    has_changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Those that were told something and have not answered.
    asked: HashSet<u64>,
    /// Those of which nothing is read any more.
    paused: HashSet<u64>,
    /// Those that have let go of everything, and will have left in a moment.
    going: HashSet<u64>,
    left: Vec<Carried>,
    is_over: bool,
}

impl Leaving {
    /// These are told something that they answer.
    pub(crate) fn ask(&self, ids: impl IntoIterator<Item = u64>) {
        self.lock().asked.extend(ids);
    }

    /// A connection has paused, or cannot.
    pub(crate) fn pauses(&self, id: u64, has_paused: bool) {
        let mut state = self.lock();
        if has_paused && !state.is_over {
            state.paused.insert(id);
        }
        self.answered(&mut state, id);
    }

    /// Whether a connection can still leave. If so it does at once, and is waited for.
    pub(crate) fn goes(&self, id: u64) -> bool {
        let mut state = self.lock();
        let goes = !state.is_over;
        if goes {
            state.going.insert(id);
        }
        goes
    }

    /// A connection that [goes](Leaving::goes) has left.
    pub(crate) fn leaves(&self, carried: Carried) {
        let mut state = self.lock();
        let id = carried.id;
        state.paused.remove(&id);
        // If it is waited for no more, it ends with its socket.
        if state.going.remove(&id) {
            state.left.push(carried);
        }
        self.answered(&mut state, id);
    }

    /// A connection cannot leave.
    pub(crate) fn stays(&self, id: u64) {
        let mut state = self.lock();
        state.going.remove(&id);
        self.answered(&mut state, id);
    }

    /// Whether nobody can leave any more.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Whether somebody has paused, and may still leave.
    pub(crate) fn is_expected(&self) -> bool {
        let state = self.lock();
        !state.is_over && !state.paused.is_empty()
    }

    pub(crate) fn paused(&self) -> HashSet<u64> {
        self.lock().paused.clone()
    }

    /// Those that have left. From here on nobody can.
    pub(crate) fn end(&self) -> Vec<Carried> {
        let deadline = Instant::now() + GOING;
        let mut state = self.lock();
        state.is_over = true;
        while !state.going.is_empty() && Instant::now() < deadline {
            state = self.has_changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.going.clear();
        std::mem::take(&mut state.left)
    }

    /// Waits until everybody has answered who `is_there`, for so long at most.
    pub(crate) fn wait(&self, limit: Duration, is_there: impl Fn(u64) -> bool) {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        while !state.asked.is_empty() && Instant::now() < deadline {
            state = self.has_changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            let State { asked, going, .. } = &mut *state;
            asked.retain(|id| going.contains(id) || is_there(*id));
        }
        state.asked.clear();
    }

    fn answered(&self, state: &mut State, id: u64) {
        if state.asked.remove(&id) && state.asked.is_empty() {
            self.has_changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
