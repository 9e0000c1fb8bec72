//! Merging: small segments become larger ones, a slice at a time, so that a query has few of them to look into.
//!
//! Segments follow each other in time and only neighbours are merged, so that walking from the newest document to the
//! oldest is walking from segment to segment. What is being written is not in the list of segments and what has been
//! merged no longer is; both belong to no reader.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::SearchError;
use super::pages::{Page, Scan, Writer};
use super::store::{self, Segment};

/// Segments of about one size that become one. Each document is written anew once for each power of this.
const FAN: usize = 8;
/// Documents that a segment spans at most after merging. Larger ones would take longer to clean after an erasure, and
/// would make a query faster by little.
const SPAN: u32 = 1 << 19;
/// A segment that spans this many documents or more is left alone.
const FINAL_SPAN: u32 = 1 << 18;
/// Entries that are merged before the indexer looks at the log again.
const SLICE: usize = 20_000;
/// Pages that are swept before the indexer looks at the log again.
const SWEPT: u32 = 512;

/// A merge on its way.
#[derive(Debug)]
pub(super) struct Merge {
    sources: Vec<Segment>,
    number: i64,
    /// The last term that is written.
    done: Vec<u8>,
}

impl Merge {
    /// Begins the merge that is due, if one is.
    pub(super) fn begin(connection: &Connection) -> Result<Option<Self>, SearchError> {
        let Some(sources) = due(&store::segments(connection)?) else { return Ok(None) };
        let mut about = store::about(connection)?;
        let number = about.next_segment;
        about.next_segment += 1;
        store::set_about(connection, &about)?;
        Ok(Some(Merge { sources, number, done: Vec::new() }))
    }

    /// Merges a slice. Returns whether it was the last one.
    pub(super) fn step(&mut self, connection: &mut Connection) -> Result<bool, SearchError> {
        let transaction = connection.transaction()?;
        let slice = self.read(&transaction)?;
        let mut writer = Writer::new(&transaction, self.number);
        for (term, documents) in &slice.terms {
            writer.add(term, documents)?;
        }
        writer.end()?;
        if slice.ended {
            for source in &self.sources {
                transaction.execute("DELETE FROM segments WHERE first = ?1", [source.first])?;
            }
            let (first, last) = (self.sources[0].first, self.sources[self.sources.len() - 1].last);
            transaction.execute(
                "INSERT INTO segments (first, last, number) VALUES (?1, ?2, ?3)",
                params![first, last, self.number],
            )?;
        } else if let Some((term, _)) = slice.terms.last() {
            self.done.clone_from(term);
        }
        transaction.commit()?;
        Ok(slice.ended)
    }

    fn read(&self, connection: &Connection) -> Result<Slice, SearchError> {
        let mut from = self.done.clone();
        if !from.is_empty() {
            // The lowest that is above what is done.
            from.push(0);
        }
        let mut sources = Vec::new();
        let mut next = BinaryHeap::new();
        for (at, source) in self.sources.iter().enumerate() {
            sources.push(Scan::new(connection, source.number, &from)?);
            next.extend(sources[at].next()?.map(|page| Reverse(Head::new(page, at))));
        }
        let mut slice = Slice { terms: Vec::new(), ended: false };
        let mut entries = 0;
        while let Some(Reverse(head)) = next.pop() {
            let is_new = slice.terms.last().is_none_or(|(term, _)| *term != head.term);
            if is_new && entries >= SLICE {
                return Ok(slice);
            }
            entries += 1;
            if is_new {
                slice.terms.push((head.term, Vec::new()));
            }
            let documents = &mut slice.terms.last_mut().expect("one was pushed").1;
            sources[head.source].page().documents(documents)?;
            next.extend(sources[head.source].next()?.map(|page| Reverse(Head::new(page, head.source))));
        }
        slice.ended = true;
        Ok(slice)
    }
}

/// Some terms with all their documents.
struct Slice {
    terms: Vec<(Vec<u8>, Vec<u32>)>,
    /// Whether there are no further terms.
    ended: bool,
}

/// The entry that a source is at, ordered by term, then by document.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    term: Vec<u8>,
    first: u32,
    source: usize,
}

impl Head {
    fn new(page: &Page, source: usize) -> Self {
        Head { term: page.term().to_vec(), first: page.first(), source }
    }
}

/// The neighbours to merge: as soon as there are [`FAN`] segments of one size class, with the smaller ones among and
/// behind them.
fn due(segments: &[Segment]) -> Option<Vec<Segment>> {
    let class = |segment: &Segment| segment.span().ilog(u32::try_from(FAN).expect("a fan is small"));
    for largest in 0..FINAL_SPAN.ilog(u32::try_from(FAN).expect("a fan is small")) {
        let run = segments.iter().rev().take_while(|segment| class(segment) <= largest).count();
        let run = &segments[segments.len() - run..];
        if run.iter().filter(|segment| class(segment) == largest).count() < FAN {
            continue;
        }
        let mut span = 0;
        let fits = run.iter().take_while(|segment| {
            span += segment.span();
            span <= SPAN
        });
        return Some(fits.copied().collect());
    }
    None
}

/// Removes a slice of what belongs to no segment. Returns whether there was any.
pub(super) fn sweep(connection: &mut Connection, merge: Option<&Merge>) -> Result<bool, SearchError> {
    let listed = store::segments(connection)?;
    let is_listed =
        |number| listed.iter().any(|s| s.number == number) || merge.is_some_and(|m| m.number == number);
    let Some(stray) = numbers(connection)?.into_iter().find(|number| !is_listed(*number)) else {
        return Ok(false);
    };
    connection
        .prepare_cached(
            "DELETE FROM pages WHERE number IN
             (SELECT number FROM pages WHERE segment = ?1 ORDER BY term, first LIMIT ?2)",
        )?
        .execute(params![stray, SWEPT])?;
    Ok(true)
}

/// The numbers of all segments that have pages, found by leaping from one to the next.
fn numbers(connection: &Connection) -> Result<Vec<i64>, SearchError> {
    let mut statement =
        connection.prepare_cached("SELECT segment FROM pages WHERE segment > ?1 ORDER BY segment LIMIT 1")?;
    let mut numbers = Vec::new();
    let mut last = 0;
    while let Some(number) = statement.query_row([last], |row| row.get(0)).optional()? {
        numbers.push(number);
        last = number;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments with these spans, one after another.
    fn segments(spans: &[u32]) -> Vec<Segment> {
        let mut first = 1;
        let mut segments = Vec::new();
        for (number, span) in (1..).zip(spans) {
            segments.push(Segment { number, first, last: first + span - 1 });
            first += span;
        }
        segments
    }

    fn due_spans(spans: &[u32]) -> Option<Vec<u32>> {
        Some(due(&segments(spans))?.iter().map(Segment::span).collect())
    }

    #[test]
    fn eight_neighbours_of_a_size_are_merged() {
        let final_span = FINAL_SPAN;
        for (spans, merged) in [
            (&[3; 7][..], None),
            (&[3; 8], Some(vec![3; 8])),
            (&[100, 3, 3, 3, 3, 3, 3, 3, 3], Some(vec![3; 8])),
            (&[100, 3, 3, 3, 3, 3, 3, 3], None),
            (&[100, 100, 100, 100, 100, 100, 100, 3], None),
            (
                &[100, 100, 3, 100, 100, 100, 100, 100, 100, 9],
                Some(vec![100, 100, 3, 100, 100, 100, 100, 100, 100, 9]),
            ),
            (&[final_span; 20], None),
            (&[final_span - 1; 9], Some(vec![final_span - 1; 2])),
        ] {
            assert_eq!(due_spans(spans), merged, "{spans:?}");
        }
    }

    #[test]
    fn however_the_log_comes_segments_stay_few_and_bounded() {
        for batch in [1, 60, 2_000] {
            let mut spans: Vec<u32> = Vec::new();
            let mut total = 0;
            while total < 2_000_000.min(batch * 20_000) {
                spans.push(batch);
                total += batch;
                while let Some(merged) = due_spans(&spans) {
                    let run = merged.len();
                    let at = spans.windows(run).rposition(|window| window == merged).expect("they are there");
                    spans.splice(at..at + run, [merged.iter().sum()]);
                }
            }
            assert!(spans.iter().all(|span| *span <= SPAN), "{spans:?}");
            let largest = total / FINAL_SPAN;
            assert!(spans.len() <= 7 * 6 + largest as usize, "{} segments: {spans:?}", spans.len());
        }
    }
}
