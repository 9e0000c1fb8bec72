//! Putting a file there: its octets piece by piece, each acknowledged before the next one goes, and what it is at last.

use std::io::Read;

use async_nats::jetstream::object_store::{ObjectInfo, ObjectOptions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use parlor_chat::Trouble;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use super::{AGAIN, PIECE, SharedFiles, number};
use crate::drawn::id;
use crate::publish::{Outgoing, Publishing};

impl SharedFiles {
    /// Puts a file there, unless it is there. `about` says what it is, as [`list`](SharedFiles::list) tells it.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if the servers do not take it in time, [`Trouble::Io`] if it cannot be read. Octets may be
    /// left, and count as nothing: [`erase`](SharedFiles::erase) removes them.
    pub fn put(&self, name: &str, about: &str, mut octets: impl Read) -> Result<(), Trouble> {
        if self.is_there(name)? {
            return Ok(());
        }
        let attempt = id()?;
        let subject = self.octets(name, &attempt);
        let (mut size, mut chunks, mut hash) = (0, 0, Sha256::new());
        let mut piece = vec![0; PIECE];
        loop {
            let count = fill(&mut octets, &mut piece)?;
            if count == 0 {
                break;
            }
            let payload = &piece[..count];
            hash.update(payload);
            // What is sent twice is known again, so it is there once, and in its order.
            self.publish(&subject, format!("{attempt}.{chunks}"), Bytes::copy_from_slice(payload))?;
            (size, chunks) = (size + count, chunks + 1);
        }
        let info = ObjectInfo {
            name: name.to_owned(),
            description: Some(about.to_owned()),
            metadata: Default::default(),
            headers: None,
            options: Some(ObjectOptions { link: None, max_chunk_size: Some(PIECE) }),
            bucket: self.space.files_bucket(),
            nuid: number(name, &attempt),
            size,
            chunks,
            modified: None,
            digest: Some(digest(hash)),
            deleted: false,
        };
        let payload = serde_json::to_vec(&info).map_err(|error| Trouble::Io(error.to_string()))?;
        self.publish(&self.about(name), attempt, payload.into())
    }

    /// Whether a file is there whole, asked until that is said.
    fn is_there(&self, name: &str) -> Result<bool, Trouble> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.stream().and_then(|stream| self.info(&stream, name)) {
                Err(Trouble::Unreachable(_)) if Instant::now() < deadline => {
                    self.connection.wait(async { sleep(AGAIN).await });
                }
                result => return result.map(|info| info.is_some()),
            }
        }
    }

    /// Publishes something until it is acknowledged. While there is no connection nothing waits in front of it.
    fn publish(&self, subject: &str, id: String, payload: Bytes) -> Result<(), Trouble> {
        let (context, stream) = (&self.connection.publishing, &self.space.files_stream());
        let publishing = Publishing { context, stream, gate: None };
        let message = Outgoing { id, subject: subject.into(), payload, after: None };
        let deadline = Instant::now() + self.patience;
        self.connection.wait(async {
            loop {
                let result = match self.is_reached() {
                    Ok(()) => publishing.until_acknowledged(&message, Instant::now()).await.map(drop),
                    Err(trouble) => Err(trouble),
                };
                match result {
                    Err(Trouble::Unreachable(_)) if Instant::now() < deadline => sleep(AGAIN).await,
                    result => return result,
                }
            }
        })
    }
}

/// What the octets are known by.
pub(super) fn digest(hash: Sha256) -> String {
    format!("SHA-256={}", URL_SAFE.encode(hash.finalize()))
}

/// Reads as much as there is room for, or all that is left.
fn fill(octets: &mut impl Read, piece: &mut [u8]) -> Result<usize, Trouble> {
    let mut filled = 0;
    while filled < piece.len() {
        let count = octets.read(&mut piece[filled..]).map_err(|error| Trouble::Io(error.to_string()))?;
        if count == 0 {
            break;
        }
        filled += count;
    }
    Ok(filled)
}
