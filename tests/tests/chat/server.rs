//! The server of a test.

use std::time::Duration;

use parlor_tests::client::Client;
use parlor_tests::process::{Folder, Process};

/// How long starting or stopping may take on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// The lobby's id.
pub(crate) const LOBBY: &str = "0000000000001";

/// A running server with its data.
pub(crate) struct Server {
    process: Process,
    pub(crate) folder: Folder,
    pub(crate) address: String,
    arguments: Vec<String>,
}

impl Server {
    /// Starts a server that takes as much as comes.
    pub(crate) fn start(name: &str) -> Server {
        Server::start_with(name, &["--requests-per-second", "1000000", "--request-burst", "1000000"])
    }

    pub(crate) fn start_with(name: &str, arguments: &[&str]) -> Server {
        let folder = Folder::new(name);
        let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
        let (process, address) = Process::parlor(&folder, &arguments, SOON);
        Server { process, folder, address, arguments }
    }

    /// Kills the server as a power cut does, and starts it again where it was.
    pub(crate) fn kill_and_start(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Kills the server as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the server again where it was.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.address) = Process::parlor(&self.folder, &self.arguments, SOON);
    }

    pub(crate) fn stop(&mut self) {
        let status = self.process.terminate(SOON);
        assert!(status.success(), "{status}{}", self.process.report());
    }

    /// What makes its first owner, as the server printed it.
    pub(crate) fn ownership(&self) -> String {
        let line = self.process.line_with("#own=", SOON);
        line.rsplit_once("#own=").expect("it is in the line").1.to_owned()
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(&self.address).await
    }

    pub(crate) async fn back(&self, token: &str) -> Client {
        Client::back(&self.address, token).await
    }
}
