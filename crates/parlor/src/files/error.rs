//! What can go wrong with files: the disk, their database, the log that is read.

use std::fmt;
use std::io;

use parlor_chat::{Failure, Trouble};

/// Why something about files cannot be done.
#[derive(Debug)]
pub(crate) enum FilesError {
    Database(rusqlite::Error),
    Disk(io::Error),
    Log(Trouble),
}

impl FilesError {
    /// Whether the database is to be made anew.
    pub(super) fn is_damage(&self) -> bool {
        let FilesError::Database(error) = self else { return false };
        let code = error.sqlite_error_code();
        code.is_none()
            || matches!(
                code,
                Some(
                    rusqlite::ErrorCode::DatabaseCorrupt
                        | rusqlite::ErrorCode::NotADatabase
                        | rusqlite::ErrorCode::Unknown
                )
            )
    }

    /// Whether there is no room on the disk, for this file or for any.
    pub(super) fn is_full(&self) -> bool {
        match self {
            FilesError::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            FilesError::Disk(error) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
            ),
            FilesError::Log(trouble) => *trouble == Trouble::Full,
        }
    }
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilesError::Database(error) => write!(f, "what is known of files: {error}"),
            FilesError::Disk(error) => write!(f, "the folder of files: {error}"),
            FilesError::Log(trouble) => trouble.fmt(f),
        }
    }
}

impl From<rusqlite::Error> for FilesError {
    fn from(error: rusqlite::Error) -> Self {
        FilesError::Database(error)
    }
}

impl From<io::Error> for FilesError {
    fn from(error: io::Error) -> Self {
        FilesError::Disk(error)
    }
}

impl From<Trouble> for FilesError {
    fn from(trouble: Trouble) -> Self {
        FilesError::Log(trouble)
    }
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Failure::Trouble(match error {
            FilesError::Log(trouble) => trouble,
            error if error.is_full() => Trouble::Full,
            error => Trouble::Io(error.to_string()),
        })
    }
}
