//! A data folder in the making: complete at its end, and empty if it does not come to that.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{DataError, Layout, SECRET_LENGTH, claim, remove_database, secret};

/// A folder in which nothing of a server is yet, held by this process.
#[derive(Debug)]
pub(crate) struct FreshFolder {
    layout: Layout,
    /// Locked as long as this lives.
    _lock: File,
}

impl FreshFolder {
    /// Makes a folder, or takes one in which nothing of a server is.
    pub(crate) fn open(folder: impl Into<PathBuf>) -> Result<Self, DataError> {
        let layout = Layout::new(folder);
        let lock = claim(&layout)?;
        let unfinished = layout.unfinished_file();
        let databases = [layout.chat_file(), layout.search_file(), layout.files_database()];
        if unfinished.exists() && !databases.iter().any(|file| file.exists()) {
            // One before was killed, perhaps after it had put its secret down: that is nobody's.
            fs::remove_file(layout.secret_file())
                .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
                .map_err(|error| DataError::File(layout.secret_file(), error))?;
        }
        let mut inhabitants = databases.into_iter().chain([layout.secret_file()]);
        if let Some(file) = inhabitants.find(|file| file.exists()) {
            return Err(DataError::Inhabited(file));
        }
        remove_database(&unfinished).map_err(|error| DataError::File(unfinished, error))?;
        Ok(FreshFolder { layout, _lock: lock })
    }

    /// The folder's path, as it was given.
    pub(crate) fn path(&self) -> &Path {
        self.layout.folder()
    }

    /// Where to put the database, which must be closed before the end.
    pub(crate) fn unfinished_file(&self) -> PathBuf {
        self.layout.unfinished_file()
    }

    /// A secret that nobody has had before.
    pub(crate) fn new_secret(&self) -> Result<[u8; SECRET_LENGTH], DataError> {
        secret::random().map_err(|error| DataError::File(self.layout.secret_file(), error))
    }

    /// Puts secret and database where a server looks for them.
    pub(crate) fn finish(self, secret: [u8; SECRET_LENGTH]) -> Result<(), DataError> {
        secret::make(&self.layout.secret_file(), secret)?;
        let (from, to) = (self.unfinished_file(), self.layout.chat_file());
        let rename = || {
            fs::rename(&from, &to)?;
            File::open(self.path())?.sync_all()
        };
        rename().map_err(|error| DataError::File(to.clone(), error))
    }
}

impl Drop for FreshFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next one.
        let _ = remove_database(&self.unfinished_file());
    }
}
