//! One connection's questions, one after the other, and the next only while its answers are taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use websocket_hub::WebSocket;

use crate::readers::Job;
use crate::space::Space;

/// Questions that wait for those before them.
const WAITING: usize = 256;
/// Octets of answers that may wait to be written when the next question is taken up.
const UNTAKEN: usize = 128 * 1024;

/// One question.
type Question = Box<dyn FnOnce() + Send>;

/// The questions of one connection.
#[derive(Default)]
pub(super) struct Lane(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<(Question, bool)>,
    is_busy: bool,
}

/// Too many questions wait already.
#[derive(Debug)]
pub(super) struct Full;

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lane({})", self.lock().waiting.len())
    }
}

impl Lane {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a question answered after those before it.
    pub(super) fn ask(
        self: &Arc<Self>,
        space: &Arc<Space>,
        ws: &WebSocket,
        searches: bool,
        question: impl FnOnce() + Send + 'static,
    ) -> Result<(), Full> {
        let mut state = self.lock();
        if state.waiting.len() >= WAITING {
            return Err(Full);
        }
        state.waiting.push_back((Box::new(question), searches));
        if !state.is_busy {
            state.is_busy = true;
            space.asks(ws.id());
            drop(state);
            self.next(space, ws);
        }
        Ok(())
    }

    fn next(self: &Arc<Self>, space: &Arc<Space>, ws: &WebSocket) {
        let mut state = self.lock();
        if !ws.is_open() {
            state.waiting.clear();
        }
        let Some((question, searches)) = state.waiting.pop_front() else {
            state.is_busy = false;
            space.is_answered(ws.id());
            return;
        };
        drop(state);
        let (lane, again, to, taker) = (Arc::clone(self), Arc::clone(space), ws.clone(), ws.clone());
        let run = move || {
            // The next one is taken up even if this one panics.
            let _next = OnDrop(Some(move || lane.next(&again, &to)));
            question();
        };
        let may_run = move || !taker.is_open() || taker.queued() <= UNTAKEN;
        space.read(Job { run: Box::new(run), searches, may_run: Box::new(may_run) });
    }
}

/// Runs something when it is dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}
