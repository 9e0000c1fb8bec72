//! A log that is fed from somewhere else: what comes next stands there already, and so does where it is to stand here.

use super::{LocalLog, decide, replay};
use crate::entry::Entry;
use crate::log::mark::{self, Mark};
use crate::log::{Log, LogReader, Told};
use crate::place::Position;
use crate::proposal::Proposal;
use crate::storage::Storage;
use crate::trouble::Trouble;

impl<S: Storage> LocalLog<S> {
    /// [`Log::take`] for a batch that has to stand right behind a place, with marks that become durable with it. If the log
    /// does not end there, because something before it failed, the batch fails with [`Trouble::Stopped`], and so does
    /// whatever is decided and not written.
    pub fn take_behind(&mut self, place: Position, batch: &[Proposal], marks: &[Mark], told: Told) {
        let decided = self.stage(|staged, last| {
            if last != place {
                return Err(Trouble::Stopped);
            }
            mark::put(staged, marks);
            decide(staged, last, batch)
        });
        self.keep(decided, told);
    }

    /// [`Log::replay`] with marks that become durable with the entries.
    pub fn replay_with(&mut self, entries: &[Entry], marks: &[Mark]) -> Result<(), Trouble> {
        self.step(|staged, last| {
            mark::put(staged, marks);
            Ok(((), replay(staged, last, entries)?))
        })
    }

    /// The newest mark at a place or before it, of those that are durable.
    pub fn mark(&self, at: Position) -> Result<Option<Mark>, Trouble> {
        LogReader::new(&*self.writer.storage()).mark(at)
    }

    /// Forgets all marks: what they say is of another place that the log was fed from.
    pub(super) fn forget_marks(&mut self) -> Result<(), Trouble> {
        self.step(|staged, last| {
            mark::remove_all(staged)?;
            Ok(((), last))
        })
    }

    /// Makes what was taken durable, reads again what is known of the storage if that failed, and returns the last
    /// place: a write that was said to have failed may have succeeded.
    pub fn recover(&mut self) -> Result<Position, Trouble> {
        self.settle();
        self.settle_doubt()?;
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::storage::Memory;

    fn mark(at: u64, octets: &str) -> Mark {
        Mark { at: Position(at), octets: octets.into() }
    }

    fn take(log: &mut LocalLog<Memory>, place: u64, count: usize, marks: &[Mark]) -> Result<(), Trouble> {
        let (tell, told) = channel();
        let told_here = Box::new(move |result: Result<Vec<_>, _>| tell.send(result).unwrap());
        log.take_behind(Position(place), &vec![Proposal::default(); count], marks, told_here);
        log.settle();
        told.recv().unwrap().map(drop)
    }

    fn marks(log: &LocalLog<Memory>) -> Vec<Option<String>> {
        let octets =
            |place| log.mark(Position(place)).unwrap().map(|mark| String::from_utf8(mark.octets).unwrap());
        (0..=6).map(octets).collect()
    }

    #[test]
    fn marks_are_kept_with_what_they_stand_beside_or_not_at_all() {
        let mut log = LocalLog::open(Memory::new()).unwrap();
        take(&mut log, 0, 2, &[]).unwrap();
        take(&mut log, 2, 2, &[mark(3, "a")]).unwrap();
        assert_eq!(take(&mut log, 7, 2, &[mark(5, "never")]), Err(Trouble::Stopped));
        let entries = log.tail(Position(0), 2).unwrap();
        assert!(matches!(log.replay_with(&entries, &[mark(5, "never")]), Err(Trouble::Corrupt(_))));
        take(&mut log, 4, 1, &[mark(5, "b")]).unwrap();
        let a = Some("a".to_owned());
        assert_eq!(marks(&log), [None, None, None, a.clone(), a, Some("b".into()), Some("b".into())]);
    }

    #[test]
    fn marks_are_no_part_of_the_state_and_go_where_the_log_goes_on_and_nowhere_else() {
        let (mut marked, mut plain) =
            (LocalLog::open(Memory::new()).unwrap(), LocalLog::open(Memory::new()).unwrap());
        take(&mut marked, 0, 3, &[mark(2, "a")]).unwrap();
        take(&mut plain, 0, 3, &[]).unwrap();
        assert_eq!(marked.state_hash(), plain.state_hash());

        let mut snapshot = Vec::new();
        marked.snapshot(&mut snapshot).unwrap();
        let mut behind = LocalLog::open(Memory::new()).unwrap();
        behind.catch_up(&mut snapshot.as_slice()).unwrap();
        assert_eq!(marks(&behind), marks(&marked));
        let mut elsewhere = LocalLog::open(Memory::new()).unwrap();
        elsewhere.restore(&mut snapshot.as_slice()).unwrap();
        assert_eq!((elsewhere.last(), marks(&elsewhere)), (Position(3), marks(&plain)));
    }
}
