//! Snapshots by policy: whichever node sees first that one is due writes it, and trims the stream behind the one before.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::{Either, select};
use parlor_chat::log::LogReader;
use parlor_chat::storage::Source;
use parlor_chat::{Position, Trouble};
use tokio::sync::watch;
use tokio::time::timeout;

use super::record::{self, Known, Record};
use super::write;
use crate::connection::Connection;
use crate::layout::Held;
use crate::options::Options;
use crate::space::Space;
use crate::{settled, stream};

/// How often it is looked whether a snapshot is due, and what others have written.
const TICK: Duration = Duration::from_secs(1);
/// How often whoever writes says that they still do.
const RENEWED: Duration = Duration::from_secs(15);
/// Whoever has said nothing for so long writes no more.
const LAPSED: Duration = Duration::from_secs(60);
/// A snapshot becomes no older if anything has happened since, because what is erased stays in it.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long noting what was written is tried.
const NOTING: Duration = Duration::from_secs(60);

/// What a node knows of the snapshots, told by who learns it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Known>>);

impl Shared {
    pub(crate) fn get(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what is newer.
    pub(crate) fn learn(&self, known: Known) {
        let mut there = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.newest > there.newest || (known.newest == there.newest && known.before > there.before) {
            *there = known;
        }
    }
}

/// A thread that keeps the snapshots. It ends with this value, in the middle of a snapshot, too.
pub(crate) struct Keeper {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(
        connection: Arc<Connection>,
        space: Space,
        options: &Options,
        source: Box<dyn Source>,
        shared: Shared,
    ) -> Result<Self, Trouble> {
        let (stop, stopped) = watch::channel(false);
        let (every, keep, replicas) = (options.snapshot_every, options.keep, options.replicas);
        let claim = Claim::default();
        let keeping = Keeping { connection, space, replicas, every, keep, source, shared, claim, stopped };
        let thread = thread::Builder::new().name("snapshots".into()).spawn(move || keeping.run());
        let thread = thread.map_err(|error| Trouble::Io(error.to_string()))?;
        Ok(Keeper { stop, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; dropping must not panic again.
            let _ = thread.join();
        }
    }
}

struct Keeping {
    connection: Arc<Connection>,
    space: Space,
    replicas: usize,
    every: u64,
    keep: u64,
    source: Box<dyn Source>,
    shared: Shared,
    claim: Claim,
    stopped: watch::Receiver<bool>,
}

impl Keeping {
    fn run(mut self) {
        let connection = Arc::clone(&self.connection);
        let mut stopped = self.stopped.clone();
        loop {
            // What fails now is tried again, here or by another node.
            let _ = self.turn();
            let is_stopped =
                connection.wait(async { timeout(TICK, stopped.wait_for(|is| *is)).await.is_ok() });
            if is_stopped {
                return;
            }
        }
    }

    fn turn(&mut self) -> Result<(), Trouble> {
        let record = self.unless_stopped(record::read(&self.connection, &self.space))?;
        self.shared.learn(record.known);
        let mut last = Position(0);
        self.source.read(&mut |read| {
            last = LogReader::new(read).last()?;
            Ok(())
        })?;
        let age = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_millis(record.known.at.0));
        if !is_due(self.every, record.known, last, age.unwrap_or_default())
            || !self.claim.is_free(&record, Instant::now())
        {
            return Ok(());
        }
        let claimed = Record { is_claimed: true, ..record };
        match self.unless_stopped(record::replace(&self.connection, &self.space, claimed))? {
            Some(claimed) => self.write(claimed),
            // Another node was quicker.
            None => Ok(()),
        }
    }

    fn write(&mut self, claimed: Record) -> Result<(), Trouble> {
        let source = self.source.another()?;
        let (connection, space) = (&*self.connection, &self.space);
        let (mut stopped, mut claimed) = (self.stopped.clone(), claimed);
        let given_up = async move {
            loop {
                if timeout(RENEWED, stopped.wait_for(|is| *is)).await.is_ok() {
                    return Trouble::Stopped;
                }
                match record::replace(connection, space, claimed).await {
                    Ok(Some(renewed)) => claimed = renewed,
                    Ok(None) => return Trouble::Busy,
                    // Whoever takes over because of that does no harm.
                    Err(_) => {}
                }
            }
        };
        let written = write(connection, space, self.replicas, source, given_up);
        let position = match written {
            // This node ends, or another writes.
            Err(trouble @ (Trouble::Stopped | Trouble::Busy)) => return Err(trouble),
            // Nothing is there that could be taken for a snapshot; and nobody has to wait.
            Err(trouble) => {
                _ = self.unless_stopped(record::add(
                    connection,
                    space,
                    Position(0),
                    deadline(Duration::ZERO),
                ));
                return Err(trouble);
            }
            Ok(position) => position,
        };
        let known = self.unless_stopped(record::add(connection, space, position, deadline(NOTING)))?;
        self.shared.learn(known);
        self.trim(known, position)
    }

    /// Forgets what every node finds in a snapshot, but for the newest messages.
    fn trim(&mut self, known: Known, last: Position) -> Result<(), Trouble> {
        let Some(up_to) = trimmed(self.keep, known, last) else { return Ok(()) };
        let mut mark = None;
        self.source.read(&mut |read| {
            mark = LogReader::new(read).mark(up_to.next())?;
            Ok(())
        })?;
        // A message stays as long as one of its places does.
        let up_to = Held::at(up_to.next(), mark)?.sequence.before();
        let (connection, space) = (&*self.connection, &self.space);
        self.unless_stopped(async {
            stream::forget(connection, space, up_to).await?;
            settled::forget(connection, space, up_to).await
        })
    }

    fn unless_stopped<T>(&self, what: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let mut stopped = self.stopped.clone();
        self.connection.wait(async {
            match select(pin!(what), pin!(stopped.wait_for(|is| *is))).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => Err(Trouble::Stopped),
            }
        })
    }
}

fn deadline(patience: Duration) -> tokio::time::Instant {
    tokio::time::Instant::now() + patience
}

/// Whether a snapshot is due: after so many entries, or when the newest is a day old and no longer all that there is.
fn is_due(every: u64, known: Known, last: Position, age: Duration) -> bool {
    let since = last.0.saturating_sub(known.newest.0);
    since >= every || (known.newest > Position(0) && since > 0 && age >= OLDEST)
}

/// Up to where the stream is trimmed; nothing if all of it stays.
fn trimmed(keep: u64, known: Known, last: Position) -> Option<Position> {
    let up_to = known.before.0.min(last.0.saturating_sub(keep));
    Some(Position(up_to)).filter(|up_to| keep > 0 && *up_to > Position(0))
}

/// Others' claims to write, as they were seen: no clock but one's own counts.
#[derive(Debug, Default)]
struct Claim {
    seen: Option<(u64, Instant)>,
}

impl Claim {
    /// Whether nobody is writing, as far as can be told.
    fn is_free(&mut self, record: &Record, now: Instant) -> bool {
        if !record.is_claimed {
            return true;
        }
        match self.seen {
            Some((sequence, since)) if sequence == record.sequence => now - since >= LAPSED,
            _ => {
                self.seen = Some((record.sequence, now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_chat::Timestamp;

    const KNOWN: Known = Known { newest: Position(100), before: Position(60), at: Timestamp(0) };

    #[test]
    fn a_snapshot_is_due_after_so_many_entries_or_a_day() {
        let (young, none) = (Duration::ZERO, Known::default());
        assert!(!is_due(50, KNOWN, Position(149), young) && is_due(50, KNOWN, Position(150), young));
        assert!(!is_due(50, none, Position(49), OLDEST) && is_due(50, none, Position(50), young));
        assert!(is_due(50, KNOWN, Position(101), OLDEST) && !is_due(50, KNOWN, Position(100), OLDEST));
        assert!(!is_due(50, KNOWN, Position(7), OLDEST), "who is behind writes nothing");
    }

    #[test]
    fn the_stream_is_trimmed_behind_the_snapshot_before_the_newest_and_keeps_what_it_should() {
        assert_eq!(trimmed(1, KNOWN, Position(100)), Some(Position(60)));
        assert_eq!(trimmed(70, KNOWN, Position(100)), Some(Position(30)));
        assert_eq!(trimmed(100, KNOWN, Position(100)), None);
        assert_eq!(trimmed(0, KNOWN, Position(100)), None, "everything stays");
    }

    #[test]
    fn a_claim_holds_until_nothing_was_heard_of_it_for_long() {
        let (mut claim, start) = (Claim::default(), Instant::now());
        let record = |sequence, is_claimed| Record { sequence, is_claimed, ..Record::default() };
        assert!(claim.is_free(&record(1, false), start));
        assert!(!claim.is_free(&record(2, true), start));
        assert!(!claim.is_free(&record(2, true), start + LAPSED / 2));
        assert!(!claim.is_free(&record(3, true), start + LAPSED), "it was renewed");
        assert!(!claim.is_free(&record(3, true), start + LAPSED + LAPSED / 2));
        assert!(claim.is_free(&record(3, true), start + LAPSED * 2), "whoever wrote has ended");
    }
}
