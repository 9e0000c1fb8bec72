//! What can go wrong with the index.

use std::fmt;

/// Why the index cannot answer or go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum SearchError {
    /// The database refused.
    Database(rusqlite::Error),
    /// The index has something that it never writes.
    Damaged(&'static str),
    /// It holds as many messages as it can count: 4,294,967,295, those that were erased or edited since included.
    Full,
    /// A file of the index could not be put away.
    File(std::io::Error),
    /// A cursor that is none, or that belongs to an index from before it was built anew.
    Cursor,
}

impl SearchError {
    /// Whether the file has to be made anew, because it is damaged or no index at all.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
        match self {
            Self::Damaged(_) => true,
            // Something other than an error of SQLite is a value of a type that is never written.
            Self::Database(error) => error
                .sqlite_error_code()
                .is_none_or(|code| matches!(code, DatabaseCorrupt | NotADatabase | Unknown)),
            _ => false,
        }
    }
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "the search index's database: {error}"),
            Self::Damaged(what) => {
                write!(
                    f,
                    "the search index is damaged ({what}); stop the server, delete it, and it is built anew"
                )
            }
            Self::Full => {
                write!(
                    f,
                    "the search index is full; stop the server, delete it, and it is built anew without gaps"
                )
            }
            Self::File(error) => write!(f, "the search index's file: {error}"),
            Self::Cursor => write!(f, "these results can no longer be continued; search again"),
        }
    }
}

impl std::error::Error for SearchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for SearchError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}
