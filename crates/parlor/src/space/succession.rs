//! How a space leaves its connections to the next server, and takes up those of the one before.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::Space;
use crate::publisher::{Departure, News};

/// How often it is looked whether all questions are answered.
const LOOK: Duration = Duration::from_millis(2);

impl Space {
    /// Notes that a connection has asked something that is not answered yet.
    pub(crate) fn asks(&self, connection: u64) {
        self.asking().insert(connection);
    }

    /// Notes that all that it asked is answered.
    pub(crate) fn is_answered(&self, connection: u64) {
        self.asking().remove(&connection);
    }

    /// Waits until what was asked is answered, if nobody asks any more, and for so long at most. Says which connections
    /// wait still.
    pub(crate) fn settle(&self, limit: Duration) -> HashSet<u64> {
        let deadline = Instant::now() + limit;
        loop {
            // What the publisher has not heard may have to be asked again.
            self.publisher.wait();
            let asking = self.asking().clone();
            if asking.is_empty() || Instant::now() >= deadline {
                return asking;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// [Stops](Space::stop), and says who of these connections are to go on elsewhere, as whom and with what. They
    /// have been told everything; whoever waits for an answer that does not come any more is not among them.
    pub(crate) fn leave(&self, mut leaving: HashSet<u64>) -> Departure {
        let (answer, departure) = mpsc::channel();
        self.end(|| {
            leaving.retain(|id| !self.asking().contains(id));
            self.tell(News::Leave { leaving, answer });
        });
        departure.try_recv().unwrap_or_default()
    }

    fn asking(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
