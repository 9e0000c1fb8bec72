//! The chat as a server uses it: hand in proposals from any thread, hear of them once they are durable, read.
//!
//! One thread decides (`chat/steps.rs`). Whatever waits becomes durable in one step, so that a hundred people who speak
//! at once share one sync of the disk, and nobody who speaks alone waits for company. In a log that several nodes share
//! (`chat/sharing.rs`), what others append is heard in its place between what is handed in here.

mod bell;
mod sharing;
mod steps;
mod told_once;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use crate::answer::Answer;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::id::PersonId;
use crate::log::{Log, SharedLog, read_tail, write_snapshot};
use crate::outcome::Outcome;
use crate::place::Position;
use crate::proposal::{Action, Proposal};
use crate::storage::{Read, Source};
use crate::trouble::Trouble;
use crate::view::View;
use bell::Bell;
use sharing::Sharing;
use steps::Steps;

/// Proposals that wait at most; what comes then is refused with [`Trouble::Busy`].
const QUEUE: usize = 65_536;
/// Octets of texts that wait at most.
const QUEUE_OCTETS: usize = 64 << 20;
/// Ways to read that are kept open between uses.
const SOURCES: usize = 8;

/// What is called with the outcomes of each batch, in the order of the log, after each answer of the batch. Of a log that
/// several nodes share it hears what others appended, too, each outcome once.
/// It runs on the log's thread: it must not block, and must not wait for another proposal.
pub type Listener = Box<dyn FnMut(&[Outcome]) + Send>;

/// What is called when a log that several nodes share takes nothing any more, with the reason, and when it does again. It
/// runs on the log's thread.
pub type Standing = Box<dyn FnMut(Result<(), &Trouble>) + Send>;

/// A log with its thread.
pub struct Chat {
    /// Nothing once it has ended.
    queue: RwLock<Option<SyncSender<Asked>>>,
    waiting: Arc<AtomicUsize>,
    /// Rung after something was handed in, if the thread has more to wait for than that.
    bell: Option<Arc<Bell>>,
    sources: Mutex<Vec<Box<dyn Source>>>,
    thread: Mutex<Option<JoinHandle<Box<dyn Log>>>>,
}

struct Asked {
    proposal: Proposal,
    octets: usize,
    answer: Answer,
}

impl Chat {
    /// Starts the log's thread.
    pub fn start(log: impl Log + 'static, listener: Listener) -> Result<Self, Trouble> {
        let source = log.source()?;
        let (queue, asked) = sync_channel(QUEUE);
        let waiting = Arc::new(AtomicUsize::new(0));
        let steps = Steps::new(Box::new(log), listener, asked, waiting.clone());
        Self::with_thread(source, queue, waiting, None, move || steps.run())
    }

    /// Starts the thread of a log that several nodes share. It follows what others append, also while nobody here has
    /// anything to say.
    pub fn start_shared(
        log: impl SharedLog + 'static,
        listener: Listener,
        standing: Standing,
    ) -> Result<Self, Trouble> {
        let source = log.source()?;
        let (queue, asked) = sync_channel(QUEUE);
        let waiting = Arc::new(AtomicUsize::new(0));
        let bell = Arc::new(Bell::default());
        let sharing = Sharing::new(log, (listener, standing), asked, waiting.clone(), Arc::clone(&bell));
        Self::with_thread(source, queue, waiting, Some(bell), move || sharing.run())
    }

    fn with_thread(
        source: Box<dyn Source>,
        queue: SyncSender<Asked>,
        waiting: Arc<AtomicUsize>,
        bell: Option<Arc<Bell>>,
        run: impl FnOnce() -> Box<dyn Log> + Send + 'static,
    ) -> Result<Self, Trouble> {
        let thread = std::thread::Builder::new().name("log".into()).spawn(run);
        let thread = thread.map_err(|error| Trouble::Io(error.to_string()))?;
        let (queue, thread) = (RwLock::new(Some(queue)), Mutex::new(Some(thread)));
        Ok(Chat { queue, waiting, bell, sources: Mutex::new(vec![source]), thread })
    }

    fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }

    /// Hands in a proposal; `answer` is called once with what became of it, as soon as that is durable. One
    /// thread's proposals keep their order.
    ///
    /// An error in the answer says that nothing is acknowledged: with a key, the proposal can be handed in
    /// again. It is called with [`Trouble::Busy`] at once, by this thread, if too many wait, and with
    /// [`Trouble::Stopped`] after the end.
    pub fn submit(&self, proposal: Proposal, answer: Answer) {
        let octets = octets(&proposal.action);
        if let Err((asked, trouble)) = self.hand_in(Asked { proposal, octets, answer }) {
            (asked.answer)(Err(trouble));
        }
    }

    fn hand_in(&self, asked: Asked) -> Result<(), (Box<Asked>, Trouble)> {
        let octets = asked.octets;
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return Err((Box::new(asked), Trouble::Stopped)) };
        if self.waiting.fetch_add(octets, Ordering::Relaxed) + octets > QUEUE_OCTETS {
            self.waiting.fetch_sub(octets, Ordering::Relaxed);
            return Err((Box::new(asked), Trouble::Busy));
        }
        queue.try_send(asked).map(|()| self.ring()).map_err(|error| {
            self.waiting.fetch_sub(octets, Ordering::Relaxed);
            match error {
                TrySendError::Full(asked) => (Box::new(asked), Trouble::Busy),
                TrySendError::Disconnected(asked) => (Box::new(asked), Trouble::Stopped),
            }
        })
    }

    /// Hands in a proposal and waits for what becomes of it. Not for the thread of a [`Listener`].
    pub fn ask(&self, proposal: Proposal) -> Result<Outcome, Trouble> {
        let (send, receive) = sync_channel(1);
        self.submit(proposal, Box::new(move |outcome| _ = send.send(outcome.cloned())));
        receive.recv().unwrap_or(Err(Trouble::Stopped))
    }

    /// Reads one moment of the state; it contains everything that was answered before.
    pub fn read<T, E: From<Trouble>>(&self, run: impl FnOnce(&dyn Read) -> Result<T, E>) -> Result<T, E> {
        let mut source = self.take_source()?;
        let (mut run, mut result) = (Some(run), None);
        source.read(&mut |state| {
            result = run.take().map(|run| run(state));
            Ok(())
        })?;
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() < SOURCES {
            sources.push(source);
        }
        drop(sources);
        result.unwrap_or(Err(E::from(Trouble::Stopped)))
    }

    /// Reads what one person may see of one moment.
    pub fn view<T>(
        &self,
        asker: PersonId,
        run: impl FnOnce(&View<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.read(|state| run(&View::new(state, asker)?))
    }

    /// Up to `limit` entries of the log after a place: how whoever keeps an index beside the log learns what happened.
    pub fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        self.read(|state| read_tail(state, after, limit))
    }

    /// Writes the state out while everything goes on, and returns the place in the log that it belongs to.
    pub fn snapshot(&self, to: &mut dyn std::io::Write) -> Result<Position, Trouble> {
        self.read(|state| write_snapshot(state, to))
    }

    /// Makes what waits durable, ends the thread and hands back the log. What is handed in later is refused with
    /// [`Trouble::Stopped`]; reading goes on.
    pub fn stop(&self) -> Result<Box<dyn Log>, Trouble> {
        *self.queue.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.ring();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.ok_or(Trouble::Stopped)?.join().map_err(|_| Trouble::Stopped)
    }

    fn take_source(&self) -> Result<Box<dyn Source>, Trouble> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one stays: others are made from it.
        match sources.len() {
            0 => Err(Trouble::Stopped),
            1 => sources[0].another(),
            _ => sources.pop().ok_or(Trouble::Stopped),
        }
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // Whether it panicked has been seen by those who asked: they were told that it stopped.
        let _ = self.stop();
    }
}

fn octets(action: &Action) -> usize {
    let text = match action {
        Action::Post { text, .. } | Action::Edit { text, .. } => text.len(),
        _ => 0,
    };
    size_of::<Asked>() + text
}
