//! Threads that read: questions whose answers are in the data are worked off beside the event loops.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Threads: enough that one slow search does not hold up a history.
const THREADS: usize = 4;
/// Questions that wait at most.
const WAITING: usize = 65_536;

/// One question with all that it takes to answer it.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The threads. Dropping them ends them; what waits then is not answered.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_ended: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({})", self.lock().jobs.len())
    }
}

/// Too many questions wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut state = self.lock();
            let job = loop {
                if state.is_ended {
                    return;
                }
                if let Some(job) = state.jobs.pop_front() {
                    break job;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            job();
        }
    }
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start() -> io::Result<Self> {
        let queue = Arc::<Queue>::default();
        let start = |number| {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name(format!("reader-{number}")).spawn(move || queue.run())
        };
        let threads = (0..THREADS).map(start).collect::<io::Result<_>>()?;
        Ok(Readers { queue, threads })
    }

    /// Has a question answered as soon as a thread is free. It never blocks.
    pub(crate) fn run(&self, job: Job) -> Result<(), Full> {
        let mut state = self.queue.lock();
        if state.jobs.len() >= WAITING {
            return Err(Full);
        }
        state.jobs.push_back(job);
        drop(state);
        self.queue.changed.notify_one();
        Ok(())
    }

    /// Ends the threads once they are done with what they are at.
    pub(crate) fn stop(&mut self) {
        let mut state = self.queue.lock();
        state.is_ended = true;
        state.jobs.clear();
        drop(state);
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Its panic has been printed; stopping goes on.
            let _ = thread.join();
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn every_question_is_answered_and_too_many_are_refused() {
        let mut readers = Readers::start().unwrap();
        let (done, dones) = channel();
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock().unwrap();
        for number in 0..THREADS + WAITING {
            let job = || -> Job {
                let (done, gate) = (done.clone(), Arc::clone(&gate));
                Box::new(move || {
                    drop(gate.lock());
                    done.send(number).unwrap();
                })
            };
            // The threads take up the first few, but perhaps not at once.
            while readers.run(job()) == Err(Full) {
                std::thread::yield_now();
            }
        }
        assert_eq!(readers.run(Box::new(|| {})), Err(Full));
        drop(closed);
        let mut answered: Vec<usize> = dones.iter().take(THREADS + WAITING).collect();
        answered.sort_unstable();
        assert!(answered.iter().copied().eq(0..THREADS + WAITING));
        readers.stop();
    }
}
