//! A nats-server with JetStream that a test starts, kills and starts again where it was.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Folder, Process};

/// How long starting may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// A server that stands alone.
#[derive(Debug)]
pub struct Broker {
    process: Process,
    folder: Folder,
    port: u16,
}

impl Broker {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When nats-server is not installed.
    pub fn start() -> Broker {
        let folder = Folder::new("broker");
        let mut process = run(&folder, "-1");
        let port = port(&folder, &mut process).unwrap_or_else(|| panic!("no port{}", process.report()));
        Broker { process, folder, port }
    }

    /// Where it is reached.
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Whether octets stand anywhere on its disk.
    pub fn holds(&self, octets: &[u8]) -> bool {
        holds(self.folder.path(), octets)
    }

    /// Kills it as a power cut does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again with its data, where it was.
    ///
    /// # Panics
    ///
    /// When it does not come back.
    pub fn start_again(&mut self) {
        let deadline = Instant::now() + SOON;
        // Somebody's connection may have been given its port for a moment.
        loop {
            self.process = run(&self.folder, &self.port.to_string());
            if port(&self.folder, &mut self.process).is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "it does not come back{}", self.process.report());
        }
    }
}

fn holds(folder: &Path, octets: &[u8]) -> bool {
    // What is there for a moment only may be gone by now.
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => holds(&entry.path(), octets),
        _ => {
            fs::read(entry.path()).is_ok_and(|read| read.windows(octets.len()).any(|window| window == octets))
        }
    })
}

fn run(folder: &Folder, port: &str) -> Process {
    let path = folder.path();
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: {path:?}\njetstream {{ store_dir: {path:?} }}\n"
    );
    fs::write(path.join("server.conf"), text).expect("the folder is the test's own");
    Process::spawn("nats-server", Command::new("nats-server").arg("-c").arg(path.join("server.conf")))
}

/// It writes down where it listens, once it does; nothing if it has ended instead.
fn port(folder: &Folder, process: &mut Process) -> Option<u16> {
    let ports = folder.path().join(format!("nats-server_{}.ports", process.id()));
    let deadline = Instant::now() + SOON;
    loop {
        let text = fs::read_to_string(&ports).unwrap_or_default();
        if let Some(port) = text.split('"').find_map(|part| part.rsplit_once(':')?.1.parse().ok()) {
            return Some(port);
        }
        if !process.is_running() {
            return None;
        }
        assert!(Instant::now() < deadline, "it does not listen{}", process.report());
        thread::sleep(Duration::from_millis(5));
    }
}
