//! The server of a test.

use std::time::Duration;

use parlor_tests::process::{Folder, Process};

/// How long starting or stopping may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A running server with its data.
pub(crate) struct Server {
    _process: Process,
    _folder: Folder,
    /// Such as `127.0.0.1:4711`.
    pub(crate) address: String,
}

impl Server {
    /// Starts a server on a port of its own.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Server {
        Server::start_in(Folder::new(name), arguments)
    }

    /// As [`start`](Server::start), in a folder that has been prepared.
    pub(crate) fn start_in(folder: Folder, arguments: &[&str]) -> Server {
        let mut all = vec!["--listen", "127.0.0.1:0"];
        all.extend_from_slice(arguments);
        let process = Process::start("parlor", &all, &folder);
        let line = process.line_with("listening on http", SOON);
        let address = line.split("://").last().expect("an address is said").to_owned();
        Server { _process: process, _folder: folder, address }
    }
}
