//! A log on this machine: entries and state in one storage, written in one step.
//!
//! Deciding and writing go on at the same time: what is decided while a batch is being written reads what that batch
//! writes, and becomes durable after it or not at all.

mod catching_up;
mod feeding;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::reader::{forgotten, read_tail, state_hash};
use super::snapshot::write_snapshot;
use super::writer::Writer;
use super::{Log, StateHash, Told};
use crate::entry::Entry;
use crate::outcome::Outcome;
use crate::place::Position;
use crate::proposal::Proposal;
use crate::state::{self, KEYS, Tables, is_hot};
use crate::storage::{Cache, Ground, Read, Source, Staged, Storage, Writes};
use crate::trouble::Trouble;

/// Entries that are looked at in one step of trimming.
const PIECE: usize = 10_000;

/// A log in a storage.
#[derive(Debug)]
pub struct LocalLog<S> {
    /// Reads the storage while it is being written to. It is closed before the writer, which leaves everything in order.
    reader: Option<Reader>,
    writer: Writer<S>,
    cache: Cache,
    /// The last place that is durable.
    last: Position,
    /// What is being written.
    under_way: Option<UnderWay>,
    /// What is decided, and comes after that.
    next: Next,
    /// The last write failed: what is known of the storage is read again before the next.
    is_in_doubt: bool,
    is_scrub_due: bool,
}

/// A batch that is being written.
#[derive(Debug)]
struct UnderWay {
    writes: Arc<Writes>,
    last: Position,
    written: Receiver<Result<(), Trouble>>,
}

/// A batch that is put together.
#[derive(Debug, Default)]
struct Next {
    writes: Writes,
    last: Position,
    parts: Vec<Part>,
}

/// Outcomes that wait to be told, and whom to tell.
struct Part {
    outcomes: Vec<Outcome>,
    told: Told,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("outcomes", &self.outcomes).finish_non_exhaustive()
    }
}

struct Reader(Box<dyn Source>);

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

fn tell(parts: Vec<Part>, result: &Result<(), Trouble>) {
    for part in parts {
        (part.told)(result.clone().map(|()| part.outcomes));
    }
}

impl<S: Storage> LocalLog<S> {
    /// The log that is in this storage; an empty storage becomes an empty log.
    pub fn open(storage: S) -> Result<Self, Trouble> {
        // A crash may have come between erasing and scrubbing.
        let mut log = LocalLog {
            writer: Writer::new(storage),
            reader: None,
            cache: Cache::default(),
            last: Position(0),
            under_way: None,
            next: Next::default(),
            is_in_doubt: true,
            is_scrub_due: true,
        };
        log.settle_doubt()?;
        Ok(log)
    }

    /// Reads again what is known of the storage, if a write failed. Nothing may be under way.
    fn settle_doubt(&mut self) -> Result<(), Trouble> {
        if !self.is_in_doubt {
            return Ok(());
        }
        self.cache = Cache::default();
        self.reader = None;
        let mut storage = self.writer.storage();
        // Without its own row the storage is empty, or a restore was cut short.
        if storage.get(state::SERVER)?.is_none() {
            let ground = Ground { base: &*storage, under_way: None, cache: &self.cache, is_cached: is_hot };
            let mut staged = Staged::new(ground, Writes { anew: true, ..Writes::default() });
            state::found(&mut staged);
            let writes = staged.writes;
            storage.commit(&writes)?;
        }
        self.last = storage.server()?.applied;
        self.cache = Cache::with_end_of(KEYS, &*storage)?;
        self.next.last = self.last;
        self.is_in_doubt = false;
        Ok(())
    }

    /// Keeps what is decided until it is written.
    fn keep(&mut self, decided: Result<Vec<Outcome>, Trouble>, told: Told) {
        match decided {
            Ok(outcomes) => self.next.parts.push(Part { outcomes, told }),
            Err(trouble) => told(Err(trouble)),
        }
    }

    /// Takes note of what became of a write.
    fn note(&mut self, writes: &Writes, last: Position, result: &Result<(), Trouble>) {
        match result {
            Ok(()) => {
                self.last = last;
                self.is_scrub_due |= writes.erases || writes.removes;
            }
            Err(trouble) => {
                self.is_in_doubt = true;
                // What was decided on top of it never comes to be.
                self.give_up(trouble);
            }
        }
    }

    /// Takes note of the end of what was under way, if it has ended or it is to be waited for. What was written can be
    /// dropped when there is time for that.
    fn look_after(&mut self, is_awaited: bool) -> Option<Arc<Writes>> {
        let written = &self.under_way.as_ref()?.written;
        let result = match written.try_recv() {
            Err(TryRecvError::Empty) if is_awaited => written.recv().unwrap_or(Err(Trouble::Stopped)),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Trouble::Stopped),
            Ok(result) => result,
        };
        let UnderWay { writes, last, .. } = self.under_way.take()?;
        self.note(&writes, last, &result);
        Some(writes)
    }

    /// Drops what is decided and not handed over.
    fn give_up(&mut self, trouble: &Trouble) {
        let last = self.under_way.as_ref().map_or(self.last, |under_way| under_way.last);
        let given_up = std::mem::replace(&mut self.next, Next { last, ..Next::default() });
        tell(given_up.parts, &Err(trouble.clone()));
    }

    /// Adds a step to what is decided, with the place that it leads to. If it fails, all of that is given up.
    fn stage<T>(
        &mut self,
        run: impl FnOnce(&mut Staged<'_>, Position) -> Result<(T, Position), Trouble>,
    ) -> Result<T, Trouble> {
        self.look_after(false);
        let result = self.stage_on_top(run);
        if let Err(trouble) = &result {
            self.give_up(trouble);
        }
        result
    }

    fn stage_on_top<T>(
        &mut self,
        run: impl FnOnce(&mut Staged<'_>, Position) -> Result<(T, Position), Trouble>,
    ) -> Result<T, Trouble> {
        self.settle_doubt()?;
        let (cache, last) = (&self.cache, self.next.last);
        let writes = std::mem::take(&mut self.next.writes);
        let step = |base: &dyn Read, under_way| {
            let mut staged = Staged::new(Ground { base, under_way, cache, is_cached: is_hot }, writes);
            let (result, last) = run(&mut staged, last)?;
            state::applied(&mut staged, last)?;
            Ok((staged.writes, last, result))
        };
        let (writes, last, result) = match &self.under_way {
            None => step(&*self.writer.storage(), None),
            Some(under_way) => {
                let Some(Reader(reader)) = &mut self.reader else { return Err(Trouble::Stopped) };
                let (mut step, mut made) = (Some(step), Err(Trouble::Stopped));
                reader.read(&mut |base| {
                    if let Some(step) = step.take() {
                        made = step(base, Some(&*under_way.writes));
                    }
                    Ok(())
                })?;
                made
            }
        }?;
        self.next.writes = writes;
        self.next.last = last;
        Ok(result)
    }

    /// Writes here and now.
    fn commit(&mut self, writes: &Writes, last: Position) -> Result<(), Trouble> {
        let result = self.writer.storage().commit(writes);
        if result.is_ok() {
            self.cache.renew(writes, is_hot);
        }
        self.note(writes, last, &result);
        result
    }

    /// Stages a step alone and writes it.
    fn step<T>(
        &mut self,
        run: impl FnOnce(&mut Staged<'_>, Position) -> Result<(T, Position), Trouble>,
    ) -> Result<T, Trouble> {
        self.settle();
        let result = self.stage(run)?;
        let writes = std::mem::take(&mut self.next.writes);
        self.commit(&writes, self.next.last)?;
        Ok(result)
    }

    /// Hands over what is decided to the thread that writes.
    fn hand_over(&mut self) -> Result<(), Trouble> {
        if self.reader.is_none() {
            let source = self.writer.storage().source()?;
            self.reader = Some(Reader(source));
        }
        let last = self.next.last;
        let Next { writes, parts, .. } = std::mem::replace(&mut self.next, Next { last, ..Next::default() });
        let writes = Arc::new(writes);
        let (send, written) = sync_channel(1);
        let then = move |result: Result<(), Trouble>| {
            tell(parts, &result);
            // With this, everybody has been told, too.
            let _ = send.send(result);
        };
        self.writer.write_beside(writes.clone(), Box::new(then));
        // The disk need not wait for this. If the write fails, nothing that is known here counts any more.
        self.cache.renew(&writes, is_hot);
        self.under_way = Some(UnderWay { writes, last, written });
        Ok(())
    }
}

/// Decides on proposals, one after the other.
fn decide(
    staged: &mut Staged<'_>,
    mut last: Position,
    batch: &[Proposal],
) -> Result<(Vec<Outcome>, Position), Trouble> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for proposal in batch {
        last = last.next();
        outcomes.push(state::apply(staged, last, proposal)?);
    }
    Ok((outcomes, last))
}

/// Takes entries over, and returns the place of the last.
fn replay(staged: &mut Staged<'_>, mut last: Position, entries: &[Entry]) -> Result<Position, Trouble> {
    for entry in entries {
        if entry.position != last.next() {
            let what = format!("after entry {last} comes entry {}", entry.position);
            return Err(Trouble::Corrupt(what));
        }
        last = entry.position;
        state::replay(staged, entry)?;
    }
    Ok(last)
}

impl<S: Storage> Log for LocalLog<S> {
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble> {
        self.step(|staged, last| decide(staged, last, batch))
    }

    fn take(&mut self, batch: &[Proposal], told: Told) {
        let decided = self.stage(|staged, last| decide(staged, last, batch));
        self.keep(decided, told);
    }

    fn flush(&mut self) {
        // Dropping it takes a while, for which the disk need not wait.
        let _written = self.look_after(true);
        if !self.next.parts.is_empty()
            && let Err(trouble) = self.hand_over()
        {
            self.give_up(&trouble);
        }
    }

    fn settle(&mut self) {
        self.flush();
        self.look_after(true);
    }

    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble> {
        self.step(|staged, last| Ok(((), replay(staged, last, entries)?)))
    }

    fn last(&self) -> Position {
        self.last
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        read_tail(&*self.writer.storage(), after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.settle();
        self.settle_doubt()?;
        let up_to = up_to.min(self.last);
        let mut from = forgotten(&*self.writer.storage())?;
        while from < up_to {
            // Each piece notes how far it got, so that what is cut short is taken up again.
            let mut writes = Writes { removes: true, ..Writes::default() };
            let storage = self.writer.storage();
            let piece = storage.entries(from.0, PIECE)?;
            for (position, octets) in piece.iter().filter(|(position, _)| *position <= up_to.0) {
                let event = Entry::from_octets(octets)?.event;
                let is_needed = event.map(|event| storage.needs(&event)).transpose()?;
                if is_needed != Some(true) {
                    writes.entries.remove(*position);
                }
            }
            drop(storage);
            from = piece.last().map_or(up_to, |(last, _)| up_to.min(Position(*last)));
            writes.rows.insert(state::TRIMMED, from.0.to_be_bytes());
            self.commit(&writes, self.last)?;
        }
        Ok(())
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.settle();
        if self.is_scrub_due && self.writer.storage().scrub()? {
            self.is_scrub_due = false;
        }
        Ok(!self.is_scrub_due)
    }

    fn state_hash(&self) -> Result<StateHash, Trouble> {
        state_hash(&*self.writer.storage())
    }

    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble> {
        write_snapshot(&*self.writer.storage(), to)
    }

    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.settle();
        self.settle_doubt()?;
        if self.last != Position(0) {
            return Err(Trouble::Corrupt("a snapshot goes into an empty log; take a fresh folder".into()));
        }
        self.refill(from, None)?;
        self.forget_marks()?;
        Ok(self.last)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.writer.storage().source()
    }
}
