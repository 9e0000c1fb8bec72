//! A storage that remembers which entries were written, so that what is erased here is erased in the stream, too.

use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::storage::{Intercepted, Storage, Writes};
use parlor_chat::{Position, Trouble};

/// What was written since it was asked last.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The places of all entries that were written.
    pub(crate) entries: Vec<Position>,
    /// Whether something was erased.
    pub(crate) erases: bool,
}

/// What a watched storage and its owner share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Written>>);

impl Notes {
    /// What was written since the last call.
    pub(crate) fn take(&self) -> Written {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is called in place of a storage's commit.
type Commit<S> = Box<dyn FnMut(&mut S, &Writes) -> Result<(), Trouble> + Send>;

/// A storage with notes.
pub(crate) type Watched<S> = Intercepted<S, Commit<S>>;

/// A storage that notes what it writes.
pub(crate) fn watched<S: Storage + 'static>(storage: S, notes: Notes) -> Watched<S> {
    let commit: Commit<S> = Box::new(move |storage, writes| {
        storage.commit(writes)?;
        let mut written = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = writes.entries.iter().filter(|(_, entry)| entry.is_some());
        written.entries.extend(kept.map(|(position, _)| Position(position)));
        written.erases |= writes.erases;
        Ok(())
    });
    Intercepted::new(storage, commit)
}
