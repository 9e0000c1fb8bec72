//! Opening: from a storage and a stream to a node that has everything, and the way back for one that was away for long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use parlor_chat::log::{LocalLog, Log, LogReader};
use parlor_chat::storage::Storage;
use parlor_chat::{Position, Trouble};
use tokio::time::Instant;

use super::applying::Applying;
use super::holding::reach;
use super::own::Own;
use super::unapplied::Unapplied;
use super::{AGAIN, JetStreamLog, erasing, id};
use crate::arrivals::Arrivals;
use crate::connection::Connection;
use crate::decisions::Decisions;
use crate::layout::StreamSequence;
use crate::options::Options;
use crate::proposing::Proposing;
use crate::reach::unusable;
use crate::snapshots::{self, Keeper, Shared, record};
use crate::space::Space;
use crate::stream;
use crate::tail::Tail;
use crate::watched::{Notes, watched};

impl<S: Storage> JetStreamLog<S> {
    /// Connects, makes the stream if there is none, and applies to `storage` all that is in the stream by now. If the
    /// storage is empty, or the stream no longer has what comes next, that begins with the newest snapshot.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if the servers do not answer within the patience, [`Trouble::Unfit`] if the stream is
    /// not as it has to be; and what the storage says. A stream that holds less than this node has applied is no error
    /// here, but [`Self::unfit`] says so, and nothing is taken.
    pub fn open(options: Options, storage: S) -> Result<Self, Trouble> {
        let space = Space::new(&options.space)?;
        let written = Notes::default();
        let local = LocalLog::open(watched(storage, written.clone()))?;
        let connection = Arc::new(Connection::open(&options)?);
        let notes = stream::open(&connection, &space, &options)?;
        let arrivals = Arrivals::default();
        let name = id()?;
        let reach = reach(&local)?;
        let tail = Tail::start(&connection, (&space, &name), reach.sequence, &arrivals);
        let proposing = Proposing::start(&connection, &space, &name, &arrivals);
        let now = Instant::now();
        let mut log = JetStreamLog {
            keeper: None,
            applying: Applying::new(reach),
            local,
            written,
            connection,
            space,
            name,
            replicas: options.replicas,
            patience: options.patience.min(Options::LONGEST_PATIENCE),
            tail,
            proposing,
            own: Own::default(),
            arrivals,
            unapplied: Unapplied::default(),
            heard: Vec::new(),
            failures: 0,
            expected: StreamSequence(0),
            came: now,
            probed: now,
            asked: now,
            unfit: None,
            short_since: None,
            owed: BTreeMap::new(),
            settled: None,
            snapshots: Shared::default(),
            forgotten: Position(0),
            decisions: Decisions::default(),
            notes,
        };
        log.begin()?;
        if log.unfit.is_none() && options.snapshot_every > 0 {
            let (connection, space) = (Arc::clone(&log.connection), log.space.clone());
            let (source, snapshots) = (log.local.source()?, log.snapshots.clone());
            log.keeper = Some(Keeper::start(connection, space, &options, source, snapshots)?);
        }
        Ok(log)
    }

    /// Comes to have everything that is in the stream by now.
    fn begin(&mut self) -> Result<(), Trouble> {
        let deadline = Instant::now() + self.patience;
        let record = self.ask(deadline, || record::read(&self.connection, &self.space))?;
        self.snapshots.learn(record.known);
        let mut taken = Position(0);
        if self.local.last() == Position(0) {
            taken = self.begin_anew()?;
        }
        self.note_forgotten()?;
        let looked = self.look_until_sure(deadline);
        if let (Err(_), Some(unfit)) = (&looked, &self.unfit) {
            // What is here can be read, and put back.
            self.notes.insert(0, unfit.to_string());
            return Ok(());
        }
        let extent = looked?;
        let applied = self.apply_through(extent.last);
        if let Err(Trouble::Unfit(why)) = applied {
            // Something that comes next is gone, because who is so far behind finds it in a snapshot.
            let before = self.local.last();
            taken = self.begin_anew()?;
            if taken <= before {
                return Err(Trouble::Unfit(why));
            }
            self.note_forgotten()?;
            self.apply_through(extent.last)?;
        } else {
            applied?;
        }
        // What a snapshot has is looked after by those who have it longer.
        self.find_owed(taken, erasing::OTHERS)?;
        self.heard.clear();
        Ok(())
    }

    /// Takes over the newest snapshot, if it goes further than what is here, and returns how far that is.
    fn begin_anew(&mut self) -> Result<Position, Trouble> {
        let deadline = Instant::now() + self.patience;
        let mut place = self.newest_snapshot(deadline)?;
        while place > self.local.last() {
            let taken = snapshots::open(&self.connection, &self.space, self.replicas, place)
                .and_then(|mut snapshot| self.local.catch_up(&mut snapshot));
            match taken {
                Ok(taken) => {
                    self.written.take();
                    let reach = self.reach()?;
                    self.applying = Applying::new(reach);
                    self.unapplied = Unapplied::default();
                    self.tail = self.tail_after(reach.sequence);
                    return Ok(taken);
                }
                // While it was read, it may have been replaced by a newer one.
                Err(Trouble::Io(_) | Trouble::Unreachable(_)) if Instant::now() < deadline => {
                    thread::sleep(AGAIN)
                }
                Err(Trouble::Corrupt(what)) => {
                    return Err(unusable(format!(
                        "the newest snapshot of {} cannot be taken over: {what}; start this node with an empty data \
                         folder, or let another node write a new one",
                        self.space.stream()
                    )));
                }
                Err(trouble) => return Err(trouble),
            }
            place = self.newest_snapshot(deadline)?;
        }
        Ok(Position(0))
    }

    fn newest_snapshot(&self, deadline: Instant) -> Result<Position, Trouble> {
        self.ask(deadline, || snapshots::newest(&self.connection, &self.space, self.replicas))
    }

    fn note_forgotten(&mut self) -> Result<(), Trouble> {
        let mut forgotten = Position(0);
        self.local.source()?.read(&mut |read| {
            forgotten = LogReader::new(read).forgotten()?;
            Ok(())
        })?;
        self.forgotten = forgotten;
        Ok(())
    }
}
