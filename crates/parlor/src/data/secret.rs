//! The server's secret: random octets in a private file, made once and complete or not there at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::{DataError, PRIVATE_FILE};

/// Octets of a secret: as many as the hash that is keyed with it gives.
pub(crate) const SECRET_LENGTH: usize = 32;

/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The secret in this file, which is made if it is not there.
pub(super) fn read_or_make(path: &Path) -> Result<[u8; SECRET_LENGTH], DataError> {
    match read(path) {
        Err(DataError::File(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            let fresh = random().map_err(|error| DataError::File(path.to_owned(), error))?;
            make(path, fresh)
        }
        result => result,
    }
}

/// A secret that nobody has had before.
pub(super) fn random() -> io::Result<[u8; SECRET_LENGTH]> {
    let mut fresh = [0; SECRET_LENGTH];
    getrandom::fill(&mut fresh).map_err(io::Error::other)?;
    Ok(fresh)
}

/// The secret in this file.
pub(super) fn read(path: &Path) -> Result<[u8; SECRET_LENGTH], DataError> {
    let failed = |error| DataError::File(path.to_owned(), error);
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(DataError::SecretOpen(path.to_owned(), mode));
    }
    let mut octets = Vec::new();
    file.read_to_end(&mut octets).map_err(failed)?;
    octets.try_into().map_err(|octets: Vec<u8>| DataError::SecretLength(path.to_owned(), octets.len()))
}

/// Writes a secret down so that a crash leaves all of it or nothing.
pub(super) fn make(path: &Path, secret: [u8; SECRET_LENGTH]) -> Result<[u8; SECRET_LENGTH], DataError> {
    let unfinished = path.with_extension("unfinished");
    let write = || {
        // One that a crash left behind may be somebody's, or half of it.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options().create_new(true).write(true).mode(PRIVATE_FILE).open(&unfinished)?;
        file.write_all(&secret)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error| DataError::File(path.to_owned(), error))?;
    Ok(secret)
}
