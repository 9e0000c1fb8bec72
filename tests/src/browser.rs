//! A real Chromium without a screen, driven over its DevTools through our own WebSocket client.

mod devtools;
mod events;
mod input;
mod tab;
mod tracing;

pub use tab::{Screen, Tab};
pub use tracing::{Slowness, Task, Trace};

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::process::{Folder, Process};
use devtools::Devtools;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// A cold disk and a busy machine make the first start slow.
const START: Duration = Duration::from_secs(30);

const FLAGS: [&str; 16] = [
    "--headless",
    // Tests also run as root, where Chromium's sandbox cannot.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    // Several tabs are looked at at once, and none of them is in the background.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--remote-debugging-port=0",
];

/// A running browser; dropping it ends it and removes what it wrote.
pub struct Browser {
    devtools: Arc<Devtools>,
    process: Mutex<Process>,
    /// Declared after the process, so that it is removed when nobody writes into it any more.
    _profile: Folder,
}

impl Browser {
    /// Starts a browser with a fresh profile.
    ///
    /// # Panics
    ///
    /// When there is no Chromium, or it does not come up.
    pub async fn start() -> Browser {
        Browser::start_with(&[]).await
    }

    /// As [`Browser::start`], with further flags on its command line.
    ///
    /// # Panics
    ///
    /// As [`Browser::start`].
    pub async fn start_with(flags: &[&str]) -> Browser {
        let profile = Folder::new("browser");
        let process = Process::spawn("Chromium", command(profile.path()).args(flags));
        let address = address(profile.path(), &process).await;
        let devtools = Devtools::connect(address).await;
        let devtools = devtools.unwrap_or_else(|error| panic!("no connection to Chromium: {error}"));
        Browser { devtools: Arc::new(devtools), process: Mutex::new(process), _profile: profile }
    }

    /// The browser that tests share. It lives as long as one of them holds it.
    ///
    /// # Panics
    ///
    /// As [`Browser::start`].
    pub async fn shared() -> Arc<Browser> {
        static SHARED: tokio::sync::Mutex<Weak<Browser>> = tokio::sync::Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(browser) = shared.upgrade() {
            return browser;
        }
        let browser = Arc::new(Browser::start().await);
        *shared = Arc::downgrade(&browser);
        browser
    }

    /// Opens a page as somebody new, who has a tab, cookies and storage of their own, and waits until it has loaded.
    ///
    /// # Panics
    ///
    /// When the page does not load.
    pub async fn tab(&self, url: &str) -> Tab {
        let tab = Tab::open(self.devtools.clone()).await;
        tab.navigate(url).await;
        tab
    }

    /// Kills the whole browser with SIGKILL, as a crash would.
    ///
    /// # Panics
    ///
    /// When it cannot be killed.
    pub fn kill(&self) {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

fn command(profile: &Path) -> Command {
    let mut data = std::ffi::OsString::from("--user-data-dir=");
    data.push(profile);
    let mut command = Command::new(chromium());
    command.args(FLAGS).arg(data).arg("about:blank").current_dir(profile);
    // What it would leave behind in these places is removed with the profile.
    command.env("HOME", profile).env("TMPDIR", profile);
    command
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("the browser tests need Chromium, which is not in PATH; on Debian: apt-get install chromium")
    })
}

/// Chromium writes into its profile where its DevTools listen, once they do.
async fn address(profile: &Path, process: &Process) -> String {
    let deadline = Instant::now() + START;
    loop {
        let published = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        if let Some((port, path)) = published.split_once('\n').filter(|(_, path)| !path.is_empty()) {
            return format!("ws://127.0.0.1:{port}{}", path.trim_end());
        }
        assert!(Instant::now() < deadline, "Chromium is not up within {START:?}{}", process.report());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
