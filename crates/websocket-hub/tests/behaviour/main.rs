//! What `websocket-hub` promises, shown on every backend in `Backend::ALL`.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

mod apps;
mod backpressure;
mod client;
mod hostile;
mod leaving;
mod log;
mod memory;
mod opening;
mod peer;
mod refusals;
mod requests;
mod room;
mod slow_readers;
mod stopping;
mod topics;
mod waiting;

use std::sync::{PoisonError, RwLock};

use websocket_hub::Backend;

/// Held by everybody: shared by most, alone by those who measure the process's memory.
static PROCESS: RwLock<()> = RwLock::new(());

fn on_each_backend(behaviour: impl Fn(Backend)) {
    let _process = PROCESS.read().unwrap_or_else(PoisonError::into_inner);
    Backend::ALL.into_iter().for_each(behaviour);
}

/// As `on_each_backend`, while no other behaviour runs.
fn alone_on_each_backend(behaviour: impl Fn(Backend)) {
    let _process = PROCESS.write().unwrap_or_else(PoisonError::into_inner);
    Backend::ALL.into_iter().for_each(behaviour);
}
