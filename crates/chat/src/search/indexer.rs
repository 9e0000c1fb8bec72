//! The indexer: a thread of its own that reads the log and keeps the index, and the handle that asks it.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::change::{Change, Feed};
use super::erasure;
use super::error::SearchError;
use super::find::{Finder, Page, Request, Texts};
use super::merge::{self, Merge};
use super::store;
use super::update::apply;
use super::walk::Spending;
use crate::Position;

/// Positions of the log that are taken in at once.
pub const AT_ONCE: usize = 2_000;
/// The default of [`Options::pause`].
pub const PAUSE: Duration = Duration::from_millis(300);
/// The longest that nobody looks at the log when nobody says that it has something new.
const IDLE: Duration = Duration::from_secs(5);
/// How long the indexer waits before it tries again what went wrong.
const RETRY: Duration = Duration::from_secs(1);
/// Connections for reading that are kept open; more are opened when more questions come at the same time.
const CONNECTIONS: usize = 8;

/// Where the index is, and what it can do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The index's own database file.
    pub path: PathBuf,
    /// Whether the inside of a word can be found (*load* in *download*). It makes the index about twice as large.
    pub parts_of_words: bool,
    /// The shortest time between two readings of the log, as long as the indexer keeps up; so also the longest that
    /// something durable waits before it can be found.
    pub pause: Duration,
}

impl Options {
    /// An index of whole words and their beginnings at this path, which takes in the log every [`PAUSE`].
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Options { path: path.into(), parts_of_words: false, pause: PAUSE }
    }
}

/// What the thread and those who wait for it share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    position: Position,
    /// The position up to which nothing of what was erased is left in the file.
    clean: Position,
    trouble: Option<String>,
    is_woken: bool,
    /// Whether the last look at the log found nothing and there was no housekeeping to do.
    is_resting: bool,
    is_ended: bool,
    /// Whether a reader found that the file is damaged.
    is_damaged: bool,
    /// How many times the file was made anew; what was opened before belongs to another file.
    made_anew: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait_until(&self, timeout: Duration, is_so: impl Fn(&State) -> bool) -> bool {
        let until = |state: &mut State| !is_so(state) && !state.is_ended;
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), timeout, until)
            .unwrap_or_else(PoisonError::into_inner);
        is_so(&state)
    }
}

/// Keeps the index, in a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Indexer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Indexer {
    /// Opens the index, or begins it anew if it is missing, damaged, or made by another version or with other options,
    /// and starts to take in what the log has after it.
    pub fn start(options: Options, feed: impl Feed + 'static) -> Result<(Indexer, Search), SearchError> {
        let connection = store::open(&options.path, options.parts_of_words)?;
        let position = store::about(&connection)?.position;
        let shared = Arc::new(Shared::default());
        shared.lock().position = position;
        let worker = Worker {
            connection,
            feed: Box::new(feed),
            options: options.clone(),
            position,
            merge: None,
            last: None,
            has_more: false,
            is_busy: false,
            is_file_clean: false,
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::Builder::new()
            .name("search-index".to_owned())
            .spawn(move || worker.run())
            .map_err(SearchError::File)?;
        let readers = Arc::new(Readers { options, shared: Arc::clone(&shared), idle: Mutex::default() });
        Ok((Indexer { shared, thread: Some(thread) }, Search { readers }))
    }

    /// Says that the log has something new, which is otherwise noticed seconds later. It costs next to nothing.
    pub fn wake(&self) {
        self.shared.set(|state| state.is_woken = true);
    }

    /// The position up to which everything can be found.
    pub fn position(&self) -> Position {
        self.shared.lock().position
    }

    /// What keeps the indexer from going on, if something does; it tries again every second.
    pub fn trouble(&self) -> Option<String> {
        self.shared.lock().trouble.clone()
    }

    /// Waits until everything up to a position can be found. Returns whether that is so in time.
    pub fn wait_for(&self, position: Position, timeout: Duration) -> bool {
        self.wake();
        self.shared.wait_until(timeout, |state| state.position >= position)
    }

    /// Waits until there is nothing left to merge, clean or sweep. Returns whether that is so in time.
    pub fn wait_for_rest(&self, timeout: Duration) -> bool {
        self.wake();
        self.shared.wait_until(timeout, |state| state.is_resting)
    }

    /// Waits until nothing that was erased up to a position is left in the file. Returns whether that is so in time.
    pub fn wait_for_erasure(&self, position: Position, timeout: Duration) -> bool {
        self.wake();
        self.shared.wait_until(timeout, |state| state.clean >= position)
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.shared.set(|state| state.is_ended = true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; dropping must not panic again.
            let _ = thread.join();
        }
    }
}

/// What the thread waits for.
enum Wait {
    Not,
    For(Duration),
    ForNews,
}

/// What went wrong.
enum Trouble {
    Feed(Box<dyn Error + Send + Sync>),
    Index(SearchError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Feed(error) => write!(f, "the search index cannot read the log: {error}"),
            Trouble::Index(error) => error.fmt(f),
        }
    }
}

struct Worker {
    connection: Connection,
    feed: Box<dyn Feed>,
    options: Options,
    position: Position,
    merge: Option<Merge>,
    /// When the log was last read.
    last: Option<Instant>,
    /// Whether the log had more than was taken in.
    has_more: bool,
    /// Whether there is housekeeping to do.
    is_busy: bool,
    /// Whether nothing that was erased is left in the file. Not known at the start, so it is made sure.
    is_file_clean: bool,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let wait = match self.turn() {
                Ok(wait) => {
                    let (position, is_clean) = (self.position, self.is_file_clean);
                    self.shared.set(|state| {
                        state.position = position;
                        state.clean = if is_clean { position } else { state.clean };
                        state.trouble = None;
                        state.is_resting = matches!(wait, Wait::ForNews);
                    });
                    wait
                }
                Err(trouble) => {
                    let message = trouble.to_string();
                    self.recover(trouble);
                    self.shared.set(|state| state.trouble = Some(message));
                    Wait::For(RETRY)
                }
            };
            match wait {
                Wait::Not => {}
                Wait::For(time) => {
                    self.shared.wait_until(time, |_| false);
                }
                Wait::ForNews => {
                    self.shared.wait_until(IDLE, |state| state.is_woken);
                }
            }
            let mut state = self.shared.lock();
            state.is_woken = false;
            if state.is_ended {
                return;
            }
        }
    }

    /// Makes ready to try again, with a new index if this one is damaged.
    fn recover(&mut self, trouble: Trouble) {
        // What was half done is not in the database, which says where to go on.
        self.merge = None;
        if let Trouble::Index(error) = trouble
            && error.is_damage()
            && let Ok(connection) = store::begin(&self.options.path, self.options.parts_of_words)
        {
            self.connection = connection;
            self.shared.set(|state| (state.is_damaged, state.made_anew) = (false, state.made_anew + 1));
        }
        self.position = store::about(&self.connection).map_or(self.position, |about| about.position);
        let position = self.position;
        self.shared.set(|state| state.position = position);
    }

    /// Takes in some of the log, unless that was just done, and does some housekeeping.
    fn turn(&mut self) -> Result<Wait, Trouble> {
        if self.shared.lock().is_damaged {
            return Err(Trouble::Index(SearchError::Damaged("found by a reader")));
        }
        // Whoever wakes for each message must not make a transaction of each. While much is to be taken in, merging
        // goes first, or small segments would pile up; but not so long that nothing new can be found.
        let since = self.last.map_or(Duration::MAX, |last| last.elapsed());
        let is_time = since >= self.options.pause || (self.has_more && !self.is_busy);
        let mut taken = 0;
        if is_time {
            self.last = Some(Instant::now());
            taken = self.take_in()?;
            self.has_more = taken >= AT_ONCE as u64;
        }
        self.is_busy = self.keep_house().map_err(Trouble::Index)?;
        Ok(if self.is_busy || self.has_more {
            Wait::Not
        } else if is_time && taken == 0 {
            Wait::ForNews
        } else {
            let since = self.last.map_or(Duration::ZERO, |last| last.elapsed());
            Wait::For(self.options.pause.saturating_sub(since))
        })
    }

    /// Takes in what the log has, at most [`AT_ONCE`] positions. Returns how many there were.
    fn take_in(&mut self) -> Result<u64, Trouble> {
        let batch = self.feed.after(self.position, AT_ONCE).map_err(Trouble::Feed)?;
        if batch.up_to <= self.position {
            return Ok(0);
        }
        let erases = |change: &Change| matches!(change, Change::Edited { .. } | Change::Erased { .. });
        self.is_file_clean &= !batch.changes.iter().any(|(_, change)| erases(change));
        apply(&mut self.connection, batch.changes, batch.up_to, self.options.parts_of_words)
            .map_err(Trouble::Index)?;
        let taken = batch.up_to.0 - self.position.0;
        self.position = batch.up_to;
        Ok(taken)
    }

    /// One step of merging, sweeping or cleaning. Returns whether there is more to do.
    fn keep_house(&mut self) -> Result<bool, SearchError> {
        if let Some(merge) = &mut self.merge {
            if merge.step(&mut self.connection)? {
                self.merge = None;
            }
            return Ok(true);
        }
        if merge::sweep(&mut self.connection, None)? || erasure::step(&mut self.connection)? {
            return Ok(true);
        }
        self.merge = Merge::begin(&self.connection)?;
        if self.merge.is_some() {
            return Ok(true);
        }
        if !self.is_file_clean {
            self.is_file_clean = erasure::empty_write_ahead_log(&self.connection)?;
        }
        store::give_back(&self.connection)
    }
}

#[derive(Debug)]
struct Readers {
    options: Options,
    shared: Arc<Shared>,
    /// Connections, each with the number of times that the file had been made anew when it was opened.
    idle: Mutex<Vec<(u64, Connection)>>,
}

impl Readers {
    fn take(&self) -> Result<(u64, Connection), SearchError> {
        let made_anew = self.shared.lock().made_anew;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(of, _)| *of == made_anew);
        match idle.pop() {
            Some(connection) => Ok(connection),
            None => Ok((made_anew, store::open_for_reading(&self.options.path)?)),
        }
    }

    fn put_back(&self, connection: (u64, Connection)) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < CONNECTIONS {
            idle.push(connection);
        }
    }

    /// Tells the indexer that the file is damaged, unless it is another one by now.
    fn report(&self, of: u64) {
        self.shared.set(|state| {
            state.is_damaged |= state.made_anew == of;
            state.is_woken = true;
        });
    }
}

/// Asks the index. Clones share their connections; any number of threads may ask at the same time.
#[derive(Debug, Clone)]
pub struct Search {
    readers: Arc<Readers>,
}

impl Search {
    /// Finds a page of messages. What is asked, who may read what and what messages say now all count as of this call.
    ///
    /// # Errors
    ///
    /// [`SearchError::Cursor`] if the index was built anew since the page before; then ask without the cursor.
    /// [`SearchError::Damaged`] and some of [`SearchError::Database`] make the indexer build the index anew.
    pub fn find(&self, request: Request<'_>, texts: &dyn Texts) -> Result<Page, SearchError> {
        let (made_anew, connection) = self.readers.take()?;
        let page = self.ask(&connection, request, texts);
        match &page {
            Err(error) if error.is_damage() => self.readers.report(made_anew),
            _ => self.readers.put_back((made_anew, connection)),
        }
        page
    }

    fn ask(
        &self,
        connection: &Connection,
        request: Request<'_>,
        texts: &dyn Texts,
    ) -> Result<Page, SearchError> {
        let transaction = connection.unchecked_transaction()?;
        let spending = Spending::default();
        let parts = self.readers.options.parts_of_words;
        Finder::new(&transaction, texts, request, parts, &spending)?.page()
    }
}
