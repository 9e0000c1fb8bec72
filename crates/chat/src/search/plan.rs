//! A plan: what the index is asked so that nothing is missed that a query means.

use std::collections::HashMap;

use rusqlite::Connection;

use super::analysis::Kind;
use super::error::SearchError;
use super::query::{Piece, Property, Query};
use super::store::{About, signed};
use super::terms::{BEGINNING_LETTERS, PIECE_LETTERS, TERM_LETTERS, Term, Terms};
use super::update::{person_number, room_number};
use super::walk::{Source, span_of_times};
use crate::{RoomId, Sequence};

/// Rooms that the index is asked for by name. If there are more, each document's own room is looked at instead.
const ROOMS: usize = 64;
/// The index is asked for rooms only if they have at most one in so many of all messages.
const ROOMS_SHARE: i64 = 8;

/// Which messages of a room may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first.
    pub first: Sequence,
    /// The last.
    pub last: Sequence,
}

impl Bounds {
    /// The whole room, all that is to come included.
    pub const ALL: Bounds = Bounds { first: Sequence(0), last: Sequence(u64::MAX) };
}

/// Which rooms somebody may read at the time of asking, and what of them.
pub type Readable = HashMap<RoomId, Bounds>;

/// What the index is asked.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) with: Vec<Source>,
    pub(super) without: Vec<Source>,
    /// The rooms that are meant and may be read, by number.
    pub(super) rooms: HashMap<u32, Bounds>,
    /// Authors who are not meant, by number.
    pub(super) not_from: Vec<u32>,
    /// The lowest and the highest document that may be meant.
    pub(super) span: (u32, u32),
}

impl Plan {
    /// Plans a query. `None` if nothing can be found.
    pub(super) fn new(
        connection: &Connection,
        about: &About,
        query: &Query,
        readable: &Readable,
        parts: bool,
    ) -> Result<Option<Self>, SearchError> {
        let filters = &query.filters;
        let mut plan = Plan::default();
        let mut terms = Terms::default();

        let mut messages = 0;
        for (id, bounds) in readable {
            let is_meant = filters.rooms.is_empty() || filters.rooms.contains(id);
            if is_meant
                && !filters.not_rooms.contains(id)
                && let Some((number, of_room)) = room_number(connection, *id)?
            {
                plan.rooms.insert(number, *bounds);
                messages += of_room;
            }
        }
        if plan.rooms.is_empty() {
            return Ok(None);
        }
        if plan.rooms.len() <= ROOMS && messages <= about.messages / ROOMS_SHARE {
            let rooms = plan.rooms.keys().map(|room| terms.number(Term::Room, *room).to_vec());
            plan.with.push(Source::AnyOf(rooms.collect()));
        }

        if !filters.from.is_empty() {
            let mut authors = Vec::new();
            for person in &filters.from {
                let number = person_number(connection, *person)?;
                authors.extend(number.map(|number| terms.number(Term::Author, number).to_vec()));
            }
            if authors.is_empty() {
                return Ok(None);
            }
            plan.with.push(Source::AnyOf(authors));
        }
        for person in &filters.not_from {
            plan.not_from.extend(person_number(connection, *person)?);
        }

        let mut property = |property: &Property| match property {
            Property::Feature(feature) => Source::Term(terms.feature(*feature).to_vec()),
            Property::Mark(mark) => Source::Mark(*mark),
        };
        plan.with.extend(filters.with.iter().map(&mut property));
        plan.without.extend(filters.without.iter().map(&mut property));

        for piece in &query.wanted {
            for source in sources(piece, &mut terms, parts) {
                if !plan.with.contains(&source) {
                    plan.with.push(source);
                }
            }
        }
        let (since, until) = (filters.since, filters.until);
        plan.span = span_of_times(connection, since.map(|at| signed(at.0)), until.map(|at| signed(at.0)))?;
        Ok(Some(plan))
    }
}

/// What every text has that a piece is in.
fn sources(piece: &Piece, terms: &mut Terms, parts: bool) -> Vec<Source> {
    let mut sources = Vec::new();
    let last = piece.elements.len() - 1;
    for (at, element) in piece.elements.iter().enumerate() {
        let letters = &element.letters[..];
        let mut each = |term: Term, size: usize| {
            for window in letters.windows(size) {
                sources.push(Source::Term(terms.letters(term, window).to_vec()));
            }
        };
        match element.kind {
            Kind::Run if letters.len() == 1 => each(Term::Single, 1),
            Kind::Run => each(Term::Pair, 2),
            Kind::Word if parts && last == 0 && letters.len() >= PIECE_LETTERS => {
                each(Term::Piece, PIECE_LETTERS)
            }
            Kind::Word if !piece.open || at < last || letters.len() >= TERM_LETTERS => {
                sources.push(Source::Term(terms.letters(Term::Word, letters).to_vec()));
            }
            Kind::Word if letters.len() <= BEGINNING_LETTERS => {
                sources.push(Source::Term(terms.letters(Term::Beginning, letters).to_vec()));
            }
            Kind::Word => sources.push(Source::Beginning(terms.letters(Term::Word, letters).to_vec())),
        }
    }
    sources
}
