//! Threads that read: questions whose answers are in the data are worked off beside the event loops.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Threads.
const THREADS: usize = 4;
/// Threads that search at most, so that searches never keep everybody else from being welcomed.
const SEARCHING: usize = 2;
/// How often it is looked whether those who did not take their last answers have done so now.
const LOOK: Duration = Duration::from_millis(20);

/// One question with all that it takes to answer it.
pub(crate) struct Job {
    pub(crate) run: Box<dyn FnOnce() + Send>,
    /// Whether it is a search.
    pub(crate) searches: bool,
    /// Whether its asker has taken enough of the answers before.
    pub(crate) may_run: Box<dyn Fn() -> bool + Send>,
}

impl Job {
    /// A question that may be answered at once.
    pub(crate) fn new(run: impl FnOnce() + Send + 'static) -> Self {
        Job { run: Box::new(run), searches: false, may_run: Box::new(|| true) }
    }
}

/// The threads. Dropping them ends them; what waits then is not answered.
///
/// Whoever hands in questions hands in the next when the last is answered, so what waits is bounded by the connections.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    searches: VecDeque<Job>,
    /// Those whose asker still has much to take.
    parked: Vec<Job>,
    searching: usize,
    is_ended: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({})", self.lock().jobs.len())
    }
}

impl State {
    fn take(&mut self) -> Option<Job> {
        let may_search = self.searching < SEARCHING;
        let job = self.jobs.pop_front();
        let job = job.or_else(|| if may_search { self.searches.pop_front() } else { None })?;
        self.searching += usize::from(job.searches);
        Some(job)
    }

    fn put(&mut self, job: Job) {
        match (job.may_run)() {
            false => self.parked.push(job),
            true if job.searches => self.searches.push_back(job),
            true => self.jobs.push_back(job),
        }
    }

    fn look_at_parked(&mut self) {
        std::mem::take(&mut self.parked).into_iter().for_each(|job| self.put(job));
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.is_ended {
            let Some(job) = state.take() else {
                let wait = if state.parked.is_empty() { Duration::MAX } else { LOOK };
                let waited = self.changed.wait_timeout(state, wait);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                state.look_at_parked();
                continue;
            };
            drop(state);
            let searches = job.searches;
            // The message of a panic has been printed; one question without an answer is no reason to have a thread less.
            let _ = catch_unwind(AssertUnwindSafe(job.run));
            state = self.lock();
            state.searching -= usize::from(searches);
            state.look_at_parked();
            if searches {
                self.changed.notify_one();
            }
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
        let threads = Mutex::new((0..THREADS).map(start).collect::<io::Result<_>>()?);
        Ok(Readers { queue, threads })
    }

    /// Has a question answered as soon as a thread is free. It never blocks.
    pub(crate) fn run(&self, job: Job) {
        self.queue.lock().put(job);
        self.queue.changed.notify_one();
    }

    /// Ends the threads once they are done with what they are at.
    pub(crate) fn stop(&self) {
        let mut state = self.queue.lock();
        // Who searches still counts until that is done.
        let ended = State { is_ended: true, searching: state.searching, ..State::default() };
        let waiting = std::mem::replace(&mut *state, ended);
        drop(state);
        drop(waiting);
        self.queue.changed.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
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
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn every_question_is_answered_whatever_becomes_of_another() {
        let readers = Readers::start().unwrap();
        let (done, dones) = channel();
        for number in 0..1_000 {
            let done = done.clone();
            readers.run(Job::new(move || {
                assert!(number % 10 != 0, "on purpose");
                done.send(number).unwrap();
            }));
        }
        drop(done);
        assert_eq!(dones.iter().count(), 900);
        readers.stop();
    }

    #[test]
    fn searches_never_take_all_threads() {
        let readers = Readers::start().unwrap();
        let (gate, (done, dones)) = (Arc::new(Mutex::new(())), channel());
        let running = Arc::new(AtomicUsize::new(0));
        let closed = gate.lock().unwrap();
        for _ in 0..10 {
            let (gate, running) = (Arc::clone(&gate), Arc::clone(&running));
            let search = Job::new(move || {
                running.fetch_add(1, Ordering::SeqCst);
                drop(gate.lock());
            });
            readers.run(Job { searches: true, ..search });
        }
        readers.run(Job::new(move || done.send(()).unwrap()));
        dones.recv_timeout(SOON).expect("something else is answered meanwhile");
        assert!(running.load(Ordering::SeqCst) <= SEARCHING);
        drop(closed);
    }

    #[test]
    fn a_search_that_goes_on_at_the_end_ends_as_any_other() {
        let readers = Readers::start().unwrap();
        let (queue, (begin, begun)) = (Arc::clone(&readers.queue), channel());
        let search = Job::new(move || {
            begin.send(()).unwrap();
            while !queue.lock().is_ended {
                std::thread::yield_now();
            }
        });
        readers.run(Job { searches: true, ..search });
        begun.recv_timeout(SOON).unwrap();
        readers.stop();
        assert!(!readers.queue.state.is_poisoned(), "no thread has panicked");
    }

    #[test]
    fn who_does_not_take_answers_is_not_given_more() {
        let readers = Readers::start().unwrap();
        let (done, dones) = channel();
        let has_taken = Arc::new(AtomicBool::new(false));
        let taken = Arc::clone(&has_taken);
        let job = Job::new(move || done.send(()).unwrap());
        readers.run(Job { may_run: Box::new(move || taken.load(Ordering::SeqCst)), ..job });
        assert!(dones.recv_timeout(5 * LOOK).is_err());
        has_taken.store(true, Ordering::SeqCst);
        dones.recv_timeout(SOON).expect("it goes on by itself");
    }
}
