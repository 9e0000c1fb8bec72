//! Files that people share: octets on the disk, and beside the log what is known of them.
//!
//! The log knows nothing of files: messages name them by their addresses, and a thread reads the log's tail to learn
//! which ([`following`]). In front of each file's octets stands what is known of it ([`about`]), so that the database
//! ([`known`]) can be made anew from the folder and the log.
//!
//! The nodes of a cluster share their files ([`shared`]): the folder of each has what was brought to it, and copies of what
//! somebody asked it for.

mod about;
mod bell;
mod counted;
mod error;
mod exchange;
mod following;
mod id;
mod jpeg;
mod kind;
mod known;
mod links;
mod name;
mod seen;
mod settling;
mod shared;
mod together;
mod unfit;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use parlor_chat::{Chat, Entry, Outcome, PersonId, Place, Position, Timestamp, Trouble};
use parlor_jetstream::SharedFiles;

pub(crate) use about::{About, HEAD};
use bell::Bell;
use counted::{Counted, day};
pub(crate) use error::FilesError;
use exchange::Rounds;
use following::Change;
pub(crate) use id::FileId;
use known::Ledger;
pub(crate) use name::{decoded, encoded};
pub(crate) use seen::{may_bring, may_have};
use settling::Settled;
use together::Waiting;
pub(crate) use unfit::Unfit;
pub(crate) use upload::{Upload, Wish};

/// Entries of the log that are read at once.
const AT_ONCE: usize = 2_000;

/// What holds for files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Octets of one file; 0 lets nobody bring any.
    pub(crate) largest: u64,
    /// Octets that one person may bring on a day.
    pub(crate) a_day: u64,
    /// Octets of all files, if they have a limit besides the disk's.
    pub(crate) all: Option<u64>,
    /// How long a file stays that no message names.
    pub(crate) keep_unclaimed: Duration,
    /// How many files one person may bring at once.
    pub(crate) at_once: u32,
}

/// The folder of files, the database about them, and the thread that follows the log.
pub(crate) struct Files {
    options: Options,
    folder: PathBuf,
    chat: Arc<Chat>,
    counted: Arc<Counted>,
    known: Mutex<Known>,
    heard: Mutex<Heard>,
    bell: Bell,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// What all nodes have, if this one is not alone.
    shared: Option<SharedFiles>,
    /// Files of the folder that may have to be put there.
    lacking: Mutex<BTreeSet<FileId>>,
    waiting: Waiting,
}

/// What is known, and up to where in the log.
struct Known {
    ledger: Ledger,
    position: Position,
    /// The place that is written down.
    written: Position,
    /// Up to there the log names no files that are shared and not known.
    sure: Position,
}

impl Known {
    /// Notes down what the log says up to a place, or up to what names files of which other nodes may know.
    fn note(&mut self, changes: &[(Position, Change)], last: Position) -> Result<(), FilesError> {
        let (mut count, mut up_to) = (changes.len(), last);
        for (at, (position, change)) in changes.iter().enumerate() {
            if *position > self.sure && change.names_unknown(&self.ledger)? {
                (count, up_to) = (at, Position(position.0 - 1));
                break;
            }
        }
        self.written = following::follow(&self.ledger, &changes[..count], up_to, self.written)?;
        self.position = up_to;
        Ok(())
    }
}

/// What is found of a file.
pub(crate) enum Found {
    /// It is there, and these messages name it, the newest first.
    There(About, Vec<Place>),
    Nothing,
    /// Other nodes may know more: [`Files::look_further`] asks.
    Unsure,
}

/// What was said about files and is not known yet, by its place in the log: what is erased there before it is read would
/// leave a file behind as if no message had ever named it.
type Heard = BTreeMap<Position, Change>;

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Files {
    /// Opens the folder and the database, settles one against the other, and starts to follow the log. With files that
    /// nodes share it waits for the network, on a thread that may.
    pub(crate) fn open(
        folder: PathBuf,
        database: PathBuf,
        options: Options,
        chat: Arc<Chat>,
        shared: Option<SharedFiles>,
    ) -> Result<Arc<Self>, FilesError> {
        let Settled { ledger, position, sure, lacking } =
            settling::open(&folder, &database, &chat, shared.as_ref())?;
        let today = day(Timestamp::now());
        let counted = Arc::new(Counted::new(options, ledger.octets()?, today, ledger.spent(today)?));
        let known = Mutex::new(Known { ledger, position, written: position, sure });
        let (heard, bell, thread) = (Mutex::default(), Bell::default(), Mutex::default());
        let (lacking, waiting) = (Mutex::new(lacking), Waiting::default());
        let files =
            Files { options, folder, chat, counted, known, heard, bell, thread, shared, lacking, waiting };
        let files = Arc::new(files);
        // What happened while nobody followed, before anybody asks.
        match files.follow() {
            // It is done once they can be asked.
            Err(FilesError::Log(Trouble::Unreachable(_))) => {}
            result => result?,
        }
        files.bell.ring();
        let follower = Arc::clone(&files);
        let thread = std::thread::Builder::new().name("files".into()).spawn(move || follower.run())?;
        *files.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(files)
    }

    /// Hears what the log has new. It costs next to nothing where no message names a file.
    pub(crate) fn hear(&self, outcomes: &[Outcome]) {
        let events = outcomes.iter().filter_map(|outcome| outcome.event.as_ref());
        let said = events.filter_map(|event| Some((event.position, Change::of_text(event)?)));
        let said: Vec<_> = said.collect();
        if !said.is_empty() {
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
        }
        self.bell.ring();
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.bell.end();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Its panic has been printed; stopping goes on.
            let _ = thread.join();
        }
    }

    /// Octets of the largest file that is taken; 0 if none is.
    pub(crate) fn largest(&self) -> u64 {
        self.options.largest
    }

    /// Begins to take a file. It blocks, as everything from here on does.
    pub(crate) fn begin(self: &Arc<Self>, wish: Wish) -> Result<Upload, Unfit> {
        Upload::begin(Arc::clone(self), wish)
    }

    /// What is found of a file as of now. `has_asked` says that other nodes were asked a moment ago.
    pub(crate) fn find(&self, id: FileId, has_asked: bool) -> Result<Found, FilesError> {
        let mut known = self.lock();
        let Some(about) = known.ledger.find(id)? else {
            let is_all = self.shared.is_none() || has_asked;
            return Ok(if is_all { Found::Nothing } else { Found::Unsure });
        };
        let claims = known.ledger.claims(id)?;
        if !claims.is_empty() {
            return Ok(Found::There(about, claims));
        }
        // Somebody may have read the message before the thread has.
        if !self.catch_up(&mut known)? {
            return Ok(Found::Unsure);
        }
        let Some(about) = known.ledger.find(id)? else { return Ok(Found::Nothing) };
        Ok(Found::There(about, known.ledger.claims(id)?))
    }

    /// Somebody's files, oldest first.
    pub(crate) fn of(&self, owner: PersonId) -> Result<Vec<(FileId, About)>, FilesError> {
        self.lock().ledger.of(owner)
    }

    /// Opens a file, whose octets begin at [`HEAD`]; nothing if it is not in the folder.
    pub(crate) fn read(&self, id: FileId) -> Result<Option<fs::File>, FilesError> {
        match fs::File::open(self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => Ok(Some(file?)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: FileId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Where a file is while it comes.
    fn part(&self, id: FileId) -> PathBuf {
        self.folder.join(format!("{id}{}", settling::UNFINISHED))
    }

    /// Notes down a file whose octets are on the disk.
    fn note(&self, id: FileId, about: &About, (day, octets): (u64, u64)) -> Result<(), FilesError> {
        // The name of a file is durable once its folder is.
        fs::File::open(&self.folder)?.sync_all()?;
        let mut known = self.lock();
        let position = known.position;
        known.ledger.atomically(|ledger| {
            ledger.add(id, about, about.at)?;
            // As long as there was no file, it was not written how far the log was looked at.
            ledger.set_position(position)?;
            ledger.spend(about.owner, day, octets)
        })?;
        known.written = position;
        Ok(())
    }

    /// What was begun and cannot be brought to its end leaves nothing with other nodes.
    fn abandon(&self, id: FileId) -> Result<(), FilesError> {
        if self.shared.is_some() {
            let known = self.lock();
            known.ledger.atomically(|ledger| ledger.leave(id))?;
            self.bell.ring();
        }
        Ok(())
    }

    /// Reads what the log has that is not known yet. Returns whether that is all: it stops before what names files that
    /// other nodes may have been brought.
    fn catch_up(&self, known: &mut Known) -> Result<bool, FilesError> {
        if self.shared.is_none() && known.ledger.is_empty()? {
            // Before the place is read: what is said after it may be about a file that comes now.
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
            // Nothing that was said before a file came can be about it.
            known.position = ends(&self.chat)?;
            return Ok(true);
        }
        loop {
            let entries = self.chat.tail(known.position, AT_ONCE)?;
            let Some(last) = entries.last() else { return Ok(true) };
            let mut changes = self.changes(&entries, last.position);
            let noted = known.note(&changes, last.position);
            // What is not noted down is heard again.
            let later = changes.split_off(changes.partition_point(|(at, _)| *at <= known.position));
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(later);
            noted?;
            if known.position < last.position {
                return Ok(false);
            }
        }
    }

    /// What entries up to a place say about files, as it was said if that was heard.
    fn changes(&self, entries: &[Entry], last: Position) -> Vec<(Position, Change)> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let later = heard.split_off(&last.next());
        let mut heard = std::mem::replace(&mut *heard, later);
        let change = |entry: &Entry| {
            let said = heard.remove(&entry.position);
            let change = said.or_else(|| entry.event.as_ref().and_then(Change::of))?;
            Some((entry.position, change))
        };
        entries.iter().filter_map(change).collect()
    }

    /// Follows the log, and removes what is nobody's any more.
    fn follow(&self) -> Result<(), FilesError> {
        let mut known = self.lock();
        while !self.catch_up(&mut known)? {
            drop(known);
            self.learn()?;
            known = self.lock();
        }
        let kept = u64::try_from(self.options.keep_unclaimed.as_millis()).unwrap_or(u64::MAX);
        let before = Timestamp(Timestamp::now().0.saturating_sub(kept));
        let unclaimed = known.ledger.unclaimed(before)?;
        if !unclaimed.is_empty() {
            known.ledger.atomically(|ledger| unclaimed.iter().try_for_each(|id| ledger.leave(*id)))?;
        }
        let leaving = known.ledger.leaving()?;
        drop(known);
        self.remove(&leaving)
    }

    /// Removes files from the folder.
    fn remove(&self, leaving: &BTreeMap<FileId, u64>) -> Result<(), FilesError> {
        if leaving.is_empty() {
            return Ok(());
        }
        for id in leaving.keys() {
            match fs::remove_file(self.path(*id)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        fs::File::open(&self.folder)?.sync_all()?;
        // What is shared has left once the servers have it no longer.
        if self.shared.is_none() { self.left(leaving) } else { Ok(()) }
    }

    /// Notes down that files are nowhere any more.
    fn left(&self, gone: &BTreeMap<FileId, u64>) -> Result<(), FilesError> {
        let known = self.lock();
        known.ledger.atomically(|ledger| gone.keys().try_for_each(|id| ledger.left(*id)))?;
        known.ledger.scrub()?;
        gone.values().for_each(|size| self.counted.gone(*size));
        Ok(())
    }

    fn run(&self) {
        let mut rounds = Rounds::begin();
        while self.bell.wait() {
            self.look_after(&mut rounds);
            if let Err(error) = self.follow().and_then(|()| self.exchange()) {
                // It is tried again in a minute, or when there is something new.
                tracing::error!(%error, "files that nobody names any more cannot be removed");
            }
        }
    }
}

/// The place at which the log ends.
fn ends(chat: &Chat) -> Result<Position, FilesError> {
    chat.read(|state| {
        let view = parlor_chat::view::View::new(state, PersonId::SERVER);
        view.and_then(|view| Ok(view.position()?)).map_err(crate::gate::trouble_of)
    })
    .map_err(FilesError::Log)
}
