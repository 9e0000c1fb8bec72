//! The server of a test.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::process::{Folder, Process, built};

/// How long starting, stopping, or what should happen by itself may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A running server with its data.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) folder: Folder,
    /// Such as `127.0.0.1:4711`.
    pub(crate) address: String,
}

impl Server {
    /// Starts a server on a port of its own.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Server {
        Server::start_in(Folder::new(name), arguments)
    }

    /// As [`start`](Server::start), in a folder that has been prepared. All that it tells is in `told` of the folder.
    pub(crate) fn start_in(folder: Folder, arguments: &[&str]) -> Server {
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" --listen 127.0.0.1:0 \"$@\" 2>told"]);
        command.arg(built("parlor")).args(arguments).current_dir(folder.path());
        let process = Process::spawn("parlor", &mut command);
        let line = process.line_with("listening on http", SOON);
        let address = line.split("://").last().expect("an address is said").to_owned();
        Server { process, folder, address }
    }

    /// What was told on standard error.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("told")).expect("the shell has made it")
    }

    /// Waits until something was told.
    pub(crate) fn wait_until_told(&self, text: &str) {
        let deadline = Instant::now() + SOON;
        while !self.told().contains(text) {
            assert!(Instant::now() < deadline, "it never told `{text}` but: {}", self.told());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Another address, said in a line of its own.
    pub(crate) fn other_address(&self, what: &str) -> String {
        self.process.line_with(what, SOON).split("://").last().expect("an address is said").to_owned()
    }
}

/// What a server says that does not start with these arguments.
pub(crate) fn refusal(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = Command::new(built("parlor"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments).current_dir(folder.path());
    let output = command.output().expect("it can be run");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).expect("it is text")
}
