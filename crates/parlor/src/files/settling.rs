//! What a start finds in the folder of files is settled against what is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use parlor_chat::{Chat, Position, Timestamp};
use parlor_jetstream::SharedFiles;

use super::about::{About, HEAD};
use super::error::FilesError;
use super::id::FileId;
use super::known::Ledger;
use super::shared::{self, News};
use crate::data::PRIVATE_FOLDER;

/// What the name of a file ends in while it comes.
pub(super) const UNFINISHED: &str = ".part";
/// What the name of a copy ends in while it is fetched.
pub(super) const COPY: &str = ".copy";

/// What a start has found out.
pub(super) struct Settled {
    pub(super) ledger: Ledger,
    /// The place in the log from which on it is to be read.
    pub(super) position: Position,
    /// Up to there the log names no files that are shared and not known.
    pub(super) sure: Position,
    /// Files of the folder that are not among those that are shared.
    pub(super) lacking: BTreeSet<FileId>,
}

/// Opens what is known of the files in a folder, and of those that nodes share.
///
/// - What a crash left unfinished is removed; of what was on its way to other nodes nothing stays with these.
/// - What was to be removed is.
/// - What is known and not there is known no longer, unless it is shared.
/// - What is there and not known is known from now on by what stands in front of it, and the log is read from the time on
///   at which it came: so a lost database, or files from a backup, come to the same as if nothing had happened. So is what
///   other nodes were brought meanwhile.
pub(super) fn open(
    folder: &Path,
    database: &Path,
    chat: &Chat,
    common: Option<&SharedFiles>,
) -> Result<Settled, FilesError> {
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder)?;
    let ends = super::ends(chat)?;
    let ledger = Ledger::open(database, ends)?;
    let leaving = ledger.leaving()?;
    let known = ledger.all()?;
    let (there, unfinished) = look(folder, |id| leaving.contains_key(&id))?;
    let mut found = Vec::new();
    for (id, path) in there.iter().filter(|(id, _)| !known.contains(id)) {
        match about(path)? {
            Some(about) => found.push((*id, about)),
            None => {
                tracing::warn!(path = %path.display(), "this is no file that was brought, and nobody is shown it")
            }
        }
    }
    File::open(folder)?.sync_all()?;
    let learned = ledger.learned()?;
    let news = common.map(|common| shared::first_news(common, learned)).transpose()?;
    let mut lacking = BTreeSet::new();
    if let Some(News { files, is_all: true, .. }) = &news {
        let shared: BTreeSet<FileId> = files.iter().map(|(id, _)| *id).collect();
        lacking = there.keys().copied().filter(|id| !shared.contains(id)).collect();
    }
    let position = ledger.atomically(|ledger| {
        if common.is_none() {
            let is_gone = |id: &&FileId| !there.contains_key(id);
            known.iter().filter(is_gone).try_for_each(|id| ledger.leave(*id))?;
            leaving.keys().chain(&known).filter(is_gone).try_for_each(|id| ledger.left(*id))?;
        }
        let now = Timestamp::now();
        let own = found.iter().map(|(id, about)| (id, about, if common.is_some() { now } else { about.at }));
        let others = news.iter().flat_map(|news| &news.files).map(|(id, shared)| (id, &shared.about, now));
        // Nothing that was said before a file came can be about it.
        let is_new = known.is_empty() && ledger.position()? == Position(0);
        let mut position = if is_new { ends } else { ledger.position()? };
        for (id, about, since) in own.chain(others) {
            if !known.contains(id) && !leaving.contains_key(id) {
                ledger.add(*id, about, since)?;
                position = position.min(about.after);
            }
        }
        if let Some(news) = &news {
            unfinished.iter().try_for_each(|id| ledger.leave(*id))?;
            ledger.set_learned(news.up_to)?;
        }
        ledger.set_position(position)?;
        Ok(position)
    })?;
    ledger.scrub()?;
    let sure = if common.is_some() { ends } else { Position(u64::MAX) };
    Ok(Settled { ledger, position, sure, lacking })
}

/// The files of a folder, and those that were on their way, which are removed as those are that leave.
fn look(
    folder: &Path,
    leaves: impl Fn(FileId) -> bool,
) -> Result<(BTreeMap<FileId, PathBuf>, Vec<FileId>), FilesError> {
    let (mut there, mut unfinished) = (BTreeMap::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if let Ok(id) = name.parse::<FileId>() {
            if leaves(id) {
                fs::remove_file(entry.path())?;
            } else {
                there.insert(id, entry.path());
            }
        } else if let Some(id) = name.strip_suffix(UNFINISHED) {
            fs::remove_file(entry.path())?;
            unfinished.extend(id.parse::<FileId>());
        } else if name.ends_with(COPY) {
            fs::remove_file(entry.path())?;
        }
        // Anything else is somebody's who put it there.
    }
    Ok((there, unfinished))
}

/// What stands in front of a file's octets, if all of these are there.
pub(super) fn about(path: &Path) -> Result<Option<About>, FilesError> {
    let mut file = File::open(path)?;
    let mut head = [0; HEAD];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = file.metadata()?.len();
    Ok(About::of_head(&head).filter(|about| about.size.checked_add(HEAD as u64) == Some(length)))
}
