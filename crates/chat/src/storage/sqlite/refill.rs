//! Filling a database anew, in a file beside it that takes its place once it is complete.
//!
//! The new file needs no journal and one sync: until it has the name, nobody relies on it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::trouble;
use super::{Options, beside, limit_size, schema, write};
use crate::storage::{Refill, Writes};
use crate::trouble::Trouble;

/// Removes what a process has left that ended in the middle.
pub(super) fn clean(path: &Path) -> Result<(), Trouble> {
    remove(&unfinished(path))
}

/// Makes the new file, with nothing that is not handed out; no file if that fails.
pub(super) fn make(path: &Path, options: &Options, refill: &mut Refill<'_>) -> Result<(), Trouble> {
    clean(path)?;
    let made = unfinished(path);
    let result = fill(&made, options, refill).and_then(|()| {
        File::open(&made).and_then(|file| file.sync_all()).map_err(|error| failed(&made, &error))
    });
    if result.is_err() {
        // The next attempt removes it, too.
        let _ = remove(&made);
    }
    result
}

fn fill(made: &Path, options: &Options, refill: &mut Refill<'_>) -> Result<(), Trouble> {
    let mut connection = Connection::open(made).map_err(trouble)?;
    let configure = || {
        connection.pragma_update(None, "journal_mode", "off")?;
        connection.pragma_update(None, "synchronous", "off")?;
        connection.pragma_update(None, "locking_mode", "exclusive")?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        limit_size(&connection, options)
    };
    configure().map_err(trouble)?;
    schema::prepare(&mut connection, options)?;
    connection.execute_batch("BEGIN").map_err(trouble)?;
    refill(&mut |writes| put(&connection, writes).map_err(trouble))?;
    connection.execute_batch("COMMIT").map_err(trouble)
}

/// Keys ascend, so that nothing has to wait for others on the same page.
fn put(connection: &Connection, writes: &Writes) -> rusqlite::Result<()> {
    if writes.anew {
        write::clear(connection)?;
    }
    write::rows(connection, &writes.rows)?;
    write::entries(connection, &writes.entries)
}

/// Gives the new file the place of the old one, of which nobody may have anything to write any more.
pub(super) fn put_in_place(path: &Path) -> Result<(), Trouble> {
    // What lies beside the old file would be taken for the new one's.
    ["-wal", "-shm"].iter().try_for_each(|end| remove(&beside(path, end)))?;
    fs::rename(unfinished(path), path).map_err(|error| failed(path, &error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))
}

fn unfinished(path: &Path) -> PathBuf {
    beside(path, ".new")
}

fn remove(path: &Path) -> Result<(), Trouble> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::StorageFull => Trouble::Full,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Trouble::ReadOnly,
        _ => Trouble::Io(format!("{}: {error}", path.display())),
    }
}
