//! Pages of postings: terms in order, each with the documents that have it, packed so that a page of the database is
//! full and a rare term takes a few octets.
//!
//! An entry is a term (as far as it differs from the one before) and a chunk of its documents. A term with many
//! documents has several entries, which may lie in several pages. A page is named after its first entry.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::SearchError;
use super::gaps::{CHUNK, decode, encode, read_varint, varint};

/// Octets of a page's entries. With what SQLite stores beside them they fill one of its pages of 4,096, never two.
const PAGE: usize = 3_840;

const DAMAGED: SearchError = SearchError::Damaged("a page of postings");

/// Writes a segment's entries, which come in order.
pub(super) struct Writer<'c> {
    connection: &'c Connection,
    segment: i64,
    page: Packed,
}

impl<'c> Writer<'c> {
    /// A writer that goes on behind what the segment has.
    pub(super) fn new(connection: &'c Connection, segment: i64) -> Self {
        Writer { connection, segment, page: Packed::default() }
    }

    /// Writes the ascending documents of a term that is above all terms before.
    pub(super) fn add(&mut self, term: &[u8], documents: &[u32]) -> Result<(), SearchError> {
        for chunk in documents.chunks(CHUNK) {
            let list = encode(chunk);
            // What the entry takes at most: the term, three numbers of up to five octets, the list.
            if self.page.octets.len() + term.len() + 15 + list.len() > PAGE {
                self.write_page()?;
            }
            self.page.push(term, chunk[0], &list);
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn end(mut self) -> Result<(), SearchError> {
        self.write_page()
    }

    fn write_page(&mut self) -> Result<(), SearchError> {
        let page = std::mem::take(&mut self.page);
        if let Some((term, first)) = page.name {
            self.connection
                .prepare_cached("INSERT INTO pages (segment, term, first, entries) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![self.segment, term, first, page.octets])?;
        }
        Ok(())
    }
}

/// A page that is being written.
#[derive(Default)]
struct Packed {
    octets: Vec<u8>,
    last: Vec<u8>,
    name: Option<(Vec<u8>, u32)>,
}

impl Packed {
    fn push(&mut self, term: &[u8], first: u32, list: &[u8]) {
        let shared = self.last.iter().zip(term).take_while(|(left, right)| left == right).count();
        varint(&mut self.octets, shared as u64);
        varint(&mut self.octets, (term.len() - shared) as u64);
        self.octets.extend_from_slice(&term[shared..]);
        varint(&mut self.octets, first);
        varint(&mut self.octets, list.len() as u64);
        self.octets.extend_from_slice(list);
        self.last.truncate(shared);
        self.last.extend_from_slice(&term[shared..]);
        self.name.get_or_insert_with(|| (term.to_vec(), first));
    }
}

/// A page and a place in it.
#[derive(Debug, Default)]
pub(super) struct Page {
    octets: Vec<u8>,
    /// Where the next entry is.
    at: usize,
    term: Vec<u8>,
    first: u32,
    /// Where the entry's list is.
    list: (usize, usize),
}

impl Page {
    fn new(octets: Vec<u8>) -> Self {
        Page { octets, ..Page::default() }
    }

    /// Goes back to the beginning.
    fn rewind(&mut self) {
        self.at = 0;
        self.term.clear();
    }

    /// Goes to the next entry. Returns whether there is one.
    fn advance(&mut self) -> Result<bool, SearchError> {
        if self.at == self.octets.len() {
            return Ok(false);
        }
        let mut rest = &self.octets[self.at..];
        let number = |rest: &mut &[u8]| read_varint::<usize>(rest).ok_or(DAMAGED);
        let (shared, length) = (number(&mut rest)?, number(&mut rest)?);
        let (suffix, mut rest) = rest.split_at_checked(length).ok_or(DAMAGED)?;
        if shared > self.term.len() {
            return Err(DAMAGED);
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(suffix);
        self.first = read_varint(&mut rest).ok_or(DAMAGED)?;
        let length = number(&mut rest)?;
        let start = self.octets.len() - rest.len();
        let end = start.checked_add(length).filter(|end| *end <= self.octets.len()).ok_or(DAMAGED)?;
        (self.list, self.at) = ((start, end), end);
        Ok(true)
    }

    /// The entry's term.
    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }

    /// The entry's first document.
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    /// Appends the entry's documents.
    pub(super) fn documents(&self, documents: &mut Vec<u32>) -> Result<(), SearchError> {
        decode(self.first, &self.octets[self.list.0..self.list.1], documents).ok_or(DAMAGED)
    }

    /// Goes to the last entry of a term whose first document is not above this one. Returns whether there is one.
    pub(super) fn seek(&mut self, term: &[u8], document: u32) -> Result<bool, SearchError> {
        self.rewind();
        let mut found = None;
        while self.advance()? {
            match self.term.as_slice().cmp(term) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal if self.first <= document => found = Some((self.first, self.list)),
                _ => break,
            }
        }
        if let Some((first, list)) = found {
            (self.first, self.list) = (first, list);
        }
        Ok(found.is_some())
    }
}

/// The page in which the entry of a term that a document would be in is, if there is one.
pub(super) fn find(
    connection: &Connection,
    segment: i64,
    term: &[u8],
    document: u32,
) -> Result<Option<Page>, SearchError> {
    let mut statement = connection.prepare_cached(
        "SELECT entries FROM pages WHERE segment = ?1 AND (term, first) <= (?2, ?3)
         ORDER BY term DESC, first DESC LIMIT 1",
    )?;
    let page = |row: &Row<'_>| row.get(0).map(Page::new);
    Ok(statement.query_row(params![segment, term, document], page).optional()?)
}

/// Goes through all entries of a segment from a term on.
pub(super) struct Scan<'c> {
    connection: &'c Connection,
    segment: i64,
    page: Page,
    /// The page's name; the next one's is above it.
    name: (Vec<u8>, u32),
}

impl<'c> Scan<'c> {
    /// A scan of entries whose terms are not below this one; [`Scan::next`] goes to the first of them.
    pub(super) fn new(connection: &'c Connection, segment: i64, from: &[u8]) -> Result<Self, SearchError> {
        // The page before may end with entries of this term.
        let page = find(connection, segment, from, 0)?.unwrap_or_default();
        let mut scan = Scan { connection, segment, page, name: (from.to_vec(), 0) };
        // Stop before the first entry that is asked for.
        let mut before = (0, Vec::new());
        while scan.page.advance()? {
            if scan.page.term() >= from {
                (scan.page.at, scan.page.term) = before;
                break;
            }
            before = (scan.page.at, scan.page.term.clone());
        }
        Ok(scan)
    }

    /// The entry that it is at.
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// Goes to the next entry. `None` if there is none.
    pub(super) fn next(&mut self) -> Result<Option<&Page>, SearchError> {
        while !self.page.advance()? {
            let mut statement = self.connection.prepare_cached(
                "SELECT entries, term, first FROM pages WHERE segment = ?1 AND (term, first) > (?2, ?3)
                 ORDER BY term, first LIMIT 1",
            )?;
            let row = |row: &Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
            let next =
                statement.query_row(params![self.segment, self.name.0, self.name.1], row).optional()?;
            let Some((octets, name)) = next else { return Ok(None) };
            (self.page, self.name) = (Page::new(octets), name);
        }
        Ok(Some(&self.page))
    }
}

/// Removes documents from all pages of a segment.
pub(super) fn remove(
    connection: &Connection,
    segment: i64,
    is_removed: impl Fn(u32) -> bool,
) -> Result<(), SearchError> {
    let numbers: Vec<i64> = connection
        .prepare_cached("SELECT number FROM pages WHERE segment = ?1")?
        .query_map([segment], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for number in numbers {
        let mut page = connection
            .prepare_cached("SELECT entries FROM pages WHERE number = ?1")?
            .query_row([number], |row| row.get(0).map(Page::new))?;
        let Some(cleaned) = without(&mut page, &is_removed)? else { continue };
        match cleaned.name {
            Some((term, first)) => connection
                .prepare_cached("UPDATE pages SET term = ?2, first = ?3, entries = ?4 WHERE number = ?1")?
                .execute(params![number, term, first, cleaned.octets])?,
            None => connection.prepare_cached("DELETE FROM pages WHERE number = ?1")?.execute([number])?,
        };
    }
    Ok(())
}

/// The page without some documents, or nothing if it has none of them.
fn without(page: &mut Page, is_removed: impl Fn(u32) -> bool) -> Result<Option<Packed>, SearchError> {
    let mut cleaned = Packed::default();
    let mut documents = Vec::new();
    let mut is_changed = false;
    while page.advance()? {
        documents.clear();
        page.documents(&mut documents)?;
        let before = documents.len();
        documents.retain(|document| !is_removed(*document));
        is_changed |= documents.len() < before;
        if let Some(first) = documents.first() {
            cleaned.push(page.term(), *first, &encode(&documents));
        }
    }
    Ok(is_changed.then_some(cleaned))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    type Lists = BTreeMap<Vec<u8>, BTreeSet<u32>>;

    fn lists() -> impl Strategy<Value = Lists> {
        let term = proptest::collection::vec(0..3u8, 0..6);
        let documents = prop_oneof![
            8 => proptest::collection::btree_set(any::<u32>(), 1..5),
            1 => proptest::collection::btree_set(0..100_000u32, 1..9_000),
        ];
        proptest::collection::btree_map(term, documents, 0..60)
    }

    fn written(lists: &Lists) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(super::super::store::TABLES).unwrap();
        for (segment, is_decoy) in [(1, true), (2, false), (3, true)] {
            let mut writer = Writer::new(&connection, segment);
            for (term, documents) in lists {
                let documents: Vec<u32> = documents.iter().copied().collect();
                writer.add(term, if is_decoy { &documents[..1] } else { &documents }).unwrap();
            }
            writer.end().unwrap();
        }
        connection
    }

    fn read(connection: &Connection, from: &[u8]) -> Lists {
        let mut scan = Scan::new(connection, 2, from).unwrap();
        let mut lists = Lists::new();
        while let Some(page) = scan.next().unwrap() {
            let mut documents = Vec::new();
            page.documents(&mut documents).unwrap();
            lists.entry(page.term().to_vec()).or_default().extend(documents);
        }
        lists
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn a_scan_reads_what_was_written_from_any_term_on(lists in lists(), from in proptest::collection::vec(0..3u8, 0..6)) {
            let connection = written(&lists);
            prop_assert_eq!(&read(&connection, b""), &lists);
            let rest: Lists = lists.into_iter().filter(|(term, _)| *term >= from).collect();
            prop_assert_eq!(read(&connection, &from), rest);
        }

        #[test]
        fn any_document_of_any_term_is_found_in_its_chunk(lists in lists(), document: u32) {
            let connection = written(&lists);
            for (term, documents) in &lists {
                for document in [document, document % 100_000] {
                    let expected = documents.range(..=document).next_back();
                    let mut page = find(&connection, 2, term, document).unwrap();
                    let mut found = Vec::new();
                    if let Some(page) = &mut page
                        && page.seek(term, document).unwrap()
                    {
                        page.documents(&mut found).unwrap();
                    }
                    prop_assert_eq!(found.iter().rev().find(|found| **found <= document), expected);
                }
            }
        }

        #[test]
        fn removed_documents_are_gone_and_no_others(lists in lists(), of in 2..5u32) {
            let connection = written(&lists);
            remove(&connection, 2, |document| document % of == 0).unwrap();
            let mut rest = lists;
            rest.values_mut().for_each(|documents| documents.retain(|document| document % of != 0));
            rest.retain(|_, documents| !documents.is_empty());
            prop_assert_eq!(read(&connection, b""), rest);
        }

        #[test]
        fn any_octets_are_a_page_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut page = Page::new(octets);
            let mut documents = Vec::new();
            while page.advance().is_ok_and(|is_there| is_there) {
                if page.documents(&mut documents).is_err() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_page_of_entries_is_a_page_of_the_database() {
        let lists =
            (0..20_000u32).map(|n| (format!("word{n:05}").into_bytes(), [n, n * 3 + 5].into())).collect();
        let connection = written(&lists);
        let pages: u32 = connection.query_row("SELECT count(*) FROM pages", [], |row| row.get(0)).unwrap();
        let used: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        // Names of pages and other tables take the rest.
        assert!(used < pages + pages / 20 + 30, "{used} for {pages}");
    }
}
