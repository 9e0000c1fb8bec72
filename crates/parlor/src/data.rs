//! The folder that everything is kept in: private, and held by one process at a time.

mod fresh;
mod secret;

use std::fmt;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub(crate) use fresh::FreshFolder;
pub(crate) use secret::SECRET_LENGTH;

/// A folder that nobody else may look into.
pub(crate) const PRIVATE_FOLDER: u32 = 0o700;
/// A file that nobody else may read.
pub(crate) const PRIVATE_FILE: u32 = 0o600;

/// What is in a data folder, and where. Knowing it opens nothing.
#[derive(Debug, Clone)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    /// That of a folder which may not be there yet.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Layout(folder.into())
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// The database with the log and the state.
    pub(crate) fn chat_file(&self) -> PathBuf {
        self.0.join("chat.sqlite")
    }

    /// The database with the search index, which can be made anew from the log.
    pub(crate) fn search_file(&self) -> PathBuf {
        self.0.join("search.sqlite")
    }

    /// The folder with the octets of files.
    pub(crate) fn files_folder(&self) -> PathBuf {
        self.0.join("files")
    }

    /// The database of what is known of files, which can be made anew from them and the log.
    pub(crate) fn files_database(&self) -> PathBuf {
        self.0.join("files.sqlite")
    }

    /// The file that names the space whose node has this folder.
    pub(crate) fn cluster_file(&self) -> PathBuf {
        self.0.join("cluster")
    }

    /// The file with the number of the node that has this folder.
    pub(crate) fn node_file(&self) -> PathBuf {
        self.0.join("node")
    }

    /// The socket at which the running server takes orders.
    pub(crate) fn control_file(&self) -> PathBuf {
        self.0.join("control")
    }

    /// The secret of a server that has been started in this folder, whether or not it runs.
    pub(crate) fn secret(&self) -> Result<[u8; SECRET_LENGTH], DataError> {
        secret::read(&self.secret_file())
    }

    /// A database in which the log is replayed to check it; of no value afterwards.
    pub(crate) fn check_file(&self) -> PathBuf {
        self.0.join("check.sqlite")
    }

    fn secret_file(&self) -> PathBuf {
        self.0.join("secret")
    }

    /// The database while it is not complete.
    fn unfinished_file(&self) -> PathBuf {
        self.0.join("unfinished.sqlite")
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join("lock")
    }
}

/// A data folder that is this process's for as long as the value lives.
pub(crate) struct DataFolder {
    layout: Layout,
    secret: [u8; SECRET_LENGTH],
    /// Locked as long as this lives; the system lets go of it when the process ends in whatever way.
    _lock: File,
}

impl DataFolder {
    /// Opens a folder, and makes it with a secret of its own if it is not there.
    ///
    /// # Errors
    ///
    /// Another process has it, it cannot be written to, or its secret is not fit for use.
    pub(crate) fn open(folder: impl Into<PathBuf>) -> Result<Self, DataError> {
        let layout = Layout::new(folder);
        let lock = claim(&layout)?;
        let secret = secret::read_or_make(&layout.secret_file())?;
        Ok(DataFolder { layout, secret, _lock: lock })
    }

    /// The folder's path, as it was given.
    pub(crate) fn path(&self) -> &Path {
        self.layout.folder()
    }

    /// The database with the log and the state.
    pub(crate) fn chat_file(&self) -> PathBuf {
        self.layout.chat_file()
    }

    /// The database with the search index, which can be made anew from the log.
    pub(crate) fn search_file(&self) -> PathBuf {
        self.layout.search_file()
    }

    /// The folder with the octets of files.
    pub(crate) fn files_folder(&self) -> PathBuf {
        self.layout.files_folder()
    }

    /// The database of what is known of files.
    pub(crate) fn files_database(&self) -> PathBuf {
        self.layout.files_database()
    }

    /// The socket at which the running server takes orders.
    pub(crate) fn control_file(&self) -> PathBuf {
        self.layout.control_file()
    }

    /// The file that names the space whose node has this folder.
    pub(crate) fn cluster_file(&self) -> PathBuf {
        self.layout.cluster_file()
    }

    /// The file with the number of the node that has this folder.
    pub(crate) fn node_file(&self) -> PathBuf {
        self.layout.node_file()
    }

    /// Takes over the secret of others, with whom this server is one.
    pub(crate) fn adopt_secret(&mut self, secret: [u8; SECRET_LENGTH]) -> Result<(), DataError> {
        if secret != self.secret {
            self.secret = secret::make(&self.layout.secret_file(), secret)?;
        }
        Ok(())
    }

    /// What only this server knows, made at random on its first start. Not for any output.
    pub(crate) fn secret(&self) -> &[u8; SECRET_LENGTH] {
        &self.secret
    }
}

impl fmt::Debug for DataFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataFolder").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Makes the folder if it is not there, and keeps every other process out as long as the file lives.
fn claim(layout: &Layout) -> Result<File, DataError> {
    let failed = |error| DataError::Create(layout.folder().to_owned(), error);
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(layout.folder()).map_err(failed)?;
    lock(layout)
}

fn lock(layout: &Layout) -> Result<File, DataError> {
    let failed = |error| DataError::File(layout.lock_file(), error);
    let mut options = File::options();
    options.create(true).truncate(false).write(true).read(true).mode(PRIVATE_FILE);
    let mut file = options.open(layout.lock_file()).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            // For whoever wonders which process it is.
            file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let holder = io::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
            Err(DataError::Locked(layout.folder().to_owned(), holder))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Why a data folder cannot be used.
#[derive(Debug)]
pub(crate) enum DataError {
    /// It is not there and cannot be made.
    Create(PathBuf, io::Error),
    /// A process, by its number where that is known, has it.
    Locked(PathBuf, Option<u32>),
    /// A file in it cannot be read or written.
    File(PathBuf, io::Error),
    /// The secret has another length, in octets.
    SecretLength(PathBuf, usize),
    /// The secret's permissions let others read it.
    SecretOpen(PathBuf, u32),
    /// There is a server's data where there should be none.
    Inhabited(PathBuf),
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataError::Create(folder, error) => write!(
                f,
                "the data folder {} cannot be made: {error}. Make it writable for this user, or choose another \
                 with --data DIR",
                folder.display()
            ),
            DataError::Locked(folder, holder) => {
                write!(f, "the data folder {} is in use by another process", folder.display())?;
                holder.map_or(Ok(()), |number| write!(f, " ({number})"))?;
                f.write_str(". Stop that one first, or choose another folder with --data DIR")
            }
            DataError::File(file, error) => write!(
                f,
                "{}: {error}. The data folder has to belong to the user that the server runs as",
                file.display()
            ),
            DataError::SecretLength(file, length) => write!(
                f,
                "{} is damaged: it has {length} octets instead of {SECRET_LENGTH}. Restore it from a backup; or \
                 delete it, and a new one is made, but then everybody has to sign in again",
                file.display()
            ),
            DataError::SecretOpen(file, mode) => write!(
                f,
                "{} can be read by others (its mode is {mode:04o}). Run: chmod 600 {}",
                file.display(),
                file.display()
            ),
            DataError::Inhabited(file) => write!(
                f,
                "{} is there already, and is not overwritten. Choose a fresh folder with --data DIR",
                file.display()
            ),
        }
    }
}

impl std::error::Error for DataError {}

/// Removes a database with everything that SQLite and its lock leave beside it.
pub(crate) fn remove_database(path: &Path) -> io::Result<()> {
    for companion in ["", "-wal", "-shm", "-journal", ".lock"] {
        let mut name = path.as_os_str().to_owned();
        name.push(companion);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
