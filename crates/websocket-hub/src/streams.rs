//! How many streams of one HTTP/2 connection are in use, so that one that is at rest can be ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// The streams of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<watch::Sender<Usage>>);

#[derive(Debug, Default)]
struct Usage {
    open: usize,
    /// There has been one.
    ever: bool,
}

impl Streams {
    /// Counts a stream until the guard and its clones are dropped.
    pub(crate) fn open(&self) -> StreamGuard {
        self.0.send_modify(|usage| *usage = Usage { open: usage.open + 1, ever: true });
        StreamGuard(self.clone())
    }

    /// Waits until there has been none for `time`; `first` is how long the first one may be awaited.
    pub(crate) async fn rest(&self, first: Duration, time: Duration) {
        let mut usage = self.0.subscribe();
        loop {
            // It cannot fail: the sender is borrowed.
            let _ = usage.wait_for(|usage| usage.open == 0).await;
            let time = if usage.borrow_and_update().ever { time } else { first };
            tokio::select! {
                () = tokio::time::sleep(time) => return,
                _ = usage.changed() => {}
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct StreamGuard(Streams);

impl Clone for StreamGuard {
    fn clone(&self) -> Self {
        self.0.open()
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.0.send_modify(|usage| usage.open -= 1);
    }
}
