//! A chat in memory with an index: says things, and finds them.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlor_chat::search::{
    Batch, Bounds, Change, Clock, Directory, Feed, Hit, Indexer, Options, PAGE, Page, Query, Readable,
    Request, Search, Texts,
};
use parlor_chat::{PersonId, Place, Position, RoomId, Sequence, Timestamp};

/// Longer than anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// How often the log is read: a test has no time.
pub(crate) const BREATH: Duration = Duration::from_millis(5);
/// When things are said unless a test says otherwise: 2026-11-21 17:00 in UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_280_400_000);
/// The room in which things are said unless a test says otherwise.
pub(crate) const ROOM: RoomId = RoomId(1);

/// What was said and what happened to it: the log, and the texts as they are now.
#[derive(Default)]
pub(crate) struct Chat {
    pub(crate) changes: Vec<(Position, Change)>,
    pub(crate) texts: HashMap<Place, String>,
    pub(crate) last: HashMap<RoomId, u64>,
    /// From which positions the log was read.
    pub(crate) reads: Vec<Position>,
    /// Why the log cannot be read, if it cannot.
    pub(crate) trouble: Option<String>,
    /// Messages whose texts were asked for.
    pub(crate) asked: Vec<Place>,
}

#[derive(Clone, Default)]
pub(crate) struct Shared(pub(crate) Arc<Mutex<Chat>>);

impl Feed for Shared {
    fn after(&mut self, position: Position, most: usize) -> Result<Batch, Box<dyn Error + Send + Sync>> {
        let mut chat = self.0.lock().unwrap();
        chat.reads.push(position);
        if let Some(trouble) = &chat.trouble {
            return Err(trouble.clone().into());
        }
        let from = chat.changes.partition_point(|(at, _)| *at <= position);
        let changes: Vec<_> = chat.changes[from..].iter().take(most).cloned().collect();
        let up_to = changes.last().map_or(position, |(at, _)| *at);
        Ok(Batch { changes, up_to })
    }
}

impl Texts for Shared {
    fn text(&self, message: Place) -> Option<String> {
        let mut chat = self.0.lock().unwrap();
        chat.asked.push(message);
        chat.texts.get(&message).cloned()
    }
}

impl Directory for Shared {
    fn person(&self, name: &str) -> Option<PersonId> {
        ["anna", "bela", "carl"].iter().position(|known| *known == name).map(|at| PersonId(at as u64 + 1))
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        ["lobby", "garden", "attic"].iter().position(|known| *known == name).map(|at| RoomId(at as u64 + 1))
    }
}

/// A folder that goes away with its test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parlor-search-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("search.db")
    }

    /// The octets of everything in it.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.0).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct World {
    pub(crate) chat: Shared,
    pub(crate) indexer: Indexer,
    pub(crate) search: Search,
    pub(crate) folder: Folder,
}

pub(crate) fn start(path: &Path, parts_of_words: bool, chat: &Shared) -> (Indexer, Search) {
    let options = Options { parts_of_words, pause: BREATH, ..Options::new(path) };
    Indexer::start(options, chat.clone()).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_parts_of_words(false)
    }

    pub(crate) fn with_parts_of_words(parts_of_words: bool) -> Self {
        let (chat, folder) = (Shared::default(), Folder::new());
        let (indexer, search) = start(&folder.file(), parts_of_words, &chat);
        World { chat, indexer, search, folder }
    }

    /// Stops the indexer, lets something be done to the file, and starts it again.
    pub(crate) fn restart(&mut self, parts_of_words: bool, meanwhile: impl FnOnce(&Path)) {
        let nowhere = Folder::new();
        (self.indexer, self.search) = start(&nowhere.file(), false, &Shared::default());
        meanwhile(&self.folder.file());
        (self.indexer, self.search) = start(&self.folder.file(), parts_of_words, &self.chat);
    }

    /// Adds to the log.
    pub(crate) fn log(&self, change: Change) -> Position {
        let mut chat = self.chat.0.lock().unwrap();
        match &change {
            Change::Posted { message, text, .. } | Change::Edited { message, text } => {
                chat.texts.insert(*message, text.clone());
            }
            Change::Erased { message } => {
                chat.texts.remove(message);
            }
            _ => {}
        }
        let position = chat.changes.last().map_or(Position(1), |(last, _)| last.next());
        chat.changes.push((position, change));
        position
    }

    /// Says something in a room, by a person, at a time.
    pub(crate) fn post(&self, room: RoomId, author: u64, at: Timestamp, text: &str) -> Place {
        let sequence = {
            let mut chat = self.chat.0.lock().unwrap();
            let last = chat.last.entry(room).or_default();
            *last += 1;
            Sequence(*last)
        };
        let message = Place { room, sequence };
        let (author, text) = (PersonId(author), text.to_owned());
        self.log(Change::Posted { message, author, at, text, thread: false, file: false });
        message
    }

    pub(crate) fn say(&self, text: &str) -> Place {
        self.post(ROOM, 1, NOW, text)
    }

    /// Waits until the index knows everything.
    pub(crate) fn settle(&self) {
        let last = self.chat.0.lock().unwrap().changes.last().map_or(Position(0), |(last, _)| *last);
        assert!(self.indexer.wait_for(last, SOON), "{:?}", self.indexer.trouble());
    }

    /// Waits until nothing that was erased is left in the file.
    pub(crate) fn settle_erasure(&self) {
        self.settle();
        assert!(self.indexer.wait_for_erasure(self.indexer.position(), SOON), "{:?}", self.indexer.trouble());
    }

    pub(crate) fn parse(&self, query: &str) -> Query {
        Query::parse(query, &self.chat, &Clock { now: NOW, ahead: 0 }).unwrap()
    }

    pub(crate) fn page(
        &self,
        query: &str,
        readable: &Readable,
        cursor: Option<parlor_chat::search::Cursor>,
        limit: usize,
    ) -> Page {
        let query = self.parse(query);
        let request = Request { query: &query, readable, now: NOW, limit, cursor };
        self.search.find(request, &self.chat).unwrap()
    }

    /// Everything that a query finds in these rooms, page after page.
    pub(crate) fn find_in(&self, query: &str, readable: &Readable) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.page(query, readable, cursor, PAGE);
            hits.extend(page.hits);
            // As a client would: as text.
            cursor = page.next.map(|next| next.to_string().parse().unwrap());
            if cursor.is_none() {
                return hits;
            }
        }
    }

    /// The texts that a query finds in all rooms, best first.
    pub(crate) fn find(&self, query: &str) -> Vec<String> {
        let chat = self.chat.0.lock().unwrap();
        let readable = chat.last.keys().map(|room| (*room, Bounds::ALL)).collect();
        drop(chat);
        let hits = self.find_in(query, &readable);
        let chat = self.chat.0.lock().unwrap();
        hits.iter().map(|hit| chat.texts[&hit.message].clone()).collect()
    }
}
