//! What SQLite says went wrong, in our kinds.

use rusqlite::{Error, ErrorCode};

use crate::trouble::Trouble;

pub(crate) fn trouble(error: Error) -> Trouble {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Trouble::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Trouble::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Locked,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Corrupt(error.to_string()),
        _ => Trouble::Io(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn each_kind_of_failure_is_known() {
        let cases = [
            (ffi::SQLITE_FULL, Trouble::Full),
            (ffi::SQLITE_READONLY, Trouble::ReadOnly),
            (ffi::SQLITE_READONLY_DBMOVED, Trouble::ReadOnly),
            (ffi::SQLITE_BUSY, Trouble::Locked),
            (ffi::SQLITE_BUSY_SNAPSHOT, Trouble::Locked),
        ];
        for (code, expected) in cases {
            assert_eq!(trouble(Error::SqliteFailure(ffi::Error::new(code), None)), expected);
        }
        let of = |code| trouble(Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(matches!(of(ffi::SQLITE_CORRUPT_INDEX), Trouble::Corrupt(_)));
        assert!(matches!(of(ffi::SQLITE_NOTADB), Trouble::Corrupt(_)));
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CANTOPEN] {
            assert!(matches!(of(code), Trouble::Io(_)));
        }
    }
}
