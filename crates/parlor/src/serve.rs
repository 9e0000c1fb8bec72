//! `parlor serve`: from the options to a server that runs until it is told to stop.

mod acme;
mod beside;
mod certificate;
mod resuming;
mod running;
mod signals;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use websocket_hub::{Config as ConnectionConfig, Endpoint, Listener, Server, TlsConfig, driver, serve};

use crate::authorities::AuthoritiesError;
use crate::cluster::{ClusterError, Node};
use crate::config::{Config, Workers};
use crate::control::{self, Upgrade};
use crate::data::{DataError, DataFolder, Layout};
use crate::files;
use crate::handover::{Door, Doors, People, Predecessor};
use crate::log;
use crate::providers::{Providers, ProvidersError};
use crate::routes::Rules;
use crate::service_manager;
use crate::space::{self, Space, SpaceError};
use crate::web;
use crate::wire::Limits;
use acme::Acme;
use certificate::{Certificate, CertificateError};
use resuming::resume;
use running::{End, Running};
use signals::Signals;

/// Why the server does not run.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// Settings that do not go together.
    Settings(String),
    Listen(String, io::Error),
    /// Something beside the chat cannot be listened on: the flag, its value.
    Beside(&'static str, String, io::Error),
    Certificate(CertificateError),
    Authorities(AuthoritiesError),
    Providers(ProvidersError),
    Start(io::Error),
    /// The one that was to succeed this one does not serve, and this program does not start again.
    Succession(String),
    Data(DataError),
    Cluster(ClusterError),
    Space(SpaceError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Listen(address, error) => write!(
                f,
                "cannot listen on {address}: {error}. Choose another address with --listen ADDR, \
                 such as --listen 127.0.0.1:0 for any free port"
            ),
            ServeError::Beside(flag, address, error) => {
                write!(f, "cannot listen on {address} for {flag}: {error}. Choose another address, or none")
            }
            ServeError::Settings(sentence) => f.write_str(sentence),
            ServeError::Certificate(error) => error.fmt(f),
            ServeError::Authorities(error) => error.fmt(f),
            ServeError::Providers(error) => error.fmt(f),
            ServeError::Start(error) => write!(f, "cannot start: {error}"),
            ServeError::Succession(sentence) => write!(
                f,
                "the server has handed over its place, and nobody took it: {sentence}. Start it again"
            ),
            ServeError::Data(error) => error.fmt(f),
            ServeError::Cluster(error) => error.fmt(f),
            ServeError::Space(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves until SIGTERM or Ctrl-C, then says goodbye to everybody; or until somebody takes its place.
pub(crate) fn run(config: &Config) -> Result<(), ServeError> {
    // Before there are other threads.
    let from_systemd = Listener::from_systemd().map_err(ServeError::Start)?;
    log::start(config.server.log);
    config.limits.check().map_err(ServeError::Settings)?;
    go_together(config)?;
    let folder = &config.server.data.folder;
    let (mut predecessor, mut doors) = Predecessor::of_process(folder, &named_doors(config))
        .map_err(|error| ServeError::Settings(error.to_string()))?
        .map_or_else(Default::default, |(predecessor, doors)| (Some(predecessor), doors));
    if !from_systemd.is_empty() {
        doors.adopt(Door::Chat, &config.server.listen, from_systemd);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(ServeError::Start)?.block_on(async {
        // Listened for before anybody can know that the server runs, so that no signal finds nobody.
        let mut signals = Signals::new().map_err(ServeError::Start)?;
        let providers = Providers::open(&config.providers).map_err(ServeError::Providers)?;
        if let Some(predecessor) = &mut predecessor {
            // What is not as it should be is better known before the other one goes.
            Tls::open(config, folder)?;
            waiting(|| Node::could_join(&config.cluster, &Layout::new(folder)))
                .map_err(ServeError::Cluster)?;
            let goes_on = config.server.backend.carries_over();
            predecessor.wait(goes_on).map_err(ServeError::Start)?;
        }
        // This process's until it ends, or is succeeded.
        let mut data = DataFolder::open(folder).map_err(ServeError::Data)?;
        let mut tls = Tls::open(config, data.path())?;
        let resumes = predecessor.as_ref().is_some_and(Predecessor::has_people);
        let space = open(config, &mut data, providers, resumes)?;
        let upgrades = take_orders(&data, &space);
        let people = predecessor.as_ref().map_or_else(People::default, Predecessor::people);
        let take_up = || predecessor.as_ref().map_or((), Predecessor::tell_taken_up);
        let (server, beside) = start(config, &space, tls.config(), &mut doors, people, take_up)?;
        // Not before: whoever goes on where they were has heard of everything in the log.
        let offered = space.offer_ownership();
        let offered = offered.map_err(|trouble| ServeError::Space(SpaceError::Data(trouble)))?;
        tell(&server, config.tls.is_on(), &beside);
        let _ = writeln!(io::stdout(), "keeping everything in {}", data.path().display());
        if let Some(secret) = offered {
            offer(&secret, server.endpoints(), config.tls.is_on());
        }
        service_manager::is_ready();
        if let Some(predecessor) = predecessor {
            predecessor.tell_serving();
        }
        let running = Running { server, beside, space, data, doors: Arc::new(doors) };
        let end = {
            let life = async {
                tokio::select! {
                    () = service_manager::watch(&running.server) => {}
                    () = tls.keep_fresh() => {}
                }
            };
            running.until(life, &mut signals, upgrades).await
        };
        end_within(config.server.drain_within, running, end, signals).await
    })
}

/// Ends a server, unless whoever asked for it loses patience.
async fn end_within(
    within: Duration,
    running: Running,
    end: End,
    mut signals: Signals,
) -> Result<(), ServeError> {
    let is_succeeded = matches!(end, End::Succession(..));
    let ended = tokio::task::spawn_blocking(move || running.end(end, within));
    let asked_twice = async {
        if is_succeeded {
            // This is the first time, and it ends anyway.
            signals.next().await;
        }
        signals.next().await;
    };
    tokio::select! {
        // Whoever started this server is to know if it has panicked.
        ended = ended => ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())),
        // Who asks twice is in a hurry.
        () = asked_twice => std::process::exit(1),
    }
}

/// Opens what is kept in the data folder, alone or as a node of a cluster.
fn open(
    config: &Config,
    data: &mut DataFolder,
    providers: Providers,
    resumes: bool,
) -> Result<Arc<Space>, ServeError> {
    let options = space::Options { resumes, ..space_options(config, providers) };
    let node = waiting(|| Node::join(&config.cluster, data)).map_err(ServeError::Cluster)?;
    let Some(node) = node else { return Space::open(data, options).map_err(ServeError::Space) };
    for note in node.notes() {
        eprintln!("parlor: of the cluster's stream: {note}");
    }
    let _ = writeln!(io::stdout(), "joined the space {} at {}", config.cluster.cluster_space, node.last());
    let (files, start) = node.into_parts();
    waiting(|| Space::open_on(data, options, Some(files), start)).map_err(ServeError::Space)
}

/// Runs what waits for the network, which the thread of the runtime may not.
fn waiting<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let done = std::thread::scope(|scope| scope.spawn(run).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What is listened on, as the settings say it.
fn named_doors(config: &Config) -> [(Door, &[String]); 3] {
    [
        (Door::Chat, &config.server.listen),
        (Door::Metrics, config.server.metrics.0.as_slice()),
        (Door::Redirect, config.tls.http_redirect.0.as_slice()),
    ]
}

/// Opens the door for `parlor admin` and `parlor upgrade`, and says who comes for the latter. Everything else goes on
/// without it.
fn take_orders(data: &DataFolder, space: &Arc<Space>) -> mpsc::Receiver<Upgrade> {
    let socket = data.control_file();
    let (sender, upgrades) = mpsc::channel(1);
    if let Err(error) = control::listen(&socket, space, sender) {
        let socket = socket.display();
        eprintln!(
            "parlor: {socket}: {error}; `parlor admin` works only while the server is stopped, `parlor upgrade` not at all"
        );
    }
    upgrades
}

/// Whether the settings make sense beside each other.
fn go_together(config: &Config) -> Result<(), ServeError> {
    if config.proxies.proxy_protocol && !config.proxies.is_anybody_trusted() {
        let sentence = "--proxy-protocol needs --trusted-proxies CIDR: who may say who connects";
        return Err(ServeError::Settings(sentence.to_owned()));
    }
    if config.tls.tls_cert.0.is_some() && !config.tls.domains().is_empty() {
        let sentence = "a certificate comes from --tls-cert and --tls-key or for --tls-domain, not both";
        return Err(ServeError::Settings(sentence.to_owned()));
    }
    if config.tls.http_redirect.0.is_some() && !config.tls.is_on() {
        let sentence = "--http-redirect needs --tls-cert and --tls-key, or --tls-domain: there is no https to send anybody to";
        return Err(ServeError::Settings(sentence.to_owned()));
    }
    Ok(())
}

/// Starts the chat, and what is listened on beside it.
fn start(
    config: &Config,
    space: &Arc<Space>,
    tls: Option<TlsConfig>,
    doors: &mut Doors,
    people: People,
    take_up: impl FnOnce(),
) -> Result<(Server, Beside), ServeError> {
    let rules = Rules::new(config);
    let hosts = rules.hosts.clone();
    let connections = connections(config);
    let mut server = serve(web::router(connections.clone(), Arc::clone(space), rules))
        .backend(config.server.backend)
        .max_threads(config.server.max_threads)
        .handshake_timeout(config.server.handshake_timeout);
    if let Workers::Count(workers) = config.server.workers {
        server = server.workers(workers);
    }
    if config.proxies.proxy_protocol {
        server = server.proxy_protocol(config.proxies.trusted());
    }
    if let Some(tls) = tls {
        server = server.tls(tls);
    }
    let listeners = doors.open(Door::Chat, &config.server.listen);
    let listeners = listeners.map_err(|(name, error)| ServeError::Listen(name, error))?;
    let (server, awaited) = resume(server, people, connections, space);
    take_up();
    let server = server.listen(listeners).map_err(ServeError::Start)?;
    awaited.wait(space);
    let mut beside = Vec::new();
    if let Some(address) = &config.server.metrics.0 {
        let counts = beside::metrics(doors, address, server.metrics(), Arc::downgrade(space))?;
        beside.push(("counting on", counts));
    }
    if let Some(address) = &config.tls.http_redirect.0 {
        let port = server.addresses().first().map_or(443, std::net::SocketAddr::port);
        let redirect = beside::redirect(doors, address, port, hosts)?;
        beside.push(("sending on to https from", redirect));
    }
    Ok((server, beside))
}

/// What is listened on beside the chat, and how that is said.
type Beside = Vec<(&'static str, Server)>;

/// Says where everything is.
fn tell(server: &Server, is_tls: bool, beside: &Beside) {
    let scheme = if is_tls { "https" } else { "http" };
    let others = beside.iter().map(|(what, server)| (*what, "http", server));
    for (what, scheme, server) in std::iter::once(("listening on", scheme, server)).chain(others) {
        for endpoint in server.endpoints() {
            // Whoever started us may have stopped reading; that is no reason to stop serving.
            let _ = writeln!(io::stdout(), "{what} {}", shown(endpoint, scheme));
        }
    }
}

fn shown(endpoint: &Endpoint, scheme: &str) -> String {
    match endpoint {
        Endpoint::Tcp(address) => format!("{scheme}://{address}"),
        endpoint => endpoint.to_string(),
    }
}

/// Where the certificate comes from.
enum Tls {
    Off,
    Files(Box<Certificate>),
    Acme(Box<Acme>),
}

impl Tls {
    fn open(config: &Config, data: &Path) -> Result<Self, ServeError> {
        if let Some(certificate) = Certificate::open(&config.tls).map_err(ServeError::Certificate)? {
            return Ok(Tls::Files(Box::new(certificate)));
        }
        let acme = Acme::open(&config.tls, data).map_err(ServeError::Authorities)?;
        Ok(acme.map_or(Tls::Off, |acme| Tls::Acme(Box::new(acme))))
    }

    fn config(&self) -> Option<TlsConfig> {
        match self {
            Tls::Off => None,
            Tls::Files(certificate) => Some(certificate.tls()),
            Tls::Acme(acme) => Some(acme.tls()),
        }
    }

    /// Keeps the certificate fresh. It never ends.
    async fn keep_fresh(&mut self) {
        match self {
            Tls::Off => std::future::pending().await,
            Tls::Files(certificate) => certificate.keep_fresh().await,
            Tls::Acme(acme) => acme.keep_fresh().await,
        }
    }
}

/// Prints how to own the server, to whoever started it and to nobody else.
fn offer(secret: &str, endpoints: &[Endpoint], is_secure: bool) {
    let scheme = if is_secure { "https" } else { "http" };
    let address = endpoints.iter().find_map(|endpoint| match endpoint {
        Endpoint::Tcp(address) => Some(format!("{scheme}://{address}")),
        _ => None,
    });
    let address = address.unwrap_or_default();
    let _ = writeln!(io::stdout(), "own this server (works once): {address}/#own={secret}");
}

/// What holds for the community.
fn space_options(config: &Config, providers: Providers) -> space::Options {
    let limits = &config.limits;
    let largest = config.files.max_file;
    space::Options {
        limits: Limits {
            text: limits.max_text,
            file_octets: largest,
            requests_per_second: limits.requests_per_second.get(),
            request_burst: limits.request_burst.get(),
        },
        files: files::Options {
            largest,
            a_day: config.files.files_a_day,
            all: Some(config.files.max_files).filter(|octets| *octets > 0),
            keep_unclaimed: config.files.keep_unclaimed,
            at_once: config.files.uploads_at_once.get(),
        },
        retention: config.chat.retention,
        door: config.chat.door,
        keep_origins: config.chat.keep_origins,
        guests_at_once: limits.guests_at_once.get(),
        parts_of_words: config.search.search_parts_of_words,
        presence_interval: config.chat.presence_interval,
        providers: Arc::new(providers),
        resumes: false,
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
