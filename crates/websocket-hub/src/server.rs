//! Starting an app and stopping it.

mod succession;

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::app::{App, SharedApp};
use crate::backend::{Backend, Start, Stop};
use crate::drain::Drain;
use crate::endpoint::Endpoint;
use crate::listener::Listener;
use crate::metrics::Metrics;
use crate::proxies::Proxies;
use crate::resumption::Resumption;
use crate::tls::TlsConfig;
use crate::to_listeners::ToListeners;
use crate::tracker::{Goodbyes, Tracker};
#[cfg(unix)]
use crate::unix_socket::SocketFile;

/// Takes an app to be served: `serve(app).backend(Backend::Tokio).bind("127.0.0.1:8080")?`.
pub fn serve<Kind: 'static>(app: impl App<Kind>) -> Serve {
    Serve {
        app: SharedApp::new(app),
        backend: Backend::default(),
        workers: None,
        max_threads: NonZeroUsize::new(4096).expect("it is not zero"),
        handshake_timeout: Duration::from_secs(10),
        tls: None,
        proxies: None,
        drain: Drain::default(),
        resumptions: Vec::new(),
    }
}

/// An app that is about to be served.
#[must_use = "nothing is served before `bind`"]
pub struct Serve {
    app: SharedApp,
    backend: Backend,
    workers: Option<NonZeroUsize>,
    max_threads: NonZeroUsize,
    handshake_timeout: Duration,
    tls: Option<TlsConfig>,
    proxies: Option<Proxies>,
    drain: Drain,
    resumptions: Vec<Resumption>,
}

impl Serve {
    /// What runs the app.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// How many event loops there are. Default: one per core.
    pub fn workers(mut self, workers: NonZeroUsize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// How many connections there may be at a time where each has its own thread, on
    /// [`Backend::Threads`]. Whoever comes when it is full is told so with 503 and to come again. Default: 4,096.
    pub fn max_threads(mut self, threads: NonZeroUsize) -> Self {
        self.max_threads = threads;
        self
    }

    /// How long a request's head may take from its first octet to its last, and a connection to its first
    /// octet, TLS included. A head that takes longer is answered with 408. Default: 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Speaks TLS on every address, and nothing without it. Default: none.
    ///
    /// HTTP/2 is then agreed on with clients that know it, browsers for example, whose WebSockets are streams of
    /// one connection (RFC 8441): their requests have the method CONNECT. Without TLS it is spoken with clients
    /// that begin with it.
    pub fn tls(mut self, config: impl Into<TlsConfig>) -> Self {
        self.tls = Some(config.into());
        self
    }

    /// The proxies that say by the PROXY protocol, version 1 or 2, in front of everything else whose connection they
    /// hand on. A connection from one of them that does not begin with it is closed, and counted as refused
    /// (`proxy-protocol`) if anything came; from anybody else nothing of the kind is read. The header may have up to
    /// 4,096 octets, and the time of [`handshake_timeout`](Serve::handshake_timeout). Default: none.
    ///
    /// Who it names is the client as [`WebSocket::client_addr`](crate::WebSocket::client_addr) and
    /// [`Limits`](crate::Limits) know it, or, if [`Handshake::proxies`](crate::Handshake::proxies) trusts that
    /// address, the next proxy of the chain.
    pub fn proxy_protocol(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// How goodbye is said when the server stops.
    pub fn drain(mut self, drain: Drain) -> Self {
        self.drain = drain;
        self
    }

    /// Starts serving on every address that `address` stands for, such as `"127.0.0.1:8080"`, `("::1", 8080)` or
    /// `"unix:/run/chat.sock"`; port 0 lets the system pick.
    ///
    /// # Errors
    ///
    /// When an address cannot be resolved or listened on, or a thread not started.
    pub fn bind(self, address: impl ToListeners) -> io::Result<Server> {
        self.listen(address.to_listeners()?)
    }

    /// Starts serving on listeners that are there already.
    ///
    /// # Errors
    ///
    /// When there is none, or a thread cannot be started.
    pub fn listen(self, listeners: impl IntoIterator<Item: Into<Listener>>) -> io::Result<Server> {
        let listeners: Vec<Listener> = listeners.into_iter().map(Into::into).collect();
        let endpoints = listeners.iter().map(Listener::endpoint).collect::<io::Result<Vec<_>>>()?;
        if endpoints.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no address to listen on"));
        }
        let addresses = endpoints.iter().filter_map(Endpoint::address).collect();
        #[cfg(unix)]
        let (listeners, files) =
            listeners.into_iter().map(|listener| (listener.socket, listener.file)).unzip();
        #[cfg(not(unix))]
        let listeners = listeners.into_iter().map(|listener| listener.socket).collect();
        let listeners: Vec<_> = listeners;
        let workers = match self.workers {
            Some(workers) => workers,
            None => std::thread::available_parallelism()?,
        };
        let tracker = Tracker::default();
        let (stop, stopped) = watch::channel(Stop::No);
        let start = Start {
            app: self.app,
            listeners: Arc::from(listeners),
            workers: workers.get(),
            max_threads: self.max_threads.get(),
            handshake_timeout: self.handshake_timeout,
            tls: self.tls.map(TlsConfig::into_inner),
            proxies: self.proxies.map(Arc::new),
            tracker: tracker.clone(),
            stop: stopped,
        };
        let threads = self.backend.start(start, self.resumptions)?;
        let drain = self.drain;
        Ok(Server {
            backend: self.backend,
            endpoints,
            addresses,
            #[cfg(unix)]
            files,
            tracker,
            stop,
            threads,
            drain,
        })
    }
}

impl std::fmt::Debug for Serve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve").field("backend", &self.backend).finish_non_exhaustive()
    }
}

/// A server that runs, until it is stopped or dropped.
#[derive(Debug)]
#[must_use = "a server that is dropped stops"]
pub struct Server {
    backend: Backend,
    endpoints: Vec<Endpoint>,
    addresses: Vec<SocketAddr>,
    /// Those of Unix sockets.
    #[cfg(unix)]
    files: Vec<Option<SocketFile>>,
    tracker: Tracker,
    stop: watch::Sender<Stop>,
    threads: Vec<JoinHandle<()>>,
    drain: Drain,
}

impl Server {
    /// Everything that is listened on.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The TCP addresses that are listened on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The first of the TCP addresses that are listened on.
    ///
    /// # Panics
    ///
    /// When there is none, but only Unix sockets: see [`endpoints`](Server::endpoints).
    pub fn address(&self) -> SocketAddr {
        *self.addresses.first().expect("the server listens on an address, not on Unix sockets alone")
    }

    /// Whether all of its threads run. One that has ended, by a panic outside of an app, takes no connections with it
    /// but its own, and serves no more.
    pub fn is_running(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }

    /// What is counted of its connections: a handle, of use for as long as one likes.
    pub fn metrics(&self) -> Metrics {
        self.tracker.metrics().clone()
    }

    /// Stops within ten seconds; see [`stop_within`](Server::stop_within).
    pub fn stop(self) -> usize {
        self.stop_within(Duration::from_secs(10))
    }

    /// Stops: listens no more, says goodbye to every WebSocket as [`Serve::drain`] says, lets requests that have
    /// begun end, waits for all of that no longer than `limit`, and cuts off the rest. Says how many it had to
    /// cut off; an HTTP/2 connection counts beside the WebSockets on it. Blocks; from asynchronous code call it
    /// through something like `spawn_blocking`.
    pub fn stop_within(self, limit: Duration) -> usize {
        self.say_goodbye(limit).wait()
    }

    /// The first half of [`stop_within`](Server::stop_within): listens no more, and returns when everybody was told,
    /// which takes half of `limit` at most. Whatever has begun goes on until the second half, [`Stopping::wait`].
    pub fn say_goodbye(mut self, limit: Duration) -> Stopping {
        let mut goodbyes = self.begin_stop(limit);
        while let Some(pause) = goodbyes.next_batch(limit) {
            std::thread::sleep(pause);
        }
        let (drain, threads) = (self.drain.clone(), std::mem::take(&mut self.threads));
        Stopping { tracker: self.tracker.clone(), stop: self.stop.clone(), limit, threads, drain }
    }

    /// Says goodbye in another way than [`Serve::drain`] said.
    pub fn set_drain(&mut self, drain: Drain) {
        self.drain = drain;
    }

    /// Leaves the files of its Unix sockets where they are: another process listens there.
    #[cfg(unix)]
    pub fn leave_files(&mut self) {
        self.files.iter_mut().flatten().for_each(SocketFile::leave);
    }

    /// Blocks for as long as the server runs, which is for ever unless its threads die.
    pub fn wait(mut self) {
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    fn begin_stop(&mut self, limit: Duration) -> Goodbyes {
        // Nobody comes to a door that is gone.
        #[cfg(unix)]
        self.files.clear();
        // Before anybody can know that the server stops: who is answered after that is to be told.
        let goodbyes = self.tracker.stop(self.drain.clone());
        self.stop.send_replace(Stop::By(Instant::now() + limit));
        goodbyes
    }
}

/// A server that listens no more, has said goodbye to everybody, and waits for them to go. Dropping it waits for nobody.
#[derive(Debug)]
pub struct Stopping {
    tracker: Tracker,
    stop: watch::Sender<Stop>,
    limit: Duration,
    threads: Vec<JoinHandle<()>>,
    drain: Drain,
}

impl Stopping {
    /// Waits for everybody's end as long as it was said that stopping may take, cuts off the rest, and says how many
    /// those were. Blocks.
    pub fn wait(mut self) -> usize {
        // Nobody leaves for another server any more.
        drop(self.tracker.leaving().end());
        for thread in self.threads.drain(..) {
            // A worker's panic was told by the panic hook, and the others still have to be waited for.
            let _ = thread.join();
        }
        self.tracker.cut_off()
    }
}

/// Whoever was to leave for another server has no more time for that than the others.
impl Drop for Stopping {
    fn drop(&mut self) {
        drop(self.tracker.leaving().end());
    }
}

/// Stops without waiting: goodbyes are said, and whoever has not answered within a second is cut off.
impl Drop for Server {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            drop(self.tracker.leaving().end());
            self.begin_stop(Duration::from_secs(1)).all();
        }
    }
}
