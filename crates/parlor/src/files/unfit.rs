//! Why a file is not taken.

use std::io;

use parlor_chat::Trouble;

use super::error::FilesError;
use super::jpeg::Damaged;

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Nobody may bring any.
    Off,
    /// It has more than so many octets.
    TooLarge(u64),
    /// Its owner has brought enough octets for today.
    SpentToday {
        limit: u64,
        /// In milliseconds.
        again_after: u64,
    },
    /// All files together have enough octets.
    ServerFull,
    DiskFull,
    /// Its owner is bringing so many already.
    TooManyAtOnce(u32),
    /// Everybody together is bringing too many.
    Busy,
    /// It said that it was longer.
    CutShort,
    /// No octet came for a while.
    TooSlow,
    /// It begins as a JPEG and does not go on as one.
    Damaged,
    /// Most servers of the cluster are away.
    Away,
    /// The disk does not do what it should.
    Trouble,
}

impl Unfit {
    /// For programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Unfit::Off => "files-off",
            Unfit::TooLarge(_) => "too-large",
            Unfit::SpentToday { .. } => "spent-today",
            Unfit::ServerFull => "files-full",
            Unfit::DiskFull => "disk-full",
            Unfit::TooManyAtOnce(_) => "too-many-at-once",
            Unfit::Busy => "busy",
            Unfit::CutShort => "cut-short",
            Unfit::TooSlow => "too-slow",
            Unfit::Damaged => "picture-damaged",
            Unfit::Away => "try-again",
            Unfit::Trouble => "storage-failed",
        }
    }
}

impl From<FilesError> for Unfit {
    fn from(error: FilesError) -> Self {
        if error.is_full() {
            return Unfit::DiskFull;
        }
        tracing::error!(%error, "a file cannot be stored");
        if matches!(error, FilesError::Log(Trouble::Unreachable(_))) { Unfit::Away } else { Unfit::Trouble }
    }
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        FilesError::Disk(error).into()
    }
}

impl From<Damaged> for Unfit {
    fn from(_: Damaged) -> Self {
        Unfit::Damaged
    }
}
