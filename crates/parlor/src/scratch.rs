//! Folders for tests, which disappear with their values.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A path that is a test's own, with nothing at it yet.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("parlor-unit-{}-{number}", std::process::id()));
        // Left by a process with the same number that was killed.
        std::fs::remove_dir_all(&path).ok();
        Scratch(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A test may have made nothing.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
