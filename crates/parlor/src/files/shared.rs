//! The files that the nodes of a cluster share: the servers of the log have them whole, as they stand on the disk of a node.

use std::fs::File;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use parlor_chat::Trouble;
use parlor_jetstream::SharedFiles;
use serde::{Deserialize, Serialize};

use super::about::About;
use super::error::FilesError;
use super::id::FileId;

/// The time between two attempts to learn which files there are, before this node serves.
const AGAIN: Duration = Duration::from_millis(200);

/// What is said about a file to other nodes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shared {
    #[serde(flatten)]
    pub(super) about: About,
    /// It came later than messages that may name it.
    #[serde(default)]
    pub(super) is_late: bool,
}

/// Files that came since a place.
pub(super) struct News {
    pub(super) files: Vec<(FileId, Shared)>,
    pub(super) up_to: u64,
    pub(super) is_all: bool,
}

/// What came since a place, or all if the servers have begun anew.
pub(super) fn news(shared: &SharedFiles, after: u64) -> Result<News, Trouble> {
    let listed = shared.list(after)?;
    let file = |(name, line): (String, String)| {
        let file = name.parse().ok().zip(serde_json::from_str(&line).ok());
        if file.is_none() {
            tracing::warn!(name, "this is no file that was brought, and nobody is shown it");
        }
        file
    };
    let files = listed.files.into_iter().filter_map(file).collect();
    Ok(News { files, up_to: listed.up_to, is_all: listed.is_all })
}

/// The same before this node serves, as long as servers may need to find a leader.
pub(super) fn first_news(shared: &SharedFiles, after: u64) -> Result<News, Trouble> {
    let deadline = Instant::now() + shared.patience();
    loop {
        match news(shared, after) {
            Err(Trouble::Unreachable(_)) if Instant::now() < deadline => sleep(AGAIN),
            result => return result,
        }
    }
}

/// Puts a file there that stands complete on the disk.
pub(super) fn put(shared: &SharedFiles, id: FileId, about: &Shared, path: &Path) -> Result<(), FilesError> {
    let line = serde_json::to_string(about).expect("this type has a JSON form");
    Ok(shared.put(&id.to_string(), &line, File::open(path)?)?)
}

#[cfg(test)]
mod tests {
    use parlor_chat::{PersonId, Position, RoomId, Timestamp};

    use super::*;

    #[test]
    fn what_is_said_about_a_file_is_read_again() {
        let (owner, room) = (PersonId(u64::MAX), RoomId(u64::MAX));
        let (name, r#type) = ("a \"cat\".png".to_owned(), "image/png".to_owned());
        let (size, at, after) = (u64::MAX, Timestamp(u64::MAX), Position(u64::MAX));
        let about = About { owner, room, name, r#type, size, at, after };
        for is_late in [false, true] {
            let shared = Shared { about: about.clone(), is_late };
            let line = serde_json::to_string(&shared).unwrap();
            assert_eq!(serde_json::from_str::<Shared>(&line).unwrap(), shared);
        }
        assert!(serde_json::from_str::<Shared>("{}").is_err());
    }
}
