//! What many ask for at the same time is asked of the servers once, and no thread waits for another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::Trouble;
use tokio::sync::{Mutex as Turn, Semaphore};

use super::Files;
use super::error::FilesError;
use super::id::FileId;
use crate::gate::trouble_of;

/// Files that are fetched at the same time; others wait for their turn.
const FETCHED_AT_ONCE: usize = 16;

/// Who waits for what.
pub(super) struct Waiting {
    learning: Rounds<()>,
    fetching: Mutex<HashMap<FileId, Arc<Rounds<bool>>>>,
    turns: Semaphore,
}

impl Default for Waiting {
    fn default() -> Self {
        let turns = Semaphore::new(FETCHED_AT_ONCE);
        Waiting { learning: Rounds::default(), fetching: Mutex::default(), turns }
    }
}

/// Rounds of the same work, one after the other: whoever comes while one runs shares the next with all others who do.
struct Rounds<T> {
    begun: AtomicU64,
    last: Turn<Option<(u64, Result<T, Trouble>)>>,
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Rounds { begun: AtomicU64::new(0), last: Turn::const_new(None) }
    }
}

impl<T: Clone> Rounds<T> {
    /// What a round comes to that begins from now on.
    async fn next(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let seen = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some((number, result)) = &*last
            && *number > seen
        {
            return result.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let result = work.await;
        *last = Some((number, result.clone()));
        result
    }
}

impl Files {
    /// Asks which files other nodes were brought.
    pub(crate) async fn look_further(self: &Arc<Self>) -> Result<(), Trouble> {
        let files = Arc::clone(self);
        to_its_end(async move {
            let learner = Arc::clone(&files);
            files.waiting.learning.next(aside(move || learner.learn())).await
        })
        .await
    }

    /// Has a file in the folder that another node was brought, and returns whether there is such a file.
    pub(crate) async fn have_copy(self: &Arc<Self>, id: FileId) -> Result<bool, Trouble> {
        if self.shared.is_none() {
            return Ok(false);
        }
        let files = Arc::clone(self);
        to_its_end(async move {
            let rounds = Arc::clone(files.fetching().entry(id).or_default());
            let fetcher = Arc::clone(&files);
            let fetch = async {
                let _turn = files.waiting.turns.acquire().await;
                aside(move || fetcher.fetch(id)).await
            };
            let result = rounds.next(fetch).await;
            drop(rounds);
            // Who comes later finds it in the folder.
            files.fetching().retain(|_, rounds| Arc::strong_count(rounds) > 1);
            result
        })
        .await
    }

    fn fetching(&self) -> MutexGuard<'_, HashMap<FileId, Arc<Rounds<bool>>>> {
        self.waiting.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes on with something when nobody waits for it any more, so that what is begun again and again is not there many times.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
) -> Result<T, Trouble> {
    tokio::spawn(work).await.unwrap_or(Err(Trouble::Stopped))
}

/// Does what waits for the servers on a thread that may.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, Trouble> {
    let work = move || work().map_err(|error| trouble_of(error.into()));
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Trouble::Stopped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_while_a_round_runs_shares_the_next_one() {
        let rounds = Arc::new(Rounds::default());
        let (gate, count) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU64::new(0)));
        let ask = || {
            let (rounds, gate, count) = (Arc::clone(&rounds), Arc::clone(&gate), Arc::clone(&count));
            tokio::spawn(async move {
                let work = async {
                    gate.acquire().await.unwrap().forget();
                    Ok(count.fetch_add(1, Ordering::SeqCst) + 1)
                };
                rounds.next(work).await
            })
        };
        let first = ask();
        while rounds.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..10).map(|_| ask()).collect();
        // All of them wait before the first round ends.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100);
        assert_eq!(first.await.unwrap(), Ok(1));
        for other in others {
            assert_eq!(other.await.unwrap(), Ok(2));
        }
        assert_eq!(ask().await.unwrap(), Ok(3), "what is over is not told again");
    }
}
