//! Walking through a segment from its newest document to its oldest, along what a query asks for.
//!
//! Every step costs, and what a query may spend is bounded, so that a word that is in every message, or two that are
//! in many and never together, cost no more than a rare one. A walk may propose documents that the query does not
//! mean, because the text decides; it never leaves out one that it does.

use std::cell::Cell;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::SearchError;
use super::pages::{self, Page, Scan};
use super::query::Mark;
use super::store::Segment;

/// What one page of results may cost, in steps of about 50 ns: 25 ms on a machine of 2026.
pub(super) const BUDGET: u64 = 500_000;
/// Looking at one document.
pub(super) const DOCUMENT_COST: u64 = 1;
/// Reading a page of postings.
const PAGE_COST: u64 = 150;
/// Reading a chunk of them.
const CHUNK_COST: u64 = 60;
/// Reading one of many entries that follow each other.
const ENTRY_COST: u64 = 5;
/// Reading a block of documents.
pub(super) const BLOCK_COST: u64 = 200;
/// Reading a message's text, and matching it.
pub(super) const TEXT_COST: u64 = 400;

/// Entries of one segment that are read for the beginning of a word. A beginning that has more is in so many messages
/// that reading texts finds it sooner.
const BEGINNING_ENTRIES: usize = 20_000;
/// Of how many documents that a segment spans one may be proposed before the beginning of a word is looked up in it: for
/// a few, the text answers sooner.
const PATIENCE: u32 = 8_192;
/// Marks that are read at once.
const MARKS: u32 = 512;

/// What has been spent.
#[derive(Debug, Default)]
pub(super) struct Spending(Cell<u64>);

impl Spending {
    /// Spends.
    pub(super) fn add(&self, cost: u64) {
        self.0.set(self.0.get() + cost);
    }

    /// Whether more than the budget is spent.
    pub(super) fn is_over(&self) -> bool {
        self.0.get() > BUDGET
    }

    /// Whether much more than the budget is spent.
    pub(super) fn is_far_over(&self) -> bool {
        self.0.get() > 4 * BUDGET
    }
}

/// Something that the index can say of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// It has this term.
    Term(Vec<u8>),
    /// It has one of these terms.
    AnyOf(Vec<Vec<u8>>),
    /// It has a term that begins like this.
    Beginning(Vec<u8>),
    /// It is marked.
    Mark(Mark),
}

/// Ascending documents that are in memory, a part of a list.
#[derive(Debug, Default)]
struct Part {
    documents: Vec<u32>,
}

impl Part {
    /// The greatest document that is not above this one. Those above are forgotten: a walk never goes back.
    fn at_most(&mut self, document: u32) -> Option<u32> {
        // Walks mostly go on to a near neighbour, so look there before halving.
        let length = self.documents.len();
        let near = self.documents.iter().rev().take(8).position(|candidate| *candidate <= document);
        let keep = match near {
            Some(above) => length - above,
            None => self.documents.partition_point(|candidate| *candidate <= document),
        };
        self.documents.truncate(keep);
        self.documents.last().copied()
    }
}

/// One source in one segment.
struct List<'r> {
    reader: Reader<'r>,
    segment: Segment,
    query: ListQuery,
    /// The page of the last chunk; the next one is mostly in it too.
    page: Option<Page>,
    part: Part,
    /// The document above which nothing is left to read.
    unread: Option<u32>,
}

enum ListQuery {
    Term(Vec<u8>),
    Mark(Mark),
}

/// Where lists are read, and what that costs.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r> {
    pub(super) connection: &'r Connection,
    pub(super) spending: &'r Spending,
}

impl<'r> List<'r> {
    fn new(reader: Reader<'r>, segment: Segment, query: ListQuery) -> Self {
        List { reader, segment, query, page: None, part: Part::default(), unread: Some(segment.last) }
    }

    fn at_most(&mut self, document: u32) -> Result<Option<u32>, SearchError> {
        loop {
            if let Some(found) = self.part.at_most(document) {
                return Ok(Some(found));
            }
            let Some(unread) = self.unread else { return Ok(None) };
            self.reader.spending.add(CHUNK_COST);
            let first = match &self.query {
                ListQuery::Term(term) => self.read_postings(&term.clone(), unread.min(document))?,
                ListQuery::Mark(mark) => self.read_marks(*mark, unread.min(document))?,
            };
            self.unread =
                first.and_then(|first| first.checked_sub(1)).filter(|unread| *unread >= self.segment.first);
        }
    }

    /// Reads the chunk in which a document would be. Returns its first document.
    fn read_postings(&mut self, term: &[u8], document: u32) -> Result<Option<u32>, SearchError> {
        let is_here = match &mut self.page {
            Some(page) => page.seek(term, document)?,
            None => false,
        };
        if !is_here {
            self.reader.spending.add(PAGE_COST);
            self.page = pages::find(self.reader.connection, self.segment.number, term, document)?;
        }
        let Some(page) = &mut self.page else { return Ok(None) };
        if !is_here && !page.seek(term, document)? {
            return Ok(None);
        }
        self.part.documents.clear();
        page.documents(&mut self.part.documents)?;
        Ok(Some(page.first()))
    }

    fn read_marks(&mut self, mark: Mark, document: u32) -> Result<Option<u32>, SearchError> {
        let mut statement = self.reader.connection.prepare_cached(
            "SELECT document FROM marks WHERE mark = ?1 AND document BETWEEN ?2 AND ?3
             ORDER BY document DESC LIMIT ?4",
        )?;
        let found = statement
            .query_map(params![mark as u8, self.segment.first, document, MARKS], |row| row.get(0))?
            .collect::<Result<Vec<u32>, _>>()?;
        self.part.documents = found.into_iter().rev().collect();
        Ok(self.part.documents.first().copied())
    }

    /// One in how many documents is in it, as far as is known.
    fn rarity(&self) -> u32 {
        match self.part.documents[..] {
            [] => u32::MAX,
            [first, ..] => {
                let count = u32::try_from(self.part.documents.len()).unwrap_or(u32::MAX);
                let span =
                    if self.unread.is_none() { self.segment.span() } else { self.segment.last - first + 1 };
                span / count
            }
        }
    }
}

/// The beginning of a word, looked up when it is first needed.
struct Beginning<'r> {
    reader: Reader<'r>,
    segment: Segment,
    start: Vec<u8>,
    found: Option<Found>,
}

enum Found {
    Documents(Part),
    /// Too many: it says nothing.
    Everything,
}

impl Beginning<'_> {
    fn at_most(&mut self, document: u32) -> Result<Option<u32>, SearchError> {
        if self.found.is_none() {
            self.found = Some(self.read(document)?);
        }
        Ok(match &mut self.found {
            Some(Found::Documents(part)) => part.at_most(document),
            _ => Some(document),
        })
    }

    fn read(&self, document: u32) -> Result<Found, SearchError> {
        let mut scan = Scan::new(self.reader.connection, self.segment.number, &self.start)?;
        let mut documents = Vec::new();
        let mut count = 0;
        while let Some(entry) = scan.next()?.filter(|entry| entry.term().starts_with(&self.start)) {
            self.reader.spending.add(ENTRY_COST);
            count += 1;
            if count > BEGINNING_ENTRIES {
                return Ok(Found::Everything);
            }
            if entry.first() <= document {
                let before = documents.len();
                entry.documents(&mut documents)?;
                self.reader.spending.add((documents.len() - before) as u64);
            }
        }
        documents.sort_unstable();
        documents.dedup();
        Ok(Found::Documents(Part { documents }))
    }
}

enum Step<'r> {
    List(List<'r>),
    AnyOf(Vec<List<'r>>),
    Beginning(Beginning<'r>),
}

impl<'r> Step<'r> {
    fn new(reader: Reader<'r>, segment: Segment, source: &Source) -> Self {
        let list = |term: &Vec<u8>| List::new(reader, segment, ListQuery::Term(term.clone()));
        match source {
            Source::Term(term) => Step::List(list(term)),
            Source::AnyOf(terms) => Step::AnyOf(terms.iter().map(list).collect()),
            Source::Mark(mark) => Step::List(List::new(reader, segment, ListQuery::Mark(*mark))),
            Source::Beginning(start) => {
                Step::Beginning(Beginning { reader, segment, start: start.clone(), found: None })
            }
        }
    }

    fn at_most(&mut self, document: u32) -> Result<Option<u32>, SearchError> {
        match self {
            Step::List(list) => list.at_most(document),
            Step::Beginning(beginning) => beginning.at_most(document),
            Step::AnyOf(lists) => {
                let mut found = None;
                for list in lists {
                    found = found.max(list.at_most(document)?);
                    if found == Some(document) {
                        break;
                    }
                }
                Ok(found)
            }
        }
    }

    fn rarity(&self) -> u32 {
        match self {
            Step::List(list) => list.rarity(),
            Step::AnyOf(lists) => {
                let count = u32::try_from(lists.len()).unwrap_or(u32::MAX).max(1);
                lists.iter().map(List::rarity).min().unwrap_or(u32::MAX) / count
            }
            // It costs the most to ask and says the least, so it is asked last.
            Step::Beginning(_) => 0,
        }
    }
}

/// Where a walk has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// At a document that may be meant.
    At(u32),
    /// At the segment's end.
    End,
    /// Nowhere; but everything above this document has been looked at, and the budget is spent.
    Spent(u32),
}

/// A walk through one segment along all of its sources.
pub(super) struct Walk<'r> {
    segment: Segment,
    spending: &'r Spending,
    steps: Vec<Step<'r>>,
    without: Vec<Step<'r>>,
    /// Documents that may still be proposed before beginnings of words are looked up.
    patience: u32,
    is_sorted: bool,
}

impl<'r> Walk<'r> {
    /// A walk along documents for which every one of `with` holds and none of `without`.
    pub(super) fn new(reader: Reader<'r>, segment: Segment, with: &[Source], without: &[Source]) -> Self {
        let step = |source| Step::new(reader, segment, source);
        let steps: Vec<Step<'r>> = with.iter().map(step).collect();
        let without = without.iter().map(step).collect();
        let has_lists = steps.iter().any(|step| !matches!(step, Step::Beginning(_)));
        let patience = if has_lists { segment.span() / PATIENCE } else { 0 };
        Walk { segment, spending: reader.spending, steps, without, patience, is_sorted: false }
    }

    /// The greatest document that may be meant and is not above this one. Never ask for one above an earlier one.
    pub(super) fn at_most(&mut self, document: u32) -> Result<Stop, SearchError> {
        let mut document = document.min(self.segment.last);
        if !self.is_sorted {
            self.is_sorted = true;
            // Ask each once, so that its rarity is known; if one has nothing, there is nothing.
            for step in self.steps.iter_mut().filter(|step| !matches!(step, Step::Beginning(_))) {
                match step.at_most(document)? {
                    None => return Ok(Stop::End),
                    Some(found) => document = found,
                }
            }
            self.steps.sort_by_key(|step| std::cmp::Reverse(step.rarity()));
        }
        let start = document;
        while document >= self.segment.first {
            if self.spending.is_over() && document < start {
                return Ok(Stop::Spent(document));
            }
            self.spending.add(DOCUMENT_COST);
            match self.descend(document)? {
                None => return Ok(Stop::End),
                Some(found) if found < document => document = found,
                Some(found) if self.is_excluded(found)? => document = found - 1,
                Some(found) => {
                    self.patience = self.patience.saturating_sub(1);
                    return Ok(Stop::At(found));
                }
            }
        }
        Ok(Stop::End)
    }

    /// Asks the sources one after another: the document if all have it, else the next below that one of them has.
    fn descend(&mut self, document: u32) -> Result<Option<u32>, SearchError> {
        for step in &mut self.steps {
            if matches!(step, Step::Beginning(_)) && self.patience > 0 {
                continue;
            }
            match step.at_most(document)? {
                Some(found) if found == document => {}
                other => return Ok(other),
            }
        }
        Ok(Some(document))
    }

    fn is_excluded(&mut self, document: u32) -> Result<bool, SearchError> {
        for step in &mut self.without {
            if step.at_most(document)? == Some(document) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The documents that may have been said from one time on and before another, as the lowest and the highest.
pub(super) fn span_of_times(
    connection: &Connection,
    since: Option<i64>,
    until: Option<i64>,
) -> Result<(u32, u32), SearchError> {
    use super::blocks::BLOCK;
    let ask = |sql: &str, time: Option<i64>| -> Result<Option<u32>, SearchError> {
        let Some(time) = time else { return Ok(None) };
        let number: Option<Option<u32>> =
            connection.prepare_cached(sql)?.query_row([time], |row| row.get(0)).optional()?;
        // Nothing is in an impossible block.
        Ok(Some(number.flatten().unwrap_or(u32::MAX)))
    };
    let first = ask("SELECT min(number) FROM blocks WHERE latest >= ?1", since)?;
    let last = ask("SELECT max(number) FROM blocks WHERE earliest < ?1", until)?;
    let low = first.map_or(0, |block| block.saturating_mul(BLOCK));
    let high = match last {
        None => u32::MAX,
        Some(u32::MAX) => 0,
        Some(block) => block.saturating_mul(BLOCK).saturating_add(BLOCK - 1),
    };
    Ok((low, high))
}
