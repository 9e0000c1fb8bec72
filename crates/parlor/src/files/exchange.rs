//! What a node has of the files that all nodes share: it learns of them, keeps copies, puts back what is lost, and erases.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use parlor_chat::{Timestamp, Trouble};
use parlor_jetstream::{Leftovers, SharedFiles};

use super::about::HEAD;
use super::counted::day;
use super::error::FilesError;
use super::id::FileId;
use super::settling::{self, COPY};
use super::shared::{self, Shared};
use super::upload::leaves_room;
use super::{Files, ends};
use crate::identity::random;

/// How often it is asked which files other nodes were brought, if nothing else is a reason.
const LEARNED: Duration = Duration::from_secs(60);
/// How often it is looked for octets of files that nobody brings any more.
const SWEPT: Duration = Duration::from_secs(60 * 60);
/// Files that are erased from the servers in one turn, so that what the log says of others is not left waiting.
const ERASED_AT_ONCE: usize = 16;

/// A copy that is not complete yet, and goes with this.
struct Copy {
    file: File,
    path: PathBuf,
}

impl Drop for Copy {
    fn drop(&mut self) {
        // The next start removes it if this fails; once it has its name, it is not there.
        let _ = fs::remove_file(&self.path);
    }
}

impl Files {
    /// Learns which files other nodes were brought. What the log has said up to now names no others.
    pub(super) fn learn(&self) -> Result<(), FilesError> {
        let Some(common) = &self.shared else { return Ok(()) };
        let sure = ends(&self.chat)?;
        let learned = self.lock().ledger.learned()?;
        let news = shared::news(common, learned)?;
        let now = Timestamp::now();
        let mut known = self.lock();
        let leaving = known.ledger.leaving()?;
        let mut position = known.position;
        known.ledger.atomically(|ledger| {
            for (id, Shared { about, is_late }) in &news.files {
                // What is on this disk was brought here, and is noted by who does that.
                let is_here = self.path(*id).exists() || self.part(*id).exists();
                if is_here || leaving.contains_key(id) || ledger.find(*id)?.is_some() {
                    continue;
                }
                ledger.add(*id, about, now)?;
                ledger.spend(about.owner, day(about.at), about.size)?;
                self.counted.came(about);
                if *is_late {
                    position = position.min(about.after);
                }
            }
            if position < known.position {
                // Messages that name it may have been read before it was known.
                ledger.set_position(position)?;
            }
            ledger.set_learned(news.up_to)
        })?;
        if position < known.position {
            (known.position, known.written) = (position, position);
        }
        known.sure = known.sure.max(sure);
        Ok(())
    }

    /// Fetches a file that another node was brought, and keeps a copy. Returns whether there is such a file.
    pub(super) fn fetch(&self, id: FileId) -> Result<bool, FilesError> {
        let Some(common) = &self.shared else { return Ok(false) };
        let path = self.path(id);
        if path.exists() {
            return Ok(true);
        }
        let Some(about) = self.lock().ledger.find(id)? else { return Ok(false) };
        let part = self.folder.join(format!("{id}-{:016x}{COPY}", random()));
        let mut options = File::options();
        let file =
            options.create_new(true).read(true).write(true).mode(crate::data::PRIVATE_FILE).open(&part)?;
        let mut copy = Copy { file, path: part };
        if !leaves_room(&copy.file, about.size.saturating_add(HEAD as u64))? {
            return Err(Trouble::Full.into());
        }
        if !common.fetch(&id.to_string(), &mut copy.file)? {
            return Ok(false);
        }
        copy.file.sync_all()?;
        if settling::about(&copy.path)?.as_ref() != Some(&about) {
            return Err(
                Trouble::Corrupt(format!("the servers have another file than {id} in its place")).into()
            );
        }
        // What is removed meanwhile must not come back.
        let known = self.lock();
        if known.ledger.find(id)?.is_none() {
            return Ok(false);
        }
        fs::rename(&copy.path, path)?;
        Ok(true)
    }

    /// Puts there what this node's folder has and the servers have not, although messages name it: it came with the folder
    /// of a server that was alone, or they have lost it.
    fn put_back(&self, common: &SharedFiles) -> Result<(), FilesError> {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(id) = lacking.first().copied().filter(|_| !self.bell.is_ended()) {
            let known = self.lock();
            let about = known
                .ledger
                .find(id)?
                .filter(|_| known.ledger.claims(id).is_ok_and(|claims| !claims.is_empty()));
            drop(known);
            if let Some(about) = about {
                let about = Shared { about, is_late: true };
                shared::put(common, id, &about, &self.path(id))?;
            }
            lacking.remove(&id);
        }
        Ok(())
    }

    /// Does with the servers what the log has said: erases what has left, and puts back what is lost.
    pub(super) fn exchange(&self) -> Result<(), FilesError> {
        let Some(common) = &self.shared else { return Ok(()) };
        let leaving = self.lock().ledger.leaving()?;
        let mut gone = BTreeMap::new();
        for (id, size) in leaving.iter().take(ERASED_AT_ONCE) {
            // The next start goes on.
            if self.bell.is_ended() {
                break;
            }
            common.erase(&id.to_string())?;
            gone.insert(*id, *size);
        }
        if !gone.is_empty() {
            self.left(&gone)?;
        }
        if gone.len() < leaving.len() {
            self.bell.ring();
        }
        self.put_back(common)
    }

    /// Does what is to be done now and then, whatever the log says. What fails is tried the next time.
    pub(super) fn look_after(&self, rounds: &mut Rounds) {
        let Some(common) = &self.shared else { return };
        let mut result = Ok(());
        if rounds.learned.elapsed() >= LEARNED {
            rounds.learned = Instant::now();
            // What nobody has said anything of is learnt, too, so that it is counted, and removed in its time.
            result = self.learn();
        }
        if rounds.swept.elapsed() >= SWEPT {
            rounds.swept = Instant::now();
            let swept = common.sweep(&rounds.leftovers);
            result = result.and(swept.map(|left| rounds.leftovers = left).map_err(FilesError::Log));
        }
        if let Err(error) = result {
            tracing::debug!(%error, "it is not known which files other nodes were brought");
        }
    }
}

/// What is done now and then, and when it was done last.
pub(super) struct Rounds {
    learned: Instant,
    swept: Instant,
    leftovers: Leftovers,
}

impl Rounds {
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        Rounds { learned: now, swept: now, leftovers: Leftovers::default() }
    }
}
