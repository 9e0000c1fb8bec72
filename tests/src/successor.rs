//! A server that is nobody's child: it has taken the place of one that a test has started.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Folder;

/// A `parlor` with its data in a folder, killed with this unless it has ended.
#[derive(Debug)]
pub struct Successor {
    process: u32,
    lock: PathBuf,
}

impl Successor {
    /// The process with this number, which has the data in this folder.
    pub fn new(process: u32, folder: &Folder) -> Self {
        Successor { process, lock: folder.path().join("parlor-data/lock") }
    }

    /// The process that `parlor upgrade` said to have started.
    ///
    /// # Panics
    ///
    /// When it said something else.
    pub fn said(line: &str, folder: &Folder) -> Self {
        let process = line.strip_prefix("process ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        Successor::new(process.unwrap_or_else(|| panic!("{line}")), folder)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process
    }

    /// Asks it to stop.
    ///
    /// # Panics
    ///
    /// When there is no such process any more.
    pub fn ask_to_stop(&self) {
        self.signal("TERM");
    }

    /// Asks it to stop, and waits until it has let go of the data.
    ///
    /// # Panics
    ///
    /// When it does not stop in time.
    pub fn terminate(self, within: Duration) {
        self.ask_to_stop();
        let deadline = Instant::now() + within;
        while self.has_data() {
            assert!(Instant::now() < deadline, "process {} does not stop", self.process);
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn has_data(&self) -> bool {
        let number = self.process.to_string();
        let is_its = fs::read_to_string(&self.lock).is_ok_and(|text| text.trim() == number);
        is_its && fs::File::open(&self.lock).is_ok_and(|lock| lock.try_lock().is_err())
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.process.to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "{} cannot be sent SIG{name}", self.process);
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        // Its number may be somebody else's by now.
        if self.has_data() {
            self.signal("KILL");
        }
    }
}
