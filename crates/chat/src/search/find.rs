//! Finding: the index proposes, the text decides, relevance and age put in order.
//!
//! Results are gathered newest first into a *pool* of up to [`POOL`] of them, and a pool is put in order by relevance
//! and age. When it is used up, the next pool goes on with what is older. So what is rare is ranked over all of time,
//! and what is in every message over the latest of them, and neither costs more than one budget a page.

use std::cmp::Reverse;
use std::ops::Range;

use rusqlite::Connection;

use super::analysis::Analysis;
use super::blocks::{self, BLOCK, Block, Document};
use super::cursor::{Cursor, Within};
use super::error::SearchError;
use super::matching::Match;
use super::plan::{Plan, Readable};
use super::query::Query;
use super::snippet::Snippet;
use super::store::{self, About, unsigned};
use super::walk::{BLOCK_COST, Reader, Spending, Stop, TEXT_COST, Walk};
use crate::{PersonId, Place, Position, RoomId, Sequence, Timestamp};

/// Results that are put in order together.
pub const POOL: usize = 200;
/// Results of one page at most.
pub const PAGE: usize = 50;

/// Points of relevance that a message loses when its age in days doubles. A whole word is worth 50 more than the
/// beginning of one, so that is what two months do.
const AGE: f64 = 8.0;
const DAY: f64 = 86_400_000.0;

/// Where the texts of messages are; the index has none.
pub trait Texts {
    /// What a message says now, or nothing if it is gone.
    fn text(&self, message: Place) -> Option<String>;
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What for.
    pub query: &'a Query,
    /// What the asker may read now. Nothing else is looked at.
    pub readable: &'a Readable,
    /// When, so that what is recent is known.
    pub now: Timestamp,
    /// How many results are wanted, up to [`PAGE`].
    pub limit: usize,
    /// Where to go on; the same query and the cursor of the page before.
    pub cursor: Option<Cursor>,
}

/// Some results, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The results. There may be fewer than wanted, even none, although there are more to come.
    pub hits: Vec<Hit>,
    /// Where to go on, unless that was all.
    pub next: Option<Cursor>,
    /// The position of the log up to which everything was taken into account.
    pub up_to: Position,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The message.
    pub message: Place,
    /// Who said it.
    pub author: PersonId,
    /// When.
    pub at: Timestamp,
    /// Octets of the whole text to highlight, in order, apart from each other.
    pub ranges: Vec<Range<usize>>,
    /// A part of the text, with its own ranges.
    pub snippet: Snippet,
}

/// A document that is meant.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    number: u32,
    document: Document,
    score: i32,
}

impl Candidate {
    /// Best first; of equal ones, the newest.
    fn order(&self) -> Reverse<(i32, u32)> {
        Reverse((self.score, self.number))
    }
}

/// Candidates of neighbouring documents.
struct Pool {
    candidates: Vec<Candidate>,
    /// The oldest document that was looked at.
    floor: u32,
    /// Whether there may be more below.
    goes_on: bool,
}

/// One question, answered in one state of the index.
pub(super) struct Finder<'a> {
    connection: &'a Connection,
    texts: &'a dyn Texts,
    request: Request<'a>,
    parts: bool,
    about: About,
    spending: &'a Spending,
}

impl<'a> Finder<'a> {
    /// A finder; the connection must be in a transaction.
    pub(super) fn new(
        connection: &'a Connection,
        texts: &'a dyn Texts,
        request: Request<'a>,
        parts: bool,
        spending: &'a Spending,
    ) -> Result<Self, SearchError> {
        let about = store::about(connection)?;
        if request.cursor.is_some_and(|cursor| cursor.epoch != about.epoch) {
            return Err(SearchError::Cursor);
        }
        Ok(Finder { connection, texts, request, parts, about, spending })
    }

    /// The page.
    pub(super) fn page(&self) -> Result<Page, SearchError> {
        let mut page = Page { hits: Vec::new(), next: None, up_to: self.about.position };
        let query = self.request.query;
        let plan = Plan::new(self.connection, &self.about, query, self.request.readable, self.parts)?;
        let Some(plan) = plan.filter(|_| !query.is_empty()) else { return Ok(page) };

        let start = self.request.cursor.unwrap_or(Cursor {
            epoch: self.about.epoch,
            asked: self.request.now,
            top: self.about.next_document - 1,
            within: None,
        });
        let mut pool = self.fill(&plan, &start)?;
        pool.candidates.sort_unstable_by_key(Candidate::order);
        let after = start.within.map_or(0, |within| {
            let shown = Reverse((within.score, within.document));
            pool.candidates.partition_point(|candidate| candidate.order() <= shown)
        });
        let rest = &pool.candidates[after..];
        let shown = &rest[..rest.len().min(self.request.limit.clamp(1, PAGE))];
        for candidate in shown {
            page.hits.extend(self.hit(candidate)?);
        }
        page.next = match shown.last() {
            Some(last) if shown.len() < rest.len() => {
                let within = Within { floor: pool.floor, score: last.score, document: last.number };
                Some(Cursor { within: Some(within), ..start })
            }
            _ if pool.goes_on => Some(Cursor { top: pool.floor - 1, within: None, ..start }),
            _ => None,
        };
        Ok(page)
    }

    /// Gathers a pool, or one that was gathered before once more.
    fn fill(&self, plan: &Plan, start: &Cursor) -> Result<Pool, SearchError> {
        let reader = Reader { connection: self.connection, spending: self.spending };
        let end = start.within.map_or(0, |within| within.floor);
        let lowest = end.max(plan.span.0);
        let mut pool = Pool { candidates: Vec::new(), floor: end, goes_on: false };
        let mut block: Option<(u32, Block)> = None;
        let top = start.top.min(plan.span.1);
        for segment in store::segments(self.connection)?.into_iter().rev() {
            if segment.first > top || segment.last < lowest {
                continue;
            }
            let may_stop = start.within.is_none();
            if may_stop && self.spending.is_over() {
                return Ok(Pool { floor: segment.last + 1, goes_on: true, ..pool });
            }
            let mut walk = Walk::new(reader, segment, &plan.with, &plan.without);
            let mut document = top.min(segment.last);
            while document >= lowest.max(segment.first) {
                // What was gathered once within the budget is gathered again within a few of them; a cursor that asks
                // for more was not given out here.
                if !may_stop && (pool.candidates.len() > 2 * POOL || self.spending.is_far_over()) {
                    return Err(SearchError::Cursor);
                }
                match walk.at_most(document)? {
                    Stop::End => break,
                    Stop::Spent(reached) if may_stop => {
                        return Ok(Pool { floor: reached + 1, goes_on: true, ..pool });
                    }
                    Stop::Spent(reached) => document = reached,
                    Stop::At(found) if found < lowest => break,
                    Stop::At(found) => {
                        pool.candidates.extend(self.examine(plan, found, start.asked, &mut block)?);
                        let is_enough = pool.candidates.len() == POOL || self.spending.is_over();
                        if may_stop && is_enough {
                            return Ok(Pool { floor: found, goes_on: found > lowest, ..pool });
                        }
                        document = found - 1;
                    }
                }
            }
        }
        // A pool that is gathered again was followed by something if it did not reach the oldest document.
        pool.goes_on = start.within.is_some() && end > plan.span.0.max(1);
        Ok(pool)
    }

    /// Whether a document is meant and may be read.
    fn examine(
        &self,
        plan: &Plan,
        number: u32,
        asked: Timestamp,
        block: &mut Option<(u32, Block)>,
    ) -> Result<Option<Candidate>, SearchError> {
        if block.as_ref().is_none_or(|(of, _)| *of != number / BLOCK) {
            self.spending.add(BLOCK_COST);
            *block = blocks::read(self.connection, number)?.map(|block| (number / BLOCK, block));
        }
        let Some(document) = block.as_ref().and_then(|(_, block)| block.get(number)) else { return Ok(None) };
        let filters = &self.request.query.filters;
        let may_be_read = plan
            .rooms
            .get(&document.room)
            .is_some_and(|bounds| (bounds.first.0..=bounds.last.0).contains(&document.sequence));
        let is_meant = filters.since.is_none_or(|since| document.at >= since.0)
            && filters.until.is_none_or(|until| document.at < until.0)
            && !plan.not_from.contains(&document.author);
        if !may_be_read || !is_meant {
            return Ok(None);
        }
        let query = self.request.query;
        let mut relevance = 0;
        if !query.wanted.is_empty() || !query.unwanted.is_empty() {
            self.spending.add(TEXT_COST);
            let Some((_, matched)) = self.matched(&document)? else { return Ok(None) };
            relevance = matched.relevance;
        }
        Ok(Some(Candidate { number, document, score: relevance - penalty(document.at, asked) }))
    }

    /// The text of a document, and where the query is in it.
    fn matched(&self, document: &Document) -> Result<Option<(String, Match)>, SearchError> {
        let Some(text) = self.texts.text(self.place(document)?) else { return Ok(None) };
        let matched = self.request.query.matches(&Analysis::new(&text), self.parts);
        Ok(matched.map(|matched| (text, matched)))
    }

    fn hit(&self, candidate: &Candidate) -> Result<Option<Hit>, SearchError> {
        let document = &candidate.document;
        let Some((text, matched)) = self.matched(document)? else { return Ok(None) };
        let author = unsigned(self.id("SELECT id FROM people WHERE number = ?1", document.author)?);
        Ok(Some(Hit {
            message: self.place(document)?,
            author: PersonId(author),
            at: Timestamp(document.at),
            snippet: Snippet::new(&text, &matched.ranges),
            ranges: matched.ranges,
        }))
    }

    fn place(&self, document: &Document) -> Result<Place, SearchError> {
        let room = unsigned(self.id("SELECT id FROM rooms WHERE number = ?1", document.room)?);
        Ok(Place { room: RoomId(room), sequence: Sequence(document.sequence) })
    }

    fn id(&self, sql: &str, number: u32) -> Result<i64, SearchError> {
        Ok(self.connection.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
    }
}

/// What age takes from relevance.
fn penalty(at: u64, asked: Timestamp) -> i32 {
    // Both fit into a double: they are milliseconds of some centuries.
    let age = asked.0.saturating_sub(at).min(1 << 52) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm of 52 bits times a small factor")]
    let points = ((1.0 + age / DAY).log2() * AGE) as i32;
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_takes_less_and_less() {
        let day = 86_400_000;
        let penalties = [0, 1, 7, 63, 365, 3_650].map(|days| penalty(0, Timestamp(days * day)));
        assert_eq!(penalties, [0, 8, 24, 48, 68, 94]);
        assert_eq!(penalty(5, Timestamp(4)), 0, "a clock that is behind");
        assert!(penalty(0, Timestamp(u64::MAX)) < 400);
    }
}
