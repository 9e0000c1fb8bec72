//! Having a file from there: piece by piece, and not before its size and its hash are right.

use std::io::{self, Write};

use parlor_chat::Trouble;
use sha2::{Digest, Sha256};

use super::SharedFiles;
use super::putting::digest;

impl SharedFiles {
    /// Writes the octets of a file somewhere, and returns whether it is there.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] while the servers do not give it, [`Trouble::Corrupt`] if it is not what was put,
    /// [`Trouble::Full`] and [`Trouble::Io`] if it cannot be written. What was written then is not the file.
    pub fn fetch(&self, name: &str, to: &mut impl Write) -> Result<bool, Trouble> {
        let stream = self.stream()?;
        let Some(info) = self.info(&stream, name)? else { return Ok(false) };
        let subject = format!("$O.{}.C.{}", self.space.files_bucket(), info.nuid);
        let (mut from, mut size, mut hash) = (1, 0, Sha256::new());
        for _ in 0..info.chunks {
            let Some(message) = self.next(&stream, &subject, from)? else {
                // It may be going at this moment.
                let is_there = self.info(&stream, name)?.is_some_and(|now| now.nuid == info.nuid);
                return if is_there { Err(damaged(name)) } else { Ok(false) };
            };
            from = message.sequence + 1;
            size += message.payload.len();
            hash.update(&message.payload);
            to.write_all(&message.payload).map_err(trouble_of)?;
        }
        if size != info.size || info.digest != Some(digest(hash)) {
            return Err(damaged(name));
        }
        Ok(true)
    }
}

fn damaged(name: &str) -> Trouble {
    Trouble::Corrupt(format!("the servers have something else than was put there as the file {name}"))
}

fn trouble_of(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Trouble::Full
        }
        _ => Trouble::Io(error.to_string()),
    }
}
