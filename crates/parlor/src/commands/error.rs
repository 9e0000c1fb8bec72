//! What can go wrong with the commands, as sentences for who runs them.

use std::fmt;
use std::io;
use std::path::PathBuf;

use parlor_chat::{Position, Trouble};

use crate::cluster::ClusterError;
use crate::data::DataError;

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The data folder is not fit for it.
    Data(DataError),
    /// No server was ever started in this folder.
    NoChat(PathBuf),
    /// The database cannot be read or written.
    Stored(PathBuf, Trouble),
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// There is a file already.
    Exists(PathBuf),
    /// Standard output cannot be written to.
    Output(io::Error),
    /// A file that should be a backup.
    Backup(PathBuf, Trouble),
    /// A line of what should be an exported log.
    Export(PathBuf, usize, String),
    /// Nobody can be let in who is called this.
    NoLink(String, String),
    /// An exported log without its beginning.
    Beheaded(PathBuf, Position),
    /// Nobody serves what is in this folder.
    NotRunning(PathBuf),
    /// The cluster cannot be used.
    Cluster(ClusterError),
    /// The running server serves on.
    NotSucceeded(String),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Data(error) => error.fmt(f),
            CommandError::Cluster(error) => error.fmt(f),
            CommandError::NoChat(folder) => write!(
                f,
                "there is no chat in {}. Choose the server's data folder with --data DIR",
                folder.display()
            ),
            CommandError::Stored(file, trouble) => write!(f, "{}: {trouble}", file.display()),
            CommandError::File(file, error) => write!(f, "{}: {error}", file.display()),
            CommandError::Exists(file) => {
                write!(f, "{} is there already, and is not overwritten. Choose another name", file.display())
            }
            CommandError::Output(error) => write!(f, "the output cannot be written: {error}"),
            CommandError::Backup(file, Trouble::Corrupt(what)) => {
                write!(f, "{} is no backup to trust: {what}. Take another one", file.display())
            }
            CommandError::Backup(file, trouble) => write!(f, "{}: {trouble}", file.display()),
            CommandError::Export(file, line, what) => {
                write!(f, "{}, line {line}: {what}. Nothing was kept of it", file.display())
            }
            CommandError::NoLink(name, what) => write!(f, "no link for {name:?}: {what}"),
            CommandError::NotRunning(folder) => write!(
                f,
                "no server runs with the data folder {}. Start one, or choose another folder with --data DIR",
                folder.display()
            ),
            CommandError::NotSucceeded(sentence) => write!(f, "the server was not succeeded: {sentence}"),
            CommandError::Beheaded(file, after) => write!(
                f,
                "{} begins after entry {after}, because what came before was forgotten, and a state follows only \
                 from a whole log. Use `parlor backup` and `parlor restore`",
                file.display()
            ),
        }
    }
}

impl std::error::Error for CommandError {}

impl From<DataError> for CommandError {
    fn from(error: DataError) -> Self {
        CommandError::Data(error)
    }
}
