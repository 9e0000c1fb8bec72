//! `parlor restore`: a data folder as it was when the backup was made.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use parlor_chat::Trouble;
use parlor_chat::log::{BackupHeader, restore_backup};
use parlor_chat::storage::{Options, Sqlite};

use super::CommandError;
use super::backup::check;
use crate::data::FreshFolder;

/// Puts a backup into a folder in which nothing of a server is.
pub(super) fn restore(path: &Path, folder: &Path) -> Result<BackupHeader, CommandError> {
    let broken = |trouble| CommandError::Backup(path.to_owned(), trouble);
    // All of it is read once before anything is written, so that a bad one does not cost the time of a good one.
    let header = check(path)?;
    let secret = header.beside.as_slice().try_into();
    let secret = secret.map_err(|_| broken(Trouble::Corrupt("the server's secret is not in it".into())))?;
    let folder = FreshFolder::open(folder)?;
    let unfinished = folder.unfinished_file();
    let mut storage = Sqlite::open(&unfinished, Options::default())
        .map_err(|trouble| CommandError::Stored(unfinished.clone(), trouble))?;
    let file = File::open(path).map_err(|error| CommandError::File(path.to_owned(), error))?;
    let restored = restore_backup(&mut BufReader::new(file), &mut storage).map_err(broken)?;
    // Closed, so that all of it is in one file.
    drop(storage);
    folder.finish(secret)?;
    Ok(restored)
}
