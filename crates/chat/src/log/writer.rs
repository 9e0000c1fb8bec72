//! A storage with a thread of its own that writes one batch into it, while whoever owns it goes on.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SendError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::storage::{Storage, Writes};
use crate::trouble::Trouble;

/// What is called on the writing thread once a batch is written, or could not be.
pub(super) type Written = Box<dyn FnOnce(Result<(), Trouble>) + Send>;

/// A storage that can be written to here or beside.
pub(super) struct Writer<S> {
    storage: Arc<Mutex<S>>,
    /// Runs from the first batch that is written beside.
    thread: Option<Thread>,
}

struct Thread {
    batches: Sender<(Arc<Writes>, Written)>,
    handle: JoinHandle<()>,
}

impl<S: Storage> Writer<S> {
    pub(super) fn new(storage: S) -> Self {
        Writer { storage: Arc::new(Mutex::new(storage)), thread: None }
    }

    /// The storage; waits while a batch is being written.
    pub(super) fn storage(&self) -> MutexGuard<'_, S> {
        lock(&self.storage)
    }

    /// Writes a batch on the thread of its own, behind those that were handed over before.
    pub(super) fn write_beside(&mut self, writes: Arc<Writes>, written: Written) {
        let thread = match self.thread.take().map_or_else(|| self.start(), Ok) {
            Ok(thread) => thread,
            Err(trouble) => return written(Err(trouble)),
        };
        if let Err(SendError((_, written))) = thread.batches.send((writes, written)) {
            written(Err(Trouble::Stopped));
        }
        self.thread = Some(thread);
    }

    fn start(&self) -> Result<Thread, Trouble> {
        let (batches, waiting) = channel::<(Arc<Writes>, Written)>();
        let storage = self.storage.clone();
        let run = move || {
            for (writes, written) in waiting {
                let commit = AssertUnwindSafe(|| lock(&storage).commit(&writes));
                // Whoever waits for this would wait for ever. What is true of the storage is read from it again.
                written(catch_unwind(commit).unwrap_or(Err(Trouble::Stopped)));
            }
        };
        let handle = std::thread::Builder::new().name("log-writer".into()).spawn(run);
        let handle = handle.map_err(|error| Trouble::Io(error.to_string()))?;
        Ok(Thread { batches, handle })
    }
}

impl<S> Drop for Writer<S> {
    fn drop(&mut self) {
        // The storage is closed once this value is gone, and can be opened again.
        if let Some(Thread { batches, handle }) = self.thread.take() {
            drop(batches);
            let _ = handle.join();
        }
    }
}

impl<S> fmt::Debug for Writer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

// A storage whose commit was cut short is read anew before anybody relies on it.
fn lock<S>(storage: &Mutex<S>) -> MutexGuard<'_, S> {
    storage.lock().unwrap_or_else(PoisonError::into_inner)
}
