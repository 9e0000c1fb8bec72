//! `parlor backup`: everything of one moment in one file, read back before it is believed.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use parlor_chat::log::{BackupHeader, check_backup, write_backup};

use super::{CommandError, fill, look, open};
use crate::data::Layout;

/// Writes log, state and secret to a new file, whether or not a server runs, and reads it back.
pub(super) fn backup(layout: &Layout, path: &Path) -> Result<BackupHeader, CommandError> {
    let failed = |error| CommandError::File(path.to_owned(), error);
    let mut reader = open(layout)?;
    let secret = layout.secret()?;
    fill(path, |file| {
        let mut output = BufWriter::new(file);
        let written = look(&mut reader, layout, |log| {
            // What fails is either the database or the file, and the trouble says what it is.
            write_backup(log, &secret, &mut output)
                .map_err(|trouble| CommandError::Backup(path.to_owned(), trouble))
        })?;
        output.flush().map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let read = check(path)?;
        if read != written {
            return Err(failed(std::io::Error::other("it does not say what was written to it")));
        }
        Ok(written)
    })
}

/// Reads a backup through to its end.
pub(super) fn check(path: &Path) -> Result<BackupHeader, CommandError> {
    let file = File::open(path).map_err(|error| CommandError::File(path.to_owned(), error))?;
    check_backup(&mut BufReader::new(file)).map_err(|trouble| CommandError::Backup(path.to_owned(), trouble))
}
