//! Taking changes in: one transaction that moves the index from one position of the log to a later one.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::analysis::Analysis;
use super::blocks::{Blocks, Document};
use super::change::Change;
use super::error::SearchError;
use super::pages;
use super::places::Places;
use super::query::Mark;
use super::store::{self, About, signed};
use super::terms::{Feature, Term, Terms, has_code, has_link};
use crate::{PersonId, Place, Position, RoomId, Timestamp};

/// Octets of text after which a transaction ends, so that the terms of very long messages never fill the memory.
pub(super) const TEXT_AT_ONCE: usize = 4 << 20;

/// The latest time that a document can have, in milliseconds since 1970: past the year 10,000. A later one, which a
/// broken clock may have given, counts as this.
const LATEST: u64 = 1 << 48;

/// Takes in changes that end at a position. `parts` is whether parts of words can be found.
pub(super) fn apply(
    connection: &mut Connection,
    changes: Vec<(Position, Change)>,
    up_to: Position,
    parts: bool,
) -> Result<(), SearchError> {
    let mut changes = changes.into_iter().peekable();
    loop {
        let transaction = connection.transaction()?;
        let mut update = Update::new(&transaction, parts)?;
        let mut text = 0;
        let mut reached = up_to;
        while let Some((position, change)) = changes.next() {
            text += match &change {
                Change::Posted { text, .. } | Change::Edited { text, .. } => text.len(),
                _ => 0,
            };
            update.take(change)?;
            let position_ends = changes.peek().is_some_and(|(next, _)| *next != position);
            if text >= TEXT_AT_ONCE && position_ends {
                reached = position;
                break;
            }
        }
        update.end(reached)?;
        transaction.commit()?;
        if changes.peek().is_none() && reached == up_to {
            return Ok(());
        }
    }
}

struct Update<'c> {
    connection: &'c Transaction<'c>,
    about: About,
    parts: bool,
    /// The first document that this update makes.
    first: u32,
    blocks: Blocks,
    places: Places,
    /// For each term, the new documents that have it.
    postings: HashMap<Box<[u8]>, Vec<u32>>,
    terms: Terms,
    rooms: HashMap<RoomId, u32>,
    people: HashMap<PersonId, u32>,
    /// How many messages more or fewer there are in each room.
    messages: BTreeMap<u32, i64>,
    /// Documents that this update made and took away again.
    dropped: Vec<u32>,
}

impl<'c> Update<'c> {
    fn new(connection: &'c Transaction<'c>, parts: bool) -> Result<Self, SearchError> {
        let about = store::about(connection)?;
        Ok(Update {
            connection,
            about,
            parts,
            first: about.next_document,
            blocks: Blocks::default(),
            places: Places::default(),
            postings: HashMap::new(),
            terms: Terms::default(),
            rooms: HashMap::new(),
            people: HashMap::new(),
            messages: BTreeMap::new(),
            dropped: Vec::new(),
        })
    }

    fn take(&mut self, change: Change) -> Result<(), SearchError> {
        match change {
            Change::Posted { message, author, at, text, thread, file } => {
                let author = self.person(author)?;
                self.post(message, &text, (author, at), (thread, file))
            }
            Change::Edited { message, text } => self.edit(message, &text),
            Change::Erased { message } => self.erase(message),
            Change::Reacted { message } => self.mark(message, Mark::Reaction, 1),
            Change::Unreacted { message } => self.mark(message, Mark::Reaction, -1),
            Change::Pinned { message } => self.mark(message, Mark::Pin, 1),
            Change::Unpinned { message } => self.mark(message, Mark::Pin, -1),
        }
    }

    fn post(
        &mut self,
        message: Place,
        text: &str,
        (author, at): (u32, Timestamp),
        (thread, file): (bool, bool),
    ) -> Result<(), SearchError> {
        let room = self.room(message.room)?;
        let sequence = message.sequence.0;
        if self.places.get(self.connection, room, sequence)?.is_some() {
            // The log tells of a message once; whoever tells twice must not find it twice.
            return Ok(());
        }
        *self.messages.entry(room).or_default() += 1;
        self.add(Document { room, sequence, author, at: at.0.min(LATEST), thread, file }, text, false)?;
        Ok(())
    }

    fn edit(&mut self, message: Place, text: &str) -> Result<(), SearchError> {
        let room = self.room(message.room)?;
        let Some(old) = self.places.get(self.connection, room, message.sequence.0)? else { return Ok(()) };
        let Some(document) = self.withdraw(old)? else { return Ok(()) };
        let new = self.add(document, text, true)?;
        let mut statement = self
            .connection
            .prepare_cached("UPDATE marks SET document = ?2 WHERE mark IN (1, 2) AND document = ?1")?;
        statement.execute(params![old, new])?;
        Ok(())
    }

    fn erase(&mut self, message: Place) -> Result<(), SearchError> {
        let room = self.room(message.room)?;
        let place = (room, message.sequence.0);
        let Some(old) = self.places.set(self.connection, place, None)? else { return Ok(()) };
        self.withdraw(old)?;
        *self.messages.entry(room).or_default() -= 1;
        let mut statement =
            self.connection.prepare_cached("DELETE FROM marks WHERE mark IN (1, 2) AND document = ?1")?;
        statement.execute([old])?;
        Ok(())
    }

    fn mark(&mut self, message: Place, mark: Mark, by: i32) -> Result<(), SearchError> {
        let room = self.room(message.room)?;
        let Some(document) = self.places.get(self.connection, room, message.sequence.0)? else {
            return Ok(());
        };
        let mut add = self.connection.prepare_cached(
            "INSERT INTO marks VALUES (?1, ?2, ?3)
             ON CONFLICT (mark, document) DO UPDATE SET count = count + excluded.count",
        )?;
        add.execute(params![mark as u8, document, by])?;
        let mut clean = self
            .connection
            .prepare_cached("DELETE FROM marks WHERE mark = ?1 AND document = ?2 AND count <= 0")?;
        clean.execute(params![mark as u8, document])?;
        Ok(())
    }

    /// Makes a document. Returns its number.
    fn add(&mut self, document: Document, text: &str, edited: bool) -> Result<u32, SearchError> {
        let number = self.about.next_document;
        self.about.next_document = number.checked_add(1).ok_or(SearchError::Full)?;
        self.blocks.insert(self.connection, number, document)?;
        self.places.set(self.connection, (document.room, document.sequence), Some(number))?;

        let postings = &mut self.postings;
        let mut post = |term: &[u8]| match postings.get_mut(term) {
            Some(documents) if documents.last() == Some(&number) => {}
            Some(documents) => documents.push(number),
            None => {
                postings.insert(term.into(), vec![number]);
            }
        };
        self.terms.of_text(&Analysis::new(text), self.parts, &mut post);
        post(self.terms.number(Term::Room, document.room));
        post(self.terms.number(Term::Author, document.author));
        for (feature, is_there) in [
            (Feature::Link, has_link(text)),
            (Feature::Code, has_code(text)),
            (Feature::File, document.file),
            (Feature::Thread, document.thread),
            (Feature::Edited, edited),
        ] {
            if is_there {
                post(self.terms.feature(feature));
            }
        }
        Ok(number)
    }

    /// Makes a document impossible to find from this transaction on. Its postings go right after it.
    fn withdraw(&mut self, document: u32) -> Result<Option<Document>, SearchError> {
        let old = self.blocks.remove(self.connection, document)?;
        if document >= self.first {
            self.dropped.push(document);
        } else {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO erasures VALUES (?1)")?
                .execute([document])?;
        }
        Ok(old)
    }

    fn room(&mut self, id: RoomId) -> Result<u32, SearchError> {
        if let Some(number) = self.rooms.get(&id) {
            return Ok(*number);
        }
        let number = match room_number(self.connection, id)? {
            Some((number, _)) => number,
            None => self
                .connection
                .prepare_cached("INSERT INTO rooms (id, messages) VALUES (?1, 0) RETURNING number")?
                .query_row([signed(id.0)], |row| row.get(0))?,
        };
        self.rooms.insert(id, number);
        Ok(number)
    }

    fn person(&mut self, id: PersonId) -> Result<u32, SearchError> {
        if let Some(number) = self.people.get(&id) {
            return Ok(*number);
        }
        let number = match person_number(self.connection, id)? {
            Some(number) => number,
            None => self
                .connection
                .prepare_cached("INSERT INTO people (id) VALUES (?1) RETURNING number")?
                .query_row([signed(id.0)], |row| row.get(0))?,
        };
        self.people.insert(id, number);
        Ok(number)
    }

    fn end(mut self, reached: Position) -> Result<(), SearchError> {
        self.dropped.sort_unstable();
        self.write_segment()?;
        let connection = self.connection;
        self.blocks.write(connection)?;
        self.places.write(connection)?;
        let mut count =
            connection.prepare_cached("UPDATE rooms SET messages = messages + ?2 WHERE number = ?1")?;
        for (room, by) in self.messages {
            count.execute(params![room, by])?;
            self.about.messages += by;
        }
        self.about.position = reached;
        store::set_about(connection, &self.about)
    }

    fn write_segment(&mut self) -> Result<(), SearchError> {
        if self.about.next_document == self.first {
            return Ok(());
        }
        let number = self.about.next_segment;
        self.about.next_segment += 1;
        let mut postings: Vec<_> = self.postings.drain().collect();
        postings.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let mut writer = pages::Writer::new(self.connection, number);
        for (term, mut documents) in postings {
            documents.retain(|document| self.dropped.binary_search(document).is_err());
            writer.add(&term, &documents)?;
        }
        writer.end()?;
        self.connection
            .prepare_cached("INSERT INTO segments (first, last, number) VALUES (?1, ?2, ?3)")?
            .execute(params![self.first, self.about.next_document - 1, number])?;
        Ok(())
    }
}

/// The number of a room, and how many messages it has, if it has had any.
pub(super) fn room_number(connection: &Connection, id: RoomId) -> Result<Option<(u32, i64)>, SearchError> {
    let mut statement = connection.prepare_cached("SELECT number, messages FROM rooms WHERE id = ?1")?;
    Ok(statement.query_row([signed(id.0)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// The number of a person, if they have said anything.
pub(super) fn person_number(connection: &Connection, id: PersonId) -> Result<Option<u32>, SearchError> {
    let mut statement = connection.prepare_cached("SELECT number FROM people WHERE id = ?1")?;
    Ok(statement.query_row([signed(id.0)], |row| row.get(0)).optional()?)
}
