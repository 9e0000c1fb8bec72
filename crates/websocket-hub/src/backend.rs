//! The servers that an app can run on.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;

use crate::app::SharedApp;
use crate::listener::Socket;
use crate::proxies::Proxies;
use crate::proxy_protocol::Header;
use crate::resumption::Resumption;
use crate::source::Source;
use crate::tracker::Tracker;

mod aside;
mod http;
#[cfg(target_os = "linux")]
mod reactor;
#[cfg(target_os = "linux")]
mod threads;
mod tokio;
#[cfg(target_os = "linux")]
mod uring;

/// What runs an app. The app is the same on each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// Event loops on tokio, one per core, with HTTP/1.1 and, by hyper, HTTP/2.
    #[default]
    Tokio,
    /// A thread for each connection, without an event loop, with HTTP/1.1 alone. A handler may block. Linux.
    Threads,
    /// Event loops on Linux' io_uring, one per core, with HTTP/1.1: the least work per message. Linux 6.1 or newer.
    Uring,
}

impl Backend {
    /// All of them.
    pub const ALL: [Backend; 3] = [Backend::Tokio, Backend::Threads, Backend::Uring];

    /// The name that [`Backend::from_str`] takes.
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Tokio => "tokio",
            Backend::Threads => "threads",
            Backend::Uring => "uring",
        }
    }

    /// Whether connections can leave it for another server, and go on here that come from one
    /// ([`Stopping::carry_over`](crate::Stopping::carry_over)): where event loops drive them, on Linux.
    pub const fn carries_over(self) -> bool {
        cfg!(target_os = "linux") && matches!(self, Backend::Tokio | Backend::Uring)
    }

    pub(crate) fn start(
        self,
        start: Start,
        resumptions: Vec<Resumption>,
    ) -> std::io::Result<Vec<JoinHandle<()>>> {
        if !resumptions.is_empty() && !self.carries_over() {
            let message = format!("the backend {self} cannot go on with connections of another server");
            return Err(std::io::Error::new(std::io::ErrorKind::Unsupported, message));
        }
        match self {
            #[cfg(target_os = "linux")]
            Backend::Tokio => tokio::start(start, resumptions),
            #[cfg(not(target_os = "linux"))]
            Backend::Tokio => tokio::start(start),
            #[cfg(target_os = "linux")]
            Backend::Threads => threads::start(start),
            #[cfg(not(target_os = "linux"))]
            Backend::Threads => Err(std::io::Error::new(
                std::io::ErrorKind::Unsupported,
                "the backend threads is there on Linux alone; use the backend tokio",
            )),
            #[cfg(target_os = "linux")]
            Backend::Uring => uring::start(start, resumptions),
            #[cfg(not(target_os = "linux"))]
            Backend::Uring => Err(std::io::Error::new(
                std::io::ErrorKind::Unsupported,
                "the backend uring needs Linux 6.1 or newer; use the backend tokio",
            )),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no backend has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBackend(String);

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Backend::ALL.iter().map(|backend| backend.name()).collect();
        write!(f, "there is no backend '{}'; there is: {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownBackend {}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        let all = Backend::ALL.into_iter();
        all.into_iter().find(|backend| backend.name() == name).ok_or_else(|| UnknownBackend(name.to_owned()))
    }
}

/// Everything that a backend needs to begin.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) app: SharedApp,
    pub(crate) listeners: Arc<[Socket]>,
    pub(crate) workers: usize,
    /// Of connections, where each has its own.
    pub(crate) max_threads: usize,
    pub(crate) handshake_timeout: Duration,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Those that say by the PROXY protocol who connects.
    pub(crate) proxies: Option<Arc<Proxies>>,
    pub(crate) tracker: Tracker,
    pub(crate) stop: ::tokio::sync::watch::Receiver<Stop>,
}

impl Start {
    /// The header with which a connection from there has to begin, if it has to.
    pub(crate) fn proxy_header(&self, source: &Source) -> Option<Header> {
        let proxies = self.proxies.as_ref()?;
        proxies.trust_source(source).then(|| Header::new(self.tracker.metrics(), source.remote))
    }

    /// Waits until the server is told to stop.
    pub(crate) async fn stopping(&self) {
        let mut stop = self.stop.clone();
        // An error means that the handle is gone, which stops a server, too.
        drop(stop.wait_for(|stop| *stop != Stop::No).await);
    }
}

/// What a server has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Go on.
    No,
    /// Take nothing new, end what runs, give up at this time.
    By(std::time::Instant),
}
