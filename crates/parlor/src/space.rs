//! A community's half of the ring behind the sessions: log and state, search, the publisher, and who reads for whom.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parlor_chat::log::LocalLog;
use parlor_chat::search::{Indexer, Search, SearchError};
use parlor_chat::storage::{self, Sqlite};
use parlor_chat::{Action, Chat, Failure, PersonId, Proposal, Retention, Timestamp, Trouble, sweep};
use websocket_hub::{Topic, WebSocket};

use crate::data::DataFolder;
use crate::feed::LogFeed;
use crate::identity::Identities;
use crate::nickname::Nicknames;
use crate::publisher::{News, Publisher, Topics};
use crate::readers::{Job, Readers};
use crate::wire::Limits;

/// How often it is looked for messages whose time has passed.
const SWEEP: Duration = Duration::from_secs(60);

/// How a space is run.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    /// How long messages stay in rooms that say nothing of their own.
    pub(crate) retention: Retention,
    /// Whether search finds the inside of words.
    pub(crate) parts_of_words: bool,
    /// The shortest time between two lines that tell who is in a room.
    pub(crate) presence_interval: Duration,
}

/// Why a space does not open.
#[derive(Debug)]
pub(crate) enum SpaceError {
    Data(Trouble),
    Search(SearchError),
    Thread(io::Error),
}

impl fmt::Display for SpaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpaceError::Data(trouble) => trouble.fmt(f),
            SpaceError::Search(error) => error.fmt(f),
            SpaceError::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}

/// A community.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) options: Options,
    pub(crate) identities: Identities,
    /// The lobby in the tutorial's plain text.
    pub(crate) text: Topic,
    publisher: Publisher,
    nicknames: Mutex<Nicknames>,
    core: Core,
}

/// What has threads, in the order in which it ends.
struct Core {
    chat: Option<Arc<Chat>>,
    readers: Readers,
    search: Search,
    indexer: Option<Arc<Indexer>>,
    publishing: Option<JoinHandle<()>>,
    sweeping: Option<(std::sync::mpsc::Sender<()>, JoinHandle<()>)>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.readers.fmt(f)
    }
}

impl Space {
    /// Opens the data and starts what works on it.
    pub(crate) fn open(data: &DataFolder, options: Options) -> Result<Arc<Self>, SpaceError> {
        let storage =
            Sqlite::open(data.chat_file(), storage::Options::default()).map_err(SpaceError::Data)?;
        let log = LocalLog::open(storage).map_err(SpaceError::Data)?;
        let (publisher, inbox) = Publisher::new();
        let indexer = Arc::new(OnceLock::<Weak<Indexer>>::new());
        let listener = {
            let (publisher, indexer) = (publisher.clone(), Arc::clone(&indexer));
            move |outcomes: &[parlor_chat::Outcome]| {
                publisher.tell_outcomes(outcomes);
                if let Some(indexer) = indexer.get().and_then(Weak::upgrade) {
                    indexer.wake();
                }
            }
        };
        let chat = Arc::new(Chat::start(log, Box::new(listener)).map_err(SpaceError::Data)?);
        let mut index = parlor_chat::search::Options::new(data.search_file());
        index.parts_of_words = options.parts_of_words;
        let started = Indexer::start(index, LogFeed(Arc::clone(&chat))).map_err(SpaceError::Search)?;
        let (running, search) = (Arc::new(started.0), started.1);
        // It is set once, here.
        let _ = indexer.set(Arc::downgrade(&running));
        let topics = Topics { text: Topic::new(), everyone: Topic::new() };
        let text = topics.text.clone();
        let publishing = publisher
            .start(inbox, Arc::clone(&chat), topics, options.presence_interval)
            .map_err(SpaceError::Thread)?;
        keep_for(&chat, options.retention).map_err(SpaceError::Data)?;
        let core = Core {
            readers: Readers::start().map_err(SpaceError::Thread)?,
            search,
            indexer: Some(running),
            publishing: Some(publishing),
            sweeping: Some(start_sweeping(Arc::clone(&chat)).map_err(SpaceError::Thread)?),
            chat: Some(chat),
        };
        let identities = Identities::new(data.secret());
        let nicknames = Mutex::default();
        Ok(Arc::new(Space { options, identities, text, publisher, nicknames, core }))
    }

    pub(crate) fn chat(&self) -> &Chat {
        self.core.chat.as_ref().expect("it is there until the space is dropped")
    }

    /// Whether somebody was here and is gone for good.
    pub(crate) fn has_gone(&self, person: PersonId) -> bool {
        let found = self.chat().view(PersonId::SERVER, |view| Ok(view.person(person)?));
        matches!(found, Ok(Some(found)) if !found.is_here)
    }

    pub(crate) fn search(&self) -> &Search {
        &self.core.search
    }

    /// Hands in a wish; `answer` is called once, on the thread of the log or, if it is not taken, on this one.
    pub(crate) fn propose(
        &self,
        proposal: Proposal,
        answer: impl FnOnce(Result<&parlor_chat::Outcome, Trouble>) + Send + 'static,
    ) {
        self.chat().submit(proposal, Box::new(answer));
    }

    /// Has something read beside the event loops.
    pub(crate) fn read(&self, job: Job) {
        self.core.readers.run(job);
    }

    pub(crate) fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    pub(crate) fn tell(&self, news: News) {
        self.publisher.tell(news);
    }

    /// Answers a connection, in the order of what it is told else.
    pub(crate) fn answer(&self, ws: &WebSocket, line: String) {
        self.tell(News::Answer { ws: ws.clone(), line });
    }

    /// The nicknames of those who are here and are not in the log.
    pub(crate) fn with_nicknames<T>(&self, run: impl FnOnce(&mut Nicknames) -> T) -> T {
        run(&mut self.nicknames.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.sweeping.take() {
            drop(end);
            // Its panic has been printed; stopping goes on.
            let _ = thread.join();
        }
        self.readers.stop();
        drop(self.indexer.take());
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.publisher.tell(News::Stop);
        if let Some(thread) = self.core.publishing.take() {
            // Its panic has been printed; stopping goes on.
            let _ = thread.join();
        }
    }
}

/// Makes the configured retention the one in force; it changes nothing if it is so already.
fn keep_for(chat: &Chat, retention: Retention) -> Result<(), Trouble> {
    let action = Action::SetServerRetention { retention };
    let proposal = Proposal { at: Timestamp::now(), by: PersonId::SERVER, key: None, action };
    chat.ask(proposal)?;
    Ok(())
}

/// Looks once a minute for what is to be erased, until its sender is dropped.
fn start_sweeping(chat: Arc<Chat>) -> io::Result<(std::sync::mpsc::Sender<()>, JoinHandle<()>)> {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let run = move || {
        while ended.recv_timeout(SWEEP) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            if let Err(Failure::Trouble(trouble)) = sweep(&chat, Timestamp::now()) {
                // It is tried again in a minute.
                eprintln!("parlor: messages whose time has passed cannot be erased: {trouble}");
            }
        }
    };
    let thread = std::thread::Builder::new().name("retention".into()).spawn(run)?;
    Ok((end, thread))
}
