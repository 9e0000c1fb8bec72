//! What a start finds in the folder of files is settled against what is known of them.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use parlor_chat::{Chat, Position};

use super::about::{About, HEAD};
use super::error::FilesError;
use super::id::FileId;
use super::known::Ledger;
use crate::data::PRIVATE_FOLDER;

/// What the name of a file ends in while it comes.
pub(super) const UNFINISHED: &str = ".part";

/// Opens what is known of the files in a folder, and the place in the log from which on it is to be read.
///
/// - What a crash left unfinished is removed.
/// - What was to be removed is.
/// - What is known and not there is known no longer.
/// - What is there and not known is known from now on by what stands in front of it, and the log is read from the time on
///   at which it came: so a lost database, or files from a backup, come to the same as if nothing had happened.
pub(super) fn open(folder: &Path, database: &Path, chat: &Chat) -> Result<(Ledger, Position), FilesError> {
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder)?;
    let ledger = Ledger::open(database, super::ends(chat)?)?;
    let leaving = ledger.leaving()?;
    let mut there = BTreeMap::new();
    let mut position = ledger.position()?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Ok(id) = name.parse::<FileId>() else {
            // Anything else is somebody's who put it there.
            if name.ends_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
            continue;
        };
        if leaving.contains(&id) {
            fs::remove_file(entry.path())?;
            continue;
        }
        there.insert(id, entry.path());
    }
    let known = ledger.all()?;
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
    ledger.atomically(|ledger| {
        for id in known.iter().filter(|id| !there.contains_key(id)) {
            ledger.leave(*id)?;
        }
        for (id, about) in &found {
            ledger.add(*id, about)?;
            position = position.min(about.after);
        }
        leaving
            .iter()
            .chain(&known)
            .filter(|id| !there.contains_key(id))
            .try_for_each(|id| ledger.left(*id))?;
        ledger.set_position(position)
    })?;
    ledger.scrub()?;
    Ok((ledger, position))
}

/// What stands in front of a file's octets, if all of these are there.
fn about(path: &Path) -> Result<Option<About>, FilesError> {
    let mut file = File::open(path)?;
    let mut head = [0; HEAD];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = file.metadata()?.len();
    Ok(About::of_head(&head).filter(|about| about.size.checked_add(HEAD as u64) == Some(length)))
}
