//! The commands beside the server: they look into a data folder, copy it or fill a fresh one.
//!
//! Those that read work while a server writes. Each moment they read is one moment of the log.

mod backup;
mod describe;
mod error;
mod export;
mod heal;
mod replay;
mod reset;
mod restore;
mod show;
mod task;
mod upgrade;
mod verify;

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use parlor_chat::Trouble;
use parlor_chat::log::LogReader;
use parlor_chat::storage::{Source, SqliteReader};

use crate::data::Layout;

pub(crate) use error::CommandError;
pub(crate) use task::{Task, run};

/// Entries that are read at once.
const PIECE: usize = 1_000;

/// A file that nobody else may read: it holds what people said.
const PRIVATE_FILE: u32 = 0o600;

/// The database in a data folder, for reading.
fn open(layout: &Layout) -> Result<SqliteReader, CommandError> {
    let file = layout.chat_file();
    if !file.exists() {
        return Err(CommandError::NoChat(layout.folder().to_owned()));
    }
    SqliteReader::open(&file).map_err(|trouble| CommandError::Stored(file, trouble))
}

/// Reads one moment of a log.
fn look<T>(
    reader: &mut SqliteReader,
    layout: &Layout,
    run: impl FnOnce(&LogReader<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let (mut run, mut result) = (Some(run), None);
    let read = reader.read(&mut |read| {
        result = run.take().map(|run| run(&LogReader::new(read)));
        Ok(())
    });
    let stored = |trouble| CommandError::Stored(layout.chat_file(), trouble);
    read.map_err(stored)?;
    result.unwrap_or_else(|| Err(stored(Trouble::Stopped)))
}

/// Makes a file for its owner alone, unless there is one already.
fn make_file(path: &Path) -> Result<File, CommandError> {
    let file = File::options().write(true).create_new(true).mode(PRIVATE_FILE).open(path);
    file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandError::Exists(path.to_owned()),
        _ => CommandError::File(path.to_owned(), error),
    })
}

/// Runs what writes to a file that was made for it; if that fails, the file goes again.
fn fill<T>(path: &Path, write: impl FnOnce(&File) -> Result<T, CommandError>) -> Result<T, CommandError> {
    let file = make_file(path)?;
    let result = write(&file).and_then(|result| {
        file.sync_all().map_err(|error| CommandError::File(path.to_owned(), error))?;
        Ok(result)
    });
    if result.is_err() {
        // What went wrong is more worth telling than that the rest is left.
        let _ = std::fs::remove_file(path);
    }
    result
}
