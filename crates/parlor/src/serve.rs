//! `parlor serve`: from the options to a server that runs until it is told to stop.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use websocket_hub::{Config as ConnectionConfig, Endpoint, Listener, ToListeners, driver, serve};

use crate::config::{Config, Workers};
use crate::data::{DataError, DataFolder};
use crate::service_manager;
use crate::space::{self, Space, SpaceError};
use crate::web;
use crate::wire::Limits;

/// Why the server does not run.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// Settings that do not go together.
    Settings(String),
    Listen(String, io::Error),
    Start(io::Error),
    Data(DataError),
    Space(SpaceError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Settings(sentence) => f.write_str(sentence),
            ServeError::Listen(address, error) => write!(
                f,
                "cannot listen on {address}: {error}. Choose another address with --listen ADDR, \
                 such as --listen 127.0.0.1:0 for any free port"
            ),
            ServeError::Start(error) => write!(f, "cannot start: {error}"),
            ServeError::Data(error) => error.fmt(f),
            ServeError::Space(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves until SIGTERM or Ctrl-C, then says goodbye to everybody.
pub(crate) fn run(config: &Config) -> Result<(), ServeError> {
    config.limits.check().map_err(ServeError::Settings)?;
    // Before there are other threads.
    let handed_over = Listener::from_systemd().map_err(ServeError::Start)?;
    // This process's until it ends.
    let data = DataFolder::open(&config.server.data.folder).map_err(ServeError::Data)?;
    let space = Space::open(&data, space_options(config)).map_err(ServeError::Space)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(ServeError::Start)?.block_on(async {
        // Listened for before anybody can know that the server runs, so that no signal finds nobody.
        let mut signals = Signals::new().map_err(ServeError::Start)?;
        let mut server = serve(web::router(connections(config), Arc::clone(&space)))
            .backend(config.server.backend)
            .max_threads(config.server.max_threads)
            .handshake_timeout(config.server.handshake_timeout);
        if let Workers::Count(workers) = config.server.workers {
            server = server.workers(workers);
        }
        let listeners = if handed_over.is_empty() { listeners(&config.server.listen)? } else { handed_over };
        let server = server.listen(listeners).map_err(ServeError::Start)?;
        for endpoint in server.endpoints() {
            let scheme = if matches!(endpoint, Endpoint::Tcp(_)) { "http://" } else { "" };
            // Whoever started us may have stopped reading; that is no reason to stop serving.
            let _ = writeln!(io::stdout(), "listening on {scheme}{endpoint}");
        }
        let _ = writeln!(io::stdout(), "keeping everything in {}", data.path().display());
        service_manager::is_ready();
        tokio::select! {
            () = signals.next() => {}
            () = service_manager::watch(&server) => {}
        }
        service_manager::is_stopping();
        let within = config.server.drain_within;
        let stopped = tokio::task::spawn_blocking(move || {
            server.stop_within(within);
            space.stop();
        });
        tokio::select! {
            _ = stopped => {}
            // Who asks twice is in a hurry.
            () = signals.next() => std::process::exit(1),
        }
        Ok(())
    })
}

/// What holds for the community.
fn space_options(config: &Config) -> space::Options {
    let limits = &config.limits;
    space::Options {
        limits: Limits {
            text: limits.max_text,
            requests_per_second: limits.requests_per_second.get(),
            request_burst: limits.request_burst.get(),
        },
        retention: config.chat.retention,
        parts_of_words: config.search.search_parts_of_words,
        presence_interval: config.chat.presence_interval,
    }
}

/// What holds for each connection.
fn connections(config: &Config) -> ConnectionConfig {
    let connection = driver::Config {
        max_frame: config.limits.max_message,
        max_message: config.limits.max_message,
        ping_interval: Some(config.server.idle_timeout / 2),
        idle_timeout: Some(config.server.idle_timeout),
        ..driver::Config::default()
    };
    ConnectionConfig {
        connection: Arc::new(connection),
        queue_limit: config.limits.queue_limit,
        ..ConnectionConfig::default()
    }
}

/// Listens on every address that each name stands for.
fn listeners(names: &[String]) -> Result<Vec<Listener>, ServeError> {
    let mut listeners = Vec::new();
    for name in names {
        listeners.extend(name.to_listeners().map_err(|error| ServeError::Listen(name.clone(), error))?);
    }
    Ok(listeners)
}

/// The signals that ask for an end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// A file must not grow beyond what the system allows (`ulimit -f`). Listened for, so that writing fails and
    /// nobody is acknowledged; otherwise it ends the process.
    _file_size: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_size: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
