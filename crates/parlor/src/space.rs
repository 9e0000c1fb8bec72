//! A community's half of the ring behind the sessions: log and state, search, the publisher, and who reads for whom.

mod succession;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parlor_chat::log::LocalLog;
use parlor_chat::search::{Indexer, Search, SearchError};
use parlor_chat::storage::{self, Sqlite};
use parlor_chat::view::View;
use parlor_chat::{
    Action, Chat, Door, Failure, Listener, Order, Outcome, PersonId, Proposal, Receipt, Retention,
    SecretHash, SessionId, Timestamp, Trouble, sweep,
};
use parlor_jetstream::SharedFiles;
use websocket_hub::{Topic, WebSocket};

use crate::account::{Challenges, Derive, Passwords, Seal};
use crate::counters::Counters;
use crate::data::DataFolder;
use crate::feed::LogFeed;
use crate::files::{self, Files, FilesError};
use crate::gate::{Gate, trouble_of};
use crate::identity::{Identities, Signed, new_secret};
use crate::nickname::Nicknames;
use crate::providers::Providers;
use crate::publisher::{News, Publisher, Topics};
use crate::readers::{Job, Readers};
use crate::spending::Spending;
use crate::wire::Limits;

/// How often it is looked for messages whose time has passed.
const SWEEP: Duration = Duration::from_secs(60);

/// How a space is run.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    /// What files are taken.
    pub(crate) files: files::Options,
    /// How long messages stay in rooms that say nothing of their own.
    pub(crate) retention: Retention,
    /// Who is let in, until an owner says otherwise.
    pub(crate) door: Door,
    /// How long it is kept where somebody came from.
    pub(crate) keep_origins: Duration,
    /// How many new guests may come from one address at once.
    pub(crate) guests_at_once: u32,
    /// Whether search finds the inside of words.
    pub(crate) parts_of_words: bool,
    /// The shortest time between two lines that tell who is in a room.
    pub(crate) presence_interval: Duration,
    /// The sites that people may sign in by.
    pub(crate) providers: Arc<Providers>,
    /// Connections of a server before are awaited, and nobody is told anything until they are there.
    pub(crate) resumes: bool,
}

/// Why a space does not open.
#[derive(Debug)]
pub(crate) enum SpaceError {
    Data(Trouble),
    Search(SearchError),
    Files(FilesError),
    Thread(io::Error),
}

impl fmt::Display for SpaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpaceError::Data(trouble) => trouble.fmt(f),
            SpaceError::Search(error) => error.fmt(f),
            SpaceError::Files(error) => error.fmt(f),
            SpaceError::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}

/// What is known of whom somebody shows to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They were given a token and have not come yet.
    Unknown,
    SignedIn,
    /// The session has ended.
    SignedOut,
    /// They are gone for good.
    Gone,
}

impl Standing {
    pub(crate) fn of(view: &View<'_>, signed: Signed) -> Result<Self, Trouble> {
        Ok(match view.person(signed.person)? {
            None if signed.session == SessionId::GUEST => Standing::Unknown,
            None => Standing::Gone,
            // Whoever waits is told so by the welcome.
            Some(found) if found.waits => Standing::SignedIn,
            Some(found) if !found.is_here => Standing::Gone,
            Some(_) if view.is_signed_in(signed.person, signed.session)? => Standing::SignedIn,
            Some(_) => Standing::SignedOut,
        })
    }
}

/// A community.
pub(crate) struct Space {
    pub(crate) options: Options,
    pub(crate) identities: Identities,
    pub(crate) passwords: Passwords,
    pub(crate) challenges: Challenges,
    pub(crate) seal: Seal,
    pub(crate) derive: Derive,
    pub(crate) files: Arc<Files>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) counters: Arc<Counters>,
    /// The lobby in the tutorial's plain text.
    pub(crate) text: Topic,
    publisher: Publisher,
    nicknames: Mutex<Nicknames>,
    chat: Arc<Chat>,
    readers: Readers,
    /// Connections whose questions are not answered yet.
    asking: Mutex<HashSet<u64>>,
    search: Search,
    /// What ends when the space is stopped.
    running: Mutex<Option<Running>>,
}

/// What works by itself, besides the log's own thread and the readers.
struct Running {
    indexer: Arc<Indexer>,
    publishing: JoinHandle<()>,
    sweeping: (std::sync::mpsc::Sender<()>, JoinHandle<()>),
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Space {
    /// Opens the data and starts what works on it.
    pub(crate) fn open(data: &DataFolder, options: Options) -> Result<Arc<Self>, SpaceError> {
        let storage =
            Sqlite::open(data.chat_file(), storage::Options::default()).map_err(SpaceError::Data)?;
        let log = LocalLog::open(storage).map_err(SpaceError::Data)?;
        Self::open_on(data, options, None, |listener, _| Chat::start(log, listener))
    }

    /// Starts what works on a chat that is started with its listener. With files that nodes share it waits for the network,
    /// on a thread that may.
    pub(crate) fn open_on(
        data: &DataFolder,
        options: Options,
        shared: Option<SharedFiles>,
        start: impl FnOnce(Listener, &Publisher) -> Result<Chat, Trouble>,
    ) -> Result<Arc<Self>, SpaceError> {
        let publisher = Publisher::new();
        let readers = Arc::new(OnceLock::<(Weak<Indexer>, Weak<Files>)>::new());
        let listener = {
            let (publisher, readers) = (publisher.clone(), Arc::clone(&readers));
            move |outcomes: &[parlor_chat::Outcome]| {
                publisher.tell_outcomes(outcomes);
                let Some((indexer, files)) = readers.get() else { return };
                indexer.upgrade().inspect(|indexer| indexer.wake());
                files.upgrade().inspect(|files| files.hear(outcomes));
            }
        };
        let chat = Arc::new(start(Box::new(listener), &publisher).map_err(SpaceError::Data)?);
        let opened = chat.view(PersonId::SERVER, |view| Ok(view.position()?));
        let opened = opened.map_err(|failure| SpaceError::Data(trouble_of(failure)))?;
        let mut index = parlor_chat::search::Options::new(data.search_file());
        index.parts_of_words = options.parts_of_words;
        let started = Indexer::start(index, LogFeed(Arc::clone(&chat))).map_err(SpaceError::Search)?;
        let (running, search) = (Arc::new(started.0), started.1);
        let (folder, database) = (data.files_folder(), data.files_database());
        let files = Files::open(folder, database, options.files, Arc::clone(&chat), shared);
        let files = files.map_err(SpaceError::Files)?;
        // It is set once, here.
        let _ = readers.set((Arc::downgrade(&running), Arc::downgrade(&files)));
        begin(&chat, options.door, options.retention).map_err(SpaceError::Data)?;
        let spending = Arc::<Spending>::default();
        let gate = Gate::new(data.secret(), options.guests_at_once, Arc::clone(&spending), &chat);
        let gate = gate.map(Arc::new).map_err(SpaceError::Data)?;
        let counters = Counters::new(data.secret(), &options.limits, Arc::clone(&gate), spending);
        let counters = Arc::new(counters);
        let text = Topic::new();
        let topics = Topics { text: text.clone(), everyone: Topic::new() };
        let resumes = options.resumes.then_some(opened);
        let publishing = publisher
            .start(Arc::clone(&chat), topics, options.presence_interval, Arc::clone(&counters), resumes)
            .map_err(SpaceError::Thread)?;
        let sweeping = start_sweeping(Arc::clone(&chat), options.keep_origins).map_err(SpaceError::Thread)?;
        Ok(Arc::new(Space {
            options,
            identities: Identities::new(data.secret()),
            passwords: Passwords::start().map_err(SpaceError::Thread)?,
            challenges: Challenges::default(),
            seal: Seal::new(data.secret()),
            derive: Derive::new(data.secret()),
            files,
            counters,
            gate,
            text,
            publisher,
            nicknames: Mutex::default(),
            asking: Mutex::default(),
            chat,
            readers: Readers::start().map_err(SpaceError::Thread)?,
            search,
            running: Mutex::new(Some(Running { indexer: running, publishing, sweeping })),
        }))
    }

    /// Tells other nodes, if there are any, that the people of this one will be elsewhere soon. To be called before
    /// their connections are closed.
    pub(crate) fn say_goodbye(&self) {
        self.tell(News::Goodbye);
    }

    /// Ends all threads. What was handed in before is durable then, and told; what comes later is refused, or not
    /// answered if it is a question.
    pub(crate) fn stop(&self) {
        self.end(|| ());
    }

    /// Ends all threads; `last` is run when everything was told, before the publisher ends.
    fn end(&self, last: impl FnOnce()) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { indexer, publishing, sweeping: (end, sweeping) }) = running else { return };
        drop(end);
        // Panics of threads have been printed; stopping goes on.
        let _ = sweeping.join();
        self.files.stop();
        self.readers.stop();
        // The log is closed with this.
        drop(self.chat.stop());
        drop(indexer);
        last();
        self.tell(News::Stop);
        let _ = publishing.join();
    }

    pub(crate) fn chat(&self) -> &Chat {
        &self.chat
    }

    /// What is known of whom somebody shows to be.
    pub(crate) fn standing(&self, signed: Signed) -> Result<Standing, Failure> {
        self.chat().view(PersonId::SERVER, |view| Ok(Standing::of(view, signed)?))
    }

    /// Has something read beside the event loops, as the server sees it, and waits for it.
    pub(crate) async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&View<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.look_as(PersonId::SERVER, false, look).await
    }

    /// Has something read beside the event loops, as somebody sees it, and waits for it. What reads long, such as a
    /// search, leaves threads to those who read shortly.
    pub(crate) async fn look_as<T: Send + 'static>(
        self: &Arc<Self>,
        asker: PersonId,
        reads_long: bool,
        look: impl FnOnce(&View<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let space = Arc::clone(self);
        let job = Job::new(move || {
            // Whoever asked may have closed the connection.
            let _ = answer.send(space.chat().view(asker, look));
        });
        self.read(Job { searches: reads_long, ..job });
        answered.await.unwrap_or(Err(Failure::Trouble(Trouble::Stopped)))
    }

    /// Hands in a wish, and waits until what became of it is durable.
    pub(crate) async fn ask(&self, by: PersonId, action: Action) -> Result<Receipt, Failure> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let proposal = Proposal { at: Timestamp::now(), by, key: None, action };
        let tell = move |outcome: Result<&Outcome, Trouble>| {
            // Whoever asked may have closed the connection.
            let _ = answer.send(outcome.map(|outcome| outcome.verdict));
        };
        self.propose(proposal, tell);
        let verdict = answered.await.unwrap_or(Err(Trouble::Stopped)).map_err(Failure::Trouble)?;
        verdict.map_err(Failure::Refused)
    }

    pub(crate) fn search(&self) -> &Search {
        &self.search
    }

    /// Offers the server, while it has no owner, to whoever knows a new secret. The secrets of earlier starts are of no
    /// use from then on.
    pub(crate) fn offer_ownership(&self) -> Result<Option<String>, Trouble> {
        let has_owner = self.chat().view(PersonId::SERVER, |view| Ok(view.has_owner()?));
        if has_owner.map_err(trouble_of)? {
            return Ok(None);
        }
        let secret = new_secret();
        let order = Order::OfferOwnership { secret: SecretHash::of(&secret) };
        let (at, by, action) = (Timestamp::now(), PersonId::SERVER, Action::Order { order });
        let outcome = self.chat().ask(Proposal { at, by, key: None, action })?;
        Ok(outcome.verdict.is_ok().then_some(secret))
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
        self.readers.run(job);
    }

    pub(crate) fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    pub(crate) fn tell(&self, news: News) {
        self.publisher.tell(news);
    }

    /// Answers a connection whose wish is durable, in front of the batch that it is part of.
    pub(crate) fn answer_durable(&self, ws: &WebSocket, line: String) {
        self.publisher.tell_before_batch(News::Answer { ws: ws.clone(), line });
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

impl Drop for Space {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Makes the configured retention the one in force, and the configured door where there is none yet. Nothing is
/// proposed if it is so already.
fn begin(chat: &Chat, door: Door, retention: Retention) -> Result<(), Trouble> {
    let propose = |action| {
        chat.ask(Proposal { at: Timestamp::now(), by: PersonId::SERVER, key: None, action }).map(drop)
    };
    let found = chat.view(PersonId::SERVER, |view| Ok((view.server_retention()?, view.is_door_set()?)));
    let (in_force, is_door_set) = found.map_err(trouble_of)?;
    if in_force != retention {
        propose(Action::SetServerRetention { retention })?;
    }
    if is_door_set { Ok(()) } else { propose(Action::Order { order: Order::SetDoor { door } }) }
}

/// Looks once a minute for what is to be erased, until its sender is dropped.
fn start_sweeping(
    chat: Arc<Chat>,
    keep_origins: Duration,
) -> io::Result<(std::sync::mpsc::Sender<()>, JoinHandle<()>)> {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let keep_origins = u64::try_from(keep_origins.as_millis()).unwrap_or(u64::MAX);
    let run = move || {
        while ended.recv_timeout(SWEEP) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            if let Err(Failure::Trouble(trouble)) = sweep(&chat, Timestamp::now(), keep_origins) {
                // It is tried again in a minute.
                eprintln!("parlor: messages whose time has passed cannot be erased: {trouble}");
            }
        }
    };
    let thread = std::thread::Builder::new().name("retention".into()).spawn(run)?;
    Ok((end, thread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn open(folder: &Scratch) -> Arc<Space> {
        let limits = Limits { text: 100, file_octets: 0, requests_per_second: 10, request_burst: 10 };
        let options = Options {
            limits,
            files: files::Options {
                largest: 0,
                a_day: 0,
                all: None,
                keep_unclaimed: Duration::from_secs(1),
                at_once: 1,
            },
            retention: Retention::Forever,
            door: Door::Open,
            keep_origins: Duration::from_secs(60),
            guests_at_once: 20,
            parts_of_words: false,
            presence_interval: Duration::from_secs(1),
            providers: Arc::default(),
            resumes: false,
        };
        Space::open(&DataFolder::open(folder.path()).unwrap(), options).unwrap()
    }

    fn arrive(space: &Space, number: u64) -> Result<(), Trouble> {
        let action =
            Action::Arrive { nickname: format!("user-{number}"), from: parlor_chat::Origin::default() };
        let proposal = Proposal { at: Timestamp::now(), by: PersonId(number), key: None, action };
        space.chat().ask(proposal).map(|outcome| _ = outcome.verdict.unwrap())
    }

    #[test]
    fn what_was_taken_before_the_end_is_there_and_nothing_is_taken_afterwards() {
        let folder = Scratch::new();
        let space = open(&folder);
        arrive(&space, 1).unwrap();
        space.stop();
        assert_eq!(arrive(&space, 2), Err(Trouble::Stopped));
        space.stop();
        drop(space);
        let space = open(&folder);
        let here = |person| space.chat().view(PersonId::SERVER, |view| Ok(view.person(PersonId(person))?));
        assert!(here(1).unwrap().is_some());
        assert!(here(2).unwrap().is_none());
    }

    #[test]
    fn starting_again_with_the_same_settings_adds_nothing_to_the_log() {
        let folder = Scratch::new();
        let position = || {
            let space = open(&folder);
            space.chat().view(PersonId::SERVER, |view| Ok(view.position()?)).unwrap()
        };
        let first = position();
        assert_eq!(position(), first);
    }
}
