//! What can go wrong with the storage, in kinds that a program can tell apart and sentences for who runs it.

use std::fmt;

use crate::codec::Malformed;

/// Why something could not be stored or read. Whatever it was, nothing was acknowledged that is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// There is no room on the disk, or the size that was allowed is used up.
    Full,
    /// The file or its disk can be read only.
    ReadOnly,
    /// Another process holds the file.
    Locked,
    /// The system failed to read or write.
    Io(String),
    /// What was read makes no sense.
    Corrupt(String),
    /// A later version of this program wrote the data.
    Newer(String),
    /// An earlier version wrote the data, and it can be read once it is brought forward.
    Older,
    /// Too many proposals wait already; this one was not taken.
    Busy,
    /// The servers that hold the log of several nodes cannot be reached, or have no leader.
    Unreachable(String),
    /// What several nodes share is not as it has to be, or has lost what was acknowledged.
    Unfit(String),
    /// The log was stopped, or its thread ended.
    Stopped,
}

impl Trouble {
    /// Whether the same attempt may succeed later without anybody starting the program anew.
    pub fn may_pass(&self) -> bool {
        match self {
            Trouble::Full | Trouble::ReadOnly | Trouble::Locked | Trouble::Io(_) => true,
            Trouble::Busy | Trouble::Unreachable(_) => true,
            Trouble::Corrupt(_)
            | Trouble::Newer(_)
            | Trouble::Older
            | Trouble::Unfit(_)
            | Trouble::Stopped => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Full => f.write_str("there is no room on the disk; make room, and it goes on by itself"),
            Trouble::ReadOnly => f.write_str("the data can only be read; make file and disk writable"),
            Trouble::Locked => {
                f.write_str("another program holds the data; end it, and it goes on by itself")
            }
            Trouble::Io(what) => write!(f, "the disk failed: {what}; look at the system's log"),
            Trouble::Corrupt(what) => write!(f, "the data is damaged: {what}; restore a backup"),
            Trouble::Newer(what) => write!(f, "a later version wrote the data: {what}; start that version"),
            Trouble::Older => f.write_str("an earlier version wrote the data; start the server once"),
            Trouble::Busy => f.write_str("too much waits to be stored; try again in a moment"),
            Trouble::Unreachable(what) => {
                write!(
                    f,
                    "the servers of the log cannot take anything: {what}; once they can, it goes on by itself"
                )
            }
            Trouble::Unfit(what) => write!(f, "the servers of the log cannot be used: {what}"),
            Trouble::Stopped => f.write_str("the log was stopped; start the server again"),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Broken => Trouble::Corrupt("a row cannot be read".into()),
            Malformed::Newer => Trouble::Newer("a row says what this version does not know".into()),
        }
    }
}
