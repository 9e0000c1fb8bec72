//! What wakes whoever takes up what comes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::connection::Connection;

/// Who is told that something came.
#[derive(Clone, Default)]
pub(crate) struct Arrivals(Arc<Told>);

#[derive(Default)]
struct Told {
    here: Notify,
    outside: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Arrivals {
    /// Has this called from now on. Only the first who asks is told.
    pub(crate) fn set(&self, tell: Box<dyn Fn() + Send + Sync>) {
        let _ = self.0.outside.set(tell);
    }

    pub(crate) fn tell(&self) {
        self.0.here.notify_one();
        if let Some(tell) = self.0.outside.get() {
            tell();
        }
    }

    /// Waits until something came since the last call, or the patience is over.
    pub(crate) fn wait(&self, connection: &Connection, patience: Duration) {
        // Either way it is looked for.
        let _ = connection.wait(async { timeout(patience, self.0.here.notified()).await });
    }
}
