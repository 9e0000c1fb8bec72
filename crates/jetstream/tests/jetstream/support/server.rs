//! A nats-server with JetStream, on ports of its own choice, with its data in a folder that goes away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take on a machine that has much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that is removed with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("parlor-jetstream-{}-{number}", std::process::id()));
        // Left by a process with the same number that was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: Folder,
    configuration: String,
}

impl Server {
    /// One that stands alone.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// One with more in its configuration.
    pub(crate) fn start_with(configuration: &str) -> Self {
        let (folder, configuration) = (Folder::new(), configuration.to_owned());
        let child = run(&folder, &configuration, None);
        let mut server = Server { child, port: 0, folder, configuration };
        let port = server.port_once_it_listens();
        server.port = port.unwrap_or_else(|| panic!("it does not start: {}", server.report()));
        server
    }

    /// Ends it at once, as a machine that is switched off ends it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again with its data, where it was before.
    pub(crate) fn restart(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        // Somebody's connection may have been given its port for a moment.
        loop {
            self.child = run(&self.folder, &self.configuration, Some(self.port));
            if self.port_once_it_listens().is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "it does not come back: {}", self.report());
        }
    }

    /// A copy of its data, while it does not run.
    pub(crate) fn copy_of_data(&self) -> Folder {
        let copy = Folder::new();
        copy_folder(&self.folder.path().join("jetstream"), &copy.path().join("jetstream"));
        copy
    }

    /// Puts a copy of its data in the place of what it has, while it does not run.
    pub(crate) fn put_back(&self, copy: &Folder) {
        fs::remove_dir_all(self.folder.path().join("jetstream")).unwrap();
        copy_folder(&copy.path().join("jetstream"), &self.folder.path().join("jetstream"));
    }

    /// The server writes where it listens, once it does; nothing if it has ended instead.
    fn port_once_it_listens(&mut self) -> Option<u16> {
        let ports = self.folder.path().join(format!("nats-server_{}.ports", self.child.id()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(&ports).unwrap_or_default();
            if let Some(port) = text.split('"').find_map(|part| part.rsplit_once(':')?.1.parse().ok()) {
                return Some(port);
            }
            if self.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(Instant::now() < deadline, "it does not listen: {}", self.report());
            sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Where it listens, without a scheme.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where its configuration and its data are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has written down.
    pub(crate) fn report(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

fn run(folder: &Folder, configuration: &str, port: Option<u16>) -> Child {
    let path = folder.path();
    let port = port.map_or("-1".into(), |port| port.to_string());
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: {path:?}\njetstream {{ store_dir: {path:?} }}\n{configuration}\n"
    );
    fs::write(path.join("server.conf"), text).unwrap();
    Command::new("nats-server")
        .arg("-c")
        .arg(path.join("server.conf"))
        .arg("-l")
        .arg(path.join("server.log"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server is missing; on Debian: apt-get install nats-server")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
