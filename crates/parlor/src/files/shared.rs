//! The files that the nodes of a cluster share: the servers of the log have them whole, as they stand on the disk of a node.

use std::fs::File;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use parlor_chat::Trouble;
use parlor_jetstream::SharedFiles;

use super::about::About;
use super::error::FilesError;
use super::id::FileId;

/// The time between two attempts to learn which files there are, before this node serves.
const AGAIN: Duration = Duration::from_millis(200);

/// Files that came since a place.
pub(super) struct News {
    pub(super) files: Vec<(FileId, About)>,
    pub(super) up_to: u64,
    pub(super) is_all: bool,
}

/// What came since a place, or all if the servers have begun anew.
pub(super) fn news(shared: &SharedFiles, after: u64) -> Result<News, Trouble> {
    let listed = shared.list(after)?;
    let file = |(name, about): (String, String)| {
        let file = name.parse().ok().zip(About::of_head(about.as_bytes()));
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
pub(super) fn put(shared: &SharedFiles, id: FileId, about: &About, path: &Path) -> Result<(), FilesError> {
    Ok(shared.put(&id.to_string(), &about.line(), File::open(path)?)?)
}
